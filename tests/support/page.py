"""A page of the app in a test: opened through the frame, waited for, read and pressed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.support import ROOT
from tests.support.gate import PATIENCE

MAIN = str(ROOT / "pages" / "main.py")
"""The main script: whoever opens a page goes through it."""


SIGN_IN: dict[str, dict[str, object]] = {
    "auth": {
        "redirect_uri": "https://rerank.example/oauth2callback",
        "cookie_secret": "k" * 32,
        "client_id": "c",
        "client_secret": "s",
        "server_metadata_url": "https://login.example/.well-known/openid-configuration",
    },
    "access": {"allow": ["@example.com"], "operators": ["ann@example.com"], "contact": "Ann, ann@example.com"},
}
"""The secrets of an app where people sign in: everybody at example.com may, and ann@example.com runs it."""


def claims(email: str, **more: object) -> dict[str, object]:
    """What an identity provider says of somebody who has signed in with this address."""
    return {"is_logged_in": True, "email": email, "email_verified": True} | more


def open_page(
    name: str = "playground.py",
    query: Mapping[str, str] | None = None,
    secrets: Mapping[str, object] | None = None,
    person: str | None = None,
) -> AppTest:
    """Open a page of pages/ in a session of its own, as somebody who follows a link with these query parameters to an
    app with these secrets; with `person`, as somebody with this address in an app where people sign in."""
    page = AppTest.from_file(MAIN, default_timeout=PATIENCE)
    for key, value in (query or {}).items():
        page.query_params[key] = value
    for key, secret in {**(SIGN_IN if person else {}), **(secrets or {})}.items():
        page.secrets[key] = secret
    if person:
        page.user = claims(person)
    return ran(page.switch_page(name).run())


def query_of(page: AppTest) -> dict[str, str]:
    """The query parameters of the address that a page shows."""
    return {name: value[0] if isinstance(value, list) else value for name, value in dict(page.query_params).items()}


def ran(page: AppTest) -> AppTest:
    """The page, which must not have failed."""
    assert not page.exception, page.exception[0].stack_trace
    return page


def busy(page: AppTest) -> bool:
    """Whether any work of this session is under way, files that are read included."""
    held = page.session_state._state.filtered_state
    return any(key.startswith("job_") and getattr(value, "running", False) for key, value in held.items())


def settled(page: AppTest) -> AppTest:
    """Run the page until no work of this session is under way, and once more where there was some, so that all of it
    is drawn; fails where one of the runs raised."""
    end = time.monotonic() + PATIENCE
    was_busy = False
    while busy(page):
        assert time.monotonic() < end, "The work does not end"
        was_busy = True
        ran(page.run())
    return ran(page.run()) if was_busy else ran(page)


def once(page: AppTest, said: str) -> AppTest:
    """Run the page until it says so."""
    end = time.monotonic() + PATIENCE
    while said not in words(page):
        assert time.monotonic() < end, f"The page does not say '{said}':\n{words(page)}"
        ran(page.run())
    return page


def button(page: AppTest, label: str) -> Any:
    """The first button of this label."""
    return next(each for each in page.button if each.label == label)


def chooser(page: AppTest, label: str) -> Any:
    """The first select box of this label."""
    return next(each for each in page.selectbox if each.label == label)


def click(page: AppTest, label: str) -> AppTest:
    """Press a button and draw the page once."""
    return ran(button(page, label).click().run())


def press(page: AppTest, label: str) -> AppTest:
    """Press a button and wait for what it may start."""
    return settled(click(page, label))


def upload(page: AppTest, *files: tuple[str, bytes], place: int = 0) -> AppTest:
    """Drop files into one of the page's places for them, and wait until they have been read."""
    return settled(drop(page, *files, place=place))


def drop(page: AppTest, *files: tuple[str, bytes], place: int = 0) -> AppTest:
    """Drop files into one of the page's places for them, and draw the page once."""
    return ran(page.file_uploader[place].set_value([(name, data, "") for name, data in files]).run())


def words(page: AppTest) -> str:
    """All that stands on the page, the tooltips left out."""
    kinds = ("title", "subheader", "text", "caption", "markdown", "warning", "error", "info", "success", "code")
    found = [str(element.value) for kind in kinds for element in page.get(kind)]
    found += [element.proto.text for element in page.get("progress")]
    return "\n".join([*found, *(str(getattr(box, "title", "")) for box in [*page.warning, *page.error])])


def labels(page: AppTest) -> list[str]:
    """The labels of all buttons."""
    return [each.label for each in page.button]


def metrics(page: AppTest) -> dict[str, str]:
    """The metrics by their label."""
    return {metric.label: metric.value for metric in page.metric}
