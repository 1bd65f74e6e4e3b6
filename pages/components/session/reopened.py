"""What history hands to another page to be shown there again: the id of a thing, until that page takes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pages.components.session import page_state


@dataclass
class Reopened:
    """Ids by the name of the page that is to show them."""

    waiting: dict[str, str] = field(default_factory=dict)


def want(page: str, name: str) -> None:
    """Have a page show a thing the next time it is drawn. For a button's callback."""
    page_state.of(Reopened).waiting[page] = name


def take(page: str) -> str | None:
    """What a page is to show; None where nothing waits. The next call gives None."""
    return page_state.of(Reopened).waiting.pop(page, None)
