"""What everybody's calls of services cost, how the budget stands, and calls whose cost an operator looks up."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from pages.components.display.markdown import escaped
from pages.components.jobs import ledger
from pages.components.server import budget
from pages.components.session import keys, owner, page_state, stores
from rerank_core.pricing.estimates import money_text
from rerank_core.storage.spending.ledger import LedgerFilter
from rerank_core.storage.spending.rows import LedgerCall
from rerank_core.storage.sqlite_file import StoreError

_MOST = 100


class _Said:
    """What became of the last press."""

    text = ""
    number: int | None = None  # of the call that was settled, which can be settled anew


def spending() -> None:
    """Draw the ledger of everybody."""
    st.subheader("Spending", anchor=False)
    _budget()
    which = ledger.show(None)
    if which is not None:
        _in_doubt(which)


def _budget() -> None:
    """How the budget of the secrets file stands."""
    allowance = budget.allowance()
    if not allowance.stands:
        st.caption("Nothing is limited. [budget] in the secrets file says what the app's own keys may cost.")
        return
    try:
        now, since = stores.spending().standing(owner.keeper()), stores.spending().since()
    except StoreError:
        return  # the ledger says so
    limits = (
        (allowance.server_per_day, now.server_today, "today"),
        (allowance.server_total, now.server_total, f"since {since}" if since else "in all"),
    )
    words = [
        f"{money_text(sums.counted)} of {money_text(limit)} {when}" for limit, sums, when in limits if limit is not None
    ]
    if allowance.person_per_day is not None:
        words.append(f"one person may spend {money_text(allowance.person_per_day)} in a day")
    unknown = allowance.unknown_call
    words.append(
        "calls of unknown price are refused"
        if unknown is None
        else f"a call of unknown price counts {money_text(unknown)}"
    )
    st.caption(escaped(f"The app's own keys: {'; '.join(words)}."))


def _in_doubt(which: LedgerFilter) -> None:
    """Calls that may have been billed: the service's bill knows, and whoever has it settles them."""
    try:
        said = page_state.of(_Said)
        open_calls = stores.spending().in_doubt(which, most=_MOST, also=said.number)
    except StoreError:
        return
    if said.text:
        st.text(said.text)
    if not open_calls:
        return
    with st.expander(
        f"Settle calls in doubt ({len(open_calls):,}{'+' if len(open_calls) == _MOST else ''})",
        icon=":material/receipt_long:",
    ):
        st.caption(
            "These calls got no answer, or one that does not say what it cost. They count in full until somebody who "
            "has the service's bill says what it was."
        )
        by_number = {call.number: call for call in open_calls}
        number = st.selectbox(
            "Call", list(by_number), format_func=lambda each: _words(by_number[each]), key=keys.LEDGER_IN_DOUBT
        )
        amount = st.number_input(
            "Billed (US dollars; 0 where it was not)",
            min_value=0.0,
            max_value=1_000_000.0,
            value=None,
            step=0.001,
            format="%g",
            key=keys.LEDGER_AMOUNT,
            width=320,
        )
        st.button(
            "Settle",
            icon=":material/check:",
            key=keys.LEDGER_BILLED,
            disabled=amount is None,
            on_click=_settle,
            args=(number, amount),
        )


def _words(call: LedgerCall) -> str:
    when = call.started.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    whose = f", {call.call.who}" if call.call.who else ""
    if call.note:
        return f"{when}{whose}, {call.call.connection} {call.call.model}: settled with {money_text(call.spent)}"
    most = "of unknown price" if call.reserved is None else f"at most {money_text(call.reserved)}"
    return f"{when}{whose}, {call.call.connection} {call.call.model}, {call.call.page}, {most}"


def _settle(number: int, amount: float) -> None:
    said = page_state.of(_Said)
    try:
        settled = stores.spending().resolve(number, Decimal(str(amount)), owner.keeper())
    except StoreError as error:
        said.text = str(error)
        return
    said.number = number
    said.text = (
        f"Settled with {money_text(Decimal(str(amount)))}. It stays in the list, in case that was a slip."
        if settled
        else "It is no longer in doubt."
    )
    st.session_state[keys.LEDGER_AMOUNT] = None
