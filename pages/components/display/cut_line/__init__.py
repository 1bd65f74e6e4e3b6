"""A picture with a line to drag: what lies under it, step by step, with the figures of wherever the line stands.

A Streamlit component that writes text as text only. All figures come from Python, for every step and for where the
line rests, so what the browser shows while the line moves is what the page says once it is let go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

__all__ = ["Fact", "Panel", "Series", "cut_line", "payload"]

_HERE = Path(__file__).parent
_CUT = st.components.v2.component(
    "rerank_cut_line",
    html=(_HERE / "cut.html").read_text("utf-8"),
    css=(_HERE / "cut.css").read_text("utf-8"),
    js=(_HERE / "cut.js").read_text("utf-8"),
)


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


def cut_line(
    label: str,
    *,
    low: float,
    high: float,
    value: float,
    steps: int,
    panels: Sequence[Panel],
    facts: Sequence[Fact] = (),
    across: str,
    digits: int,
    key: str,
    on_move: Callable[[float], None],
) -> None:
    """Draw panels over `steps` + 1 places from `low` to `high`, with a line at `value`.

    `on_move` is called with the place, inside these bounds, where the line was let go; before the page runs again,
    so that widget values may still be set. `label` names the line for screen readers, `across` the axis, `digits` is
    how many decimals a place is shown with (0 for whole numbers).
    """

    def heard() -> None:
        moved = st.session_state.get(key, {}).get("moved")
        if isinstance(moved, int | float) and low <= moved <= high:
            on_move(float(moved))

    _CUT(
        key=key,
        data=payload(
            label,
            low=low,
            high=high,
            value=value,
            steps=steps,
            panels=panels,
            facts=facts,
            across=across,
            digits=digits,
        ),
        on_moved_change=heard,
    )


def payload(
    label: str,
    *,
    low: float,
    high: float,
    value: float,
    steps: int,
    panels: Sequence[Panel],
    facts: Sequence[Fact],
    across: str,
    digits: int,
) -> dict[str, Any]:
    """What is sent to the browser. Raises ValueError where the bounds make no sense or values are missing."""
    if not low < high or not low <= value <= high or steps < 1:
        raise ValueError("the line must stand between two ends")
    if any(len(one.values) != steps + 1 for panel in panels for one in panel.series) or any(
        len(fact.words) != steps + 1 for fact in facts
    ):
        raise ValueError("every step needs a value")
    return {
        "label": label,
        "low": low,
        "high": high,
        "value": value,
        "steps": steps,
        "across": across,
        "digits": digits,
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
