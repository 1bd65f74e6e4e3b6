"""A provider's key, held so that it cannot be shown by accident."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from rerank_core.errors import ConfigurationError

__all__ = ["HIDDEN", "ApiKey"]

HIDDEN = "***"
_WHOLE_WORD_BELOW = 16  # a short key may be an ordinary word, which must not be cut out of the middle of others
_UNMISTAKABLE = 8


class ApiKey:
    """A secret whose `repr`, `str` and `format` are `***`; `reveal()` is the one way to read it.

    White space around it is dropped, since keys are pasted. Raises ConfigurationError, without showing the
    value, where it is not a string, is blank, or holds characters that no HTTP header takes. It refuses to
    be pickled, so that it does not end up in a file.
    """

    __slots__ = ("_pattern", "_secret")

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
        self._secret = value
        escaped = re.escape(value)
        self._pattern = re.compile(
            escaped if len(value) >= _WHOLE_WORD_BELOW else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
        )

    def reveal(self) -> str:
        """The key itself, for the one header that carries it."""
        return self._secret

    def redact(self, text: str) -> str:
        """The text with the key put out of sight wherever it stands in it."""
        return self._pattern.sub(HIDDEN, text) if self._secret in text else text

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

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        return self._secret == other._secret if isinstance(other, ApiKey) else NotImplemented

    def __hash__(self) -> int:
        return hash((ApiKey, self._secret))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an ApiKey is not pickled or copied into a file")
