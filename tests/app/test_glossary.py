"""The words of the field: each measure of Evaluate has its sentence, and the first page says what reranking is."""

from __future__ import annotations

import pytest

from pages.components.display import glossary
from tests.support.page import words

PAGE = "playground.py"


@pytest.mark.parametrize("name", ["nDCG@10", "RR", "AP", "P(rel=2)@5", "R@10", "Judged@10", "RR(rel=1)"])
def test_each_measure_has_a_sentence(name: str) -> None:
    said = glossary.measure(name)
    assert said.endswith(".")
    assert said.endswith(f"Over the first {name.rpartition('@')[2]} results.") == ("@" in name)


def test_an_unknown_measure_has_none() -> None:
    assert glossary.measure("Elasticity@3") == ""


def test_the_first_page_says_what_reranking_is(app) -> None:
    page = app()
    assert glossary.RERANKING in words(page)
    assert page.number_input(key="top").help == glossary.TOP_N
