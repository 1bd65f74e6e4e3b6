"""What was asked before is offered for nothing on the Run step, marked where it counts, and asked again on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.session import stores
from tests.support.evaluate_page import HOSTED, QUERIES, finished, go, open_step, own, run_models
from tests.support.flaky_service import FlakyService
from tests.support.page import click, metrics, ran, words


@pytest.fixture
def service() -> Iterator[FlakyService]:
    """A service that answers everything, and counts what it was asked."""
    with FlakyService(steady=True) as running:
        yield running


@pytest.fixture
def asked(service: FlakyService, providers: Callable[..., None]) -> AppTest:
    """A page on which everything was asked once, at the Run step with the same model chosen."""
    providers(gateflow="ok")
    return go(finished(run_models(own(open_step()), HOSTED)), "Run")


def test_saved_answers_are_used_for_nothing_and_marked(asked: AppTest, service: FlakyService) -> None:
    """The price is that of what is not saved; nothing is sent, the ledger lists what was taken over, and so does the
    table of figures."""
    assert service.asked.total() == QUERIES
    assert f"{QUERIES} of {QUERIES} answers are saved: \\$0.00 for those." in words(asked)
    assert (metrics(asked)["Requests"], metrics(asked)["Estimated cost"]) == ("0", "$0")
    page = finished(click(asked, "Start the run"))
    assert service.asked.total() == QUERIES
    assert f"Done: {QUERIES} of {QUERIES} done, {QUERIES} of them saved answers, $0" in words(page)
    ledger = next(one.value for one in page.dataframe if "Cost then" in one.value)
    assert list(ledger["Cost now"]) == ["$0.00"] * QUERIES
    assert len(stores.spending().calls()) == QUERIES
    go(page, "Answer")
    table = next(one.value for one in page.dataframe if "This run" in one.value)
    assert list(table["This run"])[1] == f"$0, {QUERIES} saved"


def test_all_is_asked_again_where_somebody_wants_it(asked: AppTest, service: FlakyService) -> None:
    """The choice changes the price, and everything is sent once more; a run of saved answers offers the same."""
    page = finished(click(asked, "Start the run"))
    page = click(page, "Ask all again")
    assert metrics(page)["Requests"] == str(QUERIES)
    assert page.segmented_control(key="evaluate_saved").value == "Ask all again"
    page = finished(click(page, "Start the run"))
    assert service.asked.total() == 2 * QUERIES
    assert "saved answers," not in words(page)


def test_what_is_gone_meanwhile_is_not_paid_for_unasked(asked: AppTest, service: FlakyService) -> None:
    """Where the saved answers go between the price and the press, nothing is sent, and the page says so."""
    for one in stores.experiments().list():
        stores.experiments().delete(one.id)
    page = ran(asked.button(key="start_run").click().run())
    assert service.asked.total() == QUERIES
    assert stores.experiments().list() == ()
    assert f"{QUERIES} requests, about" in words(page)
    assert service.asked.total() == QUERIES
    finished(click(page, "Yes, start"))
    assert service.asked.total() == 2 * QUERIES
