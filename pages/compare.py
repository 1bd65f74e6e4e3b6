"""/compare: one query, several models: their orders side by side, how far they agree, what each costs."""

import streamlit as st

from pages.components.compare import blind, input, present, run
from pages.components.compare.result import result
from pages.components.compare.state import state
from pages.components.display import errors
from pages.components.inputs import documents, examples, fold, model, presenting
from pages.components.inputs.controls import start_button
from pages.components.inputs.documents import (
    import_report,
    order_control,
    rank_fields_input,
    table_input,
    texts_input,
    upload_input,
)
from pages.components.session import keys

current, job = state(), run.COMPARE.job()
job.take_finished()
input.restore_from_link()
documents.take_finished()
fold.hide(run.FOLD, run.has_result())
presenting.hide_the_rest()
presented = st.container()
# What comes and goes has a container of its own, so that what stands below keeps its place (see playground.py).
with st.container(key=keys.AROUND, gap="xsmall"):
    examples.heading("Compare models on the same question")
    with st.container(key=keys.STORY):
        if input.may_hint():
            examples.story()
    folded = st.container()

inputs = st.container(key=keys.INPUTS)
with inputs:
    texts, imports, choices = st.columns([9, 6, 8], gap="medium")
with texts:
    texts_input()
    rank_fields_input()
with imports:
    editing = upload_input()
    examples.start_over()
with choices:
    chosen = input.models_control()
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        top_n = model.top_n_control()
        order_control()
    before = st.container()  # filled below, since a press changes what is to be paid next
    pressed = start_button("Compare", ":material/compare_arrows:", width="stretch", disabled=current.under_way)
with inputs:
    with st.container():
        import_report(one_model=False)
    with st.container():
        if editing:
            table_input()

if pressed:
    current.again = False
if pressed or current.wanted:
    current.wanted = False
    run.submit(chosen, unasked=not pressed)
    if current.under_way:
        st.rerun()  # the button is drawn already, and would still invite to press it
with before:
    planned = run.plan(chosen)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        input.estimate(planned)
        blind.toggle()
    if not current.under_way:
        input.kept_note(planned)
with st.container():
    run.confirmation(chosen)
progress = st.container()
with folded:
    input.fold_line(chosen)
with presented:
    present.head(chosen, top_n)
with st.container():
    errors.message_and_error(job.message, job.error)
if current.parts:
    with st.container():
        run.saved_notice()
        input.stale_notice(chosen)
    result(top_n)
elif job.error is None and not job.asking:
    st.info(
        "Choose two to four models, type a query, paste or upload documents, and press Compare. Or pick an example "
        "above to see it at work.",
        icon=":material/arrow_upward:",
    )
input.sync_query_params()
# Last, since it stays with the models: the page around it stands by then.
with progress:
    job.progress()
