"""Signing in with a browser, at a real identity provider: what one sees, where one lands, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Windows
from tests.browser.seeing import scrolls_sideways, serious_findings, settle
from tests.support.sign_in import ALLOW, BOB, EVE, SignInApp, identity_provider, sign_in_app

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignInApp]:
    """The app and the provider."""
    home = tmp_path_factory.mktemp("sign-in")
    with identity_provider() as provider, sign_in_app(home, provider) as running:
        yield running


@pytest.fixture
def window(app: SignInApp, windows: Windows) -> Iterator[Callable[..., BrowserContext]]:
    """Browser windows of people who have not signed in, to an app whose list is as it was at the start."""
    app.allow(*ALLOW)
    taken: list[tuple[tuple[bool, bool], BrowserContext]] = []

    def take(*, dark: bool = False, phone: bool = False) -> BrowserContext:
        taken.append(((dark, phone), windows.take((dark, phone))))
        return taken[-1][1]

    yield take
    for look, context in taken:
        windows.give_back(look, context)


def sign_in(page: Page, person: dict[str, object]) -> None:
    """Press the one button, and choose an account at the provider."""
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=str(person["sub"]), exact=True).click()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_the_sign_in_page_is_fit_to_be_seen(app, window, dark, phone):
    """One button, the name of the app and who to turn to, in both themes, on a phone too and for a screen reader."""
    page = window(dark=dark, phone=phone).new_page()
    page.goto(f"{app.url}/evaluate")
    expect(page.get_by_role("button")).to_have_text(["loginSign in"])  # the icon is a ligature
    expect(page.get_by_role("heading", name="Rerank Playground")).to_be_visible()
    expect(page.get_by_text("Turn to Ann from the search team, 12 34.")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    assert not scrolls_sideways(page)
    assert not serious_findings(page)
    box = page.get_by_role("button", name="Sign in").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < page.viewport_size["height"]


def test_the_way_in_leads_to_what_was_asked_for(app, window):
    """A link to a page with a result behind its # still opens that result after the sign-in."""
    page = window().new_page()
    page.goto(f"{app.url}/compare?received=1#run=damaged")
    sign_in(page, BOB)
    page.get_by_text("This link cannot be opened").wait_for()
    assert "/compare" in page.url
    page.get_by_role("button", name="Sign out").wait_for()
    page.reload()
    settle(page)
    expect(page.get_by_text("This link cannot be opened")).to_have_count(0)


def test_whoever_is_refused_reads_why_and_can_go_back(app, window):
    """The page names the address and offers another account; the provider is left as well."""
    page = window().new_page()
    page.goto(app.url)
    sign_in(page, EVE)
    page.get_by_text("is not on the list of this app").wait_for()
    expect(page.get_by_text("eve@elsewhere.example")).to_be_visible()
    assert not serious_findings(page)
    page.get_by_role("button", name="Sign in as somebody else").click()
    page.wait_for_url("**/oauth2/end_session**")
    page.get_by_role("button").first.click()  # the provider's own question
    page.get_by_role("button", name="Sign in", exact=True).wait_for()


def test_open_tabs_turn_to_the_sign_in_page(app, window):
    """A tab in which nobody does anything shows the sign-in page by itself, once its person is taken off the list or
    has signed out in another tab."""
    context = window()
    page, other = context.new_page(), context.new_page()
    page.goto(app.url)
    sign_in(page, BOB)
    settle(page)
    other.goto(f"{app.url}/connections")
    settle(other)
    page.get_by_role("button", name="Sign out").click()
    other.get_by_role("button", name="Sign in").wait_for()
    page.goto(app.url)
    sign_in(page, BOB)
    settle(page)
    app.allow("@partner.example")
    page.get_by_text("is not on the list of this app").wait_for()
    expect(page.get_by_role("link", name="Duplicates")).to_have_count(0)
