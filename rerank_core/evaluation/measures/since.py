"""One order against an earlier one, query by query, also where the same sheet was imported twice.

Queries of two sets are one where their words are; documents of one query are one where they have the same text, else
where they have the same id. Both orders are measured by the same ratings, those of the two sets together: where both
have a grade of one document, the later one counts. So a grade that was changed meanwhile is no gain of an order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.measures.measure import Judgments, measure
from rerank_core.evaluation.measures.significance import PairedTest, compare_values
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from rerank_core.models import Document
from rerank_core.rank_fields import ranked_text

BEFORE, AFTER = "Earlier", "Later"


@dataclass(frozen=True, slots=True)
class RatedOrder:
    """An order of the queries of a set: query id to document ids, best first. `judgments` are the ratings that
    count."""

    query_set: QuerySet
    run: Mapping[str, Sequence[str]] = field(hash=False)
    judgments: Judgments = field(hash=False)


@dataclass(frozen=True, slots=True)
class QuerySince:
    """What became of one query: its value of the measure then and now; `query` is the later one."""

    query: Query
    before: float
    after: float

    @property
    def change(self) -> float:
        """The later value minus the earlier one."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Since:
    """What became of the queries that both orders answered and that are rated.

    `compared` is the later order against the earlier one, with the interval of the mean difference; `queries` has the
    worst change first. `only_before` and `only_after` count the queries of one set that the other does not have,
    `unanswered` those of both that one of the orders lacks or nobody rated, `regraded` the documents whose grade is
    another now, `edited` the documents that have the same id and another text.
    """

    compared: PairedTest
    queries: tuple[QuerySince, ...]
    only_before: int
    only_after: int
    unanswered: int
    regraded: int
    edited: int


def since(before: RatedOrder, after: RatedOrder, name: str) -> Since:
    """Hold an order against an earlier one on a measure (a name of ir-measures, such as "nDCG@10").

    Raises InvalidRequestError where the two sets share no query that both answered and that is rated.
    """
    pairs = same_queries(before.query_set.queries, after.query_set.queries)
    judgments: dict[str, dict[str, int]] = {}
    runs: dict[str, dict[str, tuple[str, ...]]] = {BEFORE: {}, AFTER: {}}
    regraded = edited = 0
    for now, was in pairs.items():
        if was not in before.run or now not in after.run:
            continue
        old = before.judgments.get(was, {})
        new = after.judgments.get(now, {})
        names = _names({*old, *before.run[was]}, {*new, *after.run[now]}, before.query_set, after.query_set)
        earlier = {names.of[document]: grade for document, grade in old.items()}
        if not earlier and not new:
            continue
        regraded += sum(new[document] != grade for document, grade in earlier.items() if document in new)
        edited += names.edited
        judgments[now] = earlier | dict(new)
        runs[BEFORE][now] = tuple(names.of[document] for document in before.run[was])
        runs[AFTER][now] = tuple(after.run[now])
    if not judgments:
        raise InvalidRequestError(
            "The two evaluations have no rated query in common that both have answered.",
            hint="Choose two evaluations of the same query set, or of two imports of the same sheet.",
            code="nothing_in_common",
        )
    values = {label: measure(judgments, run, [name])[name].by_query for label, run in runs.items()}
    by_id = {query.id: query for query in after.query_set.queries}
    found = [QuerySince(by_id[query], values[BEFORE][query], values[AFTER][query]) for query in judgments]
    return Since(
        compared=compare_values(values, name)[BEFORE, AFTER],
        queries=tuple(sorted(found, key=lambda one: one.change)),
        only_before=len(before.query_set.queries) - len(pairs),
        only_after=len(after.query_set.queries) - len(pairs),
        unanswered=len(pairs) - len(judgments),
        regraded=regraded,
        edited=edited,
    )


def same_queries(before: Sequence[Query], after: Sequence[Query]) -> dict[str, str]:
    """The id of each later query with that of the earlier one that it is: of the same id and the same words, else of
    the same words, the first of several; capital letters and blanks do not count. Each stands once."""
    left = {query.id: _words(query.text) for query in before}
    pairs = {query.id: query.id for query in after if left.get(query.id) == _words(query.text)}
    waiting: defaultdict[str, deque[str]] = defaultdict(deque)
    for name, text in left.items():
        if name not in pairs:
            waiting[text].append(name)
    for query in after:
        if query.id not in pairs and waiting.get(_words(query.text)):
            pairs[query.id] = waiting[_words(query.text)].popleft()
    return pairs


def _words(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class _Names:
    """`of` has for each earlier document of a query its id among the later ones."""

    of: dict[str, str]
    edited: int


def _names(before: Collection[str], after: Collection[str], first: QuerySet, second: QuerySet) -> _Names:
    of: dict[str, str] = {}
    edited = 0
    by_text: dict[str, str] = {}
    for name in sorted(after):
        if name in second.documents:
            by_text.setdefault(_text(second.documents[name]), name)
    taken: set[str] = set()
    for name in sorted(before):  # the same id and text, then the same text, lest one text that stands twice is one
        if name in after and _same(first.documents.get(name), second.documents.get(name)):
            of[name] = name
            taken.add(name)
    for name in sorted(before):
        document = first.documents.get(name)
        found = by_text.get(_text(document)) if document is not None else None
        if name not in of and found is not None and found not in taken:
            of[name] = found
            taken.add(found)
    for name in sorted(before):
        if name not in of and name in after and name not in taken:
            of[name] = name
            taken.add(name)
            edited += name in first.documents and name in second.documents
    free = {name: f"{name} (earlier)" for name in before if name not in of}
    for name, new in free.items():  # an id of the other set may be called like it
        while new in after or new in taken:
            new += "'"
        of[name] = new
        taken.add(new)
    return _Names(of, edited)


def _same(one: Document | None, other: Document | None) -> bool:
    return one is None or other is None or _text(one) == _text(other)


def _text(document: Document) -> str:
    return ranked_text(document, ("title", "text"))
