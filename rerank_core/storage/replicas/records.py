"""Work that outlives its server, and a server, as the database has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Whereabouts = Literal["here", "elsewhere", "nowhere"]
"""Who has a piece of work: this server, another one that is there, or none that is."""


@dataclass(frozen=True, slots=True)
class Work:
    """Work that is not over, and that another server can go on with once its own has ended.

    `kind` says what is to be done, and `terms` how, in what JSON can hold: never a key. `owner` is whose it is ("" for
    everybody's), and `operator` says that an operator started it. `alone` is why no other server can go on with it, as
    a sentence, empty where one can. `deaths` counts the servers that have died over it.
    """

    id: str
    kind: str
    owner: str = ""
    operator: bool = False
    terms: Mapping[str, Any] = field(default_factory=dict, hash=False)
    alone: str = ""
    deaths: int = 0
    replica: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Replica:
    """Another server on the same database: what it is called, and what it has said last of what is under way there."""

    token: str = field(repr=False)
    name: str
    listing: tuple[Mapping[str, Any], ...] = field(hash=False)
