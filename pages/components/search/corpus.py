"""Knowledge bases of one's own: made from files, added to, renamed, deleted. Files and indexes are made by jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from pages.components.display import errors
from pages.components.display.markdown import escaped
from pages.components.display.ownership import may_change, named, said, seen_by_everybody, share_switch
from pages.components.inputs import fold, uploads
from pages.components.inputs.collections import LIVE, SAMPLE
from pages.components.inputs.controls import segmented, select
from pages.components.inputs.document_files import PLAIN_DOCUMENT_FILES
from pages.components.inputs.import_report import report
from pages.components.inputs.rank_fields import chosen_of, rank_fields_control
from pages.components.jobs import size
from pages.components.jobs.page_job import Ended, JobKind, Plan, Task
from pages.components.search import homes
from pages.components.search.filling import Filled, Filling, work
from pages.components.search.run import FOLD
from pages.components.search.state import Preview, state
from pages.components.session import connection as connections
from pages.components.session import keys, query_params, stores
from rerank_core import Document, RerankError, documents, pricing
from rerank_core.corpora.cutting import cut, first_of
from rerank_core.corpora.knowledge_bases import HERE
from rerank_core.documents import ParsedDocuments
from rerank_core.documents.chunking import How, chunk_cost
from rerank_core.jobs import Job
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.retrieval.first_stage import CANDIDATES

SAME_NAME = {"replace": "Takes its place", "keep": "Is added to it"}
_PREVIEW_CHARACTERS = 300_000
HOW: dict[How, str] = {
    "off": "Whole documents",
    "paragraph": "Paragraphs",
    "size": "Pieces of a size",
    "heading": "Sections by heading",
}


def take_finished() -> None:
    """Take over the files that have been read and the work that has ended. Call it before the widgets are drawn."""
    for which in PLACES:
        kept = inbox(which).left_behind()
        if kept is not None:
            st.session_state.update(kept)
            st.session_state[keys.MANAGING] = fold.of(FOLD).opened = True
        inbox(which).take_finished()
    link, mine = query_params.get(keys.FILLING), FILL.job()
    if link and not mine.running:
        asked = mine.asked(link)
        if mine.watch([link]) and isinstance(asked, Filling):
            _show_inputs_of(asked)
    mine.take_finished()
    homes.take_finished()


def inbox(which: str) -> uploads.Inbox[ParsedDocuments]:
    """The files of a new knowledge base, or those that are added to one."""
    return uploads.of(PLACES[which])


def progress() -> None:
    """Show a knowledge base being filled, with a Cancel that works, and what came of it, until the person goes on."""
    current, mine = state(), FILL.job()
    if current.message:
        st.success(current.message, icon=":material/check:")
    query_params.sync({keys.FILLING: mine.id})
    mine.progress(stay=False)
    if mine.message:
        st.info(mine.message, icon=":material/stop_circle:")
    if mine.error is not None:
        errors.show(mine.error)
        homes.offer_more(mine.error)
    homes.progress()


def manage(source: str) -> None:
    """Make a knowledge base, add to the chosen one, rename or delete it."""
    with st.container(border=True):
        make, keep = st.columns(2, gap="large")
        with make:
            st.subheader("New knowledge base", anchor=False)
            seen_by_everybody()
            name = st.text_input("Name", key=keys.CORPUS_NAME, placeholder="Help centre", persist_state="session")
            home = homes.choice()
            asked = _files("new", name=name, home=home)
            if st.button("Create", icon=":material/add:", disabled=asked is None, key=keys.CORPUS_CREATE):
                _fill(asked)
        with keep:
            _keep(source)


def _keep(source: str) -> None:
    if source in (SAMPLE, LIVE):
        st.subheader("Your knowledge bases", anchor=False)
        st.caption("Choose one above to add to it, rename it or delete it. The sample cannot be changed.")
        return
    try:
        base = stores.corpora().open(source)
        facts = base.facts()
    except RerankError as error:
        errors.show(error)
        return
    if not may_change(facts.ownership):
        st.subheader("This one is not yours to change", anchor=False)
        st.text(facts.name)
        said(facts.ownership)
        return
    st.subheader("Add to this one", anchor=False)
    st.text(named(facts.name, facts.ownership))
    share_switch(
        facts.ownership,
        partial(_share, source),
        key=keys.CORPUS_SHARE,
        meaning="Everyone who signs in here finds this knowledge base, searches it and reads its passages. Only you "
        "add to it, rename or delete it.",
    )
    asked = _files("more", corpus_id=source)
    if asked is not None:
        how = segmented("A file of a name that is there already", SAME_NAME, keys.CORPUS_SAME_NAME, default="replace")
        asked = replace(asked, replace=how == "replace")
    if st.button("Add", icon=":material/add:", disabled=asked is None, key=keys.CORPUS_ADD):
        _fill(asked)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        renamed = st.text_input("New name", key=keys.CORPUS_RENAME, width=220)
        if st.button("Rename", icon=":material/edit:", disabled=not renamed.strip()):
            try:
                stores.corpora().rename(source, renamed)
            except RerankError as error:
                errors.show(error)
            else:
                _changed("Renamed.", source)
        if st.button("Delete", icon=":material/delete:"):
            state().deleting = source
    with st.container():
        homes.keep(base, disabled=FILL.job().running, pressed=_was_read)
    with st.container():
        _delete(source)


def _share(source: str, shared: bool) -> None:
    try:
        stores.corpora().share(source, shared)
    except RerankError as error:
        FILL.job().error = error


def _delete(source: str) -> None:
    """Ask whether a knowledge base is to be deleted."""
    if state().deleting == source:
        st.warning("Delete this knowledge base with all its passages? This cannot be undone.", icon=":material/delete:")
        with st.container(horizontal=True):
            if st.button("Yes, delete it"):
                try:
                    stores.corpora().delete(source)
                except RerankError as error:
                    errors.show(error)
                else:
                    _changed("Deleted.", SAMPLE)
            if st.button("Keep it"):
                state().deleting = None
                st.rerun()


def _files(which: str, *, name: str = "", corpus_id: str = "", home: str = HERE) -> Filling | None:
    """An uploader with its import reports and how long documents are cut; what filling with these would do."""
    files_in = inbox(which)
    files_in.uploader(
        "Documents for the knowledge base" if which == "new" else "More documents",
        f"{documents.KIND_NAMES}; 20 MB each. A scanned PDF without text is named in the report.",
    )
    files_in.progress()
    with st.container():
        for file in list(files_in.files):
            report(files_in, file)
    st.session_state.setdefault(keys.of(keys.CHUNK, which), "paragraph")
    how = select("Cut long documents into", HOW, keys.of(keys.CHUNK, which), persist_state="session")
    tokens, overlap = 200, 40
    if how == "size":
        with st.container(horizontal=True):
            by_tokens, by_overlap = keys.of(keys.CHUNK_TOKENS, which), keys.of(keys.CHUNK_OVERLAP, which)
            st.session_state.setdefault(by_tokens, tokens)
            st.session_state.setdefault(by_overlap, overlap)
            tokens = st.number_input("Tokens a piece", 50, 2000, step=50, key=by_tokens)
            overlap = st.number_input("Overlap", 0, 500, step=10, key=by_overlap)
    files = tuple((file, upload) for file, upload in files_in.files.items() if upload.parsed.documents)
    asked = Filling(files, how, int(tokens), int(overlap), state().reading, name, corpus_id, home=home)
    if not files:
        return None
    try:
        _cost(which, asked)
    except RerankError as error:
        errors.show(error)
        return None
    if which == "new":
        whole = _preview(which, asked).whole
        read = rank_fields_control(whole, asked.rank_fields, _read, keys.CORPUS_CREATE)
        asked = replace(asked, rank_fields=chosen_of(whole, read, keys.CORPUS_CREATE))
    return None if FILL.job().running or homes.MOVE.job().running or files_in.busy else asked


def _read(fields: tuple[str, ...]) -> None:
    state().reading = fields


def _cost(which: str, asked: Filling) -> None:
    """What cutting does to the price of a search, on the connection that is chosen."""
    preview = _preview(which, asked)
    if len(preview.passages) <= len(preview.whole):
        return
    connection = connections.current()
    most = CANDIDATES[1]
    cost = chunk_cost(
        connection.provider.id,
        None,
        "",
        preview.whole[:most],
        preview.passages[:most],
        prices=connection.prices,
        rank_fields=asked.rank_fields,
    )
    whole, chunked = pricing.money_text(cost.whole.amount), pricing.money_text(cost.chunked.amount)
    price = f"{whole} either way" if whole == chunked else f"{chunked} with passages, {whole} with whole documents"
    if preview.complete:
        first = "1 document becomes" if len(preview.whole) == 1 else f"{len(preview.whole):,} documents become"
    else:
        first = f"The first {len(preview.whole):,} documents become"
    st.caption(
        escaped(f"{first} {len(preview.passages):,} passages. Reranking {most} candidates is estimated at {price}.")
    )


def _preview(which: str, asked: Filling) -> Preview:
    """The first documents cut as asked, no more of them than are cut in a moment; all are cut when it is filled."""
    key = (asked.how, asked.tokens, asked.overlap, *(file for file, _ in asked.files))
    known = state().previews.get(which)
    if known is not None and known.key == key:
        return known
    total = sum(len(upload.parsed.documents) for _, upload in asked.files)
    whole: tuple[Document, ...] = ()
    left = _PREVIEW_CHARACTERS
    for file, upload in asked.files:
        if left > 0:
            first = first_of(upload.parsed.documents, left)
            whole += documents.with_source(replace(upload.parsed, documents=first), file)
            left -= sum(len(document.text) for document in first)
    passages = cut(whole, asked.how, tokens=asked.tokens, overlap=asked.overlap)
    made = Preview(key, whole, passages, len(whole) == total)
    state().previews[which] = made
    return made


def _show_inputs_of(asked: Filling) -> None:
    """Put what a reload lost back: the work may end without the knowledge base, and the files are needed again then."""
    which = "more" if asked.corpus_id else "new"
    inbox(which).files = dict(asked.files)
    of_a_new_one = {keys.CORPUS_NAME: asked.name, keys.CORPUS_HOME: asked.home}
    st.session_state.update(
        {
            keys.MANAGING: True,
            keys.of(keys.CHUNK, which): asked.how,
            keys.of(keys.CHUNK_TOKENS, which): asked.tokens,
            keys.of(keys.CHUNK_OVERLAP, which): asked.overlap,
            **({keys.SOURCE: asked.corpus_id} if asked.corpus_id else of_a_new_one),
        }
    )


def _fill(asked: Filling | None) -> None:
    """Create or Add was pressed."""
    if asked is None or FILL.job().running:
        return
    state().message = ""
    texts = [document for _, upload in asked.files for document in upload.parsed.documents]
    read = size.of_many(texts, len(texts))
    FILL.job().submit(lambda: Plan((Task(work, (stores.corpora(), asked), asked=asked, size=read),)))
    st.rerun()


def _standing(job: Job[Filled]) -> str:
    """How far the work is; its numbers are shares of the way and mean nothing to a person."""
    now = job.progress
    left = f", about {now.eta:.0f} s left" if now.eta is not None and now.eta >= 1 else ""
    return f"{now.note or 'Filling the knowledge base'}{left}"


def _done(ended: Ended[Filled]) -> None:
    """The files are in the knowledge base now; it is searched from here on."""
    current, filled = state(), ended.result
    assert filled is not None
    current.message, current.deleting = filled.message, None
    current.rereading.clear()
    if filled.which:
        inbox(filled.which).files.clear()
        current.previews.clear()
    if filled.which == "new":
        st.session_state[keys.CORPUS_NAME] = ""
        current.reading = TITLE_AND_TEXT
    st.session_state[keys.SOURCE] = filled.corpus_id


def _was_read() -> None:
    """What was said of the last filling has been read, such as that there is no room for more."""
    FILL.job().error, FILL.job().message = None, ""


def _changed(message: str, source: str) -> None:
    current = state()
    current.message, current.deleting, current.next_source = message, None, source
    _was_read()
    st.rerun()


def _files_changed(*_what: object) -> None:
    state().previews.clear()


def _keeper(which: str) -> Callable[[], dict[str, object]]:
    kept = (keys.SOURCE, keys.CORPUS_NAME, keys.CORPUS_HOME, keys.of(keys.CHUNK, which))

    def keep() -> dict[str, object]:
        return {key: st.session_state[key] for key in kept if key in st.session_state}

    return keep


FILL = JobKind[Filled](
    "fill",
    "Filling the knowledge base",
    "indexing",
    take=_done,
    sets_widgets=True,
    cancelled="Cancelled. Nothing was added; the files are still here.",
    words=_standing,
)


PLACES = {
    which: uploads.UploadPlace[ParsedDocuments](
        name=f"reading_{which}",
        reading=PLAIN_DOCUMENT_FILES,
        put=_files_changed,
        removed=_files_changed,
        keep=_keeper(which),
    )
    for which in ("new", "more")
}
