"""How results are printed: a table for people, JSON, JSON lines or CSV for programs."""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rerank_core.exports.comparison import Entry, comparison_csv, comparison_json
from rerank_core.exports.tables import csv_text, results_csv, results_json
from rerank_core.models import Document, RankedDocument, RerankResponse, TextSpan
from rerank_core.pricing import CostEstimate, money_text
from rerank_core.ranking.comparison import differences
from rerank_core.ranking.headline import summarise_response
from rerank_core.ranking.keeping import Reading

FORMATS = ("table", "json", "jsonl", "csv")
_LEAST, _USUAL = 60, 100
_MARK = "\N{BYTE ORDER MARK}".encode()


def results(
    response: RerankResponse, reading: Reading, form: str, spans: Mapping[int, Sequence[TextSpan]], *, explain: bool
) -> bytes:
    """The kept results of one answer in one of FORMATS. `spans` are the parts of texts that answer, by index; a table
    shows them, the moves and the sentence about the whole where `explain` is set."""
    kept = [row for row in response.results if reading.fate(row.rank, row.relevance_score) == "kept"]
    if form == "json":
        return results_json(response, reading=reading, spans=spans) + b"\n"
    if form == "csv":
        return results_csv(response, reading=reading).removeprefix(_MARK)  # programs read it, not a spreadsheet
    if form == "jsonl":
        lines = []
        for row in kept:
            item: dict[str, Any] = {
                "rank": row.rank,
                "index": row.index,
                "id": row.document.id,
                "score": row.relevance_score,
                "strength": reading.scale.word(row.relevance_score),
                "text": row.document.text,
                "metadata": row.document.metadata,
            }
            if explain:
                item["spans"] = [asdict(span) for span in spans.get(row.index, ())]
            lines.append(item)
        return _json_lines(lines)
    rows = []
    for row in kept:
        score = "" if row.relevance_score is None else f"{row.relevance_score:.3f}"
        word = reading.scale.word(row.relevance_score) or ""
        moved = [f"{row.index + 1} {_arrow(row)}"] if explain else []
        rows.append([str(row.rank), score, word, *moved, _name(row.document, row.index), row.document.text])
    head = ["rank", "score", "strength", *(["was"] if explain else []), "document", "text"]
    lines_ = table_lines(head, rows)
    if explain:
        lines_ += ["", *_explained(response, reading, kept, spans)]
    return text_lines(lines_)


def compared(entries: Sequence[Entry], form: str, top: int) -> bytes:
    """Several models' orders side by side in one of FORMATS, the rows in the order of the first model."""
    if form == "json":
        return comparison_json(entries, k=top) + b"\n"
    if form == "csv":
        return comparison_csv(entries).removeprefix(_MARK)
    answered = [entry for entry in entries if isinstance(entry.outcome, RerankResponse)]
    found = {each.index: each for each in differences([entry.order for entry in answered], 1)}
    documents = answered[0].outcome.request.documents if isinstance(answered[0].outcome, RerankResponse) else ()
    order = answered[0].order[:top]
    names = [entry.name for entry in answered]
    if form == "jsonl":
        return _json_lines(
            {"index": index, "id": documents[index].id, "ranks": dict(zip(names, found[index].ranks, strict=True))}
            for index in order
        )
    rows = [
        [
            str(index + 1),
            *(("-" if rank is None else str(rank)) for rank in found[index].ranks),
            _name(documents[index], index),
            documents[index].text,
        ]
        for index in order
    ]
    return text_lines(table_lines(["was", *names, "document", "text"], rows))


def estimates(found: Mapping[str, CostEstimate], form: str) -> bytes:
    """What each model is likely to cost, by its name, in one of FORMATS."""
    items = [
        {
            "model": name,
            "amount": None if one.amount is None else str(one.amount),
            "currency": one.currency,
            "search_units": one.search_units,
            "requests": one.requests,
            "long_documents": len(one.long_documents),
            "assumptions": one.assumptions,
        }
        for name, one in found.items()
    ]
    if form == "json":
        return (json.dumps(items, ensure_ascii=False, indent=2) + "\n").encode()
    if form == "jsonl":
        return _json_lines(items)
    head = ["model", "amount", "search_units", "requests", "long_documents"]
    if form == "csv":
        return csv_lines([head, *([item[name] for name in head] for item in items)])
    rows = [
        [name, money_text(one.amount), "" if one.search_units is None else str(one.search_units), str(one.requests)]
        for name, one in found.items()
    ]
    said = dict.fromkeys(text for one in found.values() for text in one.assumptions)
    return text_lines([*table_lines(["model", "cost", "units", "requests"], rows), "", *said])


def _explained(
    response: RerankResponse,
    reading: Reading,
    kept: Sequence[RankedDocument],
    spans: Mapping[int, Sequence[TextSpan]],
) -> Iterable[str]:
    yield summarise_response(response, at=reading.scale.at, threshold=reading.threshold) + "."
    yield reading.scale.words_text
    cost = "of unknown cost" if response.cost.amount is None else money_text(response.cost.amount)
    yield f"{response.provider} {response.model or ''}".rstrip() + f", {response.latency_ms:,.0f} ms, {cost}."
    yield from response.warnings
    for row in kept:
        found = [row.document.text[span.start : span.stop] for span in spans.get(row.index, ())[:1]]
        if not found and row.rank == 1:  # a text of one sentence has no part that answers: the whole does
            found = [row.document.text]
        for answer in found:
            yield f"{row.rank}. {_name(row.document, row.index)}: {_one_line(answer)}"


def _name(document: Document, index: int) -> str:
    """What a document is called: its title, else its id, else its place in the input."""
    title = document.metadata.get("title")
    return title if isinstance(title, str) and title.strip() else document.id or f"#{index + 1}"


def _arrow(row: RankedDocument) -> str:
    """How far a document moved: "▲3", "▼1", "=" where it stayed."""
    places = row.index + 1 - row.rank
    return f"▲{places}" if places > 0 else f"▼{-places}" if places else "="


def _one_line(text: str) -> str:
    """A text of anybody's on one line, without characters that would move the cursor or colour the screen."""
    folded = " ".join(text.split())
    return "".join(char for char in folded if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _cut(text: str, width: int) -> str:
    """A text in at most so many columns of a terminal."""
    used, fits = 0, 0
    for place, char in enumerate(text):
        used += _cells(char)
        if used <= width - 1:
            fits = place + 1
        elif used > width:
            return text[:fits] + "…"
    return text


def _pad(text: str, width: int) -> str:
    return text + " " * (width - sum(map(_cells, text)))


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]], *, whole: bool = False) -> list[str]:
    """Lines of columns. The last column takes what the terminal leaves and the others at most a quarter of it each,
    unless the table is to be `whole`."""
    cells = [list(head), *([_one_line(cell) for cell in row] for row in rows)]
    widest = max(_LEAST, shutil.get_terminal_size((_USUAL, 24)).columns)
    widths = [max(sum(map(_cells, row[place])) for row in cells) for place in range(len(head))]
    if not whole:
        widths = [min(width, max(12, widest // 4)) for width in widths[:-1]]
        widths.append(max(20, widest - sum(widths) - 2 * len(widths)))
    return ["  ".join(_pad(_cut(cell, width), width) for cell, width in zip(row, widths, strict=True)) for row in cells]


def text_lines(lines: Iterable[str]) -> bytes:
    """Lines as standard output takes them."""
    return "".join(f"{line.rstrip()}\n" for line in lines).encode("utf-8", "replace")


def _json_lines(items: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(item, ensure_ascii=False, default=str)}\n" for item in items).encode(
        "utf-8", "replace"
    )


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV, without the byte order mark that only spreadsheets need."""
    return csv_text(rows).encode()


def write(data: bytes) -> None:
    """Put it on standard output."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
