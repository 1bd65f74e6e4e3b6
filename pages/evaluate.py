"""/evaluate: from a spreadsheet of queries to a decision: rate, run, answer, cut-off, cost, report."""

import streamlit as st

from pages.components.display import errors
from pages.components.evaluate.candidates import take_finished
from pages.components.evaluate.files_input import collect
from pages.components.evaluate.link import restore_from_link, sync_query_params
from pages.components.evaluate.state import STEPS, refresh, state
from pages.components.evaluate.steps import DRAW
from pages.components.jobs.processor import waiting_place
from pages.components.session import keys

st.title("Find out which model is best on your own queries", anchor=False)
current = state()
restore_from_link()
take_finished()
if collect():
    st.session_state[keys.EVALUATE_ADDING] = True  # the files that are read after a reload are to be seen
refresh()
# White on the dark theme's light blue is hard to read, on the chosen models as on a primary button.
st.html(
    "<style>[data-testid=stMultiSelect] span[title] {color: light-dark(#ffffff, #08121f) !important}"
    f" .st-key-{keys.DECIDING_QUERY} [data-testid=stText] {{font-weight: 600}}</style>"
)
step = st.segmented_control(
    "Step", STEPS, required=True, key=keys.STEP, persist_state="session", label_visibility="collapsed"
)
waiting_place()
# What comes and goes has a container of its own, so that what stands below keeps its place (see playground.py).
with st.container():
    if current.error is not None:
        errors.show(current.error)
        current.error = None
    if current.note:
        st.success(current.note, icon=":material/check:")
        current.note = ""
DRAW[step or STEPS[0]]()
sync_query_params()
