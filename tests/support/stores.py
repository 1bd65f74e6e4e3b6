"""Every kind of thing that the library keeps, found in the source, so that the next one is tested too."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from typing import Any

import rerank_core
from rerank_core.errors import ConfigurationError, RerankError
from rerank_core.storage.sqlite_file import SqliteFile
from rerank_core.storage.store import Store


def stores() -> list[type[Any]]:
    """Every store of the library: those that name a subject of the database, and those with a file of their own."""
    for module in pkgutil.walk_packages(rerank_core.__path__, "rerank_core."):
        with contextlib.suppress(ConfigurationError):  # an adapter for a package that is not installed
            importlib.import_module(module.name)
    found: dict[str, type[Any]] = {}
    left: list[type[Any]] = [*SqliteFile.__subclasses__(), *Store.__subclasses__()]
    while left:
        one = left.pop(0)
        left += one.__subclasses__()
        if one.__module__.startswith("rerank_core.") and (hasattr(one, "kind") or hasattr(one, "subject")):
            found[one.__name__] = one
    return [found[name] for name in sorted(found)]


def in_the_database(store: type[Any]) -> bool:
    """Whether it is a part of the database, and no file of its own."""
    return issubclass(store, Store)


def subject(store: type[Any]) -> str:
    """What a store keeps: its subject, or its file."""
    return str(store.subject if in_the_database(store) else store.kind.file_name)


def error_of(store: type[Any]) -> type[RerankError]:
    """What every use of a store raises where it cannot be used."""
    error: type[RerankError] = store.error if in_the_database(store) else store.kind.error
    return error
