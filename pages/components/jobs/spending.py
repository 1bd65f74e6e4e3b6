"""The question before work that may pass the spending limit, or that is confirmed in any case."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from pages.components.display.markdown import escaped
from pages.components.session import connection as connections
from pages.components.session import keys
from rerank_core import pricing


@dataclass(frozen=True)
class Wording:
    """What the work is called in the question (`this`), on the button that starts it (`go`), on the one that starts it
    and raises the limit (`raising`), and on the one that does neither (`leave`); `title` stands above a warning that
    is confirmed in any case."""

    this: str = "this"
    go: str = "Go on"
    leave: str = "Do not run"
    title: str = ""
    raising: str = ""


USUAL = Wording()


def question(name: str, wording: Wording, most: Decimal | None, warning: str = "") -> bool | None:
    """Draw the question; True or False once it is answered, None before. A yes raises the limit as far as needed."""
    budget = connections.budget()
    now, fits = budget.now(), budget.fits(most)
    go, title = wording.go, wording.title
    if warning:
        words = warning if fits else f"{warning} That would pass your spending limit."
    else:
        title = "This may pass your spending limit"
        words = (
            f"With every retry billed {wording.this} may cost up to {pricing.money_text(most)}; "
            f"{pricing.money_text(now.spent)} of your limit of {pricing.money_text(now.limit)} is spent."
        )
    if not fits:
        go = wording.raising or f"{go} and raise the limit"
    with st.container(border=True):
        st.warning(escaped(words), title=title, icon=":material/savings:")
        with st.container(horizontal=True):
            yes = st.button(go, icon=":material/check:", key=keys.of(keys.SPEND, name))
            no = st.button(wording.leave, key=keys.of(keys.LEAVE, name))
    if yes and not fits and most is not None:
        budget.set_limit(budget.limit_for(most))
    return True if yes else False if no else None
