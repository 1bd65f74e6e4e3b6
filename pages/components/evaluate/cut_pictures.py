"""The pictures of the Cut-off step: what each threshold and each top n does, as the draggable line draws it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pages.components.display.cut_line import Fact, Panel, Series
from rerank_core.evaluation.measures.cutoff import CutPoint, TopN


def threshold_panels(points: Sequence[CutPoint], now: CutPoint) -> tuple[Panel, ...]:
    """The queries by what becomes of them, and under that precision and recall of what is shown."""
    kinds = ("Answered rightly", "Rightly no answer", "Has an answer, none shown", "Answered wrongly")

    def counts(point: CutPoint) -> tuple[int, int, int, int]:
        return point.right, point.silent, point.missed, point.wrong

    queries = tuple(
        Series(name, tuple(float(counts(point)[place]) for point in points), float(counts(now)[place]), tone=place)
        for place, name in enumerate(kinds)
    )
    shares = (
        Series("Precision", tuple(point.precision for point in points), now.precision, tone=3, dash=2),
        Series("Recall", tuple(point.recall for point in points), now.recall, tone=4, dash=1),
    )
    return Panel("areas", queries, float(now.queries), 190, "Queries"), Panel("lines", shares, 1.0, 90)


def threshold_facts(points: Sequence[CutPoint], now: CutPoint) -> tuple[Fact, ...]:
    """What a person decides by, each with what it means."""
    facts: tuple[tuple[str, str, Callable[[CutPoint], str]], ...] = (
        ("Answered", "Queries that show a result", lambda point: f"{point.answered:.0%}"),
        ("Wrongly answered", "The first one shown is not good", lambda point: f"{point.wrongly_answered:.0%}"),
        ("Precision", "Good ones among those shown", lambda point: _share(point.precision, "none shown")),
        ("Recall", "Good ones shown, of all there are", lambda point: _share(point.recall, "none there")),
        ("Results a query", "Shown on average", lambda point: f"{point.kept:.1f}"),
    )
    return tuple(Fact(name, hint, tuple(words(point) for point in points), words(now)) for name, hint, words in facts)


def top_panels(top: Sequence[TopN], n: int) -> tuple[Panel, ...]:
    """What the first n results hold; `n` is where the line rests."""
    rest = top[n - 1]
    return (
        Panel(
            "lines",
            (
                Series("Find an answer", tuple(one.found for one in top), rest.found, tone=0),
                Series("Recall", tuple(one.recall for one in top), rest.recall, tone=4, dash=1),
                Series("Precision", tuple(one.precision for one in top), rest.precision, tone=3, dash=2),
                Series("Show nothing good", tuple(one.wrong for one in top), rest.wrong, tone=2, dash=1),
            ),
            1.0,
            200,
        ),
    )


def _share(value: float | None, none: str) -> str:
    return none if value is None else f"{value:.0%}"
