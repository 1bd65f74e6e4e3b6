"""The answer of one run: what changed in a sentence, what it cost, the board and its tabs."""

from __future__ import annotations

import streamlit as st

from pages.components.display import glossary, tables
from pages.components.display.board import MAX_ROWS, BoardEvent, BoardView
from pages.components.display.markdown import escaped
from pages.components.display.orders_view import orders_view
from pages.components.display.response import (
    BASIS,
    board_rows,
    reranked_name,
    show_warnings,
    state_notice,
)
from pages.components.display.tabs import tabs
from pages.components.inputs import presenting, ratings
from pages.components.inputs.controls import back_to_suggestion
from pages.components.inputs.query_sets import add_ratings
from pages.components.inputs.rank_fields import names_of
from pages.components.jobs import answering
from pages.components.playground import tabs as playground_tabs
from pages.components.playground.state import state
from pages.components.session import keys, thresholds
from pages.components.sharing.here import whose_run
from pages.components.sharing.share import beside_headline, share, shared_run
from rerank_core import pricing, provider, ranking
from rerank_core.evaluation.measures.measure import mean_name
from rerank_core.evaluation.measures.rated_run import rated_run
from rerank_core.rank_fields import TEXT_ONLY
from rerank_core.ranking.strength import strength
from rerank_core.storage.run_record import Run


def result(run: Run, top_n: int) -> None:
    """Draw a finished run. Nothing here sends anything: Top N and the threshold only fold."""
    run = ratings.of(run)
    picked = state().picked
    answering.look(run, top_n, () if picked is None else (int(picked),))
    scores = [row.relevance_score for row in run.response.results]
    has_scores = any(score is not None for score in scores)
    if presenting.on():  # the sentence stands in the head of the presenter view, and says how sure the model is
        _board(run, top_n, thresholds.suggested(run) if has_scores else None)
        return
    said = sentence(run, top_n)
    with beside_headline():
        with st.container(key=keys.HEADLINE):
            st.text(said)
        share(lambda: shared_run("playground", run, top_n, [said]), [run], keys.RUN)
    # In containers, so that the tabs below keep their place when a notice comes or goes.
    with st.container():
        _notices(run, has_scores)
    board = st.container()  # filled below, since the threshold is asked for under it
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        threshold = _threshold(run, scores, top_n) if has_scores else None
        _facts(run)
    with st.container():
        _ratings(run, top_n)
        add_ratings(run)
    draw = {
        "Board": lambda: _board(run, top_n, threshold),
        "Table": lambda: playground_tabs.results_table(run, top_n, threshold),
        "Request": lambda: playground_tabs.request(run, top_n),
        "Context": lambda: playground_tabs.prompt_context(run, top_n),
        "Export": lambda: playground_tabs.files(run, top_n, threshold),
    }
    with board:
        tabs(draw, keys.TAB)
    st.text(_origin(run))
    picked = state().picked
    answering.follow(run, top_n, () if picked is None else (int(picked),))


def sentence(run: Run, top_n: int) -> str:
    """What reranking did, in a sentence."""
    scored = any(row.relevance_score is not None for row in run.response.results)
    own = thresholds.suggested(run) if scored else None
    return ranking.summarise_response(run.response, min(3, top_n), at=thresholds.levels(run), threshold=own)


def _notices(run: Run, has_scores: bool) -> None:
    response = run.response
    state_notice(run, thresholds.levels(run), advice="Try other words, or add documents.")
    if not has_scores:
        st.info("This provider gives an order and no scores, so there are no bars and no threshold.")
    gap = pricing.gap_text(run.estimate, response.cost)
    if gap:
        st.caption(escaped(gap))
    show_warnings(response.warnings)


def _facts(run: Run) -> None:
    response = run.response
    if run.received:
        st.metric("Documents", f"{len(run.documents):,}", width="content")
        return
    st.metric("Billed", pricing.money_text(response.cost.amount), width="content", help=BASIS[response.cost.basis])
    units = response.usage.search_units
    st.metric(
        "Search units",
        "none reported" if units is None else f"{units:g}",
        width="content",
        help=glossary.SEARCH_UNITS,
    )
    st.metric(
        "Latency",
        f"{response.latency_ms:,.0f} ms",
        width="content",
        help=glossary.LATENCY,
    )
    if response.provider_latency_ms is not None:
        st.metric(
            "Provider's latency",
            f"{response.provider_latency_ms:,.0f} ms",
            width="content",
            help=glossary.PROVIDER_LATENCY,
        )
    st.metric("Documents", f"{len(run.documents):,}", width="content")


def _origin(run: Run) -> str:
    response = run.response
    spec = provider(run.connection)
    model = spec.model(response.model)
    parts = [spec.label, model.label if model else (response.model or "no choice of model")]
    if run.request.rank_fields != TEXT_ONLY:
        parts.append(f"read: {names_of(run.request.rank_fields)}")
    parts.append(run.created.astimezone().strftime("%d %B %Y, %H:%M"))
    if response.request_id:
        parts.append(f"request {response.request_id}")
    if about := whose_run(run):
        parts.append(about)
    return " · ".join(parts)


def _threshold(run: Run, scores: list[float | None], top_n: int) -> float:
    own, key = thresholds.own(), (run.connection, run.response.model)
    suggested = thresholds.suggested(run) or 0.0
    st.session_state[keys.THRESHOLD] = suggested

    def changed() -> None:
        own[key] = float(st.session_state[keys.THRESHOLD])

    value = st.number_input(
        "Score threshold",
        min_value=0.0,
        max_value=1.0,
        step=0.01,
        format="%.2f",
        key=keys.THRESHOLD,
        on_change=changed,
        width=150,
        help="Keep only what scores at least this much and is within Top N. Drag the line on the board or type here; "
        "nothing is sent. "
        "Scores compare documents within one query and one model only.",
    )
    st.text(ranking.kept_text(scores, top_n, value))
    back_to_suggestion(own, key)
    return float(value)


def _ratings(run: Run, top_n: int) -> None:
    if not run.ratings:
        return
    order = [row.index for row in run.response.results]
    figures = rated_run(run.ratings, range(len(run.documents)), order, k=top_n)
    with st.container(border=True):
        st.caption(f"{figures.rated:,} of {figures.total:,} documents rated. Documents without a rating count as 0.")
        with st.container(horizontal=True, gap="medium"):
            for name, (before, after) in figures.measures.items():
                change = f"{after - before:+.3f}"
                st.metric(
                    mean_name(name),
                    f"{after:.3f}",
                    delta="no change" if float(change) == 0 else change,
                    delta_color="off" if float(change) == 0 else "normal",
                    delta_arrow="off" if float(change) == 0 else "auto",
                    width="content",
                    help=f"{before:.3f} before. {glossary.measure(name)}",
                )


def _board(run: Run, top_n: int, threshold: float | None) -> None:
    rows = board_rows(run, answering.spans(run))
    current = state()
    view = BoardView(
        top_n,
        run.order_name,
        reranked_name(run),
        threshold,
        picked=current.picked,
        rating=not presenting.on(),
        presenter=presenting.on(),
        lines=presenting.of().lines or not presenting.on(),
        scores=presenting.of().scores or not presenting.on(),
        scale=thresholds.scale(run),
    )
    current.picked = orders_view(rows, view, key=keys.BOARD, on_event=_on_board)
    if len(rows) > MAX_ROWS:
        # Drawn once it is opened: a chart costs the browser more than both tables.
        spread = st.expander(
            "How the scores are spread", icon=":material/bar_chart:", key=keys.SCORE_SPREAD, on_change="rerun"
        )
        if spread.open:
            with spread:
                tables.score_chart(rows, threshold, key=keys.SCORE_CHART, top=view.scale.top if view.scale else 1.0)
    if current.picked is not None:
        _detail(run, int(current.picked))


def _on_board(event: BoardEvent) -> None:
    current = state()
    run = current.run
    if run is None:
        return
    if event.picked is not None:
        current.picked = event.picked
    if event.threshold is not None:
        thresholds.own()[run.connection, run.response.model] = round(event.threshold, 3)
    for rating in event.rated:
        ratings.rate([run], int(rating.key), rating.value)


def _detail(run: Run, index: int) -> None:
    row = next((row for row in run.response.results if row.index == index), None)
    if row is None:
        return
    board_row = next(entry for entry in board_rows(run) if entry.key == str(index))
    spans = answering.spans(run).get(index, ())
    tables.detail_panel(
        board_row,
        row.document,
        key=keys.of(keys.DETAIL, run.id, index),
        word=strength(row.relevance_score, thresholds.levels(run)),
        on_rate=lambda grade: ratings.rate([run], index, grade),
        answers=[(span.start, span.stop) for span in spans],
    )
