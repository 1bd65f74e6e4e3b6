"""Answers that are saved from before: how many a new run would have for nothing, the choice to use them, and which of a
run's are such."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from pages.components.display.markdown import escaped
from pages.components.evaluate.orders import remembered
from pages.components.evaluate.state import ready_contenders
from pages.components.jobs.paid_call import address_of
from pages.components.session import connection as connections
from pages.components.session import keys, stores
from rerank_core import RerankError, pricing
from rerank_core.evaluation.experiments.records import Experiment, ExperimentProgress
from rerank_core.evaluation.experiments.saved_answers import RequestNames
from rerank_core.evaluation.measures.summary import saved_text
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.ranking.contender import Contender

USE, AGAIN = "Use them", "Ask all again"
_MOST_SHOWN = 1000


def paid_addresses(picked: Iterable[Contender]) -> dict[str, str]:
    """Where the services are that cost money, by the ids of their providers."""
    found = {one.provider: connections.of(one.provider) for one in picked if not one.is_local}
    return {name: address_of(one) for name, one in found.items() if not one.provider.is_free}


def saved_places(query_set: QuerySet, picked: tuple[Contender, ...]) -> set[tuple[int, int]]:
    """Which requests of a run would have a saved answer, by the places of contender and query."""
    addresses = paid_addresses(picked)
    if not addresses:
        return set()
    key = ("request names", query_set, tuple(map(str, picked)), tuple(sorted(addresses.items())))
    names = remembered(key, lambda: RequestNames(query_set, query_set.ready, picked, addresses).all())
    try:
        there = stores.experiments().which_saved(names.values())
    except RerankError:  # what cannot be read is asked for
        return set()
    return {place for place, name in names.items() if name in there}


def saved_choice(saved: int, requests: int) -> bool:
    """Say how many answers are saved, and ask whether they are to be used; whether they are."""
    are = "answer is" if saved == 1 else "answers are"
    st.markdown(
        escaped(
            f":material/inventory_2: **{saved:,} of {requests:,} {are} saved: $0.00 for those.** The very same was "
            "asked before, in a run of yours or one that is shared with you."
        )
    )
    st.session_state.setdefault(keys.EVALUATE_SAVED, USE)
    chosen = st.segmented_control(
        "Saved answers",
        [USE, AGAIN],
        required=True,
        key=keys.EVALUATE_SAVED,
        help="Used, they stand in the ledger as saved, for $0.00, with the time and the cost of when they were asked. "
        "Asked again, everything is sent and billed once more, and the new answers are saved too.",
    )
    return chosen != AGAIN


def take_over(made: Experiment, query_set: QuerySet, expected: int) -> None:
    """Put the saved answers into a new experiment. Raises RerankError, with the experiment gone, where they are fewer
    than was said: nothing is paid for that somebody took for saved."""
    names = RequestNames(query_set, query_set.ready, made.contenders, paid_addresses(made.contenders)).all()
    if stores.experiments().take_saved(made.id, names) < expected:
        stores.experiments().delete(made.id)
        raise RerankError(
            "Some of the saved answers are not there any more.", hint="The cost below is what the run costs now."
        )


def saved_note(one: Experiment, now: ExperimentProgress) -> None:
    """Say how many answers of a run were not asked for, and offer a run that asks for all of them."""
    if not now.saved:
        return
    labels = {(each.provider, each.model) for each in one.contenders}

    def again() -> None:
        st.session_state[keys.EVALUATE_MODELS] = [
            name for name, each in ready_contenders().items() if (each.provider, each.model) in labels
        ]
        st.session_state[keys.EVALUATE_SAVED] = AGAIN

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            escaped(
                f":material/inventory_2: **{saved_text(now.saved).capitalize()}**: the very same was asked before. "
                "Nothing was sent for them, and they cost $0.00. Times and costs a search are those of when they were "
                "asked."
            ),
            width="content",
        )
        st.button("Ask all again", icon=":material/replay:", key=keys.EVALUATE_ASK_AGAIN, on_click=again)


def saved_ledger(one: Experiment, query_set: QuerySet) -> None:
    """The requests that were not sent, with when their answers were given and what those cost then."""
    found = stores.experiments().saved(one.id)
    if not found:
        return
    ready, title = query_set.ready, f"{saved_text(len(found))}, $0.00"
    with st.expander(title, icon=":material/inventory_2:"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Query": ready[row.query].text[:300] if row.query < len(ready) else "",
                        "Model": one.contenders[row.contender].label,
                        "Answered": datetime.fromtimestamp(row.first or row.started, UTC).astimezone(),
                        "Cost now": "$0.00",
                        "Cost then": pricing.money_text(row.amount),
                    }
                    for row in found[:_MOST_SHOWN]
                ]
            ),
            hide_index=True,
            alt=title,
        )
