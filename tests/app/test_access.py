"""The operator's list of who may come in, and what a sign-in says about somebody."""

from __future__ import annotations

import logging

import pytest

from pages.components.server import access, deployment, visitor
from pages.components.server.access import Person
from rerank_core.errors import ConfigurationError
from rerank_core.storage.access.sign_outs import SignOutStore

LIST = access.read(
    {"allow": ["@Example.com", "Ann@partner.example"], "operators": ["ann@PARTNER.example"], "contact": " Ann "}
)
SIGNED_IN = {"is_logged_in": True, "email_verified": True}


@pytest.mark.parametrize(
    ("claims", "person"),
    [
        ({"email": "bob@example.com"}, Person("bob@example.com", False)),
        ({"email": " BOB@Example.COM "}, Person("bob@example.com", False)),
        ({"email": "ann@partner.example"}, Person("ann@partner.example", True)),
        ({"email": "bob@example.com", "email_verified": "true"}, Person("bob@example.com", False)),
        ({"email": "bob@example.com", "email_verified": None, "xms_edov": 1}, Person("bob@example.com", False)),
        ({"email": "bob@example.com", "email_verified": False}, None),
        ({"email": "bob@example.com", "email_verified": None}, None),
        ({"email": "bob@example.com", "email_verified": "no"}, None),
        ({"email": "bob@example.com", "is_logged_in": False}, None),
        ({"email": "bob@example.com", "is_logged_in": "True"}, None),
        ({"email": "eve@partner.example"}, None),
        ({"email": "bob@sub.example.com"}, None),
        ({"email": "bob@notexample.com"}, None),
        ({"email": "bob@evil.test@example.com"}, None),
        ({"email": "@example.com"}, None),
        ({"email": ["bob@example.com"]}, None),
        ({"email": ""}, None),
        ({}, None),
    ],
)
def test_who_a_sign_in_stands_for(claims, person):
    """The address has to be verified and on the list, as it is or by its own domain; capitals do not matter."""
    assert LIST.person(SIGNED_IN | claims) == person


def test_nobody_comes_in_by_an_empty_list():
    """Where the operator names nobody, nobody may come in."""
    assert access.read({}).person(SIGNED_IN | {"email": "bob@example.com"}) is None


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"allow": ["example.com"]}, 'holds "example.com", which is no e-mail address'),
        ({"allow": ["@"]}, 'holds "@"'),
        ({"allow": ["*"]}, 'holds "*"'),
        ({"allow": ["@*.example.com"]}, "which is no e-mail address"),
        ({"allow": ["@localhost"]}, "which is no e-mail address"),
        ({"allow": [""]}, "not a list of texts"),
        ({"allow": {"a": 1}}, "not a list of texts"),
        ({"allow": [3]}, "not a list of texts"),
        ({"allow": ["@a.example"], "operators": ["x@b.example"]}, "who is not let in"),
        ({"alow": ["@a.example"]}, "holds alow"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(section, said):
    """A list that would let in others than the operator meant, or nobody, is refused with the entry and the cure."""
    with pytest.raises(ConfigurationError, match="secrets file") as caught:
        access.read(section)
    assert said in str(caught.value)


@pytest.fixture
def secrets_file(tmp_path, monkeypatch):
    """A secrets file that the operator changes, read for the first time as it is now."""
    path = tmp_path / "secrets.toml"
    path.write_text('[access]\nallow = ["@a.example", "x@b.example"]\n')
    monkeypatch.setattr(access.st, "get_option", lambda name: [str(path)] if name == "secrets.files" else None)
    monkeypatch.setattr("streamlit.config.get_option", lambda name: [str(path)] if name == "secrets.files" else None)
    monkeypatch.setattr(access, "Secrets", ReadAgain)
    monkeypatch.setattr(access, "_reading", access._Reading(access._stamp()))
    monkeypatch.setattr(deployment, "secrets", lambda: {"access": {"allow": ["@a.example", "x@b.example"]}})
    ReadAgain.path = path
    return path


class ReadAgain:
    """Streamlit's reader without its watcher and without its changes to the environment."""

    def to_dict(self):
        from streamlit.runtime.secrets import Secrets

        return dict(Secrets()._parse_file_path(str(self.path))[0])


def test_the_list_is_read_again_when_the_file_changes(secrets_file):
    """Somebody who is taken off the list is off it at once, and somebody added is on it."""
    assert access.current().admits("x@b.example")
    secrets_file.write_text('[access]\nallow = ["@a.example", "somebody@else.example"]\n')
    assert not access.current().admits("x@b.example")
    assert access.current().admits("somebody@else.example")


@pytest.mark.parametrize("text", ["[access\n", '[access]\nallow = ["example.com"]\n', "# Gr\u00fc\u00dfe\n"])
def test_a_list_that_cannot_be_read_stays_as_it_was(secrets_file, caplog, text):
    """A slip of the operator's in the running file throws nobody out and lets nobody in; the log says so."""
    secrets_file.write_bytes(text.encode("latin-1"))
    with caplog.at_level(logging.ERROR):
        assert access.current().allow == {"@a.example", "x@b.example"}
    assert "stays as it was" in caplog.text


@pytest.mark.parametrize("text", ["", "[auth]\n", "[access]\n", '[access]\ncontact = "Ann"\n'])
def test_a_file_that_is_being_written_throws_nobody_out(secrets_file, monkeypatch, text):
    """A file that is empty for a moment, or ends before the list, is no list without anybody."""
    monkeypatch.setattr(deployment, "signs_in", lambda: True)
    secrets_file.write_text(text)
    assert access.current().admits("x@b.example")
    secrets_file.write_text('[access]\nallow = ["@a.example"]\n')
    assert not access.current().admits("x@b.example")


def test_an_operator_can_close_the_door(secrets_file, monkeypatch):
    """An empty list that is written out lets nobody in."""
    monkeypatch.setattr(deployment, "signs_in", lambda: True)
    secrets_file.write_text("[access]\nallow = []\n")
    assert not access.current().admits("x@b.example")


def test_a_sign_out_outlives_the_server(tmp_path, monkeypatch):
    """A server that starts later, or another one on the same database, takes the cookie of an ended sign-in for none;
    what is kept of it is a hash."""
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path))
    monkeypatch.setattr(visitor, "_store", lambda: SignOutStore())
    for sign_in in ("a" * 64, "b" * 64):
        visitor.Visitor({}, sign_in).sign_out()
    monkeypatch.setattr(visitor, "_ended", {})
    monkeypatch.setattr(visitor, "_seen", [0])
    assert not visitor.Visitor({}, "a" * 64).signed_out()
    visitor.look_again()
    assert visitor.Visitor({}, "a" * 64).signed_out()
    assert visitor.Visitor({}, "b" * 64).signed_out()
    assert not visitor.Visitor({}, "c" * 64).signed_out()


def test_a_sign_out_counts_also_where_it_cannot_be_written_down(tmp_path, monkeypatch, caplog):
    """On a full or damaged disk the person is signed out all the same, and the log says for how long."""
    (tmp_path / "playground.sqlite3").write_bytes(b"no database at all " * 300)
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path))
    monkeypatch.setattr(visitor, "_store", lambda: SignOutStore())
    monkeypatch.setattr(visitor, "_ended", {})
    visitor.Visitor({}, "a" * 64).sign_out()
    assert visitor.Visitor({}, "a" * 64).signed_out()
    assert "until this server ends" in caplog.text
