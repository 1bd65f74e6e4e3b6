"""A knowledge base that is kept outside of this computer, with everything that a Corpus of this computer does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import numpy as np

from rerank_core.corpora.adding import Added, checked
from rerank_core.corpora.database import Facts
from rerank_core.corpora.errors import CorpusError
from rerank_core.corpora.files import name_of_fields
from rerank_core.corpora.homes.home import Home
from rerank_core.corpora.homes.tokens import word_token
from rerank_core.errors import InvalidQueryError
from rerank_core.keyword.bm25 import inverse_frequency
from rerank_core.keyword.words import words
from rerank_core.models import Document, DocumentInput
from rerank_core.rank_fields import TITLE_AND_TEXT, checked_fields, ranked_text
from rerank_core.retrieval.embedding import EMBEDDING_MODELS, Floats, Vectors, embed_passages, fingerprint, joined
from rerank_core.retrieval.passages import OnProgress
from rerank_core.storage.ownership import Actor, refuse_change

_AT_ONCE = 500
_EMBEDDED_AT_ONCE = 256  # passages between two times that vectors are kept
_MOST_WORDS = 2_000


class HomeCorpus:
    """A knowledge base in a search engine or in PostgreSQL. Opened by KnowledgeBases; safe under threads and processes.

    It has the methods of a Corpus: passages are known by their place (from 0), and it grows at its end. What is
    searched is its `rank_fields`. Every method raises a RerankError where the home cannot be reached or refuses, and
    those that change it for who may not (not_yours). `refuse_size` raises where its owner may keep no more,
    `changed` hears that it is another now.
    """

    def __init__(
        self,
        home: Home,
        base: str,
        actor: Actor,
        refuse_size: Callable[[str], object] | None = None,
        changed: Callable[[], object] | None = None,
    ) -> None:
        self.home = home
        self.id = base
        self._actor = actor
        self._refuse_size = refuse_size
        self._changed = changed or (lambda: None)

    def __repr__(self) -> str:
        return f"<HomeCorpus {self.id} in {self.home.label}>"

    def facts(self) -> Facts:
        """Name, creation time, passages, documents and whose it is, as they are now."""
        return self.home.entry(self.id).facts

    @property
    def name(self) -> str:
        """What people call it."""
        return self.facts().name

    @property
    def created(self) -> datetime:
        """When it was made, in UTC."""
        return self.facts().created

    def __len__(self) -> int:
        """How many passages it holds."""
        return self.facts().passages

    # Passages

    def add(self, documents: Iterable[DocumentInput], *, skip_known: bool = True) -> Added:
        """Add passages at the end, all or none; with `skip_known`, those that are not there already."""
        facts = self._to_change()
        if self._refuse_size is not None:
            self._refuse_size(facts.ownership.owner)
        added = Added(*self.home.append(self.id, checked(documents), skip_known=skip_known))
        self._changed()
        return added

    def get(self, places: Sequence[int]) -> list[Document]:
        """The passages at these places, in this order. Raises IndexError where there is none."""
        return self.home.read(self.id, places)

    def __getitem__(self, place: int) -> Document:
        return self.get([place])[0]

    def __iter__(self) -> Iterator[Document]:
        """All passages, read a few at a time."""
        size = len(self)
        for start in range(0, size, _AT_ONCE):
            yield from self.get(range(start, min(size, start + _AT_ONCE)))

    def texts(self, start: int = 0, stop: int | None = None) -> Iterator[str]:
        """The texts from one place to before another, read a few at a time."""
        stop = len(self) if stop is None else stop
        for first in range(start, stop, _AT_ONCE):
            yield from (document.text for document in self.get(range(first, min(stop, first + _AT_ONCE))))

    def surroundings(self, place: int, around: int = 2) -> list[tuple[int, Document]]:
        """A passage with up to `around` passages before and after it that were cut from the same document."""
        places = self.home.siblings(self.id, place, around)
        if place not in places:
            raise IndexError(f"the corpus has no passage {place}")
        return list(zip(places, self.get(places), strict=True))

    def passages_of(self, document_id: str) -> list[tuple[int, Document]]:
        """All passages that were cut from one document, in order; empty where there is none of that name."""
        places = self.home.places_of(self.id, document_id)
        return list(zip(places, self.get(places), strict=True))

    # Search

    @property
    def rank_fields(self) -> tuple[str, ...]:
        """The fields of a passage that are searched, and that a reranker is to read."""
        return self.facts().rank_fields

    def index_anew(self, rank_fields: Iterable[str] = TITLE_AND_TEXT, on_progress: OnProgress | None = None) -> None:
        """Search other fields of the passages from now on; nothing is uploaded again.

        Vectors are made by each local model that has made some before, then the words are indexed. What `on_progress`
        raises stops the work, and the next call does it again, vectors that have been made left out.
        """
        facts = self._to_change()
        fields = checked_fields(rank_fields)
        if fields == facts.rank_fields:
            return
        former = self.home.entry(self.id).vectors
        models = [model for model in EMBEDDING_MODELS if vectors_name(model, facts.rank_fields) in former]
        for model in models:
            self._embed(model, fields, on_progress)
        for done in self.home.reword(self.id, fields):
            if on_progress is not None:
                on_progress(done, facts.passages)
        self.home.change(self.id, self.facts()._replace(rank_fields=fields))
        self._changed()
        for name in former:
            if name not in {vectors_name(model, fields) for model in models}:
                self.home.drop_vectors(self.id, name)

    def has_keyword_index(self) -> bool:
        """Always: words are indexed with the passages."""
        return True

    def keyword_index(self, on_progress: OnProgress | None = None) -> HomeKeywords:  # noqa: ARG002  # as of every Passages
        """The search by keyword, which the home does."""
        return HomeKeywords(self.home, self.id, len(self))

    def missing_vectors(self, model: str) -> int:
        """How many passages `vectors` would have to embed first."""
        entry = self.home.entry(self.id)
        return max(0, entry.facts.passages - entry.vectors.get(vectors_name(model, entry.facts.rank_fields), 0))

    def vectors(self, model: str, on_progress: OnProgress | None = None) -> HomeVectors:
        """The search by the vectors of a local model, which are made where they are missing and kept in the home.

        What `on_progress` raises stops the work; what has been done is kept. Raises ConfigurationError where the model
        cannot be used here.
        """
        return self._embed(model, self.rank_fields, on_progress)

    def _embed(self, model: str, fields: tuple[str, ...], on_progress: OnProgress | None) -> HomeVectors:
        entry, name = self.home.entry(self.id), vectors_name(model, fields)
        size, done = entry.facts.passages, entry.vectors.get(name, 0)

        def tick(count: int) -> None:
            if on_progress is not None:
                on_progress(min(count, size), size)

        missing = done < size
        while done < size:
            tick(done)
            places = range(done, min(size, done + _EMBEDDED_AT_ONCE))
            texts = [ranked_text(document, fields) for document in self.get(places)]

            def report(count: int, base: int = done) -> None:
                tick(base + count)

            made = embed_passages(model, texts, done, tick=report)
            done = places.stop
            self.home.add_vectors(self.id, name, made, done)
        if missing:
            self.home.finish_vectors(self.id, name)
            tick(size)
        return HomeVectors(self.home, self.id, name, size)

    def _to_change(self) -> Facts:
        facts = self.facts()
        refuse_change(self._actor, facts.ownership, CorpusError, "knowledge base")
        return facts


@dataclass(frozen=True, slots=True)
class HomeHit:
    """A passage that shares something with the query: its place and its BM25."""

    index: int
    score: float


@dataclass(frozen=True, slots=True)
class HomeKeywords:
    """The search by keyword of one knowledge base, as a KeywordIndex does it here; `size` passages."""

    home: Home
    base: str
    size: int

    def __len__(self) -> int:
        return self.size

    def search(self, query: str, k: int = 100) -> list[HomeHit]:
        """The up to `k` passages that match best, best first. Raises InvalidQueryError where the query is no string."""
        if not isinstance(query, str):
            raise InvalidQueryError("The query is not a string.")
        return [HomeHit(place, score) for place, score in self.home.by_keyword(self.base, query, k)]

    def rarity_in(self, query: str) -> Callable[[str], float]:
        """How much a word of this query tells: its inverse document frequency as a share of that of a word in one
        passage. The home is asked once, for all of them, and only where somebody wants to know."""
        known: dict[str, float] = {}

        def rarity(word: str) -> float:
            if not known:
                found = list(islice(dict.fromkeys(words(query)), _MOST_WORDS))
                counts = self.home.frequencies(self.base, list(map(word_token, found)))
                shares = inverse_frequency(self.size, np.array([*counts, 1]))
                shares = shares / shares[-1]
                for each, count, share in zip(found, counts, shares.tolist(), strict=False):
                    known[each] = share if count else 0.0
            return known.get(word, 0.0)

        return rarity


@dataclass(frozen=True, slots=True)
class HomeVectors:
    """The search by one set of vectors of a knowledge base; `size` passages."""

    home: Home
    base: str
    name: str
    size: int

    def __len__(self) -> int:
        return self.size

    @property
    def vectors(self) -> Vectors:
        """The vectors themselves, read from the home; owned by places 0 to len(self) - 1."""
        return joined(self.home.vectors(self.base, self.name))

    def search(self, query: Floats, k: int) -> list[tuple[int, float]]:
        """The up to `k` passages nearest to a query's unit vector, nearest first: (place, cosine)."""
        if k < 1:
            raise ValueError("k must be 1 or more")
        return self.home.by_meaning(self.base, self.name, query, k)


def vectors_name(model: str, fields: Sequence[str]) -> str:
    """What a set of vectors is called: its model, the weights of it, and the fields that it read."""
    return f"{model}-{fingerprint(model)}{name_of_fields(fields)}"
