"""Step 5: where to cut: a score threshold and a top n against what they let through, with a line to move."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from pages.components.board import shown
from pages.components.evaluate_answer import nothing_run
from pages.components.evaluate_orders import best, judgments, rankings, remembered
from pages.components.evaluate_run import progress
from pages.components.evaluate_state import experiment, query_sets, state
from pages.components.state import state as playground
from rerank_core import RerankError
from rerank_core.evaluation.contender import Ranking
from rerank_core.evaluation.cutoff import (
    BORDERLINE_PAIRS,
    CutOff,
    borderline_pairs,
    borderline_reference,
    cut_off,
)

MODEL, GRADE, LINE, TOP, CHART, TOP_CHART = (
    "cut_model",
    "cut_grade",
    "cut_line",
    "cut_top",
    "cut_chart",
    "cut_top_chart",
)
GRADES = {1: "1 or more", 2: "2 or more", 3: "3 only"}
KINDS = ("Answered rightly", "Rightly no answer", "Has an answer, none shown", "Answered wrongly")
MANY_UNRATED = 0.3
PREVIEW = 220


def cutoff_step() -> None:
    """Choose a model, move the line, keep the threshold."""
    current = state()
    if current.query_set is None:
        return
    progress()
    if experiment() is None:
        nothing_run()
        return
    found = {ranking.label: ranking for ranking in rankings() if ranking.run}
    if not found:
        st.caption("The cut-off can be looked at as soon as a model has ranked some queries.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.session_state.get(MODEL) not in found:
            st.session_state[MODEL] = best() or next(iter(found))
        label = st.selectbox("Model", list(found), key=MODEL, width=300)
        st.session_state.setdefault(GRADE, 1)
        grade = st.selectbox(
            "A good answer is rated",
            list(GRADES),
            format_func=GRADES.__getitem__,
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
        _recipe(ranking)


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
        st.session_state[LINE] = _within(kept.score if kept else cut.suggested.threshold, low, high)
    st.session_state[LINE] = _within(st.session_state.get(LINE, low), low, high)
    picture, numbers = st.columns([3, 2], gap="large")
    with numbers:
        line = st.slider(
            "Threshold",
            min_value=low,
            max_value=high,
            step=(high - low) / 200,
            format="%.3f",
            key=LINE,
            help="Move the line: results under it are not shown. A click into the picture moves it too.",
        )
        point = cut.at(line)
        st.text(f"{point.text}.")
        with st.container(horizontal=True, gap="medium"):
            st.metric(
                "Answered", f"{point.answered:.0%}", width="content", help="Queries that show at least one result."
            )
            st.metric(
                "Wrongly answered",
                f"{point.wrongly_answered:.0%}",
                width="content",
                help="The first one shown is not good.",
            )
            precision = "none shown" if point.precision is None else f"{point.precision:.0%}"
            st.metric("Precision", precision, width="content", help="Good ones among the results shown.")
            if point.recall is not None:
                st.metric("Recall", f"{point.recall:.0%}", width="content", help="Good ones shown, of all there are.")
            st.metric("Shown a query", f"{point.kept:.1f}", width="content")
        _keep(cut, ranking, line)
    with picture:
        _picture(cut, line, (low, high))


def _within(value: float, low: float, high: float) -> float:
    return min(high, max(low, float(value)))


def _keep(cut: CutOff, ranking: Ranking, line: float) -> None:
    """The suggestion, and the threshold that is kept for this model."""
    assert cut.suggested is not None
    low, high = _axis(cut)
    suggested = _within(cut.suggested.threshold, low, high)
    one = ranking.contender
    with st.container(horizontal=True):
        st.button(
            f"Suggestion: {suggested:.3f}",
            icon=":material/lightbulb:",
            on_click=_set_line,
            args=(suggested,),
            help="The most queries done right, less those answered wrongly.",
        )
        if st.button("Keep for this model", icon=":material/bookmark:", key="cut_keep"):
            store(one.provider, one.model, line, "set on the Evaluate page")
    kept = query_sets().threshold(one.provider, one.model)
    if kept is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"Kept for this model: {kept.score:.3f} ({kept.how})", width="content")
            st.button(
                "Forget it", type="tertiary", icon=":material/close:", on_click=store, args=(one.provider, one.model)
            )


def store(provider: str, model: str | None, score: float | None = None, how: str = "") -> None:
    """Keep a model's threshold on this machine and use it on the other pages; None forgets it."""
    try:
        query_sets().set_threshold(provider, model, score, how)
    except RerankError as error:
        state().error = error
        return
    if score is None:
        playground().thresholds.pop((provider, model), None)
    else:
        playground().thresholds[provider, model] = round(score, 3)


def _set_line(value: float) -> None:
    st.session_state[LINE] = value


def _palette() -> dict[str, str]:
    if st.context.theme.type == "dark":
        return dict(zip(KINDS, ("#56B4E9", "#9fd4f5", "#7d8792", "#F0A44B"), strict=True))
    return dict(zip(KINDS, ("#0072B2", "#7db8dc", "#a3adb8", "#B35C00"), strict=True))


def _picture(cut: CutOff, line: float, ends: tuple[float, float]) -> None:
    palette = _palette()
    rows = []
    for point in cut.points:
        at = _within(point.threshold, *ends)
        values = zip(KINDS, (point.right, point.silent, point.missed, point.wrong), strict=True)
        rows += [
            {"Threshold": at, "Outcome": kind, "Queries": number, "Place": place}
            for place, (kind, number) in enumerate(values)
        ]
    across = alt.X("Threshold:Q", title="Score threshold", scale=alt.Scale(domain=list(ends), nice=False))
    clicked = alt.selection_point(name="line", fields=["Threshold"], nearest=True, on="click", clear=False, empty=False)
    areas = (
        alt.Chart(pd.DataFrame(rows))
        .mark_area(interpolate="step-after")
        .encode(
            x=across,
            y=alt.Y("Queries:Q", stack="zero", title="Queries"),
            color=alt.Color(
                "Outcome:N",
                scale=alt.Scale(domain=list(palette), range=list(palette.values())),
                legend=alt.Legend(orient="bottom", title=None, columns=2),
            ),
            order=alt.Order("Place:Q"),
        )
    )
    catch = (
        alt.Chart(pd.DataFrame({"Threshold": sorted({row["Threshold"] for row in rows})}))
        .mark_rule(opacity=0, strokeWidth=6)
        .encode(x=across)
        .add_params(clicked)
    )
    ink = "#e8edf2" if st.context.theme.type == "dark" else "#111418"
    mark = pd.DataFrame({"Threshold": [line], "Label": [f"{line:.3f}"]})
    rule = alt.Chart(mark).mark_rule(color=ink, strokeWidth=2, strokeDash=[5, 4]).encode(x=across)
    right = line > ends[0] + (ends[1] - ends[0]) * 0.85
    label = (
        alt.Chart(mark)
        .mark_text(color=ink, align="right" if right else "left", dx=-6 if right else 6, dy=-8, fontSize=12)
        .encode(x=across, y=alt.value(0), text="Label:N")
    )
    st.altair_chart(
        alt.layer(areas, catch, rule, label).properties(height=300),
        key=CHART,
        on_select=_clicked,
        selection_mode="line",
        alt=f"Queries answered rightly, wrongly, or not, against the threshold. {cut.at(line).text}",
    )


def _clicked() -> None:
    picked = ((st.session_state.get(CHART) or {}).get("selection") or {}).get("line") or []
    value = picked[0].get("Threshold") if picked else None
    if isinstance(value, int | float):
        st.session_state[LINE] = float(value)


def _top_n(cut: CutOff) -> None:
    st.subheader("How many to show", anchor=False)
    if len(cut.top) < 2:
        return
    picture, numbers = st.columns([3, 2], gap="large")
    with numbers:
        st.session_state[TOP] = min(len(cut.top), max(1, int(st.session_state.get(TOP) or 3)))
        n = st.slider("Top n", 1, len(cut.top), key=TOP)
        point = cut.top[n - 1]
        with st.container(horizontal=True, gap="medium"):
            if point.found is not None:
                st.metric("Find an answer", f"{point.found:.0%}", width="content", help="Of the queries that have one.")
            st.metric("Precision", f"{point.precision:.0%}", width="content")
            if point.recall is not None:
                st.metric("Recall", f"{point.recall:.0%}", width="content")
        st.caption("Without a threshold: of the first n results, over all rated queries.")
    rows = []
    for one in cut.top:
        values = {"Find an answer": one.found, "Recall": one.recall, "Precision": one.precision}
        rows += [{"n": one.n, "Measure": name, "Share": value} for name, value in values.items() if value is not None]
    dark = st.context.theme.type == "dark"
    ink = "#e8edf2" if dark else "#111418"
    colours = ["#56B4E9", "#2fd6a3", "#F0A44B"] if dark else ["#0072B2", "#00795a", "#B35C00"]
    names = ["Find an answer", "Recall", "Precision"]
    across = alt.X("n:Q", title="Top n", axis=alt.Axis(tickMinStep=1, format="d"))
    lines = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(point=True)
        .encode(
            x=across,
            y=alt.Y("Share:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            color=alt.Color(
                "Measure:N",
                scale=alt.Scale(domain=names, range=colours),
                legend=alt.Legend(orient="bottom", title=None),
            ),
            strokeDash=alt.StrokeDash(
                "Measure:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 3], [2, 2]]), legend=None
            ),
            tooltip=[alt.Tooltip("Measure:N"), alt.Tooltip("n:Q"), alt.Tooltip("Share:Q", format=".1%")],
        )
    )
    rule = alt.Chart(pd.DataFrame({"n": [n]})).mark_rule(color=ink, strokeWidth=2, strokeDash=[5, 4]).encode(x=across)
    with picture:
        st.altair_chart(
            alt.layer(lines, rule).properties(height=260),
            key=TOP_CHART,
            alt=f"With the top {n}: precision {point.precision:.0%}, answer found {point.found or 0:.0%}",
        )


def _recipe(ranking: Ranking) -> None:
    """Cohere's recipe, step by step: confirm borderline pairs, their mean score is the threshold."""
    opened = st.expander(
        f"Find a threshold from {BORDERLINE_PAIRS[0]} to {BORDERLINE_PAIRS[1]} borderline pairs",
        icon=":material/balance:",
        key="cut_recipe",
        on_change="rerun",
    )
    if not opened.open:
        return
    query_set, grades = state().query_set, judgments()
    assert query_set is not None
    with opened:
        pairs = remembered(
            ("borderline", ranking, grades), lambda: borderline_pairs(query_set, ranking, judgments=grades)
        )
        st.caption(
            "Cohere's recipe where nothing is rated: for each query, one document that is only just good enough. "
            "1. Read each pair. 2. Untick those that are clearly good or clearly bad. 3. The mean of the rest is the "
            "threshold."
        )
        table = pd.DataFrame(
            {
                "Borderline": [True] * len(pairs),
                "Score": [pair.score for pair in pairs],
                "Query": [shown(pair.query.text, PREVIEW, one_line=True) for pair in pairs],
                "Document": [shown(query_set.documents[pair.document].text, PREVIEW, one_line=True) for pair in pairs],
                "Rating": [pair.grade for pair in pairs],
            }
        )
        edited = st.data_editor(
            table,
            key=f"cut_pairs_{ranking.label}",
            hide_index=True,
            height=min(460, 40 + 35 * max(1, len(pairs))),
            disabled=["Score", "Query", "Document", "Rating"],
            placeholder="",
            column_config={
                "Borderline": st.column_config.CheckboxColumn(width=85),
                "Score": st.column_config.NumberColumn(format="%.3f", width=70),
                "Query": st.column_config.TextColumn(width="medium"),
                "Document": st.column_config.TextColumn(width="large"),
                "Rating": st.column_config.NumberColumn(width=65),
            },
            alt="Pairs that may be borderline; untick those that are not",
        )
        try:
            reference = borderline_reference(
                pair.score for pair, ticked in zip(pairs, edited["Borderline"], strict=True) if ticked
            )
        except RerankError as error:
            st.text(str(error))
            return
        st.text(f"{reference.text}.")
        st.button("Move the line there", icon=":material/straighten:", on_click=_set_line, args=(reference.score,))
