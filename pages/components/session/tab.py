"""The tab that this session is: what to call it, and whether it is still open."""

from __future__ import annotations

from streamlit import runtime

from pages.components.server.upload_room import session_id


def here() -> str:
    """What this session's tab is called, also after its connection broke and came back; a reload makes another one."""
    return session_id()


def is_open(tab: str) -> bool:
    """Whether a tab is connected. For any thread. Where no server runs, as in a test of a page, it is."""
    return not runtime.exists() or bool(runtime.get_instance().is_active_session(tab))
