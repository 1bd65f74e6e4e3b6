"""What a search found: both orders, the passage to read in its surroundings, and what to copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from pages.components.display import glossary, tables
from pages.components.display.board import ANSWER_MEANING, BoardEvent, BoardRow, BoardView, shown
from pages.components.display.download import download
from pages.components.display.orders_view import orders_view
from pages.components.display.reading import reading
from pages.components.display.response import (
    BASIS,
    board_rows,
    open_in_playground,
    reranked_name,
    show_warnings,
    state_notice,
)
from pages.components.inputs import ratings
from pages.components.inputs.collections import LIVE, SAMPLE, passages_of
from pages.components.inputs.controls import segmented, token_budget
from pages.components.inputs.query_sets import add_ratings
from pages.components.jobs import answering
from pages.components.search import contradicting, unanswered
from pages.components.search.state import SearchAnswer, state
from pages.components.session import keys, stores, thresholds
from pages.components.sharing.share import beside_headline, share, shared_run
from rerank_core import ConfigurationError, InvalidRequestError, RerankError, pricing, ranking
from rerank_core.corpora.cutting import by_document
from rerank_core.exports import prompt_context
from rerank_core.exports import tables as exports_tables
from rerank_core.exports.answers import answer_text, markdown_links
from rerank_core.models import RankedDocument
from rerank_core.ranking.keeping import Reading
from rerank_core.ranking.strength import State
from rerank_core.ranking.strength import state as state_of
from rerank_core.retrieval.first_stage import Retrieved
from rerank_core.retrieval.marks import marked

COPIES = {"answer": "Answer", "context": "LLM context", "markdown": "Markdown links"}
AROUND = 2


def heading(error: RerankError, source: str) -> str | None:
    """A heading for what went wrong in a search, where the usual one speaks of reranking or of its service."""
    if isinstance(error, InvalidRequestError):
        return "This cannot be searched as it is"
    if source == LIVE and isinstance(error, ConfigurationError):
        return "The search engine or the connection is not set up"
    return None


@thresholds.read_once()
def result(answer: SearchAnswer, top_n: int) -> None:
    """Draw a finished search."""
    if answer.run is not None:
        answer = replace(answer, run=ratings.of(answer.run))
    run = answer.run
    # In containers, so that the board keeps its place when a notice comes or goes.
    with st.container():
        _asked(answer)
    if run is None:
        unanswered.instead(answer.question, answer.source_name, None)
        return
    at, threshold = thresholds.levels(run), thresholds.suggested(run)
    sentence = ranking.summarise_response(run.response, min(5, top_n), at=at, threshold=threshold)
    with beside_headline():
        with st.container(key=keys.HEADLINE):
            st.text(sentence)
        share(lambda: shared_run("search", run, top_n, [sentence], (answer.question, answer.source_name)))
    with st.container():
        state_notice(run, at, advice="Ask in other words, search deeper, or say that nothing is known yet.")
        show_warnings(run.response.warnings)
        if answer.source == SAMPLE and any(not each.problem for each in stores.corpora().list()):
            st.caption(":material/info: This was found in the sample knowledge base, which is not your own content.")
    current = state()
    results = run.response.results
    apart = contradicting.among(results, top_n, run.id)
    drawn = board_rows(run, answering.spans(run))
    rows = contradicting.marked([_row(row, answer) for row in drawn], results, apart)
    grouped = by_document(run.response.results)
    board = st.container()  # filled below, since what a row is, is asked under it
    with st.container():
        grouping = len(grouped) < len(rows) and st.toggle(
            "One row a document", value=True, key=keys.SEARCH_BY_DOCUMENT, help="Each document by its best passage."
        )
    if grouping:
        passages = {row.key: row for row in rows}
        rows = [replace(passages[str(each.best.index)], was=each.was, now=each.now) for each in grouped]
    view = BoardView(
        top_n,
        f"in {answer.source_name}, {run.order_name}",
        reranked_name(run),
        threshold,
        picked=current.picked,
        rating=True,
        question=answer.question,
        scale=thresholds.scale(run),
    )
    with board:
        current.picked = orders_view(rows, view, key=keys.SEARCH_BOARD, on_event=_on_board)
    with st.container():
        contradicting.notice(results, apart, run.id)
    _facts(answer)
    with st.container():
        add_ratings(run)
    reader, copies = st.columns([3, 2], gap="large")
    with reader:
        _reader(answer)
    with copies:
        _reply(answer, state_of([row.relevance_score for row in run.response.results], at), top_n)
        _take_away(answer, top_n)
    answering.follow(run, top_n, (_picked(answer).index,))


def _asked(answer: SearchAnswer) -> None:
    """What was searched for where that is not the question as typed, and what the first stage has to say."""
    condensed = answer.found.condensed if isinstance(answer.found, Retrieved) else None
    if condensed is not None and condensed.changed:
        with st.expander(condensed.sentence, icon=":material/compress:"):
            st.caption("Searched for:")
            st.text(condensed.text)
            st.caption("Left out:")
            st.text("\n".join(condensed.dropped))
    if answer.run is None:
        st.info("Nothing was found for this question.", icon=":material/search_off:")
    for note in answer.found.notes:
        st.text(note)


def _facts(answer: SearchAnswer) -> None:
    run = answer.run
    assert run is not None
    response = run.response
    with st.container(horizontal=True, gap="medium"):
        st.metric("First stage", f"{answer.first_ms:,.0f} ms", width="content", help=glossary.FIRST_STAGE)
        st.metric("Reranking", f"{response.latency_ms:,.0f} ms", width="content", help=glossary.LATENCY)
        st.metric("Billed", pricing.money_text(response.cost.amount), width="content", help=BASIS[response.cost.basis])
        st.metric("Candidates", f"{len(answer.documents):,}", width="content", help=glossary.CANDIDATES)
        if isinstance(answer.found, Retrieved):
            st.metric("Searched", f"{answer.found.searched:,}", width="content", help=glossary.SEARCHED)
        elif answer.found.total is not None:
            st.metric("Matches there", f"{answer.found.total:,}", width="content", help=glossary.MATCHES_THERE)


def _row(row: BoardRow, answer: SearchAnswer) -> BoardRow:
    """The row with what the first stage knew of it in its tooltip."""
    if not isinstance(answer.found, Retrieved):
        return row
    candidate = answer.found.candidates[int(row.key)]
    parts = []
    if candidate.keyword_rank is not None:
        parts.append(f"keyword rank {candidate.keyword_rank}")
    if candidate.embedding_rank is not None:
        parts.append(f"meaning rank {candidate.embedding_rank}, cosine {candidate.cosine or 0:.3f}")
    return replace(row, tooltip="; ".join(parts) or None)


def _on_board(event: BoardEvent) -> None:
    current = state()
    if event.picked is not None:
        current.picked = event.picked
    run = current.answer.run if current.answer is not None else None
    if run is None:
        return
    if event.threshold is not None:
        thresholds.own()[run.connection, run.response.model] = round(event.threshold, 3)
    for rating in event.rated:
        ratings.rate([run], int(rating.key), rating.value)


def _picked(answer: SearchAnswer) -> RankedDocument:
    """The passage that is read: the one that was picked, else the best."""
    assert answer.run is not None
    rows = answer.run.response.results
    wanted = state().picked
    return next((row for row in rows if str(row.index) == wanted), rows[0])


def _reader(answer: SearchAnswer) -> None:
    row = _picked(answer)
    st.subheader("Reading", anchor=False)
    metadata = row.document.metadata
    if metadata.get("title"):
        st.text(shown(str(metadata["title"]), 200, one_line=True))
    url = str(metadata.get("url") or "")
    where = [f"{name} {metadata[name]}" for name in ("page", "section", "slide", "file") if metadata.get(name)]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(" · ".join([f"rank {row.rank}, was {row.index + 1}", *map(str, where)]))
        if tables.opens(url):
            st.link_button("Open the source", url, icon=":material/open_in_new:")
    run = answer.run
    assert run is not None
    tables.rating_control(
        run.ratings.get(row.index),
        keys.of(keys.SEARCH_RATING, run.id, row.index),
        lambda grade: ratings.rate([run], row.index, grade),
    )
    answers = [(span.start, span.stop) for span in answering.spans(run).get(row.index, ())]
    with st.container(border=True):
        for place, (text, main) in enumerate(_surroundings(answer, row)):
            reading(
                marked(text, answer.question),
                key=keys.of(keys.READING, row.index, place),
                quiet=not main,
                answers=answers if main else (),
            )
        if answers:
            st.caption(ANSWER_MEANING)


def _surroundings(answer: SearchAnswer, row: RankedDocument) -> list[tuple[str, bool]]:
    """The passage with what stands before and after it in its document."""
    if answer.places is None or answer.source == LIVE:
        return [(row.document.text, True)]
    place = answer.places[row.index]
    try:
        passages, _ = passages_of(answer.source)
        around = getattr(passages, "surroundings", None)
        found = around(place, AROUND) if around is not None else [(place, row.document)]
    except (RerankError, IndexError):
        found = [(place, row.document)]
    return [(document.text, each == place) for each, document in found]


def _reply(answer: SearchAnswer, said: State | None, top_n: int) -> None:
    """What to send on. Where nothing answers, no answer is offered ready to paste."""
    assert answer.run is not None
    best = answer.run.response.results[0]
    if said == "nothing":
        unanswered.instead(answer.question, answer.source_name, best)
        near = {form: name for form, name in COPIES.items() if form != "answer"}
        st.caption("The nearest results, to look at and not to send:")
        _copies(answer, top_n, near, keys.of(keys.SEARCH_COPY, "nothing"))
        return
    _copies(answer, top_n, COPIES, keys.SEARCH_COPY)
    if said == "unsure":
        with st.expander("None of these answers it", icon=":material/search_off:"):
            unanswered.instead(answer.question, answer.source_name, best)


def _copies(answer: SearchAnswer, top_n: int, forms: Mapping[str, str], key: str) -> None:
    st.subheader("Copy", anchor=False)
    assert answer.run is not None
    how = segmented("Form", forms, key)
    if how == "context":
        budget = token_budget(keys.SEARCH_BUDGET)
        block = prompt_context.build_context(
            answer.run.response.results[:top_n], query=answer.question, token_budget=budget, style="markdown"
        )
        st.caption(f"{len(block.used)} passages, about {block.tokens:,} tokens (estimated).")
        text = block.text
    elif how == "markdown":
        text = markdown_links(answer.run.response.results[:top_n])
    else:
        text = answer_text(_picked(answer).document)
    st.code(text, language=None, wrap_lines=True, height=320 if len(text) > 1500 else "content")


def _take_away(answer: SearchAnswer, top_n: int) -> None:
    """The whole ranking as a file, and the way to everything else that the Playground does with a run."""
    run = answer.run
    assert run is not None
    name = exports_tables.slug(answer.question)
    read = Reading(thresholds.scale(run), top_n, thresholds.suggested(run))
    st.caption("The whole ranking")
    with st.container(horizontal=True):
        download("CSV", lambda: exports_tables.results_csv(run.response, reading=read), f"{name}.csv")
        download(
            "JSON",
            lambda: exports_tables.results_json(run.response, reading=read, spans=answering.spans(run)),
            f"{name}.json",
        )
        open_in_playground(run, "passages")
