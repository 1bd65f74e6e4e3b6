"""All corpora of this machine: made, listed, opened, renamed and deleted."""

from __future__ import annotations

import copy
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from rerank_core.corpora.adding import checked
from rerank_core.corpora.corpus import Corpus
from rerank_core.corpora.database import Facts, PassageDatabase
from rerank_core.corpora.errors import CorpusError, explained, nothing_to_keep, taken
from rerank_core.corpora.files import put_file, remove_lock, remove_tree, size_of, sync_folder
from rerank_core.corpora.limits import MAX_BYTES, MAX_CORPORA
from rerank_core.corpora.names import checked_name, folded
from rerank_core.corpora.summary import CorpusSummary, summary_of
from rerank_core.models import DocumentInput
from rerank_core.rank_fields import TITLE_AND_TEXT, checked_fields
from rerank_core.storage.locks import exclusive
from rerank_core.storage.ownership import (
    EVERYBODYS,
    NOBODY_SIGNS_IN,
    NOT_SHARED,
    NOT_YOURS,
    Actor,
    Ownership,
    refuse_change,
    refuse_more,
    refuse_opening,
    refuse_size,
)
from rerank_core.storage.sqlite_file import home

_ID = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}")  # 16 is how long an id was; nobody guesses either
_LOCK_SECONDS = 30.0
_KEPT_OPEN = 4
_DATABASE = "passages.sqlite3"
_LAST_USED = "last-used"
_NAMES = "names.lock"
_MAKING, _LOCK = "making-", ".lock"  # a corpus in the making, and the lock that its maker holds beside it


class CorpusStore:
    """The corpora in one folder (None: `corpora` in the playground's home). Making a store touches nothing.

    The names of one owner are unique whatever their case; one owner keeps at most `most` corpora, and
    adds to none once all of theirs take `most_bytes` bytes. Every method raises
    CorpusError, also for what is another's (codes not_shared, not_yours). Safe under threads and processes; a few
    corpora are kept open, so that all pages of an app share their indexes.
    """

    def __init__(
        self, folder: Path | str | None = None, *, most: int = MAX_CORPORA, most_bytes: int = MAX_BYTES
    ) -> None:
        self._given = None if folder is None else Path(folder)
        self.most, self.most_bytes = most, most_bytes
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, Corpus] = OrderedDict()
        self.actor = NOBODY_SIGNS_IN

    def acting_for(self, actor: Actor) -> CorpusStore:
        """This store as somebody uses it: with the corpora that they may open and change. Safe to hand to a worker
        thread."""
        view = copy.copy(self)
        view.actor = actor
        return view

    @property
    def folder(self) -> Path:
        """Where the corpora are."""
        return self._given if self._given is not None else home() / "corpora"

    def create(
        self,
        name: str,
        documents: Iterable[DocumentInput],
        *,
        rank_fields: Iterable[str] = TITLE_AND_TEXT,
        instead_of: str | None = None,
    ) -> Corpus:
        """Make a corpus of these passages, all or nothing; its search reads these fields of each. `instead_of` is the
        id of one whose place it is about to take: it is that one's owner's, and does not count as one more.

        Raises CorpusError for a name that is empty, too long or taken, for no passages at all and for more than
        1,000,000 or 400 MB, and where its owner keeps as many, or as much, as they may (too_many_kept);
        InvalidDocumentsError for what is no document, and InvalidRequestError for fields that are no list of names.
        """
        fields = checked_fields(rank_fields)
        name = checked_name(name)
        self._prepared()
        owned = self._ownership_to_be(instead_of)
        self._refuse_taken(name, owned.owner)  # before the long part; again when it gets its name
        corpus_id = secrets.token_hex(16)

        def fill(making: Path) -> None:
            database = PassageDatabase(making / _DATABASE, create=True)
            database.start(name, fields, owned)
            added, _ = database.append(checked(documents), skip_known=False)
            if not added:
                raise nothing_to_keep()
            self._refuse_size(owned.owner, size_of(making), instead_of)

        self._make(corpus_id, fill, lambda: self._refuse_taken(name, owned.owner))
        return self._opened(self.folder / corpus_id)

    def receive(self, corpus_id: str, facts: Facts, fill: Callable[[Corpus], None]) -> Corpus:
        """Take a corpus over that was kept elsewhere, with its id, name, creation time and owner, all or nothing:
        `fill` adds its passages and vectors to one that is empty, and looks whether all are there."""
        self._prepared()
        self._refuse_size(facts.ownership.owner)

        def filled(making: Path) -> None:
            database = PassageDatabase(making / _DATABASE, create=True)
            database.start(facts.name, facts.rank_fields, facts.ownership, facts.created)
            fill(Corpus(making))

        self._make(corpus_id, filled, lambda: None)
        return self._opened(self.folder / corpus_id)

    def _make(self, corpus_id: str, fill: Callable[[Path], None], ready: Callable[[], None]) -> None:
        """Make the folder of a corpus, which has its name once `fill` has filled it and `ready` says that it may."""
        folder = self.folder
        making = folder / f"{_MAKING}{corpus_id}"
        lock = making.with_name(f"{making.name}{_LOCK}")
        try:
            with ExitStack() as held:
                # nobody takes it for left before it is locked
                with exclusive(folder / _NAMES, _LOCK_SECONDS, explained):
                    held.enter_context(exclusive(lock, _LOCK_SECONDS, explained))
                making.mkdir(mode=0o700)
                fill(making)
                with exclusive(folder / _NAMES, _LOCK_SECONDS, explained):
                    ready()
                    making.rename(folder / corpus_id)
            sync_folder(folder)
        except OSError as error:
            raise explained(error, folder) from error
        finally:
            remove_tree(making)
            remove_lock(lock)

    def _ownership_to_be(self, instead_of: str | None) -> Ownership:
        """Whose a corpus is that is about to be made. Raises CorpusError where there is no room for another."""
        if instead_of is not None:
            return self._to_change(instead_of).facts().ownership
        owner = self.actor.keeper
        refuse_more(
            sum(ownership.owner == owner for _, _, ownership in self.known()),
            self.most,
            CorpusError,
            "knowledge bases",
        )
        self._refuse_size(owner)
        return Ownership(owner)

    def _refuse_size(self, owner: str, more: int = 1, but: str | None = None) -> None:
        """Raise CorpusError where so many bytes more are no longer this owner's to keep; one corpus, by its id, does
        not count."""
        own = (path for path, _name, owned in self.known() if owned.owner == owner and path.name != but)
        refuse_size(sum(map(size_of, own)) + more, self.most_bytes, CorpusError, "knowledge bases")

    def list(self) -> tuple[CorpusSummary, ...]:
        """The corpora of who asks, those that are shared with them and everybody's; newest first. Damaged ones, which
        say so and nothing else, at the end."""
        found = [summary for path in self._paths() if (summary := summary_of(path, self.actor)) is not None]
        beginning = datetime.min.replace(tzinfo=UTC)
        return tuple(sorted(found, key=lambda summary: (summary.created or beginning, summary.name), reverse=True))

    def open(self, name_or_id: str) -> Corpus:
        """A corpus by its id or by its name, whatever the name's case: one's own before another's. Raises CorpusError
        where there is none, and where it is not shared (not_shared)."""
        if _ID.fullmatch(name_or_id) and (self.folder / name_or_id).is_dir():
            corpus = self._opened(self.folder / name_or_id)
            refuse_opening(self.actor, corpus.facts().ownership, CorpusError, "knowledge base")
            return corpus
        named = [
            (owned.owner != self.actor.keeper, path)
            for path, name, owned in self.known()
            if folded(name) == folded(name_or_id) and self.actor.lists(owned.owner, owned.shared)
        ]
        if named:
            return self._opened(min(named)[1])
        raise CorpusError(
            "There is no such corpus.",
            hint="Choose one from the list; it may have been deleted.",
            code="corpus_not_found",
        )

    def _to_change(self, name_or_id: str) -> Corpus:
        """A corpus that who asks may change. Raises CorpusError where there is none, or it is another's."""
        corpus = self.open(name_or_id)
        refuse_change(self.actor, corpus.facts().ownership, CorpusError, "knowledge base")
        return corpus

    def share(self, name_or_id: str, shared: bool = True) -> None:
        """Let everyone here search a corpus and read its passages, or take that back."""
        corpus = self._to_change(name_or_id)
        corpus._database.set_ownership(Ownership(corpus.facts().ownership.owner, shared))

    @property
    def last_used(self) -> str | None:
        """The id of the corpus that who asks has searched last; None where there was none, it is gone or not shared any
        more."""
        found = self.remembered
        try:
            if found is not None and (self.folder / found).is_dir():
                self.open(found)
                return found
        except CorpusError as error:
            # what is wrong with its files is said where it is opened
            return None if error.code == NOT_SHARED else found
        return None

    @property
    def remembered(self) -> str | None:
        """The id that `remember` kept, whether or not there is such a corpus here."""
        try:
            found = self._last_used(self.folder).read_text("ascii").strip()
        except (OSError, ValueError):
            return None
        return found if _ID.fullmatch(found) else None

    def _last_used(self, folder: Path) -> Path:
        if not self.actor.keeper:
            return folder / _LAST_USED
        return folder / f"{_LAST_USED}-{blake2b(self.actor.keeper.encode(), digest_size=12).hexdigest()}"

    def remember(self, corpus_id: str | None) -> None:
        """Keep which corpus was searched last, None where it was none of these."""
        path = self._last_used(self._prepared())
        try:
            put_file(path, (corpus_id or "").encode("ascii", "replace"))
        except OSError as error:
            raise explained(error, path) from error

    def rename(self, name_or_id: str, name: str) -> None:
        """Give a corpus another name."""
        name = checked_name(name)
        corpus = self._to_change(name_or_id)
        with exclusive(self._prepared() / _NAMES, _LOCK_SECONDS, explained):
            self._refuse_taken(name, corpus.facts().ownership.owner, but=corpus.folder)
            corpus._database.rename(name)

    def delete(self, name_or_id: str) -> None:
        """Delete a corpus with all its files; a damaged one by its id. Raises CorpusError where there is none."""
        folder = self._to_delete(name_or_id)
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

    def _to_delete(self, name_or_id: str) -> Path:
        """The folder of a corpus that who asks may delete. A damaged one does not say whose it is: then it is
        everybody's, and an operator's to delete where people sign in."""
        try:
            return self._to_change(name_or_id).folder
        except CorpusError as error:
            folder = self.folder / name_or_id
            if error.code in (NOT_SHARED, NOT_YOURS) or not (_ID.fullmatch(name_or_id) and folder.is_dir()):
                raise
            refuse_change(self.actor, EVERYBODYS, CorpusError, "knowledge base")
            return folder

    def take_place(self, new: str, old: str) -> Corpus:
        """Put one corpus in the place of another, which is deleted: it has that one's id, name and owner from then on.

        Gives the corpus under this id. Whenever the power goes, one of the two is there whole.
        """
        before, after = self._to_change(old), self._to_change(new)
        name, folder = before.name, before.folder
        after._database.set_ownership(before.facts().ownership)
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
                corpus = self._open[path] = Corpus(path, keep=True, refuse_size=self._refuse_size)
            self._open.move_to_end(path)
            while len(self._open) > _KEPT_OPEN:
                self._open.popitem(last=False)
        return corpus.acting_for(self.actor)

    def tidy(self) -> None:
        """Remove what crashed or interrupted attempts left, as at the start of a server; nothing where there is no
        folder yet."""
        if self.folder.is_dir():
            self._prepared()

    def _prepared(self) -> Path:
        """The folder, made where it is missing and rid of what crashed or interrupted attempts left there."""
        folder = self.folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for left in folder.iterdir():
                if left.name.startswith("deleted-"):
                    remove_tree(left)
                elif left.name.startswith(_MAKING):
                    _remove_left(left, folder / _NAMES)
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

    def known(self) -> Iterator[tuple[Path, str, Ownership]]:
        """Every corpus that can be read, with its name and whose it is."""
        for path in self._paths():
            try:
                facts = Corpus(path).facts()
            except CorpusError:
                continue
            yield path, facts.name, facts.ownership

    def _refuse_taken(self, name: str, owner: str, but: Path | None = None) -> None:
        """Raise CorpusError where this owner has a corpus of this name; where nobody signs in, where there is any."""
        for path, other, owned in self.known():
            own = self.actor.person is None or owned.owner == owner
            if own and path != but and folded(other) == folded(name):
                raise taken(other)


def _remove_left(path: Path, names: Path) -> None:
    """Remove a corpus that nobody makes any more, with its lock; one whose maker lives stays."""
    making = path.with_name(path.name.partition(".")[0])
    lock = making.with_name(f"{making.name}{_LOCK}")
    try:
        with exclusive(names, 0.0, explained):
            with exclusive(lock, 0.0, explained):
                remove_tree(making)
            remove_lock(lock)
    except CorpusError:
        return  # somebody makes one, or it cannot be used: then the next start may do it
