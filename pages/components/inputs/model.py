"""The choices beside the texts: model, Top N, the estimate before the button."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.display import glossary
from pages.components.display.markdown import escaped
from pages.components.inputs.documents import read_fields
from pages.components.session import connection as connections
from pages.components.session import keys
from pages.components.session.connection import Connection
from pages.components.session.texts import MAX_TOP_N, SLOTS, texts
from rerank_core import Document, language, pricing, providers
from rerank_core.offline.models import CROSS_ENCODER
from rerank_core.pricing.estimates import CostEstimate
from rerank_core.providers.spec import ModelSpec
from rerank_core.rank_fields import ranked_text

SHOWN_LONG_DOCUMENTS = 100
PREVIEW = 120


def model_control(connection: Connection) -> ModelSpec | None:
    """The Model control with who each is for; gives the chosen model, None where the provider has none."""
    spec = connection.provider
    models = {model.slot: model for model in spec.models}
    offered = _offered(connection)
    if st.session_state.get(keys.MODEL) not in offered:  # it was chosen for another connection
        st.session_state[keys.MODEL] = offered[0]
    slot = st.segmented_control(
        "Model",
        offered,
        format_func=lambda slot: models[slot].label if slot in models else slot,
        required=True,
        key=keys.MODEL,
        persist_state="session",
        disabled=not models,
        wrap=True,
    )
    if not models:
        st.caption(escaped(_without_models(connection)))
        return None
    model = models.get(slot or SLOTS[0]) or spec.models[0]
    price = connections.prices().find(spec.id, model.id)
    if spec.is_local:
        stand_in = (
            ""
            if model.id == CROSS_ENCODER or spec.id != "local"
            else f" It stands in for the hosted model {model.slot} and is not that model."
        )
        st.caption(f"{model.audience}{stand_in}", help=model.notice)
        return model
    cost = f"{pricing.money_text(price.per_unit)} per {price.unit} ({price.as_of})." if price else "No price is known."
    st.caption(escaped(f"{model.audience} {cost}"))
    if model.notice:
        st.warning(escaped(model.notice), icon=":material/event_busy:")
    return model


def _without_models(connection: Connection) -> str:
    """What ranks where there is no model to choose."""
    spec = connection.provider
    if not spec.takes_any_model:
        without = "" if spec.has_scores else "; it gives an order without scores"
        return f"{spec.label} has one model and no choice{without}."
    named = connections.option(spec, "model")
    if named:
        return f"{spec.label} is asked for the model {named}, as the Connections page says."
    return f"{spec.label} answers with the model that it runs."


def _offered(connection: Connection) -> list[str]:
    """The slots of the models to choose from, of all where the provider has no choice: those that every connection
    knows first, then the provider's own."""
    there = [model.slot for model in connection.provider.models]
    usual = [slot for slot in SLOTS if not there or slot in there]
    return usual + [slot for slot in there if slot not in usual]


def next_model(connection: Connection) -> None:
    """Choose the model after the one that is chosen, round and round. For a callback, before widgets are drawn."""
    offered, chosen = _offered(connection), st.session_state.get(keys.MODEL)
    place = offered.index(chosen) if chosen in offered else -1
    st.session_state[keys.MODEL] = offered[(place + 1) % len(offered)]


def unavailable(model: ModelSpec | None, connection: Connection) -> str | None:
    """Why the chosen local model cannot run here, or None; says so on the page."""
    reason = None if model is None else connection.provider.unavailable_reason(model.id)
    if model is None or reason is None:
        return None
    st.warning(f"{model.label} is not available on this computer.", icon=":material/block:")
    st.text(reason)
    return reason


def language_warning(model: ModelSpec | None, query: str, documents: Sequence[Document] = ()) -> None:
    """Say before the button that an English model meets another language, with one click to Multilingual."""
    if model is None or model.languages != "english":
        return
    found = language.english_mismatch(query, [document.text for document in documents])
    if not found:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/translate: Some of this is {found}, and {model.label} is made for English.", width="stretch"
        )
        other = _for_many_languages(model)
        if other is not None:
            st.button(f"Switch to {other.slot}", on_click=_switch_to, args=(other.slot,))


def _for_many_languages(model: ModelSpec) -> ModelSpec | None:
    """The first model of the same connection that is made for many languages, None where there is none."""
    spec = next((spec for spec in providers() if model in spec.models), None)
    return None if spec is None else next((one for one in spec.models if one.languages == "many"), None)


def _switch_to(slot: str) -> None:
    st.session_state[keys.MODEL] = slot
    st.rerun()


def top_n_control() -> int:
    """How many results count as the answer; the rest is folded, never dropped."""
    value = st.number_input(
        "Top N",
        min_value=1,
        max_value=MAX_TOP_N,
        step=1,
        key=keys.TOP_N,
        persist_state="session",
        width=120,
        help=glossary.TOP_N,
    )
    return int(value or 1)


def set_up_link(connection: Connection) -> None:
    """Where a connection is not ready: what it lacks, and the way to the page that sets it up."""
    if not connection.ready:
        st.caption(f"{connection.provider.label}: {connection.state}")
        st.page_link("connections.py", label="Set up the connection", icon=":material/key:")


def _advanced() -> None:
    """The settings that few need."""
    with st.popover("Advanced", icon=":material/tune:", type="tertiary"):
        st.toggle(
            "return_documents",
            key=keys.RETURN_DOCUMENTS,
            persist_state="session",
            help="Ask the provider to send the texts back with the scores. The page does not need it: it keeps your "
            "own texts. It makes replies larger and costs nothing.",
        )


def estimate(connection: Connection, model: ModelSpec | None) -> CostEstimate:
    """What pressing Rerank now would cost."""
    query = st.session_state.get(keys.QUERY) or ""
    return connection.estimate(model.id if model else None, query, texts().working.documents, read_fields())


def cost_metric(cost: str, sentences: Iterable[str]) -> DeltaGenerator:
    """An estimate with how it was made, in sentences of our own; gives the place below these."""
    st.metric("Estimated cost", cost, width="content")
    how = st.popover("How", icon=":material/help:", type="tertiary")
    for sentence in sentences:
        how.caption(escaped(sentence))
    return how


def show_estimate(cost: CostEstimate) -> None:
    """The estimate with how it was made and which documents cost extra."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        units = "unknown" if cost.search_units is None else f"{cost.search_units:,}"
        before = f"Search units: {units}. Requests: {cost.requests:,}."
        with cost_metric(pricing.money_text(cost.amount), [before, *cost.assumptions]):
            _long_documents(cost)
        _advanced()


def _long_documents(cost: CostEstimate) -> None:
    if not cost.long_documents:
        return
    documents, read = texts().working.documents, read_fields()
    count = len(cost.long_documents)
    st.caption(f"{count:,} {'document is' if count == 1 else 'documents are'} long and count more than once:")
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Document": place + 1,
                    "Counts as": cost.chunks[place],
                    "Text": ranked_text(documents[place], read)[:PREVIEW],
                }
                for place in cost.long_documents[:SHOWN_LONG_DOCUMENTS]
            ]
        ),
        hide_index=True,
        alt="Long documents and how many documents each counts as",
    )
