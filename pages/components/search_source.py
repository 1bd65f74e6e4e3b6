"""What is searched: the sample knowledge base, a corpus of this machine, or a live search engine; and its upkeep."""

from __future__ import annotations

import streamlit as st

from pages.components import connection as connections
from pages.components import errors, settings
from pages.components.search_run import LiveSettings, corpora
from pages.components.search_state import LIVE, SAMPLE, SOURCE, state
from rerank_core import Document, RerankError, documents, pricing
from rerank_core.corpora.cutting import cut
from rerank_core.documents.chunking import How, chunk_cost
from rerank_core.retrieval.credentials import Credentials
from rerank_core.retrieval.first_stage import CANDIDATES
from rerank_core.retrieval.live import LiveFields, LiveIndex, QueryTemplate

SHOWN_PROBLEMS = 20
HOW: dict[How, str] = {
    "off": "Whole documents",
    "paragraph": "Paragraphs",
    "size": "Pieces of a size",
    "heading": "Sections by heading",
}


def source_control() -> str:
    """The select box of sources; gives the chosen one's id."""
    names = {SAMPLE: "Sample knowledge base"}
    problems: dict[str, str] = {}
    for summary in corpora().list():
        names[summary.id] = f"{summary.name} ({summary.passages:,} passages)" if not summary.problem else summary.id
        if summary.problem:
            problems[summary.id] = summary.problem
    names[LIVE] = "A live search engine"
    if st.session_state.get(SOURCE) not in names:
        st.session_state[SOURCE] = SAMPLE
    chosen = st.selectbox(
        "Search in", list(names), format_func=names.__getitem__, key=SOURCE, persist_state="session", width=330
    )
    if chosen in problems:
        st.text(problems[chosen])
    return chosen


def manage(source: str) -> None:
    """Make a corpus, add to the chosen one, rename or delete it."""
    with st.container(border=True):
        make, keep = st.columns(2, gap="large")
        with make:
            _make()
        with keep:
            _keep(source)


def _make() -> None:
    st.subheader("New knowledge base", anchor=False)
    name = st.text_input("Name", key="corpus_name", placeholder="Help centre", persist_state="session")
    found = _files("new")
    if st.button("Create", icon=":material/add:", disabled=not found, key="corpus_create"):
        try:
            corpus = corpora().create(name, found)
        except RerankError as error:
            errors.show(error)
            return
        _done(f"{len(corpus):,} passages are in the new knowledge base.", corpus.id)


def _keep(source: str) -> None:
    if source in (SAMPLE, LIVE):
        st.subheader("Your knowledge bases", anchor=False)
        st.caption("Choose one above to add to it, rename it or delete it. The sample cannot be changed.")
        return
    corpus = corpora().open(source)
    st.subheader("Add to this one", anchor=False)
    st.text(corpus.name)
    found = _files("more")
    if st.button("Add", icon=":material/add:", disabled=not found, key="corpus_add"):
        try:
            added = corpus.add(found)
        except RerankError as error:
            errors.show(error)
            return
        again = f", {added.skipped:,} were there already" if added.skipped else ""
        _done(f"{added.added:,} passages added{again}.", source)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        renamed = st.text_input("New name", key="corpus_rename", width=220)
        if st.button("Rename", icon=":material/edit:", disabled=not renamed.strip()):
            try:
                corpora().rename(source, renamed)
            except RerankError as error:
                errors.show(error)
            else:
                _done("Renamed.", source)
        if st.button("Delete", icon=":material/delete:"):
            state().deleting = source
    if state().deleting == source:
        st.warning("Delete this knowledge base with all its passages? This cannot be undone.", icon=":material/delete:")
        with st.container(horizontal=True):
            if st.button("Yes, delete it"):
                corpora().delete(source)
                _done("Deleted.", SAMPLE)
            if st.button("Keep it"):
                state().deleting = None
                st.rerun()


def _files(which: str) -> list[Document]:
    """An uploader with its import report and how long documents are cut."""
    current = state()
    uploads = st.file_uploader(
        "Documents for the knowledge base" if which == "new" else "More documents",
        type=[*documents.FILE_KINDS],
        accept_multiple_files=True,
        key=f"corpus_files_{which}_{current.upload_version}",
        help="Any of the kinds listed, 20 MB each. A scanned PDF without text is named in the report.",
    )
    how = st.selectbox("Cut long documents into", list(HOW), index=1, format_func=HOW.__getitem__, key=f"chunk_{which}")
    tokens, overlap = 200, 40
    if how == "size":
        with st.container(horizontal=True):
            tokens = st.number_input("Tokens a piece", 50, 2000, 200, 50, key=f"chunk_tokens_{which}")
            overlap = st.number_input("Overlap", 0, 500, 40, 10, key=f"chunk_overlap_{which}")
    found: list[Document] = []
    passages: list[Document] = []
    for upload in uploads or []:
        parsed = _read(upload.name, upload.getvalue())
        st.text(f"{upload.name}: {documents.describe(parsed)}")
        for problem in parsed.problems[:SHOWN_PROBLEMS]:
            st.text(f"  {problem}")
        whole = [_named(document, upload.name) for document in parsed.documents]
        found += whole
        try:
            passages += cut(whole, how, tokens=int(tokens), overlap=int(overlap), source=upload.name)
        except RerankError as error:
            errors.show(error)
            return []
    if len(passages) > len(found):
        _cost(found, passages)
    return passages


def _cost(found: list[Document], passages: list[Document]) -> None:
    """What cutting does to the price of a search, on the connection that is chosen."""
    connection = connections.current()
    most = CANDIDATES[1]
    cost = chunk_cost(connection.provider.id, None, "", found[:most], passages[:most], prices=connection.prices)
    st.caption(
        settings.escaped(
            f"{len(found):,} documents become {len(passages):,} passages. Reranking {most} candidates is estimated at "
            f"{pricing.money_text(cost.chunked.amount)} with passages, {pricing.money_text(cost.whole.amount)} with "
            "whole documents."
        )
    )


@st.cache_data(max_entries=20, show_spinner="Reading the file", scope="session")
def _read(name: str, data: bytes) -> documents.ParsedDocuments:
    return documents.read_documents(name, data)


def _named(document: Document, file: str) -> Document:
    return Document(document.text, document.id, {**document.metadata, "file": document.metadata.get("file", file)})


def _done(message: str, source: str) -> None:
    current = state()
    current.upload_version += 1
    current.deleting = None
    current.notes = [message]
    # The select box has been drawn in this run already; the next one takes the wish over before it draws.
    st.session_state["source_wish"] = source
    st.rerun()


def live_settings() -> LiveSettings | None:
    """The form of a live search engine; None until it could be asked."""
    with st.container(border=True):
        with st.container(horizontal=True):
            address = st.text_input(
                "Address", key="live_address", placeholder="http://localhost:9200", persist_state="session", width=300
            )
            index = st.text_input("Index", key="live_index", placeholder="articles", persist_state="session", width=200)
            text = st.text_input("Text field", key="live_text", placeholder="body", persist_state="session", width=150)
            title = st.text_input("Title field", key="live_title", persist_state="session", width=150)
            url = st.text_input("Link field", key="live_url", persist_state="session", width=150)
        with st.container(horizontal=True):
            kind = st.selectbox(
                "Sign in with",
                ["Nothing", "User and password", "API key"],
                key="live_kind",
                persist_state="session",
                width=200,
            )
            user = secret = ""
            if kind == "User and password":
                user = st.text_input("User", key="live_user", persist_state="session", width=200)
            if kind != "Nothing":
                secret = st.text_input(
                    "Password" if user or kind == "User and password" else "API key",
                    type="password",
                    key="live_secret",
                    persist_state="session",
                    width=240,
                )
        if not (address.strip() and index.strip() and text.strip()):
            st.caption("Fill in the address, the index and the field that holds the text.")
            return None
        try:
            fields = LiveFields(text, title, url)
            template = st.text_area(
                "Query template",
                key="live_template",
                value=QueryTemplate.default(fields).text,
                height=150,
                help="The body of the search as JSON; {{query}} is where the question goes.",
                persist_state="session",
            )
            credentials = Credentials()
            if kind == "User and password":
                credentials = Credentials.basic(user, secret)
            elif kind == "API key":
                credentials = Credentials.api_key(secret)
            engine = LiveIndex(address, index, fields, credentials, template, timeout=15.0)
        except RerankError as error:
            errors.show(error)
            return None
        if st.button("Test this search engine", icon=":material/network_check:"):
            _test(engine)
        return LiveSettings(engine, index)


def _test(engine: LiveIndex) -> None:
    from pages.components import addresses

    refused = addresses.check(engine.address)
    if refused:
        errors.show_text("This address is not allowed", refused)
        return
    try:
        found = engine.test()
    except RerankError as error:
        errors.show(error)
        return
    count = "" if found.documents is None else f", {found.documents:,} documents"
    st.text(
        f"{found.engine or 'A search engine'} answered{count}, fields: {', '.join(f.name for f in found.fields[:40])}"
    )
    for problem in found.problems:
        st.text(problem)
