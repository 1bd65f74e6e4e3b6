"""What a place outside of this computer does for the knowledge bases that are kept in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rerank_core.corpora.database import Facts
from rerank_core.models import Document
from rerank_core.retrieval.embedding import Floats, Vectors

MAX_PLACES = 2**31 - 1
"""Passages of one knowledge base outside of this computer: places are 32-bit numbers."""

MAX_EXACT_ROWS = 1_000_000
"""Vectors that are read to this computer where a search engine compares none: 1.5 GB of memory."""


@dataclass(frozen=True, slots=True)
class HomeEntry:
    """A knowledge base as its home lists it: `size` bytes of text, and for each set of vectors, by its name, how many
    passages, from the first on, have theirs."""

    id: str
    facts: Facts
    size: int = 0
    vectors: Mapping[str, int] = field(default_factory=dict, hash=False)


class Home(Protocol):
    """A place outside of this computer. Safe under threads and processes.

    A knowledge base is known by an id of 32 hexadecimal digits. Its passages are known by their places, from 0. Every
    method raises a RerankError: CorpusError with the code corpus_not_found where there is no such knowledge base,
    corpus_busy where another program writes into it, corpus_newer where a newer version wrote it, home_gone where what
    it was kept in is no longer there, and what the connection says where it is down or refuses.
    """

    @property
    def id(self) -> str:
        """What a choice calls it: "opensearch" or "postgresql"."""
        ...

    @property
    def label(self) -> str:
        """What a person calls it, as in "OpenSearch at search.example.com"."""
        ...

    def check(self) -> None:
        """Raise where it cannot be reached, refuses, or is of a version that cannot do what is needed."""
        ...

    def entries(self) -> list[HomeEntry]:
        """All knowledge bases that are whole."""
        ...

    def entry(self, base: str) -> HomeEntry:
        """One knowledge base, one in the making too."""
        ...

    def begin(self, entry: HomeEntry) -> None:
        """Make an empty one, which `entries` does not list before it is published. One of its id is dropped first."""
        ...

    def publish(self, base: str) -> None:
        """It is whole: list it from now on."""
        ...

    def change(self, base: str, facts: Facts) -> None:
        """Take over the name, the fields that are read and the ownership of these facts."""
        ...

    def drop(self, base: str) -> None:
        """Delete one with all that belongs to it; nothing where there is none."""
        ...

    def take_place(self, new: str, old: str) -> None:
        """`old` has the passages and vectors of `new` from then on, with its own id, name and owner. `new` is no
        more."""
        ...

    def leftovers(self) -> list[str]:
        """The ids of those in the making at which nobody works any more."""
        ...

    def append(self, base: str, documents: Iterable[Document], *, skip_known: bool) -> tuple[int, int]:
        """Add passages at the end, all or none; how many were added and how many were there before."""
        ...

    def read(self, base: str, places: Sequence[int]) -> list[Document]:
        """The passages at these places, in this order. Raises IndexError where there is none."""
        ...

    def siblings(self, base: str, place: int, around: int) -> list[int]:
        """The places up to `around` before and after one, of passages of the same document; itself too."""
        ...

    def places_of(self, base: str, parent: str) -> list[int]:
        """The places of all passages of one document, in order."""
        ...

    def reword(self, base: str, rank_fields: Sequence[str]) -> Iterator[int]:
        """Index these fields of all passages for search by keyword; gives how many have been done."""
        ...

    def frequencies(self, base: str, words: Sequence[str]) -> list[int]:
        """How many passages hold each of these words."""
        ...

    def by_keyword(self, base: str, question: str, k: int) -> list[tuple[int, float]]:
        """The up to `k` passages that match a question best, each with its BM25, best first."""
        ...

    def add_vectors(self, base: str, name: str, vectors: Vectors, passages: int) -> None:
        """Keep these rows; after that so many passages, from the first on, have their vectors."""
        ...

    def finish_vectors(self, base: str, name: str) -> None:
        """All vectors are there: make what finds the nearest quickly."""
        ...

    def by_meaning(self, base: str, name: str, query: Floats, k: int) -> list[tuple[int, float]]:
        """The up to `k` passages nearest to a unit vector, each with its cosine, nearest first."""
        ...

    def vectors(self, base: str, name: str) -> Iterator[Vectors]:
        """All rows, some at a time, by passage."""
        ...

    def drop_vectors(self, base: str, name: str) -> None:
        """Delete a set of vectors; nothing where there is none."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
