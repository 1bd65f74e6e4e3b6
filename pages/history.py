"""/history: what somebody made, found again, opened again, named, pinned, compared, taken along and deleted."""

import streamlit as st

from pages.components.display import errors
from pages.components.history import compared, file, link, listing, opening, over_time
from pages.components.history.state import state

current, job = state(), file.TAKE_IN.job()
opening.go()
link.restore_from_link()
job.take_finished()
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Everything you have run, as it was", anchor=False)
    if listing.allowed():
        file.out_and_in()
progress = st.container()
with st.container():
    errors.message_and_error(current.message or job.message, current.error or job.error)
    current.message, current.error = "", None
if not listing.allowed():
    listing.refused()
elif current.compared is not None:
    compared.compared(*current.compared)
else:
    listing.listing()
    over_time.over_time()
link.sync_query_params()
with progress:
    job.progress()
