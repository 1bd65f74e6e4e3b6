"""Small packets leave at once."""

from __future__ import annotations

import contextlib
import gc
import socket


def answer_at_once() -> None:
    """Turn Nagle's algorithm off, which holds back each second small packet until the first is acknowledged: 40 ms for
    every one of the hundred files of a first visit, and for what a page sends.

    asyncio does so itself for sockets that were made as TCP, but not for the listening one that Streamlit makes without
    saying so. Connections take the option over from the socket that listens.
    """
    for each in gc.get_objects():
        # by its type: to ask a lazy stand-in for its class could run whatever it stands for
        if issubclass(type(each), socket.socket) and each.family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):
                if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
