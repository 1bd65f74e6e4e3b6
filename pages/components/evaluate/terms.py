"""How fast a run may ask each connection and what it may cost: the fields, for a new run and for one that stopped."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

import rerank_core as rc
from pages.components.session import keys
from rerank_core.evaluation.experiments.records import RatePolicy

MOST_AT_ONCE = 8
"""Requests of one connection under way at once."""


def rate_fields(provider: str, rate: RatePolicy, *run: str) -> RatePolicy:
    """How fast a connection may be asked, which its contract may bound: `rate` until somebody types something else.
    `run` is the id of a run that stopped; without, what is typed is kept in the session, for the next new run."""
    label = rc.provider(provider).label
    with st.container(horizontal=True):
        at_once = st.number_input(
            f"{label}: requests at once",
            1,
            max(MOST_AT_ONCE, rate.concurrency),
            rate.concurrency,
            key=keys.of(keys.EVALUATE_AT_ONCE, provider, *run),
            persist_state=None if run else "session",
            width=240,
        )
        a_minute = st.number_input(
            f"{label}: at most a minute",
            min_value=1,
            max_value=100_000,
            value=None,
            placeholder="No limit",
            key=_seeded(keys.of(keys.EVALUATE_PER_MINUTE, provider, *run), rate.per_minute),
            persist_state=None if run else "session",
            width=240,
            help="What your contract allows. Requests are spread evenly over the minute.",
        )
    return RatePolicy(int(at_once or rate.concurrency), int(a_minute) if a_minute else None, rate.retries)


def limit_field(limit: Decimal | None = None, *run: str) -> Decimal | None:
    """What a run may cost in US dollars, `limit` until somebody types something else; None for no limit of its own.
    `run` as in `rate_fields`."""
    value = st.number_input(
        "This run may cost at most (US dollars)",
        min_value=0.0,
        value=None,
        step=0.5,
        format="%g",
        placeholder="No limit of its own",
        key=_seeded(keys.of(keys.EVALUATE_LIMIT, *run), None if limit is None else float(limit)),
        persist_state=None if run else "session",
        width=320,
        help="For the run as a whole, what it has cost so far included. It stops before it would pass this, and can be "
        "resumed later.",
    )
    return None if value is None else Decimal(str(value))


def _seeded(key: str, value: float | None) -> str:
    """The key of a number that can be emptied, which one with a value of its own cannot; it begins with `value`."""
    if value is not None:
        st.session_state.setdefault(key, value)
    return key
