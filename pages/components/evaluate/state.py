"""What a session holds for the Evaluate page, and the stores of this machine behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import streamlit as st

import rerank_core as rc
from pages.components.session import connection as connections
from pages.components.session import judge, keys, page_state, stores
from pages.components.session.owner import keeper
from rerank_core import RerankError
from rerank_core.evaluation.experiments.records import Experiment
from rerank_core.evaluation.judging.assignment import NOT_ASSIGNED, Judging
from rerank_core.evaluation.query_sets.query_set import SAMPLE_NAME, QuerySet
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.ranking.contender import Contender, contenders
from rerank_core.storage.ownership import NOT_SHARED
from rerank_core.storage.query_sets import QuerySetSummary, SetVersion

STEPS = ["Query set", "Rate", "Run", "Answer", "Cut-off", "Cost", "Report"]
FREE = tuple(Contender("local", model) for model in ("local-keyword", "local-multilingual"))
"""What the sample is measured with on a first visit: the models of this computer that take seconds for it. The
others read with a cross-encoder, which takes a minute; they are chosen on the Run step."""


_DELETED, _UNSHARED = "has been deleted in another window", "is not shared with you any more"

Cut = tuple[str | None, str, int]
"""What a line of the Cut-off step is about: the experiment, the model's label, from which grade an answer is good."""


@dataclass
class EvaluateState:
    """The query set in work, the experiment that is shown, and where a person is in rating and looking."""

    arrived: bool = False
    set_id: str | None = None
    query_set: QuerySet | None = None
    experiment_id: str | None = None
    added: bool = False
    # What the models read of a query set that is being put together.
    importing: tuple[str, ...] = TITLE_AND_TEXT
    asking: bool = False
    # With how many saved answers the price of a new run was shown last.
    offered: int = 0
    error: RerankError | None = None
    note: str = ""
    # What the query set looked like when it was read last (see QuerySetStore.version_of).
    version: SetVersion | None = None
    # Who judges it together, what that looked like when it was read last, and as whom it was read.
    judging: Judging = NOT_ASSIGNED
    judged: tuple[object, ...] | None = None
    # Whether what a part of the page has done changes the rest of it.
    whole_page: bool = False
    # The query set in the address as this page wrote it: another one there is a link that was followed.
    linked: str | None = None
    # Rating: where the person is, and what Undo takes back (rater, query, document, grade before).
    place: int = 0
    rated_query: str | None = None
    undo: list[tuple[str, str, str, int | None]] = field(default_factory=list)
    # Settling: the query and document that somebody is at, and what Undo takes back (query, document, grade before).
    settling: tuple[str, str] | None = None
    settle_undo: list[tuple[str, str, int | None]] = field(default_factory=list)
    # Pairs of query and document that somebody did not want to rate where they would decide.
    skipped: set[tuple[str, str]] = field(default_factory=set)
    # Ratings given there that the answer, drawn before them, does not count yet.
    uncounted: int = 0
    # The query whose two orders are looked at (the worst one until somebody chose), and the document picked there.
    query_id: str | None = None
    query_chosen: bool = False
    picked: str | None = None
    # Where somebody moved the lines of the Cut-off step to, by experiment, model and the grade of a good answer.
    lines: dict[Cut, float] = field(default_factory=dict)
    tops: dict[Cut, int] = field(default_factory=dict)

    @property
    def opened(self) -> QuerySet:
        """The query set in work; for what is drawn only where there is one."""
        assert self.query_set is not None
        return self.query_set

    def use(self, set_id: str, query_set: QuerySet) -> None:
        """Work on this query set from now on."""
        if set_id != self.set_id:
            self.place, self.rated_query, self.query_id, self.picked = 0, None, None, None
            self.undo, self.query_chosen, self.importing = [], False, TITLE_AND_TEXT
            self.skipped, self.settling, self.settle_undo = set(), None, []
            self.experiment_id = self.version = None
            self.judging, self.judged = NOT_ASSIGNED, None
        self.set_id, self.query_set = set_id, query_set
        if query_set.name != SAMPLE_NAME:
            st.session_state[keys.LAST_SET] = set_id


def state() -> EvaluateState:
    """This session's Evaluate page."""
    return page_state.of(EvaluateState)


@contextmanager
def reported() -> Iterator[None]:
    """What goes wrong in here is said on the page, which goes on after it."""
    try:
        yield
    except RerankError as error:
        state().error = error


def saved_sets() -> tuple[QuerySetSummary, ...]:
    """The saved query sets, newest first, one's own sample always among them and last. One that an earlier version of
    the program came with stays for its runs, before the sample of today; so does another's that is shared. The set in
    work is among them, also where an operator has followed a link to it."""
    saved, today, mine = stores.query_sets().list(state().set_id), len(stores.sample_query_set()), keeper()
    if not any(is_sample(one) and one.queries == today and one.ownership.owner == mine for one in saved):
        stores.query_sets().save(stores.sample_query_set())
        saved = stores.query_sets().list(state().set_id)
    return tuple(
        sorted(saved, key=lambda one: is_sample(one) and 1 + (one.queries == today) + (one.ownership.owner == mine))
    )


def is_sample(one: QuerySetSummary | QuerySet | None) -> bool:
    """Whether a set is the sample."""
    return one is not None and one.name == SAMPLE_NAME


def open_set(set_id: str) -> None:
    """Read a saved set and work on it."""
    with reported():
        version = stores.query_sets().version_of(set_id)
        found = stores.query_sets().get(set_id)
        if found is None:
            raise RerankError(
                "There is no such query set any more.", hint="Choose another one.", code="query_set_not_found"
            )
        _take_over(set_id, found)
        state().version = version
        state().experiment_id = _latest(set_id)


def leave_set() -> None:
    """Turn to the newest of the others where the set in work is gone."""
    current = state()
    current.set_id = current.query_set = current.experiment_id = None
    open_set(saved_sets()[0].id)


def refresh() -> None:
    """Take over what others did to the set in work since this session looked last: their ratings and the runs that
    they added, or its end."""
    current = state()
    if current.set_id is None or current.query_set is None:
        return
    with reported():
        version, lost = _version(current.set_id)
        if version is None:
            gone = current.query_set.name
            leave_set()
            raise RerankError(
                f"The query set '{gone}' {lost}.",
                hint="Choose another one, or load it again.",
            )
        judged = (stores.judging().version_of(current.set_id), judge.here().name(current.set_id, current.judging))
        if version != current.version or judged != current.judged:
            before = current.query_set
            if current.version is None or version.contents != current.version.contents:
                whole = stores.query_sets().get(current.set_id) or before
            else:
                whole = replace(before, judgments=stores.query_sets().judgments(current.set_id), settled={})
            _take_over(current.set_id, whole)
            if current.query_set == before:  # what was worked out of it still holds
                current.query_set = before
            current.version = version
        if current.experiment_id is not None:
            _look_for(current.experiment_id)


def read_fields(fields: tuple[str, ...]) -> None:
    """Say which fields of the documents models read from now on."""
    set_id = state().set_id or ""
    with reported():
        _take_over(set_id, stores.query_sets().set_rank_fields(set_id, fields))


def _take_over(set_id: str, whole: QuerySet) -> None:
    """Work on a set as it was read, with who judges it and the ratings that this session may see of it. Whatever is
    read of a set passes here."""
    changed, judging = stores.judging().version_of(set_id), stores.judging().get(set_id)
    name = judge.here().name(set_id, judging)
    seen = stores.judging().seen(set_id, whole, name)
    current = state()
    current.use(set_id, seen)
    current.judging, current.judged = judging, (changed, name)


def _version(set_id: str) -> tuple[SetVersion | None, str]:
    """What a set looks like now; None where it is gone for this person, with what became of it in words."""
    try:
        return stores.query_sets().version_of(set_id), _DELETED
    except RerankError as error:
        if error.code == NOT_SHARED:
            return None, _UNSHARED
        raise


def _look_for(experiment_id: str) -> None:
    """Turn to the latest of the others where an experiment is gone, and say so."""
    current = state()
    try:
        stores.experiments().get(experiment_id)
    except RerankError as error:
        current.experiment_id = None
        if error.code not in ("experiment_not_found", NOT_SHARED):
            raise
        current.experiment_id = _latest(current.set_id)
        raise RerankError(
            f"The run that was shown here {_UNSHARED if error.code == NOT_SHARED else _DELETED}.",
            hint="This is the latest of the others." if current.experiment_id else "Choose models and run them again.",
        ) from error


def _latest(set_id: str | None) -> str | None:
    """The id of the newest experiment on a set; None where there is none."""
    return next((one.id for one in stores.experiments().list(set_id)), None)


def experiment() -> Experiment | None:
    """The experiment that is shown; None where there is none or it is gone."""
    current = state()
    if current.experiment_id is None:
        return None
    try:
        return stores.experiments().get(current.experiment_id)
    except RerankError as error:
        current.error, current.experiment_id = error, None
        return None


def go(step: str) -> None:
    """Go to a step; for a button's callback."""
    st.session_state[keys.STEP] = step


def open_experiment(experiment_id: str) -> None:
    """Show an experiment with the query set that it is about."""
    with reported():
        found = stores.experiments().get(experiment_id)
        if found.query_set != state().set_id:
            open_set(found.query_set)
        state().experiment_id = experiment_id


def ready_contenders() -> dict[str, Contender]:
    """Every model that could be asked now, by a name that no two of them share."""
    found = {}
    for one in contenders():
        spec = rc.provider(one.provider)
        missing = spec.unavailable_reason(one.model)
        if connections.of(spec.id).ready and not missing:
            found[f"{one.label} ({spec.label})" if one.model else spec.label] = one
    return found
