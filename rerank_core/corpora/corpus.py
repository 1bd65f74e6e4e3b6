"""One corpus: its passages, and the indexes that are made of them when they are first needed."""

from __future__ import annotations

import contextlib
import copy
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rerank_core.corpora.adding import Added, checked
from rerank_core.corpora.database import Facts, PassageDatabase
from rerank_core.corpora.errors import CorpusError, explained
from rerank_core.corpora.files import name_of_fields, put_folder, remove_tree
from rerank_core.errors import ConfigurationError
from rerank_core.models import Document, DocumentInput
from rerank_core.rank_fields import TITLE_AND_TEXT, checked_fields
from rerank_core.retrieval.passages import OnProgress
from rerank_core.storage.locks import exclusive
from rerank_core.storage.ownership import NOBODY_SIGNS_IN, Actor, refuse_change

if TYPE_CHECKING:
    from rerank_core.keyword.index import KeywordIndex
    from rerank_core.retrieval.embedding import VectorTable

_INDEX_SECONDS = 600.0  # another process may be indexing the same corpus; its work is then used here
_REPORT_EVERY = 500


@dataclass
class _Loaded:
    """The indexes of a corpus in memory, shared by all who use it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    index: tuple[tuple[str, ...], KeywordIndex] | None = None
    tables: dict[tuple[str, tuple[str, ...]], VectorTable] = field(default_factory=dict)


class Corpus:
    """A named collection of passages on this machine. Opened by a CorpusStore; safe under threads and processes.

    Passages are Documents, known by their place (from 0), which never changes: a corpus grows at its end. A
    passage that was cut from a longer document names that document in its metadata `document_id`. What is searched is
    its `rank_fields`: the title and the text unless it was made otherwise, or before there was a choice. Every method
    raises CorpusError where the files are damaged, gone or cannot be written, and those that change it for who may not
    (not_yours).
    """

    def __init__(self, folder: Path, *, keep: bool = False, refuse_size: Callable[[str], object] | None = None) -> None:
        """`keep` leaves its file open between two uses; `refuse_size` raises where this owner may keep no more."""
        self._refuse_size = refuse_size
        self.id = folder.name
        self.folder = folder
        self._database = PassageDatabase(folder / "passages.sqlite3", keep=keep)
        self._loaded = _Loaded()
        self._actor = NOBODY_SIGNS_IN

    def __repr__(self) -> str:
        return f"<Corpus {self.id}>"

    def acting_for(self, actor: Actor) -> Corpus:
        """This corpus as somebody uses it, with the same indexes in memory."""
        if actor == self._actor:
            return self
        view = copy.copy(self)
        view._actor = actor
        return view

    def _refuse_change(self) -> None:
        refuse_change(self._actor, self.facts().ownership, CorpusError, "knowledge base")

    def facts(self) -> Facts:
        """Name, creation time, passages, documents and bytes of text, as they are now."""
        return self._database.facts()

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
        """Add passages at the end, all or none.

        With `skip_known`, a passage whose id, text and metadata are all there already is left out, so that the
        same file can be added twice without harm. Raises CorpusError (corpus_full) beyond 1,000,000 passages or
        400 MB, and where its owner keeps as much as they may (too_many_kept), and InvalidDocumentsError for what is no
        document.
        """
        self._refuse_change()
        if self._refuse_size is not None:
            self._refuse_size(self.facts().ownership.owner)
        return Added(*self._database.append(checked(documents), skip_known=skip_known))

    def get(self, places: Sequence[int]) -> list[Document]:
        """The passages at these places, in this order. Raises IndexError where there is none."""
        return self._database.get(places)

    def __getitem__(self, place: int) -> Document:
        return self._database.get([place])[0]

    def __iter__(self) -> Iterator[Document]:
        """All passages, read a few at a time."""
        size = len(self)
        for start in range(0, size, _REPORT_EVERY):
            yield from self.get(range(start, min(size, start + _REPORT_EVERY)))

    def texts(self, start: int = 0, stop: int | None = None) -> Iterator[str]:
        """The texts from one place to before another, read a few at a time."""
        return self._database.texts(start, len(self) if stop is None else stop)

    def surroundings(self, place: int, around: int = 2) -> list[tuple[int, Document]]:
        """A passage with up to `around` passages before and after it that were cut from the same document."""
        places = self._database.siblings(place, around)
        if place not in places:
            raise IndexError(f"the corpus has no passage {place}")
        return list(zip(places, self.get(places), strict=True))

    def passages_of(self, document_id: str) -> list[tuple[int, Document]]:
        """All passages that were cut from one document, in order; empty where there is none of that name."""
        places = self._database.places_of(document_id)
        return list(zip(places, self.get(places), strict=True))

    # Indexes

    @property
    def rank_fields(self) -> tuple[str, ...]:
        """The fields of a passage that are searched, and that a reranker is to read."""
        return self.facts().rank_fields

    def index_anew(self, rank_fields: Iterable[str] = TITLE_AND_TEXT, on_progress: OnProgress | None = None) -> None:
        """Search other fields of the passages from now on, such as their titles too; nothing is uploaded again.

        The keyword index is built, and vectors are made by each local model that has made some before. Until that is
        done, searches find what they found. `on_progress` hears how many passages have been done, of the keyword index
        and then of each model; what it raises stops the work, and the next call goes on from there. Raises
        InvalidRequestError for what is no list of names.
        """
        from rerank_core.corpora.vector_file import VectorFile
        from rerank_core.retrieval.embedding import EMBEDDING_MODELS

        self._refuse_change()
        fields, size = checked_fields(rank_fields), len(self)
        former = self.rank_fields
        if fields == former:
            return
        models = [model for model in EMBEDDING_MODELS if VectorFile(self.folder, model, former).passages()]
        if self._loaded_index(size, fields) is None:
            self._built_index(size, fields, on_progress)
        for model in models:
            self._vectors(model, fields, on_progress)
        self._database.set_rank_fields(fields)
        with self._loaded.lock:
            self._loaded.tables = {key: table for key, table in self._loaded.tables.items() if key[1] == fields}
        for model in models:
            VectorFile(self.folder, model, former).remove()
        self._remove_indexes(former)

    def has_keyword_index(self) -> bool:
        """Whether `keyword_index` has nothing left to build."""
        facts = self.facts()
        kept = self._kept_index(facts)
        return kept is not None or self._index_folder(facts.passages, facts.rank_fields).is_dir()

    def keyword_index(self, on_progress: OnProgress | None = None) -> KeywordIndex:
        """The keyword index of all passages: from memory, else from disk, else built and kept there.

        `on_progress` hears how many passages have been indexed; what it raises stops the work.
        """
        facts = self.facts()
        index = self._kept_index(facts)
        if index is None:
            fields, size = facts.rank_fields, facts.passages
            with self._loaded.lock:
                index = self._kept_index(facts)
                if index is None:
                    index = self._loaded_index(size, fields) or self._built_index(size, fields, on_progress)
                    self._loaded.index = (fields, index)
        return index

    def _kept_index(self, facts: Facts) -> KeywordIndex | None:
        """The index in memory, where it is that of the passages there are; one that was found damaged is removed."""
        kept = self._loaded.index
        if kept is None or kept[0] != facts.rank_fields or len(kept[1]) != facts.passages:
            return None
        if kept[1].damaged:
            remove_tree(self._index_folder(facts.passages, facts.rank_fields))
            self._loaded.index = None
            return None
        return kept[1]

    def _index_folder(self, size: int, fields: Sequence[str]) -> Path:
        from rerank_core.keyword.index import FORMAT

        return self.folder / f"keyword-{size}-v{FORMAT}{name_of_fields(fields)}"  # one of another format is not taken

    def _loaded_index(self, size: int, fields: Sequence[str]) -> KeywordIndex | None:
        from rerank_core.keyword.index import KeywordIndex

        folder = self._index_folder(size, fields)
        try:
            index = KeywordIndex.load(folder) if folder.is_dir() else None
        except ConfigurationError:
            return None  # it can be made again from the passages
        return index if index is not None and len(index) == size else None

    def _built_index(self, size: int, fields: Sequence[str], on_progress: OnProgress | None) -> KeywordIndex:
        from rerank_core.keyword.index import KeywordIndex
        from rerank_core.offline.workers import indexing

        with self._alone("keyword"):
            found = self._loaded_index(size, fields)  # another process may have made it while this one waited
            if found is not None:
                return found
            with indexing(on_progress) as heard:
                index = KeywordIndex.build(self._database.texts(0, size, fields), on_progress=heard)
            folder = self._index_folder(size, fields)
            try:
                put_folder(folder, index.save)
            except OSError as error:
                raise explained(error, self.folder) from error
            self._remove_indexes(fields, but=folder)
            return self._loaded_index(size, fields) or index

    def _remove_indexes(self, fields: Sequence[str], but: Path | None = None) -> None:
        """Remove the keyword indexes of these fields; whoever has one mapped keeps what they have."""
        name = re.compile(rf"keyword-[0-9]+(-v[0-9]+)?{name_of_fields(fields)}")
        for folder in self.folder.glob("keyword-*"):
            if folder != but and name.fullmatch(folder.name) and folder.is_dir():
                remove_tree(folder)

    def missing_vectors(self, model: str) -> int:
        """How many passages `vectors` would have to embed first."""
        from rerank_core.corpora.vector_file import VectorFile

        facts = self.facts()
        return max(0, facts.passages - VectorFile(self.folder, model, facts.rank_fields).passages())

    def vectors(self, model: str, on_progress: OnProgress | None = None) -> VectorTable:
        """The vectors of all passages by a local model, made where they are missing.

        On two cores 100,000 passages of 200 tokens take about 15 minutes in English and 30 in Multilingual:
        `on_progress` hears how many have been done, and what it raises stops the work; what has been done is kept
        and the next call goes on from there. Raises
        ConfigurationError where the model cannot be used here.
        """
        return self._vectors(model, self.facts().rank_fields, on_progress)

    def _vectors(self, model: str, fields: tuple[str, ...], on_progress: OnProgress | None) -> VectorTable:
        from rerank_core.corpora.vector_file import VectorFile
        from rerank_core.retrieval.embedding import VectorTable

        size = len(self)
        table = self._loaded.tables.get((model, fields))
        if table is not None and len(table) == size:
            return table
        file = VectorFile(self.folder, model, fields)

        def tick(done: int) -> None:
            if on_progress is not None:
                on_progress(min(done, size), size)

        if file.passages() < size:
            with self._alone(f"vectors-{model}"):
                try:
                    file.extend(lambda start: self._database.texts(start, size, fields), size, tick)
                except OSError as error:
                    raise explained(error, self.folder) from error
        table = VectorTable(file.open(), size)
        with self._loaded.lock:
            self._loaded.tables[(model, fields)] = table
        return table

    def _alone(self, work: str) -> contextlib.AbstractContextManager[None]:
        self.facts()  # a corpus that was deleted must not come back as a folder with a lock in it
        return exclusive(self.folder / f"{work}.lock", _INDEX_SECONDS, explained)

    def release(self) -> None:
        """Let go of the indexes in memory and of the files; the next use opens them again."""
        self._database.release()
        with self._loaded.lock:
            self._loaded.index = None
            self._loaded.tables = {}
