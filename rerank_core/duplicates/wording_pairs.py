"""The pairs of texts that share wording, of up to 10,000 texts: as `wording` counts it, without a table of all pairs.

Texts are taken some at a time. What they share with all later ones is counted for rare runs, by going through the
texts that have each run. Two texts cannot share more frequent runs than either has, so for most pairs that is enough to
know that they are not alike; for the others frequent runs are counted too. Where the line between rare and frequent is
drawn changes the time and not the result (the same idea as prefix filtering: Chaudhuri, Ganti and Kaushik, "A primitive
operator for similarity joins in data cleaning", 2006).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerank_core.duplicates.wording import distinct_runs, jaccard
from rerank_core.errors import TooManyDocumentsError

MAX_PAIRS = 5_000_000
"""Pairs above the floor that are kept; more of them are no list that anybody reads."""

_ROWS = 32  # texts taken at a time, so that what is counted for them stays in the cache
_AT_ONCE = 2_000_000  # pairs counted at once
_CELLS = 50_000_000  # of the matrix of frequent runs: 200 MB
_SHARE = 0.62  # of the runs that two equally long texts must share to be alike, at most so many are frequent ones
_MANY = 16  # where more than one pair in so many is left, frequent runs are counted by a matrix product


class LikePairs(NamedTuple):
    """Pairs of texts by their places, the lower one first, in ascending order, and the likeness of each."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Index:
    """Which texts have which run. `owners` are the texts of each run, run after run, ascending in each."""

    owners: NDArray[np.int32]
    later: NDArray[np.int32]
    """For each of `owners`, how many follow it in the same run."""
    rare: NDArray[np.int32]
    """The places in `owners` of rare runs that have a later text, ordered by text."""
    starts: NDArray[np.int64]
    """Where each text's share of `rare` begins, and where the last one ends."""
    frequent: NDArray[np.float32]
    """1 where a text (row) has a frequent run (column)."""


def like_pairs(texts: list[str], floor: float, *, tick: Callable[[int], None] | None = None) -> LikePairs:
    """All pairs of texts that share wording by `floor` (above 0) or more, as `wording.shared_wording` has it; exact.

    `tick` hears how many texts have been compared with all others, between pieces of the work; what it raises stops
    it. Raises TooManyDocumentsError where there are more than MAX_PAIRS.
    """
    told = tick or (lambda _done: None)
    runs, owners = distinct_runs(texts, lambda: told(0))
    count = len(texts)
    sizes = np.bincount(owners, minlength=count).astype(np.float32)
    index = _indexed(runs, owners, count, _SHARE * 2 * floor / (1 + floor))
    del runs, owners
    # An index of t takes t / (1 + t) of the runs that both have together; a little less, for what rounding does.
    needed = sizes * np.float32(floor / (1 + floor) * 0.9999)
    # Of frequent runs two texts share at most as many as one of them has, so at most half of what both have.
    needed_rare = needed - index.frequent.sum(axis=1) / 2
    parts: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]] = []
    kept = 0
    for start in range(0, count, _ROWS):
        told(start)
        stop = min(count, start + _ROWS)
        shape = (stop - start, count - start)
        rare = np.zeros(shape, np.intp)
        for pairs in _counted(index, start, stop, count - start):
            told(start)
            rare += np.bincount(pairs, minlength=rare.size).reshape(shape)
        row, column = np.nonzero(rare >= needed_rare[start:stop, None] + needed_rare[None, start:])
        common = rare[row, column].astype(np.float32) + _frequent(index.frequent, start, stop, row, column)
        likely = (column > row) & (common >= needed[row + start] + needed[column + start])
        row, column, common = row[likely], column[likely], common[likely]
        likeness = jaccard(common, sizes[row + start], sizes[column + start])
        alike = likeness >= np.float32(floor)
        row, column = row[alike], column[alike]
        parts.append(((row + start).astype(np.int32), (column + start).astype(np.int32), likeness[alike]))
        kept += len(row)
        if kept > MAX_PAIRS:
            raise TooManyDocumentsError(
                f"More than {MAX_PAIRS:,} pairs of these texts share at least {floor:.0%} of their wording.",
                hint="Leave out what all of them have in common, such as a form around each text, or compare fewer.",
            )
    told(count)
    empty = LikePairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
    return LikePairs(*(np.concatenate(each) for each in zip(*parts, strict=True))) if parts else empty


def _frequent(
    frequent: NDArray[np.float32], start: int, stop: int, row: NDArray[np.intp], column: NDArray[np.intp]
) -> NDArray[np.float32]:
    """How many frequent runs pairs have in common, given as rows and columns from `start` on."""
    mine, others = frequent[start:stop], frequent[start:]
    if len(row) * _MANY > len(mine) * len(others):
        return (mine @ others.T)[row, column]
    found = np.zeros(len(row), np.float32)
    step = max(1, _AT_ONCE // max(1, frequent.shape[1]))
    for at in range(0, len(row), step):
        chosen = slice(at, at + step)
        found[chosen] = np.einsum("ij,ij->i", mine[row[chosen]], others[column[chosen]])
    return found


def _indexed(runs: NDArray[np.uint64], owners: NDArray[np.int32], count: int, share: float) -> _Index:
    by_run = np.argsort(runs, kind="stable").astype(np.int32)
    ordered = runs[by_run]
    heads = np.flatnonzero(np.concatenate([np.ones(min(1, len(ordered)), bool), ordered[1:] != ordered[:-1]]))
    del ordered
    owners = owners[by_run]
    del by_run
    spread = np.diff(np.append(heads, len(owners))).astype(np.int32)
    run_of = np.repeat(np.arange(len(heads), dtype=np.int32), spread)
    last = (heads + spread - 1).astype(np.int32)
    later = (last[run_of] - np.arange(len(owners))).astype(np.int32)
    often = spread > _line(spread, count, share)
    rare = np.flatnonzero(~often[run_of] & (later > 0)).astype(np.int32)
    rare = rare[np.argsort(owners[rare], kind="stable")]
    starts = np.concatenate([[0], np.cumsum(np.bincount(owners[rare], minlength=count))])
    column = np.cumsum(often) - 1
    cells = np.flatnonzero(often[run_of])
    frequent = np.zeros((count, int(often.sum())), np.float32)
    frequent[owners[cells], column[run_of[cells]]] = 1
    return _Index(owners, later, rare, starts, frequent)


def _line(spread: NDArray[np.int32], count: int, share: float) -> int:
    """In how many texts a run may be to count as rare, where at most `share` of what texts hold is to be frequent."""
    texts, runs = np.unique(spread, return_counts=True)
    above, columns = spread.sum() - np.cumsum(runs * texts), runs.sum() - np.cumsum(runs)
    return (
        int(texts[int(np.argmax((above <= share * spread.sum()) & (columns * count <= _CELLS)))]) if len(texts) else 0
    )


def _counted(index: _Index, start: int, stop: int, width: int) -> Iterator[NDArray[np.int32]]:
    """Every rare run that a text from `start` to `stop` shares with a later one, as row x width + column, a share of
    them at a time."""
    places = index.rare[index.starts[start] : index.starts[stop]]
    lengths = index.later[places].astype(np.int64)
    ends = np.cumsum(lengths)
    at = 0
    while at < len(places):
        before = int(ends[at - 1]) if at else 0
        to = max(at + 1, int(np.searchsorted(ends, before + _AT_ONCE, side="right")))
        chosen, many = places[at:to], lengths[at:to]
        # the places that follow each of them in its run, one after the other
        follow = np.arange(int(many.sum()), dtype=np.int32)
        follow += np.repeat(chosen + 1 - (ends[at:to] - many - before).astype(np.int32), many)
        rows = index.owners[follow]
        rows += np.repeat((index.owners[chosen] - start) * width - start, many)
        yield rows
        at = to
