"""Several imports as one, such as a run, the texts for it and the ratings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from rerank_core.evaluation.formats.imported import ImportBuilder, Imported

V = TypeVar("V")
Named = Callable[[str, str], str]
"""What a document is called: its query ("" where none is meant) and its id in the file to its name."""

_BESIDE = ("titles", "metadata", "answers", "tags", "notes")


def merge(parts: Iterable[Imported]) -> Imported:
    """Several imports as one, such as the files of a BEIR folder; the first wins where two say different things. But a
    run with ranks or scores wins over the order of rows, and the text of a query over its id alone, whichever comes
    first."""
    parts = tuple(parts)
    kinds = {part.kind for part in parts}
    builder = ImportBuilder(kinds.pop() if len(kinds) == 1 else "table")
    apart = any(part.raters for part in parts)  # then each of two ratings that differ is kept, as its rater's own
    differing: dict[str, int] = {}
    for part in parts:
        builder.problems.take(part.problems, part.more_problems)
        for query, text in part.queries.items():
            if builder.queries.get(query) == query:
                builder.queries[query] = text  # an id stood for a text that was not known yet
            elif text != query or query not in builder.queries:
                builder.query(0, query, text)
        for document, text in part.documents.items():
            builder.document(0, document, text)
        for query, other in _merge_judgments(builder.judgments, part.judgments).items():
            differing[query] = differing.get(query, 0) + other
        for rater, judgments in part.raters.items():
            _merge_judgments(builder.raters.setdefault(rater, {}), judgments)
        for name in _BESIDE:
            values = getattr(builder, name)
            values.update({key: value for key, value in getattr(part, name).items() if key not in values})
        for query, names in part.aliases.items():
            own = builder.aliases.setdefault(query, {})
            own.update({name: other for name, other in names.items() if name not in own})
    if differing and not apart:
        number, where = sum(differing.values()), _named(list(differing))
        builder.refuse(0, f"{number:,} ratings for {where} differ between the files; the first ones are kept.")
    _merge_runs(builder, parts)
    return builder.finish()


def _merge_runs(builder: ImportBuilder, parts: Sequence[Imported]) -> None:
    """Take the results: the first ones of those with ranks or scores, else the first ones."""
    taken: dict[str, Imported] = {}
    unranked: list[str] = []
    differing: list[str] = []
    for part in sorted(parts, key=lambda part: part.row_order):
        for query, documents in part.run.items():
            first = taken.setdefault(query, part)
            if first is part:
                builder.places[query] = {document: (place,) for place, document in enumerate(documents)}
                if query in part.scores:
                    builder.scores[query] = dict(part.scores[query])
            elif first.run[query] != documents:
                (unranked if part.row_order and not first.row_order else differing).append(query)
            elif query in part.scores:
                builder.scores.setdefault(query, dict(part.scores[query]))
    builder.row_order = bool(taken) and all(part.row_order for part in taken.values())
    if unranked:
        builder.refuse(
            0,
            f"For {_named(unranked)} the results come from the file with ranks or scores, not from the order of the "
            "rows in another one.",
        )
    if differing:
        builder.refuse(0, f"The files give different results for {_named(differing)}; the first ones are kept.")


def _named(queries: Sequence[str]) -> str:
    some = ", ".join(f"'{query[:60]}'" for query in dict.fromkeys(queries[:3]))
    return some if len(queries) <= 3 else f"{len(queries):,} queries, such as {some},"


def _merge_judgments(judgments: dict[str, dict[str, int]], more: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Add the judgments that are not there yet; gives, by query, how many of the others differ."""
    differing: dict[str, int] = {}
    for query, grades in more.items():
        own = judgments.setdefault(query, {})
        if other := sum(own.setdefault(document, grade) != grade for document, grade in grades.items()):
            differing[query] = other
    return differing


def renamed(part: Imported, named: Named) -> Imported:
    """The import with other names for its documents, wherever they stand; of two that become one the first counts."""

    def of_query(values: Mapping[str, Mapping[str, V]]) -> dict[str, dict[str, V]]:
        found: dict[str, dict[str, V]] = {}
        for query, own in values.items():
            mine = found.setdefault(query, {})
            for document, value in own.items():
                mine.setdefault(named(query, document), value)
        return found

    def of_documents(values: Mapping[str, V]) -> dict[str, V]:
        found: dict[str, V] = {}
        for document, value in values.items():
            found.setdefault(named("", document), value)
        return found

    return replace(
        part,
        documents=of_documents(part.documents),
        titles=of_documents(part.titles),
        metadata=of_documents(part.metadata),
        judgments=of_query(part.judgments),
        scores=of_query(part.scores),
        run={
            query: tuple(dict.fromkeys(named(query, document) for document in own)) for query, own in part.run.items()
        },
        raters={rater: of_query(own) for rater, own in part.raters.items()},
        aliases={
            query: {name: named(query, other) for name, other in own.items()} for query, own in part.aliases.items()
        },
    )
