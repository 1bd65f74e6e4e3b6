"""The tabs behind the board: everything as a table, the request, a block for a prompt, and files to take away."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import streamlit as st

from pages.components.display.download import download
from pages.components.inputs.controls import segmented, token_budget
from pages.components.jobs import answering
from pages.components.session import connection as connections
from pages.components.session import keys, thresholds
from pages.components.sharing.picture import board_picture
from rerank_core import provider, ranking
from rerank_core.exports import prompt_context as exports_prompt_context
from rerank_core.exports import snippets, tables
from rerank_core.exports.prompt_context import ContextStyle, Quote
from rerank_core.ranking.keeping import Reading, fate
from rerank_core.storage.run_record import Run

SNIPPETS = ["curl", "Python with rerank_core", "Python with httpx", "JavaScript"]
HOSTED = "gateflow"
FULL_HEIGHT_ROWS = 15
BODIES = ["JSON sent", "JSON received"]
OURS = frozenset({"Rank", "Was", "Move", "Strength", "Score", "Kept", "Rating", "ID", "Text"})
QUOTES: dict[Quote, str] = {
    "whole": "Whole texts",
    "marked": "With the best sentence marked",
    "sentence": "Only the best sentence",
}
STYLES: dict[ContextStyle, str] = {"markdown": "Markdown", "plain": "Plain", "xml": "XML"}


def results_table(run: Run, top_n: int, threshold: float | None) -> None:
    """Every result as a row; what is kept is within Top N and not under the threshold, as on the board."""
    scale = thresholds.scale(run)
    records = []
    named = any(document.id for document in run.documents)
    for row in run.response.results:
        record = (
            {
                "Rank": row.rank,
                "Was": row.index + 1,
                "Move": ranking.movement_text(row.index + 1, row.rank),
            }
            | ({} if scale.at is None else {"Strength": scale.word(row.relevance_score)})
            | {
                "Score": row.relevance_score,
                "Kept": fate(row.rank, row.relevance_score, top_n, threshold),
            }
            | ({"Rating": run.ratings.get(row.index)} if run.ratings else {})
            | ({"ID": row.document.id or ""} if named else {})
            | {
                "Text": row.document.text,
            }
        )
        for key, value in row.document.metadata.items():
            # A column of the document's own may be called like one of ours, and must not take its place.
            record[f"{key} (given)" if key in record or key in OURS else str(key)] = str(value)
        records.append(record)
    st.dataframe(
        pd.DataFrame(records),
        hide_index=True,
        height="content" if len(records) <= FULL_HEIGHT_ROWS else 600,
        column_config={
            "Score": st.column_config.ProgressColumn(
                min_value=0.0, max_value=scale.top, format="%.3f", help=scale.range_text
            ),
            "Strength": st.column_config.TextColumn(width=80, help=scale.words_text),
            "Kept": st.column_config.TextColumn(help="Kept is what is within Top N and not under the threshold."),
            "Text": st.column_config.TextColumn(width="large"),
        },
        alt="All results with rank, earlier rank, score and text",
    )


def request(run: Run, top_n: int) -> None:
    """The same call for a terminal or a program, and the JSON that went out and came back."""
    view = st.segmented_control("Show", [*SNIPPETS, *BODIES], required=True, default=SNIPPETS[0], key=keys.REQUEST_VIEW)
    if view == "JSON sent":
        if run.response.sent is None:
            st.caption("Nothing was sent: this ran on this computer.")
        else:
            _code(_pretty(run.response.sent))
    elif view == "JSON received":
        _code(_pretty(run.response.raw))
    else:
        _snippet(run, top_n, view or SNIPPETS[0])


def _snippet(run: Run, top_n: int, name: str) -> None:
    asked = replace(run.request, top_n=top_n)
    service = run.connection
    if service == "local" and name != "Python with rerank_core":
        # What ran here has no address; the hosted model of the same name is what an engineer would call.
        local, hosted = provider("local").model(run.model), provider(HOSTED)
        twin = next((model.id for model in hosted.models if local and model.slot == local.slot), None)
        asked, service = replace(asked, model=twin), HOSTED
        st.caption(f"This run sent nothing: it was made on this computer. The same request to {hosted.label}:")
    size = len(run.documents)
    shorten = size > snippets.SHORT and st.toggle(
        f"Only the first {snippets.SHORT} of {size:,} documents", key=keys.REQUEST_SHORT, value=True
    )
    made = snippets.snippets(asked, service, base_url=connections.of(service).base_url, shorten=shorten)
    st.caption(snippets.note(service))
    _code(made[name])


def prompt_context(run: Run, top_n: int) -> None:
    """The top results as a block that can be pasted into a prompt."""
    spans = answering.spans(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        style = segmented("Style", STYLES, keys.CONTEXT_STYLE, default="markdown")
        budget = token_budget(keys.CONTEXT_BUDGET)
        quote = _quote(spans)
        question = st.toggle("End with the question", key=keys.CONTEXT_QUESTION)
    block = exports_prompt_context.build_context(
        run.response.results[:top_n],
        query=run.query if question else None,
        token_budget=budget,
        style=style,
        spans=spans,
        quote=quote,
    )
    left = f", {len(block.left_out)} left out to stay within {budget:,}" if block.left_out else ""
    cut = ", one of them shortened to fit" if block.shortened is not None else ""
    st.caption(
        f"{len(block.used)} of the top {top_n} documents{cut}, about {block.tokens:,} tokens (estimated){left}. "
        "Copy it with the button at the top right of the block."
    )
    _code(block.text)


def _quote(spans: answering.Spans) -> Quote:
    """What of each document goes into the block; a choice only where a sentence is known to choose."""
    if not spans:
        return "whole"
    return segmented("Quote", QUOTES, keys.CONTEXT_QUOTE, default="whole")


def files(run: Run, top_n: int, threshold: float | None) -> None:
    """The results as files."""
    shown = Reading(thresholds.scale(run), top_n, threshold)
    name = tables.slug(run.query) or "rerank"
    with st.container(horizontal=True):
        dark = st.context.theme.type == "dark"
        made: dict[str, tuple[str, Callable[[], bytes]]] = {
            "CSV": ("csv", lambda: tables.results_csv(run.response, ratings=run.ratings, reading=shown)),
            "JSON": (
                "json",
                lambda: tables.results_json(
                    run.response,
                    order_name=run.order_name,
                    ratings=run.ratings,
                    reading=shown,
                    spans=answering.spans(run),
                ),
            ),
            "Board as SVG": (
                "svg",
                lambda: board_picture(run, top_n, dark=dark).encode(),
            ),
        }
        for label, (ending, data) in made.items():
            download(label, data, f"{name}.{ending}", keys.of(keys.GET, label))
    st.caption(
        "The CSV opens in any spreadsheet. The JSON has everything, costs and metadata included. No file holds a key. "
        "This page's address reopens the run on this computer; Share has a link that opens it anywhere."
    )


def _pretty(body: object) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False, default=str)


def _code(text: str) -> None:
    st.code(
        text, language=None, wrap_lines=True, height=420 if text.count("\n") > 20 or len(text) > 3000 else "content"
    )
