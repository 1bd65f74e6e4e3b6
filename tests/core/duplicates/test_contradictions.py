"""Near-copies that say different things are found with the point in which they differ; other pairs are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.duplicates.contradictions import Contradiction, contradictions

RETURN = "You can send an order back within {} days. Pack it well and put the slip into the parcel."
PAUSE = "Pausing a subscription costs {} EUR a month. You can pause it in Settings under Subscription."


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        (RETURN.format(14), RETURN.format(30), "14 days / 30 days"),
        (PAUSE.format(5), PAUSE.format(6), "5 EUR / 6 EUR"),
        (PAUSE.format("5.50"), PAUSE.format("5.90"), "5.50 EUR / 5.90 EUR"),
        (
            "We deliver on Sundays and public holidays to all addresses in the country.",
            "We do not deliver on Sundays and public holidays to all addresses in the country.",
            "(nothing) / do not",
        ),
        (
            "Das Schloss lässt sich mit der App öffnen, wenn der Akku leer ist, und schließt danach von selbst.",
            "Das Schloss lässt sich nicht mit der App öffnen, wenn der Akku leer ist, und schließt danach von selbst.",
            "(nothing) / nicht",
        ),
    ],
)
def test_the_point_is_named(one: str, other: str, text: str) -> None:
    found = contradictions([one, "Something else altogether, about bicycles and their locks.", other])
    assert [(each.first, each.second, each.text) for each in found] == [(0, 2, text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RETURN.format(14), RETURN.format(14)),
        (RETURN.format(14), RETURN.format(14).replace("well", "carefully")),
        (RETURN.format(14), PAUSE.format(5)),
        ("", ""),
    ],
)
def test_what_contradicts_nothing_is_left_alone(one: str, other: str) -> None:
    assert contradictions([one, other]) == ()


def test_one_text_contradicts_nothing() -> None:
    assert contradictions([]) == contradictions(["one"]) == ()


@given(st.lists(st.text(max_size=40), max_size=4))
def test_any_texts_are_taken(texts: list[str]) -> None:
    for found in contradictions(texts, threshold=0.1):
        assert isinstance(found, Contradiction)
        assert 0 <= found.first < found.second < len(texts)
        assert found.left or found.right
