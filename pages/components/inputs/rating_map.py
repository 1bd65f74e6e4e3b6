""" "Map ratings": what each value that stands as a rating in a file is worth, to be changed by hand."""

from __future__ import annotations

import json

import streamlit as st

from pages.components.display.board import shown
from pages.components.inputs.uploads import Inbox
from pages.components.session import keys
from rerank_core.documents.report import count
from rerank_core.evaluation.formats.columns import may_be_school_grades
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.grades.mapping import turned_round
from rerank_core.evaluation.grades.values import RATINGS
from rerank_core.evaluation.measures.measure import LARGEST_GRADE, SMALLEST_GRADE

MOST_VALUES = 40
_VALUE_CHARACTERS = 60
_WIDTHS = [3, 2, 2]


def rating_map(inbox: Inbox[Imported], name: str) -> None:
    """The values of one file's ratings, each with its count and its grade. It stands open where the ratings were not
    taken over, since nobody knows yet what they stand for."""
    upload = inbox.files[name]
    parsed = upload.parsed
    if not parsed.rating_values:
        return
    unclear = [value for value in parsed.rating_values if value not in parsed.rating_grades]
    if parsed.unmapped:
        st.warning(
            "The ratings of this file are not taken over yet. Say what each value stands for: 0 is not relevant, 3 is "
            "usually the best. An empty grade is no rating.",
            icon=":material/star_half:",
        )
    by_hand = RATINGS in upload.requested
    school = not by_hand and may_be_school_grades(parsed.chosen.get("rating", ""), parsed.rating_values)
    is_open = parsed.unmapped or school
    with st.expander("Map ratings", icon=":material/star_half:", expanded=is_open, key=_key(inbox, name)):
        if can_be_turned(parsed):
            st.button(
                "Turn round: the smallest is the best",
                type="primary" if school else "secondary",
                icon=":material/swap_vert:",
                help="The largest value becomes 0, not relevant, and each smaller one more, as with school grades of "
                "which 1 is the best. It can be undone.",
                key=_key(inbox, name, "turn"),
                on_click=_turn,
                args=(inbox, name),
            )
        known = sorted(parsed.rating_grades, key=lambda value: (-parsed.rating_grades[value], value))
        values = [*unclear, *known]
        with st.form(_key(inbox, name, "form"), border=False):
            for number, value in enumerate(values[:MOST_VALUES]):
                _row(inbox, name, number, value)
            if len(values) > MOST_VALUES:
                st.caption(
                    f"The first {MOST_VALUES} of {len(values):,} values are shown; the others keep their grades. "
                    "Is this the column of the ratings?"
                )
            st.form_submit_button(
                "Use these grades",
                icon=":material/check:",
                on_click=_use,
                args=(inbox, name, tuple(values[:MOST_VALUES])),
            )
        if by_hand:
            st.button(
                "Read the ratings as they stand",
                type="tertiary",
                icon=":material/undo:",
                key=_key(inbox, name, "back"),
                on_click=_forget,
                args=(inbox, name),
            )


def can_be_turned(parsed: Imported) -> bool:
    """Whether the smallest grade can be made the best: there are several, and all values are known."""
    grades = parsed.rating_grades.values()
    if parsed.unmapped or len(set(grades)) < 2:
        return False
    return max(grades) - min(grades) <= LARGEST_GRADE


def _row(inbox: Inbox[Imported], name: str, number: int, value: str) -> None:
    parsed = inbox.files[name].parsed
    text, times, grade = st.columns(_WIDTHS, vertical_alignment="center")
    text.text(shown(value, _VALUE_CHARACTERS, one_line=True))
    times.text(count(parsed.rating_values.get(value, 0), "time"))
    grade.number_input(
        f"Grade of value {number + 1}",
        min_value=SMALLEST_GRADE,
        max_value=LARGEST_GRADE,
        value=parsed.rating_grades.get(value),
        step=1,
        placeholder="no rating",
        label_visibility="collapsed",
        key=_key(inbox, name, number),
    )


def _key(inbox: Inbox[Imported], name: str, *what: object) -> str:
    return keys.of(keys.UPLOAD, "rating_map", inbox.place.name, inbox.files[name].generation, name, *what)


def _use(inbox: Inbox[Imported], name: str, values: tuple[str, ...]) -> None:
    upload = inbox.files.get(name)
    if upload is None:
        return
    grades: dict[str, int | None] = dict(upload.parsed.rating_grades)
    for number, value in enumerate(values):
        grades[value] = st.session_state.get(_key(inbox, name, number))
    inbox.read_again(name, {**upload.requested, RATINGS: json.dumps(grades)})


def _turn(inbox: Inbox[Imported], name: str) -> None:
    if upload := inbox.files.get(name):
        grades = turned_round(upload.parsed.rating_grades)
        none = dict.fromkeys(value for value in upload.parsed.rating_values if value not in grades)
        inbox.read_again(name, {**upload.requested, RATINGS: json.dumps(none | grades)})


def _forget(inbox: Inbox[Imported], name: str) -> None:
    if upload := inbox.files.get(name):
        inbox.read_again(name, {key: value for key, value in upload.requested.items() if key != RATINGS})
