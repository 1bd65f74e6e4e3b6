"""What proves who asks, held so that it cannot be shown by accident: a provider's key, an engine's credentials."""

from __future__ import annotations

import base64
import re
from collections.abc import Set
from typing import Any, NoReturn

from rerank_core.errors import ConfigurationError

HIDDEN = "***"
_WHOLE_WORD_BELOW = 16  # a short key may be an ordinary word, which must not be cut out of the middle of others
_UNMISTAKABLE = 8


class _Secret:
    """Text whose `repr`, `str` and `format` are `***`.

    It refuses to be pickled, so that it does not end up in a file. `forms` are the ways in which a reply may repeat it.
    """

    __slots__ = ("_pattern", "_secret")

    def __init__(self, secret: str, forms: Set[str]) -> None:
        self._secret = secret
        longest_first = sorted(filter(None, forms), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_found_by, longest_first)) or "(?!)")

    def redact(self, text: str) -> str:
        """The text with the secret put out of sight wherever it stands in it."""
        return self._pattern.sub(HIDDEN, text)

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return self._secret == other._secret if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self._secret))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is not pickled or copied into a file")


def _found_by(secret: str) -> str:
    escaped = re.escape(secret)
    return escaped if len(secret) >= _WHOLE_WORD_BELOW else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"


class ApiKey(_Secret):
    """A provider's key; `reveal()` is the one way to read it.

    White space around it is dropped, since keys are pasted. Raises ConfigurationError, without showing the value, where
    it is not a string, is blank, or holds characters that no HTTP header takes.
    """

    __slots__ = ()

    def __init__(self, secret: str | ApiKey, *, hint: str | None = None) -> None:
        value = secret.reveal() if isinstance(secret, ApiKey) else secret
        if not isinstance(value, str):
            raise ConfigurationError("The key is not a string.", hint=hint)
        value = value.strip()
        if not value:
            raise ConfigurationError("The key is blank.", hint=hint)
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ConfigurationError(
                "The key holds characters that no key has, such as a space, a line break or an accent.",
                hint="Copy the key again, on its own, and paste that.",
            )
        # The parts of a key of several, such as those of AWS, are secrets of their own.
        super().__init__(value, {value, *(part for part in value.split(":") if len(part) >= _WHOLE_WORD_BELOW)})

    def reveal(self) -> str:
        """The key itself, for the one header that carries it."""
        return self._secret

    def scrub(self, value: Any, depth: int = 50) -> Any:
        """A parsed JSON value with the key put out of sight in every string of it, names of fields included.
        What lies deeper than `depth` levels is put out of sight as a whole."""
        if isinstance(value, str):
            return self.redact(value)
        if not isinstance(value, list | dict):
            return value
        if depth == 0:
            return HIDDEN
        if isinstance(value, list):
            return [self.scrub(item, depth - 1) for item in value]
        return {self.redact(name): self.scrub(item, depth - 1) for name, item in value.items()}

    def echoed_in(self, body: bytes) -> bool:
        """Whether a reply of success holds this key, and the key is long enough for that to be no accident."""
        return len(self._secret) >= _UNMISTAKABLE and self._secret.encode("ascii") in body


class Credentials(_Secret):
    """How a search engine is told who asks: nothing, a user with a password, or an API key.

    `kind` is "none", "basic" or "api key".
    """

    __slots__ = ("kind",)

    def __init__(self, kind: str = "none", header: str = "", forms: Set[str] = frozenset()) -> None:
        """No credentials: the search engine is open. See `basic` and `api_key` for the others."""
        super().__init__(header, forms)
        self.kind = kind

    @classmethod
    def basic(cls, user: str, password: str) -> Credentials:
        """A user name and a password. Raises ConfigurationError where the user is blank or holds a colon."""
        if not user.strip() or ":" in user or not user.isprintable():
            raise ConfigurationError(
                "The user name is blank, or holds a colon or characters that cannot be shown.",
                hint="Type the user name of the search engine.",
            )
        token = base64.b64encode(f"{user.strip()}:{password}".encode("utf-8", "replace")).decode("ascii")
        return cls("basic", f"Basic {token}", {token, password})

    @classmethod
    def api_key(cls, key: str | ApiKey) -> Credentials:
        """An API key as the engine gives it: already encoded, or as `id:secret`. Raises ConfigurationError where it
        is blank or no key."""
        secret = ApiKey(key, hint="Paste the API key of the search engine.").reveal()
        token = base64.b64encode(secret.encode("ascii")).decode("ascii") if ":" in secret else secret
        return cls("api key", f"ApiKey {token}", {token, secret, secret.partition(":")[2]})

    def header(self) -> str | None:
        """The value of the Authorization header, None where there is none; the one way to read the secret."""
        return self._secret or None

    def __repr__(self) -> str:
        return HIDDEN if self._secret else "no credentials"
