"""What comes back over HTTP: a reply, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply that arrived whole. Names of headers are looked up in lower case. Its repr shows no more than
    the status, since a reply may echo a key."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that brought no reply. `billed`: the whole request may have left, so the provider may have done the
    work all the same."""

    kind: Literal["timeout", "busy", "connection", "address", "reply"]
    detail: str
    billed: bool = False
