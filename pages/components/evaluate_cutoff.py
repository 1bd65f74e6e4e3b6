"""Step 5: where to cut: a score threshold and a top n against what they let through, with lines to drag."""

from __future__ import annotations

import streamlit as st

from pages.components.cut_line import cut_line
from pages.components.evaluate_cut_pictures import threshold_facts, threshold_panels, top_panels
from pages.components.evaluate_orders import best, judgments, rankings, remembered
from pages.components.evaluate_recipe import recipe
from pages.components.evaluate_state import query_sets, state
from pages.components.state import state as playground
from rerank_core import RerankError
from rerank_core.evaluation.contender import Ranking
from rerank_core.evaluation.cutoff import (
    CutOff,
    cut_off,
)
from rerank_core.evaluation.query_set import QuerySet

MODEL, GRADE, LINE, TOP, CHART, TOP_CHART, HOW = (
    "cut_model",
    "cut_grade",
    "cut_line",
    "cut_top",
    "cut_chart",
    "cut_top_chart",
    "cut_how",
)
STEPS = 200
MANY_UNRATED = 0.3
MOST_GRADES = 10
PREVIEW = 220


def cutoff_step(_: QuerySet) -> None:
    """Choose a model, move the line, keep the threshold."""
    found = {ranking.label: ranking for ranking in rankings() if ranking.run}
    if not found:
        st.caption("The cut-off can be looked at as soon as a model has ranked some queries.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.session_state.get(MODEL) not in found:
            st.session_state[MODEL] = best() or next(iter(found))
        label = st.selectbox("Model", list(found), key=MODEL, width=300)
        grades = _grades()
        if st.session_state.get(GRADE) not in grades:
            st.session_state[GRADE] = 1
        grade = st.selectbox(
            "A good answer is rated",
            list(grades),
            format_func=grades.__getitem__,
            key=GRADE,
            persist_state="session",
            width=170,
        )
    ranking = found[label]
    cut = _worked_out(ranking, int(grade))
    if cut is None:
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
    _top_n(cut)
    if cut.suggested is not None:
        recipe(ranking, _from_recipe)


def _grades() -> dict[int, str]:
    """From which rating on a document may count as good: ratings of a file may go beyond 3."""
    most = max((grade for own in judgments().values() for grade in own.values()), default=3)
    most = min(max(most, 3), MOST_GRADES)
    return {grade: f"{grade} or more" for grade in range(1, most)} | {
        most: f"{most} or more" if most == MOST_GRADES else f"{most} only"
    }


def _worked_out(ranking: Ranking, grade: int) -> CutOff | None:
    query_set, grades = state().query_set, judgments()
    assert query_set is not None
    try:
        return remembered(
            ("cut", ranking, grades, grade),
            lambda: cut_off(query_set, ranking, judgments=grades, relevant=grade),
        )
    except RerankError as error:
        from pages.components import errors

        errors.show(error, title="There is nothing to cut yet")
        return None


def _axis(cut: CutOff) -> tuple[float, float]:
    low, high = cut.points[0].threshold, cut.points[-1].threshold
    return (0.0, 1.0) if low >= 0 and high <= 1.000001 else (low, high)


def _threshold(cut: CutOff, ranking: Ranking) -> None:
    assert cut.suggested is not None
    st.subheader("Score threshold", anchor=False)
    low, high = _axis(cut)
    about = (ranking.label, st.session_state[GRADE])
    if st.session_state.get(f"{LINE}_about") != about:
        kept = query_sets().threshold(ranking.contender.provider, ranking.contender.model)
        st.session_state[f"{LINE}_about"] = about
        st.session_state[LINE] = kept.score if kept else cut.suggested.threshold
    line = st.session_state[LINE] = _within(st.session_state.get(LINE, low), low, high)
    st.text(f"{cut.at(line).text}.")
    points = remembered(("cut_points", cut, low, high), lambda: cut.spread(low, high, STEPS))
    cut_line(
        "Threshold",
        low=low,
        high=high,
        value=line,
        steps=STEPS,
        panels=threshold_panels(points, cut.at(line)),
        facts=threshold_facts(points, cut.at(line)),
        across="Score threshold: drag the line, click, or use the arrow keys",
        digits=3,
        key=CHART,
        on_move=_set_line,
    )
    _keep(cut, ranking, line)


def _within(value: float, low: float, high: float) -> float:
    return min(high, max(low, float(value)))


def _keep(cut: CutOff, ranking: Ranking, line: float) -> None:
    """The suggestion, and the threshold that is kept for this model."""
    assert cut.suggested is not None
    low, high = _axis(cut)
    suggested = _within(cut.suggested.threshold, low, high)
    one = ranking.contender
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Threshold", low, high, step=0.01, format="%.3f", key=LINE, width=160)
        st.button(
            f"Suggestion: {suggested:.3f}",
            icon=":material/lightbulb:",
            on_click=_set_line,
            args=(suggested,),
            help="The most queries done right, less those answered wrongly.",
        )
        if st.button("Keep for this model", icon=":material/bookmark:", key="cut_keep"):
            store(one.provider, one.model, line, _how(line))
    kept = query_sets().threshold(one.provider, one.model)
    if kept is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"Kept for this model: {kept.score:.3f} ({kept.how})", width="content")
            st.button(
                "Forget it", type="tertiary", icon=":material/close:", on_click=store, args=(one.provider, one.model)
            )


def store(provider: str, model: str | None, score: float | None = None, how: str = "") -> None:
    """Keep a model's threshold on this machine, where the other pages find it in any session; None forgets it."""
    try:
        query_sets().set_threshold(provider, model, score, how)
    except RerankError as error:
        state().error = error
        return
    # What this session tried on the Playground gives way to what was kept just now.
    playground().thresholds.pop((provider, model), None)


def _set_line(value: float) -> None:
    st.session_state[LINE] = value


def _from_recipe(value: float, how: str) -> None:
    st.session_state[LINE] = value
    st.session_state[HOW] = (value, how)


def _how(line: float) -> str:
    """How the line came to stand where it stands."""
    value, how = st.session_state.get(HOW) or (None, "")
    return how if value == line else "set on the Evaluate page"


def _top_n(cut: CutOff) -> None:
    if len(cut.top) < 2:
        return
    st.subheader("How many to show", anchor=False)
    n = st.session_state[TOP] = min(len(cut.top), max(1, int(st.session_state.get(TOP) or 3)))
    st.text(f"{cut.top[n - 1].text}.")
    cut_line(
        "Top n",
        low=1,
        high=len(cut.top),
        value=n,
        steps=len(cut.top) - 1,
        panels=top_panels(cut.top, n),
        across="Results shown a query, without a threshold",
        digits=0,
        key=TOP_CHART,
        on_move=_set_top,
    )


def _set_top(n: float) -> None:
    st.session_state[TOP] = round(n)
