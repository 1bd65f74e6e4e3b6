"""What came out of an import: the documents, what was left out and why, and a sentence about both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from rerank_core.documents.limits import DEFAULT_LIMITS, Limits
from rerank_core.models import Document

UNITS = {
    "lines": "line",
    "paragraphs": "paragraph",
    "json": "item",
    "jsonl": "line",
    "sections": "section",
    "csv": "row",
    "tsv": "row",
    "xlsx": "row",
    "parquet": "row",
    "pdf": "page",
    "docx": "section",
    "pptx": "slide",
    "html": "section",
    "epub": "section",
    "eml": "part",
    "zip": "part",
    "several": "row",
}
"""What one entry of each mode is called; an entry is what becomes a document or a problem."""


class Problem(NamedTuple):
    """Something that was left out, and why.

    `line` counts from 1 in the source (the row for a workbook); 0 stands for the source as a whole.
    `reason` is one sentence for a person. As a tuple it is (line, reason); as a string, both in words.
    """

    line: int
    reason: str

    def __str__(self) -> str:
        return f"Line {self.line:,}: {self.reason}" if self.line else self.reason


@dataclass(frozen=True, slots=True)
class ParsedDocuments:
    """The documents of one paste or file, and everything that a person should know about the import.

    documents: in the order of the source.
    mode: how the source was read: "lines", "paragraphs", "json", and for files also "sections"
        (Markdown), "csv", "tsv", "xlsx", "parquet", "jsonl", "pdf", "docx", "pptx", "html", "eml", "epub", "zip";
        "several" for a merge of different ones.
    problems: what was left out, by line. Empty lines and empty rows are no problem. more_problems: how many there were
        beyond those; see `Limits.problems`.
    query, model, top_n: what a pasted request carried besides its documents, else None.
    rank_fields: the fields of each document that a pasted request has ranked, in its order, by their names in
        `documents`, "text" for the text; those that no document has are left out. Empty where it names none.
    columns: the names of all columns of a table, or of all keys of JSON objects, in order.
    chosen: which column serves as "text", "id", "title", "rank", "score" and "url"; a role that no
        column serves is missing. unsure: the roles whose column somebody should look at.
    samples: the name of each column of a table to some of its cells, no two alike; at most three.
    rows: entries seen, good or bad (lines, paragraphs, items or rows, without the header; pages, slides,
        sections, parts of a mail or an archive).
    preview: the first rows of a table as they are in the source, column name to cell.
    source: the file's name, None for a paste. sheet, sheets: the worksheet read and all there are.
    header: whether the first row of a table was read as the names of its columns; None for what is no table.
    encoding: the encoding that a text was read in, by Python's name; None for what is no text.
    markup: whether HTML inside the fields was read as text (True) or kept (False); None where there was none.
    notes: sentences about how the source was read, where that was a decision worth telling.
    """

    documents: tuple[Document, ...]
    mode: str
    problems: tuple[Problem, ...] = ()
    query: str | None = None
    model: str | None = None
    top_n: int | None = None
    rank_fields: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict, hash=False)
    unsure: tuple[str, ...] = ()
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    rows: int = 0
    preview: tuple[Mapping[str, str], ...] = field(default=(), hash=False)
    source: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    header: bool | None = None
    encoding: str | None = None
    markup: bool | None = None
    notes: tuple[str, ...] = ()
    more_problems: int = 0

    @property
    def left_out(self) -> int:
        """How many entries did not become documents."""
        return max(0, self.rows - len(self.documents))

    @property
    def unit(self) -> str:
        """What one entry is called, in the singular: "line", "paragraph", "item", "row", "section", "page", ..."""
        return UNITS.get(self.mode, "row")


def describe(parsed: ParsedDocuments) -> str:
    """The import in one phrase: "12 documents", or "12 documents from 14 rows; 2 rows left out"."""
    documents = count(len(parsed.documents), "document") if parsed.documents else "No documents"
    if not parsed.left_out:
        return documents
    return f"{documents} from {count(parsed.rows, parsed.unit)}; {count(parsed.left_out, parsed.unit)} left out"


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 row", "2 rows", "1,200 rows"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def merge(parts: Iterable[ParsedDocuments], *, name_source: bool = True) -> ParsedDocuments:
    """Several imports as one, in the order given.

    With `name_source` each document says in its metadata, under "file", which file it is from, unless it
    has a key of that name already. Problems keep their line and begin with the file's name. `chosen` is
    kept for the roles on which all tables agree.
    """
    parts = tuple(parts)
    if len(parts) == 1 and not name_source:
        return parts[0]
    documents: list[Document] = []
    problems = Problems()
    columns: dict[str, None] = {}
    for part in parts:
        documents += [_named(document, part.source if name_source else None) for document in part.documents]
        prefix = f"{part.source}: " if part.source else ""
        problems.take((Problem(line, prefix + reason) for line, reason in part.problems), part.more_problems)
        columns.update(dict.fromkeys(part.columns))
    tables = [part for part in parts if part.chosen]
    chosen = {
        role: column
        for role, column in (tables[0].chosen if tables else {}).items()
        if all(part.chosen.get(role) == column for part in tables)
    }
    modes = {part.mode for part in parts}
    return ParsedDocuments(
        documents=tuple(documents),
        mode=modes.pop() if len(modes) == 1 else "several",
        problems=problems.in_turn(),
        more_problems=problems.more,
        query=next((part.query for part in parts if part.query), None),
        model=next((part.model for part in parts if part.model), None),
        top_n=next((part.top_n for part in parts if part.top_n), None),
        rank_fields=next((part.rank_fields for part in parts if part.rank_fields), ()),
        columns=tuple(columns),
        chosen=chosen,
        rows=sum(part.rows for part in parts),
        preview=tables[0].preview if tables else (),
        source=", ".join(part.source for part in parts if part.source) or None,
        notes=tuple(f"{part.source}: {note}" if part.source else note for part in parts for note in part.notes),
    )


def _named(document: Document, source: str | None) -> Document:
    if source is None or "file" in document.metadata:
        return document
    return replace(document, metadata={**document.metadata, "file": source})


_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]+")
_CONTROL_BYTES = bytes(code for code in range(128) if _CONTROLS.match(chr(code)))
_AT_ONCE = 2**18  # characters whose bytes stay in the processor's cache


def controls(text: str) -> int:
    """How many control characters a text holds that are not of a text: all but line breaks, tabs, form feeds and the
    escape character. For a long text a tenth of the time of a search for them."""
    found = 0
    for start in range(0, len(text), _AT_ONCE):
        piece = text[start : start + _AT_ONCE].encode("utf-8", "surrogatepass")
        found += len(piece) - len(piece.translate(None, _CONTROL_BYTES))
    return found


def is_binary(text: str, share: float) -> bool:
    """Whether more than this share of a text are control characters."""
    if not _CONTROLS.search(text):
        return False
    return len(text) - len(_CONTROLS.sub("", text)) > share * len(text)


class Problems:
    """What was left out of one import, as it is found: so many by themselves, and how many more there were.

    Those about the source as a whole come before those about single entries where not all can be kept.
    """

    def __init__(self, most: int = DEFAULT_LIMITS.problems, found: Iterable[Problem] = (), more: int = 0) -> None:
        self._most = most
        self._found: list[tuple[bool, Problem]] = []
        self._room = {True: most, False: most}
        self._number = more
        self.take(found)

    def add(self, line: int, reason: str, *, of_all: bool = False) -> None:
        """Something that was left out, or that needs a look; line 0, or `of_all`, says that the source as a whole is
        meant."""
        self._number += 1
        whole = of_all or not line
        if self._room[whole]:
            self._room[whole] -= 1
            self._found.append((whole, Problem(line, reason)))

    def take(self, found: Iterable[Problem], more: int = 0) -> None:
        """The problems of a part, and how many it had besides."""
        for line, reason in found:
            self.add(line, reason)
        self._number += more

    def in_turn(self) -> tuple[Problem, ...]:
        """Those that are named one by one, as they were found."""
        left = self._most - sum(whole for whole, _ in self._found)
        places = [place for place, (whole, _) in enumerate(self._found) if not whole][: max(0, left)]
        kept = set(places)
        return tuple(problem for place, (whole, problem) in enumerate(self._found) if whole or place in kept)

    def by_line(self) -> tuple[Problem, ...]:
        """The same by line."""
        return tuple(sorted(self.in_turn(), key=lambda problem: problem.line))

    @property
    def more(self) -> int:
        """How many there were beyond those."""
        return self._number - min(self._most, len(self._found))

    def __len__(self) -> int:
        return self._number


class Collector:
    """Takes the entries of a source one by one, within the limits, and keeps count."""

    def __init__(self, limits: Limits) -> None:
        self.documents: list[Document] = []
        self.problems = Problems(limits.problems)
        self.rows = 0
        self.limits = limits
        self._first_too_many: int | None = None
        self._too_many = 0

    def add(self, line: int, text: str, id: str | None = None, metadata: Mapping[str, Any] | None = None) -> None:
        """Take one document, or turn it into a problem where a limit says so."""
        if len(self.documents) >= self.limits.documents:
            self.rows += 1
            self._first_too_many = line if self._first_too_many is None else self._first_too_many
            self._too_many += 1
        elif self.limits.control_share < 1 and is_binary(text, self.limits.control_share):
            self.refuse(line, "This is binary data, not text. It was left out.")
        elif len(text) > self.limits.document_characters:
            limit = f"the limit is {self.limits.document_characters:,}"
            self.refuse(line, f"This document has {len(text):,} characters; {limit}. It was left out.")
        else:
            self.rows += 1
            self.documents.append(Document(text, id, metadata or {}))

    def refuse(self, line: int, reason: str) -> None:
        """Count one entry that cannot become a document."""
        self.rows += 1
        self.problems.add(line, reason)

    def finish(self, mode: str, **details: Any) -> ParsedDocuments:
        """The import as it stands, problems in the order of their lines."""
        if self._first_too_many is not None:
            kept = f"the first {len(self.documents):,} were kept and {self._too_many:,} more were not"
            reason = f"The limit is {self.limits.documents:,} documents; {kept}."
            self.problems.add(self._first_too_many, reason, of_all=True)
        found, more = self.problems.by_line(), self.problems.more
        return ParsedDocuments(tuple(self.documents), mode, found, rows=self.rows, more_problems=more, **details)
