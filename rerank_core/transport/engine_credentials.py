"""How a search engine is told who asks, held so that it cannot be shown by accident."""

from __future__ import annotations

import base64
from typing import NoReturn

from rerank_core.errors import ConfigurationError
from rerank_core.transport.credentials import HIDDEN, ApiKey

__all__ = ["Credentials"]


class Credentials:
    """Nothing, a user with a password, or an API key. `repr` and `str` show `***`; it refuses to be pickled."""

    __slots__ = ("_header", "_secrets", "kind")

    def __init__(self) -> None:
        """No credentials: the search engine is open. See `basic` and `api_key` for the others."""
        self.kind = "none"
        self._header: str | None = None
        self._secrets: tuple[str, ...] = ()

    @classmethod
    def basic(cls, user: str, password: str) -> Credentials:
        """A user name and a password. Raises ConfigurationError where the user is blank or holds a colon."""
        if not user.strip() or ":" in user or not user.isprintable():
            raise ConfigurationError(
                "The user name is blank, or holds a colon or characters that cannot be shown.",
                hint="Type the user name of the search engine.",
            )
        made = cls()
        made.kind = "basic"
        token = base64.b64encode(f"{user.strip()}:{password}".encode("utf-8", "replace")).decode("ascii")
        made._header = f"Basic {token}"
        made._secrets = tuple(secret for secret in (token, password) if secret)
        return made

    @classmethod
    def api_key(cls, key: str | ApiKey) -> Credentials:
        """An API key as the engine gives it: already encoded, or as `id:secret`. Raises ConfigurationError where it
        is blank or no key."""
        secret = ApiKey(key, hint="Paste the API key of the search engine.").reveal()
        token = base64.b64encode(secret.encode("ascii")).decode("ascii") if ":" in secret else secret
        made = cls()
        made.kind = "api key"
        made._header = f"ApiKey {token}"
        made._secrets = tuple({token, secret, secret.partition(":")[2] or secret})
        return made

    def header(self) -> str | None:
        """The value of the Authorization header, None where there is none; the one way to read the secret."""
        return self._header

    def redact(self, text: str) -> str:
        """The text with every secret of four characters or more put out of sight."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            if len(secret) > 3:
                text = text.replace(secret, HIDDEN)
        return text

    def __repr__(self) -> str:
        return HIDDEN if self._header else "no credentials"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return self._header == other._header if isinstance(other, Credentials) else NotImplemented

    def __hash__(self) -> int:
        return hash((Credentials, self._header))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("credentials are not pickled or copied into a file")
