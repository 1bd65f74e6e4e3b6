"""/administration: what whoever runs the server sees and does: the work of everybody, and what it costs."""

import streamlit as st

from pages.components.administration import running, spending
from pages.components.session import people

if not people.administers():  # main.py does not offer it to others either
    st.stop()
st.title("Administration", anchor=False)
running.running()
spending.spending()
