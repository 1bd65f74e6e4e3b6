"""Knowledge bases of one's own: made from files, added to, renamed, deleted. Files and indexes are made by jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.components.display import errors
from pages.components.inputs import model, uploads
from pages.components.inputs.uploads import Upload
from pages.components.jobs.jobs import failure, first, manager
from pages.components.search.run import corpora
from pages.components.search.state import FILLING, LIVE, MANAGING, SAMPLE, SOURCE, Preview, state
from pages.components.session import connection as connections
from rerank_core import Document, RerankError, documents, pricing
from rerank_core.corpora import CorpusStore
from rerank_core.corpora.cutting import cut, first_of
from rerank_core.documents.chunking import How, chunk_cost
from rerank_core.documents.report import count
from rerank_core.jobs import Cancelled, Job, JobContext
from rerank_core.retrieval.first_stage import CANDIDATES
from rerank_core.storage.run_record import new_id

_AT_ONCE_SECONDS = 0.9
_POLL_SECONDS = 0.5
_PREVIEW_CHARACTERS = 300_000
_REPORT_EVERY = 500
# How the work divides, in thousandths of the way: up to here it is cut, up to there written down, then indexed.
_CUT, _WRITTEN, _DONE = 150, 650, 1000
NAME = "corpus_name"
HOW: dict[How, str] = {
    "off": "Whole documents",
    "paragraph": "Paragraphs",
    "size": "Pieces of a size",
    "heading": "Sections by heading",
}
ROLES = {role: label for role, label in uploads.ROLES.items() if role not in ("rank", "score")} | {"text": "Text"}


@dataclass(frozen=True)
class Filling:
    """What a worker is to do: make a knowledge base of this name, or add to the one with this id."""

    files: tuple[tuple[str, Upload], ...]
    how: How
    tokens: int
    overlap: int
    name: str = ""
    corpus_id: str = ""


@dataclass(frozen=True)
class Filled:
    """What came of it: the knowledge base, and a sentence of ours."""

    which: str
    corpus_id: str
    message: str


def collect() -> None:
    """Take over the files that have been read and the work that has ended. Call it before the widgets are drawn."""
    current = state()
    for which, inbox in current.inboxes.items():
        draft = uploads.left_behind(inbox)
        if draft is not None:
            current.inboxes[which] = inbox = draft.inbox
            st.session_state.update(draft.kept or {})
            st.session_state[MANAGING] = True
        uploads.collect(inbox, PAGES[which])
    asked = st.query_params.get(FILLING)
    if current.filling_id is None and first(asked, "fill a knowledge base") is not None:
        current.filling_id = asked
    job = filling()
    if job is None or not job.finished:
        return
    current.filling_id, current.filling_error = None, None
    if job.state == "done":
        _done(job.result())
    elif job.state == "cancelled":
        current.filling_stopped = True
    else:
        current.filling_error = failure(job, "indexing")


def filling() -> Job[Filled] | None:
    """The work on a knowledge base that is under way, if there is any."""
    return first(state().filling_id)


def progress() -> None:
    """Show a knowledge base being filled, with a Cancel that works, and what came of it, until the person goes on."""
    current = state()
    if current.note:
        st.success(current.note, icon=":material/check:")
    if filling() is not None:
        st.query_params[FILLING] = current.filling_id or ""
        _progress()
    else:
        st.query_params.pop(FILLING, None)
    if current.filling_stopped:
        st.info("Cancelled. Nothing was added; the files are still here.", icon=":material/stop_circle:")
    if current.filling_error is not None:
        errors.show(current.filling_error)


def manage(source: str) -> None:
    """Make a knowledge base, add to the chosen one, rename or delete it."""
    with st.container(border=True):
        make, keep = st.columns(2, gap="large")
        with make:
            st.subheader("New knowledge base", anchor=False)
            name = st.text_input("Name", key=NAME, placeholder="Help centre", persist_state="session")
            asked = _files("new", name=name)
            if st.button("Create", icon=":material/add:", disabled=asked is None, key="corpus_create"):
                _fill(asked)
        with keep:
            _keep(source)


def _keep(source: str) -> None:
    if source in (SAMPLE, LIVE):
        st.subheader("Your knowledge bases", anchor=False)
        st.caption("Choose one above to add to it, rename it or delete it. The sample cannot be changed.")
        return
    try:
        name = corpora().open(source).name
    except RerankError as error:
        errors.show(error)
        return
    st.subheader("Add to this one", anchor=False)
    st.text(name)
    asked = _files("more", corpus_id=source)
    if st.button("Add", icon=":material/add:", disabled=asked is None, key="corpus_add"):
        _fill(asked)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        renamed = st.text_input("New name", key="corpus_rename", width=220)
        if st.button("Rename", icon=":material/edit:", disabled=not renamed.strip()):
            try:
                corpora().rename(source, renamed)
            except RerankError as error:
                errors.show(error)
            else:
                _changed("Renamed.", source)
        if st.button("Delete", icon=":material/delete:"):
            state().deleting = source
    with st.container():
        _delete(source)


def _delete(source: str) -> None:
    """Ask whether a knowledge base is to be deleted."""
    if state().deleting == source:
        st.warning("Delete this knowledge base with all its passages? This cannot be undone.", icon=":material/delete:")
        with st.container(horizontal=True):
            if st.button("Yes, delete it"):
                try:
                    corpora().delete(source)
                except RerankError as error:
                    errors.show(error)
                else:
                    _changed("Deleted.", SAMPLE)
            if st.button("Keep it"):
                state().deleting = None
                st.rerun()


def _files(which: str, *, name: str = "", corpus_id: str = "") -> Filling | None:
    """An uploader with its import reports and how long documents are cut; what filling with these would do."""
    current = state()
    inbox, page = current.inboxes[which], PAGES[which]
    uploads.uploader(
        inbox,
        page,
        "Documents for the knowledge base" if which == "new" else "More documents",
        f"{documents.KIND_NAMES}; 20 MB each. A scanned PDF without text is named in the report.",
    )
    uploads.progress(inbox)
    with st.container():
        for file in list(inbox.files):
            uploads.report(inbox, page, file, _removed, ROLES)
    st.session_state.setdefault(f"chunk_{which}", "paragraph")
    how = st.selectbox(
        "Cut long documents into",
        list(HOW),
        format_func=HOW.__getitem__,
        key=f"chunk_{which}",
        persist_state="session",
    )
    tokens, overlap = 200, 40
    if how == "size":
        with st.container(horizontal=True):
            tokens = st.number_input("Tokens a piece", 50, 2000, 200, 50, key=f"chunk_tokens_{which}")
            overlap = st.number_input("Overlap", 0, 500, 40, 10, key=f"chunk_overlap_{which}")
    files = tuple((file, upload) for file, upload in inbox.files.items() if upload.parsed.documents)
    asked = Filling(files, how, int(tokens), int(overlap), name, corpus_id)
    if not files:
        return None
    try:
        _cost(which, asked)
    except RerankError as error:
        errors.show(error)
        return None
    return None if filling() is not None or inbox.busy else asked


def _cost(which: str, asked: Filling) -> None:
    """What cutting does to the price of a search, on the connection that is chosen."""
    preview = _preview(which, asked)
    if len(preview.passages) <= len(preview.whole):
        return
    connection = connections.current()
    most = CANDIDATES[1]
    cost = chunk_cost(
        connection.provider.id, None, "", preview.whole[:most], preview.passages[:most], prices=connection.prices
    )
    whole, chunked = pricing.money_text(cost.whole.amount), pricing.money_text(cost.chunked.amount)
    price = f"{whole} either way" if whole == chunked else f"{chunked} with passages, {whole} with whole documents"
    if preview.complete:
        first = "1 document becomes" if len(preview.whole) == 1 else f"{len(preview.whole):,} documents become"
    else:
        first = f"The first {len(preview.whole):,} documents become"
    st.caption(
        model.escaped(
            f"{first} {len(preview.passages):,} passages. Reranking {most} candidates is estimated at {price}."
        )
    )


def _preview(which: str, asked: Filling) -> Preview:
    """The first documents cut as asked, no more of them than are cut in a moment; all are cut when it is filled."""
    key = (asked.how, asked.tokens, asked.overlap, *(file for file, _ in asked.files))
    known = state().previews.get(which)
    if known is not None and known.key == key:
        return known
    total = sum(len(upload.parsed.documents) for _, upload in asked.files)
    whole = first_of((one for _, upload in asked.files for one in upload.parsed.documents), _PREVIEW_CHARACTERS)
    passages = cut(whole, asked.how, tokens=asked.tokens, overlap=asked.overlap)
    made = Preview(key, whole, passages, len(whole) == total)
    state().previews[which] = made
    return made


def _fill(asked: Filling | None) -> None:
    """Create or Add was pressed."""
    current = state()
    if asked is None or filling() is not None:
        return
    job_id = new_id()
    try:
        job = manager().submit(_work, corpora(), asked, owner=job_id, title="fill a knowledge base")
    except RerankError as error:
        current.filling_error = error
    else:
        current.read()
        current.filling_id = job_id
        job.wait(_AT_ONCE_SECONDS)
    st.rerun()


def _work(context: JobContext, store: CorpusStore, asked: Filling) -> Filled:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    passages: list[Document] = []
    total = sum(len(upload.parsed.documents) for _, upload in asked.files)
    before = 0
    for name, upload in asked.files:
        whole = documents.with_source(upload.parsed, name)
        passages += cut(
            whole,
            asked.how,
            tokens=asked.tokens,
            overlap=asked.overlap,
            source=name,
            on_progress=_told(context, 0, _CUT, "Cutting", before, total),
        )
        before += len(whole)
    rows = _counted(passages, _told(context, _CUT, _WRITTEN, "Writing"))
    if asked.corpus_id:
        corpus = store.open(asked.corpus_id)
        added = corpus.add(rows)
        again = f", {added.skipped:,} {'was' if added.skipped == 1 else 'were'} there already" if added.skipped else ""
        message = f"{count(added.added, 'passage')} added{again}."
    else:
        corpus = store.create(asked.name, rows)
        message = (
            f"{count(len(passages), 'passage')} {'is' if len(passages) == 1 else 'are'} in the new knowledge base."
        )
    try:
        corpus.keyword_index(_told(context, _WRITTEN, _DONE, "Indexing"))
    except Cancelled:
        message += " Indexing was stopped; the first search does the rest."
    return Filled("more" if asked.corpus_id else "new", corpus.id, message)


def _told(
    context: JobContext, start: int, end: int, what: str, before: int = 0, of: int = 0
) -> Callable[[int, int], None]:
    """A report of one stage of the work as a part of all of it; it raises Cancelled where somebody cancelled."""

    def tell(done: int, total: int) -> None:
        done, total = before + done, of or total
        share = (end - start) * done // total if total else 0
        context.progress(start + share, _DONE, note=f"{what}: {done:,} of {total:,}")

    return tell


def _counted(passages: Sequence[Document], tell: Callable[[int, int], None]) -> Iterator[Document]:
    for place, passage in enumerate(passages):
        if place % _REPORT_EVERY == 0:
            tell(place, len(passages))
        yield passage


@st.fragment(run_every=_POLL_SECONDS)
def _progress() -> None:
    job = filling()
    if job is None or job.finished:
        st.rerun()
    now = job.progress
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        left = f", about {now.eta:.0f} s left" if now.eta is not None and now.eta >= 1 else ""
        st.progress(now.fraction, text=f"{now.note or 'Filling the knowledge base'}{left}", width="stretch")
        if st.button("Cancel", icon=":material/stop_circle:", disabled=job.cancel_requested, key="cancel_filling"):
            job.cancel()


def _done(filled: Filled) -> None:
    """The files are in the knowledge base now; it is searched from here on."""
    current = state()
    current.note, current.deleting = filled.message, None
    current.inboxes[filled.which].files.clear()
    current.previews.clear()
    if filled.which == "new":
        st.session_state[NAME] = ""
    st.session_state[SOURCE] = filled.corpus_id


def _changed(message: str, source: str) -> None:
    current = state()
    current.read()
    current.note, current.deleting = message, None
    # The select box has been drawn in this run already; the next one takes the wish over before it draws.
    st.session_state["source_wish"] = source
    st.rerun()


def _put(_name: str, _upload: Upload, _again: bool) -> None:
    state().previews.clear()


def _removed(_name: str) -> None:
    state().previews.clear()


def _keeper(which: str) -> Callable[[], dict[str, object]]:
    keys = (SOURCE, NAME, f"chunk_{which}")

    def keep() -> dict[str, object]:
        return {key: st.session_state[key] for key in keys if key in st.session_state}

    return keep


PAGES = {which: uploads.Page(_put, _keeper(which)) for which in ("new", "more")}
