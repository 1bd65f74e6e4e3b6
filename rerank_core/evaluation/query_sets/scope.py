"""What the figures are over: which queries of a set, whose ratings, and the sentence that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rerank_core.evaluation.query_sets.query_set import QuerySet, count_queries

_LENGTHS = {"short": "up to 5 words", "sentence": "6 to 25 words", "long": "more than 25 words"}
_NAMED = 4
_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Scope:
    """A choice among the queries and raters of a set: any of the tags, any of the languages, any of the lengths (see
    LENGTHS), and the ratings of these raters. What is left empty is not narrowed."""

    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    lengths: tuple[str, ...] = ()
    raters: tuple[str, ...] = ()

    def within(self, query_set: QuerySet) -> Scope:
        """The choice without what this set does not have, such as a tag of another one."""
        lengths = {query.length for query in query_set.queries}
        return Scope(
            tuple(tag for tag in self.tags if tag in query_set.tags),
            tuple(language for language in self.languages if language in query_set.languages),
            tuple(length for length in self.lengths if length in lengths),
            tuple(rater for rater in self.raters if rater in query_set.raters),
        )

    def only(self, query_set: QuerySet) -> tuple[str, ...] | None:
        """Ids of the queries that are left in; None where all are."""
        if not (self.tags or self.languages or self.lengths):
            return None
        found = tuple(
            query.id
            for query in query_set.queries
            if (not self.tags or query.tag in self.tags)
            and (not self.languages or query.lang in self.languages)
            and (not self.lengths or query.length in self.lengths)
        )
        return None if len(found) == len(query_set) else found

    def counted(self, query_set: QuerySet) -> tuple[str, ...]:
        """Whose ratings count."""
        return self.raters or query_set.raters

    def text(self, query_set: QuerySet) -> str:
        """The choice in a sentence without a full stop: "Only language de: 26 of 165 queries; ratings by Ann". Empty
        where all queries and all ratings count."""
        only = self.only(query_set)
        parts = []
        if only is not None:
            named = (
                ("tag", self.tags),
                ("language", self.languages),
                ("queries of", tuple(_LENGTHS.get(length, length) for length in self.lengths)),
            )
            chosen = ", ".join(f"{kind} {_any_of(values)}" for kind, values in named if values)
            parts.append(f"Only {chosen}: {len(only):,} of {count_queries(len(query_set))}")
        if set(self.counted(query_set)) != set(query_set.raters):
            whose = f"ratings by {_any_of(self.raters, 'and')}"
            parts.append(whose if parts else f"Only {whose}")
        return "; ".join(parts)


def _any_of(values: Sequence[str], word: str = "or") -> str:
    """ "a, b or c"; many are counted, long ones cut."""
    names = [one if len(one) <= _CHARACTERS else f"{one[: _CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}" for one in values]
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1:,} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
