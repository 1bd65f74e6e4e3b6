"""A query set that several people rate: who does, what each of them rates, who is done, and who sees what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.judging.settling import DEFAULT_RULE, Rule
from rerank_core.evaluation.measures.measure import Judgments
from rerank_core.evaluation.query_sets.query_set import NO_PERSON, QuerySet

MAX_RATERS = 50
"""People who judge one set."""

MAX_NAME = 254
"""Characters of a rater's name: as long as an e-mail address may be."""


@dataclass(frozen=True, slots=True)
class AssignedRater:
    """Somebody who is to rate, and when they said that they were done (aware, UTC); None until then."""

    name: str
    done: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judging:
    """Who judges a query set together.

    `pool` has the documents that everybody rates, by query id: it stays what it was when it was assigned, so that all
    rate the same. `by` and `since` say who assigned it and when. `rule` says which grade counts where several people
    rated and nothing was settled. A set that nobody was assigned has no `raters`.
    """

    raters: tuple[AssignedRater, ...] = ()
    pool: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    by: str = ""
    since: datetime | None = None
    rule: Rule = DEFAULT_RULE

    @property
    def documents(self) -> int:
        """How many documents each rater is to rate, over all queries."""
        return sum(map(len, self.pool.values()))

    @property
    def under_way(self) -> bool:
        """Whether somebody is not done."""
        return any(one.done is None for one in self.raters)

    def rater(self, name: str) -> AssignedRater | None:
        """The rater of that name, None for who is none."""
        return next((one for one in self.raters if one.name == name), None)

    def is_done(self, name: str) -> bool:
        """Whether somebody rates here and is done."""
        found = self.rater(name)
        return found is not None and found.done is not None

    def is_blind(self, name: str) -> bool:
        """Whether somebody of that name does not see other people's ratings: until all are done, everybody but who is
        done already. Who leads the judging is not asked about."""
        return self.under_way and not self.is_done(name)


NOT_ASSIGNED = Judging()
"""Of a set that nobody was assigned."""


@dataclass(frozen=True, slots=True)
class RaterProgress:
    """How many of the `total` documents somebody has rated, and when they were done, None where they are not."""

    name: str
    rated: int
    total: int
    done: datetime | None = None

    @property
    def text(self) -> str:
        """ "Ann: 12 of 40 rated", "Ben: done, 40 of 40 rated"."""
        return f"{self.name}: {'done, ' if self.done else ''}{self.rated:,} of {self.total:,} rated"


def names_of_raters(typed: str | Collection[str]) -> tuple[str, ...]:
    """Names or addresses as somebody typed them, one a line or with commas or semicolons between: white space cut,
    each once, in the order in which they stand.

    Raises InvalidRequestError for none, for too many, and for a name that is too long or that ratings of files go by.
    """
    lines = typed.replace(",", "\n").replace(";", "\n").split("\n") if isinstance(typed, str) else typed
    names = tuple(dict.fromkeys(name for line in lines if (name := " ".join(line.split()))))
    if not names:
        raise InvalidRequestError("Nobody is named as a rater.", hint="Type the names of those who are to rate.")
    if len(names) > MAX_RATERS:
        raise InvalidRequestError(
            f"{len(names):,} raters are named, and {MAX_RATERS} is the most for one set.", hint="Name fewer."
        )
    for name in names:
        if len(name) > MAX_NAME:
            raise InvalidRequestError(
                f"The name '{name[:40]}...' has more than {MAX_NAME} characters.", hint="Use a shorter one."
            )
        if name in NO_PERSON:
            raise InvalidRequestError(f"'{name}' is what ratings of files go by.", hint="Give the rater another name.")
    return names


def progress(judging: Judging, judgments: Mapping[str, Judgments]) -> tuple[RaterProgress, ...]:
    """How far each rater is; `judgments` maps a rater to his ratings (QuerySet.judgments)."""
    total = judging.documents
    return tuple(
        RaterProgress(one.name, _rated(judging, judgments.get(one.name, {})), total, one.done) for one in judging.raters
    )


def seen_by(query_set: QuerySet, judging: Judging, name: str | None) -> QuerySet:
    """The set as somebody of that name may see it; None for who leads the judging, or sits at this computer alone.

    Whoever is blind (see Judging.is_blind) sees their own ratings, those that came with a file, and nothing that was
    settled.
    """
    if name is None or not judging.is_blind(name):
        return query_set
    visible = {rater: own for rater, own in query_set.judgments.items() if rater == name or rater in NO_PERSON}
    if len(visible) == len(query_set.judgments) and not query_set.settled:
        return query_set
    return replace(query_set, judgments=visible, settled={})


def _rated(judging: Judging, own: Judgments) -> int:
    return sum(name in own.get(query, ()) for query, names in judging.pool.items() for name in names)
