"""Vectors as bytes find what the exact ones find, and give its exact cosines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.retrieval.embedding import Vectors, VectorTable
from rerank_core.retrieval.small_rows import cosines_with, row_type, small_rows


def made(seed: int, count: int, width: int = 48) -> np.ndarray:
    """Unit vectors in clusters, as those of texts on few subjects are."""
    chance = np.random.default_rng(seed)
    subjects = chance.standard_normal((8, width))
    rows = subjects[chance.integers(0, 8, count)] + chance.standard_normal((count, width))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@given(st.integers(0, 2**16), st.integers(1, 5_000))
def test_no_cosine_is_further_off_than_rounding_allows(seed: int, count: int) -> None:
    """Each number is off by half a step at most, so a cosine is by half a step times the query's numbers together."""
    rows, query = made(seed, count), made(seed + 1, 1)[0]
    small = small_rows(rows)
    allowed = small["scale"] / 2 * np.abs(query).sum() + 1e-5
    assert np.all(np.abs(cosines_with(small, query) - rows @ query) <= allowed)


def test_a_row_of_zeros_stays_one() -> None:
    """Rows without a direction give no division by zero."""
    assert cosines_with(small_rows(np.zeros((2, 3), np.float32)), np.ones(3, np.float32)).tolist() == [0.0, 0.0]


def test_bytes_take_a_quarter_of_the_memory() -> None:
    """A row of 384 numbers takes 388 bytes and not 1,536."""
    assert row_type(384).itemsize == 388


@pytest.mark.parametrize("several", [False, True], ids=["one row a text", "several rows a text"])
def test_the_nearest_are_found_with_their_exact_cosines(several: bool) -> None:
    """Of the hundred nearest by the exact vectors at least 99 are found, in order and with the same cosines."""
    rows = made(5, 6_000)
    owners = np.arange(len(rows), dtype=np.int32)
    if several:
        owners = np.sort(np.random.default_rng(6).integers(0, 4_000, len(rows))).astype(np.int32)
    exact = VectorTable(Vectors(rows, owners), 6_000)
    small = VectorTable(Vectors(rows, owners, small_rows(rows)), 6_000)
    for query in made(7, 20):
        nearest, found = dict(exact.search(query, 100)), small.search(query, 100)
        assert len(nearest.keys() & dict(found).keys()) >= 99
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
        for place, score in found:
            if place in nearest:
                assert score == pytest.approx(nearest[place], abs=1e-6)


def test_where_nearly_all_are_wanted_all_are_compared() -> None:
    """More than a quarter of the texts are found as without bytes."""
    rows = made(8, 50)
    owners = np.arange(50, dtype=np.int32)
    query = made(9, 1)[0]
    with_bytes = VectorTable(Vectors(rows, owners, small_rows(rows)), 50)
    assert with_bytes.search(query, 40) == VectorTable(Vectors(rows, owners), 50).search(query, 40)
