"""Groups of duplicates as files to take away: a spreadsheet-safe CSV and a versioned JSON document."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from rerank_core.duplicates.measures import MEANING, Measure
from rerank_core.duplicates.pairs import Duplicates
from rerank_core.duplicates.reference import ComparedText
from rerank_core.exports.tables import csv_file, json_file
from rerank_core.models import Document

JSON_SCHEMA: Final = "rerank-playground/duplicates"
JSON_VERSION: Final = 1
PAIRS_OF_A_GROUP: Final = 1_000


def groups_csv(found: Duplicates, measure: Measure, threshold: float) -> bytes:
    """Every text of every group as a row: UTF-8 with a byte order mark, so that Excel reads it as such.

    Columns: group (from 1), texts (how many it has), lowest (likeness in it), place (from 1), nearest (place of the
    text of the group that is most like it), likeness with that one, wording, meaning (empty without a model), id,
    title, url, text, as `exports.tables.csv_text` writes them. Nothing says which text to keep.
    """
    rows = []
    for number, group in enumerate(found.groups(measure, threshold), 1):
        nearest = found.nearest(group.members, measure)
        for member in group.members:
            pair = nearest[member]
            likeness = pair.meaning if measure == MEANING else pair.wording
            rows.append(
                [number, len(group.members), _number(group.lowest), member + 1, pair.first + pair.second - member + 1]
                + [_number(value) for value in (likeness, pair.wording, pair.meaning)]
                + _about(found.documents[member])
            )
    header = ["group", "texts", "lowest", "place", "nearest", "likeness", "wording", "meaning"]
    return csv_file([*header, "id", "title", "url", "text"], rows)


def groups_json(found: Duplicates, measure: Measure, threshold: float) -> bytes:
    """The groups with their pairs as UTF-8 JSON, with `schema` and `version` so that a reader knows what it has.

    Places count from 0, as everywhere in this library's JSON. Of a large group the 1,000 most alike pairs are there.
    A lone surrogate stays, as the JSON escape \\uD800.
    """
    groups = [
        {
            "members": [_document(member, found.documents[member]) for member in group.members],
            "lowest": _number(group.lowest),
            "highest": _number(group.highest),
            "pairs": [
                {
                    "places": [pair.first, pair.second],
                    "wording": _number(pair.wording),
                    "meaning": _number(pair.meaning),
                }
                for pair in found.within(group.members, measure, PAIRS_OF_A_GROUP)
            ],
        }
        for group in found.groups(measure, threshold)
    ]
    return json_file(
        JSON_SCHEMA,
        JSON_VERSION,
        {
            "texts": len(found.documents),
            "measure": measure,
            "model": found.model if measure == MEANING else None,
            "threshold": threshold,
            "groups": groups,
        },
    )


def compared_csv(reference: str, rows: Sequence[ComparedText]) -> bytes:
    """One text against many as rows in the order given, the reference first (place 0); columns like `groups_csv`."""
    header = ["place", "wording", "meaning", "relevance", "id", "title", "url", "text"]
    table: list[list[Any]] = [[0, "", "", "", *_about(Document(reference, "reference"))]]
    for row in rows:
        values = [_number(value) for value in (row.wording, row.meaning, row.relevance)]
        table.append([row.place + 1, *values, *_about(row.document)])
    return csv_file(header, table)


def compared_json(
    reference: str, rows: Sequence[ComparedText], *, measure: str, threshold: float | None, model: str | None
) -> bytes:
    """One text against many as JSON like `groups_json`; `measure` is what the rows were ordered by."""
    return json_file(
        JSON_SCHEMA,
        JSON_VERSION,
        {
            "reference": reference,
            "measure": measure,
            "model": model,
            "threshold": threshold,
            "results": [
                _document(row.place, row.document)
                | {
                    "wording": _number(row.wording),
                    "meaning": _number(row.meaning),
                    "relevance": _number(row.relevance),
                }
                for row in rows
            ],
        },
    )


def _about(document: Document) -> list[Any]:
    return [document.id, document.metadata.get("title"), document.metadata.get("url"), document.text]


def _document(place: int, document: Document) -> dict[str, Any]:
    return {"place": place, "id": document.id, "text": document.text, "metadata": document.metadata}


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 4)
