"""One at a time, over every thread and every process of this machine."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from rerank_core.errors import RerankError

_creating = threading.Lock()


def create_private(path: Path) -> None:
    """Make an empty file that its owner alone can read, where there is none; before SQLite would make it readable by
    all.

    A file that is there is not opened. On POSIX, closing it would end every lock that this process holds on it,
    through whichever connection, and another process could then take them. Raises OSError.
    """
    with _creating, contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


@contextlib.contextmanager
def exclusive(path: Path, seconds: float, explained: Callable[[Exception, Path], RerankError]) -> Iterator[None]:
    """Hold the lock file at `path`, waiting up to `seconds` for it.

    What `explained` makes of an error is raised when the lock cannot be had in that time or its file not be used.

    It is an empty SQLite file: its locks work on every platform and end with the process that holds them, so
    that nothing is left locked after a crash.
    """
    try:
        create_private(path)
        held = sqlite3.connect(path, timeout=seconds, isolation_level=None)
    except (sqlite3.Error, OSError) as error:
        raise explained(error, path) from error
    try:
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise explained(error, path) from error
        yield
    finally:
        held.close()
