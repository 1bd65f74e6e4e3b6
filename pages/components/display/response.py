"""What a response says besides its order: whether anything answers, what it warned of, its rows for a board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from pages.components.display.board import BoardRow
from pages.components.session.texts import open_run
from rerank_core import TextSpan, provider
from rerank_core.providers.local import signals
from rerank_core.ranking.heading import heading
from rerank_core.ranking.strength import Levels, state
from rerank_core.retrieval.starting_order import initial_scores
from rerank_core.storage.run_record import Run


def state_notice(run: Run, at: Levels | None, *, advice: str) -> None:
    """Explain the headline where the best result is no sure answer, and say what to do about it."""
    said = state([row.relevance_score for row in run.response.results], at)
    if at is None or said not in ("nothing", "unsure"):
        return
    if said == "nothing":
        st.warning(
            f"Below {at.possible:g} this model's first result is usually not an answer. {advice}",
            icon=":material/search_off:",
        )
    else:
        upto = "" if at.strong is None else f" to {at.strong:g}"
        st.info(
            f"From {at.possible:g}{upto} this model's first result may be an answer or a near miss. Read it first.",
            icon=":material/help:",
        )


def show_warnings(warnings: tuple[str, ...]) -> None:
    """A response's warnings, as plain text since they may hold words of a provider."""
    for warning in warnings:
        with st.container(border=True, horizontal=True, gap="small"):
            st.markdown(":material/info:", width="content")
            st.text(warning)


def open_in_playground(run: Run, texts: str) -> None:
    """The way to everything that the Playground does with a run; `texts` says what its documents are called here."""
    if st.button(
        "Open in the Playground",
        icon=":material/open_in_full:",
        on_click=open_run,
        args=(run,),
        help=f"Rate the {texts}, see the request as code, save the board as a picture.",
    ):
        st.switch_page("playground.py")


BASIS = {
    "reported": "The provider named this amount.",
    "computed": "The units that the provider reported times the price in the table under Connections.",
    "free": "It ran on this computer.",
    "unknown": "Neither an amount nor units with a known price came back.",
}


def reranked_name(run: Run) -> str:
    """What made the reranked order, as the board says it."""
    model = provider(run.connection).model(run.response.model)
    return f"by {model.label}" if model else f"by {provider(run.connection).label}"


def board_rows(run: Run, spans: Mapping[int, Sequence[TextSpan]] | None = None) -> list[BoardRow]:
    """The run's results as the board takes them, best first; `spans` are what to mark in documents, by index."""
    rows = []
    initial = initial_scores(run.documents)
    behind = signals(run.response.raw) if run.connection == "local" else {}
    for row in run.response.results:
        title, text = heading(row.document)
        rows.append(
            BoardRow(
                key=str(row.index),
                was=row.index + 1,
                now=row.rank,
                text=text,
                title=title,
                initial_score=initial[row.index],
                score=row.relevance_score,
                rating=run.ratings.get(row.index),
                tooltip=behind.get(row.index),
                answers=_answers(row.document.text, text, (spans or {}).get(row.index, ())),
            )
        )
    return rows


def _answers(whole: str, text: str, spans: Sequence[TextSpan]) -> tuple[tuple[int, int], ...]:
    """Parts of a document's text as parts of what is shown of it, which is its end."""
    begins = len(whole) - len(text)
    places = [(max(0, span.start - begins), span.stop - begins) for span in spans]
    return tuple((start, stop) for start, stop in places if start < stop)
