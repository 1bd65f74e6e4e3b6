"""As whom this session sees a query set that several people judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.session import keys, people, stores
from pages.components.session.owner import keeper
from rerank_core.evaluation.judging.assignment import Judging
from rerank_core.evaluation.query_sets.query_set import QuerySet

if TYPE_CHECKING:
    from rerank_core.storage.judging.store import JudgingStore


@dataclass(frozen=True)
class Viewer:
    """Who looks: taken from the session once, so that work on another thread can ask too.

    `leading` is the set that they said they lead, `rater` the name that they rate under; both count where nobody
    signs in alone.
    """

    store: JudgingStore
    signed_in: bool
    leading: str | None
    rater: str

    def leads(self, set_id: str, judging: Judging) -> bool:
        """Whether they say who rates a set, and see everybody's ratings: that of who may change it where people sign
        in; else while nobody was assigned, and where somebody has said that they lead."""
        if self.signed_in:
            return self.store.may_lead(set_id)
        return not judging.raters or self.leading == set_id

    def name(self, set_id: str, judging: Judging) -> str | None:
        """The name by which they see a set; None for who leads. Empty where nobody has said who it is."""
        return None if self.leads(set_id, judging) else self.rater

    def see(self, set_id: str, whole: QuerySet) -> QuerySet:
        """A saved query set without what they are not to see yet. Raises ExperimentError."""
        return self.store.seen(set_id, whole, self.of_set(set_id))

    def of_set(self, set_id: str) -> str | None:
        """The name by which they see the set of this id; None for who leads. Raises ExperimentError."""
        return self.name(set_id, self.store.get(set_id))


def here() -> Viewer:
    """Whoever looks in this session."""
    said = str(st.session_state.get(keys.EVALUATE_RATER) or "").strip()
    signed_in = people.current() is not None
    return Viewer(stores.judging(), signed_in, st.session_state.get(keys.JUDGING_LEADS), keeper() or said)


def lead(set_id: str) -> None:
    """Lead the judging of a set from now on, where nobody signs in."""
    st.session_state[keys.JUDGING_LEADS] = set_id


def rate_as(name: str) -> None:
    """Be this rater from now on, where nobody signs in, and lead nothing."""
    st.session_state[keys.EVALUATE_RATER] = name
    st.session_state[keys.JUDGING_LEADS] = None


def read_set(set_id: str) -> QuerySet | None:
    """A saved query set as this session may see it; None where there is none of that id. Raises ExperimentError."""
    whole = stores.query_sets().get(set_id)
    return None if whole is None else here().see(set_id, whole)
