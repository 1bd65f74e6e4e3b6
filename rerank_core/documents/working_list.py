"""The one list of documents a person works on: pasted, uploaded, edited in a table, put in an order.

Every change makes a new list, so that the old one is there for an undo.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rerank_core.documents.report import count
from rerank_core.models import Document

# The columns of the table that are not metadata.
ORDER, TEXT, ID = "Order", "Text", "ID"
# Files from a spreadsheet with hundreds of columns stay readable; the rest is kept, not shown.
_SHOWN_METADATA = 12

_UNSHOWABLE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\ud800-\\udfff]"
)

PASTED = "pasted"
TYPED = "typed in the table"


@dataclass(frozen=True, slots=True)
class WorkingList:
    """Documents in their initial order; `sources` names, for each of them, where it came from.

    `order_name` says in words how the order came about ("as pasted", "as uploaded", "as in the table").
    """

    documents: tuple[Document, ...] = ()
    sources: tuple[str, ...] = ()
    order_name: str = "as pasted"

    def __post_init__(self) -> None:
        if len(self.documents) != len(self.sources):
            raise ValueError("each document has one source")

    @classmethod
    def of(cls, documents: Iterable[Document], source: str, order_name: str = "as pasted") -> WorkingList:
        """A list that came whole from one place."""
        documents = tuple(documents)
        return cls(documents, (source,) * len(documents), order_name)

    def pasted(self, documents: Iterable[Document]) -> WorkingList:
        """What was pasted takes the place of everything; a text that was here before keeps its id and metadata."""
        known = {document.text: document for document in self.documents if document.id or document.metadata}
        return WorkingList.of(
            (
                document if document.id or document.metadata else known.get(document.text, document)
                for document in documents
            ),
            PASTED,
        )

    def uploaded(self, name: str, documents: Iterable[Document]) -> tuple[WorkingList, str]:
        """Append a file's documents; gives the list and the name the file goes by ("kb.csv (2)" for a second one)."""
        unique = unused_name(name, set(self.sources))
        added = tuple(documents)
        order = "as uploaded" if not self.documents else "as listed"
        return WorkingList(self.documents + added, self.sources + (unique,) * len(added), order), unique

    def reread(self, source: str, documents: Iterable[Document]) -> WorkingList:
        """Put a source's documents, read anew, where its first document stood."""
        fresh = tuple(documents)
        place = self.sources.index(source) if source in self.sources else len(self.sources)
        rest = self.without(source)
        return WorkingList(
            rest.documents[:place] + fresh + rest.documents[place:],
            rest.sources[:place] + (source,) * len(fresh) + rest.sources[place:],
            self.order_name,
        )

    def without(self, source: str) -> WorkingList:
        """The list without the documents of one source."""
        kept = [place for place, origin in enumerate(self.sources) if origin != source]
        return self._picked(kept, self.order_name)

    def describe(self) -> str:
        """Count and sources in words: "12 documents: 4 pasted, 8 from kb.csv"."""
        if not self.documents:
            return "No documents yet"
        words = count(len(self.documents), "document")
        numbers = Counter(self.sources)
        if len(numbers) == 1:
            source = self.sources[0]
            return f"{words}, {source}" if source in (PASTED, TYPED) else f"{words} from {source}"
        parts = (f"{number:,} {'' if one in (PASTED, TYPED) else 'from '}{one}" for one, number in numbers.items())
        return f"{words}: {', '.join(parts)}"

    def columns(self) -> tuple[str, ...]:
        """The table's columns: order, text, id, then the commonest metadata keys."""
        keys = Counter(key for document in self.documents for key in document.metadata)
        reserved = {ORDER, TEXT, ID}
        shown = [key for key, _ in keys.most_common() if key not in reserved][:_SHOWN_METADATA]
        return (ORDER, TEXT, ID, *shown)

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a document, with the keys of `columns`; empty cells are empty strings."""
        metadata = self.columns()[3:]
        return [
            {ORDER: place, TEXT: document.text, ID: document.id or ""}
            | {key: "" if (cell := document.metadata.get(key)) is None else str(cell) for key in metadata}
            for place, document in enumerate(self.documents, start=1)
        ]

    def edited(self, edits: Mapping[str, Any]) -> WorkingList:
        """Apply a table editor's edits: `edited_rows` {row: {column: value}}, `added_rows`, `deleted_rows`.

        Added rows without text are still being typed and are left out. A changed Order moves the row to that
        place.
        """
        changed: Mapping[Any, Mapping[str, Any]] = edits.get("edited_rows") or {}
        by_row = {int(row): values for row, values in changed.items()}
        deleted = {int(row) for row in edits.get("deleted_rows") or ()}
        entries: list[tuple[tuple[float, int, int], Document, str]] = []
        for row, (document, source) in enumerate(zip(self.documents, self.sources, strict=True)):
            if row in deleted:
                continue
            values = by_row.get(row, {})
            order = _number(values.get(ORDER))
            moved = ORDER in values and order is not None
            # A row moved up stands before the row whose place it takes, a row moved down after it.
            before = 1 if not moved or order is None else 0 if order <= row + 1 else 2
            key = (order if moved and order is not None else float(row + 1), before, row)
            entries.append((key, _changed(document, values), source))
        for number, values in enumerate(edits.get("added_rows") or ()):
            text = str(values.get(TEXT) or "")
            if not text.strip():
                continue
            order = _number(values.get(ORDER))
            place = len(self.documents) + number + 1
            key = (order if order is not None else float(place), 0 if order is not None else 1, place)
            entries.append((key, _changed(Document(""), values), TYPED))
        entries.sort(key=lambda entry: entry[0])
        return WorkingList(
            tuple(entry[1] for entry in entries), tuple(entry[2] for entry in entries), "as in the table"
        )

    def sorted_by(self, column: str, *, descending: bool = False) -> WorkingList:
        """The list sorted by one of its columns: numbers as numbers, empty cells last, ties as they stood."""
        cells = [str(row.get(column, "")) for row in self.rows()]
        filled = [place for place, cell in enumerate(cells) if cell.strip()]
        numbers = {place: _parsed(cells[place]) for place in filled}
        numeric = all(number is not None for number in numbers.values())
        keys: dict[int, Any] = {place: numbers[place] if numeric else cells[place].casefold() for place in filled}
        filled.sort(key=keys.__getitem__, reverse=descending)
        empty = [place for place, cell in enumerate(cells) if not cell.strip()]
        direction = "largest first" if descending else "smallest first"
        return self.reordered([*filled, *empty], f"by {column}, {direction}")

    def reordered(self, places: Sequence[int], order_name: str) -> WorkingList:
        """The same documents in another order; `places` are their places (from 0) in this list."""
        if sorted(places) != list(range(len(self.documents))):
            raise ValueError("places must name each document once")
        return self._picked(places, order_name)

    def _picked(self, places: Sequence[int], order_name: str) -> WorkingList:
        documents, sources = self.documents, self.sources
        return WorkingList(
            tuple(documents[place] for place in places), tuple(sources[place] for place in places), order_name
        )


def _changed(document: Document, values: Mapping[str, Any]) -> Document:
    text = document.text if values.get(TEXT) is None else str(values[TEXT])
    name = document.id
    if ID in values:
        name = str(values[ID]) if values[ID] not in (None, "") else None
    metadata = dict(document.metadata)
    for key, value in values.items():
        if key in (ORDER, TEXT, ID):
            continue
        if value in (None, ""):
            metadata.pop(key, None)
        else:
            metadata[key] = value
    return replace(document, text=text, id=name, metadata=metadata)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _parsed(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def showable_name(name: str) -> str:
    """A file's name without characters that turn the words around it the other way or cannot be seen; each becomes
    U+FFFD."""
    return _UNSHOWABLE.sub("\ufffd", name)


def unused_name(name: str, taken: Collection[str]) -> str:
    """The name, or "kb.csv (2)" where there is one of that name already."""
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name} ({number})"
    return unique
