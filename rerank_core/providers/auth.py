"""How a request shows its key: a header of some name, or a signature over the whole request."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


class Auth(ABC):
    """What a key becomes. `signs` is False where the same headers go with every request."""

    __slots__ = ()

    @property
    def signs(self) -> bool:
        """Whether the headers depend on the request: then `sign` is asked for them, else `headers`."""
        return False

    @abstractmethod
    def headers(self, key: str, options: Mapping[str, str]) -> dict[str, str]:
        """The headers of every request; `options` are those of the connection."""

    def sign(self, key: str, url: str, body: bytes, moment: datetime, options: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG002  # what a signature covers
        """The headers of this one request, made at `moment` (with a time zone): those of every request, unless this
        `signs`."""
        return self.headers(key, options)


@dataclass(frozen=True, slots=True)
class KeyHeader(Auth):
    """The key in one header, after a prefix."""

    name: str = "Authorization"
    prefix: str = "Bearer "

    def headers(self, key: str, options: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG002  # as of every Auth
        """The one header."""
        return {self.name: f"{self.prefix}{key}"}


BEARER = KeyHeader()
"""`Authorization: Bearer KEY`, as most services and every OAuth token have it."""
