"""A picture with a line to drag: what lies under it, step by step, with the figures of wherever the line stands.

A Streamlit component that writes text as text only. All figures come from Python, for every step and for where the
line rests, so what the browser shows while the line moves is what the page says once it is let go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from pages.components.display.component import component

__all__ = ["CutPicture", "Fact", "Panel", "Series", "cut_line", "payload"]

_CUT = component("cut_line", "theme.css", "elements.js")


@dataclass(frozen=True, slots=True)
class Series:
    """One value a step, None where there is none. `now` is the value where the line rests, which may lie between two
    steps. `tone` is one of five colours (0 to 4), `dash` one of three strokes, so that colour never stands alone."""

    name: str
    values: tuple[float | None, ...]
    now: float | None
    tone: int
    dash: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture over the steps: `areas` are stacked counts that add up to `most`, `lines` are shares from 0 to 1.
    `up` names the axis that goes up."""

    kind: Literal["areas", "lines"]
    series: tuple[Series, ...]
    most: float
    height: int
    up: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure beside the picture, in words: one a step, and where the line rests."""

    name: str
    hint: str
    words: tuple[str, ...]
    now: str


@dataclass(frozen=True, slots=True)
class CutPicture:
    """Panels over `steps` + 1 places from `low` to `high`, with a line at `value`.

    `label` names the line for screen readers, `across` the axis, `digits` is how many decimals a place is shown with (0
    for whole numbers). Raises ValueError where the bounds make no sense or a step has no value.
    """

    label: str
    low: float
    high: float
    value: float
    steps: int
    panels: tuple[Panel, ...]
    across: str
    digits: int
    facts: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        if not self.low < self.high or not self.low <= self.value <= self.high or self.steps < 1:
            raise ValueError("the line must stand between two ends")
        given = [one.values for panel in self.panels for one in panel.series] + [fact.words for fact in self.facts]
        if any(len(values) != self.steps + 1 for values in given):
            raise ValueError("every step needs a value")


def cut_line(picture: CutPicture, *, key: str, on_move: Callable[[float], None]) -> None:
    """Draw the picture with its line.

    `on_move` is called with the place, inside its bounds, where the line was let go; before the page runs again, so
    that widget values may still be set.
    """

    def heard() -> None:
        moved = st.session_state.get(key, {}).get("moved")
        if isinstance(moved, int | float) and picture.low <= moved <= picture.high:
            on_move(float(moved))

    _CUT(key=key, data=payload(picture), on_moved_change=heard)


def payload(picture: CutPicture) -> dict[str, Any]:
    """What is sent to the browser."""
    panels, facts = picture.panels, picture.facts
    return {
        "label": picture.label,
        "low": picture.low,
        "high": picture.high,
        "value": picture.value,
        "steps": picture.steps,
        "across": picture.across,
        "digits": picture.digits,
        "panels": [
            {
                "kind": panel.kind,
                "most": panel.most,
                "height": panel.height,
                "up": panel.up,
                "ticks": _ticks(panel),
                "series": [
                    {
                        "name": one.name,
                        "tone": one.tone,
                        "dash": one.dash,
                        "line": panel.kind == "lines",
                        "values": one.values,
                        "words": [_words(panel, each) for each in one.values],
                    }
                    for one in panel.series
                ],
            }
            for panel in panels
        ],
        "facts": [{"name": fact.name, "hint": fact.hint, "words": fact.words} for fact in facts],
        "now": {
            "series": [_words(panel, one.now) for panel in panels for one in panel.series],
            "facts": [fact.now for fact in facts],
        },
    }


def _words(panel: Panel, value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if panel.kind == "areas" else f"{value:.0%}"


def _ticks(panel: Panel) -> list[tuple[float, str]]:
    """Marks of the axis that goes up, with their labels."""
    if panel.kind == "lines":
        marks: tuple[float, ...] = (0.0, 0.5, 1.0) if panel.height < 140 else (0.0, 0.25, 0.5, 0.75, 1.0)
        return [(mark, f"{mark:.0%}") for mark in marks]
    step = next(size * 10**power for power in range(12) for size in (1, 2, 5) if panel.most <= size * 10**power * 5)
    return [(float(mark), f"{mark:,}") for mark in range(0, int(panel.most) + 1, step)]
