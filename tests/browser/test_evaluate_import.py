"""From a shop's spreadsheet to a set that can be run, in a real browser: what has to be clicked for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import scrolls_sideways, serious_findings, settle, upload

Visit = Callable[..., Visitor]
CASES = Path(__file__).parents[1] / "data" / "cases"
MOST_STEPS = 4


@pytest.mark.parametrize(
    ("workbook", "sheet", "rated"),
    [("shop-rated.xlsx", "", 60), ("shop-both.xlsx", "", 60), ("shop-both.xlsx", "Unrated", 0)],
)
def test_a_shop_sheet_can_be_run_after_at_most_four_steps(visit: Visit, workbook: str, sheet: str, rated: int) -> None:
    """Own queries, the file, the sheet where it is not the first, and the button: nothing has to be opened."""
    page = visit().open("/evaluate?step=Answer")
    steps = 0
    page.get_by_role("button", name="Use your own queries").click()
    steps += 1
    upload(page, {workbook: (CASES / workbook).read_bytes()})
    steps += 1
    expect(page.get_by_text("Together: 60 queries with 600 candidates; 60 have ratings.")).to_be_visible()
    if sheet:
        settle(page)
        page.get_by_role("combobox", name="Sheet").click()
        page.get_by_role("option", name=sheet).click()
        steps += 1
        expect(page.get_by_text(f"Together: 60 queries with 600 candidates; {rated} have ratings.")).to_be_visible()
    settle(page)
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
    page.get_by_role("button", name="Use these queries").click()
    steps += 1
    expect(page.get_by_text(f"60 queries with 600 candidates; {rated} have ratings.", exact=True)).to_be_visible()
    assert steps <= MOST_STEPS
