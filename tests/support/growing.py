"""Texts of every shape that grow, every reader that they can be sent to, and how much work a reader makes of one.

`READERS` is made from the registries, so that a reader that is added is found here by itself. Work is counted in lines
of Python that were run, memory in bytes at its peak: neither depends on the machine.
"""

from __future__ import annotations

import gc
import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, get_args
from xml.sax.saxutils import escape

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.direct import read_directly
from rerank_core.documents.extract import read as extract
from rerank_core.documents.extract.sink import LimitReached, Sink, SourceFile
from rerank_core.documents.kinds import EXTRACTED_KINDS, FILE_KINDS
from rerank_core.documents.limits import DEFAULT_LIMITS
from rerank_core.documents.paste.parse import PasteMode
from rerank_core.documents.paste.text_documents import read_text
from rerank_core.errors import RerankError
from rerank_core.evaluation.formats import reading, registry
from rerank_core.evaluation.formats.kinds import READABLE
from rerank_core.providers import Batch, ProviderSpec, providers
from rerank_core.retrieval.live import index as live_index
from rerank_core.retrieval.live import isolated as live_isolated
from rerank_core.retrieval.live import query as live_query
from rerank_core.retrieval.live import reply as live_reply
from rerank_core.transport.reply import Reply
from tests.support.made_files import docx, eml, epub, paragraph, pdf, pptx, shape, words, xlsx, zipped

Shape = Callable[[int], str]
"""A text that grows with the number."""


def _rows(head: str, row: Callable[[int], str], tail: str = "") -> Shape:
    return lambda size: head + "".join(map(row, range(size))) + tail


def _times(text: str, before: str = "", after: str = "") -> Shape:
    return lambda size: before + text * size + after


def _list(item: Callable[[int], Any]) -> Shape:
    return lambda size: json.dumps([item(place) for place in range(size)])


def _deep(opening: str, inside: str, closing: str) -> Shape:
    return lambda size: opening * size + inside + closing * size


SHAPES: Mapping[str, Shape] = {
    # rows
    "rows of queries": _rows("query,document\n", lambda n: f"query {n // 10},text number {n}\n"),
    "rows with all roles": _rows(
        "query_id,query,id,document,title,rank,score,rating,rater\n",
        lambda n: f"q{n // 10},query {n // 10},d{n},text {n},title {n},{n % 10},0.5,{n % 4},r{n % 3}\n",
    ),
    "rows of documents": _rows("id,title,text\n", lambda n: f"d{n},Title {n},A longer text about number {n}.\n"),
    "rows alike": _rows("query,document\n", lambda _: "x,y\n"),
    "rows of one id": _rows("query,id,document,rating\n", lambda n: f"q{n},d,text {n},1\n"),
    "rows of one query": _rows("query,id,document\n", lambda n: f"q,d{n},text {n}\n"),
    "rows of tabs": _rows("query\tdocument\n", lambda n: f"query {n // 10}\ttext {n}\n"),
    "rows of four": _rows("", lambda n: f"q{n // 10} 0 d{n} {n % 3}\n"),
    "rows of six": _rows("", lambda n: f"q{n // 10} Q0 d{n} {n % 10 + 1} {9.5 - n % 10} name\n"),
    "rows of training data": _rows("", lambda n: f"{n % 3} qid:{n // 10} 1:0.5 2:0.25 # d{n}\n"),
    "topics": _rows("", lambda n: f"<top>\n<num> Number: {n}\n<title> words {n}\n<desc> more\n</top>\n"),
    "topics left open": _rows("", lambda n: f"<top>\n<num> {n}\n<title> words\n"),
    "lines": _rows("", lambda n: f"One line of text, number {n}\n"),
    "paragraphs": _rows("", lambda n: f"A paragraph.\nIts second line, {n}.\n\n"),
    "headings": _rows("", lambda n: f"# Heading {n}\n\nText below it.\n\n"),
    "listed items": _rows("", lambda n: f"- item {n}\n  - inside\n"),
    "quoted lines": _times("> said\n"),
    "tables of Markdown": _rows("| a | b |\n|---|---|\n", lambda n: f"| {n} | text |\n"),
    "paragraphs of HTML": _rows("", lambda n: f"<h2>Head {n}</h2><p>Text <b>bold</b> &amp; more.</p>\n"),
    "rows of a table of HTML": _rows("<table>", lambda n: f"<tr><td>{n}</td><td>text</td></tr>", "</table>"),
    # JSON
    "numbers": _times("1,", "[", "1]"),
    "texts": _list(lambda n: f"text {n}"),
    "objects": _list(lambda n: {"query": f"q{n // 10}", "id": f"d{n}", "text": f"text {n}", "rating": n % 3}),
    "objects with a key each": _list(lambda n: {f"key{n}": "text", "text": f"text {n}"}),
    "objects of lists": _list(lambda n: {"query": f"q{n}", "positive": ["a"], "negative": [f"b{n}", "c"]}),
    "lines of JSON": _rows("", lambda n: json.dumps({"_id": f"d{n}", "title": f"t{n}", "text": f"text {n}"}) + "\n"),
    "lines of query sets": _rows("", lambda n: json.dumps({"queryText": f"query {n}", "referenceAnswer": "a"}) + "\n"),
    "lines of a bulk file": _rows("", lambda n: f'{{"index":{{"_id":"{n}"}}}}\n{{"text":"text {n}"}}\n'),
    "actions without documents": _rows("", lambda n: f'{{"index":{{"_id":"{n}"}}}}\n'),
    "ratings by query": lambda size: json.dumps({f"q{n}": {f"d{n}": 1, "d": 0} for n in range(size)}),
    "ratings of one query": lambda size: json.dumps({"q": {f"d{n}": n % 3 for n in range(size)}}),
    "hits": lambda size: json.dumps(
        {"hits": {"hits": [{"_id": f"d{n}", "_source": {"title": f"t{n}", "text": f"x {n}"}} for n in range(size)]}}
    ),
    "results": lambda size: json.dumps(
        {"query": "q", "documents": [f"text {n}" for n in range(size)], "results": [{"index": n} for n in range(size)]}
    ),
    # columns
    "columns": lambda size: ",".join(f"c{n}" for n in range(size)) + "\n" + ("x," * (size - 1) + "y\n") * 3,
    "columns of one name": lambda size: ("text," * (size - 1) + "text\n") + ("x," * (size - 1) + "y\n") * 3,
    "columns in a line": lambda size: "query,document\n" + "a, b," * size,
    "commas": _times(","),
    "commas and spaces": _times(", "),
    "tabs": _times("\t"),
    "bars": _times("a|"),
    "keys of an object": lambda size: json.dumps([{f"k{n}": "text" for n in range(size)}] * 3),
    # depth
    "lists in lists": _deep("[", "1", "]"),
    "lists left open": _times("["),
    "objects in objects": _deep('{"documents":', "1", "}"),
    "objects left open": _times('{"a":'),
    "brackets of code": _times("f(", "documents = ["),
    "tags in tags": _deep("<div>", "text", "</div>"),
    "tags left open": _times("<p><b>"),
    "tags cut off": _times("<a "),
    "lists in lists of HTML": _deep("<ul><li>", "text", "</li></ul>"),
    "quotes in quotes": lambda size: ">" * size + " said",
    # bad rows
    "rows that are too short": _rows("query,document,id\n", lambda n: f"q{n}\n"),
    "rows that are too long": _rows("query,document\n", lambda n: f"q{n},d,e,f\n"),
    "blank cells": _rows("query,document\n", lambda _: ",y\n"),
    "broken lines of JSON": _rows('{"text": "a"}\n{"text": "b"}\n', lambda n: f'{{"text": {n}\n'),
    "broken and good lines of JSON": _rows("", lambda n: f'{{"text": "{n}"}}\n' + '{"text": \n' * (n % 2)),
    "items that are none": _times('null,{"a":[]},', "[", "1]"),
    "ratings that are none": _rows("query,id,rating\n", lambda n: f"q,d{n},word{n}\n"),
    "ranks that are none": _rows("query,id,rank\n", lambda n: f"q,d{n},x{n}\n"),
    "rows twice": _rows("query,id,rank\n", lambda n: f"q,d{n % 2},{n}\n"),
    # long cells
    "one long cell": lambda size: "query,document\nq," + "word " * size,
    "one long line": _times("word "),
    "one long word": _times("ab"),
    "one long string": lambda size: json.dumps(["word " * size]),
    "one long number": _times("12"),
    "stars": _times("*"),
    "underscores and words": _times("_a "),
    "backticks": _times("`"),
    "fences": _times("```\n"),
    "links left open": _times("[a]("),
    "pictures": _times("![a](b)\n"),
    "entities": _times("&amp;"),
    "entities left open": _times("&"),
    "comments left open": _times("<!--"),
    "blanks": _times(" "),
    "line ends": _times("\n"),
    "old line ends": _times("a\r"),
    "control characters": _times("\x00a"),
    # open quotes
    "one open quote": _rows('query,document\n"', lambda n: f"a{n},b\n"),
    "an open quote a row": _rows("query,document\n", lambda n: f'a{n},"b\n'),
    "quotes": _times('"'),
    "quotes apart": _times('" '),
    "pairs of quotes": _times('""\n'),
    "quotes behind backslashes": _times('\\"'),
    "escaped cells": _rows("query,document\n", lambda n: f'a{n},"b \\"c\\" d"\n'),
    "cells over lines": _rows("query,document\n", lambda n: f'a{n},"b\nc"\n'),
    "texts of code": _times("'a' ", "documents = ["),
    "strings left open": _times('"a\\', "["),
}


def _packed_in_pdf(text: str) -> bytes:
    lines = text.encode("ascii", "replace").decode().splitlines() or [""]
    safe = [line.translate({ord(char): "." for char in "()\\"}) for line in lines]
    return pdf([words(*safe[start : start + 45]) for start in range(0, len(safe), 45)])


def _written(text: str) -> str:
    """A text as it can stand in XML."""
    return escape("".join(char if char >= " " or char in "\n\t" else "?" for char in text))


def _sheet(text: str) -> bytes:
    lines = [line.split(",")[:2_000] for line in text.splitlines()[:20_000]]
    return xlsx({"Data": [["".join(c for c in cell if c >= " ")[:30_000] for cell in line] for line in lines] or [[]]})


PACKED: Mapping[str, Callable[[str], bytes]] = {
    "pdf": _packed_in_pdf,
    "docx": lambda text: docx("".join(map(paragraph, _written(text).split("\n")))),
    "pptx": lambda text: pptx([shape(line) for line in _written(text).split("\n")[:2_000]]),
    "html": lambda text: f"<!doctype html><html><body>{text}</body></html>".encode(),
    "epub": lambda text: epub([f"<html><body><p>{_written(text)}</p></body></html>"]),
    "eml": lambda text: eml(text, html=f"<html><body>{text}</body></html>"),
    "zip": lambda text: zipped([("a.txt", text), ("b.csv", text), ("c.json", text)]),
    "xlsx": _sheet,
}
"""Files of the kinds that are no texts, with a text inside."""

ARCHIVES: Mapping[str, Callable[[str], bytes]] = {
    "an Excel workbook": _sheet,
    "a ZIP archive": lambda text: zipped([("queries.jsonl", text), ("corpus.jsonl", text), ("qrels/test.tsv", text)]),
    "a gzip archive": lambda text: gzip.compress(text.encode("utf-8", "replace"), mtime=0),
    "a Parquet file": lambda text: _parquet(text),
}
"""The files of queries that are no texts."""


def _parquet(text: str) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    lines = [line.split(",") for line in text.splitlines()]
    width = max(1, min(2, max(map(len, lines), default=1)))
    cells = [[line[place] if place < len(line) else "" for line in lines] for place in range(width)]
    stream = io.BytesIO()
    parquet.write_table(pa.table(dict(zip(("query", "document"), cells, strict=False))), stream)
    return stream.getvalue()


def shapes_for(reader: str) -> Mapping[str, Shape]:
    """The shapes that a reader gets: all, but for workbooks, which take long to make and keep no more of a text than
    its cells."""
    workbook = reader.endswith((", xlsx", ", an Excel workbook"))
    cells = ("rows", "columns", "commas", "long", "blank cells")
    return {name: one for name, one in SHAPES.items() if not workbook or any(word in name for word in cells)}


Reading = Callable[[], object]


@dataclass(frozen=True)
class Reader:
    """Something that reads what others send: `pack` makes a text such a file or reply, `read` reads that, in this
    process. Whatever it is, it is read or refused in words (`refused`)."""

    pack: Callable[[str], Any]
    read: Callable[[Any], object]

    def __call__(self, text: str) -> Reading:
        """What reads the text, packed already."""
        data = self.pack(text)
        return lambda: self.read(data)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _document(kind: str, data: bytes) -> object:
    if kind not in EXTRACTED_KINDS:
        return read_directly(kind, f"a.{kind}", data, {}, DEFAULT_LIMITS)
    taken: list[object] = []
    take = taken.append
    sink = Sink(DEFAULT_LIMITS, on_document=take, on_problem=take, on_note=take, on_progress=lambda *_: None)
    extract(kind, data, SourceFile(sink, f"a.{kind}"))
    return taken


def _query_set(kind: str, data: bytes) -> object:
    known = READABLE.get(kind)
    return registry.read_directly(known.file_name if known else "a.txt", data, kind if known else "auto", {})


def _engine(text: str) -> object:
    """A reply of a search engine: the text as the body, and inside of hits."""
    fields = live_query.LiveFields("text", title="title", url="url")
    reply = Reply(400, {}, _encoded(text))
    value = live_reply.json_of(reply)
    hits = {"hits": {"hits": [{"_id": "a", "_source": {"text": text, "title": value}}] * 2}}
    return (
        _tried(lambda: live_reply.result_of(value, fields, {}, 1.0)),
        _tried(lambda: live_reply.result_of(hits, fields, {}, 1.0)),
        _tried(lambda: list(live_index._fields({"properties": value if isinstance(value, dict) else {}}))),
        _tried(lambda: live_isolated._Condensing(DEFAULT_LIMITS.document_characters).of(value)),
        live_reply.explain(reply, value, "index", "http://127.0.0.1:9200", had_credentials=True),
    )


def _provider(spec: ProviderSpec, text: str) -> object:
    """A reply of a provider: the text as the body, as its list of results, and as the text of an error."""
    value: Any = None
    with suppress(ValueError, RecursionError):
        value = json.loads(text)
    texts = tuple(f"text {n}" for n in range(50))
    batch = Batch("query", texts, range(len(texts)))
    bodies = (value, {"results": value}, {"data": value, "meta": {"id": text}}, {"results": [{"index": 0}] * 50})
    return (
        [_tried(lambda body=body: spec.parse(body, batch)) for body in bodies],
        [spec.explain(status, value, text) for status in (400, 401, 429, 500)],
    )


def _tried(work: Reading) -> object:
    try:
        return work()
    except (Unreadable, RerankError) as error:
        return error


READERS: Mapping[str, Reader] = {
    **{
        f"paste, {mode}": Reader(
            str, lambda text, mode=mode: read_text(text, mode, DEFAULT_LIMITS, markup_as_text=True)
        )
        for mode in get_args(PasteMode)
    },
    **{
        f"document, {kind}": Reader(PACKED.get(kind, _encoded), partial(_document, kind))
        for kind in dict.fromkeys(FILE_KINDS.values())
    },
    **{
        f"query set, {kind}": Reader(ARCHIVES.get(kind, _encoded), partial(_query_set, kind))
        for kind in ("auto", *READABLE, *reading.RISKY)
    },
    "reply of a search engine": Reader(str, _engine),
    **{f"reply of {spec.id}": Reader(str, partial(_provider, spec)) for spec in providers() if not spec.is_local},
}
"""Every reader of what others send, by a name."""

refused = (Unreadable, LimitReached, RerankError)
"""What a reader raises for what it does not read, each with a sentence."""


def steps(work: Callable[[], object]) -> int:
    """How many lines of Python some work runs."""
    count = 0

    def line(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(lambda *_: line)
    try:
        with suppress(*refused):
            work()
    finally:
        sys.settrace(before)
    return count


def peak(work: Callable[[], object]) -> int:
    """How many bytes some work has in memory at its peak, beyond what there was before."""
    gc.collect()
    tracemalloc.start()
    try:
        with suppress(*refused):
            work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
