"""What the models of this computer have computed before, in a store that outlives the process.

A store gets names and bytes, never a text: a name is a hash of the model and of what the model was given. Without one,
which is how the library starts, nothing is written anywhere.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class ComputedStore(Protocol):
    """Bytes by name. It never raises: what cannot be read is missing, what cannot be written is left out."""

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """What is there of these names."""
        ...

    def put_many(self, values: Mapping[bytes, bytes]) -> None:
        """Keep these values."""
        ...


_store: ComputedStore | None = None


def keep_in(store: ComputedStore | None) -> None:
    """From now on look up and keep in `store` what the models compute, in this whole process; None: nowhere."""
    global _store
    _store = store


class Computed:
    """The part of the store that belongs to one model.

    `model` gives bytes that change whenever the model's results change; it is called when they are first needed.
    """

    def __init__(self, model: Callable[[], bytes]) -> None:
        self._describe = model

    @functools.cached_property
    def _model(self) -> bytes:
        return hashlib.blake2b(self._describe(), digest_size=16).digest()

    def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """What is kept for these names of things that the model was given."""
        if _store is None or not keys:
            return {}
        names = {self._name(key): key for key in keys}
        return {names[name]: value for name, value in _store.get_many(list(names)).items()}

    def keep(self, values: Mapping[bytes, bytes]) -> None:
        """Keep results by the names of what the model was given."""
        if _store is not None and values:
            _store.put_many({self._name(key): value for key, value in values.items()})

    def _name(self, key: bytes) -> bytes:
        return hashlib.blake2b(key, digest_size=16, key=self._model).digest()
