"""The documents of a query set as one run of bytes, each of which becomes a Document when it is looked at.

A set of 1,000 queries has 100,000 documents. Most of what is done with a set looks at few of them or at none, and
making them all would take longer than all the rest of it.
"""

from __future__ import annotations

import itertools
import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rerank_core.models import Document

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_decode = json.JSONDecoder().raw_decode


class PackedDocuments(Mapping[str, Document]):
    """Document id to Document, out of what `pack` wrote. It never changes, and threads may share it."""

    __slots__ = ("_data", "_ends", "_places")

    def __init__(self, names: Iterable[str], sizes: Sequence[int], data: memoryview) -> None:
        """`sizes` are in bytes: of the text of each document and of the rest of it. Raises ValueError where they are
        not those of `data` or there are not as many as two a name."""
        self._places = {name: place for place, name in enumerate(names)}
        if len(sizes) != 2 * len(self._places) or sum(sizes) != len(data) or min(sizes, default=0) < 0:
            raise ValueError("other documents")
        self._ends = array("Q", itertools.accumulate(sizes, initial=0))
        self._data = data

    def __getitem__(self, name: str) -> Document:
        first = 2 * self._places[name]
        start, middle, end = self._ends[first : first + 3]
        own, metadata = _decode(_text(self._data[middle:end]))[0]
        return Document(_text(self._data[start:middle]), own, metadata)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places


def pack(documents: Iterable[Document], data: bytearray) -> list[int]:
    """Append the documents to some bytes, of each its text, then the rest of it as JSON; the sizes of these parts."""
    sizes: list[int] = []
    for document in documents:
        text = document.text.encode("utf-8", "surrogatepass")
        rest = _encode((document.id, document.metadata)).encode("utf-8", "surrogatepass")
        data += text
        data += rest
        sizes += (len(text), len(rest))
    return sizes


def _text(data: memoryview) -> str:
    return str(data, "utf-8", "surrogatepass")
