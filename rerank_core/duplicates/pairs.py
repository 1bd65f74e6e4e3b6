"""All pairs of texts, of up to 2,000 in meaning and 10,000 in wording: how alike they are, and the groups above a
threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerank_core.duplicates.grouping import Linkage, link, link_pairs
from rerank_core.duplicates.meaning import alike
from rerank_core.duplicates.measures import MEANING, WORDING, Measure, scale
from rerank_core.duplicates.wording import shared_wording
from rerank_core.duplicates.wording_pairs import like_pairs
from rerank_core.errors import InvalidDocumentsError, TooManyDocumentsError
from rerank_core.models import Document, DocumentInput, as_documents, texts_of
from rerank_core.offline.workers import taking_turns
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.retrieval.embedding import Vectors, embed_passages

MAX_TEXTS = 2_000
"""Texts that are compared every one with every other in meaning: two million pairs."""

MAX_IN_WORDING = 10_000
"""Texts that are compared every one with every other in wording alone: fifty million pairs."""

MAX_ALL_CHARACTERS = 20_000_000
"""Characters of all texts together that are compared every one with every other."""

OnProgress = Callable[[int, int], None]


class Pair(NamedTuple):
    """Two texts by their places (from 0, the lower first): wording 0..1, and meaning -1..1, None without a model."""

    first: int
    second: int
    wording: float
    meaning: float | None


class Group(NamedTuple):
    """Texts that are all alike, by their places in ascending order; `lowest` and `highest` of all their pairs."""

    members: tuple[int, ...]
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, eq=False)
class Duplicates:
    """How alike texts are, for every threshold from the floor of a measure upwards (see `measures.scale`).

    `documents` are the texts as they came; `model` is the local model behind the meaning, None for wording alone.
    `blank` are the places of blank texts, which are like nothing. `rank_fields` are the fields that were compared.
    """

    documents: tuple[Document, ...]
    model: str | None
    blank: tuple[int, ...]
    _first: NDArray[np.int32] = field(repr=False)
    _second: NDArray[np.int32] = field(repr=False)
    _values: Mapping[Measure, NDArray[np.float32]] = field(repr=False)
    _linkages: Mapping[Measure, Linkage] = field(repr=False)
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What the texts were compared by: wording, and meaning where there was a model."""
        return tuple(self._linkages)

    def count(self, measure: Measure, threshold: float) -> int:
        """How many pairs are at or above a threshold."""
        return int(np.count_nonzero(self._values[measure] >= np.float32(threshold)))

    def pairs(self, measure: Measure, threshold: float, limit: int | None = None) -> tuple[Pair, ...]:
        """The pairs at or above a threshold, most alike first, ties by wording and then in the order of the texts."""
        values = self._values[measure]
        chosen = np.flatnonzero(values >= np.float32(threshold))
        order = np.lexsort((-self._values[WORDING][chosen], -values[chosen]))[:limit]
        return tuple(self._pair(int(place)) for place in chosen[order])

    def groups(self, measure: Measure, threshold: float) -> tuple[Group, ...]:
        """The groups of two or more at a threshold: those whose texts are most alike first.

        Any two texts of a group are alike by the threshold or more; see `grouping.link` for why.
        """
        members = self._linkages[measure].groups(threshold)
        number = np.full(len(self.documents), -1)
        for place, group in enumerate(members):
            number[list(group)] = place
        inside = (number[self._first] == number[self._second]) & (number[self._first] >= 0)
        where, values = number[self._first][inside], self._values[measure][inside]
        lowest, highest = np.full(len(members), np.inf), np.full(len(members), -np.inf)
        np.minimum.at(lowest, where, values)
        np.maximum.at(highest, where, values)
        made = [Group(*each) for each in zip(members, lowest.tolist(), highest.tolist(), strict=True)]
        return tuple(sorted(made, key=lambda group: (-group.lowest, -len(group.members), group.members)))

    def within(self, members: Sequence[int], measure: Measure, limit: int | None = None) -> tuple[Pair, ...]:
        """The pairs of some texts that are above the floor of a measure, most alike first."""
        chosen = self._inside(members, measure)
        order = np.argsort(-self._values[measure][chosen], kind="stable")[:limit]
        return tuple(self._pair(int(place)) for place in chosen[order])

    def nearest(self, members: Sequence[int], measure: Measure) -> dict[int, Pair]:
        """For each of some texts the pair with the other one of them that is most like it."""
        chosen = self._inside(members, measure)
        # The most alike come last, so that they are what stands there in the end.
        chosen = chosen[np.argsort(-self._values[measure][chosen], kind="stable")[::-1]]
        best = np.full(len(self.documents), -1)
        best[np.stack([self._first[chosen], self._second[chosen]], axis=1).ravel()] = np.repeat(chosen, 2)
        return {member: self._pair(int(best[member])) for member in members if best[member] >= 0}

    def pair(self, one: int, other: int) -> Pair | None:
        """The pair of two texts in either order, None where it is under the floor of both measures."""
        size = len(self.documents)
        places = self._first.astype(np.int64) * size + self._second  # ascending: the matrix was read row by row
        wanted = min(one, other) * size + max(one, other)
        place = int(np.searchsorted(places, wanted))
        return self._pair(place) if place < len(places) and places[place] == wanted else None

    def _inside(self, members: Sequence[int], measure: Measure) -> NDArray[np.intp]:
        among = np.zeros(len(self.documents), bool)
        among[list(members)] = True
        floor = np.float32(scale(measure, self.model).floor)
        return np.flatnonzero(among[self._first] & among[self._second] & (self._values[measure] >= floor))

    def between(self, measure: Measure, threshold: float) -> int:
        """How many pairs above a threshold have their texts in two groups, or in none."""
        inside = sum(len(group) * (len(group) - 1) // 2 for group in self._linkages[measure].groups(threshold))
        return self.count(measure, threshold) - inside

    def summary(self, measure: Measure, threshold: float) -> str:
        """What was found, in a sentence for a person."""
        groups = self._linkages[measure].groups(threshold)
        texts, total = sum(map(len, groups)), len(self.documents)
        alike = "nearly the same wording" if measure == WORDING else "similar meaning"
        if not groups:
            return f"No two of {total:,} texts have {alike} at this threshold."
        number = "1 group" if len(groups) == 1 else f"{len(groups):,} groups"
        return f"{texts:,} of {total:,} texts stand in {number} of {alike}."

    def _pair(self, place: int) -> Pair:
        meaning = float(self._values[MEANING][place]) if MEANING in self._values else None
        return Pair(int(self._first[place]), int(self._second[place]), float(self._values[WORDING][place]), meaning)


def check_all_pairs(count: int, characters: int, model: str | None = None) -> None:
    """Raise InvalidDocumentsError or TooManyDocumentsError where all pairs of so many texts are not compared: in
    wording alone, or with a model in meaning too."""
    if count < 2:
        raise InvalidDocumentsError(
            "There are fewer than two texts to compare.", hint="Paste or upload at least two texts."
        )
    if count > MAX_IN_WORDING:
        raise TooManyDocumentsError(
            f"Every text is compared with every other for up to {MAX_IN_WORDING:,} texts; these are {count:,}.",
            hint="Compare one text against the rest, which takes any number, or choose a smaller collection.",
        )
    if model is not None and count > MAX_TEXTS:
        raise TooManyDocumentsError(
            f"Every text is compared with every other in meaning for up to {MAX_TEXTS:,} texts; these are {count:,}.",
            hint="Compare them by wording alone, which needs no model, or compare one text against the rest.",
        )
    if characters > MAX_ALL_CHARACTERS:
        raise TooManyDocumentsError(
            f"All texts together are longer than {MAX_ALL_CHARACTERS:,} characters.",
            hint="Compare one text against the rest, or leave the longest texts out.",
        )


def find_duplicates(
    documents: Iterable[DocumentInput],
    model: str | None,
    *,
    rank_fields: Sequence[str] = TITLE_AND_TEXT,
    vectors: Vectors | None = None,
    on_progress: OnProgress | None = None,
) -> Duplicates:
    """Compare every text with every other, in wording and, with the id of a local embedding model, in meaning.

    `rank_fields` are the fields of each document that are compared: the title, where there is one, and the text.
    `vectors` are of these fields by that model (`meaning.vectors_at`); without them they are made, and those of texts
    that the model has seen before come from its cache. `on_progress` hears texts done and texts in all; what it raises
    stops the work. Ids do not count. Raises what `check_all_pairs` raises, ModelNotFoundError for
    a model without vectors, and ConfigurationError where the model cannot be used here.
    """
    given = as_documents(documents)
    texts = texts_of(given, rank_fields)
    total = len(texts)
    check_all_pairs(total, sum(map(len, texts)), model)
    blank = tuple(place for place, text in enumerate(texts) if not text.strip())

    def tick(done: int) -> None:
        if on_progress is not None:
            on_progress(done, total)

    if model is None:
        with taking_turns(tick) as between:
            found = like_pairs(texts, scale(WORDING).floor, tick=between)
            linkage = link_pairs(total, found, check=lambda: between(total))
        return Duplicates(
            given,
            None,
            blank,
            found.first,
            found.second,
            {WORDING: found.values},
            {WORDING: linkage},
            tuple(rank_fields),
        )

    def check() -> None:
        tick(total)

    if vectors is None:
        vectors = embed_passages(model, texts, tick=tick)
    tables: dict[Measure, NDArray[np.float32]] = {
        WORDING: shared_wording(texts, check=check),
        MEANING: alike(vectors, total, check=check),
    }
    kept = np.zeros((total, total), bool)
    for measure, table in tables.items():
        kept |= table >= scale(measure, model).floor
    first, second = np.nonzero(np.triu(kept, 1))
    return Duplicates(
        given,
        model,
        blank,
        first.astype(np.int32),
        second.astype(np.int32),
        {measure: table[first, second] for measure, table in tables.items()},
        {measure: link(table, scale(measure, model).floor, check=check) for measure, table in tables.items()},
        tuple(rank_fields),
    )
