"""First-stage retrieval: BM25 over a collection, in memory or mapped from disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerank_core.errors import ConfigurationError, InvalidQueryError, InvalidRequestError
from rerank_core.keyword.asked import Asked, Parts
from rerank_core.keyword.best import best
from rerank_core.keyword.bm25 import inverse_frequency
from rerank_core.keyword.counting import count
from rerank_core.keyword.stored import ARRAYS, StoredPostings
from rerank_core.keyword.storing import stored
from rerank_core.keyword.words import beginnings_of, pieces_of
from rerank_core.models import DocumentInput, texts_of

PIECES_UP_TO = 20_000  # documents; above it word pieces cost more time and memory than they bring

FORMAT = 4
"""Raised when words are cut, counted or stored in another way, so that older files are not taken for these."""

_REPORT_EVERY = 500  # documents
_MOST_DOCUMENTS = 2**31  # places are 32-bit numbers
_HEAD = "index.json"
_PARTS: dict[str, Parts] = {"pieces": pieces_of, "beginnings": beginnings_of}


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that shares something with the query: its place in the input and its BM25 score, above 0."""

    index: int
    score: float


class KeywordIndex:
    """BM25 over words and parts of words, for any language and without being told which.

    Case, accents (Latin, Greek, Cyrillic), points (Arabic, Hebrew), characters that are not seen and width are folded,
    and "wifi" finds "Wi-Fi". Chinese, Japanese, Thai and other scripts without spaces are matched by pairs of
    characters. Up to 20,000 documents a word also counts as its runs of four characters, which finds inflected,
    compounded and mistyped words; above that as its first four and first six characters, a rough stem. It never
    changes once built, so threads can share it.
    """

    def __init__(self, postings: StoredPostings, form: str) -> None:
        self._postings = postings
        self._form = form
        self.damaged = False
        """Whether a search has met something impossible in the files that are mapped. Then this index is of no use."""

    @classmethod
    def build(
        cls, documents: Iterable[DocumentInput], *, on_progress: Callable[[int, int], None] | None = None
    ) -> KeywordIndex:
        """Index strings, objects with a `text`, or Documents. Raises InvalidDocumentsError for anything else, and for
        more words than a laptop has memory for (`counting.MAX_WORDS`, `counting.MAX_COUNTS`).

        `on_progress(done, total)` hears every few hundred documents how many have been cut into words, which is
        about half of the work; through the other half it hears again and again that all have. What it raises stops it.
        """
        texts = texts_of(documents)
        form = "pieces" if len(texts) <= PIECES_UP_TO else "beginnings"

        def tick() -> None:
            if on_progress is not None:
                on_progress(len(texts), len(texts))

        return cls(stored(count(_reporting(texts, on_progress), _PARTS[form], tick), tick), form)

    def __len__(self) -> int:
        return self._postings.size

    def search(self, query: str, k: int = 100) -> list[Hit]:
        """The up to `k` documents that match best, best first, equal ones in input order.

        Documents that share nothing with the query are left out. Raises InvalidQueryError where the query is no
        string, InvalidRequestError where k is no whole number or below 1, ConfigurationError where
        the files are damaged.
        """
        if not isinstance(query, str):
            raise InvalidQueryError("The query is not a string.")
        if isinstance(k, bool) or not isinstance(k, Integral):  # numpy's integers are Integral, no int
            raise InvalidRequestError("k is not a whole number.", hint="Use 1 or more.")
        if k < 1:
            raise InvalidRequestError(f"k is {k}.", hint="Use 1 or more.")
        asked = Asked.of(query, _PARTS[self._form])
        try:
            places, scores = best(self._postings, asked, int(k))
        except (ValueError, IndexError) as error:
            raise self._damage() from error
        return list(map(Hit, places.tolist(), scores.tolist()))

    def rarity(self, word: str) -> float:
        """How much a word, as `words` cuts it, tells in this collection: its inverse document frequency as a share
        of that of a word in one document; 0 for a word in none."""
        try:
            (frequency,) = self._postings.frequencies([word])
        except ValueError as error:
            raise self._damage() from error
        if not frequency:
            return 0.0
        found = inverse_frequency(self._postings.size, np.array([frequency, 1]))
        return float(found[0] / found[1])

    def rarity_in(self, query: str) -> Callable[[str], float]:  # noqa: ARG002  # as of every KeywordSearch
        """`rarity`, for the words of one query."""
        return self.rarity

    def _damage(self) -> ConfigurationError:
        self.damaged = True
        return ConfigurationError(
            "The files of this keyword index are damaged.",
            hint="Build it again from the documents; a knowledge base does that at the next search.",
        )

    def save(self, folder: str | Path) -> None:
        """Write the index into a folder, which is made where it is missing; an index in it is replaced.

        Raises OSError. Do not write over an index that is mapped from that folder at this moment.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        head = folder / _HEAD
        head.unlink(missing_ok=True)  # it is written last: a folder without it holds no index
        for name, array in self._postings.arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        head.write_text(json.dumps({"format": FORMAT, "form": self._form, "size": len(self)}), "ascii")

    @classmethod
    def load(cls, folder: str | Path) -> KeywordIndex:
        """An index that was saved, its arrays mapped from disk. Raises ConfigurationError where there is none."""
        folder = Path(folder)
        try:
            content = json.loads((folder / _HEAD).read_text("ascii"))
            if content["format"] != FORMAT or content["form"] not in _PARTS:
                raise ValueError("it was written in another format")
            arrays = {name: _mapped(folder / f"{name}.npy", kind) for name, kind in ARRAYS.items()}
            if not _is_whole(arrays, content["size"]):
                raise ValueError("it is damaged")
        except (OSError, ValueError, KeyError, TypeError, EOFError, RecursionError, TokenError) as error:
            raise ConfigurationError(
                f"There is no keyword index that can be read in {folder}.", hint="Build it again from the documents."
            ) from error
        return cls(StoredPostings(arrays), content["form"])


def _reporting(texts: Sequence[str], on_progress: Callable[[int, int], None] | None) -> Iterator[str]:
    for done, text in enumerate(texts):
        if on_progress is not None and done % _REPORT_EVERY == 0:
            on_progress(done, len(texts))
        yield text
    if on_progress is not None:
        on_progress(len(texts), len(texts))


def _mapped(path: Path, kind: np.dtype[Any]) -> NDArray[Any]:
    array = np.lib.format.open_memmap(path, mode="r")  # np.load would open an archive of arrays as well
    if array.dtype != kind or array.ndim != 1:
        raise ValueError("it is damaged")
    return np.asarray(array)  # a plain view of the mapped file: numpy.memmap itself is slower to index


def _is_whole(arrays: dict[str, NDArray[Any]], size: int) -> bool:
    """Whether the arrays of an index are as long as they must be; what is in them is looked at when it is needed."""
    tokens = len(arrays["hashes"])
    return (
        type(size) is int
        and 0 <= size == len(arrays["damping"]) <= _MOST_DOCUMENTS
        and all(len(arrays[name]) == tokens for name in ("frequencies", "bounds", "gaps_at", "counts_at"))
        and len(arrays["often"]) == len(arrays["often_at"])
        and bool(np.all(np.isfinite(arrays["damping"]) & (arrays["damping"] > 0)))
    )
