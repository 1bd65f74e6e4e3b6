"""What stands behind the # of the address, kept by the browser through a sign-in; the server never sees it here."""

from __future__ import annotations

from pages.components.display.component import component

__all__ = ["NAME", "keep_fragment"]

NAME = "rerank_fragment"
"""Under which name the browser's tab keeps it."""

_KEEP = component("kept_fragment", html="<span></span>")


def keep_fragment(prefix: str, *, limit: int, key: str) -> None:
    """Have the browser keep a fragment that begins with `prefix`, cut to `limit` characters."""
    _KEEP(key=key, data={"prefix": prefix, "limit": limit, "name": NAME})
