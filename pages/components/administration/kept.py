"""What is kept on this server, by whom and how large, with a button that deletes a thing."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import streamlit as st

from pages.components.administration.kept_things import KINDS, KeptThing, Kind, delete, everything
from pages.components.display import errors
from pages.components.inputs.controls import segmented, select
from pages.components.server.limits import limits
from pages.components.session import keys, page_state
from rerank_core.errors import RerankError

_SHOWN = 25
_MEGABYTE = 1_000_000
_NAME = 120
EVERYBODY = "Everybody"


class _Last:
    """What became of the last press, and what it asks about."""

    text = ""
    error: RerankError | None = None


def kept() -> None:
    """Draw the table and, for one person and kind, the things."""
    st.subheader("What is kept", anchor=False)
    st.caption(
        "Of everybody on this server. What one person may keep is set in [limits] of the secrets file. Deleting is for "
        "good; a backup has what was there when it was made."
    )
    if not st.toggle("Look at it", key=keys.KEPT_SHOWN):
        return
    last = page_state.of(_Last)
    with st.container():
        if last.text:
            st.text(last.text)
        if last.error is not None:
            errors.show(last.error)
    with errors.said():
        found = everything()
        if not found:
            st.info("Nothing is kept yet.", icon=":material/inbox:")
            return
        _table(found)
        _things(found)


def _table(found: tuple[KeptThing, ...]) -> None:
    """A row of each person: how many of each kind, and how large, the largest first."""
    number, size, owners = Counter[tuple[str, Kind]](), Counter[tuple[str, Kind]](), Counter[str]()
    for one in found:
        number[one.owner, one.kind] += 1
        size[one.owner, one.kind] += one.size or 0
        owners[one.owner] += one.size or 0
    rows = []
    for owner, whole in owners.most_common():
        row: dict[str, object] = {"Person": owner or EVERYBODY}
        for kind, words in KINDS.items():
            row[words] = number[owner, kind]
            row[f"{words}, MB"] = size[owner, kind] / _MEGABYTE
        rows.append(row | {"Together, MB": whole / _MEGABYTE})
    sizes = {name: st.column_config.NumberColumn(format="%,.1f") for name in rows[0] if name.endswith("MB")}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=sizes)
    st.caption(_bounds())


def _bounds() -> str:
    """What one person may keep, in a sentence."""
    most = limits()
    kinds = {
        "runs": most.runs_megabytes_per_owner,
        "query sets": most.query_sets_megabytes_per_owner,
        "experiments": most.experiments_megabytes_per_owner,
        "knowledge bases": most.knowledge_bases_megabytes_per_owner,
    }
    each = ", ".join(f"{megabytes:,} MB of {kind}" for kind, megabytes in kinds.items())
    return f"One person may keep {each}. A document that several things have counts for each of them."


def _things(found: tuple[KeptThing, ...]) -> None:
    """The largest things of one person and kind, each with its button."""
    owners = {owner: owner or EVERYBODY for owner in dict.fromkeys(one.owner for one in found)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        owner = select("Whose", owners, keys.KEPT_OWNER, width=320)
        st.session_state.setdefault(keys.KEPT_KIND, next(iter(KINDS)))
        kind = segmented("What", KINDS, keys.KEPT_KIND)
    chosen = [one for one in found if (one.owner, one.kind) == (owner, kind)]
    if not chosen:
        st.info("None of this kind.", icon=":material/inbox:")
    for one in chosen[:_SHOWN]:
        _row(one)
    if len(chosen) > _SHOWN:
        st.caption(f"{_SHOWN} of {len(chosen):,}, the largest first.")


def _row(one: KeptThing) -> None:
    facts = [
        f"{one.size / _MEGABYTE:,.1f} MB" if one.size is not None else "",
        one.created.astimezone().strftime("%d %b %Y, %H:%M") if one.created else "",
    ]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.text(one.name if len(one.name) <= _NAME else one.name[:_NAME] + " …")
            st.caption(", ".join(fact for fact in facts if fact))
        with st.popover("Delete", icon=":material/delete:", key=keys.of(keys.KEPT_DELETE, one.id), width="content"):
            st.text(f"Delete this {one.kind} for good?")
            st.button(
                "Yes, delete it", key=keys.of(keys.KEPT_CONFIRM, one.id), on_click=_delete, args=(one,), type="primary"
            )


def _delete(one: KeptThing) -> None:
    last = page_state.of(_Last)
    last.text, last.error = "", None
    try:
        delete(one)
    except RerankError as error:
        last.error = error
    else:
        last.text = f"Deleted: {one.kind} “{one.name[:_NAME]}”, {one.owner or EVERYBODY}."
