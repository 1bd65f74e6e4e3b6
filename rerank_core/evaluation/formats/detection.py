"""What kind of file a text is: by what most of its lines say, then by the file's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.paste.json_text import NotJson
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.documents.tables.rows import Row
from rerank_core.evaluation.formats import (
    columns,
    json_lines,
    opensearch_csv,
    quepid,
    rater_ratings,
    topics,
    trec,
    unnamed,
)
from rerank_core.evaluation.formats.json_files import dispatch, reranking
from rerank_core.evaluation.formats.json_files.loading import is_json, load

_SAMPLE = 64_000
_LINES = 200
_BLANKS_LINE = 3
# What a name says where the content does not: a damaged line leaves the rest of a file of judgments what it is.
_BY_NAME = {
    ".qrels": "trec-qrels",
    ".run": "trec-run",
    **dict.fromkeys((".txt", ".ndjson", ".jsonl", ".md"), "opensearch-queries"),
}
_MARKUP = ("<", "{", "[", "http://", "https://")


def detect(filename: str, text: str) -> str | None:
    """What kind of file a text is, None where nothing fits. `query,docid,rating` with a header counts as Quepid's,
    without one as OpenSearch's."""
    sample = text[:_SAMPLE]
    lines = [line for line in sample.split("\n") if line.strip()]
    if len(text) > _SAMPLE and len(lines) > 1:
        lines = lines[:-1]
    lines = lines[:_LINES]
    if not lines:
        return None
    if is_json(filename, text):
        return _kind_of_json(text)
    if topics.is_topics(sample):
        return "trec-topics"
    rows = read_delimited(sample, COLLECTION_LIMITS).rows
    return _by_header(lines, rows) or _by_shape(lines, rows) or _by_name(filename.lower(), lines, rows)


def _kind_of_json(text: str) -> str | None:
    if json_lines.is_streamed(text):
        return "opensearch-queries" if '"queryText"' in text.lstrip().partition("\n")[0] else "beir"
    try:
        return dispatch.kind_of(load(text))
    except NotJson:
        return None


def _by_header(lines: Sequence[str], rows: Sequence[Row]) -> str | None:
    """What the first line says, or, of training data, most lines."""
    if json_lines.is_qrels_header(lines[0]):
        return "beir"
    if quepid.is_training_data(lines):
        return "quepid-ratings"
    if not rows:
        return None
    if opensearch_csv.is_ratings_header(rows[0].cells) or quepid.is_book(rows):
        return "quepid-ratings"
    if rater_ratings.is_header(rows[0].cells):
        return "rater-ratings"
    if opensearch_csv.is_snapshot_header(rows[0].cells):
        return "quepid-snapshot"
    if reranking.is_header(rows[0].cells):
        return "reranking"
    return "table" if columns.looks_like_table(rows) or columns.looks_like_documents(rows) else None


def _by_shape(lines: Sequence[str], rows: Sequence[Row]) -> str | None:
    """What most lines are alike in."""
    return trec.kind_of_lines(lines) or unnamed.kind_of_rows(rows) or unnamed.kind_of_blanks(lines)


def _by_name(name: str, lines: Sequence[str], rows: Sequence[Row]) -> str | None:
    """What the file's name, in small letters, promises. What is no list of queries is not called one."""
    known = next((kind for ending, kind in _BY_NAME.items() if name.endswith(ending)), None)
    if lines[0].startswith("query:"):
        return known or "opensearch-queries"
    if name.endswith((".csv", ".tsv")) and not any(mark in line for line in lines for mark in ",;\t<"):
        known = "opensearch-queries"
    return None if known == "opensearch-queries" and not _is_list(lines, rows) else known


def _has_names_and_numbers(rows: Sequence[Row]) -> bool:
    """Whether rows of three cells and more, all of one width, have a column of numbers below a name."""
    names, *body = [[cell.strip() for cell in row.cells] for row in rows] or [[]]
    if len(names) < 3 or not body or any(len(cells) != len(names) for cells in body):
        return False
    return any(
        not columns.is_number(name) and all(map(columns.is_number, below))
        for name, *below in zip(names, *body, strict=True)
    )


def _is_list(lines: Sequence[str], rows: Sequence[Row]) -> bool:
    """Whether lines may be queries: no markup, addresses, JSON, cells or numbers."""
    marked = sum(line.lstrip().startswith(_MARKUP) for line in lines)
    widths = Counter(len(row.cells) for row in rows)
    cells = sum(widths[width] for width in widths if width > 1)
    split = any(mark in lines[0] for mark in "\t|")
    numbers = sum(columns.is_number(line) for line in lines)
    if _has_names_and_numbers(rows):
        return False
    return not any(2 * number > len(lines) for number in (marked, numbers, cells if split else 0))
