"""A PostgreSQL of the tests' own, on a free port of 127.0.0.1: made from Debian's package, gone at the end."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

MISSING = (
    "POSTGRESQL IS NOT TESTED: initdb and pg_ctl are not on this machine. On Debian: apt-get install postgresql. "
    ".ci/run does."
)
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
_USERS = ("postgres", "nobody")


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, of the newest version; None where there is none."""
    found = [Path(path).parent for path in filter(None, [shutil.which("initdb")])]
    for place in _PLACES:
        found += Path("/").glob(place.lstrip("/"))
    whole = [folder for folder in found if (folder / "initdb").exists() and (folder / "pg_ctl").exists()]
    return max(whole, key=lambda folder: [int(part) for part in folder.parts if part.isdigit()] or [0], default=None)


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """A PostgreSQL of one's own. The test is skipped, loudly, where none is installed; in CI it fails."""
    found = programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        warnings.warn(pytest.PytestWarning(MISSING), stacklevel=1)
        pytest.skip(MISSING)
    with Cluster(found) as cluster:
        yield cluster


class Cluster:
    """A server that runs while it is used in a `with`. It refuses root, so root has it run as another user. Nothing is
    written through to the disk: a process that is killed loses nothing by that, and a test is quicker."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = next(entry for name in _USERS if (entry := _user(name)) is not None)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._folder = Path(tempfile.mkdtemp(prefix="rerank-postgresql-"))
        if self._as:
            os.chown(self._folder, self._as["user"], self._as["group"])
        self.port = _free_port()
        self._made = 0

    def __enter__(self) -> Self:
        try:
            self._run(
                "initdb", "-D", str(self._data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
            )
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if (self._data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop the server: "immediate" is as if its processes were killed, "fast" in good order."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", how, "stop")

    def address(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://tests@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The address of a database that holds nothing."""
        import psycopg

        self._made += 1
        name = f"empty_{self._made}"
        with psycopg.connect(self.address().replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # a name of ours
        return self.address(name)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            timeout=120,
            **self._as,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
