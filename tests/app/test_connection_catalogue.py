"""The list of connections: by group, searched, and what a connection must know besides a key."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

import rerank_core as rc
from pages.components.session import keys
from tests.support.page import button, open_page, press, words
from tests.support.rerank_service import GOOD_KEY, RerankService


def visit(provider: str = "local", **secrets: object) -> AppTest:
    """Open /connections with a connection chosen."""
    return open_page("connections.py", {} if provider == "local" else {"connection": provider}, secrets)


def listed(at: AppTest) -> list[str]:
    """The ids of the connections on the page, in order."""
    return [one.key.removeprefix("use_") for one in at.button if (one.key or "").startswith("use_")]


def test_every_connection_is_listed_once() -> None:
    """All providers are there, in four groups."""
    at = visit()
    assert sorted(listed(at)) == sorted(spec.id for spec in rc.providers())
    titles = [one.label.partition(":")[0] for one in at.expander if one.label.partition(":")[2]]
    assert titles[:4] == ["This computer", "Hosted", "Your own server", "Decision models"]


def test_what_is_set_up_comes_first_in_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment brings a service to the front."""
    monkeypatch.setenv("VOYAGE_API_KEY", "k" * 20)
    hosted = [id for id in listed(visit()) if rc.provider(id).group == "hosted"]
    assert hosted[0] == "voyage"


@pytest.mark.parametrize(("asked", "found"), [("qwen openrouter", ["openrouter"]), ("TEI", ["tei"]), ("zzz", [])])
def test_the_search_goes_by_names_and_models(asked: str, found: list[str]) -> None:
    """Every word must be there; nothing found is said."""
    at = visit()
    at.text_input(key=keys.CONNECTION_SEARCH).set_value(asked).run()
    assert listed(at) == found
    assert ("No connection is called so" in words(at)) == (not found)


@pytest.mark.parametrize("provider", [spec.id for spec in rc.providers()])
@pytest.mark.slow
def test_every_connection_opens(provider: str) -> None:
    """Its settings, what is known of it, its prices: no page fails."""
    at = visit(provider)
    assert not at.exception
    spec = rc.provider(provider)
    if spec.facts is not None:
        assert "How it was checked" in words(at)


def test_a_server_of_ones_own_needs_an_address_and_no_key(service: RerankService) -> None:
    """Without an address the test waits for one; with it, it works."""
    at = visit("custom")
    assert button(at, "Test the connection").disabled
    assert "Needs the address of your server" in words(at)
    at.text_input(key="base_url_custom").set_value(f"{service.url}/units-only").run()
    press(at, "Test the connection")
    assert "It works" in words(at)


def test_the_usual_paths_are_tried_and_the_one_that_answers_is_used(service: RerankService) -> None:
    """The table says what came back from each; one click takes the path over."""
    at = visit("custom")
    at.text_input(key="base_url_custom").set_value(f"{service.url}/ok").run()
    at.text_input(key="api_key_custom").set_value(GOOD_KEY).run()
    press(at, "Try the usual paths")
    said = [line for table in at.dataframe for line in table.value.get("What came back", [])]
    assert "Answers as these settings say." in said
    button(at, "Use /rerank").click().run()
    assert at.text_input(key="option_path_custom").value == "/rerank"


def test_what_an_option_cannot_be_is_refused_in_place() -> None:
    """What is needed is said, and once it is there nothing is missing but the key."""
    at = visit("vertex")
    assert "Needs a key" in words(at)
    at.text_input(key="api_key_vertex").set_value("ya29.token-of-an-hour").run()
    assert "Needs its project" in words(at)
    at.text_input(key="option_project_vertex").set_value("my-project").run()
    assert "Needs its project" not in words(at)
    assert not button(at, "Test the connection").disabled
