"""A run under way or over: what it has cost so far, pause, go on, run again what failed; and the saved ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pandas as pd
import streamlit as st

import rerank_core as rc
from pages.components.display import errors
from pages.components.display.markdown import escaped
from pages.components.evaluate.state import experiment, go, open_experiment, state
from pages.components.jobs.page_job import Ended, JobKind, PageJob, Plan, Task
from pages.components.jobs.page_job import failure as why
from pages.components.session import connection as connections
from pages.components.session import keys, stores
from pages.components.session.connection import Connection
from rerank_core import RerankError, pricing
from rerank_core.evaluation.experiments.records import Experiment, ExperimentProgress, RatePolicy
from rerank_core.evaluation.experiments.runner import Only, RunOptions, run_experiment
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.jobs import Job
from rerank_core.ranking.contender import Contender

STATES = {
    "new": "not started",
    "running": "running",
    "interrupted": "interrupted when the server ended",
    "paused": "paused",
    "limit": "stopped at the spending limit",
    "halted": "stopped, a connection was given up",
    "cancelled": "cancelled",
    "done": "done",
}

MOST_AT_ONCE = 8
"""Requests of one connection under way at once."""


def experiment_list() -> None:
    """The experiments of this query set."""
    current = state()
    saved = {one.id: one for one in stores.experiments().list(current.set_id)}
    if not saved:
        return
    if current.experiment_id not in saved:
        current.experiment_id = next(iter(saved))
    st.session_state[keys.EXPERIMENT] = current.experiment_id
    titles = _titles(list(saved.values()))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Experiment",
            list(saved),
            format_func=titles.__getitem__,
            key=keys.EXPERIMENT,
            on_change=lambda: open_experiment(st.session_state[keys.EXPERIMENT]),
            width=560,
        )
        shown = saved[current.experiment_id]
        with st.popover("Rename", icon=":material/edit:"):
            st.text_input(
                "New name", value=_own_name(shown), key=keys.of(keys.EXPERIMENT_NAME, shown.id), max_chars=200
            )
            st.button("Save the name", on_click=_rename, args=(shown.id,), key=keys.RENAME_EXPERIMENT)
        if not under_way():
            with st.popover("Delete", icon=":material/delete:"):
                st.text("Delete this experiment with its answers? Answers that were paid for are lost.")
                st.button("Yes, delete it", on_click=_delete, args=(current.experiment_id,))


def _titles(newest_first: Sequence[Experiment]) -> dict[str, str]:
    """What each is called in the list; those of one minute and name are numbered, since a list tells its entries
    apart by their words."""
    found: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for one in reversed(newest_first):
        when = one.created.astimezone().strftime("%d %b %H:%M")
        about = f"{when}, {_own_name(one) or ', '.join(contender.label for contender in one.contenders)}"
        seen[about] += 1
        number = f" ({seen[about]})" if seen[about] > 1 else ""
        found[one.id] = f"{about}{number}: {STATES[one.state]}"
    return found


def _own_name(one: Experiment) -> str:
    """What somebody called it; nothing where it only has the name of its query set."""
    query_set = state().query_set
    return "" if query_set is not None and one.name == query_set.name else one.name


def _rename(experiment_id: str) -> None:
    try:
        stores.experiments().rename(experiment_id, st.session_state[keys.of(keys.EXPERIMENT_NAME, experiment_id)])
    except RerankError as error:
        state().error = error


def _delete(experiment_id: str) -> None:
    current = state()
    try:
        stores.experiments().delete(experiment_id)
    except RerankError as error:
        current.error = error
    current.experiment_id = None


# The run under way


def create(
    query_set: QuerySet,
    picked: tuple[Contender, ...],
    rates: Mapping[str, RatePolicy] | None = None,
    limit: Decimal | None = None,
) -> bool:
    """Write a new experiment down and start it; False, with the reason on the page, where that cannot be."""
    current = state()
    try:
        made = stores.experiments().create(current.set_id or "", query_set, picked, spending_limit=limit, rates=rates)
    except RerankError as error:
        current.error = error
        return False
    current.experiment_id = made.id
    return submit(made)


@dataclass(frozen=True)
class Clients:
    """Makes clients of the connections as they were set up when the run was started; for worker threads."""

    connections: Mapping[str, Connection]

    def __call__(self, provider: str, *, max_retries: int, max_concurrency: int) -> rc.Client:
        """A client; `max_concurrency` is held by the experiment itself, and is under the client's own bound."""
        del max_concurrency
        return connections.client(replace(self.connections[provider], max_retries=max_retries))


def submit(one: Experiment, only: Only = "open") -> bool:
    """Hand an experiment to a worker; it goes on where it stopped, as fast as was said last."""
    current = state()
    if current.query_set is None:
        return False
    providers = {contender.provider for contender in one.contenders}
    clients = Clients({name: connections.of(name) for name in providers})
    options = RunOptions(connections.budget(), connections.prices(), only)
    task = Task(run_experiment, (stores.experiments(), one.id, current.query_set, clients, options), id=one.id)
    mine = job()
    mine.forget()
    mine.start(Plan((task,)))
    current.error, mine.error = mine.error, None
    return current.error is None


def _ignored(_ended: Ended[ExperimentProgress]) -> None:
    """The ledger says how a run ended; a failure of the work itself is looked up with `failure`."""


def _missed(ended: Ended[ExperimentProgress]) -> None:
    """A start that was refused is said at once."""
    if ended.error is not None and job().find(ended.id) is None:
        job().error = ended.error


EXPERIMENT_JOB = JobKind[ExperimentProgress](
    name="experiment", doing="Running", failed="running this", take=_ignored, missed=_missed
)


def job() -> PageJob[ExperimentProgress]:
    """The experiment that this session has started."""
    return EXPERIMENT_JOB.job()


def running() -> Job[ExperimentProgress] | None:
    """The job of the experiment that is shown, while it runs in this process, whoever started it."""
    found = job().find(state().experiment_id)
    return None if found is None or found.finished else found


def failure() -> RerankError | None:
    """Why the last start of the experiment broke off, where it did."""
    found = job().find(state().experiment_id)
    return why(found, "running this") if found is not None and found.state == "failed" else None


def status(one: Experiment) -> None:
    """How the experiment stands, with what can be done about it."""
    if progress():
        return
    now = stores.experiments().progress(one.id)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.text(f"{STATES.get(now.state, now.state).capitalize()}: {now.text}", width="content")
            _next_steps(one, now)
        if now.note:
            st.text(now.note)
        error = failure()
        if error is not None:
            errors.show(error)
        if now.maybe:
            st.caption(escaped(f"{pricing.money_text(now.maybe)} may have been billed as well."))
        if now.unknown_cost:
            st.caption(f"The cost of {now.unknown_cost:,} answers is not known.")
    _ledger(one)


def _next_steps(one: Experiment, now: ExperimentProgress) -> None:
    open_ones = now.total - now.done - now.failed
    with st.container(horizontal=True, width="content"):
        if open_ones > 0:
            label = "Start" if now.state == "new" else "Resume"
            if st.button(label, icon=":material/play_arrow:", key=keys.RESUME_RUN):
                submit(one)
                st.rerun()
        if now.done and not open_ones:
            st.button("See the answer", icon=":material/insights:", key=keys.SEE_ANSWER, on_click=go, args=("Answer",))
        if now.failed and st.button(
            f"Run the {now.failed:,} failed again", icon=":material/refresh:", key=keys.RERUN_FAILED
        ):
            submit(one, only="failed")
            st.rerun()
        hosted = sorted({contender.provider for contender in one.contenders if not contender.is_local})
        if hosted and (open_ones > 0 or now.failed):
            with st.popover("Speed and limit", icon=":material/speed:"):
                _terms(one, hosted)


def _terms(one: Experiment, hosted: Sequence[str]) -> None:
    """How fast a stopped run may ask each service from now on, and what it may cost as a whole."""
    for provider in hosted:
        label, rate = rc.provider(provider).label, one.rates.get(provider) or RatePolicy.usual(provider)
        st.number_input(
            f"{label}: requests at once",
            min_value=1,
            max_value=max(MOST_AT_ONCE, rate.concurrency),
            value=rate.concurrency,
            key=keys.of(keys.RUN_AT_ONCE, provider, one.id),
        )
        st.number_input(
            f"{label}: at most a minute",
            min_value=1,
            max_value=100_000,
            value=None,
            placeholder="No limit",
            key=_seeded(keys.of(keys.RUN, "per_minute", provider, one.id), rate.per_minute),
        )
    st.number_input(
        "This run may cost at most (US dollars)",
        min_value=0.0,
        value=None,
        step=0.5,
        format="%g",
        placeholder="No limit of its own",
        key=_seeded(keys.of(keys.RUN_LIMIT, one.id), None if one.spending_limit is None else float(one.spending_limit)),
        help="For the run as a whole, what it has cost so far included. Empty: no limit of its own.",
    )
    st.button("Use from the next start on", key=keys.SET_TERMS, on_click=_set_terms, args=(one, hosted))


def _seeded(key: str, value: float | None) -> str:
    """The key of a number that can be emptied, which one with a value of its own cannot; it begins with `value`."""
    st.session_state.setdefault(key, value)
    return key


def _set_terms(one: Experiment, hosted: Sequence[str]) -> None:
    form, rates = st.session_state, dict(one.rates)
    for provider in hosted:
        at_once, a_minute = (form[keys.of(keys.RUN, what, provider, one.id)] for what in ("at_once", "per_minute"))
        before = one.rates.get(provider) or RatePolicy.usual(provider)
        rates[provider] = RatePolicy(at_once or before.concurrency, a_minute, before.retries)
    limit = form[keys.of(keys.RUN_LIMIT, one.id)]
    try:
        stores.experiments().set_rates(one.id, rates)
        stores.experiments().set_limit(one.id, None if limit is None else Decimal(str(limit)))
    except RerankError as error:
        state().error = error
    else:
        state().note = "The run goes on like this when it is started again."


def progress() -> bool:
    """Show the run under way, in whichever process, and say whether there is one; draws the whole page again when it
    ends. What stands below keeps its place then."""
    going = under_way()
    with st.container():
        if going:
            _progress()
    return going


def under_way() -> bool:
    """Whether the experiment that is shown is being run, by this process or another one."""
    one = experiment()
    return one is not None and (running() is not None or one.state == "running")


@st.fragment(run_every=0.5)
def _progress() -> None:
    one = state().experiment_id
    if one is None or not under_way():
        st.rerun()
    now, asked = stores.experiments().progress(one), stores.experiments().asked(one)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.progress(now.fraction, text=escaped(now.text), width="stretch")
        ask = stores.experiments().ask
        st.button(
            "Pause",
            icon=":material/pause:",
            disabled=bool(asked),
            key=keys.PAUSE_RUN,
            on_click=ask,
            args=(one, "pause"),
        )
        st.button(
            "Cancel",
            icon=":material/stop_circle:",
            disabled=asked == "cancel",
            key=keys.CANCEL_RUN,
            on_click=ask,
            args=(one, "cancel"),
        )
    if asked:
        st.caption("Stopping once the requests under way have come back: they are paid for.")


def _ledger(one: Experiment) -> None:
    """What failed, and what may have been billed without an answer."""
    query_set = state().query_set
    if query_set is None:
        return
    failed, twice = stores.experiments().failures(one.id), stores.experiments().requests(one.id, billed_twice=True)
    ready = query_set.ready
    for found, title in (
        (failed, f"{len(failed):,} failed"),
        (twice, f"{len(twice):,} may have been billed without an answer"),
    ):
        if not found:
            continue
        with st.expander(title, icon=":material/warning:"):
            st.dataframe(
                pd.DataFrame(
                    [
                        {
                            "Query": ready[row.query].text[:300] if row.query < len(ready) else "",
                            "Model": one.contenders[row.contender].label,
                            "What happened": row.message or "It was under way when the run ended.",
                            "What to do": row.hint,
                            "At most": pricing.money_text(row.reserved),
                        }
                        for row in found[:1000]
                    ]
                ),
                hide_index=True,
                alt=title,
            )
