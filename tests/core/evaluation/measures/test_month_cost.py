"""What a month costs with each hosted model, without a key and without a run."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rerank_core.evaluation.measures.month_cost import not_run, unpriced
from rerank_core.pricing.table import PriceTable
from rerank_core.providers import provider
from tests.core.evaluation.measures.test_summary import ranking
from tests.support.small_query_set import small_set


def test_every_hosted_model_with_a_known_price_has_a_month() -> None:
    """1,000 searches a day at $1 per 1,000 search units are $30 a month of 30 days."""
    found = not_run(small_set(120), searches_a_day=1_000)
    priced = {(price.provider, price.model) for price in PriceTable.default().prices}
    assert {(one.price.provider, one.price.model) for one in found} == priced
    for one in found:
        if one.price.per_1000 is not None:
            assert one.per_search == one.price.per_1000 / 1000
        assert one.per_search > 0
        assert one.monthly == one.per_search * 30_000
        assert one.documents == 6
        assert one.label.endswith(f"({provider(one.price.provider).label})")
    assert [one.monthly for one in found] == sorted(one.monthly for one in found)
    assert any("FlashRank" in name for name in unpriced())


def test_a_price_of_ones_own_counts_and_models_that_were_run_are_left_out() -> None:
    """A price typed on the Connections page is as good as a published one; what was run has a bill of its own."""
    made = small_set(12)
    prices = PriceTable.default().with_price("gateflow", "rerank-english-v3.0", 4).with_price("elsewhere", "x", 9)
    here = not_run(made, prices=prices, searches_a_day=100)
    found = {one.price.model: one for one in here if one.price.provider == "gateflow"}
    assert found["rerank-english-v3.0"].monthly == Decimal(12)
    assert "x" not in found
    left = not_run(made, [ranking("English", made.initial)], prices=prices, searches_a_day=100)
    assert "rerank-english-v3.0" not in {one.price.model for one in left}


def test_more_documents_than_a_unit_holds_cost_more() -> None:
    """Documents of a search are those of the set: 250 of them are three units."""
    found = not_run(small_set(2, 250), searches_a_day=1_000)
    searches = [one for one in found if one.price.provider == "gateflow"]
    assert {one.per_search / one.price.per_unit * 1000 for one in searches} == {Decimal(3)}


def test_a_set_without_candidates_has_no_month() -> None:
    """Nobody knows how many documents a search would have."""
    assert not_run(small_set(0), searches_a_day=1_000) == ()
    with pytest.raises(ValueError, match="searches_a_day"):
        not_run(small_set(2), searches_a_day=-1)
