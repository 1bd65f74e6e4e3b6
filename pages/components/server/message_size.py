"""How large a message over a websocket may be: little before the sign-in, so that no stranger fills the memory.

The server holds a message until it is whole, before any of our code sees it. So its limit is set low for everybody as
long as nobody has come in, and raised for the one connection of a person who has.
"""

from __future__ import annotations

import gc
import logging
import sys

import streamlit as st
from starlette.types import Receive

STRANGERS_MESSAGE = 65_536
"""Bytes that a message may have from somebody who has not come in: the sign-in page has nothing to type into."""
log = logging.getLogger("rerank_playground")


def hold_strangers() -> None:
    """Every connection from now on takes small messages only; to be called before the first one comes."""
    uvicorn = sys.modules.get("uvicorn.config")
    if uvicorn is not None:
        for config in (each for each in gc.get_objects() if type(each) is uvicorn.Config):
            config.ws_max_size = min(config.ws_max_size, STRANGERS_MESSAGE)


def let_in(receive: Receive) -> None:
    """A person is at this connection: their messages may be as large as `server.maxMessageSize` says.

    `receive` is the server's own. It has no public way to change the limit of one connection; where it has another way
    some day, a long text of a signed-in person is refused, which a test notices.
    """
    connection = getattr(getattr(receive, "__self__", None), "conn", None)
    if connection is None or not hasattr(connection, "max_message_size"):
        log.error("The limit of messages cannot be raised for a person who has signed in; long texts will be refused.")
        return
    connection.max_message_size = st.get_option("server.maxMessageSize") * 1_000_000
