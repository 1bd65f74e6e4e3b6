"""What the model reads: which fields of the documents make up the text that is ranked, with a look at what is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import streamlit as st

from pages.components.display.board import shown
from pages.components.session import keys, page_state
from rerank_core import Document
from rerank_core.documents.chunking import CHUNK_KEYS
from rerank_core.documents.report import listed
from rerank_core.evaluation.query_sets.sanity import Concern, texts_concern
from rerank_core.pricing.tokens import estimate_tokens
from rerank_core.rank_fields import TEXT, TEXT_ONLY, TITLE, TITLE_AND_TEXT, missing_fields, ranked_text, written
from rerank_core.retrieval.passages import PARENT

PREVIEW_CHARACTERS, PREVIEW_HEIGHT = 4_000, 220
NAME_CHARACTERS = 60
LINK_CHARACTERS = 200
LOOKED_AT = 500  # documents, evenly spread
# Spreadsheets can have hundreds of columns; what is chosen already is offered besides.
OFFERED = 40
# Where a document is from and how it stood there, not what it says: offered to nobody, though read where asked for.
_NOT_CONTENT = {"file", "page", "slide", "chapter", "rank", "score", "url", PARENT, *CHUNK_KEYS}


@dataclass
class FieldsThere:
    """The fields that some documents were seen to have: looked up once for a list, and not again at every click."""

    documents: Sequence[Document] | None = None
    fields: tuple[str, ...] = field(default=TEXT_ONLY)
    # What looks wrong about what is read of them, by the fields.
    concern: tuple[Sequence[str] | None, Concern | None] = (None, None)


def fields_there(documents: Sequence[Document], place: str) -> tuple[str, ...]:
    """The fields that any of the documents has: title and text first, then the others, the commonest first. `place`
    is a key of the place that asks, which remembers the answer."""
    known = page_state.of(FieldsThere, place)
    if known.documents is not documents:
        found: Counter[str] = Counter()
        for document in documents:
            found.update(name for name, value in document.metadata.items() if written(value).strip())
            if document.text.strip():
                found[TEXT] += 1
        first = [name for name in TITLE_AND_TEXT if found.pop(name, 0)]
        known.documents, known.fields = documents, (*first, *(name for name, _ in found.most_common()))
        known.concern = (None, None)
    return known.fields


def read_of(documents: Sequence[Document], chosen: Sequence[str], place: str) -> tuple[str, ...]:
    """Of the fields that were chosen those that the documents have, which is what a model is sent; title and text
    where they have none of them."""
    there = fields_there(documents, place)
    for wanted in (chosen, TITLE_AND_TEXT):
        if read := tuple(name for name in wanted if name in there):
            return read
    return TEXT_ONLY


def has_choice(documents: Sequence[Document], place: str) -> bool:
    """Whether the documents say anything besides their texts."""
    return bool({*fields_there(documents, place)} - _NOT_CONTENT - {TEXT})


def present(documents: Sequence[Document], chosen: Sequence[str]) -> tuple[str, ...]:
    """The same as `read_of`, looked up anew: for worker threads and for documents that are seen once."""
    for wanted in (chosen, TITLE_AND_TEXT):
        missing = missing_fields(documents, wanted)
        if read := tuple(name for name in wanted if name not in missing):
            return read
    return TEXT_ONLY


def chosen_of(documents: Sequence[Document], read: Sequence[str], place: str) -> tuple[str, ...]:
    """What was chosen where a model has read these fields: title and text, unless it read something else than these
    give."""
    usual = read_of(documents, TITLE_AND_TEXT, place)
    return TITLE_AND_TEXT if tuple(read) == usual else tuple(read)


def rank_fields_control(
    documents: Sequence[Document],
    chosen: tuple[str, ...],
    change: Callable[[tuple[str, ...]], Any],
    place: str,
) -> tuple[str, ...]:
    """Show what the model reads, with the choice behind it; gives the fields that it reads of these documents.

    `change` is called with another choice, before the page is drawn again. `place` is a key of the place that asks.
    Nothing is drawn where the documents have nothing but a text.
    """
    there, read = fields_there(documents, place), read_of(documents, chosen, place)
    if not has_choice(documents, place) and not set(read) - {TEXT}:
        return read
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(f"The model reads: {names_of(read)}", width="content")
        with st.popover(
            "Change", icon=":material/visibility:", type="tertiary", key=_popover(place), on_change="rerun"
        ):
            _choice(there, read, change, place)
            with st.container(gap="xxsmall"):
                _order(read, change, place)
            _preview(documents, read)
            if read != read_of(documents, TITLE_AND_TEXT, place):
                st.button(
                    "Back to title and text",
                    icon=":material/undo:",
                    type="tertiary",
                    key=keys.of(keys.RANK_FIELDS_RESET, place),
                    on_click=change,
                    args=(TITLE_AND_TEXT,),
                )
    _left_out(there, read, change, place)
    return read


def warning_about(documents: Sequence[Document], read: tuple[str, ...], place: str) -> None:
    """Say where most of what is read is nearly nothing although there is more to read. It stops nothing."""
    if not has_choice(documents, place):
        return
    known = page_state.of(FieldsThere, place)
    if known.concern[0] != read:
        looked_at = documents[:: -(-len(documents) // LOOKED_AT)]
        known.concern = read, texts_concern([ranked_text(document, read) for document in looked_at])
    if known.concern[1] is not None:
        quiet_warning(known.concern[1], place)


def quiet_warning(concern: Concern, place: str | None) -> None:
    """Something that looks wrong, and the way to the choice of what is read where there is one. It stops nothing."""
    with st.container(gap="xxsmall"):
        st.text(shown(concern.sentence))
        if place is not None:
            st.button(
                "Choose what the model reads",
                icon=":material/rule:",
                type="tertiary",
                key=keys.of(keys.RANK_FIELDS_OPEN, place, "button"),
                on_click=_open,
                args=(place,),
            )


def _popover(place: str) -> str:
    return keys.of(keys.RANK_FIELDS_OPEN, place)


def _open(place: str) -> None:
    st.session_state[_popover(place)] = True


def offer_titles(
    read: Sequence[str], documents: Sequence[Document], place: str, words: tuple[str, str], again: Callable[[], Any]
) -> None:
    """Where a result was made of the texts alone, as all were before titles were read, and the documents have titles:
    say so and offer to make it anew. `words` are the sentence and the button's label, `again` is called before the page
    is drawn again."""
    if tuple(read) != TEXT_ONLY or TITLE not in fields_there(documents, place):
        return
    said, label = words
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f":material/visibility_off: {said}", width="content")
        st.button(label, type="tertiary", key=keys.of(keys.RANK_FIELDS_AGAIN, place), on_click=again)


def to_link(chosen: Sequence[str]) -> str | None:
    """The choice as the address has it; None for title and text, and where the names are long."""
    written_out = ",".join(name.replace("%", "%25").replace(",", "%2C") for name in chosen)
    return written_out if tuple(chosen) != TITLE_AND_TEXT and len(written_out) <= LINK_CHARACTERS else None


def from_link(said: str | None) -> tuple[str, ...]:
    """The choice that the address names; title and text where it names none."""
    names = [unquote(name) for name in (said or "").split(",")] if len(said or "") <= LINK_CHARACTERS else []
    return tuple(dict.fromkeys(name for name in names if name.strip())) or TITLE_AND_TEXT


def names_of(fields: Sequence[str]) -> str:
    """Fields as a person reads them: "title, text, brand"; a name may be anybody's, so never as markdown."""
    return ", ".join(shown(name, NAME_CHARACTERS, one_line=True) for name in fields)


def _choice(
    there: tuple[str, ...], read: tuple[str, ...], change: Callable[[tuple[str, ...]], Any], place: str
) -> None:
    key = keys.of(keys.RANK_FIELDS, place)
    st.session_state[key] = list(read)

    def changed() -> None:
        picked = tuple(st.session_state[key])
        change(picked or TITLE_AND_TEXT)

    st.multiselect(
        "What the model reads",
        list(dict.fromkeys([*[name for name in there if name not in _NOT_CONTENT][:OFFERED], *read])),
        format_func=lambda name: shown(name, NAME_CHARACTERS, one_line=True),
        key=key,
        on_change=changed,
        wrap=True,
        help="In this order, a line break between them.",
    )


def _order(read: tuple[str, ...], change: Callable[[tuple[str, ...]], Any], place: str) -> None:
    """The fields one below the other, as they are read, each with a button that puts it before the one above."""
    for number, name in enumerate(read if len(read) > 1 else ()):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(f"{number + 1}. {shown(name, NAME_CHARACTERS, one_line=True)}")
            if number:
                before = (*read[: number - 1], name, read[number - 1], *read[number + 1 :])
                st.button(
                    "Move up",
                    icon=":material/arrow_upward:",
                    type="tertiary",
                    key=keys.of(keys.RANK_FIELDS_UP, place, number),
                    on_click=change,
                    args=(before,),
                )


def _preview(documents: Sequence[Document], read: tuple[str, ...]) -> None:
    """The first document that has anything to read, as it is sent."""
    first = next((text for text in (ranked_text(each, read) for each in documents) if text.strip()), "")
    tokens = estimate_tokens(first)
    st.caption(f"The first document as it is sent, about {tokens:,} {'token' if tokens == 1 else 'tokens'}:")
    st.code(
        shown(first, PREVIEW_CHARACTERS),
        language=None,
        wrap_lines=True,
        height=PREVIEW_HEIGHT if len(first) > 400 or first.count("\n") > 6 else "content",
    )
    if len(first) > PREVIEW_CHARACTERS:
        st.caption(f"Its first {PREVIEW_CHARACTERS:,} of {len(first):,} characters.")


def _left_out(
    there: tuple[str, ...], read: tuple[str, ...], change: Callable[[tuple[str, ...]], Any], place: str
) -> None:
    """Name the title, or the text, where it is shown and nobody reads it."""
    missing = [name for name in (TITLE, TEXT) if name in there and name not in read]
    if not missing:
        return
    is_shown = "is" if len(missing) == 1 else "are"
    added = tuple(name for name in TITLE_AND_TEXT if name in missing or name in read)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        what = listed([f"the {name}" for name in missing]).capitalize()
        st.caption(f":material/visibility_off: {what} {is_shown} shown but not read by the model.", width="content")
        st.button(
            "Add it" if len(missing) == 1 else "Add them",
            type="tertiary",
            key=keys.of(keys.RANK_FIELDS_ADD, place),
            on_click=change,
            args=((*added, *(name for name in read if name not in added)),),
        )
