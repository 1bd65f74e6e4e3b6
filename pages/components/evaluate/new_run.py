"""A new run: which models, how fast, the whole cost and time before it starts, asked once above a limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import streamlit as st

import rerank_core as rc
from pages.components.display.markdown import escaped
from pages.components.display.ownership import may_change
from pages.components.evaluate.orders import documents_of, remembered
from pages.components.evaluate.run import create, under_way
from pages.components.evaluate.saved_answers import saved_choice, saved_places
from pages.components.evaluate.speed import local_speeds, measuring, request_seconds, wait_for_speed
from pages.components.evaluate.state import read_fields, ready_contenders, state
from pages.components.evaluate.terms import limit_field, rate_fields
from pages.components.inputs.rank_fields import (
    has_choice,
    names_of,
    offer_titles,
    quiet_warning,
    rank_fields_control,
    read_of,
)
from pages.components.session import account, keys, stores
from pages.components.session import connection as connections
from rerank_core import pricing
from rerank_core.evaluation.experiments.plan import ExperimentPlan, plan
from rerank_core.evaluation.experiments.records import Experiment, RatePolicy, duration_text
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.evaluation.query_sets.sanity import concerns
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.ranking.contender import distinct

MAX_MODELS = 4
ASK_ABOVE = Decimal(1)
"""US dollars; a run that may cost more, or whose cost nobody knows, is confirmed once."""


def new_run(query_set: QuerySet) -> None:
    """Choose models, see what they cost, start."""
    options = ready_contenders()
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
    waiting = sum(not connections.of(spec.id).ready for spec in rc.providers())
    if waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            others = "1 other connection needs" if waiting == 1 else f"{waiting} other connections need"
            st.caption(f"{others} a key or an address first.")
            st.page_link("connections.py", label="Set up a connection", icon=":material/key:")
    what_is_read(query_set)
    check(query_set, keys.QUERY_SET)
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
    saved = saved_places(query_set, picked)
    reuse = saved_choice(len(saved), len(picked) * len(query_set.ready)) if saved else True
    fewer = reuse and len(saved) < state().offered
    state().offered = len(saved) if reuse else 0
    planned = plan(
        query_set,
        picked,
        prices=connections.prices(),
        rates=rates,
        seconds=request_seconds(picked),
        speeds=speeds,
        answered=saved if reuse else (),
    )
    _show_plan(planned)
    if measuring() is not None:
        wait_for_speed()
    limit = _limit(planned) if hosted else None
    _start_button(
        planned, limit, lambda: create(query_set, picked, rates, limit, saved=len(saved) if reuse else 0), fewer=fewer
    )


def what_is_read(query_set: QuerySet) -> None:
    """Which fields of the documents the models read; the query set keeps the choice, and a new run uses it."""
    owned = stores.query_sets().ownership(state().set_id or "")
    if owned is not None and not may_change(owned):
        st.text(f"The model reads: {names_of(query_set.rank_fields)}")
        return
    rank_fields_control(documents_of(query_set), query_set.rank_fields, read_fields, keys.QUERY_SET)


def importing(query_set: QuerySet) -> bool:
    """The same choice for a query set that is being put together; whether something looks wrong about it."""

    def chosen(fields: tuple[str, ...]) -> None:
        state().importing = fields

    fields = state().importing
    rank_fields_control(documents_of(query_set), fields, chosen, keys.EVALUATE_ADDING)
    asked = remembered(("importing", query_set, fields), lambda: replace(query_set, rank_fields=fields))
    return bool(query_set.ready) and check(asked, keys.EVALUATE_ADDING)


def check(query_set: QuerySet, place: str) -> bool:
    """Say what looks wrong about a query set before a run, the worst of it; whether there is anything. It stops
    nothing. `place` is the key of the choice of what is read."""
    found = remembered(("concerns", query_set), lambda: concerns(query_set))
    if found:
        quiet_warning(found[0], place if has_choice(documents_of(query_set), place) else None)
    return bool(found)


def read_by(one: Experiment, query_set: QuerySet) -> str:
    """The fields that the models of a run read, in words; empty where the documents have nothing but a text."""
    documents = documents_of(query_set)
    if not has_choice(documents, keys.QUERY_SET):
        return ""
    return names_of(read_of(documents, one.rank_fields, keys.QUERY_SET))


def offer_better(one: Experiment, query_set: QuerySet) -> None:
    """Where a run read the texts alone and there are titles: the way to a run with them. What is free starts at once;
    what costs money is chosen below, with its price, before it starts."""

    def again() -> None:
        read_fields(TITLE_AND_TEXT)
        st.session_state[keys.STEP] = "Run"
        ready = ready_contenders()
        asked = {(contender.provider, contender.model) for contender in one.contenders}
        st.session_state[keys.EVALUATE_MODELS] = [
            name for name, each in ready.items() if (each.provider, each.model) in asked
        ]
        if all(contender.is_local for contender in one.contenders) and not under_way():
            create(state().opened, one.contenders)

    said = "This run read only the texts.", "Rerank with titles"
    read = read_of(documents_of(query_set), one.rank_fields, keys.QUERY_SET)
    offer_titles(read, documents_of(query_set), keys.QUERY_SET, said, again)


def _speed(hosted: list[str]) -> dict[str, RatePolicy]:
    if not hosted:
        return {}
    with st.expander("How fast each service may be asked", icon=":material/speed:"):
        return {name: rate_fields(name, RatePolicy(retries=connections.of(name).max_retries)) for name in hosted}


def _show_plan(planned: ExperimentPlan) -> None:
    with st.container(horizontal=True, gap="medium"):
        cost = pricing.money_text(planned.amount) if len(planned.unknown) < len(planned.contenders) else "unknown"
        most = "unknown" if planned.unknown else pricing.money_text(planned.most)
        for label, value, meaning in (
            ("Requests", f"{planned.requests:,}", "One for each query and model."),
            ("Estimated cost", cost, "Of the whole run, over all models."),
            ("At most", most, "If texts are denser than estimated and every request has to be repeated."),
            ("Time", f"about {duration_text(planned.seconds)}", "Longer if the service or this computer is busy."),
        ):
            st.metric(label, value, width="content", help=meaning)
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
    limit = limit_field()
    if limit is not None and limit < planned.most:
        st.caption(escaped("The most that the run may cost is above this limit, so it may stop before the end."))
    left = account.left()
    if left is not None and left < _on_the_apps_keys(planned):
        st.caption(
            escaped(
                f"{pricing.money_text(left)} is left of the budget for the app's own keys, so the run may stop before "
                "the end. What was answered by then is kept, and it can go on when there is a budget again."
            )
        )
    return limit


def _on_the_apps_keys(planned: ExperimentPlan) -> Decimal:
    """The most that the run may cost with the app's own keys, as far as prices are known."""
    mosts = [
        one.most
        for one in planned.contenders
        if one.most is not None and account.key_kind(connections.of(one.contender.provider)) == "configured"
    ]
    return sum(mosts, Decimal(0))


def _start_button(planned: ExperimentPlan, limit: Decimal | None, begin: Callable[[], bool], *, fewer: bool) -> None:
    """`fewer` says that some saved answers are gone since the price was shown."""
    current, budget = state(), connections.budget()
    fits = budget.fits(planned.most)
    pressed = st.button(
        "Start the run", type="primary", icon=":material/play_arrow:", disabled=under_way(), key=keys.START_RUN
    )
    if pressed:
        current.asking = not planned.free and (
            bool(planned.unknown)
            or fewer
            or planned.most > ASK_ABOVE
            or not (fits if limit is None else budget.fits(min(planned.most, limit)))
        )
    started = pressed and not current.asking
    if current.asking:
        with st.container(border=True):
            unknown = f" The cost of {', '.join(planned.unknown)} is not known." if planned.unknown else ""
            over = "" if fits else " That is more than your spending limit allows."
            st.warning(
                escaped(
                    f"{planned.requests:,} requests, about {pricing.money_text(planned.amount)}, with every retry at "
                    f"most {pricing.money_text(planned.most)}.{over}{unknown}"
                ),
                title="Start this run?",
                icon=":material/savings:",
            )
            with st.container(horizontal=True):
                raising = not fits
                if st.button("Start and raise the limit" if raising else "Yes, start", icon=":material/check:"):
                    if raising:
                        budget.set_limit(budget.limit_for(planned.most))
                    started = True
                started = (raising and st.button("Start within my limit")) or started
                if st.button("Do not start"):
                    current.asking = False
                    st.rerun()
    if started:
        current.asking = False
        if begin():
            st.rerun()
