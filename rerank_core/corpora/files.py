"""Files that are there whole or not at all, whenever the power goes."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path

from rerank_core.rank_fields import TEXT_ONLY


def name_of_fields(rank_fields: Sequence[str]) -> str:
    """What the names of an index's files end with, so that indexes of other fields are not taken for it; nothing for
    the text alone, which is what indexes were made of before there was a choice."""
    if tuple(rank_fields) == TEXT_ONLY:
        return ""
    digest = blake2b("\n".join(rank_fields).encode("utf-8", "surrogatepass"), digest_size=6)
    return f"-{digest.hexdigest()}"


def put_file(path: Path, data: bytes) -> None:
    """Write a file under another name, then give it its own, so that nobody ever sees half of it."""
    temporary = path.with_name(f"{path.name}.tmp-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def put_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder under another name, let `fill` write into it, then give it its own.

    A folder of that name that is there already is removed first.
    """
    temporary = path.with_name(f"{path.name}.tmp-{secrets.token_hex(4)}")
    temporary.mkdir(mode=0o700)
    try:
        fill(temporary)
        for file in temporary.iterdir():
            with file.open("rb+") as opened:
                os.fsync(opened.fileno())
        remove_tree(path)
        os.replace(temporary, path)
    finally:
        remove_tree(temporary)
    sync_folder(path.parent)


def remove_tree(path: Path) -> None:
    """Remove a folder with all that is in it, or nothing where there is none; another may be doing the same."""
    shutil.rmtree(path, ignore_errors=True)


def remove_lock(path: Path) -> None:
    """Remove a lock file that is held no longer, with what SQLite may have left beside it."""
    for ending in ("", "-journal"):
        with contextlib.suppress(OSError):
            Path(f"{path}{ending}").unlink(missing_ok=True)


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder; a file or a folder that goes meanwhile counts nothing."""
    total = 0
    for inside, _, names in os.walk(folder):  # Path.rglob raises where a folder goes
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(inside, name).stat().st_size
    return total


def sync_folder(path: Path) -> None:
    """Make names that were just given last, where the system can."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
