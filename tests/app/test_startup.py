"""The start-up check: what the operator asked for and cannot hold is said, and nothing starts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import tomllib

import pytest
from streamlit.runtime.secrets import Secrets

from pages.components.server import deployment, startup
from tests.support import ROOT
from tests.support.app_server import clean_environment, free_port
from tests.support.gate import PATIENCE
from tests.support.page import SIGN_IN

AUTH, ACCESS = SIGN_IN["auth"], SIGN_IN["access"]
NAMED = {"redirect_uri": AUTH["redirect_uri"], "cookie_secret": AUTH["cookie_secret"]}


@pytest.fixture
def problems(monkeypatch, tmp_path):
    """What the check says of a secrets file with these sections, in a home that can be written."""
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "home"))
    given = deployment.st.get_option

    def found(options=None, **secrets):
        mine = {"server.allowedHosts": ["rerank.example"]} if "auth" in secrets else {}
        settings = mine | (options or {})
        monkeypatch.setattr(deployment, "secrets", lambda: secrets)
        monkeypatch.setattr(deployment.st, "get_option", lambda name: settings.get(name, given(name)))
        return startup.problems()

    return found


def test_as_it_is_delivered_nothing_is_wrong(problems):
    """Without a secrets file the app starts."""
    assert problems() == []


@pytest.mark.parametrize("auth", [AUTH, NAMED | {"google": AUTH, "okta": AUTH}], ids=["one", "named"])
def test_a_complete_sign_in_is_fine(problems, auth):
    """One provider in [auth], or several named ones, with a list of who may come in."""
    assert problems(auth=auth, access=ACCESS) == []


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"auth": AUTH}, "nobody is named who may come in"),
        ({"auth": AUTH, "access": {"allow": []}}, "nobody is named who may come in"),
        ({"auth": AUTH, "access": {"allow": ["everybody"]}}, 'holds "everybody"'),
        ({"access": ACCESS}, "nobody can sign in"),
        ({"auth": "yes", "access": ACCESS}, "not a section"),
        ({"auth": AUTH | {"cookie_secret": "short"}, "access": ACCESS}, "shorter than 32"),
        ({"auth": {k: v for k, v in AUTH.items() if k != "cookie_secret"}, "access": ACCESS}, "no cookie_secret"),
        ({"auth": {k: v for k, v in AUTH.items() if k != "client_secret"}, "access": ACCESS}, "no client_secret"),
        ({"auth": NAMED, "access": ACCESS}, "no client_id"),
        ({"auth": NAMED | {"my_own": AUTH}, "access": ACCESS}, "underscore"),
        ({"auth": NAMED | {"google": {"client_id": "c"}}, "access": ACCESS}, "[auth.google]"),
        ({"auth": AUTH | {"server_metadata_url": "http://login.example/x"}, "access": ACCESS}, "not an https address"),
        ({"auth": AUTH | {"redirect_uri": "https://rerank.example/"}, "access": ACCESS}, "/oauth2callback"),
        ({"auth": AUTH | {"redirect_uri": "http://rerank.example/oauth2callback"}, "access": ACCESS}, "https address"),
        ({"limits": 5}, "Write it as [limits]"),
        ({"history": 5}, "Write it as [history]"),
        ({"history": {"days": 0}}, "a whole number of at least 1"),
        ({"history": {"days": True}}, "a whole number of at least 1"),
        ({"history": {"weeks": 3}}, "knows no 'weeks'"),
        ({"addresses": 5}, "Write [addresses]"),
        ({"addresses": {"allowed": ["rerank.internal"]}}, "Write [addresses]"),
        ({"addresses": {"allow": 5}}, "not a list"),
        ({"addresses": {"allow": ["https://rerank.internal"]}}, "Name the host alone"),
        ({"Budget": {"server_per_day": 5}}, "Call it [budget]"),
        ({"limit": {"jobs_per_owner": 1}}, "Call it [limits]"),
        ({"Auth": AUTH}, "Call it [auth]"),
        ({"gatflow": {"api_key": "k"}}, "Call it [gateflow]"),
        ({"Cohere": {"api_key": "k"}}, "Call it [cohere]"),
        ({"openai_decisions": {"api_key": "k"}}, "Call it [openai-decisions]"),
        ({"cohere": "k"}, "Write it as [cohere]"),
        ({"cohere": {"apikey": "k"}}, "[cohere] in the secrets file knows no 'apikey'"),
        ({"custom": {"base_url": "https://x.example", "pth": "/r"}}, "knows no 'pth'"),
        ({"cohere": {"api_key": "k", "base_url": "api.cohere.example"}}, "base_url of [cohere] in the secrets file"),
        ({"tei": {"base_url": "http://u:p@10.0.0.1"}}, "user name or a password"),
    ],
)
def test_what_cannot_hold_is_said(problems, secrets, said):
    """Each slip in the sign-in's settings is one sentence that names it, with the cure."""
    (sentence,) = problems(**secrets)
    assert said in sentence


def test_the_sections_of_other_apps_are_left_alone(problems):
    """Streamlit has one secrets file for all apps of a user, so a section that means nothing here is no slip."""
    assert problems(postgres={"password": "x"}, users={"a": "b"}, address={"street": "x"}, SOME_KEY="x") == []
    assert problems(locale={"api_key": "x"}, azure={"subscription": "x"}) == []


def test_an_address_in_the_environment_that_is_none_is_said(problems, monkeypatch):
    """A variable that holds no address is named, before anybody presses a button that would use it."""
    monkeypatch.setenv("COHERE_BASE_URL", "cohere")
    (sentence,) = problems()
    assert sentence.startswith("COHERE_BASE_URL in the environment: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gateflow]\napi_key = hidden\n", "cannot be read (at line 2, column 11)"),
        ("# Gr\u00fc\u00dfe\n", "not in UTF-8"),
        (None, "cannot be read (Is a directory)"),
    ],
    ids=["syntax", "encoding", "folder"],
)
def test_a_secrets_file_that_cannot_be_read_is_said(monkeypatch, tmp_path, text, said):
    """Whatever keeps the file from being read is one sentence with the place, and with nothing of what stands there."""
    path = tmp_path / "secrets.toml"
    path.mkdir() if text is None else path.write_bytes(text.encode("latin-1"))
    given = deployment.st.get_option
    monkeypatch.setattr(deployment.st, "get_option", lambda name: [path] if name == "secrets.files" else given(name))
    monkeypatch.setattr("streamlit.runtime.secrets.config.get_option", lambda name: [str(path)])
    monkeypatch.setattr(deployment.st, "secrets", Secrets())
    monkeypatch.setattr(startup, "CHECKS", [startup.secrets_file])
    (sentence,) = startup.problems()
    assert said in sentence
    assert "hidden" not in sentence


def test_what_the_guide_says_can_be_copied(problems):
    """The section of docs/operating.md passes the check once the empty values are filled in, and the example file has
    the same, and nothing in it that a reader of a section would refuse."""
    guide = (ROOT / "docs" / "operating.md").read_text("utf-8")
    example = (ROOT / ".streamlit" / "secrets.toml.example").read_text("utf-8")
    section = tomllib.loads(guide.partition("```toml\n")[2].partition("```")[0])
    lines = [line.removeprefix("# ") for line in example.splitlines() if re.match(r"# (\[|\w+ = )", line)]
    copied = tomllib.loads("\n".join(lines))
    assert {name: copied[name] for name in ("auth", "access")} == section
    auth = {name: value or "v" * 48 for name, value in section["auth"].items()}
    hosts = {"server.allowedHosts": ["rerank.example.org"]}
    assert problems(hosts, **(copied | {"auth": auth})) == []


OPEN = {"server.address": "0.0.0.0", "server.allowedHosts": ["rerank.example"]}


@pytest.mark.parametrize(
    "options",
    [
        {"server.address": "0.0.0.0"},
        {"server.address": None},
        {"server.address": "10.0.0.7"},
        {"server.allowedHosts": ["localhost", "rerank.example"]},
        {"server.allowedHosts": ["localhost", "*"]},
        {"server.allowedHosts": []},
    ],
)
def test_without_a_sign_in_others_are_let_in_on_purpose_only(problems, monkeypatch, options):
    """Beyond this computer the app starts with a sign-in, or where the operator says that none is needed."""
    said = " ".join(problems(options))
    assert "nobody signs in" in said
    assert "RERANK_ALLOW_ANONYMOUS=1" in said
    monkeypatch.setenv("RERANK_ALLOW_ANONYMOUS", "0")
    assert problems(options)
    monkeypatch.setenv("RERANK_ALLOW_ANONYMOUS", "1")
    any_name = "*" in options.get("server.allowedHosts", "-") or not options.get("server.allowedHosts", "-")
    assert bool(problems(options)) is any_name


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"server.allowedHosts": []}, "by any name"),
        ({"server.allowedHosts": ["*"]}, "by any name"),
        ({"server.allowedHosts": ["localhost"]}, "does not have that name"),
        ({"server.trustedUserHeaders": {"X-User": "email"}}, "be anybody"),
        ({"server.enableXsrfProtection": False}, "enableXsrfProtection"),
        ({"server.baseUrlPath": "rerank"}, "/rerank/oauth2callback"),
    ],
)
def test_the_servers_options_fit_the_sign_in(problems, options, said):
    """An option that would go around the sign-in, or in its way, is named."""
    (sentence,) = problems(OPEN | options, auth=AUTH, access=ACCESS)
    assert said in sentence


def test_a_sign_in_that_is_not_needed_is_none(problems, monkeypatch):
    """Sign-in and RERANK_ALLOW_ANONYMOUS at once is a slip."""
    assert problems(OPEN, auth=AUTH, access=ACCESS) == []
    monkeypatch.setenv("RERANK_ALLOW_ANONYMOUS", "1")
    (sentence,) = problems(OPEN, auth=AUTH, access=ACCESS)
    assert "Take away the one" in sentence


def test_without_authlib_there_is_no_sign_in(problems, monkeypatch):
    """The package that signs people in is asked for at the start, not at the first click."""
    monkeypatch.setattr(startup.importlib.util, "find_spec", lambda name: None)
    (sentence,) = problems(auth=AUTH, access=ACCESS)
    assert "Authlib is missing" in sentence


def test_a_home_that_cannot_be_written_is_said(problems, monkeypatch, tmp_path):
    """What people save has to go somewhere."""
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "a-file" / "home"))
    (sentence,) = problems()
    assert "cannot be written" in sentence
    assert "RERANK_PLAYGROUND_HOME" in sentence


def test_what_was_asked_for_at_the_start_stays(monkeypatch):
    """A secrets file that loses its [auth] later does not open the app to everybody."""
    monkeypatch.setattr(deployment, "_known", set())
    monkeypatch.setattr(deployment, "secrets", lambda: {"auth": AUTH})
    deployment.remember()
    monkeypatch.setattr(deployment, "secrets", dict)
    assert deployment.signs_in()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["streamlit", "uvicorn"])
@pytest.mark.parametrize("secrets", ["[auth]\nclient_id = 'c'\n", "this is = = no toml"], ids=["auth", "unreadable"])
def test_a_refused_start_ends_with_one_sentence(tmp_path, how, secrets):
    """However the server is started, it ends with a status that is not 0, the sentence, and no traceback."""
    said = start_refused(tmp_path, how, secrets)
    assert "secrets" in said.rpartition("The app does not start.\n")[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "arguments"),
    [
        ("streamlit", ("--server.address=0.0.0.0",)),
        ("streamlit", ("--server.allowedHosts=rerank.example",)),
        ("uvicorn", ("--host", "0.0.0.0")),
        ("uvicorn", ("--uds", "app.sock")),
    ],
)
def test_beyond_this_computer_it_does_not_start_without_a_sign_in(tmp_path, how, arguments):
    """Streamlit is told where to listen by its options, uvicorn by its own; both are looked at."""
    said = start_refused(tmp_path, how, arguments=arguments)
    assert "nobody signs in" in said
    assert "RERANK_ALLOW_ANONYMOUS=1" in said


def start_refused(home, how: str, secrets: str = "", arguments: tuple[str, ...] = (), **environment: str) -> str:
    """Start the app with these secrets; it must end by itself, without a traceback. Gives what it said."""
    (home / ".streamlit").mkdir(exist_ok=True)
    (home / ".streamlit" / "secrets.toml").write_text(textwrap.dedent(secrets))
    command = {
        "streamlit": ["streamlit", "run", str(ROOT / "app.py"), "--server.headless=true", "--server.port"],
        "uvicorn": ["uvicorn", "app:app", "--port"],
    }[how]
    ended = subprocess.run(
        [sys.executable, "-m", *command, str(free_port()), *arguments],
        cwd=ROOT,
        env=clean_environment(home, **environment) | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode not in (0, -9), said
    assert "Traceback" not in said, said
    assert said.count("The app does not start.") == 1, said
    return said


def test_the_secrets_are_read_once_until_the_file_changes(monkeypatch, tmp_path):
    """A page asks for them hundreds of times while it is drawn. What the operator changes counts at once all the
    same, where Streamlit reads the file again."""
    path = tmp_path / "secrets.toml"
    path.write_text('[gateflow]\nbase_url = "https://one.example"\n')
    monkeypatch.setattr("streamlit.runtime.secrets.config.get_option", lambda name: [str(path)])
    monkeypatch.setattr("streamlit.watcher.path_watcher.watch_file", lambda *args, **options: None)
    source = Secrets()
    monkeypatch.setattr(deployment.st, "secrets", source)
    first = deployment.section("gateflow")
    assert first == {"base_url": "https://one.example"}
    assert deployment.section("gateflow") is first
    path.write_text('[gateflow]\nbase_url = "https://two.example"\n')
    source._on_secrets_changed(str(path))  # what its watcher calls
    assert deployment.section("gateflow") == {"base_url": "https://two.example"}
    monkeypatch.setattr(deployment.st, "secrets", Secrets())
    path.write_text("[other]\n")
    assert deployment.secrets() == {"other": {}}
