"""All corpora of this machine: made, listed, opened, renamed and deleted."""

from __future__ import annotations

import re
import secrets
import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rerank_core.corpora.corpus import Corpus, _checked
from rerank_core.corpora.database import Database
from rerank_core.corpora.errors import CorpusError, explained
from rerank_core.corpora.files import put_file, remove_tree, size_of, sync_folder
from rerank_core.corpora.limits import MAX_NAME
from rerank_core.models import DocumentInput
from rerank_core.rank_fields import TITLE_AND_TEXT, checked_fields
from rerank_core.storage.locks import exclusive
from rerank_core.storage.sqlite_file import home

_ID = re.compile(r"[0-9a-f]{16}")
_LOCK_SECONDS = 30.0
_KEPT_OPEN = 4
_LAST_USED = "last-used"
_FORGOTTEN_AFTER = 24 * 3600.0  # seconds after which a half-made corpus has no maker any more


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """A corpus as a row of a list.

    `passages` is what is searched, `documents` how many documents they were cut from (the same number where
    nothing was cut), `size` the bytes of all its files. `keyword` says whether the keyword index is there,
    `vectors` how many passages each local model has embedded, `rank_fields` which fields of a passage are searched and
    ranked. `problem` is None, or the sentence of what is wrong
    with its files, and then the rest is empty but for id and size.
    """

    id: str
    name: str
    created: datetime | None
    passages: int
    documents: int
    size: int
    keyword: bool = False
    vectors: Mapping[str, int] = field(default_factory=dict, hash=False)
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT
    problem: str | None = None


class CorpusStore:
    """The corpora in one folder (None: `corpora` in the playground's home). Making a store touches nothing.

    Names are unique whatever their case. Every method raises CorpusError. Safe under threads and processes;
    a few corpora are kept open, so that all pages of an app share their indexes.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self._given = None if folder is None else Path(folder)
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, Corpus] = OrderedDict()

    @property
    def folder(self) -> Path:
        """Where the corpora are."""
        return self._given if self._given is not None else home() / "corpora"

    def create(
        self, name: str, documents: Iterable[DocumentInput], *, rank_fields: Iterable[str] = TITLE_AND_TEXT
    ) -> Corpus:
        """Make a corpus of these passages, all or nothing; its search reads these fields of each.

        Raises CorpusError for a name that is empty, too long or taken, for no passages at all and for more than
        100,000 or 130 MB, InvalidDocumentsError for what is no document, and InvalidRequestError for fields that are no
        list of names.
        """
        fields = checked_fields(rank_fields)
        name = _name(name)
        folder = self._prepared()
        self._refuse_taken(name)  # before the long part; again when it gets its name
        corpus_id = secrets.token_hex(8)
        making = folder / f"making-{corpus_id}"
        try:
            making.mkdir(mode=0o700)
            database = Database(making / "passages.sqlite3", create=True)
            database.start(name, fields)
            added, _ = database.append(_checked(documents), skip_known=False)
            if not added:
                raise CorpusError(
                    "There are no passages to make a corpus of.", hint="Add some documents first.", code="corpus_empty"
                )
            with exclusive(folder / "names.lock", _LOCK_SECONDS, explained):
                self._refuse_taken(name)
                making.rename(folder / corpus_id)
            sync_folder(folder)
        except OSError as error:
            raise explained(error, folder) from error
        finally:
            remove_tree(making)
        return self._opened(folder / corpus_id)

    def list(self) -> tuple[CorpusSummary, ...]:
        """All corpora, newest first; damaged ones, which say so, at the end."""
        found = [summary for path in self._paths() if (summary := _summary(path)) is not None]
        beginning = datetime.min.replace(tzinfo=UTC)
        return tuple(sorted(found, key=lambda summary: (summary.created or beginning, summary.name), reverse=True))

    def open(self, name_or_id: str) -> Corpus:
        """A corpus by its id or by its name, whatever the name's case. Raises CorpusError where there is none."""
        if _ID.fullmatch(name_or_id) and (self.folder / name_or_id).is_dir():
            corpus = self._opened(self.folder / name_or_id)
            corpus.facts()
            return corpus
        for path, name in self._names():
            if _folded(name) == _folded(name_or_id):
                return self._opened(path)
        raise CorpusError(
            "There is no such corpus.",
            hint="Choose one from the list; it may have been deleted.",
            code="corpus_not_found",
        )

    @property
    def last_used(self) -> str | None:
        """The id of the corpus that was searched last on this machine; None where none was or it is gone."""
        try:
            found = (self.folder / _LAST_USED).read_text("ascii").strip()
        except (OSError, ValueError):
            return None
        return found if _ID.fullmatch(found) and (self.folder / found).is_dir() else None

    def remember(self, corpus_id: str | None) -> None:
        """Keep which corpus was searched last, None where it was none of these."""
        path = self._prepared() / _LAST_USED
        try:
            put_file(path, (corpus_id or "").encode("ascii", "replace"))
        except OSError as error:
            raise explained(error, path) from error

    def rename(self, name_or_id: str, name: str) -> None:
        """Give a corpus another name."""
        name = _name(name)
        corpus = self.open(name_or_id)
        with exclusive(self._prepared() / "names.lock", _LOCK_SECONDS, explained):
            self._refuse_taken(name, but=corpus.folder)
            corpus._database.rename(name)

    def delete(self, name_or_id: str) -> None:
        """Delete a corpus with all its files; a damaged one by its id. Raises CorpusError where there is none."""
        folder = self.folder / name_or_id
        if not (_ID.fullmatch(name_or_id) and folder.is_dir()):
            folder = self.open(name_or_id).folder
        with self._lock:
            held = self._open.pop(folder, None)
        if held is not None:
            held.release()  # some systems remove no file that is mapped
        try:
            # In one step it is no corpus any more; the files can then go one by one.
            gone = folder.rename(folder.with_name(f"deleted-{folder.name}"))
        except OSError as error:
            raise explained(error, folder) from error
        remove_tree(gone)

    def take_place(self, new: str, old: str) -> Corpus:
        """Put one corpus in the place of another, which is deleted: it has that one's id and name from then on.

        Gives the corpus under this id. Whenever the power goes, one of the two is there whole.
        """
        before, after = self.open(old), self.open(new)
        name, folder = before.name, before.folder
        with self._lock:
            for one in (before, after):
                held = self._open.pop(one.folder, None)
                if held is not None:
                    held.release()
        try:
            gone = folder.rename(folder.with_name(f"deleted-{folder.name}"))
            after.folder.rename(folder)
        except OSError as error:
            raise explained(error, folder) from error
        remove_tree(gone)
        self.rename(folder.name, name)
        return self.open(folder.name)

    def _opened(self, path: Path) -> Corpus:
        with self._lock:
            corpus = self._open.get(path)
            if corpus is None:
                corpus = self._open[path] = Corpus(path)
            self._open.move_to_end(path)
            while len(self._open) > _KEPT_OPEN:
                self._open.popitem(last=False)
        return corpus

    def _prepared(self) -> Path:
        """The folder, made where it is missing and rid of what crashed or interrupted attempts left there."""
        folder = self.folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for left in folder.iterdir():
                old = left.name.startswith("making-") and left.stat().st_mtime < time.time() - _FORGOTTEN_AFTER
                if old or left.name.startswith("deleted-"):
                    remove_tree(left)
        except OSError as error:
            raise explained(error, folder) from error
        return folder

    def _paths(self) -> Iterator[Path]:
        try:
            yield from (path for path in sorted(self.folder.iterdir()) if _ID.fullmatch(path.name) and path.is_dir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise explained(error, self.folder) from error

    def _names(self) -> Iterator[tuple[Path, str]]:
        """Every corpus that can be read, with its name."""
        for path in self._paths():
            try:
                yield path, Corpus(path).name
            except CorpusError:
                continue

    def _refuse_taken(self, name: str, but: Path | None = None) -> None:
        for path, other in self._names():
            if path != but and _folded(other) == _folded(name):
                raise CorpusError(
                    f"There is a corpus called '{other}' already.",
                    hint="Choose another name, or add to that corpus.",
                    code="corpus_exists",
                )


def _summary(path: Path) -> CorpusSummary | None:
    from rerank_core.corpora.vector_file import VectorFile
    from rerank_core.retrieval.embedding import EMBEDDING_MODELS

    corpus = Corpus(path)
    try:
        facts = corpus.facts()
        keyword = corpus.has_keyword_index()
    except CorpusError as error:
        if error.code == "corpus_not_found" and not path.is_dir():
            return None  # deleted while the list was made
        return CorpusSummary(path.name, "", None, 0, 0, size_of(path), problem=error.message)
    return CorpusSummary(
        id=path.name,
        name=facts.name,
        created=facts.created,
        passages=facts.passages,
        documents=facts.documents,
        size=size_of(path),
        keyword=keyword,
        vectors={
            model: count
            for model in EMBEDDING_MODELS
            if (count := VectorFile(path, model, facts.rank_fields).passages())
        },
        rank_fields=facts.rank_fields,
    )


def _name(name: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise CorpusError("A corpus needs a name.", hint="Type a name of at least one letter.", code="corpus_name")
    if len(name) > MAX_NAME:
        raise CorpusError(
            f"The name has {len(name):,} characters; {MAX_NAME} is the most.", hint="Shorten it.", code="corpus_name"
        )
    if not name.isprintable():
        raise CorpusError("The name holds characters that cannot be shown.", hint="Type it anew.", code="corpus_name")
    return name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()
