"""The sign-ins that were ended, in either database."""

from __future__ import annotations

from rerank_core.storage.access.sign_outs import KEPT_SECONDS, SignOutStore
from rerank_core.storage.database import Database


def test_what_was_noted_since_the_last_look_is_found(database: Database) -> None:
    """Each look gives what came after the one before, in its sequence."""
    store = SignOutStore(database)
    assert store.after() == (0, ())
    store.add("one")
    store.add("two")
    number, found = store.after()
    assert found == ("one", "two")
    store.add("three")
    assert SignOutStore(database).after(number)[1] == ("three",)
    assert store.after(store.after()[0])[1] == ()


def test_what_no_browser_has_any_more_is_forgotten(database: Database) -> None:
    """A sign-out is kept for longer than a browser keeps the sign-in, and not for ever."""
    now = [1_000_000.0]
    store = SignOutStore(database, clock=lambda: now[0])
    store.add("early")
    now[0] += KEPT_SECONDS - 1
    store.add("late")
    assert store.after()[1] == ("early", "late")
    now[0] += 2
    store.add("last")
    assert store.after()[1] == ("late", "last")
