"""Pages opened in this process: nothing is left of an earlier test, and providers are a service on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.evaluate import speed
from pages.components.server import access
from pages.components.session import stores
from tests.support.page import open_page, settled
from tests.support.rerank_service import GOOD_KEY, RerankService


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What sessions share begins anew, and no work outlives its test; no local model's speed is measured."""
    monkeypatch.setattr(speed, "LOCAL_SPEED", {})
    monkeypatch.setattr(access, "_reading", access._Reading(access._stamp()))
    stores.forget()
    stores.jobs()  # made now, since a test may set the operator's settings to nonsense
    yield
    stores.jobs().close()


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch, service: RerankService) -> Callable[..., None]:
    """Set providers up with a key, each at a mood of the service: `providers(gateflow="ok", flashrank="html")`."""

    def set_up(**moods: str) -> None:
        for name, mood in moods.items():
            monkeypatch.setenv(f"{name.upper()}_API_KEY", GOOD_KEY)
            monkeypatch.setenv(f"{name.upper()}_BASE_URL", f"{service.url}/{mood}")

    return set_up


@pytest.fixture
def app(request: pytest.FixtureRequest, providers: Callable[..., None]) -> Callable[..., AppTest]:
    """Open the page that the module calls PAGE, and wait until its first work has ended: `app({"example": "own"},
    gateflow="ok")` with query parameters, and with moods as for `providers`."""

    def opened(query: Mapping[str, str] | None = None, **moods: str) -> AppTest:
        providers(**moods)
        return settled(open_page(request.module.PAGE, query))

    return opened
