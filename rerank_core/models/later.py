"""Values that are made when they are looked at, for the thousands of rows of one call.

A caller who hands over strings and looks at the first ten results needs ten Documents and ten RankedDocuments. So the
slots of `RerankRequest.documents` and `RerankResponse.results` may hold what these are made of, and whoever reads them
first has them made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class MadeWhenRead:
    """Reads a slot that may hold what its value is made of: where that is an `unmade`, `make` gives the value, which
    the slot then holds. Two threads that read it at once may each be given a value of its own, equal to the other's."""

    def __init__(self, slot: Any, unmade: type, make: Callable[[Any], Any]) -> None:
        self._slot, self._unmade, self._make = slot, unmade, make

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = self._slot.__get__(instance)
        if isinstance(value, self._unmade):
            value = self._make(value)
            self._slot.__set__(instance, value)
        return value

    def __set__(self, instance: object, value: object) -> None:
        self._slot.__set__(instance, value)


def held(slot: Any, instance: object) -> Any:
    """What a slot holds, made or not."""
    return slot.__get__(instance)


def make_when_read(slot: Any, unmade: type, make: Callable[[Any], Any]) -> None:
    """Have a slot of a class, as its `__dict__` has it, read in this way."""
    setattr(slot.__objclass__, slot.__name__, MadeWhenRead(slot, unmade, make))
