"""What is compared: a knowledge base or own texts, all pairs or one text with the rest, and by which local model."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from pages.components.display.board import shown
from pages.components.duplicates.run import DUPLICATES
from pages.components.duplicates.state import ALL, NO_MODEL, ONE, OWN, DuplicatesAsked, Outcome, state
from pages.components.inputs import pastes, uploads
from pages.components.inputs.collections import SAMPLE, source_select
from pages.components.inputs.controls import paste_area, segmented
from pages.components.inputs.document_files import PLAIN_DOCUMENT_FILES, documents_of
from pages.components.inputs.import_report import paste_report, report
from pages.components.inputs.rank_fields import chosen_of, rank_fields_control
from pages.components.session import connection as connections
from pages.components.session import keys, query_params
from pages.components.session.connection import Connection
from pages.components.session.texts import SLOTS, as_pasted_text
from rerank_core import Document, language, offline
from rerank_core.documents import ParsedDocuments
from rerank_core.documents.report import count
from rerank_core.documents.tables.roles import by_role
from rerank_core.documents.working_list import WorkingList
from rerank_core.duplicates.pairs import MAX_TEXTS
from rerank_core.models import texts_of
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from rerank_core.providers.spec import ModelSpec
from rerank_core.rank_fields import TEXT_ONLY, ranked_text
from rerank_core.retrieval.passages import Passages
from rerank_core.samples import knowledge_base

MODES = {ALL: "All pairs", ONE: "One against the rest"}
LOCALS = {ENGLISH: "English", MULTILINGUAL: "Multilingual", NO_MODEL: "Wording only"}
FIRST_REFERENCE = "password-reset"
NAME_CHARACTERS = 90


def restore_from_link() -> None:
    """Fill the page the first time it is seen in a session: the sample is compared at once, here and for free."""
    current, mine = state(), DUPLICATES.job()
    st.session_state.setdefault(keys.MODEL, SLOTS[0])
    if current.visited:
        return
    current.visited = True
    place = next(place for place, article in enumerate(knowledge_base()) if article.id == FIRST_REFERENCE)
    current.reference_place = place
    st.session_state.update(
        {
            keys.DUPLICATES_SOURCE: SAMPLE,
            keys.DUPLICATES_MODE: ALL,
            keys.DUPLICATES_LOCAL: _first_model(),
            keys.DUPLICATES_TEXTS: "",
            keys.DUPLICATES_REFERENCE: ranked_text(knowledge_base()[place]),
        }
    )
    link = query_params.get(keys.JOB)
    asked = mine.asked(link)
    if not link or not mine.watch([link]):
        current.wanted = True
    elif isinstance(asked, Outcome):
        _show_inputs_of(asked)
    else:
        current.restoring = link


def take_restored() -> None:
    """Show the choices of a comparison that a link named, once it has ended. Call it before the widgets are drawn."""
    current = state()
    found = DUPLICATES.job().find(current.restoring)
    if found is None or found.finished:
        current.restoring = None
        if found is not None and found.state == "done":
            _show_inputs_of(found.result())


def source_control() -> str:
    """The select box of texts; gives the chosen source's id."""
    return source_select(
        "Compare",
        keys.DUPLICATES_SOURCE,
        {OWN: "My own texts"},
        missing=source_missing,
        on_change=_source_changed,
        width=270,
        help="The sample, a knowledge base that you made under Search, or texts that you paste or upload here.",
    )


def source_missing(why: str) -> None:
    """The collection that was chosen is gone, and nothing else is compared in its place."""
    current = state()
    current.wanted = DUPLICATES.job().asking = False
    current.source_missing = True
    DUPLICATES.job().message = f"{why} Nothing was compared. The sample is chosen now."


def mode_control(connection: Connection) -> str:
    """All pairs, or one text with the rest."""
    args = (connection.provider.is_local,)
    return segmented("How", MODES, keys.DUPLICATES_MODE, persist_state="session", on_change=_mode_changed, args=args)


def take_finished_texts() -> None:
    """Take over the files that have been read. Call it before the widgets are drawn."""
    current = state()
    kept = inbox().left_behind()
    if kept is not None:
        current.working, current.rank_fields, widgets, unread = kept
        st.session_state.update(widgets)
        current.reference_place, current.wanted = None, False
        if widgets.get(keys.DUPLICATES_TEXTS) and unread:
            pasted().changed()
    inbox().take_finished()
    pasted().take_finished()


def sync_link(asked: DuplicatesAsked) -> None:
    """Have the address say where texts are kept that were not compared yet, so that a reload brings them back."""
    outcome = state().outcomes.get(asked.mode)
    typed = asked.mode == ONE and state().reference_place is None and bool((asked.reference or "").strip())
    own = asked.source == OWN and bool(state().working.documents)
    waiting = pasted().busy or ((typed or own) and (outcome is None or outcome.asked != asked))
    size = sum(len(document.text) for document in state().working.documents)
    size += len(st.session_state.get(keys.DUPLICATES_TEXTS) or "") if pasted().busy else 0
    query_params.sync({FILES.name: inbox().link(waiting=waiting, size=size)})


def inbox() -> uploads.Inbox[ParsedDocuments]:
    """The files of the own texts."""
    return uploads.of(FILES)


def pasted() -> pastes.Pastes:
    """What is pasted as own texts."""
    return pastes.of(PASTED_TEXTS)


def own_texts() -> None:
    """Paste and upload, and what came of it."""
    current = state()
    texts, beside = st.columns([3, 2], gap="medium")
    with texts:
        paste_area("Texts", keys.DUPLICATES_TEXTS, "texts", on_change=_changed, height=150)
    with beside:
        inbox().uploader("Upload texts", "Added after the texts that are there.")
        size = len(current.working.documents)
        st.text("No texts yet" if not size else count(size, "text"))
    pasted().progress()
    inbox().progress()
    with st.container():
        if current.pasted:
            paste_report(current.pasted, _changed)
    for name in list(inbox().files):
        report(inbox(), name)
    rank_fields_control(current.working.documents, current.rank_fields, _read, keys.DUPLICATES_TEXTS)


def _read(fields: tuple[str, ...]) -> None:
    state().rank_fields = fields
    _source_changed()


def reference_input(found: Passages | None) -> str:
    """The text that the others are compared with."""
    current = state()
    place = current.reference_place
    if place is not None and (found is None or place >= len(found) or _text(found, place) != _reference()):
        current.reference_place = None  # the text is no longer the one that was picked
    if found is not None and 0 < len(found) <= MAX_TEXTS:
        names = [name_of(place, document) for place, document in enumerate(found.get(range(len(found))))]
        st.session_state[keys.DUPLICATES_PICKED] = current.reference_place
        st.selectbox(
            "Take it from the list",
            range(len(names)),
            index=None,
            format_func=names.__getitem__,
            key=keys.DUPLICATES_PICKED,
            on_change=_reference_picked,
            args=(found,),
            placeholder="Or paste any text below",
        )
    st.text_area(
        "Reference text",
        key=keys.DUPLICATES_REFERENCE,
        height=130,
        persist_state="session",
        placeholder="Paste the text that you want to find again.",
    )
    return _reference()


def _reference() -> str:
    return st.session_state.get(keys.DUPLICATES_REFERENCE) or ""


def _text(found: Passages, place: int) -> str:
    return ranked_text(found.get([place])[0], found.rank_fields)


def local_control() -> str | None:
    """The local model that compares meaning; None for wording alone."""
    reasons = {model: offline.unavailable_reason(model) for model in (ENGLISH, MULTILINGUAL)}
    there = {model: label for model, label in LOCALS.items() if not reasons.get(model)}
    if st.session_state.get(keys.DUPLICATES_LOCAL) not in there:
        st.session_state[keys.DUPLICATES_LOCAL] = _first_model()
    chosen = segmented(
        "Compare meaning by",
        there,
        keys.DUPLICATES_LOCAL,
        persist_state="session",
        help="A local model reads every text once, on this computer, free. Wording needs no model.",
    )
    for model, reason in reasons.items():
        if reason:
            st.caption(f"{LOCALS[model]} is not available on this computer.")
            st.text(reason)
    return None if chosen == NO_MODEL else chosen


def language_notice(local: str | None, found: Passages | None) -> None:
    """Say that an English model meets texts in another language."""
    if local != ENGLISH or found is None or not len(found):
        return
    some = found.get(range(min(len(found), 200)))
    other = language.english_mismatch("", [document.text for document in some])
    if other:
        st.caption(
            f":material/translate: Many of these texts are {other}. To a model made for English they look more alike "
            "than they are: choose Multilingual."
        )


def asked_now(
    mode: str, source: str, local: str | None, reference: str, hosted: ModelSpec | None, found: Passages | None
) -> DuplicatesAsked:
    """What pressing the button now would compare; `found` are the texts that are chosen."""
    connection, read = connections.current(), TEXT_ONLY if found is None else found.rank_fields
    texts = hash(tuple(texts_of(state().working.documents, read))) if source == OWN else 0
    if mode == ALL:
        return DuplicatesAsked(ALL, source, texts, local, rank_fields=read)
    provider = connection.provider
    paid = None if provider.is_local else (provider.id, hosted.id if hosted else None)
    return DuplicatesAsked(ONE, source, texts, local, reference, paid, read)


def name_of(place: int, document: Document) -> str:
    """A text in a list: its place, and its title or how it begins."""
    title = document.metadata.get("title") or document.text
    return f"{place + 1} · {shown(str(title), NAME_CHARACTERS, one_line=True)}"


def _first_model() -> str:
    return next((m for m in (MULTILINGUAL, ENGLISH) if offline.unavailable_reason(m) is None), NO_MODEL)


def _source_changed() -> None:
    current = state()
    DUPLICATES.job().asking = False
    current.reference_place = None
    st.session_state[keys.DUPLICATES_PICKED] = None


def _mode_changed(local: bool) -> None:
    current, job = state(), DUPLICATES.job()
    mode = st.session_state.get(keys.DUPLICATES_MODE)
    # What runs here costs nothing, so the other way of comparing shows its result at once.
    current.wanted = mode not in current.outcomes and (local or mode == ALL)
    job.asking = False
    if current.wanted:
        job.message = ""


def _reference_picked(found: Passages) -> None:
    place = st.session_state.get(keys.DUPLICATES_PICKED)
    state().reference_place = place
    if place is not None:
        st.session_state[keys.DUPLICATES_REFERENCE] = _text(found, place)


def _changed() -> None:
    pasted().changed()


def _pasted(parsed: ParsedDocuments) -> None:
    current = state()
    current.pasted = parsed
    inbox().files.clear()
    current.working = current.working.pasted(by_role(current.pasted))
    _source_changed()


def _put(name: str, upload: uploads.Upload[ParsedDocuments], again: bool) -> None:
    current = state()
    if again:
        current.working = current.working.reread(name, documents_of(upload))
    else:
        current.working, _ = current.working.uploaded(name, documents_of(upload))
    _source_changed()


def _removed(name: str) -> None:
    state().working = state().working.without(name)
    _source_changed()


def _kept() -> tuple[WorkingList, tuple[str, ...], dict[str, str], bool]:
    widgets = {key: st.session_state.get(key) or "" for key in (keys.DUPLICATES_TEXTS, keys.DUPLICATES_REFERENCE)}
    widgets |= {key: st.session_state[key] for key in (keys.DUPLICATES_SOURCE, keys.DUPLICATES_MODE)}
    return state().working, state().rank_fields, widgets, pasted().busy


FILES = uploads.UploadPlace[ParsedDocuments](
    name="reading_texts",
    reading=replace(PLAIN_DOCUMENT_FILES, roles={**PLAIN_DOCUMENT_FILES.roles, "text": "Text to compare"}),
    put=_put,
    removed=_removed,
    keep=_kept,
    taken=lambda: set(state().working.sources),
    by_page=True,
)


PASTED_TEXTS = pastes.PastePlace("pasting_texts", keys.DUPLICATES_TEXTS, _pasted)


def _show_inputs_of(outcome: Outcome) -> None:
    """Bring the choices and the own texts of a comparison that a reload interrupted back onto the page."""
    current, asked = state(), outcome.asked
    st.session_state.update(
        {
            keys.DUPLICATES_MODE: asked.mode,
            keys.DUPLICATES_SOURCE: asked.source,
            keys.DUPLICATES_LOCAL: asked.local or NO_MODEL,
            keys.DUPLICATES_PICKED: None,
        }
    )
    if asked.reference is not None:
        st.session_state[keys.DUPLICATES_REFERENCE] = asked.reference
    if outcome.own:
        current.working = WorkingList.of(outcome.own, "the last comparison")
        current.rank_fields = chosen_of(outcome.own, asked.rank_fields, keys.DUPLICATES_TEXTS)
        st.session_state[keys.DUPLICATES_TEXTS] = as_pasted_text(outcome.own)
