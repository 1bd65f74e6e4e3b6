"""The process that readers come from: `python -m rerank_core.documents.isolated.fork`, a socket's number behind it.

Starting a Python and importing what reads a file takes a hundred times as long as reading a page. This process has
imported it already and forks for each file; the child gives up its rights as any reader does (`worker`) before it looks
at the file. This process itself never sees a byte of one. It has one thread, so that what it forks is whole; it starts
no program, writes no file and opens no connection.

Whoever asks sends a line of JSON with three descriptors: where the child reads the order and the file, where it
writes, and a lifeline. When the other end of the lifeline closes, the child is killed; when this one does, it is gone.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

from rerank_core.documents.isolated import wire, worker

_ALLOWED = ("os.fork", "os.kill")
_LINE = 4096
_DESCRIPTORS = 3


def request(reading: str, ending: str) -> bytes:
    """What is sent with the three descriptors: the module that reads, and how the file's name ends."""
    return json.dumps({"reading": reading, "ending": ending}).encode()


def main(control: socket.socket) -> None:
    """Fork a reader for each request until nobody asks any more."""
    sys.addaudithook(_refuse)
    at_first = _address_space()
    ready: set[tuple[str, str]] = set()
    lifelines: dict[int, int] = {}
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != control.fileno():
                poll.unregister(descriptor)
                _end(lifelines.pop(descriptor), descriptor)
                continue
            line, descriptors, _, _ = socket.recv_fds(control, _LINE, _DESCRIPTORS)
            if not line:
                for lifeline, child in lifelines.items():
                    _end(child, lifeline)
                return
            _make_ready(json.loads(line), ready)
            source, target, lifeline = descriptors
            try:
                child = os.fork()
            except OSError as error:
                reason = f"The process that reads such files could not be started: {error.strerror}."
                os.write(target, wire.line("refused", reason=reason))
                child = 0
            else:
                if child == 0:
                    control.close()
                    for other in (*lifelines, lifeline):
                        os.close(other)
                    _read(source, target, _address_space() - at_first)
            os.close(source)
            os.close(target)
            lifelines[lifeline] = child
            poll.register(lifeline, select.POLLIN)  # nothing is ever sent on it, so this is its end


def _make_ready(asked: dict[str, Any], ready: set[tuple[str, str]]) -> None:
    """Import what reads such a file, once. A reader that cannot be imported says so itself, in the child."""
    key = (asked["reading"], asked["ending"])
    if key in ready:
        return
    with suppress(Exception):
        prepare = getattr(import_module(asked["reading"]), "prepare", None)
        if prepare is not None:
            prepare(asked["ending"])
    ready.add(key)
    gc.collect()
    gc.freeze()  # a collection in a child need not look at it, which would copy all of it


def _read(source: int, target: int, imported: int) -> None:
    """In the child: be a reader. Does not return."""
    try:
        os.dup2(source, 0)
        os.dup2(target, 1)
        os.close(source)
        os.close(target)
        worker.main(imported)
    finally:
        os._exit(1)


def _end(child: int, lifeline: int) -> None:
    if child:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)  # nobody else takes its status, so the number is still its own
        os.waitpid(child, 0)
    os.close(lifeline)


def _address_space() -> int:
    """Bytes that this process could touch, by the kernel's count."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop what this process has no reason to do. A child's own hook forbids what is allowed here."""
    own = event == "open" and (isinstance(arguments[0], int) or arguments[0] == os.devnull)  # a child's pipes
    if event not in _ALLOWED and not own:
        worker.refuse(event, arguments)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
