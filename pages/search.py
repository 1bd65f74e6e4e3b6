"""/search: a knowledge base or a live index: retrieve, rerank, read, copy."""

import streamlit as st

from pages.components.display import errors
from pages.components.inputs import model as inputs_model
from pages.components.inputs.search_source import live_settings, source_control
from pages.components.search import corpus, run
from pages.components.search.input import arrive, first_stage, question_input, ticket_picker
from pages.components.search.result import heading, result
from pages.components.search.state import LIVE, MANAGING, TOP, state
from pages.components.session import connection as connections
from rerank_core import RerankError, pricing

ESTIMATE_HELP = (
    "What reranking the candidates is likely to cost; finding them is free. Passages of average length are assumed."
)

current = state()
connection = connections.current()
arrive(connection)
corpus.collect()
run.collect()

with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
    st.title("Find the answer in your own content", anchor=False, width="content")
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        source = source_control()
        managing = st.toggle(
            "Manage", key=MANAGING, persist_state="session", help="Make, fill, rename or delete a knowledge base."
        )
# What comes and goes has a container of its own, so that nothing below it changes its place: see playground.py.
with st.container():
    if managing:
        corpus.manage(source)
with st.container():
    corpus.progress()
with st.container():
    live = live_settings() if source == LIVE else None

ask, choices = st.columns([3, 2], gap="large")
with ask:
    question = question_input()
    ticket_picker(source)
with choices:
    model = inputs_model.model_control(connection)
    kind, embedding_model, candidates = first_stage(source)
    with st.container():
        missing = inputs_model.unavailable(model, connection)
        inputs_model.language_warning(model, question)
    planned, gone = None, None
    if source != LIVE or live is not None:
        try:
            planned = run.plan(question, source, live, kind, embedding_model, candidates, connection, model)
        except RerankError as error:
            gone = error
    with st.container(horizontal=True, vertical_alignment="bottom"):
        top_n = int(
            st.number_input("Top N", min_value=1, max_value=200, key=TOP, persist_state="session", width=120) or 1
        )
        cost = pricing.money_text(run.estimate(planned).amount) if planned is not None else "–"
        st.metric("Estimated cost", cost, width="content", help=ESTIMATE_HELP)
        pressed = st.button(
            "Search",
            type="primary",
            icon=":material/search:",
            shortcut="Ctrl+Enter",
            on_click=current.read,
            disabled=bool(missing) or not connection.ready or run.running() is not None or planned is None,
            width="stretch",
        )
    if not connection.ready:
        st.caption(f"{connection.provider.label}: {connection.state}")
        st.page_link("connections.py", label="Set up the connection", icon=":material/key:")

if current.gone:  # this press was meant for another collection
    current.gone = False
elif (pressed or current.wanted) and planned is not None:
    current.wanted, current.notice = False, ""
    run.press(planned)
with st.container():
    run.confirmation(planned)
progress = st.container()
with st.container():
    if current.notice:
        st.info(current.notice, icon=":material/info:")
    if gone is not None:
        errors.show(gone)
    elif current.error is not None:
        errors.show(current.error, title=heading(current.error, source))
if current.answer is not None:
    with st.container():
        run.stale_notice(current.answer, question, source)
    result(current.answer, top_n)
elif gone is None and current.error is None and run.running() is None and not current.asking:
    st.info("Type a question or paste a whole ticket, and press Search.", icon=":material/arrow_upward:")
run.write_address()
# Last, since it stays with the search: the page around it stands by then.
with progress:
    run.progress()
