"""All knowledge bases that somebody may use, wherever they are kept: on this computer, and in homes outside of it."""

from __future__ import annotations

import copy
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from rerank_core.corpora.adding import checked
from rerank_core.corpora.catalogue import CorpusStore
from rerank_core.corpora.corpus import Corpus
from rerank_core.corpora.database import Facts
from rerank_core.corpora.errors import CorpusError, not_found, nothing_to_keep, taken
from rerank_core.corpora.homes.corpus import HomeCorpus, vectors_name
from rerank_core.corpora.homes.home import Home, HomeEntry
from rerank_core.corpora.limits import MAX_PASSAGES
from rerank_core.corpora.moving import OnStage, begun, copied, refuse_changed
from rerank_core.corpora.names import checked_name, folded
from rerank_core.corpora.summary import CorpusSummary
from rerank_core.errors import RerankError
from rerank_core.models import DocumentInput
from rerank_core.rank_fields import TITLE_AND_TEXT, checked_fields
from rerank_core.retrieval.embedding import EMBEDDING_MODELS
from rerank_core.storage.ownership import (
    NOT_SHARED,
    NOT_YOURS,
    Actor,
    Ownership,
    refuse_change,
    refuse_more,
    refuse_opening,
    refuse_size,
)

KnowledgeBase = Corpus | HomeCorpus
Listed = Sequence[HomeEntry] | RerankError
HERE = ""
"""The id of this computer as a home."""

_ID = re.compile(r"[0-9a-f]{32}")
_FRESH = 1.0  # seconds for which a list is not asked for again: a page asks several times
_FAILED = 10.0  # the same where it could not be had, so that a page does not wait again and again


class KnowledgeBases:
    """The corpora of this computer and those of `homes`, as one store: with the methods of a CorpusStore.

    `here` keeps those of this computer. Names are unique over all homes, and the most that one owner may keep counts
    all of them. A home that cannot be reached takes nothing from the others: its knowledge bases are missing from the
    list, and `problems` says why. Safe under threads and processes.
    """

    def __init__(self, here: CorpusStore, homes: Sequence[Home] = (), clock: Callable[[], float] = time.monotonic):
        self.here = here
        self.homes: Mapping[str, Home] = {home.id: home for home in homes}
        self._clock = clock
        self._known: dict[str, tuple[float, Listed]] = {}

    def acting_for(self, actor: Actor) -> KnowledgeBases:
        """This store as somebody uses it: with the knowledge bases that they may open and change."""
        view = copy.copy(self)
        view.here = self.here.acting_for(actor)
        return view

    @property
    def actor(self) -> Actor:
        """Whoever uses it."""
        return self.here.actor

    def problems(self) -> tuple[tuple[Home, RerankError], ...]:
        """The homes that cannot be reached now, with why."""
        found = ((home, self._entries(home)) for home in self.homes.values())
        return tuple((home, entries) for home, entries in found if isinstance(entries, RerankError))

    # Making

    def create(
        self,
        name: str,
        documents: Iterable[DocumentInput],
        *,
        rank_fields: Iterable[str] = TITLE_AND_TEXT,
        instead_of: str | None = None,
        home: str = HERE,
    ) -> KnowledgeBase:
        """Make a knowledge base of these passages in a home, all or nothing. `instead_of` is the id of one whose place
        it is about to take: then it is made in the home of that one.

        Raises what `CorpusStore.create` raises, and what the home says.
        """
        before = None if instead_of is None else self._to_change(instead_of)
        if isinstance(before, HomeCorpus):
            home = before.home.id
        name, fields = checked_name(name), checked_fields(rank_fields)
        owned = Ownership(self.actor.keeper) if before is None else before.facts().ownership
        if before is None:
            kept = [each for each in self._everyones() if each[2].owner == owned.owner]
            refuse_more(len(kept), self.here.most, CorpusError, "knowledge bases")
        self._refuse_taken(name, owned.owner)
        if home == HERE:
            return self.here.create(name, documents, rank_fields=fields, instead_of=instead_of)
        self._refuse_size(owned.owner)
        there, base = self._home(home), secrets.token_hex(16)
        there.begin(HomeEntry(base, Facts(name, datetime.now(UTC), 0, 0, fields, owned)))
        with _dropped_on_failure(there, base):
            added, _ = there.append(base, checked(documents), skip_known=False)
            if not added:
                raise nothing_to_keep()
            self._refuse_taken(name, owned.owner)
            there.publish(base)
        self._known.clear()
        return self._in(there, base)

    def take_place(self, new: str, old: str) -> KnowledgeBase:
        """Put one in the place of another of the same home, which is deleted: it has that one's id, name and owner
        from then on."""
        before, after = self._to_change(old), self._to_change(new)
        if isinstance(before, Corpus):
            return self.here.take_place(new, old)
        if not isinstance(after, HomeCorpus) or after.home is not before.home:
            raise ValueError("the two are in different homes")
        before.home.take_place(after.id, before.id)
        self._known.clear()
        return before

    # Finding

    def list(self) -> tuple[CorpusSummary, ...]:
        """The knowledge bases of who asks, those shared with them and everybody's; newest first, damaged ones at the
        end."""
        found = list(self.here.list())
        there = {each.id for each in found}
        for home in self.homes.values():
            entries = self._entries(home)
            if not isinstance(entries, RerankError):
                found += [
                    _row(home, each)
                    for each in entries
                    if each.id not in there
                    and self.actor.lists(each.facts.ownership.owner, each.facts.ownership.shared)
                ]
        beginning = datetime.min.replace(tzinfo=UTC)
        return tuple(sorted(found, key=lambda each: (each.created or beginning, each.name), reverse=True))

    def open(self, name_or_id: str) -> KnowledgeBase:
        """One by its id or by its name. Raises CorpusError where there is none, and where it is not shared
        (not_shared); what a home says that cannot be reached, where it may be there."""
        try:
            return self.here.open(name_or_id)
        except CorpusError as error:
            if error.code != "corpus_not_found":
                raise
            missing: RerankError = error
        for home in self.homes.values():
            try:
                base = self._found(home, name_or_id)
                if base is not None:
                    return base
            except CorpusError as error:
                if error.code != "corpus_not_found":
                    raise
            except RerankError as error:
                missing = error
        raise missing

    def _found(self, home: Home, name_or_id: str) -> HomeCorpus | None:
        if _ID.fullmatch(name_or_id):
            entry = home.entry(name_or_id)
            refuse_opening(self.actor, entry.facts.ownership, CorpusError, "knowledge base")
            return self._in(home, entry.id)
        named = [
            (each.facts.ownership.owner != self.actor.keeper, each.id)
            for each in home.entries()
            if folded(each.facts.name) == folded(name_or_id)
            and self.actor.lists(each.facts.ownership.owner, each.facts.ownership.shared)
        ]
        return self._in(home, min(named)[1]) if named else None

    def home_of(self, base: KnowledgeBase) -> str:
        """The id of the home that a knowledge base is kept in."""
        return base.home.id if isinstance(base, HomeCorpus) else HERE

    @property
    def last_used(self) -> str | None:
        """The id of the one that who asks has searched last; None where there was none, it is gone or not shared any
        more."""
        found = self.here.remembered
        try:
            return None if found is None else self.open(found).id
        except CorpusError as error:
            return None if error.code in (NOT_SHARED, "corpus_not_found") else found
        except RerankError:
            return found  # what is wrong with its home is said where it is opened

    def remember(self, corpus_id: str | None) -> None:
        """Keep which one was searched last, None where it was none of these."""
        self.here.remember(corpus_id)

    # Changing

    def share(self, name_or_id: str, shared: bool = True) -> None:
        """Let everyone here search one and read its passages, or take that back."""
        base = self._to_change(name_or_id)
        if isinstance(base, Corpus):
            self.here.share(base.id, shared)
            return
        facts = base.facts()
        base.home.change(base.id, facts._replace(ownership=Ownership(facts.ownership.owner, shared)))
        self._known.clear()

    def rename(self, name_or_id: str, name: str) -> None:
        """Give one another name."""
        name, base = checked_name(name), self._to_change(name_or_id)
        facts = base.facts()
        self._refuse_taken(name, facts.ownership.owner, but=base.id)
        if isinstance(base, Corpus):
            self.here.rename(base.id, name)
            return
        base.home.change(base.id, facts._replace(name=name))
        self._known.clear()

    def delete(self, name_or_id: str) -> None:
        """Delete one with all that belongs to it, wherever it is; a damaged one by its id."""
        try:
            base = self._to_change(name_or_id)
        except CorpusError as error:
            if error.code in (NOT_SHARED, NOT_YOURS):
                raise
            self.here.delete(name_or_id)  # a damaged one; else it says what is wrong
            return
        if isinstance(base, Corpus):
            self.here.delete(base.id)
        for home in self.homes.values():
            # a move that was killed at its end may have left the same one twice
            if isinstance(base, Corpus) and isinstance(self._entries(home), RerankError):
                continue
            home.drop(base.id)
        self._known.clear()

    def move(self, name_or_id: str, home: str, tell: OnStage = lambda *_: None) -> KnowledgeBase:
        """Move one to another home, with its id, name, owner, passages and vectors. All passages of the two are
        compared by their hashes, and what was moved is deleted only after that; until then nothing is changed.

        `tell` hears what is being done. Raises CorpusError where who asks may not change it, where this computer has
        no room for so many passages, and where it was changed meanwhile or arrived otherwise (move_differs).
        """
        base = self._to_change(name_or_id)
        facts, there = base.facts(), None if home == HERE else self._home(home)
        if self.home_of(base) == home:
            return base
        if there is None:
            if facts.passages > MAX_PASSAGES:
                raise CorpusError(
                    f"This knowledge base has {facts.passages:,} passages, and this computer holds at most "
                    f"{MAX_PASSAGES:,} of one.",
                    hint="Leave it where it is.",
                    code="corpus_full",
                )
            moved: KnowledgeBase = self.here.receive(base.id, facts, lambda target: _fill(base, target, facts, tell))
        else:
            self._refuse_size(facts.ownership.owner)
            begun(there, base.id, facts)
            moved = self._in(there, base.id)
            with _dropped_on_failure(there, base.id):
                _fill(base, moved, facts, tell)
                there.publish(base.id)
        if isinstance(base, Corpus):
            self.here.delete(base.id)
        else:
            base.home.drop(base.id)
        self._known.clear()
        return moved

    def tidy(self) -> None:
        """Remove what crashed or interrupted attempts left, as at the start of a server."""
        self.here.tidy()
        for home in self.homes.values():
            for base in home.leftovers():
                home.drop(base)

    def close(self) -> None:
        """Close the connections to the homes."""
        for home in self.homes.values():
            home.close()

    # What several of these need

    def _home(self, home: str) -> Home:
        if home not in self.homes:
            raise CorpusError(
                f"No place called '{home}' keeps knowledge bases here.",
                hint="Choose another one; whoever runs this server names the places.",
                code="home_unknown",
            )
        return self.homes[home]

    def _in(self, home: Home, base: str) -> HomeCorpus:
        return HomeCorpus(home, base, self.actor, self._refuse_size, self._known.clear)

    def _to_change(self, name_or_id: str) -> KnowledgeBase:
        base = self.open(name_or_id)
        refuse_change(self.actor, base.facts().ownership, CorpusError, "knowledge base")
        return base

    def _entries(self, home: Home) -> Listed:
        """What a home lists, or why it does not."""
        at, found = self._known.get(home.id, (float("-inf"), not_found()))
        if self._clock() - at < (_FAILED if isinstance(found, RerankError) else _FRESH):
            return found
        try:
            found = home.entries()
        except RerankError as error:
            found = error
        self._known[home.id] = self._clock(), found
        return found

    def _everyones(self) -> Iterator[tuple[str, str, Ownership, int]]:
        """Id, name, owner and bytes of every knowledge base that can be read; bytes of this computer's are not
        counted."""
        for path, name, owned in self.here.known():
            yield path.name, name, owned, 0
        for home in self.homes.values():
            entries = self._entries(home)
            if not isinstance(entries, RerankError):
                for each in entries:
                    yield each.id, each.facts.name, each.facts.ownership, each.size

    def _refuse_taken(self, name: str, owner: str, but: str | None = None) -> None:
        for base, other, owned, _ in self._everyones():
            own = self.actor.person is None or owned.owner == owner
            if own and base != but and folded(other) == folded(name):
                raise taken(other)

    def _refuse_size(self, owner: str) -> None:
        """Raise CorpusError where this owner may keep no more outside of this computer, in bytes of text."""
        kept = sum(size for _, _, owned, size in self._everyones() if owned.owner == owner)
        refuse_size(kept + 1, self.here.most_bytes, CorpusError, "knowledge bases")


def _fill(base: KnowledgeBase, target: KnowledgeBase, facts: Facts, tell: OnStage) -> None:
    copied(base, target, facts, tell)
    refuse_changed(base, facts)


@contextmanager
def _dropped_on_failure(home: Home, base: str) -> Iterator[None]:
    """Drop what is in the making where the work on it does not come to its end."""
    try:
        yield
    except BaseException:
        with suppress(RerankError):  # what is wrong has been said; the next start drops it
            home.drop(base)
        raise


def _row(home: Home, entry: HomeEntry) -> CorpusSummary:
    facts = entry.facts
    return CorpusSummary(
        id=entry.id,
        name=facts.name,
        created=facts.created,
        passages=facts.passages,
        documents=facts.documents,
        size=entry.size,
        keyword=True,
        vectors={
            model: count
            for model in EMBEDDING_MODELS
            if (count := entry.vectors.get(vectors_name(model, facts.rank_fields), 0))
        },
        rank_fields=facts.rank_fields,
        ownership=facts.ownership,
        home=home.label,
    )
