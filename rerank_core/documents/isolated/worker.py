"""The process that reads one file: `python -m rerank_core.documents.isolated.worker`, order and file on standard input.

It gives up what it does not need before it looks at the file: memory and time beyond a limit, writing files,
starting programs, the network. What it finds goes to standard output as it is found (see `wire`).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, BinaryIO

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.isolated import wire
from rerank_core.errors import InvalidRequestError

try:
    import resource
except ImportError:
    resource = None  # type: ignore[assignment]  # as on Windows

_MORE_SECONDS = 10  # of the processor, beyond those on the clock: whoever asked stops the process itself
_OPEN_FILES = 64
_NICE = 5
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.kill")
_CHANGING = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main(imported: int = 0) -> None:
    """Read the order and the file from standard input, write records to standard output. The last one is "done",
    "refused", "wrong" or "memory". `imported` are bytes that this process has from what it was forked from, which do
    not count as the file's."""
    order, data, answers = _begin(imported)

    def say(kind: str, **values: Any) -> None:
        answers.write(wire.line(kind, **values))
        if kind == "progress":
            answers.flush()

    try:
        import_module(order.reading).answer(order, data, say)
    except Unreadable as error:
        say("refused", reason=error.reason)
    except InvalidRequestError as error:
        say("wrong", message=error.message, hint=error.hint, code=error.code)
    except MemoryError:
        say("memory")
    answers.flush()
    # nothing is left to tidy up, and a library that was confused by the file could hang on its way out
    os._exit(0)


def _begin(imported: int) -> tuple[wire.Order, bytes, BinaryIO]:
    """Take an order and its file from standard input and give up all rights that reading does not need; gives both,
    and where the records go."""
    order = wire.Order.of(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    # what a library prints must not get between the records
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    give_up(order.limits.memory_bytes + imported, int(order.seconds) + _MORE_SECONDS)
    return order, data, answers


def give_up(memory: int, seconds: int) -> None:
    """Limit this process for good: its memory in bytes, its processor seconds, and what it may do at all."""
    if resource is not None:  # Windows has none; there the clock of the process that asked is the limit
        for limit, value in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, _OPEN_FILES),
        ):
            try:
                resource.setrlimit(limit, (value, value))
            except (ValueError, OSError):
                continue  # a system that knows the name only
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(_NICE)  # whoever looks at a page meanwhile comes first
    sys.addaudithook(refuse)


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop what no reader of documents has a reason to do."""
    if event.startswith((*_FORBIDDEN, *_CHANGING)):
        raise PermissionError(event)
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        if (isinstance(mode, str) and any(char in mode for char in "wax+")) or (
            isinstance(flags, int) and flags & _WRITING
        ):
            raise PermissionError(event)


if __name__ == "__main__":
    main()
