"""Query sets as JSON lines, and collections as BEIR lays them out."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from rerank_core.documents.decoding import Unreadable, decode
from rerank_core.documents.extract.archive import Archive
from rerank_core.documents.limits import COLLECTION_LIMITS, over
from rerank_core.documents.paste.json_text import NotJson, read_json
from rerank_core.documents.tables.records import Form, records
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.gzipped import gunzip
from rerank_core.evaluation.formats.imported import ImportBuilder, Imported
from rerank_core.exports.tables import csv_text

_PAIR = re.compile(r'query:\s*"(?P<query>(?:[^"\\]|\\.)*)"(?:\s*,\s*answer:\s*"(?P<answer>(?:[^"\\]|\\.)*)")?')
_QRELS_HEADER = ("query-id", "corpus-id", "score")
_COLLECTION = re.compile(r"(corpus|queries)\.jsonl?(?:\.gz)?")
_JUDGED = (".tsv", ".txt", ".csv", ".jsonl", ".qrels", ".tsv.gz", ".txt.gz", ".csv.gz", ".jsonl.gz", ".qrels.gz")
_NAMED = 8
_EPOCH = (1980, 1, 1, 0, 0, 0)


def read_opensearch_queries(text: str) -> Imported:
    """OpenSearch's query set: a JSON object a line (`queryText`, `referenceAnswer`), or `query: "…", answer: "…"`,
    or plain text, one query a line. The text is the query's id."""
    builder = ImportBuilder("opensearch-queries")
    for number, line in _lines(text):
        stripped = line.strip()
        answer = ""
        if stripped.startswith("{"):
            try:
                value = read_json(stripped)
            except NotJson as error:
                builder.refuse(number, f"This line is not JSON: {error}.")
                continue
            query = value.get("queryText") if isinstance(value, dict) else None
            if not isinstance(query, str) or not query.strip():
                builder.refuse(number, "This line has no 'queryText'.")
                continue
            answer = value.get("referenceAnswer") or ""
            answer = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        elif pair := _PAIR.fullmatch(stripped):
            query, answer = (re.sub(r"\\(.)", r"\1", part or "") for part in pair.group("query", "answer"))
        else:
            query = stripped
        query = query.strip()
        if query in builder.queries:
            builder.refuse(number, f"The query '{query}' stands twice; this line is left out.")
        elif query:
            builder.queries[query] = query
            if answer.strip():
                builder.answers[query] = answer.strip()
    return builder.finish()


def write_opensearch_queries(imported: Imported) -> bytes:
    """The query set as JSON lines. Raises InvalidRequestError where there are no queries."""
    if not imported.query_ids:
        raise InvalidRequestError("There are no queries to write.", hint="Load or type some first.")
    lines = (
        {"queryText": imported.queries.get(query, query), "referenceAnswer": imported.answers.get(query, "")}
        for query in imported.query_ids
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def read_beir(data: bytes, encoding: str = "") -> Imported:
    """A BEIR collection as a ZIP: `corpus.jsonl`, `queries.jsonl` and `qrels/*.tsv`, in any one folder.

    Of several files of judgments `test.tsv` is read, as BEIR's own evaluation does, else all of them. `encoding` is
    that of all parts, guessed for each where it is "".
    """
    builder = ImportBuilder("beir")
    try:
        archive = Archive(data, COLLECTION_LIMITS, "ZIP archive")
        for name, part in _beir_parts(archive, builder):
            unpacked = archive.unpack(part)
            if name.endswith(".gz"):
                name, unpacked = name.removesuffix(".gz"), gunzip(unpacked)
            text, _, note = decode(unpacked, encoding)
            if note:
                builder.reading_notes.append(f"{name}: {note}")
            _read_part(builder, name, text)
    except Unreadable as error:
        builder.refuse(0, error.reason)
    return builder.finish()


def read_beir_part(filename: str, text: str) -> Imported:
    """One file of a BEIR collection: the corpus, the queries or a file of judgments."""
    builder = ImportBuilder("beir")
    _read_part(builder, filename, text, named=False)
    return builder.finish()


def write_beir(imported: Imported) -> bytes:
    """The documents, queries and judgments as a BEIR collection in a ZIP; the run has no place in it.

    The same import gives the same bytes.
    """
    if not (imported.documents or imported.queries or imported.judgments):
        raise InvalidRequestError("There is nothing to write.", hint="Load a query set first.")
    corpus = "".join(_corpus_line(imported, name, text) for name, text in imported.documents.items())
    queries = "".join(json.dumps({"_id": name, "text": text}) + "\n" for name, text in imported.queries.items())
    judged = ((query, *pair) for query, grades in imported.judgments.items() for pair in grades.items())
    qrels = csv_text([_QRELS_HEADER, *judged], delimiter="\t", for_spreadsheets=False)  # ids as they are
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = {"corpus.jsonl": corpus, "queries.jsonl": queries, "qrels/test.tsv": qrels}
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, text.encode("utf-8", "replace"))
    return out.getvalue()


def is_streamed(text: str) -> bool:
    """Whether a text is JSON lines of BEIR's corpus or queries or of OpenSearch's queries, which are read line by line,
    since there may be millions."""
    first = text.lstrip("\ufeff\r\n\t ").partition("\n")[0]
    try:
        value = read_json(first)
    except NotJson:
        return False
    return isinstance(value, dict) and ("queryText" in value or {"_id", "text"} <= value.keys())


def is_qrels_header(line: str) -> bool:
    """Whether a line is the header of BEIR's judgments."""
    return tuple(line.strip().lower().split("\t")) == _QRELS_HEADER


def _corpus_line(imported: Imported, name: str, text: str) -> str:
    line: dict[str, Any] = {"_id": name, "title": imported.title(name), "text": text}
    if metadata := imported.metadata.get(name):
        line["metadata"] = {str(key): value for key, value in metadata.items()}
    return json.dumps(line, default=str) + "\n"


def _beir_parts(archive: Archive, builder: ImportBuilder) -> list[tuple[str, zipfile.ZipInfo]]:
    """The files that belong to the collection, within bounds; what is not read is named. Raises Unreadable where they
    cannot all be unpacked."""
    wanted: dict[str, zipfile.ZipInfo] = {}
    judged: dict[str, zipfile.ZipInfo] = {}
    left: list[str] = []
    for info in archive.parts:
        path = info.filename.replace("\\", "/")
        folder, _, name = path.rpartition("/")
        if "__MACOSX" in folder or not name or name.startswith("."):
            continue
        part = _COLLECTION.fullmatch(name)
        known = part[1] if part else f"{folder.rpartition('/')[2]}/{name}"
        if part and known not in wanted:
            wanted[known] = info
        elif not part and name.endswith(_JUDGED) and known not in judged:
            judged[known] = info
        else:
            left.append(path)
    test = {name: info for name, info in judged.items() if name.rpartition("/")[2].startswith("test.")}
    if test and len(judged) > len(test):
        others = ", ".join(sorted(set(judged) - set(test)))
        builder.refuse(0, f"Only the judgments of test.tsv are read; {others} is left out.")
    parts = [*((info.filename.rpartition("/")[2], info) for info in wanted.values()), *(test or judged).items()]
    if left and parts:
        more = f" and {len(left) - _NAMED:,} more" if len(left) > _NAMED else ""
        builder.refuse(0, f"These parts of the ZIP archive were not read: {', '.join(left[:_NAMED])}{more}.")
    size = sum(info.file_size for _, info in parts)
    if size > COLLECTION_LIMITS.expanded_bytes:
        raise Unreadable(f"This ZIP archive unpacks to {over(size, COLLECTION_LIMITS.expanded_bytes)}.")
    for _, info in parts:
        archive.refuse_unsafe(info)
    if not parts:
        builder.refuse(0, "This ZIP archive holds no corpus.jsonl, queries.jsonl or qrels.")
    return parts


def _read_part(builder: ImportBuilder, name: str, text: str, *, named: bool = True) -> None:
    prefix = f"{name}: " if named else ""
    if name.endswith((".tsv", ".txt", ".csv", ".qrels")) or is_qrels_header(text.lstrip("\n").split("\n", 1)[0]):
        _qrels(builder, text, prefix)
        return
    for number, value in _values(builder, text, prefix):
        if isinstance(value, dict) and "corpus-id" in value and "query-id" in value:
            query, document, rating = (value.get(key) for key in _QRELS_HEADER)
            builder.rate(number, str(query), str(document), "" if rating is None else str(rating), prefix)
            continue
        key = value.get("_id") if isinstance(value, dict) else None
        body = value.get("text") if isinstance(value, dict) else None
        if isinstance(key, bool) or not isinstance(key, str | int) or key == "" or not isinstance(body, str):
            builder.refuse(number, f"{prefix}This line has no '_id' or no 'text'.")
        elif name.startswith("corpus.") or (not name.startswith("queries.") and "title" in value):
            _document(builder, number, str(key), value)
        else:
            builder.query(number, str(key), body)


def _values(builder: ImportBuilder, text: str, prefix: str) -> Iterator[tuple[int, Any]]:
    """The values of JSON lines, or of one list over all of the text, each with its line or its number."""
    if text.lstrip("\ufeff \t\r\n").startswith("["):
        try:
            listed = read_json(text.removeprefix("\ufeff"))
        except NotJson as error:
            builder.refuse(error.line, f"{prefix}{error.reason}")
            return
        yield from ((0, value) for value in listed)
        return
    for number, line in _lines(text):
        try:
            yield number, read_json(line)
        except NotJson as error:
            builder.refuse(number, f"{prefix}This line is not JSON: {error}.")


def _document(builder: ImportBuilder, number: int, key: str, value: Mapping[str, Any]) -> None:
    if key in builder.documents:
        builder.refuse(number, f"The document '{key}' stands twice; this line is left out.")
        return
    builder.documents[key] = value["text"]
    if isinstance(value.get("title"), str) and value["title"]:
        builder.titles[key] = value["title"]
    metadata = dict(value["metadata"]) if isinstance(value.get("metadata"), dict) else {}
    metadata.update({name: own for name, own in value.items() if name not in ("_id", "title", "text", "metadata")})
    if metadata:
        builder.metadata[key] = metadata


def _qrels(builder: ImportBuilder, text: str, prefix: str) -> None:
    """Judgments of three cells, or of four as in TREC's files, between tabs, commas or blanks."""
    first = text.lstrip("\r\n").partition("\n")[0]
    mark = next((mark for mark in "\t,;" if mark in first), " ")
    form = Form(mark, space_after=mark == " ", width=0 if mark == " " else first.count(mark) + 1)
    for place, _, cells, _ in records(list(io.StringIO(text, newline="")), form):
        start = place + 1
        if mark == " ":
            cells = [cell for cell in cells if cell]
        if not any(cell.strip() for cell in cells) or (start == 1 and tuple(cells[:1]) == _QRELS_HEADER[:1]):
            continue
        if len(cells) == 4:
            cells = [cells[0], *cells[2:]]
        if len(cells) != 3 or not cells[0] or not cells[1]:
            builder.refuse(start, f"{prefix}A judgment has 3 cells: query-id, corpus-id and score.")
            continue
        builder.rate(start, cells[0], cells[1], cells[2], prefix)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line
