"""The operator's budget on the pages: refused before anything is sent, by every way that spends; shown; the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.server import budget, deployment, startup
from pages.components.session import stores
from rerank_core.models import Cost
from rerank_core.pricing.allowance import Allowance, PaidCall
from rerank_core.pricing.table import PriceTable
from tests.support.evaluate_page import HOSTED as HOSTED_MODEL
from tests.support.evaluate_page import finished, go, own
from tests.support.page import click, metrics, open_page, press, ran, settled, words
from tests.support.rerank_service import GOOD_KEY, RerankService

HOSTED = {"example": "own", "connection": "gateflow"}
BOB, EVE = "bob@example.com", "eve@example.com"
TIGHT = {"budget": {"person_per_day": 0.0001}}
DOLLAR = {"budget": {"person_per_day": 1.0, "server_per_day": "2.50"}}


@pytest.fixture(autouse=True)
def _operators_key(providers: Callable[..., None]) -> None:
    """The operator's key is in the environment, for a service that answers well."""
    providers(gateflow="ok")


def visit(name: str, query: dict[str, str], secrets: dict[str, object], person: str | None = BOB) -> AppTest:
    """Open a page as somebody who has signed in."""
    return settled(open_page(name, query, secrets, person))


def playground(secrets: dict[str, object], person: str | None = BOB) -> AppTest:
    """The Playground with texts and the operator's service."""
    page = visit("playground.py", HOSTED, secrets, person)
    page.text_area(key="query").set_value("Which?")
    page.text_area(key="documents").set_value("first text\nsecond text")
    return settled(page.run())


def rerank(page: AppTest) -> AppTest:
    """Press Rerank on the Playground."""
    return press(page, "Rerank")


def compared(secrets: dict[str, object]) -> AppTest:
    """Press Compare with two hosted models."""
    models = "gateflow:rerank-english-v3.0,gateflow:rerank-multilingual-v3.0"
    page = visit("compare.py", {"example": "own", "models": models}, secrets)
    page.text_area(key="query").set_value("Which?")
    page.text_area(key="documents").set_value("first text\nsecond text")
    return press(settled(page.run()), "Compare")


def searched(secrets: dict[str, object]) -> AppTest:
    """Press Search with a hosted model."""
    return press(visit("search.py", {"connection": "gateflow"}, secrets), "Search")


def deduplicated(secrets: dict[str, object]) -> AppTest:
    """Compare one text with two others by a hosted model."""
    page = visit("duplicates.py", {"connection": "gateflow"}, secrets)
    ran(page.selectbox(key="duplicates_source").set_value("own").run())
    page = settled(page.text_area(key="duplicates_texts").set_value("first text\nsecond text").run())
    for label, value in (("Compare meaning by", "none"), ("How", "one")):
        control = next(each for each in page.segmented_control if each.label == label)
        page = settled(control.set_value(value).run())
    page.text_area(key="duplicates_reference").set_value("second text, more or less").run()
    return press(page, "Find duplicates")


def checked(secrets: dict[str, object]) -> AppTest:
    """Press Test on the Connections page."""
    return press(visit("connections.py", {"connection": "gateflow"}, secrets), "Test the connection")


def damage(path: Path) -> None:
    """Put something else where the ledger is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"this is no ledger, and never was one")


@pytest.mark.parametrize(
    "spend",
    [
        lambda secrets: rerank(playground(secrets)),
        compared,
        searched,
        checked,
        pytest.param(deduplicated, marks=pytest.mark.slow),
    ],
)
def test_every_page_refuses_what_is_beyond_the_budget(
    spend: Callable[[dict[str, object]], AppTest], service: RerankService
) -> None:
    """Nothing is sent, the page says what is left and who can help, and the ledger has no such call."""
    page = spend(TIGHT)
    assert "left of the $0.0001 that one person may spend here in a day" in words(page)
    assert "Ask Ann, ann@example.com" in words(page)
    assert not service.requests
    assert not stores.spending().calls()


def test_an_experiment_stops_at_the_budget(service: RerankService) -> None:
    """Each request of a run is held to the budget by itself: what fits is answered, the rest is not sent, and the page
    says who can help."""
    page = go(
        own(settled(open_page("evaluate.py", {"step": "Query set"}, {"budget": {"person_per_day": 0.004}}, BOB))), "Run"
    )
    ran(page.multiselect(key="evaluate_models").set_value([HOSTED_MODEL]).run())
    assert "is left of the budget for the app's own keys, so the run may stop" in words(page)
    page = finished(click(page, "Start the run"))
    calls = stores.spending().calls()
    assert 0 < len(service.requests) == len(calls) < 6
    assert {(row.state, row.call.page, row.call.run, row.call.who) for row in calls} == {
        ("billed", "Evaluate", page.session_state["evaluate"].experiment_id, BOB)
    }
    assert stores.spending().standing(BOB).person_today.counted <= Decimal("0.004")
    assert "one person may spend here in a day" in words(page)
    assert "Ask Ann, ann@example.com" in words(page)


def test_the_sidebar_says_how_the_budget_stands(service: RerankService) -> None:
    """What today has cost of what it may: the person's share and everybody's. It is the same in a second tab, and
    nothing of it is another person's."""
    page = rerank(playground(DOLLAR))
    assert len(service.requests) == 1
    assert "Today **\\$0.001** of \\$1.00" in words(page)
    assert "Everybody today **\\$0.001** of \\$2.50" in words(page)
    second = playground(DOLLAR)
    assert "Today **\\$0.001** of \\$1.00" in words(second)
    other = playground(DOLLAR, EVE)
    assert "Today **\\$0** of \\$1.00" in words(other)
    assert "Everybody today **\\$0.001** of \\$2.50" in words(other)


def test_without_a_budget_nothing_is_said_of_one() -> None:
    """On one's own computer nothing is limited and the sidebar is as it was; the ledger is kept all the same."""
    page = rerank(playground({}, None))
    assert "Today" not in words(page)
    (row,) = stores.spending().calls()
    assert (row.call.who, row.call.page, row.call.key, row.spent) == ("", "Playground", "configured", Decimal("0.001"))
    assert row.call.run == page.session_state["playground"].run.id


def test_a_typed_key_is_not_held_to_the_budget(service: RerankService) -> None:
    """It is the visitor's own money: it is sent, noted as such, and not counted."""
    page = visit("connections.py", {"connection": "gateflow"}, TIGHT)
    page = settled(page.text_input(key="api_key_gateflow").set_value(GOOD_KEY).run())
    page = press(page, "Test the connection")
    assert "It works" in words(page)
    assert len(service.requests) == 1
    (row,) = stores.spending().calls()
    assert (row.call.key, row.call.page, row.call.who) == ("own", "Connection test", BOB)
    assert stores.spending().standing(BOB).server_total.counted == 0
    assert "Today **\\$0** of" in words(page)


def test_a_call_of_unknown_price_is_refused_with_the_cure(
    providers: Callable[..., None], service: RerankService
) -> None:
    """Where a budget stands and no price is set for such calls, nothing is sent."""
    providers(flashrank="ok")
    page = press(visit("connections.py", {"connection": "flashrank"}, DOLLAR), "Test the connection")
    assert "Nobody knows what this costs" in words(page)
    assert "unknown_call" in words(page)
    assert not service.requests


def test_a_call_of_unknown_price_counts_with_the_operators_price(providers: Callable[..., None]) -> None:
    """With `unknown_call` it is sent and counted at that."""
    providers(flashrank="ok")
    secrets = {"budget": {"person_per_day": 1, "unknown_call": "0.25"}}
    page = press(visit("connections.py", {"connection": "flashrank"}, secrets), "Test the connection")
    assert "It works" in words(page)
    assert "Today **\\$0.25** of \\$1.00" in words(page)


def test_no_visitor_prices_the_operators_key(service: RerankService) -> None:
    """Where others can reach the app, a price of 0 that somebody typed does not open the budget."""
    page = playground(TIGHT)
    free = PriceTable.default()
    for price in PriceTable.default().prices:
        free = free.with_price(price.provider, price.model, 0)
    page.session_state["prices"] = free
    page = rerank(settled(page.run()))
    assert "one person may spend here in a day" in words(page)
    assert not service.requests


def test_a_ledger_that_cannot_be_read_sends_nothing(service: RerankService) -> None:
    """Where a budget stands and nothing can be noted, the page says so, and nothing is spent."""
    damage(stores.spending().database.file)
    page = rerank(playground(DOLLAR))
    assert "cannot be noted, so it was not sent" in words(page)
    assert not service.requests


def test_without_a_budget_a_broken_ledger_stops_nobody(service: RerankService) -> None:
    """The answer comes, with a warning that it is not in the ledger."""
    damage(stores.spending().database.file)
    page = rerank(playground({}, None))
    assert len(service.requests) == 1
    assert "not in the ledger of spending" in "\n".join(page.session_state["playground"].run.response.warnings)


def test_a_refused_call_is_not_billed(providers: Callable[..., None]) -> None:
    """What a service refuses costs nothing, and one that failed on its side may have been billed."""
    for mood, state in (("forbidden", "not billed"), ("failing", "in doubt")):
        providers(gateflow=mood)
        press(visit("connections.py", {"connection": "gateflow"}, DOLLAR), "Test the connection")
        assert stores.spending().calls()[0].state == state


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"person_per_day": -1}, "[budget] person_per_day is '-1'"),
        ({"per_person": 1}, "[budget] has no setting called 'per_person'"),
        (5, "Write it as [budget]"),
    ],
)
def test_a_budget_that_makes_no_sense_keeps_the_app_from_starting(
    monkeypatch: pytest.MonkeyPatch, section: object, said: str
) -> None:
    """The start-up check says what is wrong, with the cure."""
    monkeypatch.setattr(deployment, "secrets", lambda: {"budget": section})
    monkeypatch.setattr(startup, "CHECKS", [budget.problem])
    (sentence,) = startup.problems()
    assert said in sentence
    monkeypatch.setattr(deployment, "secrets", lambda: DOLLAR)
    assert not startup.problems()


def spent(who: str, page: str = "Playground", connection: str = "gateflow") -> int:
    """A call that is in the ledger already."""
    call = PaidCall(who, connection, "rerank-v3.5", page, "run1")
    number = stores.spending().reserve(call, Decimal("0.003"), Allowance())
    stores.spending().settle(number, Cost(Decimal("0.002"), basis="reported"))
    return number


def test_everybody_sees_their_own_calls() -> None:
    """Below the connections stands what one's calls have cost: nobody else's."""
    page = visit("connections.py", {}, DOLLAR)
    assert "No call of a service in these days." in words(page)
    spent(BOB)
    spent(BOB, "Compare", "flashrank")
    spent(EVE)
    page = visit("connections.py", {}, DOLLAR)
    assert metrics(page)["Known cost"] == "$0.004"
    assert metrics(page)["Calls"] == "2"
    table = page.dataframe[-1].value
    assert list(table["What for"]) == ["Compare", "Playground"]
    assert "Who" not in table
    narrowed = ran(page.selectbox(key="ledger_connection").set_value("flashrank").run())
    assert metrics(narrowed)["Calls"] == "1"
    today = stores.spending().today()
    page = ran(page.date_input(key="ledger_days").set_value((today - timedelta(5), today - timedelta(1))).run())
    assert "No call of a service in these days." in words(page)


def test_where_anybody_comes_nobody_reads_anothers_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others can reach the app and nobody signs in, whose calls are whose is not known, and none are shown."""
    spent("")
    assert metrics(visit("connections.py", {}, {}, None))["Calls"] == "1"
    monkeypatch.setattr(deployment, "shared", lambda: True)
    assert "Calls" not in metrics(visit("connections.py", {}, {}, None))


def test_a_ledger_that_cannot_be_read_is_a_sentence() -> None:
    """The page stands, and says what to do with the file."""
    damage(stores.spending().database.file)
    page = visit("connections.py", {}, {}, None)
    assert "The ledger of spending cannot be read" in words(page)
    assert "Test" in words(page)


ANN = "ann@example.com"


def test_an_operator_sees_what_everybody_has_spent() -> None:
    """The Administration page has all calls with their people, narrowed by person, and how the budget stands."""
    for who in (BOB, EVE, EVE):
        spent(who)
    page = visit("administration.py", {}, {"budget": {"server_per_day": 1, "server_total": 9}}, ANN)
    assert metrics(page)["Known cost"] == "$0.006"
    assert "\\$0.006 of \\$1.00 today; \\$0.006 of \\$9.00 since" in words(page)
    assert "calls of unknown price are refused" in words(page)
    assert sorted(page.dataframe[-1].value["Who"]) == [BOB, EVE, EVE]
    page = ran(page.selectbox(key="ledger_person").set_value(EVE).run())
    assert metrics(page)["Known cost"] == "$0.004"


def test_nobody_else_sees_everybodys_calls() -> None:
    """Somebody who is no operator finds no ledger behind the page's address."""
    spent(BOB)
    page = visit("administration.py", {}, {}, EVE)
    assert BOB not in words(page)
    assert "Calls" not in metrics(page)


def test_an_operator_settles_a_call_in_doubt() -> None:
    """What the service's bill says takes the place of what was set aside, and the ledger says who said so."""
    number = stores.spending().reserve(PaidCall(BOB, "gateflow", "m", "Search", "run7"), Decimal("0.25"), Allowance())
    stores.spending().settle(number, None)
    page = visit("administration.py", {}, {"budget": {"person_per_day": 1}}, ANN)
    assert metrics(page)["May be billed besides"] == "$0.25"
    assert page.button(key="ledger_billed").disabled
    ran(page.number_input(key="ledger_amount").set_value(0.01).run())
    page = click(page, "Settle")
    assert "Settled with $0.01." in words(page)
    ran(page.number_input(key="ledger_amount").set_value(0.02).run())
    page = click(page, "Settle")
    ran(page.number_input(key="ledger_amount").set_value(0.01).run())
    page = click(page, "Settle")
    (row,) = stores.spending().calls()
    assert (row.state, row.spent, row.doubt, row.note) == ("billed", Decimal("0.01"), 0, f"Settled by {ANN}.")
    assert "May be billed besides" not in metrics(page)
    assert list(page.dataframe[-1].value["Note"]) == [f"Settled by {ANN}."]
