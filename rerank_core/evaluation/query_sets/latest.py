"""What was read last, for as long as it is what is kept: a second reader need not read what the first one did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Read = TypeVar("Read")


class Latest(Generic[Read]):
    """Values by name, each with the version that it was read at. Safe under threads; nobody may change a value.

    The longest unused go once the sizes of all exceed `limit`; one that is larger is not kept.
    """

    def __init__(self, size: Callable[[Read], int], limit: int) -> None:
        self._size, self._limit = size, limit
        self._lock = threading.Lock()
        self._values: dict[str, tuple[object, Read, int]] = {}

    def of(self, name: str, version: object, read: Callable[[], Read]) -> Read:
        """The value of that name at that version, by `read` where it is not there. What `read` raises is raised."""
        with self._lock:
            known = self._values.pop(name, None)
            if known is not None and known[0] == version:
                self._values[name] = known  # now the one that was used last
                return known[1]
        value = read()
        size = self._size(value)
        with self._lock:
            self._values.pop(name, None)
            if size <= self._limit:
                self._values[name] = version, value, size
            while sum(one[2] for one in self._values.values()) > self._limit:
                del self._values[next(iter(self._values))]
        return value
