"""Objects that name documents by query, `{query: {document: number}}`: what ranx, MTEB, BEIR and pytrec_eval keep."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rerank_core.documents.tables.fields import listed_names
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files import rows
from rerank_core.evaluation.measures.measure import LARGEST_GRADE, SMALLEST_GRADE

_DEPTH = 4
_ID = re.compile(r"\S{1,200}")
# Names of parts of a configuration or of statistics. "default" and "test" are none: MTEB has ratings under them.
_SECTIONS = frozenset(
    listed_names(
        "_shards, cache, config, configuration, counters, counts, cpu, dependencies, devdependencies, docs, env, "
        "environment, features, flags, index, indices, info, limits, memory, meta, metadata, options, params, "
        "parameters, performance, persistent, pool, primaries, properties, scripts, segments, server, settings, "
        "shards, stats, statistics, store, summary, threads, timeouts, timings, total, totals, transient, usage, "
        "version, versions"
    )
)
# Names of what is counted or set, of which each document's id would have to be one.
_SETTING = re.compile(
    r"(?:number_of|num|max|min|total|n)_\w+|\w+_(?:count|size|bytes|ms|seconds|timeout|tokens|limit|k|p)|"
    r"count|deleted|total|successful|skipped|failed|limit|port|size|timeout|workers",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_JUDGED = "Whole numbers by query were read as ratings. If they are scores, choose 'Run by query' under 'Kind of file'."
_RANKED = (
    "The numbers by query were read as scores. If they are ratings, choose 'Ratings by query' under 'Kind of file'."
)


def kind_of(value: Any) -> str | None:
    """Whether an object holds ratings, which are whole numbers, or scores, by query; None where neither, as in the
    settings of a program."""
    found = next((part for part in _all_by_query(value) if not part.is_settings), None)
    if found is None:
        return None
    numbers = [number for documents in found.queries.values() for number in _numbers(documents)]
    grades = all(float(number).is_integer() and SMALLEST_GRADE <= number <= LARGEST_GRADE for number in numbers)
    return "json-judgments" if numbers and grades else "json-run"


def read(value: Any, kind: str, *, guessed: bool = False) -> Imported:
    """Ratings or a run by query; of several such objects in one, as MTEB has one for each part, the first is read."""
    every = list(_all_by_query(value))
    found = [part for part in every if not part.is_settings] or every
    notes = [_JUDGED if kind == "json-judgments" else _RANKED] if guessed else []
    if len(found) > 1:
        others = ", ".join(f"'{part.name}'" for part in found[1:6])
        notes.append(f"Of several parts '{found[0].name}' is read, not {others}{', ...' if len(found) > 6 else ''}.")
    role = "rating" if kind == "json-judgments" else "score"
    listed = [
        (0, {"query": query, "id": about[0], role: about[1]})
        for part in found[:1]
        for query, documents in part.queries.items()
        for about in _of_documents(documents)
    ]
    return rows.read(kind, listed, {"query": "query", "id": "id", role: role}, notes)


def _of_documents(documents: Any) -> list[tuple[str, Any]]:
    """The documents of a query with their numbers; a list of ids is best first."""
    if isinstance(documents, list):
        return [(name, len(documents) - place) for place, name in enumerate(documents)]
    return [*documents.items()] or [("", "")]


def _numbers(documents: Any) -> list[float]:
    return [] if isinstance(documents, list) else [*documents.values()]


class _Part(NamedTuple):
    """An object of this layout: the names under which it lies, outermost first, and what it has by query."""

    path: tuple[str, ...]
    queries: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.path[-1] if self.path else ""

    @property
    def is_settings(self) -> bool:
        """Whether these are rather the settings or statistics of a program: what they lie under is called so, and no
        id has a digit; or all that would be ids are names of what is set or counted."""
        ids = [str(name) for documents in self.queries.values() for name in documents]
        if all(map(_SETTING.fullmatch, ids)):
            return True
        sections = any(map(_is_section, self.path)) or all(map(_is_section, self.queries))
        return sections and not any(map(_DIGIT.search, ids))


def _is_section(name: str) -> bool:
    return name.strip().casefold() in _SECTIONS


def _all_by_query(value: Any, path: tuple[str, ...] = ()) -> Iterator[_Part]:
    """Each object of this layout that lies within a value."""
    if not isinstance(value, dict) or not value or len(path) >= _DEPTH:
        return
    if all(_is_documents(documents) for documents in value.values()) and any(value.values()):
        yield _Part(path, value)
        return
    for key, inside in value.items():
        yield from _all_by_query(inside, (*path, str(key)))


def _is_documents(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(number) in (int, float) for number in value.values())
    return (
        isinstance(value, list) and bool(value) and all(isinstance(name, str) and _ID.fullmatch(name) for name in value)
    )
