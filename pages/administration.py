"""/administration: what whoever runs the server sees and does: everybody's work, what it costs, what is kept."""

import streamlit as st

from pages.components.administration import kept, running, spending
from pages.components.session import people

if not people.administers():  # main.py does not offer it to others either
    st.stop()
st.title("Administration", anchor=False)
running.running()
spending.spending()
kept.kept()
