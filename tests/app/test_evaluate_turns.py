"""The measures of Evaluate take turns at the processors with everything else of this computer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import streamlit as st

from pages.components.evaluate import orders
from pages.components.jobs import processor
from rerank_core.offline.turns import Claim
from tests.support.evaluate_page import KEYWORD, finished, go, open_step, own, run_models
from tests.support.page import words


class Line:
    """Processors that `ahead` others have before this page; it writes down who asks, and goes on where nobody is."""

    def __init__(self, ahead: int) -> None:
        self.ahead = ahead
        self.asked: list[Claim] = []

    @contextmanager
    def turn(self, claim: Claim, heard: Callable[[int], object]) -> Iterator[None]:
        self.asked.append(claim)
        if self.ahead:
            heard(self.ahead)
            st.stop()
        yield


def test_figures_wait_for_their_turn_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says how many are before it, goes on when it is its turn, and asks for none where figures are kept."""
    page = finished(run_models(own(open_step()), KEYWORD))
    line = Line(2)
    monkeypatch.setattr(processor, "PROCESSORS", line)
    go(page, "Answer")
    assert "The figures wait: 2 before you" in words(page)
    assert "nDCG@10" not in words(page)
    assert line.asked[0].owner
    assert not line.asked[0].long
    line.ahead = 0
    page.run()
    assert "The figures wait" not in words(page)
    assert any("nDCG@10" in one.value for one in page.dataframe)
    asked = len(line.asked)
    page.session_state[orders.keys.EVALUATE_MEMORY] = []
    page.run()
    assert any("nDCG@10" in one.value for one in page.dataframe)
    assert len(line.asked) == asked


def test_measures_of_a_large_set_are_long_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """They let short work pass."""
    line = Line(0)
    monkeypatch.setattr(processor, "PROCESSORS", line)
    monkeypatch.setattr(processor, "owner", lambda: "ann@example.com")
    for pairs in (processor.LONG_PAIRS, processor.LONG_PAIRS + 1):
        with processor.turn(pairs):
            pass
    assert line.asked == [Claim("ann@example.com"), Claim("ann@example.com", long=True)]
