"""What history knows of a thing that somebody made, and what it can be asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, get_args

from rerank_core.models import RerankRequest
from rerank_core.ranking.contender import Contender
from rerank_core.storage.ownership import EVERYBODYS, Ownership

HistoryPage = Literal["playground", "compare", "search", "duplicates", "evaluate"]
"""Where a thing was made."""

PAGES: Final[tuple[HistoryPage, ...]] = get_args(HistoryPage)

MOST_NAME, MOST_NOTE, MOST_TAGS, MOST_TAG = 200, 10_000, 20, 60
"""Characters of a name and of a note, tags of one thing, characters of a tag; what is more is cut off."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a run belongs to when it is saved.

    `entry` is the id of what history lists, empty for the run's own. A comparison is one entry of several runs: `place`
    is where this run stands in it (from 0), `others` are runs saved before that are part of it, with their places.
    `asked` names the request (`request_key`) and `sent` what its service was sent (`rerank_core.client.sent`), both
    empty where it was free; `context` is what the page needs besides the run to show all of it again, in a form of its
    own.
    """

    page: HistoryPage = "playground"
    entry: str = ""
    place: int = 0
    others: tuple[tuple[int, str], ...] = ()
    asked: str = ""
    sent: str = ""
    context: str = ""


ALONE: Final = Made()
"""A run of the Playground, or of a program."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A thing as a row of the list, without its documents.

    `title` is the query, or what an experiment is called; it has U+FFFD where the text cannot be shown. `name` is what
    somebody called it, empty where nobody has; `models` took part, in the sequence in which they were chosen. `size`
    is how many documents or queries it is about, `amount` what was billed in `currency` (None where that is unknown, or
    worked out elsewhere, as for an experiment), `rated` how many documents have a rating. `runs` are the ids of its
    runs; an evaluation has none, and `query_set` names the set that it is about. `number` is where it stands in the
    sequence of what was kept.
    """

    id: str
    number: int
    page: HistoryPage
    created: datetime
    title: str
    name: str
    note: str
    tags: tuple[str, ...]
    models: tuple[Contender, ...]
    size: int
    amount: Decimal | None
    currency: str
    rated: int
    ownership: Ownership = EVERYBODYS
    runs: tuple[str, ...] = ()
    query_set: str = ""

    @property
    def called(self) -> str:
        """What it is called in a list: its name, else its title."""
        return self.name or self.title

    @property
    def cursor(self) -> tuple[str, int]:
        """Where it stands in the list, for `Wanted.before`."""
        return self.created.isoformat(timespec="microseconds"), self.number


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. All of it holds at once; what is empty leaves everything in.

    `words` are words of the query, the documents, the name, the note and the tags, all of them; the last one may be
    unfinished. `pages`, `models` (`key_of` of a contender), `tags` and `owners` are any of these. `pinned` None takes
    all. `before` is the cursor of the entry after which a page of the list begins.
    """

    words: str = ""
    pages: tuple[HistoryPage, ...] = ()
    models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    pinned: bool | None = None
    before: tuple[str, int] | None = None


def request_key(connection: str, address: str, request: RerankRequest) -> str:
    """A name for one request of one service: the same for the very same query, documents in the same order, fields,
    model and settings, and for nothing else. `connection` is the provider's id, `address` that of the service."""
    asked = [
        connection,
        address,
        request.model,
        request.query,
        [[document.text, document.id, document.metadata] for document in request.documents],
        list(request.rank_fields),
        request.top_n,
        request.return_documents,
    ]
    written = json.dumps(asked, ensure_ascii=True, sort_keys=False, default=repr, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def cleaned_tags(typed: Sequence[str]) -> tuple[str, ...]:
    """Tags as they are kept: blanks at the ends and doubles left out, each at most MOST_TAG characters, sorted."""
    found = {" ".join(tag.split())[:MOST_TAG].strip() for tag in typed}
    return tuple(sorted(found - {""}))[:MOST_TAGS]


_ONE_ORDER: Final = ("playground", "search", "duplicates")


def same_kind(first: HistoryEntry, second: HistoryEntry) -> bool:
    """Whether two things can be held against each other: two of one order each, two comparisons, two evaluations."""
    return first.page == second.page or (first.page in _ONE_ORDER and second.page in _ONE_ORDER)
