"""How a reader is started: forked from one that is warm where the system can do that, else as a program of its own."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from rerank_core.documents.isolated import fork

# What a Python needs to start; keys, proxies and everything else in the environment stay here.
_PASSED_ON = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")
_PACKAGE = "rerank_core.documents.isolated"


class Reader(Protocol):
    """A process that reads one file."""

    source: IO[bytes]
    """Where it takes the order and the file from."""
    answers: IO[bytes]
    """Where its records come out."""

    def end(self) -> None:
        """Stop it, wherever it is; it is gone when this returns."""


def start(reading: str, ending: str) -> Reader:
    """A reader that waits for its order, which will name the module `reading`; the file's name ends in `ending`.
    Raises OSError."""
    if not FORKS:
        return _Program()
    return _WARM.reader(reading, ending)


FORKS = sys.platform == "linux"
"""Whether readers are forked from a warm one. Elsewhere a system's own libraries may not outlive a fork."""


def command(module: str, *arguments: str) -> Sequence[str]:
    """Our own interpreter with one of our own modules."""
    # -P: the folder that somebody happens to be in is no place to import from
    return (sys.executable, "-P", "-W", "ignore", "-m", f"{_PACKAGE}.{module}", *arguments)


def environment() -> dict[str, str]:
    """What the process gets to know: how to find the same packages, and nothing of anybody's keys."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    places = [str(Path(place).resolve()) for place in sys.path if isinstance(place, str)]
    return {**passed, "PYTHONPATH": os.pathsep.join(dict.fromkeys(places)), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}


class _Program:
    """A reader that is a program of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own module
            command("worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.source: IO[bytes] = self._process.stdin
        self.answers: IO[bytes] = self._process.stdout

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


class _Forked:
    """A reader that the warm process has forked."""

    def __init__(self, source: int, answers: int, lifeline: socket.socket) -> None:
        self.source: IO[bytes] = open(source, "wb")  # noqa: SIM115  # whoever has the reader closes it
        self.answers: IO[bytes] = open(answers, "rb")  # noqa: SIM115
        self._lifeline = lifeline

    def end(self) -> None:
        """Have it killed."""
        with self._lifeline as lifeline, suppress(OSError):
            lifeline.shutdown(socket.SHUT_WR)
            lifeline.recv(1)  # nothing is ever sent: it ends when the reader is gone


class _Warm:
    """The process that readers are forked from. It is started for the first file, stays, and is started again where
    it has gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._started_by = 0

    def reader(self, reading: str, ending: str) -> _Forked:
        """A reader from it. Raises OSError."""
        ours, theirs = socket.socketpair()
        source, order = os.pipe()
        answers, target = os.pipe()
        try:
            with self._lock:
                self._ask(fork.request(reading, ending), [source, target, theirs.fileno()])
        except BaseException:
            ours.close()
            os.close(order)
            os.close(answers)
            raise
        finally:
            theirs.close()
            os.close(source)
            os.close(target)
        return _Forked(order, answers, ours)

    def _ask(self, line: bytes, descriptors: list[int]) -> None:
        if self._control is not None and self._started_by == os.getpid():
            with suppress(OSError):  # it has gone
                socket.send_fds(self._control, [line], descriptors)
                return
        self._end()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._started_by = os.getpid()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own module
                command("fork", str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(),
                pass_fds=[theirs.fileno()],
            )
        socket.send_fds(self._control, [line], descriptors)

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None and self._started_by == os.getpid():
            self._process.wait()
        self._process = None

    def end(self) -> None:
        """End it, and every reader that came from it."""
        with self._lock:
            self._end()

    @property
    def number(self) -> int | None:
        """The number of its process, None where there is none."""
        return None if self._process is None else self._process.pid


_WARM = _Warm()
atexit.register(_WARM.end)


def warm_process() -> int | None:
    """The number of the process that readers are forked from, None where there is none."""
    return _WARM.number
