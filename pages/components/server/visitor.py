"""Who a request is from, by the cookie that Streamlit signs at a sign-in."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from pages.components.server import access, database
from pages.components.server.access import Person
from rerank_core.errors import RerankError

if TYPE_CHECKING:
    from rerank_core.storage.access.sign_outs import SignOutStore

log = logging.getLogger("rerank_playground")
_MOST_ENDED = 100_000
_ended: dict[str, None] = {}
_seen = [0]
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sends a request. `claims` is what the sign-in says, empty without one; `sign_in` names it."""

    claims: Mapping[str, Any]
    sign_in: str

    def person(self) -> Person | None:
        """The person this is at this moment: signed in, not signed out since, and on the operator's list."""
        return None if self.signed_out() else access.current().person(self.claims)

    def signed_out(self) -> bool:
        """Whether this sign-in was ended, in this tab or another one of the same browser."""
        with _lock:
            return self.sign_in in _ended

    def sign_out(self) -> None:
        """End this sign-in for good, also for whoever kept its cookie. It is written down, since this may take a
        moment: not for the thread that serves everybody."""
        if not self.sign_in:
            return
        _end([self.sign_in])
        try:
            _store().add(self.sign_in)
        except RerankError as error:
            log.warning("A sign-out is known until this server ends, and could not be written down: %s", error)


def look_again() -> None:
    """Learn which sign-ins were ended before this server started, and by others on the same database since the last
    look. Raises StoreError where that cannot be read."""
    _seen[0], ended = _store().after(_seen[0])
    _end(ended)


def _end(sign_ins: Iterable[str]) -> None:
    """Remember that these have ended; the newest hundred thousand are."""
    with _lock:
        _ended.update(dict.fromkeys(sign_ins))
        for oldest in list(_ended)[: len(_ended) - _MOST_ENDED]:
            del _ended[oldest]


@cache
def _store() -> SignOutStore:
    # heavy, and not needed where nobody signs in
    from rerank_core.storage.access.sign_outs import SignOutStore
    from rerank_core.storage.database import Database

    return SignOutStore(Database(database.address()))


def of(headers: Headers) -> Visitor:
    """Who a request with these headers is from; a cookie that was not signed by this app counts as none."""
    cookies = cookie_parser(headers.get("cookie", ""))

    def signed(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1", "replace")) if value else None

    claims: object = None
    if found := get_cookie_with_chunks(signed, USER_COOKIE_NAME):
        try:
            claims = json.loads(found)
        except ValueError:
            claims = None
    if not isinstance(claims, dict):
        return Visitor({}, "")
    return Visitor(claims, hashlib.sha256(cookies[USER_COOKIE_NAME].encode()).hexdigest())


def without_sign_in(scope: Scope) -> Scope:
    """The request without the cookies of a sign-in, as it would be from somebody who has none."""
    kept = []
    for name, value in scope["headers"]:
        if name == b"cookie":
            parts = [part for part in value.split(b";") if not part.strip().startswith(USER_COOKIE_NAME.encode())]
            value = b";".join(parts)
        kept.append((name, value))
    return {**scope, "headers": kept}
