"""Knowledge bases that are kept elsewhere, as the Search page and the start of the app see them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.server import database, deployment
from pages.components.server.knowledge import homes as knowledge_homes
from pages.components.session import stores
from rerank_core import RerankError
from rerank_core.corpora import CorpusStore
from rerank_core.storage.connection.address import resolved
from tests.support.loopback import Loopback, answers
from tests.support.page import press, settled, upload
from tests.support.search_engine import empty_engine

PAGE = "search.py"


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """The address of a real search engine."""
    with empty_engine() as address:
        yield address


@pytest.fixture
def section(engine, monkeypatch) -> dict[str, str]:
    """What the operator's secrets file says of the search engine."""
    said = {"url": engine, "prefix": f"kb-{secrets.token_hex(4)}"}
    monkeypatch.setattr(deployment, "secrets", lambda: {"knowledge_bases": {"opensearch": said}})
    stores._corpora.clear()
    yield said
    stores._corpora().close()
    stores._corpora.clear()


def managing(at: AppTest) -> AppTest:
    """Open the upkeep of knowledge bases."""
    at.toggle[0].set_value(True).run()
    return at


def nobody() -> str:
    """An address of this machine at which nothing answers."""
    with Loopback() as server:
        return server.url


def texts(at: AppTest) -> list[str]:
    return [each.value for each in at.text]


def test_without_a_second_place_nobody_is_asked(app) -> None:
    """Where this computer alone keeps knowledge bases, the page has no choice of a place and no move."""
    stores.corpora().create("Boots", ["boots"])
    at = managing(app())
    at.selectbox(key="source").set_value(stores.corpora().list()[0].id).run()
    assert not {"corpus_home", "corpus_move_to"} & {each.key for each in at.selectbox}
    assert not at.error


def test_it_is_made_in_the_search_engine_searched_moved_here_and_deleted(app, section) -> None:
    """Made where the person chose, searched and reranked like any other, moved to this computer with all its passages,
    and then nothing of it is left in the engine."""
    at = managing(app())
    at.text_input(key="corpus_name").set_value("Boots").run()
    at.selectbox(key="corpus_home").set_value("opensearch").run()
    upload(at, ("boots.csv", b"id,text\n1,Waterproof boots for wide feet\n2,Sun hats\n"))
    press(at, "Create")
    (made,) = stores.corpora().list()
    assert (made.name, made.passages, made.home) == ("Boots", 2, f"the search engine at {section['url'][7:]}")
    assert CorpusStore().list() == ()
    stores._corpora.clear()  # a restart
    again = managing(app())
    again.selectbox(key="source").set_value(made.id).run()
    again.text_area(key="question").set_value("boots for wide feet").run()
    press(again, "Search")
    assert again.session_state["search"].answer.run.response.results[0].document.text.startswith("Waterproof")
    assert any(text.startswith("Kept: The search engine at") for text in texts(again))
    settled(again.button(key="corpus_move").click().run())
    assert "All 2 passages were compared, and are the same." in again.success[0].value
    assert [(each.id, each.home) for each in stores.corpora().list()] == [(made.id, "")]
    press(again, "Delete")
    press(again, "Yes, delete it")
    assert stores.corpora().list() == ()
    assert not again.error


def test_what_is_too_large_for_this_computer_is_offered_the_other_place(app, section, monkeypatch) -> None:
    """Beyond the most passages of this computer, the page names the place that holds more; moved there, they fit."""
    monkeypatch.setattr("rerank_core.corpora.database.MAX_PASSAGES", 2)
    base = stores.corpora().create("Boots", ["boots", "hats"])
    at = managing(app())
    at.selectbox(key="source").set_value(base.id).run()
    more = ("more.csv", b"id,text\n3,Gloves for winter\n")
    upload(at, more, place=1)
    press(at, "Add")
    assert any(text.startswith("More fit in: The search engine at") for text in texts(at))
    settled(at.button(key="corpus_move").click().run())
    assert not at.error
    press(at, "Add")
    assert [(each.passages, bool(each.home)) for each in stores.corpora().list()] == [(3, True)]


def test_an_engine_that_is_down_takes_nothing_else(app, section) -> None:
    """Where the engine does not answer, the page says so in a sentence, and what is on this computer is searched."""
    stores.corpora().create("Here", ["boots for wide feet"])
    section["url"] = nobody()
    stores._corpora.clear()
    at = app()
    assert any("not in the list now" in each.value for each in at.error)
    assert any("Nothing answers at" in text for text in texts(at))
    at.selectbox(key="source").set_value(stores.corpora().list()[0].id).run()
    at.text_area(key="question").set_value("boots").run()
    press(at, "Search")
    assert at.session_state["search"].answer.run is not None


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (5, "Write it as [knowledge_bases]"),
        ({"elastic": {}}, "knows no 'elastic'"),
        ({"opensearch": 5}, "Write it as [knowledge_bases.opensearch]"),
        ({"opensearch": {"url": "https://x.test", "key": "k"}}, "knows no 'key'"),
        ({"opensearch": {"url": "https://x.test", "api_key": 5}}, "api_key in the secrets file is no text"),
        ({"opensearch": {"url": "x.test"}}, "url of [knowledge_bases.opensearch]"),
        ({"opensearch": {"api_key": "k"}}, "url of [knowledge_bases.opensearch]"),
        ({"opensearch": {"url": "https://x.test", "prefix": "Ä*"}}, "names of indexes"),
        ({"postgresql": {"url": "sqlite:///x.sqlite3"}}, "names no PostgreSQL"),
        ({"postgresql": {}}, "what the app keeps is not in a PostgreSQL"),
        ({"postgresql": {"host": "x"}}, "knows no 'host'"),
        ({"opensearch": {"url": "https://x.test", "user": "u"}}, "a user or a password alone"),
        ({"opensearch": {"url": "https://x.test", "user": "u", "password": "p", "api_key": "k"}}, "Take away one"),
    ],
)
def test_a_section_that_makes_no_sense_is_said(monkeypatch, found, said) -> None:
    """What is misspelt or missing ends the start in a sentence that names it, and shows no key."""
    monkeypatch.setattr(deployment, "secrets", lambda: {"knowledge_bases": found})
    with pytest.raises(RerankError) as caught:
        knowledge_homes.problem()
    assert said in f"{caught.value} {caught.value.hint}"


def test_without_a_url_it_is_the_database_of_the_app(monkeypatch) -> None:
    """`[knowledge_bases.postgresql]` alone stands for the PostgreSQL that holds everything else; its label has no
    password."""
    monkeypatch.setattr(deployment, "secrets", lambda: {"knowledge_bases": {"postgresql": {}}})
    monkeypatch.setattr(database, "address", lambda: resolved("postgresql://me:s3cret@db.test/kept"))
    (home,) = knowledge_homes.homes()
    assert (home.id, home.label) == ("postgresql", "PostgreSQL (kept on db.test)")
    home.close()


def test_a_key_that_is_refused_and_an_old_version_end_the_start(monkeypatch, loopback) -> None:
    """An engine that refuses the key, or is too old, is said at the start; one that does not answer is only noted."""
    said = {"url": loopback.url, "api_key": "s3cret-of-the-operator"}
    monkeypatch.setattr(deployment, "secrets", lambda: {"knowledge_bases": {"opensearch": said}})
    loopback.script(answers(401, {"error": {"type": "security_exception", "reason": "no s3cret-of-the-operator"}}))
    with pytest.raises(RerankError, match="does not accept these credentials") as caught:
        knowledge_homes.problem()
    assert "s3cret" not in str(caught.value)
    loopback.script(answers(200, {"version": {"number": "7.10.2"}}))
    with pytest.raises(RerankError, match=r"Elasticsearch 7\.10\.2 is too old"):
        knowledge_homes.problem()
    said["url"] = nobody()
    assert knowledge_homes.problem() is None
