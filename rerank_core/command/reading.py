"""The documents of a command line: files, or what comes in on standard input."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from rerank_core import documents
from rerank_core.documents.decoding import decode
from rerank_core.documents.reading import with_source
from rerank_core.documents.report import ParsedDocuments, describe
from rerank_core.documents.tables.fields import known_name
from rerank_core.errors import InvalidDocumentsError
from rerank_core.models import Document

STANDARD_INPUT = "-"
INPUTS = ("auto", "lines", "jsonl", "json", "csv", "tsv", "parquet", "markdown")
_ENDINGS = {"lines": "txt", "markdown": "md"}
_PARQUET = b"PAR1"
_FIRST_LINE = 10_000
_SHOWN = 5


def read(paths: Sequence[str], kind: str, columns: Mapping[str, str]) -> tuple[Document, ...]:
    """The documents of all files in order; of standard input where there is no file, or where one is called "-".

    `kind` (one of INPUTS) says what standard input holds, "auto" goes by the content; a file goes by its name.
    `columns` is as for `rc.read_documents`. What is left out is said on standard error. Raises InvalidDocumentsError
    where nothing can be read.
    """
    names = paths or [STANDARD_INPUT]
    if list(names).count(STANDARD_INPUT) > 1:
        raise InvalidDocumentsError("Standard input is named twice.", hint="Name it once.")
    found: list[Document] = []
    for name in names:
        parsed = _standard_input(kind, columns) if name == STANDARD_INPUT else _file(name, columns)
        _say(parsed, name)
        found += with_source(parsed, _short(name)) if name != STANDARD_INPUT or parsed.columns else parsed.documents
    if not found:
        raise InvalidDocumentsError("No document was found.", hint="Give files, or texts on standard input.")
    return tuple(found)


def _short(name: str) -> str:
    return "standard input" if name == STANDARD_INPUT else Path(name).name


def _file(name: str, columns: Mapping[str, str]) -> ParsedDocuments:
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise InvalidDocumentsError(f"{name} cannot be read: {error.strerror}.", hint="Check its name.") from error
    return documents.read_documents(Path(name).name, data, columns)


def _standard_input(kind: str, columns: Mapping[str, str]) -> ParsedDocuments:
    if sys.stdin.isatty():
        click.echo("rerank: reading texts from the keyboard, one a line; Ctrl+D ends them.", err=True)
    data = sys.stdin.buffer.read()
    chosen = _kind_of(data) if kind == "auto" else kind
    if chosen == "pasted":
        return documents.parse_documents(decode(data).text)
    return documents.read_documents(f"input.{_ENDINGS.get(chosen, chosen)}", data, columns)


def _kind_of(data: bytes) -> str:
    """What standard input holds: a table only where its first line names columns as tables do, since a line of prose
    has commas too; else "pasted", which tells JSON, paragraphs and lines apart."""
    if data.startswith(_PARQUET):
        return "parquet"
    first = decode(data[:_FIRST_LINE]).text.lstrip("\ufeff").partition("\n")[0].strip()
    for kind, delimiter in (("tsv", "\t"), ("csv", ","), ("csv", ";")):
        names = [cell.strip().strip('"') for cell in first.split(delimiter)]
        if len(names) > 1 and sum(map(known_name, names)) > 1:
            return kind
    return "pasted"


def _say(parsed: ParsedDocuments, name: str) -> None:
    """What was left out of a source and how it was read, on standard error."""
    said = [f"{name}: {note}" for note in parsed.notes]
    said += [f"{name}: {problem}" for problem in parsed.problems[:_SHOWN]]
    if len(parsed.problems) > _SHOWN:
        said.append(f"{name}: {describe(parsed)}, and {len(parsed.problems) - _SHOWN:,} more lines like these.")
    for line in said:
        click.echo(f"rerank: {line}", err=True)
