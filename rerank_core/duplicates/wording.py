"""How much of their wording texts share: the Jaccard index of their runs of four characters, for all pairs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rerank_core.keyword.words import normalise

Floats = NDArray[np.float32]
Check = Callable[[], None]

RUN = 4
"""Characters in a run."""

# Fills a text shorter than a run: one above the last code point, so that no text holds it.
_NO_CHARACTER = 0x110000
_ALPHABET = 1 << 16  # characters told apart; four of them fit one 64-bit number
_FEW = 24  # a run in at most so many texts is counted pair by pair, one in more through a matrix product
_COLUMNS = 4096  # runs in one matrix product: 33 MB at 2,000 texts
_AT_ONCE = 4_000_000  # pairs counted at once


def shared_wording(texts: Sequence[str], *, check: Check | None = None) -> Floats:
    """The Jaccard index of every pair of texts, as a symmetric matrix with values 0..1.

    The index is the number of different runs of four characters that both texts have, divided by the number that
    either has: 1 for the same wording, 0 for none in common (Jaccard 1901; runs of characters as in Broder, "On the
    resemblance and containment of documents", 1997). Case, accents, width and the amount of white space do not
    count; a text shorter than four characters is one run. Blank texts are like nothing, not even themselves.

    Exact, not sampled. Takes memory for the square of the number of texts and time to match; `check` is called
    between pieces of the work, and what it raises stops it. Worked example: "wifi down" has 6 runs, "wifi drop" 6,
    they share "wifi", "ifi " and "fi d", so the index is 3 / (6 + 6 - 3) = 0.33.
    """
    check = check or _nothing
    count = len(texts)
    runs, owners = distinct_runs(texts, check)
    sizes = np.bincount(owners, minlength=count).astype(np.float32)
    common = np.zeros((count, count), np.float32)
    by_run = np.argsort(runs, kind="stable")
    owners = owners[by_run]
    _, starts, spread = np.unique(runs[by_run], return_index=True, return_counts=True)
    for pairs in _few(owners, starts, spread, count):
        check()
        common += np.bincount(pairs, minlength=count * count).reshape(count, count)
    common += common.T
    many = np.flatnonzero(spread > _FEW)
    for at in range(0, len(many), _COLUMNS):
        check()
        chosen = many[at : at + _COLUMNS]
        table = np.zeros((count, len(chosen)), np.float32)
        columns = np.repeat(np.arange(len(chosen)), spread[chosen])
        table[owners[ranges(starts[chosen], spread[chosen])], columns] = 1
        common += table @ table.T
    np.fill_diagonal(common, sizes)
    return jaccard(common, sizes[:, None], sizes[None, :])


def shared_wording_with(reference: str, texts: Sequence[str], *, check: Check | None = None) -> Floats:
    """The Jaccard index of one text with each of many, as `shared_wording` has it."""
    runs, owners = distinct_runs([reference, *texts], check or _nothing)
    sizes = np.bincount(owners, minlength=len(texts) + 1).astype(np.float32)
    shared = np.isin(runs, runs[owners == 0])
    common = np.bincount(owners[shared], minlength=len(texts) + 1).astype(np.float32)
    return jaccard(common[1:], sizes[1:], sizes[:1])


def jaccard(common: Floats, one: Floats, other: Floats) -> Floats:
    """The index by how many runs two texts have in common, and how many each has; 0 where neither has any."""
    either = one + other - common
    index: Floats = np.divide(common, either, out=np.zeros_like(common), where=either > 0)
    return index


def distinct_runs(texts: Sequence[str], check: Check) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """The different runs of each text as numbers, equal only for equal runs, and the place of the text of each."""
    letters = []
    for place, text in enumerate(texts):
        if place % 256 == 0:
            check()
        folded = " ".join(normalise(text).split())
        points = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), np.uint32)
        if 0 < len(points) < RUN:
            points = np.pad(points, (0, RUN - len(points)), constant_values=_NO_CHARACTER)
        letters.append(points)
    seen = np.zeros(_NO_CHARACTER + 1, bool)
    for points in letters:
        seen[points] = True
    # Texts with more than 65,536 different characters do not exist; the last number would stand for the rest.
    numbers = np.minimum(np.cumsum(seen), _ALPHABET - 1).astype(np.uint64)
    found = []
    for place, points in enumerate(letters):
        if place % 256 == 0:
            check()
        found.append(np.unique(_packed(numbers[points])))
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), [len(each) for each in found])
    return np.concatenate([np.zeros(0, np.uint64), *found]), owners


def _packed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    if len(numbers) < RUN:
        return numbers[:0]
    out = numbers[: len(numbers) - RUN + 1].copy()
    for step in range(1, RUN):
        out <<= np.uint64(16)
        out |= numbers[step : len(numbers) - RUN + 1 + step]
    return out


def _few(
    owners: NDArray[np.int32], starts: NDArray[np.intp], spread: NDArray[np.intp], count: int
) -> Iterator[NDArray[np.int64]]:
    """Every pair of texts for each run that few texts have, as row x count + column, a share of them at a time."""
    waiting: list[NDArray[np.int64]] = []
    size = 0
    for texts in range(2, _FEW + 1):
        at = starts[spread == texts]
        if not len(at):
            continue
        table = owners[at[:, None] + np.arange(texts)].astype(np.int64)
        for first in range(texts - 1):
            pairs = (table[:, first, None] * count + table[:, first + 1 :]).ravel()
            waiting.append(pairs)
            size += len(pairs)
            if size > _AT_ONCE:
                yield np.concatenate(waiting)
                waiting, size = [], 0
    if waiting:
        yield np.concatenate(waiting)


def ranges(starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> NDArray[np.intp]:
    """All numbers from each start on, so many as its length says, one range after the other."""
    before = np.cumsum(lengths) - lengths
    places: NDArray[np.intp] = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
    return places


def _nothing() -> None:
    """No check."""
