"""What moved between two orders of the same documents, and how far they agree.

An order is a sequence of hashable keys, best first, in which each key stands once. Agreement is given in three
numbers because each sees something else: overlap which documents are at the top, Kendall's tau how many pairs
stand in the same order, rank-biased overlap both, with the top counting most.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

from rerank_core.errors import InvalidRequestError
from rerank_core.models import Document, RerankResponse
from rerank_core.ranking.heading import heading

LABEL_LENGTH = 40
"""The most characters that a document's label takes in a sentence."""

_KEYS = "Give each document a key of its own, such as its index."


@dataclass(frozen=True, slots=True)
class Move:
    """Where a document stood and stands: ranks from 1, None where it is not in that order.

    `change` is how many places it rose (negative: fell), None where one of the ranks is missing.
    """

    key: Hashable
    was: int | None
    now: int | None
    change: int | None

    @property
    def text(self) -> str:
        """The movement for a person, as `movement_text` writes it."""
        return movement_text(self.was, self.now)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between an initial and a reranked order.

    `moves` has every document once, in the new order, those that are no longer in it last. `entered_top` and
    `left_top` are the documents that came into and fell out of the top `k`, best first. `overlap` and `rbo`
    are from 0 to 1, `kendall_tau` from -1 to 1. `k` is the depth that was compared: the one asked for, or the
    length of the shorter order.
    """

    moves: tuple[Move, ...]
    entered_top: tuple[Hashable, ...]
    left_top: tuple[Hashable, ...]
    overlap: float
    kendall_tau: float
    rbo: float
    k: int

    @property
    def moved(self) -> int:
        """How many documents that are in both orders changed their place."""
        return sum(1 for move in self.moves if move.change)


def compare_orders(initial: Iterable[Hashable], reranked: Iterable[Hashable], k: int = 10) -> Comparison:
    """Compare two orders, best first; they need not hold the same documents or have the same length.

    `k`, at least 1, is the depth of overlap, entered and left. Raises InvalidRequestError where a key stands
    twice in one order, an order is no list of keys, or `k` is no such number.
    """
    if isinstance(k, bool) or not isinstance(k, Integral) or k < 1:
        raise InvalidRequestError(f"The depth of the comparison is {k!r}.", hint="Use a whole number from 1 up.")
    k = int(k)
    before, after = _ranks(initial), _ranks(reranked)
    old, new = list(before), list(after)
    depth = min(k, len(old), len(new))
    top_old, top_new = set(old[:depth]), set(new[:depth])
    moves = [_move(key, before.get(key), now) for key, now in after.items()]
    moves += [_move(key, was, None) for key, was in before.items() if key not in after]
    return Comparison(
        moves=tuple(moves),
        entered_top=tuple(key for key in new[:depth] if key not in top_old),
        left_top=tuple(key for key in old[:depth] if key not in top_new),
        overlap=overlap(old, new, k),
        kendall_tau=kendall_tau(old, new),
        rbo=rank_biased_overlap(old, new),
        k=depth,
    )


def compare_response(response: RerankResponse, k: int = 10) -> Comparison:
    """Compare the order in which documents were given with that of the answer; keys are indexes into the input."""
    return compare_orders(range(len(response.request.documents)), [row.index for row in response.results], k)


def overlap(first: Sequence[Hashable], second: Sequence[Hashable], k: int = 10) -> float:
    """Share of the top k that two orders have in common: |A_k & B_k| / k, from 0 to 1.

    k is cut to the length of the shorter order. Two empty orders overlap fully (1.0), an empty and a filled
    one not at all (0.0). Worked example: a b c d and b c x a share b and c of their top 3, so 2 / 3.
    """
    depth = min(k, len(first), len(second))
    if depth == 0:
        return 1.0 if len(first) == len(second) else 0.0
    return len(set(first[:depth]) & set(second[:depth])) / depth


def kendall_tau(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Kendall's rank correlation over the documents that both orders hold, from -1 (reversed) to 1 (the same).

        tau = 1 - 2 * discordant / (n * (n - 1) / 2)

    where a pair of the n common documents is discordant if the two orders put it in opposite order. There are
    no ties, so tau-a and tau-b are the same (M. G. Kendall, "A new measure of rank correlation", Biometrika
    30, 1938). With fewer than two documents in common there is no pair: 1.0 if the orders are equal, else 0.0.
    Worked example: a b c d and b a c d differ in one of six pairs, so 1 - 2/6 = 2/3. Takes O(n log n).
    """
    rank_of = {key: rank for rank, key in enumerate(second)}
    ranks = [rank_of[key] for key in first if key in rank_of]
    if len(ranks) < 2:
        return 1.0 if list(first) == list(second) else 0.0
    return 1.0 - 4.0 * _inversions(ranks) / (len(ranks) * (len(ranks) - 1))


def rank_biased_overlap(first: Sequence[Hashable], second: Sequence[Hashable], p: float = 0.9) -> float:
    """Rank-biased overlap, extrapolated, from 0 (nothing in common) to 1 (the same): RBO_ext, equation 32 of
    W. Webber, A. Moffat, J. Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4), 2010.

        RBO_ext = (1-p)/p * (sum_{d=1..l} X_d/d p^d + sum_{d=s+1..l} X_s (d-s)/(s d) p^d)
                  + ((X_l - X_s)/l + X_s/s) p^l

    X_d is how many documents the two orders share down to depth d, s and l the shorter and the longer length.
    `p`, between 0 and 1, is how deep a reader looks: at 0.9 the first 10 ranks carry 86% of the weight. Two
    empty orders give 1.0, an empty and a filled one 0.0. Worked example: a b and b a share nothing at depth 1
    and everything from depth 2 on, so 1 - (1 - 0.9) = 0.9. Raises ValueError for another p.
    """
    if not 0 < p < 1:
        raise ValueError("p lies between 0 and 1")
    if list(first) == list(second):
        return 1.0
    short, long = sorted((first, second), key=len)
    if not short:
        return 0.0
    seen_short: set[Hashable] = set()
    seen_long: set[Hashable] = set()
    shared = shared_short = 0
    total, weight = 0.0, 1.0
    for depth, key in enumerate(long, start=1):
        weight *= p
        seen_long.add(key)
        shared += key in seen_short
        if depth <= len(short):
            other = short[depth - 1]
            seen_short.add(other)
            shared += other in seen_long
            shared_short = shared
        missing = max(0, depth - len(short)) * shared_short / len(short)
        total += (shared + missing) / depth * weight
    last = (shared - shared_short) / len(long) + shared_short / len(short)
    return min(1.0, max(0.0, (1 - p) / p * total + last * weight))


def movement_text(was: int | None, now: int | None) -> str:
    """A movement in words and an arrow: "now 2, was 9, ▲7", "now 5, was 1, ▼4", "now 1, was 1, ="."""
    if now is None:
        return "not returned" if was is None else f"was {was:,}, not returned"
    if was is None:
        return f"now {now:,}, new"
    arrow = "=" if was == now else f"▲{was - now:,}" if now < was else f"▼{now - was:,}"
    return f"now {now:,}, was {was:,}, {arrow}"


def label_of(document: Document) -> str:
    """What to call a document in a sentence: its title where the metadata has one, with the heading of its section,
    else its text, cut short."""
    above, _ = heading(document)
    if above is not None:
        return short_label(above)
    for name, value in document.metadata.items():
        if str(name).strip().lower() == "title" and isinstance(value, str) and value.strip():
            return short_label(value)
    return short_label(document.text)


def short_label(text: str) -> str:
    """A text on one line of at most LABEL_LENGTH characters, cut at a word where that is near, with nothing in
    it that cannot be printed (control and direction marks go)."""
    start = text[: LABEL_LENGTH * 10]
    line = " ".join("".join(char for char in start if char.isprintable() or char.isspace()).split())
    line = "".join(char if char.isprintable() else " " for char in line)
    if not line:
        return "(blank)"
    if len(line) <= LABEL_LENGTH:
        return line
    words = line[:LABEL_LENGTH].rpartition(" ")[0]  # one character more, so that a word that just fits is kept
    return (words if len(words) >= LABEL_LENGTH * 2 // 3 else line[: LABEL_LENGTH - 1]).rstrip() + "…"


def _ranks(order: Iterable[Hashable]) -> dict[Hashable, int]:
    ranks: dict[Hashable, int] = {}
    if not isinstance(order, Iterable):
        raise InvalidRequestError(f"An order is a {type(order).__name__}, not a list.", hint=_KEYS)
    for rank, key in enumerate(order, start=1):
        if not isinstance(key, Hashable):
            raise InvalidRequestError(f"A key of an order is a {type(key).__name__}.", hint=_KEYS)
        if ranks.setdefault(key, rank) != rank:
            raise InvalidRequestError(f"{key!r} stands twice in one order.", hint=_KEYS)
    return ranks


def _move(key: Hashable, was: int | None, now: int | None) -> Move:
    return Move(key, was, now, None if was is None or now is None else was - now)


def _inversions(values: Sequence[int]) -> int:
    """How many pairs stand in falling order, by merge sort."""
    runs = [[value] for value in values]
    count = 0
    while len(runs) > 1:
        merged_runs = []
        for left, right in zip(runs[::2], runs[1::2], strict=False):
            merged: list[int] = []
            i = j = 0
            while i < len(left) and j < len(right):
                if left[i] < right[j]:
                    merged.append(left[i])
                    i += 1
                else:
                    merged.append(right[j])
                    j += 1
                    count += len(left) - i
            merged_runs.append(merged + left[i:] + right[j:])
        if len(runs) % 2:
            merged_runs.append(runs[-1])
        runs = merged_runs
    return count
