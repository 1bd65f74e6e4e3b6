"""Buttons that put a link or a picture on the clipboard, drawn by a component since only the browser can."""

from __future__ import annotations

from pages.components.display.component import component

__all__ = ["copy_link", "copy_picture"]

_COPY = component("copy_buttons", "elements.js")


def copy_link(tail: str, *, key: str) -> None:
    """A button that copies the address of the page with `tail` ("?...#...") behind it. Where the browser forbids it,
    the link stands there selected."""
    _COPY(key=key, data={"link": tail})


def copy_picture(svg: str, name: str, *, key: str) -> None:
    """Buttons that copy an SVG file of ours as a picture, or save it as a PNG file of this name."""
    _COPY(key=key, data={"picture": svg, "name": name})
