"""Everything that is kept on this machine as one file, taken while the app runs, and back again.

python -m rerank_core.storage.backup save FILE.tar.gz
python -m rerank_core.storage.backup restore FILE.tar.gz
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rerank_core.errors import RerankError
from rerank_core.storage.connection.address import FILE_NAME, Address, resolved
from rerank_core.storage.database import Database
from rerank_core.storage.moving import copy_everything
from rerank_core.storage.sqlite_file import home

# Results that are computed again, locks, the token of a running server, what is being made or was deleted, and what
# begins with a dot: nothing of ours does, and where the folder is its user's home, .streamlit in it holds keys.
_LEFT_OUT = re.compile(
    r"\..*|computed\.sqlite3.*|.*-(wal|shm|journal)|.*-locks|.*-processes|.*\.lock|servers|making-.*|deleted-.*|.*\.tmp-.*"
)
_TOP = "rerank-playground"


class BackupError(RerankError):
    """What is kept here cannot be saved in a file, or a file not be put back."""

    default_code = "backup"
    default_hint = "Nothing was changed."


def back_up(target: Path, folder: Path | None = None) -> int:
    """Save what is in `folder` (None: `home()`) in a tar file, compressed by gzip; how many files went in.

    The app may run meanwhile. Each SQLite file is copied as it is at one moment, so that it is whole, and its commits
    are there or not at all. Two files may be of moments some seconds apart. Left out are results that are computed
    again and what belongs to running servers. The target can be read by its owner only, and takes its name when it is
    whole. What is in a PostgreSQL that RERANK_DATABASE_URL names is in it as the file that one computer would have.
    Raises BackupError.
    """
    folder = folder or home()
    server = _server()
    if not folder.is_dir() and server is None:
        raise BackupError(
            f"There is nothing to save: {folder} is not there.", hint="It is made once something is kept."
        )
    making = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        making.unlink(missing_ok=True)
        making.touch(mode=0o600, exist_ok=False)
        with tempfile.TemporaryDirectory() as between, tarfile.open(making, "w:gz") as archive:
            count = 0
            if server is not None:
                archive.add(_as_file(server, Path(between)), f"{_TOP}/{FILE_NAME}", recursive=False)
                count += 1
            for path in _files(folder):
                source = path
                if server is not None and path == folder / FILE_NAME:
                    continue
                if path.suffix == ".sqlite3":
                    source = Path(between) / "copy.sqlite3"
                    _copy(path, source)
                with contextlib.suppress(FileNotFoundError):  # deleted since the folder was listed
                    archive.add(source, f"{_TOP}/{path.relative_to(folder).as_posix()}", recursive=False)
                    count += 1
        making.replace(target)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise BackupError(f"The backup could not be made: {error}.") from error
    finally:
        making.unlink(missing_ok=True)
    return count


def restore(source: Path, folder: Path | None = None) -> int:
    """Put what `back_up` saved into `folder` (None: `home()`), which must be empty or not there; how many files came
    back. Every SQLite file is checked first. The app must not run on that folder meanwhile. Raises BackupError."""
    folder = folder or home()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(
            f"{folder} holds something, and nothing is put over it.",
            hint="Stop the app and move that folder away first; it stays your way back.",
        )
    if not hasattr(tarfile, "data_filter"):
        raise BackupError("This Python cannot unpack a file safely.", hint="Use Python 3.11.4 or newer.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".restoring-") as between:
            with tarfile.open(source, "r:gz") as archive:
                archive.extractall(between, filter="data")  # no link, no device, nothing outside of it
            found = Path(between) / _TOP
            if not found.is_dir() or any(path != found for path in Path(between).iterdir()):
                raise BackupError(f"{source} is no backup of the playground.")
            for path in [found, *found.rglob("*")]:
                path.chmod(0o700 if path.is_dir() else 0o600)
                if path.suffix == ".sqlite3":
                    _check(path, source)
            count = sum(path.is_file() for path in found.rglob("*"))
            if folder.exists():
                folder.rmdir()
            found.replace(folder)
    except (OSError, EOFError, sqlite3.Error, tarfile.TarError) as error:
        raise BackupError(f"The backup could not be put back: {error}.") from error
    return count


def _server() -> Address | None:
    """The PostgreSQL that holds what is kept; None where a file does. Raises BackupError for what is no address."""
    try:
        found = resolved()
    except RerankError as error:
        raise BackupError(error.message, hint=error.hint) from error
    return None if found.file is not None else found


def _as_file(server: Address, between: Path) -> Path:
    """What is in a PostgreSQL, as an SQLite file."""
    path = between / "server" / FILE_NAME
    try:
        with Database(server) as there, Database.at(path) as file:
            copy_everything(there, file)
    except RerankError as error:
        raise BackupError(f"The backup could not be made: {error.message}", hint=error.hint) from error
    _copy(path, between / FILE_NAME)
    return between / FILE_NAME


def _files(folder: Path) -> Iterator[Path]:
    """The files to save. What says how much of another file counts comes before that file, which only ever grows."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.suffix != ".json", path.name)):
        if _LEFT_OUT.fullmatch(path.name) or path.is_symlink():
            continue
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if path.is_dir():
                yield from _files(path)
            elif path.is_file():
                yield path


def _copy(path: Path, target: Path) -> None:
    """A copy of an SQLite file as it is at one moment, by SQLite's own means."""
    target.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(path, timeout=30.0)) as original,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # all of it in one file


def _check(path: Path, source: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise BackupError(f"{path.name} in {source} is damaged: {found}.", hint="Take an earlier backup.")


def main(arguments: list[str]) -> int:
    """`save FILE` or `restore FILE`; gives the exit code."""
    if len(arguments) != 2 or arguments[0] not in ("save", "restore"):
        print("Say: save FILE.tar.gz, or restore FILE.tar.gz", file=sys.stderr)
        return 2
    what, path = arguments[0], Path(arguments[1]).expanduser()
    try:
        count = back_up(path) if what == "save" else restore(path)
    except RerankError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        return 1
    said = f"Saved {count} files of {home()} in {path}." if what == "save" else f"Put {count} files back into {home()}."
    print(said)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
