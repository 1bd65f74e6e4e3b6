"""The page that somebody asked for before they had signed in, so that the sign-in leads there.

It is kept by their own browser, in a cookie for a quarter of an hour.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, unquote

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import Message, Scope
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

COOKIE, FAILED = "rerank_came_for", "sign_in"
_SIGNED_IN = re.compile(rf'{USER_COOKIE_NAME}="?[^";]')
_SECONDS, _LENGTH = 900, 2_000


def ask(scope: Scope, message: Message) -> None:
    """Have the browser remember, with this answer, the page that it asks for."""
    query = scope["query_string"].decode("ascii", "ignore")
    wanted = scope["path"] + (f"?{query}" if query else "")
    if FAILED not in parse_qs(query) and len(wanted) <= _LENGTH and _is_path(wanted):
        _set(message, quote(wanted, safe="/"), _SECONDS)


def lead(scope: Scope, message: Message) -> None:
    """Let this answer, with which a sign-in ends, lead to the page that the browser remembers.

    Where the sign-in failed it leads to the sign-in page, which says so.
    """
    answer = MutableHeaders(scope=message)
    asked = parse_qs(scope["query_string"].decode("ascii", "ignore"))
    wanted = unquote(cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE, ""))
    if not any(_SIGNED_IN.match(cookie) for cookie in answer.getlist("set-cookie")):
        if "state" in asked or "error" in asked:  # the way back from a sign-out has neither
            fail(message)
    elif wanted and _is_path(wanted):
        answer["location"] = quote(wanted, safe="/?&=%+,;:@!$'()*~-._")
        _set(message, "", 0)


def fail(message: Message) -> None:
    """Make this answer lead to the sign-in page, which says that the sign-in did not work."""
    base = st.get_option("server.baseUrlPath").strip("/")
    message["status"] = 302
    MutableHeaders(scope=message)["location"] = f"/{base}?{FAILED}=failed"


def _set(message: Message, value: str, seconds: int) -> None:
    base = st.get_option("server.baseUrlPath").strip("/")
    cookie = f"{COOKIE}={value}; Path=/{base}; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    MutableHeaders(scope=message).append("set-cookie", cookie)


def _is_path(text: str) -> bool:
    """Whether this is a path on this server, and no other server's address in disguise."""
    return text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and "\\" not in text
