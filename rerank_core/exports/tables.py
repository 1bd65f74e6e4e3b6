"""Results as files to take away: a spreadsheet-safe CSV and a versioned JSON document."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from functools import cache
from numbers import Real
from typing import Any, Final

from rerank_core.exports.formulas import guarded
from rerank_core.models import RankedDocument, RerankResponse, TextSpan
from rerank_core.ranking.keeping import Reading

JSON_SCHEMA: Final = "rerank-playground/results"
JSON_VERSION: Final = 1

_COLUMNS: Final = ("rank", "was", "move", "id", "score", "title", "url", "text")
_DEVICE_NAMES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")
_UNWRITABLE: Final = re.compile("[\ud800-\udfff\x00]")


def results_csv(
    response: RerankResponse, *, ratings: Mapping[int, int] | None = None, reading: Reading | None = None
) -> bytes:
    """Every result as a row, best first: UTF-8 with a byte order mark, so that Excel reads it as such.

    Columns: rank (from 1), was (the place in the initial order, from 1), move (places risen; negative: fallen),
    id, score (empty where there is none), title, url, text, a rating column where `ratings` (index -> 0..3) has
    any, then one column for each other metadata key. With a `reading`, two columns follow the score: strength
    ("strong", "possible", "weak", empty without a word) and kept ("kept", "below Top 5", "under the threshold").
    A metadata key that is called like one of ours gets "metadata_" in front. Texts are written as `csv_text` does.
    """
    keys = _metadata_keys(response.results)
    header: list[str] = [*_COLUMNS, *(["rating"] if ratings else [])]
    after_score = header.index("score") + 1
    if reading is not None:
        header[after_score:after_score] = ["strength", "kept"]
    taken = set(header)
    for key in keys:
        name = key
        while name in taken:
            name = f"metadata_{name}"
        taken.add(name)
        header.append(name)
    rows = []
    for row in response.results:
        details = {str(key): value for key, value in row.document.metadata.items()}
        values: list[Any] = [row.rank, row.index + 1, row.index + 1 - row.rank, row.document.id, row.relevance_score]
        if reading is not None:
            values += [reading.scale.word(row.relevance_score), reading.fate(row.rank, row.relevance_score)]
        values += [details.get("title"), details.get("url"), row.document.text]
        if ratings:
            values.append(ratings.get(row.index))
        values += [details.get(key) for key in keys]
        rows.append(values)
    return csv_file(header, rows)


def results_json(
    response: RerankResponse,
    *,
    order_name: str | None = None,
    top_n: int | None = None,
    ratings: Mapping[int, int] | None = None,
    reading: Reading | None = None,
    spans: Mapping[int, Sequence[TextSpan]] | None = None,
) -> bytes:
    """The whole run as UTF-8 JSON, with `schema` and `version` so that a reader knows what it has.

    `order_name` says what the initial order was, `top_n` where the reader cut the list (default: the request's own,
    or that of the `reading`), `rank_fields` which fields of each document the model read; all results are there
    either way. A `reading` adds `strength` and `kept` to each result, and `levels` and `threshold` by which they are
    so. `spans` are the parts of texts that speak to the query, by index (default: the provider's own); a result whose
    parts are known has them as `spans`, with `start` and `stop` in Unicode characters of its `text`. Money is a
    string, so that no digit is lost. A lone surrogate stays, as the JSON escape \\uD800. There is never a key, an
    address or a raw body in it.
    """
    rated = ratings or {}
    if top_n is None:
        top_n = reading.top_n if reading is not None and reading.top_n is not None else response.request.top_n
    at = reading.scale.at if reading is not None else None
    parts = response.spans if spans is None else spans
    content = {
        "query": response.request.query,
        "provider": response.provider,
        "model": response.model,
        "order_name": order_name,
        "top_n": top_n,
        **(
            {"threshold": reading.threshold, "levels": None if at is None else asdict(at)}
            if reading is not None
            else {}
        ),
        "rank_fields": response.request.rank_fields,
        "request_id": response.request_id,
        "latency_ms": response.latency_ms,
        "provider_latency_ms": response.provider_latency_ms,
        "usage": {"search_units": response.usage.search_units},
        "cost": asdict(response.cost),
        "warnings": response.warnings,
        "results": [
            {
                "rank": row.rank,
                "was": row.index + 1,
                "move": row.index + 1 - row.rank,
                "index": row.index,
                "id": row.document.id,
                "score": row.relevance_score,
                **(
                    {
                        "strength": reading.scale.word(row.relevance_score),
                        "kept": reading.fate(row.rank, row.relevance_score),
                    }
                    if reading is not None
                    else {}
                ),
                "rating": rated.get(row.index),
                "text": row.document.text,
                "metadata": row.document.metadata,
            }
            | ({"spans": [_span(row.document.text, span) for span in parts[row.index]]} if parts.get(row.index) else {})
            for row in response.results
        ],
    }
    return json_file(JSON_SCHEMA, JSON_VERSION, content)


def _span(text: str, span: TextSpan) -> dict[str, Any]:
    return {"start": span.start, "stop": span.stop, "score": span.score, "text": text[span.start : span.stop]}


def slug(text: str, *, fallback: str = "results", limit: int = 50) -> str:
    """A file name made of the text: lower case letters, digits and single hyphens, at most `limit` characters.

    Letters of every script stay. Where nothing is left, or the name is one that Windows keeps for a device,
    the answer is, or begins with, `fallback`.
    """
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text[: limit * 20]).casefold())
    name = "-".join(words)[:limit].strip("-")
    if not name:
        return fallback
    return f"{fallback}-{name}" if _DEVICE_NAMES.fullmatch(name) else name


def _metadata_keys(rows: Sequence[RankedDocument]) -> list[str]:
    """All metadata keys but title and url, which have columns of their own, in order of first appearance."""
    found: dict[str, None] = {}
    for row in sorted(rows, key=lambda row: row.index):
        found.update(dict.fromkeys(str(key) for key in row.document.metadata))
    return [key for key in found if key not in ("title", "url")]


def csv_file(header: Sequence[object], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file: UTF-8 with a byte order mark, so that Excel reads it as such, written by `csv_text`."""
    return csv_text((header, *rows), line_end="\r\n").encode("utf-8-sig")


def csv_text(
    rows: Iterable[Sequence[object]], *, delimiter: str = ",", line_end: str = "\n", for_spreadsheets: bool = True
) -> str:
    """Rows as CSV; the only place that writes any.

    A number is written as it is and None as nothing. A text is guarded so that no spreadsheet runs it (see
    `formulas.guarded`), but where the file is for programs alone; what is neither is written as JSON. A lone surrogate,
    which no file can hold, and a NUL, which makes a file binary for most programs, become U+FFFD.

    Unlike the csv module, which on some versions of Python leaves a lone carriage return bare, every cell with a line
    break is quoted, and so are its neighbours, which shows that no quotation mark is there by chance.
    """
    write = cache(guarded) if for_spreadsheets else str  # the same few texts stand in thousands of rows
    return "".join(_csv_row([_csv_cell(cell, write) for cell in row], delimiter) + line_end for row in rows)


def _csv_row(cells: Sequence[str], delimiter: str) -> str:
    broken = any("\n" in cell or "\r" in cell for cell in cells)
    return delimiter.join(
        '"' + cell.replace('"', '""') + '"' if broken or delimiter in cell or '"' in cell else cell for cell in cells
    )


def _csv_cell(value: object, write: Callable[[str], str]) -> str:
    if isinstance(value, str):
        return write(_UNWRITABLE.sub("\ufffd", value))
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Real):
        return str(value)
    return _csv_cell(json.dumps(json_value(value), ensure_ascii=False), write)


def json_file(schema: str, version: int, content: Mapping[str, Any]) -> bytes:
    """A JSON file: UTF-8, with `schema` and `version` first, so that a reader knows what it has."""
    document = {"schema": schema, "version": version, **json_value(content)}
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    # A lone surrogate can stand only inside a JSON string, where Python's escape of it is JSON's own.
    return (text + "\n").encode("utf-8", "backslashreplace")


def json_value(value: Any) -> Any:
    """The value in JSON's own types; numbers that JSON has no word for (NaN, infinity) become null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return [json_value(item) for item in value]
    return str(value)
