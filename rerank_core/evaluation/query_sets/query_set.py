"""A set of queries with their candidate documents, in the order some search gave them, and people's ratings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from rerank_core.documents.report import Problem, count
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.judging.settling import DEFAULT_RULE, Rule, Settled, agreed_grade
from rerank_core.language import guess
from rerank_core.models import Document
from rerank_core.rank_fields import TITLE_AND_TEXT, ranked_text

if TYPE_CHECKING:
    from rerank_core.evaluation.formats.imported import Imported

MAX_QUERIES = 5_000
"""Queries of one set; the ones that come first are kept."""

MAX_CANDIDATES = 1_000
"""Candidates of one query: what a hosted service takes in one request, so that one query is one request."""

MAX_PAIRS = 500_000
"""Candidates of all queries together."""

MAX_CHARACTERS = 200_000_000
"""Characters of all documents together."""

LENGTHS = ("short", "sentence", "long")
"""A query of up to 5 words, of up to 25, and a longer one, such as a ticket."""

SAMPLE_NAME = "Sample: support questions"
"""What the rated sample is called; nobody's own set is, so that nothing is written into it."""

IMPORTED, SAMPLE_RATER = "imported", "sample"
NO_PERSON = frozenset((IMPORTED, SAMPLE_RATER))
"""The names of raters whose ratings came with a file or with the sample: nobody rates as one of them."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query: its `candidates` are document ids in their initial order. `tag` is a label of the user's own,
    `lang` an ISO code (None where it cannot be told), `length` one of LENGTHS."""

    id: str
    text: str
    candidates: tuple[str, ...] = ()
    tag: str | None = None
    lang: str | None = None
    length: str = "short"

    @property
    def ready(self) -> bool:
        """Whether there is anything to rerank."""
        return bool(self.candidates) and bool(self.text.strip())


class Written(NamedTuple):
    """Which writing of a set these queries and documents were read from: its `mark`, that no other writing has."""

    mark: str
    queries: tuple[Query, ...]
    documents: Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Queries, the documents they are about, and ratings, one set of judgments for each rater.

    `documents` maps an id to the Document of that id; every candidate is in it. `order_name` says what the initial
    order is. `problems` are what an import left out, `notes` sentences about how the set came about.
    `answers` are reference answers by query id, `scores` those of the initial order by query and document id, and
    `file_notes` what belonged to a file as a whole (see Imported.notes): kept to be given back by a download.
    `rank_fields` are the fields of each document that the models read (see `rerank_core.rank_fields`).
    `settled` are the grades that were decided on where raters differed, and `rule` says which grade counts where
    several people rated and nothing was settled (see `judging.settling`). `written` is for a store, so that `mark` can
    tell a set that was read from another one.
    Made by the functions of `evaluation.sources`; it never changes, `rated` and the like give a new one.
    """

    name: str
    queries: tuple[Query, ...]
    documents: Mapping[str, Document] = field(default_factory=dict, hash=False)
    judgments: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict, hash=False)
    order_name: str = "as imported"
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict, hash=False)
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict, hash=False)
    file_notes: Mapping[str, str] = field(default_factory=dict, hash=False)
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT
    settled: Settled = field(default_factory=dict, hash=False)
    rule: Rule = DEFAULT_RULE
    written: Written | None = field(default=None, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def mark(self) -> str:
        """What tells these queries and documents from all others, whatever their ratings, name and fields that models
        read; empty where they were never kept or were changed since."""
        own = self.written
        same = own is not None and own.queries is self.queries and own.documents is self.documents
        return own.mark if own is not None and same else ""

    def query(self, query_id: str) -> Query:
        """The query of that id; KeyError where there is none."""
        for query in self.queries:
            if query.id == query_id:
                return query
        raise KeyError(query_id)

    @property
    def ready(self) -> tuple[Query, ...]:
        """The queries that have candidates and can be run."""
        return tuple(query for query in self.queries if query.ready)

    @property
    def pairs(self) -> int:
        """How many documents are to be scored for all queries together."""
        return sum(len(query.candidates) for query in self.queries)

    @property
    def raters(self) -> tuple[str, ...]:
        """Everybody who rated at least one document."""
        return tuple(name for name, grades in self.judgments.items() if any(grades.values()))

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag, sorted."""
        return tuple(sorted({query.tag for query in self.queries if query.tag}))

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language code that a query has, sorted."""
        return tuple(sorted({query.lang for query in self.queries if query.lang}))

    @property
    def initial(self) -> dict[str, tuple[str, ...]]:
        """The initial order as a run: query id to document ids, best first."""
        return {query.id: query.candidates for query in self.queries if query.candidates}

    @property
    def judged(self) -> int:
        """How many queries have at least one rating by anybody, or a settled grade."""
        rated = {query for grades in (*self.judgments.values(), self.settled) for query, own in grades.items() if own}
        return sum(query.id in rated for query in self.queries)

    def documents_of(self, query: Query) -> tuple[Document, ...]:
        """The candidates of a query as Documents, in their initial order."""
        return tuple(self.documents[name] for name in query.candidates)

    def combined(self, raters: Iterable[str] | None = None) -> dict[str, dict[str, int]]:
        """One set of judgments out of several raters' (None: all). A person's grade of a document takes the place of
        one that came with the set; of several people's it is one by the set's `rule`. A settled grade takes the
        place of both, but where only some of the raters are asked for. Queries without a grade are not in it."""
        chosen = tuple(self.judgments if raters is None else raters)
        settled = self.settled if set(self.raters).issubset(chosen) else {}
        people = [self.judgments[name] for name in chosen if name not in NO_PERSON]
        came_along = [self.judgments[name] for name in chosen if name in NO_PERSON]
        merged: dict[str, dict[str, int]] = {}
        for query in self.queries:
            found: dict[str, list[int]] = {}
            for grades in people:
                for document, grade in grades.get(query.id, {}).items():
                    found.setdefault(document, []).append(grade)
            own = {name: grade for grades in came_along for name, grade in grades.get(query.id, {}).items()}
            own |= {name: agreed_grade(grades, self.rule) for name, grades in found.items()}
            own |= {name: one.grade for name, one in settled.get(query.id, {}).items()}
            if own:
                merged[query.id] = own
        return merged

    def rated(self, rater: str, query_id: str, document_id: str, grade: int | None) -> QuerySet:
        """The set with one rating more, or with that rating taken back (None)."""
        mine = {query: dict(grades) for query, grades in self.judgments.get(rater, {}).items()}
        grades = mine.setdefault(query_id, {})
        if grade is None:
            grades.pop(document_id, None)
        else:
            grades[document_id] = grade
        return replace(self, judgments={**self.judgments, rater: mine})

    def with_candidates(
        self,
        search: Callable[[str], Sequence[Document]],
        order_name: str,
        *,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> QuerySet:
        """The set with candidates that a first stage found for the queries that have none.

        `search` takes a query and returns Documents, best first, each with an id; ids are those of the ratings, so
        they are kept as they are. `on_progress` hears queries done and queries in all; what it raises, and what
        `search` raises, ends the work.
        """
        documents = dict(self.documents)
        problems = list(self.problems)
        asked = [query for query in self.queries if not query.candidates]
        found: dict[str, tuple[str, ...]] = {}
        for place, query in enumerate(asked):
            if on_progress is not None:
                on_progress(place, len(asked))
            if query.text.strip():
                found[query.id] = _adopted(search(query.text), documents)
            if not found.get(query.id):
                problems.append(Problem(0, f"Nothing was found for '{query.text[:80]}'; it has no candidates."))
        if on_progress is not None:
            on_progress(len(asked), len(asked))
        queries = tuple(replace(query, candidates=found.get(query.id, query.candidates)) for query in self.queries)
        return bounded(
            replace(
                self,
                queries=queries,
                documents=documents,
                order_name=order_name,
                problems=tuple(problems),
                scores={query: own for query, own in self.scores.items() if query not in found},
            )
        )

    def imported(
        self,
        raters: Iterable[str] | None = None,
        *,
        apart: bool = False,
    ) -> Imported:
        """The set as `evaluation.write` takes it: ratings of these raters (None: all) combined, each one's own as well
        with `apart`, and the initial order with the scores that it came with."""
        from rerank_core.evaluation.formats.imported import Imported

        chosen = self.raters if raters is None else tuple(raters)
        return Imported(
            "table",
            queries={query.id: query.text for query in self.queries},
            documents={name: document.text for name, document in self.documents.items()},
            judgments=self.combined(chosen),
            # a query that found nothing is part of the order too
            run={query.id: query.candidates for query in self.queries} if self.pairs else {},
            scores=self.scores,
            titles={
                name: str(document.metadata["title"])
                for name, document in self.documents.items()
                if document.metadata.get("title")
            },
            metadata={
                name: {key: value for key, value in document.metadata.items() if key != "title"}
                for name, document in self.documents.items()
                if set(document.metadata) - {"title"}
            },
            tags={query.id: query.tag for query in self.queries if query.tag},
            answers=self.answers,
            notes=self.file_notes,
            raters={name: self.judgments[name] for name in chosen} if apart else {},
        )


def describe(query_set: QuerySet) -> str:
    """The set in one sentence: "50 queries with 4,800 candidates; 48 of them can be run, 40 have ratings"."""
    ready = len(query_set.ready)
    parts = f"{count_queries(len(query_set))} with {count(query_set.pairs, 'candidate')}"
    if ready < len(query_set):
        parts += f"; {ready:,} can be run"
    return f"{parts}; {query_set.judged:,} have ratings"


def count_queries(number: int) -> str:
    """ "1 query", "2 queries"."""
    return f"{number:,} {'query' if number == 1 else 'queries'}"


def length_of(text: str, lang: str | None = None) -> str:
    """Which of LENGTHS a query is: up to 5 words, up to 25, or more; two characters of a script without spaces
    count as a word."""
    if lang in ("ja", "zh", "th") or (lang is None and not text.isascii() and " " not in text.strip()):
        words = len(text.strip()) / 2
    else:
        words = len(text.split())
    return "short" if words <= 5 else "sentence" if words <= 25 else "long"


def make_queries(
    texts: Mapping[str, str],
    candidates: Mapping[str, Sequence[str]],
    tags: Mapping[str, str],
    languages: Mapping[str, str] | None = None,
) -> tuple[Query, ...]:
    """Queries out of their parts; languages that are not given are guessed."""
    made = []
    for name, text in texts.items():
        lang = (languages or {}).get(name) or guess(text)
        made.append(Query(name, text, tuple(candidates.get(name, ())), tags.get(name), lang, length_of(text, lang)))
    return tuple(made)


def bounded(query_set: QuerySet) -> QuerySet:
    """The set cut to the limits, each cut named in `problems`, without the documents that no query needs any more.

    Raises InvalidRequestError where there is no query at all.
    """
    if not query_set.queries:
        raise InvalidRequestError("There are no queries.", hint="Load a file that has some, or type them in.")
    problems = list(query_set.problems)
    queries: list[Query] = []
    pairs = 0
    for query in query_set.queries[:MAX_QUERIES]:
        candidates = query.candidates
        if len(candidates) > MAX_CANDIDATES:
            problems.append(
                Problem(
                    0,
                    f"'{query.text[:80]}' has {len(candidates):,} candidates; the first {MAX_CANDIDATES:,} are kept.",
                )
            )
            candidates = candidates[:MAX_CANDIDATES]
        if pairs + len(candidates) > MAX_PAIRS:
            problems.append(
                Problem(
                    0,
                    f"The limit is {MAX_PAIRS:,} candidates in all; the first {count_queries(len(queries))} are kept.",
                )
            )
            break
        pairs += len(candidates)
        queries.append(query if candidates is query.candidates else replace(query, candidates=candidates))
    if len(query_set.queries) > MAX_QUERIES:
        problems.append(
            Problem(
                0,
                f"The limit is {MAX_QUERIES:,} queries; the first ones are kept and "
                f"{len(query_set.queries) - MAX_QUERIES:,} are not.",
            )
        )
    judgments, answers, scores = query_set.judgments, query_set.answers, query_set.scores
    if len(queries) < len(query_set.queries):
        kept = {query.id for query in queries}
        judgments = {
            rater: {query: own for query, own in grades.items() if query in kept} for rater, grades in judgments.items()
        }
        answers = {query: text for query, text in answers.items() if query in kept}
        scores = {query: own for query, own in scores.items() if query in kept}
    used = set(_used(queries, judgments))
    documents = {name: document for name, document in query_set.documents.items() if name in used}
    size = sum(len(document.text) for document in documents.values())
    if size > MAX_CHARACTERS:
        raise InvalidRequestError(
            f"The documents have {size / 1e6:,.0f} million characters; at most {MAX_CHARACTERS / 1e6:,.0f} are kept.",
            hint="Use fewer queries, fewer candidates a query, or shorter documents.",
        )
    return replace(
        query_set,
        queries=tuple(queries),
        documents=documents,
        judgments=judgments,
        problems=tuple(problems),
        answers=answers,
        scores=scores,
    )


def _used(queries: Sequence[Query], judgments: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Iterator[str]:
    for query in queries:
        yield from query.candidates
        for grades in judgments.values():
            yield from grades.get(query.id, ())


def _adopted(found: Sequence[Document], documents: dict[str, Document]) -> tuple[str, ...]:
    """Ids of what a search found; what is new goes into `documents`. Several passages under one id and without a
    text of their own keep the first."""
    names: dict[str, None] = {}
    for document in found:
        name = document.id or document.text or ranked_text(document)
        known = documents.setdefault(name, document)
        number = 2
        while known.text != document.text:
            name = f"{document.id or 'passage'} ({number})"
            known = documents.setdefault(name, document)
            number += 1
        names.setdefault(name)
    return tuple(names)
