"""The frame: every page is reached through here, with the sidebar around it."""

import streamlit as st

from pages.components import frame
from pages.components.display import errors
from pages.components.jobs import spent
from pages.components.monitoring import metrics
from pages.components.session import page_state, people
from pages.components.sharing import received

frame.gate()
ADMINISTRATION = st.Page(
    "administration.py",
    title="Administration",
    icon=":material/admin_panel_settings:",
    help="For whoever runs this server: the work of everybody, and an end to it.",
)

frame.page_config()
page = st.navigation(
    [
        st.Page(
            "playground.py",
            title="Playground",
            icon=":material/swap_vert:",
            default=True,
            help="One query, one model: the order before and after reranking.",
        ),
        st.Page(
            "compare.py",
            title="Compare",
            icon=":material/compare_arrows:",
            help="One query, several models: their orders side by side.",
        ),
        st.Page(
            "search.py",
            title="Search",
            icon=":material/search:",
            help="Your own content: find candidates, rerank them, read and copy the answer.",
        ),
        st.Page(
            "duplicates.py",
            title="Duplicates",
            icon=":material/content_copy:",
            help="Texts that say the same twice: all pairs, or one text against the rest.",
        ),
        st.Page(
            "evaluate.py",
            title="Evaluate",
            icon=":material/monitoring:",
            help="Many queries: rate, measure, choose a model and a cut-off, see what it costs.",
        ),
        st.Page(
            "history.py",
            title="History",
            icon=":material/history:",
            help="Everything you have run: found again, opened as it was, compared with what came later.",
        ),
        st.Page(
            "connections.py",
            title="Connections",
            icon=":material/cable:",
            help="Which service ranks, with which key, at which price; and a test of it.",
        ),
    ]
    + ([ADMINISTRATION] if people.administers() else [])
)
page_state.carry_over(page.url_path)
frame.sidebar(page)
received.expect(page.url_path)
if received.is_shown(page.url_path):
    received.show()
else:
    with metrics.drawn(page.url_path), errors.said():
        page.run()
spent.draw_last()
received.listen(page.url_path)
