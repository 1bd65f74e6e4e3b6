"""What a comparison of all pairs found: groups, pairs, the texts side by side, and files to take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from pages.components.display.board import shown
from pages.components.display.difference import side_by_side
from pages.components.display.download import download
from pages.components.display.tabs import tabs
from pages.components.duplicates.input import name_of
from pages.components.duplicates.state import DIFFERENCES, Outcome, state
from pages.components.inputs.controls import back_to_suggestion, segmented, select
from pages.components.session import keys
from rerank_core import Document
from rerank_core.duplicates import (
    MEANING,
    WORDING,
    Duplicates,
    Group,
    Measure,
    Pair,
    TextDifference,
    difference,
    groups_csv,
    groups_json,
    scale,
)
from rerank_core.duplicates.measures import explain
from rerank_core.providers.local import LOCAL
from rerank_core.rank_fields import ranked_text
from rerank_core.ranking.strength import ScoreScale

MEASURES: dict[Measure, str] = {WORDING: "Near-identical wording", MEANING: "Similar meaning"}
SHOWN_PAIRS, EXPLAINED = 500, 30
FEW_CHANGES = 2  # as many are named in a cell of a table
PREVIEW = 160
LONG = 20_000  # characters from which a difference is worked out only when it is looked at
LABELS = {model.id: model.label for model in LOCAL.models}


def result(outcome: Outcome) -> None:
    """Draw a finished comparison of all pairs. Moving the threshold works nothing out anew."""
    found = outcome.found
    assert found is not None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        measure = measure_control(found.measures)
        threshold = threshold_control(measure, found.model)
    with st.container(key=keys.HEADLINE):
        st.text(found.summary(measure, threshold))
    meaning_of(measure, found.model)
    if found.blank:
        st.caption(f"Left out because they are blank: {len(found.blank):,}.")
    draw = {
        "Groups": lambda: _groups(outcome, found, measure, threshold),
        "Pairs": lambda: _pairs(outcome, found, measure, threshold),
        "Export": lambda: _files(found, measure, threshold),
    }
    tabs(draw, keys.DUPLICATES_TAB)


def measure_control(measures: Sequence[Measure]) -> Measure:
    """Which of the two measures decides."""
    if st.session_state.get(keys.DUPLICATES_MEASURE) not in measures:
        st.session_state[keys.DUPLICATES_MEASURE] = WORDING
    options = {measure: MEASURES[measure] for measure in measures}
    return segmented("Look for", options, keys.DUPLICATES_MEASURE, persist_state="session")


def threshold_control(measure: Measure, model: str | None) -> float:
    """From which likeness on texts count; begins where it was measured to begin."""
    current, limits = state(), scale(measure, model)
    name = (measure, model if measure == MEANING else None)
    key = keys.of(keys.DUPLICATES_THRESHOLD, measure, name[1])
    st.session_state[key] = current.thresholds.get(name, limits.threshold)

    def changed() -> None:
        current.thresholds[name] = float(st.session_state[key])

    value = st.slider(
        "Threshold",
        min_value=limits.floor,
        max_value=1.0,
        step=0.01,
        format="%.2f",
        key=key,
        on_change=changed,
        width=320,
        help="From which likeness on texts count as alike. Moving it works nothing out anew.",
    )
    back_to_suggestion(current.thresholds, name)
    return float(value)


def meaning_of(measure: Measure, model: str | None) -> None:
    """What the scores mean here, and where they mislead."""
    what, trap, *rest = explain(measure, model)
    st.caption(f"{what} {trap}")
    with st.expander("Where else these scores mislead", icon=":material/info:"):
        for sentence in rest:
            st.markdown(sentence)


def _groups(outcome: Outcome, found: Duplicates, measure: Measure, threshold: float) -> None:
    groups = found.groups(measure, threshold)
    if not groups:
        st.info("Nothing is this much alike. Move the threshold down to see the nearest.", icon=":material/check:")
        return
    between = found.between(measure, threshold)
    rest = "" if not between else " 1 more pair is" if between == 1 else f" {between:,} more pairs are"
    st.caption(
        "In a group every text is this much alike to every other one, so that a chain of likenesses joins nothing."
        + (f"{rest} alike but not with all of a group: see Pairs." if rest else "")
    )
    rows = []
    for number, group in enumerate(groups, 1):
        closest = found.within(group.members, measure, 1)[0] if number <= EXPLAINED else None
        rows.append(
            {
                "Group": number,
                "Texts": len(group.members),
                "Lowest likeness": group.lowest,
                "What differs": "" if closest is None else _words(found, closest),
                "In it": "; ".join(title(found.documents[member]) for member in group.members[:4]),
            }
        )
    chosen = selected_row(rows, f"groups_{outcome.id}_{measure}_{hash(groups)}", "Groups of texts that are alike")
    group = groups[chosen]
    _group(outcome, found, measure, group)


def _group(outcome: Outcome, found: Duplicates, measure: Measure, group: Group) -> None:
    """Two texts of a group next to each other: the two that are most alike, until others are chosen."""
    pair = found.within(group.members, measure, 1)[0]
    if len(group.members) > 2:
        key = keys.of(outcome.id, measure, hash(group.members))
        names = {member: name_of(member, found.documents[member]) for member in group.members}
        with st.container(horizontal=True):
            left = _one_of("Left", names, f"left_{key}", pair.first)
            right = _one_of("Right", names, f"right_{key}", pair.second)
        pair = (found.pair(left, right) or Pair(left, right, 1.0, None))._replace(first=left, second=right)
    compared(outcome, found.documents, pair)


def _one_of(label: str, names: dict[int, str], key: str, first: int) -> int:
    st.session_state.setdefault(key, first)
    return select(label, names, key)


def _pairs(outcome: Outcome, found: Duplicates, measure: Measure, threshold: float) -> None:
    pairs, count = found.pairs(measure, threshold, SHOWN_PAIRS), found.count(measure, threshold)
    if not pairs:
        st.info("No pair is this much alike. Move the threshold down to see the nearest.", icon=":material/check:")
        return
    if count > len(pairs):
        st.caption(f"The first {len(pairs):,} of {count:,} pairs.")
    rows = [
        {"Wording": pair.wording}
        | ({} if pair.meaning is None else {"Meaning": pair.meaning})
        | {
            "What differs": _words(found, pair) if place < EXPLAINED else "",
            "One": title(found.documents[pair.first]),
            "Other": title(found.documents[pair.second]),
        }
        for place, pair in enumerate(pairs)
    ]
    chosen = selected_row(rows, f"pairs_{outcome.id}_{measure}_{threshold}", "Pairs of texts that are alike")
    compared(outcome, found.documents, pairs[chosen])


def _files(found: Duplicates, measure: Measure, threshold: float) -> None:
    with st.container(horizontal=True):
        download("CSV", lambda: groups_csv(found, measure, threshold), "duplicates.csv", keys.DUPLICATES_CSV)
        download("JSON", lambda: groups_json(found, measure, threshold), "duplicates.json", keys.DUPLICATES_JSON)
    st.caption(
        "The groups at this threshold: the CSV has a row for each text, the JSON every pair too. Nothing here deletes "
        "anything, and no file says which text to keep."
    )


def compared(outcome: Outcome, documents: Sequence[Document], pair: Pair) -> None:
    """Two texts side by side, with how alike they are and what differs."""
    one, other = documents[pair.first], documents[pair.second]
    facts = {"Wording": pair.wording, "Meaning": pair.meaning}
    read = outcome.asked.rank_fields
    names = name_of(pair.first, one), name_of(pair.second, other)
    texts((ranked_text(one, read), ranked_text(other, read)), names, facts, outcome.id)


def texts(both: tuple[str, str], names: tuple[str, str], facts: dict[str, float | None], outcome_id: str) -> None:
    """Two texts side by side, as they were compared, under their facts; `names` are what to call them."""
    found, (left, right) = known_difference(*both), names
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        for label, value in facts.items():
            if value is not None:
                st.metric(label, f"{value:.3f}", width="content")
        st.text(found.sentence)
    if found.caution:
        st.warning(found.caution, icon=":material/warning:")
    # A component's key must not hold two underscores in a row, which an outcome's id may do.
    side_by_side(found, left, right, key=keys.of(keys.DIFFERENCE, abs(hash((outcome_id, left, right, both)))))


def known_difference(one: str, other: str) -> TextDifference:
    """What differs, worked out once."""
    memory = state().differences
    if (one, other) not in memory:
        while len(memory) >= DIFFERENCES:
            memory.pop(next(iter(memory)))
        memory[one, other] = difference(one, other)
    return memory[one, other]


def _words(found: Duplicates, pair: Pair) -> str:
    """What differs in a pair, as a cell of a table."""
    one, other = (ranked_text(found.documents[place], found.rank_fields) for place in (pair.first, pair.second))
    if max(len(one), len(other)) > LONG:
        return ""
    known = known_difference(one, other)
    few = known.changes if known.changed and len(known.changes) <= FEW_CHANGES else ()
    shortly = ", ".join(f"{change.left or '(nothing)'} → {change.right or '(nothing)'}" for change in few)
    return shown(f"{known.sentence} {shortly}", PREVIEW, one_line=True)


def title(document: Document) -> str:
    return shown(str(document.metadata.get("title") or document.text), PREVIEW, one_line=True)


def selected_row(rows: Sequence[Mapping[str, object]], key: str, alt: str, relevance: ScoreScale | None = None) -> int:
    """A table of which one row can be selected; the place of that row, of the first one where there is none.

    `relevance` gives the bars of relevance scores their range. They have no words here: those were measured for
    questions, and a reference text is none.
    """
    bar = st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.3f", width=120)
    scale = relevance or ScoreScale()
    ranged = st.column_config.ProgressColumn(
        min_value=0, max_value=scale.top, format="%.3f", width=120, help=scale.range_text
    )
    event = st.dataframe(
        pd.DataFrame(rows),
        key=key,
        hide_index=True,
        height="content" if len(rows) <= 6 else 270,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [0], "columns": [], "cells": []}},
        alt=alt,
        column_config={
            "Group": st.column_config.NumberColumn(width=70),
            "Texts": st.column_config.NumberColumn(width=60),
            "Lowest likeness": bar,
            "Wording": bar,
            "Meaning": bar,
            "What differs": st.column_config.TextColumn(width="medium"),
            "In it": st.column_config.TextColumn(width="large"),
            "One": st.column_config.TextColumn(width="medium"),
            "Other": st.column_config.TextColumn(width="medium"),
            "Relevance": ranged,
            "Rank": st.column_config.NumberColumn(width=60),
            "Text": st.column_config.TextColumn(width="large"),
        },
    )
    chosen = event["selection"]["rows"]
    return int(chosen[0]) if chosen and chosen[0] < len(rows) else 0
