"""What stands on a page and has not been run: kept by this server for a while, so that a reload brings it back.

The address names it by an id that nobody can guess, as it names a run. It is in memory only, and forgotten when there
is much newer of it, after some hours, or when the server stops.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pages.components.session import page_state, stores
from pages.components.session.owner import keeper
from rerank_core.storage.run_record import new_id


@dataclass
class Drafts:
    """The ids under which this session keeps its drafts, by the place on a page that they are of."""

    ids: dict[str, str] = field(default_factory=dict)


def keep(place: str, value: object, size: int) -> str | None:
    """Keep what stands in a place, about `size` bytes; gives the id for the address, None where it is too large."""
    mine = page_state.of(Drafts).ids
    draft_id = mine.setdefault(place, new_id())
    return draft_id if stores.drafts().put(draft_id, (keeper(), value), size) else None


def is_own(draft_id: str) -> bool:
    """Whether this session keeps something under this id."""
    return draft_id in page_state.of(Drafts).ids.values()


def find(draft_id: str) -> object:
    """What is kept under this id, as an earlier visit left it; None where there is nothing, or it is another's."""
    found = stores.drafts().get(draft_id)
    return found[1] if isinstance(found, tuple) and found[0] == keeper() else None
