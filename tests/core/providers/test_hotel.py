"""Ten texts of a hotel and a guest whose question shares no telling word with its answer."""

from __future__ import annotations

import pytest

import rerank_core as rc
from rerank_core import offline
from rerank_core.providers.local import LOCAL
from rerank_core.ranking.strength import levels, state, strength

QUERY = "My flight was cancelled, do I get my money back?"
TEXTS = (
    "Our check-in desk opens at 15:00. Early arrivals can leave luggage with the porter.",
    "Guests may cancel free of charge until 18:00 two days before arrival. After that the first night is charged.",
    "Dogs and cats are welcome in ground floor rooms for 18 EUR per night; please tell us when booking.",
    "The pool and the sauna are open daily from 7:00 to 21:00. Towels are at the entrance.",
    "Parking in the garage costs 15 EUR a day. Electric cars can be charged at two places.",
    "If your plans change after the deadline, we can move your stay to another date within 12 months without a fee.",
    "Breakfast is served from 6:30 to 10:30, on weekends until 11:30.",
    "We accept Visa, Mastercard and American Express. A deposit is blocked on your card at arrival.",
    "Invoice corrections: write to billing@hotel.example with your booking number.",
    "A refund reaches your account five to seven working days after we confirm the cancellation.",
)
ANSWER = 9


@pytest.mark.parametrize("model", LOCAL.models, ids=lambda model: model.id)
def test_no_model_calls_the_right_answer_nothing(model) -> None:
    """The refund is not weak by any model, and the list is not said to hold nothing."""
    reason = offline.unavailable_reason(model.id)
    if reason is not None:
        pytest.skip(f"LOUD: {reason}")
    rows = rc.Client("local").rerank(QUERY, TEXTS, model=model.id).results
    found = {row.index: row.relevance_score for row in rows}
    assert strength(found[ANSWER], levels(model)) != "weak"
    assert state(found.values(), levels(model)) != "nothing"
    if model.id != "local-keyword":  # it counts words, and "cancel" is one of them
        assert rows[0].index == ANSWER
