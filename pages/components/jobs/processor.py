"""A turn at the processors of this computer for what a page works out in its own run: short work first, then one owner
after the other, as the models of this computer take theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.session import page_state
from pages.components.session.owner import owner
from rerank_core.offline.turns import PROCESSORS, Claim

LONG_PAIRS = 200_000
"""Pairs of query and document, counted once for each order, beyond which working out the measures is long work: about a
second of one processor."""


@dataclass
class _Place:
    """Where a page says that it waits."""

    where: DeltaGenerator | None = None


def waiting_place() -> None:
    """Keep a place for what is said while the page waits; what stands below keeps its own."""
    page_state.of(_Place).where = st.empty()


@contextmanager
def turn(pairs: int) -> Iterator[None]:
    """Work out something of so many pairs in the page's run, once it is its turn; the page says how many are before it
    meanwhile. Nothing in it may ask for a turn of its own."""
    place = page_state.of(_Place).where
    said = False

    def heard(ahead: int) -> None:
        nonlocal said
        if place is not None:
            said = True
            place.caption(f"The figures wait: {ahead:,} before you" if ahead else "The figures wait: you are next")

    with PROCESSORS.turn(Claim(owner(), pairs > LONG_PAIRS), heard):
        if place is not None and said:
            place.empty()
        yield
