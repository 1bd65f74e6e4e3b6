"""The index that lists the knowledge bases of a search engine: one document each, changed by one program at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from rerank_core.corpora.database import Facts
from rerank_core.corpora.errors import CorpusError, busy, newer, not_found
from rerank_core.corpora.homes.home import HomeEntry
from rerank_core.errors import RerankError
from rerank_core.retrieval.live.engine import SearchEngine
from rerank_core.storage.ownership import Ownership

_FORMAT = 1
_MOST = 10_000  # what one search of an engine gives
_TRIES = 8
_SECONDS = 8.0  # a page waits for the list
_LEASE = timedelta(minutes=3)  # what a writer that was killed holds others up
_MADE_WITHIN = timedelta(hours=6)  # what is in the making for longer, without a passage more, is made by nobody
WHOLE, MAKING, GOING = "whole", "making", "going"

Source = dict[str, Any]


def now() -> datetime:
    """The time of this computer, in UTC."""
    return datetime.now(UTC)


class Catalogue:
    """What is known of each knowledge base without reading its passages. Its index has the name `index`."""

    def __init__(self, engine: SearchEngine, index: str, label: str) -> None:
        self._engine = engine
        self.index = index
        self._label = label

    def prepare(self) -> None:
        """Make the index where it is missing."""
        mapping = {"dynamic": False, "properties": {"state": {"type": "keyword"}}}
        try:
            self.ask("PUT", "", {"mappings": mapping})
        except RerankError as error:
            if error.code != "resource_already_exists_exception":
                raise

    def ask(self, method: str, path: str, body: Source | None = None) -> Any:
        return self._engine.ask(method, f"/{self.index}{path}", body, index=self.index, timeout=_SECONDS)

    def all(self) -> list[tuple[str, Source]]:
        """Every document with its id."""
        try:
            found = self.ask("POST", "/_search", {"size": _MOST, "query": {"match_all": {}}})
        except RerankError as error:
            if error.code == "index_not_found_exception":
                return []
            raise
        return [(hit["_id"], hit["_source"]) for hit in found["hits"]["hits"]]

    def get(self, base: str) -> Source:
        """One document. Raises CorpusError where there is none."""
        return self._read(base)[0]

    def _read(self, base: str) -> tuple[Source, int, int]:
        (found,) = self.ask("POST", "/_mget", {"ids": [base]})["docs"]
        if not found.get("found"):
            raise not_found()
        source = found["_source"]
        if source.get("format", _FORMAT) > _FORMAT:
            raise newer()
        return source, found["_seq_no"], found["_primary_term"]

    def add(self, base: str, entry: HomeEntry) -> None:
        """List a new one, in the making."""
        source = {
            "format": _FORMAT,
            "storage": base,
            "state": MAKING,
            "until": (now() + _MADE_WITHIN).isoformat(),
            "passages": 0,
            "documents": 0,
            "bytes": 0,
            "vectors": {},
            "created": entry.facts.created.isoformat(),
            **said_by(entry.facts),
        }
        self.ask("PUT", f"/_doc/{base}?refresh=true", source)

    def remove(self, base: str) -> None:
        """Strike one from the list; nothing where it is not there."""
        self._engine.ask(
            "POST", "/_bulk?refresh=true", index=self.index, lines=[{"delete": {"_index": self.index, "_id": base}}]
        )

    def update(self, base: str, change: Callable[[Source], Source | None]) -> Source:
        """Put what `change` makes of a document in its place, as if nobody else changed it meanwhile. None leaves it
        as it is."""
        for _ in range(_TRIES):
            source, number, term = self._read(base)
            changed = change(deepcopy(source))
            if changed is None:
                return source
            try:
                self.ask("PUT", f"/_doc/{base}?refresh=true&if_seq_no={number}&if_primary_term={term}", changed)
            except RerankError as error:
                if error.status != 409:
                    raise
                continue
            return changed
        raise busy(self._label)

    @contextmanager
    def writing(self, base: str) -> Iterator[Callable[[], None]]:
        """Be the one that writes into a knowledge base. Call what is given now and then while it takes long. Raises
        CorpusError where another is."""
        token = secrets.token_hex(8)

        def take(source: Source) -> Source:
            writer = source.get("writer")
            if writer and writer["token"] != token and datetime.fromisoformat(writer["until"]) > now():
                raise busy(self._label)
            moment = now()
            writer = {"token": token, "until": (moment + _LEASE).isoformat()}
            return {**source, "until": (moment + _MADE_WITHIN).isoformat(), "writer": writer}

        def leave(source: Source) -> Source | None:
            writer = source.pop("writer", None)
            return source if writer and writer["token"] == token else None

        took = now()

        def stay() -> None:
            nonlocal took
            if now() - took > _LEASE / 4:
                self.update(base, take)
                took = now()

        self.update(base, take)
        try:
            yield stay
        finally:
            try:
                self.update(base, leave)
            except CorpusError as error:  # it was deleted meanwhile
                if error.code != "corpus_not_found":
                    raise


def said_by(facts: Facts) -> Source:
    """What of a document its owner chooses."""
    return {
        "name": facts.name,
        "rank_fields": list(facts.rank_fields),
        "owner": facts.ownership.owner,
        "shared": facts.ownership.shared,
    }


def entry_of(base: str, source: Source) -> HomeEntry:
    """A document as an entry. Raises CorpusError for one of a newer version, or that another program wrote."""
    if isinstance(source.get("format"), int) and source["format"] > _FORMAT:
        raise newer()
    try:
        facts = Facts(
            str(source["name"]),
            datetime.fromisoformat(source["created"]),
            int(source["passages"]),
            int(source["documents"]),
            tuple(map(str, source["rank_fields"])),
            Ownership(str(source["owner"]), bool(source["shared"])),
        )
        vectors = {str(name): int(each["passages"]) for name, each in source["vectors"].items()}
        return HomeEntry(base, facts, int(source["bytes"]), vectors)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorpusError(
            "The search engine's list of knowledge bases is damaged.",
            hint="Ask whoever runs it; another program may have written into it.",
            code="corpus_damaged",
        ) from error
