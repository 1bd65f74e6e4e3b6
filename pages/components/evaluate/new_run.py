"""A new run: which models, how fast, the whole cost and time before it starts, asked once above a limit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pandas as pd
import streamlit as st

import rerank_core as rc
from pages.components.display.markdown import escaped
from pages.components.evaluate.run import MOST_AT_ONCE, create, under_way
from pages.components.evaluate.speed import local_speeds, measuring, request_seconds, wait_for_speed
from pages.components.evaluate.state import state
from pages.components.session import connection as connections
from pages.components.session import keys
from rerank_core import offline, pricing
from rerank_core.evaluation.experiments.plan import ExperimentPlan, plan
from rerank_core.evaluation.experiments.records import RatePolicy, duration_text
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.ranking.contender import Contender, distinct

MAX_MODELS = 4
ASK_ABOVE = Decimal(1)
"""US dollars; a run that may cost more, or whose cost nobody knows, is confirmed once."""


def new_run(query_set: QuerySet) -> None:
    """Choose models, see what they cost, start."""
    options = contenders()
    if keys.EVALUATE_MODELS in st.session_state:
        st.session_state[keys.EVALUATE_MODELS] = [
            name for name in st.session_state[keys.EVALUATE_MODELS] if name in options
        ]
    else:
        st.session_state[keys.EVALUATE_MODELS] = [name for name, one in options.items() if one.is_local][:3]
    chosen = st.multiselect(
        "Models to compare",
        list(options),
        key=keys.EVALUATE_MODELS,
        max_selections=MAX_MODELS,
        persist_state="session",
        help="Up to four, of any connections. The initial order is always compared too.",
    )
    waiting = [spec.label for spec in rc.providers() if not connections.of(spec.id).ready]
    if waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{' and '.join(waiting)}: a key is needed first.")
            st.page_link("connections.py", label="Set up a connection", icon=":material/key:")
    picked = distinct(options[name] for name in chosen)
    hosted = sorted({one.provider for one in picked if not one.is_local})
    rates = _speed(hosted)
    if not query_set.ready:
        st.warning("No query of this set has candidates, so there is nothing to rerank.", icon=":material/search_off:")
        return
    if not picked:
        st.info("Choose at least one model.", icon=":material/arrow_upward:")
        return
    speeds = local_speeds(query_set, picked, busy=under_way())
    planned = plan(
        query_set, picked, prices=connections.prices(), rates=rates, seconds=request_seconds(picked), speeds=speeds
    )
    _show_plan(planned)
    if measuring() is not None:
        wait_for_speed()
    limit = _limit(planned) if hosted else None
    _start_button(query_set, picked, planned, rates, limit)


def contenders() -> dict[str, Contender]:
    """Every model that could be asked now, by a name that no two of them share."""
    found = {}
    for spec in rc.providers():
        if not connections.of(spec.id).ready:
            continue
        for model in spec.models or (None,):
            if model is not None and spec.is_local and offline.unavailable_reason(model.id):
                continue
            name = f"{model.label} ({spec.label})" if model else spec.label
            found[name] = Contender(spec.id, model.id if model else None)
    return found


def _speed(hosted: list[str]) -> dict[str, RatePolicy]:
    if not hosted:
        return {}
    with st.expander("How fast each service may be asked", icon=":material/speed:"):
        return {name: _rate(name) for name in hosted}


def _rate(provider: str) -> RatePolicy:
    """The speed of one connection, which its contract may bound."""
    label = rc.provider(provider).label
    with st.container(horizontal=True):
        at_once = st.number_input(
            f"{label}: requests at once",
            1,
            MOST_AT_ONCE,
            4,
            key=keys.of(keys.EVALUATE_AT_ONCE, provider),
            persist_state="session",
            width=240,
        )
        a_minute = st.number_input(
            f"{label}: at most a minute",
            min_value=1,
            max_value=100_000,
            value=None,
            placeholder="No limit",
            key=keys.of(keys.EVALUATE_PER_MINUTE, provider),
            persist_state="session",
            width=240,
            help="What your contract allows. Requests are spread evenly over the minute.",
        )
    return RatePolicy(int(at_once or 4), int(a_minute) if a_minute else None, connections.of(provider).max_retries)


def _show_plan(planned: ExperimentPlan) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.metric("Requests", f"{planned.requests:,}", width="content", help="One for each query and model.")
        cost = pricing.money_text(planned.amount) if len(planned.unknown) < len(planned.contenders) else "unknown"
        st.metric("Estimated cost", cost, width="content", help="Of the whole run, over all models.")
        st.metric(
            "At most",
            "unknown" if planned.unknown else pricing.money_text(planned.most),
            width="content",
            help="If texts are denser than estimated and every request has to be repeated.",
        )
        st.metric(
            "Time",
            f"about {duration_text(planned.seconds)}",
            width="content",
            help="Longer if the service or this computer is busy.",
        )
    if planned.unknown:
        st.caption(f"No price is known for {', '.join(planned.unknown)}.")
    if len(planned.contenders) > 1 or not planned.free:
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Model": one.contender.label,
                        "Requests": one.requests,
                        "Documents": one.documents,
                        "Search units": one.search_units,
                        "Estimated cost": pricing.money_text(one.amount),
                        "Time": duration_text(one.seconds),
                    }
                    for one in planned.contenders
                ]
            ),
            hide_index=True,
            alt="What the run will ask of each model, and its cost",
        )
    for sentence in dict.fromkeys(text for one in planned.contenders if one.amount for text in one.assumptions):
        st.caption(escaped(sentence))


def _limit(planned: ExperimentPlan) -> Decimal | None:
    value = st.number_input(
        "This run may cost at most (US dollars)",
        min_value=0.0,
        value=None,
        step=0.5,
        format="%g",
        placeholder="No limit of its own",
        key=keys.EVALUATE_LIMIT,
        persist_state="session",
        width=320,
        help="The run stops before it would pass this; it can be resumed later.",
    )
    limit = None if value is None else Decimal(str(value))
    if limit is not None and limit < planned.most:
        st.caption(escaped("The most that the run may cost is above this limit, so it may stop before the end."))
    return limit


def _start_button(
    query_set: QuerySet,
    picked: tuple[Contender, ...],
    planned: ExperimentPlan,
    rates: Mapping[str, RatePolicy],
    limit: Decimal | None,
) -> None:
    current = state()
    pressed = st.button(
        "Start the run", type="primary", icon=":material/play_arrow:", disabled=under_way(), key=keys.START_RUN
    )
    if pressed:
        current.asking = not planned.free and (
            bool(planned.unknown)
            or planned.most > ASK_ABOVE
            or not connections.budget().fits(min(planned.most, limit) if limit is not None else planned.most)
        )
        if not current.asking:
            _begin(query_set, picked, rates, limit)
    if not current.asking:
        return
    with st.container(border=True):
        budget = connections.budget()
        unknown = f" The cost of {', '.join(planned.unknown)} is not known." if planned.unknown else ""
        over = "" if budget.fits(planned.most) else " That is more than your spending limit allows."
        st.warning(
            escaped(
                f"{planned.requests:,} requests, about {pricing.money_text(planned.amount)}, with every retry at most "
                f"{pricing.money_text(planned.most)}.{over}{unknown}"
            ),
            title="Start this run?",
            icon=":material/savings:",
        )
        with st.container(horizontal=True):
            raising = not budget.fits(planned.most)
            if st.button("Start and raise the limit" if raising else "Yes, start", icon=":material/check:"):
                if raising:
                    budget.set_limit(budget.limit_for(planned.most))
                current.asking = False
                _begin(query_set, picked, rates, limit)
            if raising and st.button("Start within my limit"):
                current.asking = False
                _begin(query_set, picked, rates, limit)
            if st.button("Do not start"):
                current.asking = False
                st.rerun()


def _begin(
    query_set: QuerySet, picked: tuple[Contender, ...], rates: Mapping[str, RatePolicy], limit: Decimal | None
) -> None:
    if create(query_set, picked, rates, limit):
        st.rerun()
