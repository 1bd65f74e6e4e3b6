"""Every kind of file that the library keeps, found in the source, so that the next one is tested too."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil

import rerank_core
from rerank_core.errors import ConfigurationError
from rerank_core.storage.sqlite_file import SqliteFile


def stores() -> list[type[SqliteFile]]:
    """Every store of the library that names a kind of file, by name."""
    for module in pkgutil.walk_packages(rerank_core.__path__, "rerank_core."):
        with contextlib.suppress(ConfigurationError):  # an adapter for a package that is not installed
            importlib.import_module(module.name)
    found: dict[str, type[SqliteFile]] = {}
    left = SqliteFile.__subclasses__()
    while left:
        one = left.pop(0)
        left += one.__subclasses__()
        if one.__module__.startswith("rerank_core.") and hasattr(one, "kind"):
            found[one.__name__] = one
    return [found[name] for name in sorted(found)]
