"""Where a query set comes from: files of any of the formats, a corpus or live engine, rated runs, the sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rerank_core.documents.report import Problem, count
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.merging import merge
from rerank_core.evaluation.measures.measure import USUAL_LARGEST_GRADE
from rerank_core.evaluation.query_sets.added_runs import BoardRun, with_runs
from rerank_core.evaluation.query_sets.changed_ids import cut_ids
from rerank_core.evaluation.query_sets.joining import joined
from rerank_core.evaluation.query_sets.query_set import (
    IMPORTED,
    SAMPLE_NAME,
    SAMPLE_RATER,
    QuerySet,
    bounded,
    count_queries,
    make_queries,
)
from rerank_core.models import Document
from rerank_core.rank_fields import TITLE_AND_TEXT

if TYPE_CHECKING:
    from rerank_core.retrieval.first_stage import FirstStage
    from rerank_core.retrieval.live.index import LiveIndex

SAMPLE_CANDIDATES = 30
"""Candidates of each query of the sample set."""

_KEYWORD_ORDER = "by keyword (BM25)"


def from_files(
    parts: Imported | Iterable[Imported],
    *,
    name: str = "My queries",
    rater: str = IMPORTED,
    order_name: str = "",
    match_ids: bool = True,
) -> QuerySet:
    """A query set out of one or several imports, such as a snapshot and the ratings for it.

    Candidates are the order in a file (a run); for a query that is in none, the documents rated for it, in the order
    of the file, where their texts are known. A query of one file that is named by its text is taken for the query of
    that text in another, and an id that a program has changed for the document that it was, unless `match_ids` is off
    (see joining.joined). The text of a document without one is its title; candidates that have neither cannot be
    scored: they are left out and named in `problems`.
    A query may end up without candidates; `QuerySet.with_candidates` finds some. Ratings go under `rater`, unless a
    file says whose they are.
    Raises InvalidRequestError where there are no queries.
    """
    imports: Sequence[Imported] = (parts,) if isinstance(parts, Imported) else tuple(parts)
    notes: list[str] = []
    if len(imports) != 1:
        imports, notes = joined(imports, match_ids=match_ids)
    merged = imports[0] if len(imports) == 1 else merge(imports)
    notes += dict.fromkeys(part.rating_note for part in imports if part.rating_note)
    problems = [*merged.problems, *_about_documents(merged)]
    if merged.more_problems:
        problems.append(Problem(0, f"{merged.more_problems:,} more places were left out or need a look."))
    texts = {query: merged.queries.get(query, query) for query in merged.query_ids}
    known = _texts(merged)
    candidates: dict[str, tuple[str, ...]] = {}
    from_ratings = 0
    without: set[str] = set()
    for query in texts:
        listed = merged.run.get(query)
        if listed is None and (rated := merged.judgments.get(query)):
            # A whole collection has a first stage of its own; what was rated is only a part of what it would find.
            listed = () if merged.kind == "beir" else tuple(rated)
            from_ratings += bool(listed)
        listed = listed or ()
        without.update(document for document in listed if document not in known)
        candidates[query] = tuple(document for document in listed if document in known)
    if without:
        some = ", ".join(f"'{document[:40]}'" for document in sorted(without)[:3])
        one = len(without) == 1
        missing = "its text" if one else "the texts"
        problems.append(
            Problem(
                0,
                f"{len(without):,} {'document has' if one else 'documents have'} no text and cannot be scored "
                f"({some}{', ...' if len(without) > 3 else ''}). Add a file that has {missing}.",
            )
        )
    if from_ratings:
        notes.append(f"For {count_queries(from_ratings)} the candidates are the rated documents, in the file's order.")
    highest = [max(max(own.values()) for own in part.judgments.values()) for part in imports if part.judgments]
    if len(highest) > 1 and max(highest) > USUAL_LARGEST_GRADE * max(1, min(highest)):
        notes.append(
            f"Ratings go to {min(highest)} in one file and to {max(highest)} in another, so they may be on different "
            "scales. Map the ratings of one of them where they are."
        )
    grades = {grade for own in merged.judgments.values() for grade in own.values()}
    if grades and (min(grades) < 0 or max(grades) > USUAL_LARGEST_GRADE):
        notes.append(
            f"Ratings go from {min(grades)} to {max(grades)}. They count as they are: a document is relevant from 1 "
            "on, and a higher rating weighs more."
        )
    documents = {document: Document(text, document, _metadata(merged, document)) for document, text in known.items()}
    made = QuerySet(
        name,
        make_queries(texts, candidates, merged.tags),
        documents,
        _by_rater(imports, rater),
        order_name or "as imported",
        tuple(problems),
        tuple(notes),
        dict(merged.answers),
        _scores(merged, candidates),
        dict(merged.notes),
    )
    if any(candidates.values()):
        return bounded(made)
    cut = bounded(made)  # the whole collection stays, since a search will need it
    return replace(cut, documents=documents)


def from_runs(runs: Iterable[BoardRun], *, rater: str, name: str = "My ratings") -> QuerySet:
    """A query set out of runs that `rater` rated on a board; see `with_runs`. Its models read the fields that the
    latest run read. Raises InvalidRequestError where there is no run, and what `with_runs` raises."""
    given = tuple(runs)
    orders = dict.fromkeys(run.order_name for run in given if run.order_name)
    latest = max(given, key=lambda run: run.created, default=None)
    empty = QuerySet(
        name,
        (),
        order_name=next(iter(orders)) if len(orders) == 1 else "as they stood",
        rank_fields=TITLE_AND_TEXT if latest is None else tuple(latest.rank_fields),
    )
    made = with_runs(empty, given, rater=rater)
    if not made.queries:
        raise InvalidRequestError("There are no runs.", hint="Rerank something and rate some results first.")
    return made


def from_sample(candidates: int = SAMPLE_CANDIDATES) -> QuerySet:
    """The rated sample query set: 165 queries in four languages over 66 articles, candidates by keyword."""
    from rerank_core.samples import rated_queries

    rated = rated_queries()
    documents = {document.id or "": document for document in rated.documents}
    search = search_collection(rated.documents, candidates)
    tags = {query: about["topic"] for query, about in rated.tags.items()}
    languages = {query: about["lang"] for query, about in rated.tags.items()}
    found = {query: tuple(document.id or "" for document in search(text)) for query, text in rated.queries.items()}
    return QuerySet(
        SAMPLE_NAME,
        make_queries(rated.queries, found, tags, languages),
        documents,
        {SAMPLE_RATER: {query: dict(grades) for query, grades in rated.judgments.items()}},
        _KEYWORD_ORDER,
        notes=(f"The up to {candidates} best of 66 articles by keyword, with ratings written for this project.",),
    )


def search_with(stage: FirstStage | LiveIndex, k: int = 100) -> Callable[[str], Sequence[Document]]:
    """The search of a first stage over a corpus, or of a live engine, as `with_candidates` takes it: query to the
    `k` best documents. Passages without an id are named after their place."""

    def search(query: str) -> Sequence[Document]:
        found: Any = stage.search(query, k)
        documents: Sequence[Document] = found.documents
        places = getattr(found, "candidates", None)
        if places is None:
            return documents
        return [
            document if document.id else replace(document, id=f"passage {place.index + 1}")
            for document, place in zip(documents, places, strict=True)
        ]

    return search


def search_collection(
    documents: Iterable[Document],
    k: int = 100,
    on_progress: Callable[[int, int], None] | None = None,
    rank_fields: Sequence[str] = TITLE_AND_TEXT,
) -> Callable[[str], Sequence[Document]]:
    """Search by keyword among documents in memory, such as those of a BEIR collection: the query to its `k` best by
    these fields of each. `on_progress` hears how many documents have been indexed."""
    from rerank_core.retrieval.first_stage import FirstStage
    from rerank_core.retrieval.passages import PassageList

    stage = FirstStage(PassageList(documents, rank_fields))
    stage.prepare(on_progress)
    return search_with(stage, k)


def _texts(merged: Imported) -> dict[str, str]:
    """What there is to rank of each document: its text, or its title where it has no text."""
    texts = {name: text for name, text in merged.documents.items() if text.strip()}
    for name in [*merged.documents, *merged.titles]:
        if name not in texts and (title := merged.title(name)).strip():
            texts[name] = title
    return texts


def _about_documents(merged: Imported) -> list[Problem]:
    """What is odd about the documents: those that hold nothing, and ids that have lost digits."""
    problems = []
    blank = [name for name, text in merged.documents.items() if not text.strip() and not merged.title(name).strip()]
    if blank:
        some = ", ".join(f"'{name[:40]}'" for name in blank[:3])
        verb = "has" if len(blank) == 1 else "have"
        problems.append(
            Problem(
                0, f"{count(len(blank), 'document')} ({some}) {verb} neither a text nor a title and cannot be found."
            )
        )
    cut = cut_ids({*merged.documents, *(name for own in merged.judgments.values() for name in own)})
    if cut:
        problems.append(
            Problem(
                0,
                f"{count(len(cut), 'id')}, such as '{min(cut)}', lost digits where a spreadsheet program took them for "
                "numbers. Save that column as text and add the file again.",
            )
        )
    return problems


def _metadata(merged: Imported, document: str) -> dict[str, Any]:
    about = dict(merged.metadata.get(document, {}))
    if title := merged.titles.get(document):
        about["title"] = title
    return about


def _by_rater(parts: Iterable[Imported], rater: str) -> dict[str, dict[str, dict[str, int]]]:
    """The ratings by who gave them; of two for one document by one person the first is kept, as `merge` does it."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for part in parts:
        for name, judgments in (part.raters or {rater: part.judgments}).items():
            for query, grades in judgments.items():
                own = found.setdefault(name, {}).setdefault(query, {})
                for document, grade in grades.items():
                    own.setdefault(document, grade)
    return found


def _scores(merged: Imported, candidates: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    found = {
        query: {document: own[document] for document in candidates[query] if document in own}
        for query, own in merged.scores.items()
    }
    return {query: own for query, own in found.items() if own}
