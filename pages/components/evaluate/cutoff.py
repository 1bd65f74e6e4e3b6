"""Step 5: where to cut: a score threshold and a top n against what they let through, with lines to drag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from pages.components.display import errors
from pages.components.display.cut_line import CutPicture, Fact, Panel, Series, cut_line
from pages.components.display.ownership import may_change, named, share_switch
from pages.components.evaluate.orders import (
    best,
    rankings,
    relevant,
    relevant_choice,
    remembered,
    scope_line,
    settings,
    worked_out,
)
from pages.components.evaluate.recipe import recipe
from pages.components.evaluate.state import Cut, reported, state
from pages.components.session import keys, stores, thresholds
from rerank_core import RerankError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.cutoff import CutOff, CutPoint, Threshold, TopN, cut_off
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.storage.ownership import Ownership

STEPS = 200
MANY_UNRATED = 0.3


def cutoff_step(_: QuerySet) -> None:
    """Choose a model, move the line, keep the threshold."""
    found = {ranking.label: ranking for ranking in rankings() if ranking.run}
    if not found:
        st.caption("The cut-off can be looked at as soon as a model has ranked some queries.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.session_state.get(keys.CUT_MODEL) not in found:
            st.session_state[keys.CUT_MODEL] = best() or next(iter(found))
        label = st.selectbox("Model", list(found), key=keys.CUT_MODEL, width=300)
        relevant_choice("A good answer is rated", spelled=True)
    scope_line(to_all=True)
    ranking = found[label]
    cut = _worked_out(ranking)
    if cut is None:
        _recipe_alone(ranking)
        return
    if cut.unrated > MANY_UNRATED:
        st.warning(
            f"{cut.unrated:.0%} of the first results have no rating and count as not relevant, so these figures say "
            "little. Rate them first.",
            icon=":material/star:",
        )
    if cut.suggested is None:
        st.info("This connection gives an order and no scores, so there is a top n to choose, and no threshold.")
    else:
        _threshold(cut, ranking)
    _top_n(cut, _about(ranking))
    if cut.suggested is not None:
        about = _about(ranking)
        recipe(ranking, "Move the line to {:.3f}", lambda score, how: _from_recipe(about, score, how))


def _worked_out(ranking: Ranking) -> CutOff | None:
    query_set, chosen = state().opened, settings()
    try:
        return worked_out(("cut", ranking, chosen), lambda: cut_off(query_set, ranking, chosen))
    except RerankError as error:
        errors.show(error, title="There is nothing to cut yet")
        return None


def _recipe_alone(ranking: Ranking) -> None:
    """The recipe where nothing is rated: there is no line to move, so what it finds is kept as it is."""
    if not any(ranking.scores.values()):
        return
    st.text("Without ratings a threshold can be found from borderline pairs.")
    one = ranking.contender
    recipe(ranking, "Keep {:.3f} for this model", lambda score, how: store(one.provider, one.model, score, how))
    _kept(ranking)


def _about(ranking: Ranking) -> Cut:
    return state().experiment_id, ranking.label, relevant()


def _threshold(cut: CutOff, ranking: Ranking) -> None:
    assert cut.suggested is not None
    st.subheader("Score threshold", anchor=False)
    about = _about(ranking)
    moved = state().lines.get(about)
    kept = stores.query_sets().threshold(ranking.contender.provider, ranking.contender.model)
    low, high = cut.axis(*(one for one in (moved, kept.score if kept else None) if one is not None))
    if moved is None:
        moved = kept.score if kept else cut.suggested.threshold
    if cut.unlearned:
        st.info(f"No cut can be learned here. {cut.unlearned}", icon=":material/content_cut:")
    # The widget under this key is gone from the session whenever another step was drawn, so it is set each time.
    line = st.session_state[keys.CUT_LINE] = _within(moved, low, high)
    st.text(f"{cut.at(line).text}.")
    points = remembered(("cut_points", cut, low, high), lambda: cut.spread(low, high, STEPS))
    picture = CutPicture(
        "Threshold",
        low,
        high,
        line,
        STEPS,
        threshold_panels(points, cut.at(line)),
        "Score threshold: drag the line, click, or use the arrow keys",
        digits=3,
        facts=threshold_facts(points, cut.at(line)),
    )
    cut_line(picture, key=keys.CUT_CHART, on_move=lambda value: _set_line(about, value))
    _keep(cut, ranking, line, (low, high))


def _within(value: float, low: float, high: float) -> float:
    return min(high, max(low, float(value)))


def _keep(cut: CutOff, ranking: Ranking, line: float, ends: tuple[float, float]) -> None:
    """The suggestion where there is one, and the threshold that is kept for this model."""
    assert cut.suggested is not None
    low, high = ends
    suggested = _within(cut.suggested.threshold, low, high)
    one, about = ranking.contender, _about(ranking)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Threshold",
            low,
            high,
            step=round((high - low) / 100, 6),
            format="%.3f",
            key=keys.CUT_LINE,
            on_change=lambda: _set_line(about, st.session_state[keys.CUT_LINE]),
            width=160,
        )
        if not cut.unlearned:
            st.button(
                f"Suggestion: {suggested:.3f}",
                icon=":material/lightbulb:",
                on_click=_set_line,
                args=(about, suggested),
                help="The most queries done right, less those answered wrongly.",
            )
        if st.button("Keep for this model", icon=":material/bookmark:", key=keys.CUT_KEEP):
            store(one.provider, one.model, line, _how(line))
    _kept(ranking)


def _kept(ranking: Ranking) -> None:
    one = ranking.contender
    kept = stores.query_sets().threshold(one.provider, one.model)
    if kept is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            owned = Ownership(kept.owner, kept.shared)
            st.text(named(f"Kept for this model: {kept.score:.3f} ({kept.how})", owned), width="content")
            if may_change(owned):
                st.button(
                    "Forget it",
                    type="tertiary",
                    icon=":material/close:",
                    on_click=store,
                    args=(one.provider, one.model),
                )
            share_switch(
                owned,
                partial(_share_kept, kept),
                key=keys.SHARE_THRESHOLD,
                meaning="It holds on the boards of everyone here who keeps no threshold of their own for this model.",
            )


def _share_kept(kept: Threshold, shared: bool) -> None:
    with reported():
        stores.query_sets().share_threshold(kept, shared)


def store(provider: str, model: str | None, score: float | None = None, how: str = "") -> None:
    """Keep a model's threshold on this machine, where the other pages find it in any session; None forgets it."""
    with reported():
        stores.query_sets().set_threshold(provider, model, score, how)
        # What this session tried on the Playground gives way to what was kept just now.
        thresholds.own().pop((provider, model), None)


def _set_line(about: Cut, value: float) -> None:
    state().lines[about] = value


def _from_recipe(about: Cut, value: float, how: str) -> None:
    _set_line(about, value)
    st.session_state[keys.CUT_HOW] = (value, how)


def _how(line: float) -> str:
    """How the line came to stand where it stands."""
    value, how = st.session_state.get(keys.CUT_HOW) or (None, "")
    return how if value == line else "set on the Evaluate page"


def _top_n(cut: CutOff, about: Cut) -> None:
    if len(cut.top) < 2:
        return
    st.subheader("How many to show", anchor=False)
    tops = state().tops
    n = min(len(cut.top), tops.get(about, 3))
    st.text(f"{cut.top[n - 1].text}.")
    across = "Results shown a query, without a threshold"
    picture = CutPicture("Top n", 1, len(cut.top), n, len(cut.top) - 1, top_panels(cut.top, n), across, digits=0)
    cut_line(picture, key=keys.CUT_TOP_CHART, on_move=lambda moved: tops.update({about: round(moved)}))


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
