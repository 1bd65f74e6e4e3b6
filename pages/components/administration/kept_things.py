"""What is kept on this server, by whom and of which kind, in one form for all stores. For whoever runs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from pages.components.session import stores
from rerank_core.storage.ownership import NOBODY_SIGNS_IN

Kind: TypeAlias = Literal["run", "query set", "experiment", "knowledge base"]
KINDS: dict[Kind, str] = {
    "run": "Runs",
    "query set": "Query sets",
    "experiment": "Experiments",
    "knowledge base": "Knowledge bases",
}
_ALL_RUNS = 10**9


@dataclass(frozen=True, slots=True)
class KeptThing:
    """One thing. `owner` is "" for everybody's; `size` are its bytes, None where its store does not say."""

    kind: Kind
    id: str
    name: str
    owner: str
    created: datetime | None
    size: int | None


def everything() -> tuple[KeptThing, ...]:
    """All that is kept, whoever's it is, the largest first. Raises RerankError where a store cannot be used."""
    found = [*_runs(), *_query_sets(), *_experiments(), *_knowledge_bases()]
    return tuple(sorted(found, key=lambda one: one.size or 0, reverse=True))


def delete(one: KeptThing) -> None:
    """Delete a thing, as whoever sits at this page may. Raises RerankError where that cannot be done now."""
    if one.kind == "run":
        stores.runs().delete(one.id)
    elif one.kind == "query set":
        stores.query_sets().delete(one.id)
    elif one.kind == "experiment":
        stores.experiments().delete(one.id)
    else:
        stores.corpora().delete(one.id)


def _runs() -> Iterator[KeptThing]:
    for run in stores.runs().acting_for(NOBODY_SIGNS_IN).list(_ALL_RUNS):
        yield KeptThing("run", run.id, run.query, run.ownership.owner, run.created, run.size)


def _query_sets() -> Iterator[KeptThing]:
    for each in stores.query_sets().acting_for(NOBODY_SIGNS_IN).list():
        yield KeptThing("query set", each.id, each.name, each.ownership.owner, each.created, each.size)


def _experiments() -> Iterator[KeptThing]:
    store = stores.experiments().acting_for(NOBODY_SIGNS_IN)
    sizes = store.sizes()
    for each in store.list():
        yield KeptThing("experiment", each.id, each.name, each.owner, each.created, sizes.get(each.id))


def _knowledge_bases() -> Iterator[KeptThing]:
    for base in stores.corpora().acting_for(NOBODY_SIGNS_IN).list():
        name = base.name or "A knowledge base that cannot be read"
        yield KeptThing("knowledge base", base.id, name, base.ownership.owner, base.created, base.size)
