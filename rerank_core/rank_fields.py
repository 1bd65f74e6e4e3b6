"""What the model reads: the fields of a document that make up its ranked text.

Documents carry a text and, in their metadata, whatever else a file or an index had for them. A person sees a title
above a text and takes both for the document; a model reads what it is sent and nothing else. `rank_fields` says which
fields that is, in which order. Some services and servers call it the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rerank_core.errors import InvalidRequestError

if TYPE_CHECKING:
    from rerank_core.models import Document

TEXT = "text"
TITLE = "title"

TEXT_ONLY: tuple[str, ...] = (TEXT,)
"""Only the text of each document: what `Client.rerank` sends unless it is told otherwise."""

TITLE_AND_TEXT: tuple[str, ...] = (TITLE, TEXT)
"""The title of each document, where it has one, above its text: what the app sends."""


def checked_fields(rank_fields: Iterable[str]) -> tuple[str, ...]:
    """The fields as a tuple, each once. Raises InvalidRequestError where there is none, where one is blank or no
    string, or where a single string was passed for the list of them."""
    if isinstance(rank_fields, str):
        raise InvalidRequestError("rank_fields is a string, not a list of names.", hint=f'Use ("{rank_fields}",).')
    names = tuple(dict.fromkeys(rank_fields))
    if not names:
        raise InvalidRequestError("rank_fields is empty.", hint='Name at least one field, such as "text".')
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise InvalidRequestError("One of rank_fields is no name.", hint='Name fields such as "title" and "text".')
    return names


def ranked_text(document: Document, rank_fields: Sequence[str] = TITLE_AND_TEXT) -> str:
    """The text of a document as a model reads it: its fields in this order, a line break between them.

    "text" is the document's text; every other name is looked up in its metadata, where lists and numbers are written
    out. Fields that are missing or blank are left out. A field that the next one begins with (a title that is also
    the first line of the text) is not said twice. The result may be empty.
    """
    if rank_fields == TEXT_ONLY:
        return document.text
    return "\n".join(part for _, part in _parts(document, rank_fields))


def text_offset(document: Document, rank_fields: Sequence[str]) -> int | None:
    """Where the document's own text begins in its `ranked_text`, in characters; None where it is no part of it."""
    if rank_fields == TEXT_ONLY:
        return 0
    offset = 0
    for name, part in _parts(document, rank_fields):
        if name == TEXT:
            return offset
        offset += len(part) + 1
    return None


def _parts(document: Document, rank_fields: Sequence[str]) -> list[tuple[str, str]]:
    """The fields that make up the ranked text, each with its name."""
    parts: list[tuple[str, str]] = []
    for name in rank_fields:
        part = document.text if name == TEXT else written(document.metadata.get(name))
        if not part or part.isspace():
            continue
        if parts and _begins_with(part.lstrip(), parts[-1][1].strip()):
            parts.pop()
        parts.append((name, part))
    return parts


def _begins_with(text: str, words: str) -> bool:
    """Whether a text begins with these words, and not only with the letters of a longer one."""
    return text.startswith(words) and not text[len(words) : len(words) + 1].isalnum()


def fields_text(rank_fields: Sequence[str]) -> str:
    """The fields in words: "text only", "title + text", "title + description + brand"."""
    return " + ".join(rank_fields) if len(rank_fields) > 1 else f"{rank_fields[0]} only"


def missing_fields(documents: Iterable[Document], rank_fields: Sequence[str]) -> tuple[str, ...]:
    """The fields that no document has: none of them would be read by the model."""
    wanted = dict.fromkeys(rank_fields)
    for document in documents:
        for name in [*wanted]:
            if (document.text if name == TEXT else written(document.metadata.get(name))).strip():
                del wanted[name]
        if not wanted:
            break
    return tuple(wanted)


def written(value: Any) -> str:
    """A metadata value as text: strings as they are, numbers and true or false as written, the entries of a list
    with commas between them; nothing for None and for objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(part for part in map(written, value) if part)
    return str(value) if isinstance(value, int | float) else ""
