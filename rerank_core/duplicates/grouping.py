"""Groups of like texts: every text of a group is like every other one of it, so that a chain joins nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerank_core.duplicates.wording_pairs import LikePairs

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Linkage:
    """The order in which `count` texts come together as a threshold goes down.

    Row k of `merges` holds the places of two texts whose groups become one at the threshold `heights[k]`, which is
    the lowest likeness of any two texts of the new group; heights go down.
    """

    count: int
    merges: NDArray[np.int32]
    heights: Floats

    def groups(self, threshold: float) -> tuple[tuple[int, ...], ...]:
        """The groups of two or more at a threshold: places in ascending order, groups by their first place.

        Any two texts of a group are alike by `threshold` or more, and no two groups could be one without breaking
        that. A higher threshold only splits groups, it never moves a text from one to another.
        """
        parents = list(range(self.count))

        def root(place: int) -> int:
            while parents[place] != place:
                parents[place] = parents[parents[place]]
                place = parents[place]
            return place

        for one, other in self.merges[self.heights >= np.float32(threshold)].tolist():
            parents[root(one)] = root(other)
        members: dict[int, list[int]] = {}
        for place in range(self.count):
            members.setdefault(root(place), []).append(place)
        return tuple(sorted(tuple(group) for group in members.values() if len(group) > 1))


def link(likeness: Floats, floor: float, *, check: Callable[[], None] | None = None, own: bool = False) -> Linkage:
    """Complete linkage of a symmetric matrix of likenesses, down to `floor`.

    Complete linkage rather than connected components: there a chain of texts, each like the next, makes one group
    whose ends have nothing in common, which is how an article on passwords ends up as a duplicate of one on parcels.
    The price is that a pair above the threshold may stand in two groups; the list of pairs still has it.

    The nearest-neighbour chain (Benzécri 1982; Murtagh, "A survey of recent advances in hierarchical clustering
    algorithms", 1983) finds the same merges as always joining the two closest groups, in time for the square of the
    number of texts. `check` is called now and then, and what it raises stops the work.
    """
    count = len(likeness)
    table = likeness if own else likeness.astype(np.float32, copy=True)
    np.fill_diagonal(table, -np.inf)
    merges: list[tuple[int, int]] = []
    heights: list[float] = []
    alive = table.max(axis=1, initial=-np.inf) >= floor
    chain: list[int] = []
    following = 0
    while True:
        if check is not None and len(merges) % 256 == 0:
            check()
        if not chain:
            while following < count and not alive[following]:
                following += 1
            if following == count:
                break
            chain.append(following)
        last = chain[-1]
        nearest = int(table[last].argmax())
        height = float(table[last, nearest])
        if height < floor:
            # Nothing is left for it. It stands alone on the chain: what follows another is above the floor with that.
            alive[chain.pop()] = False
            continue
        if len(chain) > 1 and table[last, chain[-2]] >= height:
            nearest = chain[-2]
            chain = chain[:-2]
            merges.append((last, nearest))
            heights.append(height)
            kept, gone = min(last, nearest), max(last, nearest)
            np.minimum(table[kept], table[gone], out=table[kept])
            table[kept, kept] = -np.inf
            table[:, kept] = table[kept]
            table[gone] = -np.inf
            table[:, gone] = -np.inf
            alive[gone] = False
        else:
            chain.append(nearest)
    order = np.argsort(-np.array(heights, np.float32), kind="stable")
    return Linkage(count, np.array(merges, np.int32).reshape(-1, 2)[order], np.array(heights, np.float32)[order])


def link_pairs(count: int, pairs: LikePairs, *, check: Callable[[], None] | None = None) -> Linkage:
    """What `link` gives for the matrix whose values are these pairs', 0 for all others, without making it.

    Texts that no chain of pairs connects never come together, so each connected part is linked by itself. One of all
    10,000 texts has a matrix of 400 MB.
    """
    part = _parts(count, pairs.first, pairs.second)
    by_part = np.argsort(part[pairs.first], kind="stable")
    numbers, starts = np.unique(part[pairs.first][by_part], return_index=True)
    members_by_part = np.argsort(part, kind="stable")
    member_starts = np.searchsorted(part[members_by_part], [numbers, numbers + 1])
    merges, heights = [np.zeros((0, 2), np.int32)], [np.zeros(0, np.float32)]
    within = np.zeros(count, np.intp)
    for number, chosen in enumerate(np.split(by_part, starts[1:]) if len(numbers) else []):
        if check is not None:
            check()
        members = members_by_part[member_starts[0, number] : member_starts[1, number]]
        within[members] = np.arange(len(members))
        first, second, values = within[pairs.first[chosen]], within[pairs.second[chosen]], pairs.values[chosen]
        if len(members) == 2:  # as most are
            merges.append(members[None, :].astype(np.int32))
            heights.append(values)
            continue
        table = np.zeros((len(members), len(members)), np.float32)
        table[first, second] = table[second, first] = values
        found = link(table, float(pairs.values.min()), check=check, own=True)
        merges.append(members[found.merges].astype(np.int32))
        heights.append(found.heights)
    order = np.argsort(-np.concatenate(heights), kind="stable")
    return Linkage(count, np.concatenate(merges)[order], np.concatenate(heights)[order])


def _parts(count: int, first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.intp]:
    """The lowest place that each place is connected with."""
    lowest = np.arange(count)
    while True:
        before = lowest
        lowest = before.copy()
        smaller = np.minimum(before[first], before[second])
        np.minimum.at(lowest, first, smaller)
        np.minimum.at(lowest, second, smaller)
        lowest = lowest[lowest]
        if np.array_equal(lowest, before):
            return lowest
