"""Vectors on their way: no passage is cut in two."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.corpora import moving
from rerank_core.corpora.moving import _parts, _whole_passages
from rerank_core.retrieval.embedding import Vectors, joined


@given(
    windows=st.lists(st.integers(0, 4), min_size=1, max_size=12).filter(any),
    cuts=st.lists(st.integers(1, 5), min_size=1, max_size=40),
)
def test_parts_hold_whole_passages(windows, cuts):
    """However the rows arrive, the parts that are put hold all rows in order, and each passage in one part alone."""
    owners = np.repeat(np.arange(len(windows), dtype=np.int32), windows)
    rows = np.arange(len(owners), dtype=np.float32).reshape(-1, 1)
    parts, start = [], 0
    for cut in [*cuts, len(owners)]:
        if start < len(owners):
            parts.append(Vectors(rows[start : start + cut], owners[start : start + cut]))
            start += cut
    found = list(_whole_passages(parts))
    whole = joined(found)
    np.testing.assert_array_equal(whole.rows, rows)
    np.testing.assert_array_equal(whole.owners, owners)
    seen = [set(part.owners.tolist()) for part in found]
    assert sum(map(len, seen)) == len(set().union(*seen))


def test_parts_of_a_file_hold_all_rows(monkeypatch):
    """Read some passages at a time, all rows are there, those of passages without a row left out."""
    monkeypatch.setattr(moving, "_PASSAGES_AT_ONCE", 2)
    owners = np.array([0, 0, 3, 4, 4, 4, 9], np.int32)
    whole = Vectors(np.arange(7, dtype=np.float32).reshape(-1, 1), owners)
    parts = list(_parts(whole, 10))
    assert len(parts) == 4
    np.testing.assert_array_equal(joined(parts).owners, owners)
