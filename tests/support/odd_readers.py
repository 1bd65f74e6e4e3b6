"""Readers that do not behave, for orders that name this module: what one does is in the file that it is given."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from typing import Any

from rerank_core.documents.isolated import wire


def answer(order: wire.Order, data: bytes, say: wire.Say) -> None:
    """Do what the file says, and say what came of it in a note."""
    what = data.decode()
    if what == "hang":
        say("progress", done=0, total=1, note="hanging")
        while True:
            time.sleep(60)
    if what == "abort":
        os.abort()
    say("note", note=json.dumps(_OTHERS[what](order)))
    say("done")


def _tried(order: wire.Order) -> dict[str, str]:
    """What a reader is refused, and what it is not."""
    target = order.columns["target"]
    found = {}
    for name, act in {
        "write": lambda: open(target, "w"),  # noqa: SIM115  # it does not come about
        "low": lambda: os.open(target, os.O_CREAT | os.O_WRONLY),
        "program": lambda: subprocess.run(["true"], check=False),
        "fork": os.fork,
        "end": lambda: os.kill(os.getppid(), 0),
        "network": lambda: socket.create_connection(("127.0.0.1", 9)),
        "read": lambda: open(os.devnull).close(),
    }.items():
        try:
            act()
            found[name] = "allowed"
        except PermissionError:
            found[name] = "refused"
    return found


def _limits(order: wire.Order) -> dict[str, Any]:
    """How much it may take, what it knows, and whom it descends from."""
    import resource

    return {
        "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
        "seconds": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "written": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
        "environment": dict(os.environ),
        "parent": os.getppid(),
        "descriptors": sorted(map(int, os.listdir("/proc/self/fd"))),
    }


_OTHERS = {"try": _tried, "limits": _limits}
