"""The prices of one service as a table that can be edited; the session's price table follows what is typed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

import rerank_core as rc
from pages.components.display import errors
from pages.components.session import connection, keys
from rerank_core.pricing.table import CHUNK_TOKENS, PriceTable

_EDITABLE = {"chunk_tokens": "chunk limit", "as_of": "date"}
_NO_PRICE = {"per_1000": None, "per_million": None, "counted": "pairs", "chunk_tokens": CHUNK_TOKENS, "source": ""}


def show(spec: rc.ProviderSpec) -> None:
    """Draw the models of a service with their prices."""
    if spec.is_free:
        st.caption("It runs on a server of your own: no request is billed.")
    elif spec.models:
        _table(spec)
    elif spec.takes_any_model:
        st.caption("Which models there are is up to the server. A cost is shown where its replies name one.")
    else:
        st.caption(
            f"{spec.label} has one model, without a name, and publishes no price: its costs are shown as unknown."
        )


def _table(spec: rc.ProviderSpec) -> None:
    version = st.session_state.setdefault(keys.PRICE_EDITOR_VERSION, 0)
    widget = f"prices_{spec.id}_{version}"
    # The editor applies its edits to the rows it was given, so those must stay the same for as long as it lives;
    # its own state is dropped when the page is left, and then it starts from the table as it has become.
    base: dict[str, PriceTable] = st.session_state.setdefault(keys.PRICE_EDITOR_BASE, {})
    if widget not in st.session_state or widget not in base:
        base.clear()
        base[widget] = connection.prices()
    rows = [row for row in base[widget].rows() if row["provider"] == spec.id]
    priced = {row["model"] for row in rows}
    by_token = [row for row in rows if row["per_million"] is not None]
    rows += [
        {"provider": spec.id, "model": model.id, **_NO_PRICE, "as_of": datetime.now(UTC).date()}
        for model in spec.models
        if model.id not in priced
    ]
    searches = ["per_1000", "chunk_tokens"] if len(by_token) < len(rows) or not by_token else []
    columns = [*searches, *(["per_million"] if by_token else [])]
    known = connection.prices().rows()
    place = next((at for at, row in enumerate(known) if row["provider"] == spec.id), len(known))
    others = [row for row in known if row["provider"] != spec.id]
    labels = {model.id: model.label for model in spec.models}
    frame = pd.DataFrame([{"label": labels.get(row["model"], row["model"]), **row} for row in rows])
    fixed = connection.prices_fixed(spec)
    edited = st.data_editor(
        frame,
        key=widget,
        hide_index=True,
        num_rows="fixed",
        column_order=["label", "model", *columns, "as_of", "source"],
        disabled=True if fixed else ["label", "model"],
        column_config={
            "label": st.column_config.TextColumn("Model", width="small"),
            "model": st.column_config.TextColumn("Name in a request"),
            "per_1000": st.column_config.NumberColumn("US dollars per 1,000 searches", min_value=0, format="$%.3f"),
            "per_million": st.column_config.NumberColumn("US dollars per million tokens", min_value=0, format="$%.3f"),
            "chunk_tokens": st.column_config.NumberColumn(
                "Chunk limit (tokens)",
                min_value=1,
                step=1,
                help="A document longer than this, the query counted in, is split, and each part counts as a document.",
            ),
            "as_of": st.column_config.DateColumn("As of"),
            "source": st.column_config.TextColumn("Source"),
        },
        alt=f"Models of {spec.label} with their prices; price, chunk limit, date and source can be edited",
    )
    try:
        # In the place where they stood, so that a table in which nothing was changed is the same table.
        table = PriceTable.from_rows([*others[:place], *_complete(edited, priced), *others[place:]])
    except rc.RerankError as error:
        errors.show(error, title="This price cannot be used; the one before still counts")
    else:
        connection.set_prices(table)
    for model in spec.models:
        if model.notice:
            st.caption(f":material/event_busy: {model.label}: {model.notice}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if fixed:
            st.caption("The app's own key is charged at the published prices. With a key of yours you can edit them.")
            return
        st.caption("Estimates and computed costs of this session use these prices.", width="stretch")
        st.button("Restore the published prices", icon=":material/restart_alt:", on_click=_restore)


def _complete(edited: pd.DataFrame, priced: Collection[str]) -> list[dict[str, Any]]:
    """The edited rows that have a price; raises ConfigurationError, naming the model, for a cell that was emptied, the
    price of one of the models `priced` included."""
    rows = [{str(column): value for column, value in row.items()} for row in edited.to_dict("records")]
    kept = []
    for row in rows:
        lacks_price = pd.isna(row["per_1000"]) and pd.isna(row["per_million"])
        if lacks_price and row["model"] not in priced:
            continue
        empty = ["price"] if lacks_price else [words for name, words in _EDITABLE.items() if pd.isna(row[name])]
        if empty:
            raise rc.ConfigurationError(
                f"The {empty[0]} of {row['label']} is empty.", hint="Fill it in, or restore the published prices."
            )
        row["source"] = "" if pd.isna(row["source"]) else row["source"]
        kept.append(row)
    return kept


def _restore() -> None:
    connection.set_prices(None)
    st.session_state[keys.PRICE_EDITOR_VERSION] += 1
