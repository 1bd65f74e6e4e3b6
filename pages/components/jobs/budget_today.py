"""How the operator's budget stands, for everybody whom it concerns."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import streamlit as st

from pages.components.display.markdown import escaped
from pages.components.session import account
from rerank_core.pricing.allowance import Sums
from rerank_core.pricing.estimates import money_text


def show() -> None:
    """Draw what today has cost of what the app's own keys may cost; nothing where there is no budget."""
    allowance, now = account.standing()
    if not allowance.stands:
        return
    if now is None:
        st.caption(":material/error: The ledger of spending cannot be read, so the app's own keys are not used.")
        return
    lines = [
        _line("Today", now.person_today, allowance.person_per_day),
        _line("Everybody today", now.server_today, allowance.server_per_day),
        _line("Everybody in all", now.server_total, allowance.server_total),
    ]
    words = [line for line in lines if line]
    with st.container(gap=None):
        st.markdown(words[0], help=_help(allowance.contact))
        for line in words[1:]:
            st.caption(line)
        maybe = now.person_today.doubt + now.person_today.held
        if maybe:
            st.caption(escaped(f"{money_text(maybe)} of it may be billed or not"))


def _line(what: str, sums: Sums, limit: Decimal | None) -> str:
    if limit is None:
        return ""
    over = sums.counted >= limit
    spent = escaped(f"{what} **{money_text(sums.counted)}** of {money_text(limit)}")
    return f":material/block: {spent}, used up" if over else spent


def _help(contact: str) -> str:
    zone = datetime.now().astimezone().strftime("UTC%z")
    return escaped(
        "What calls with the app's own keys count for; a key of your own is not counted. A day is the server's "
        f"calendar day ({zone}). {contact or 'Whoever runs this server'} can raise the budget."
    )
