"""/duplicates: which texts say the same twice: all pairs, or one text against the rest."""

import streamlit as st

from pages.components.display import errors
from pages.components.duplicates import reference as duplicates_reference
from pages.components.duplicates import result, run
from pages.components.duplicates.input import (
    asked_now,
    language_notice,
    local_control,
    mode_control,
    own_texts,
    reference_input,
    restore_from_link,
    source_control,
    sync_link,
    take_finished_texts,
    take_restored,
)
from pages.components.duplicates.state import ONE, OWN, state
from pages.components.inputs import model as model_input
from pages.components.inputs.controls import start_button
from pages.components.session import connection as connections
from rerank_core import InvalidRequestError, RerankError

current, job = state(), run.DUPLICATES.job()
connection = connections.current()
restore_from_link()
take_restored()
job.take_finished()
take_finished_texts()

st.title("Find texts that say the same thing twice", anchor=False)
controls = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
with controls:
    source = source_control()
    mode = mode_control(connection)
    local = local_control()
# What comes and goes has a container of its own, so that nothing below it changes its place: see playground.py.
with st.container():
    if source == OWN:
        own_texts()
passages, reference, model = None, "", None
with st.container():
    try:
        passages = run.passages()[0]
    except RerankError as error:
        errors.show(error)
with st.container():
    if mode == ONE:
        reference = reference_input(passages)
hosted = mode == ONE and not connection.provider.is_local
with st.container():
    if hosted:
        model = model_input.model_control(connection)
with controls:
    unable = job.running or (hosted and not connection.ready)
    pressed = start_button("Find duplicates", ":material/content_copy:", disabled=unable)
with st.container():
    language_notice(local, passages)
asked = asked_now(mode, source, local, reference, model, passages)
planned = run.plan(asked, connection, model)
with st.container():
    if hosted:
        run.before_the_button(planned)

if current.source_missing:
    current.source_missing = False
elif pressed or current.wanted:
    current.wanted = False
    job.submit(lambda: run.tasks(planned), unasked=not pressed)
with st.container():
    job.confirmation(lambda: run.tasks(planned))
progress = st.container()
with st.container():
    unfit = isinstance(job.error, InvalidRequestError)
    title = "This cannot be compared as it is" if unfit else None
    errors.message_and_error(job.message, job.error, title=title)
outcome = current.outcomes.get(mode)
if outcome is not None:
    with st.container():
        run.stale_notice(outcome, asked)
    (duplicates_reference if mode == ONE else result).result(outcome)
elif job.error is None and not job.running and not job.asking:
    st.info(
        "Choose what to compare and press Find duplicates. The sample knowledge base is there to try it on.",
        icon=":material/arrow_upward:",
    )
run.sync_query_params(mode)
sync_link(asked)
# Last, since it stays with the comparison: the page around it stands by then.
with progress:
    job.progress()
