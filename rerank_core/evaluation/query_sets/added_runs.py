"""What people rated on a board, added to a query set: saved runs with their queries, documents and grades."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from rerank_core.documents.report import Problem
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.measures.measure import check_judgments
from rerank_core.evaluation.query_sets.query_set import (
    MAX_CANDIDATES,
    MAX_CHARACTERS,
    MAX_PAIRS,
    MAX_QUERIES,
    Query,
    QuerySet,
    make_queries,
)
from rerank_core.models import Document
from rerank_core.rank_fields import ranked_text

_ID_CHARACTERS = 12


class BoardRun(Protocol):
    """What is needed of a saved run (`storage.run_record.Run` is one): its query, its documents in the order in which
    they stood before reranking, the grades by place in that order, when it was made, and which fields were read."""

    @property
    def query(self) -> str: ...
    @property
    def documents(self) -> Sequence[Document]: ...
    @property
    def ratings(self) -> Mapping[int, int]: ...
    @property
    def order_name(self) -> str: ...
    @property
    def created(self) -> datetime: ...
    @property
    def rank_fields(self) -> Sequence[str]: ...


def with_runs(query_set: QuerySet, runs: Iterable[BoardRun], *, rater: str) -> QuerySet:
    """The set with the queries, documents, candidates and grades of these runs; nothing of the set is lost.

    - A query of the same text, white space around it apart, is the same query.
    - A document of the same id and text, or else of the same text, is the same document. The text is what models read
      of it by the set's `rank_fields`: where titles are read, one text under two titles is two documents. Two documents
      of one run that have ids of their own stay two. An id that stands for another text already gets a number: "kb-7"
      becomes "kb-7-2".
    - What has no id gets one out of its text, "q-" or "d-" and 12 hexadecimal digits, the same in every set; so that
      several people's files fit together, and every format can hold it.
    - Candidates keep their order; what a run has besides comes after them, in the order in which it stood. Where there
      would be more than MAX_CANDIDATES the rest is left out and named in `problems`, its grades are kept.
    - Queries that can be run keep their places, so that experiments on the set stay what they are.
    - The grade of a later run takes the place of one that `rater` gave before; those of others stay.
    - A document without a text is left out and named in `problems`.
    - The set's `rank_fields` stay what they are.

    Raises InvalidRequestError for a rater without a name, a grade that is none, and where the set would grow beyond its
    limits.
    """
    if not rater.strip():
        raise InvalidRequestError("Nobody is named as the rater.", hint="Type your name first.")
    grown = _Grown(query_set, rater)
    for run in sorted(runs, key=lambda run: run.created):
        grown.add(run)
    return grown.finish()


class _Grown:
    """A query set that runs are being added to."""

    def __init__(self, query_set: QuerySet, rater: str) -> None:
        self._set, self._rater = query_set, rater
        self._texts = {query.id: query.text for query in query_set.queries}
        self._queries = {text.strip(): query for query, text in reversed(self._texts.items())}
        self._candidates = {query.id: dict.fromkeys(query.candidates) for query in query_set.queries}
        self._documents = dict(query_set.documents)
        self._by_text: dict[str, list[str]] = {}
        for name, document in self._documents.items():
            self._by_text.setdefault(self._text(document), []).append(name)
        self._grades = {query: dict(own) for query, own in query_set.judgments.get(rater, {}).items()}
        self._problems = list(query_set.problems)

    def add(self, run: BoardRun) -> None:
        """Take one run over."""
        query = self._query(run.query)
        # The documents that this run has, by their ids in the set, and the ids that they have of their own.
        seen: dict[str, str | None] = {
            one.id: one.id
            for one in run.documents
            if one.id is not None and one.id in self._by_text.get(self._text(one), ())
        }
        blank = 0
        for place, document in enumerate(run.documents):
            if not self._text(document).strip():
                blank += 1
                continue
            name = self._document(document, seen)
            seen[name] = document.id
            self._candidates[query].setdefault(name)
            if place in run.ratings:
                self._grades.setdefault(query, {})[name] = run.ratings[place]
        if blank:
            what = "1 document has no text and is" if blank == 1 else f"{blank:,} documents have no text and are"
            self._problems.append(Problem(0, f"{what} left out of '{run.query[:80]}'."))

    def _text(self, document: Document) -> str:
        return ranked_text(document, self._set.rank_fields)

    def _query(self, text: str) -> str:
        known = self._queries.get(text.strip())
        if known is None:
            known = _free(_id_of("q", text.strip()), self._texts)
            self._queries[text.strip()], self._texts[known], self._candidates[known] = known, text, {}
        return known

    def _document(self, document: Document, seen: Mapping[str, str | None]) -> str:
        text = self._text(document)
        same = self._by_text.setdefault(text, [])
        if document.id in same:
            return document.id
        for name in same:
            if document.id is None or seen.get(name) in (None, document.id):
                return name
        name = _free(document.id or _id_of("d", document.text or text), self._documents)
        self._documents[name] = document
        same.append(name)
        return name

    def finish(self) -> QuerySet:
        """The set as it is now."""
        old = {query.id: query for query in self._set.queries}
        added = make_queries({name: text for name, text in self._texts.items() if name not in old}, {}, {})
        queries = []
        for query in (*self._set.queries, *added):
            candidates = tuple(self._candidates[query.id])
            if len(candidates) > max(MAX_CANDIDATES, len(query.candidates)):
                left = len(candidates) - MAX_CANDIDATES
                self._problems.append(Problem(0, f"'{query.text[:80]}' has {left:,} more candidates than are kept."))
                candidates = candidates[:MAX_CANDIDATES]
            queries.append(replace(query, candidates=candidates))
        # what becomes ready comes after what was, since experiments count the queries that can be run
        queries.sort(key=lambda query: query.id not in old or (query.ready and not old[query.id].ready))
        self._check(queries)
        return replace(
            self._set,
            queries=tuple(queries),
            documents=self._documents,
            judgments={**self._set.judgments, self._rater: self._grades},
            problems=tuple(self._problems),
        )

    def _check(self, queries: Sequence[Query]) -> None:
        if any(self._grades.values()):
            check_judgments(self._grades)
        pairs = sum(len(query.candidates) for query in queries)
        characters = sum(len(document.text) for document in self._documents.values())
        for number, most, what in (
            (len(queries), MAX_QUERIES, "queries"),
            (pairs, MAX_PAIRS, "candidates"),
            (characters, MAX_CHARACTERS, "characters of documents"),
        ):
            if number > most:
                raise InvalidRequestError(
                    f"The query set would have {number:,} {what}; at most {most:,} are kept.",
                    hint="Nothing was added. Start another query set for the rest.",
                )


def _id_of(kind: str, text: str) -> str:
    return f"{kind}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:_ID_CHARACTERS]}"


def _free(name: str, taken: Mapping[str, object]) -> str:
    """This id where nothing has it, else with the first number that is free."""
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(one for one in names if one not in taken)
