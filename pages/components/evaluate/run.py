"""A run under way or over: what it has cost so far, pause, go on, run again what failed; and the saved ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.markdown import escaped
from pages.components.display.ownership import may_change, named, said, share_switch
from pages.components.evaluate.running import how
from pages.components.evaluate.running.after_its_server import after_its_server, said_beforehand
from pages.components.evaluate.saved import choose_saved, delete_popover, rename_popover
from pages.components.evaluate.saved_answers import saved_ledger, saved_note, take_over
from pages.components.evaluate.state import experiment, go, open_experiment, reported, state
from pages.components.evaluate.terms import limit_field, rate_fields
from pages.components.jobs import replicas
from pages.components.jobs.page_job import Ended, JobKind, PageJob, Plan, Task
from pages.components.jobs.page_job import failure as why
from pages.components.jobs.progress import go_on_control, queue_words
from pages.components.session import account, keys, stores
from pages.components.session import connection as connections
from rerank_core import RerankError, pricing
from rerank_core.documents.working_list import unused_name
from rerank_core.evaluation.experiments.ledger import Ask
from rerank_core.evaluation.experiments.options import Only
from rerank_core.evaluation.experiments.records import Experiment, ExperimentProgress, RatePolicy
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.jobs import Job
from rerank_core.ranking.contender import Contender
from rerank_core.storage.ownership import Ownership

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


def experiment_list() -> None:
    """The experiments of this query set."""
    current = state()
    saved = {one.id: one for one in stores.experiments().list(current.set_id, current.experiment_id)}
    if not saved:
        return
    if current.experiment_id not in saved:
        current.experiment_id = next(iter(saved))
    titles = _titles(list(saved.values()))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose_saved("Experiment", titles, current.experiment_id, open_experiment, key=keys.EXPERIMENT, width=560)
        shown = saved[current.experiment_id]
        owned = _ownership(shown)
        said(owned)
        if may_change(owned):
            rename_popover(
                _own_name(shown),
                partial(stores.experiments().rename, shown.id),
                field=keys.of(keys.EXPERIMENT_NAME, shown.id),
                button=keys.RENAME_EXPERIMENT,
            )
            if not under_way():
                delete_popover(
                    "Delete this experiment with its answers? Answers that were paid for are lost.",
                    partial(_delete, shown.id),
                )
        share_switch(
            owned,
            partial(_share, shown.id),
            key=keys.SHARE_EXPERIMENT,
            meaning="Everyone who signs in here finds this experiment, with its figures, its costs and the query set "
            "that it is about. Only you pause it, go on with it, change or delete it.",
        )


def _titles(newest_first: Sequence[Experiment]) -> dict[str, str]:
    """What each is called in the list, newest first; those of one minute and name are numbered, since a list tells its
    entries apart by their words."""
    names: dict[str, str] = {}
    for one in reversed(newest_first):
        when = one.created.astimezone().strftime("%d %b %H:%M")
        about = f"{when}, {_own_name(one) or ', '.join(contender.label for contender in one.contenders)}"
        names[one.id] = unused_name(about, names.values())
    return {one.id: named(f"{names[one.id]}: {STATES[one.state]}", _ownership(one)) for one in newest_first}


def _ownership(one: Experiment) -> Ownership:
    return Ownership(one.owner, one.shared)


def _share(experiment_id: str, shared: bool) -> None:
    with reported():
        stores.experiments().share(experiment_id, shared)


def _own_name(one: Experiment) -> str:
    """What somebody called it; nothing where it only has the name of its query set."""
    query_set = state().query_set
    return "" if query_set is not None and one.name == query_set.name else one.name


def _delete(experiment_id: str) -> None:
    state().experiment_id = None
    stores.experiments().delete(experiment_id)


# The run under way


def create(
    query_set: QuerySet,
    picked: tuple[Contender, ...],
    rates: Mapping[str, RatePolicy] | None = None,
    limit: Decimal | None = None,
    *,
    saved: int = 0,
    pressed: bool = True,
) -> bool:
    """Write a new experiment down and start it; False, with the reason on the page, where that cannot be. `saved` of
    its answers are there from before and are taken over; where they are fewer by now it does not start. One that nobody
    pressed for is not listed in the history."""
    current = state()
    with reported():
        made = stores.experiments().create(
            current.set_id or "", query_set, picked, spending_limit=limit, rates=rates, reuse=saved > 0
        )
        if saved:
            take_over(made, query_set, saved)
        current.experiment_id = made.id
        if pressed:
            stores.history().add_experiment(made.id)
        return submit(made)
    return False


def submit(one: Experiment, only: Only = "open") -> bool:
    """Hand an experiment to a worker; it goes on where it stopped, as fast as was said last."""
    current = state()
    if current.query_set is None:
        return False
    as_they_are = {contender.provider: connections.of(contender.provider) for contender in one.contenders}
    maker = how.client_maker(as_they_are)
    whose, paid_by = how.session_mark(), account.of("Evaluate", one.id)
    options = how.options(as_they_are, paid_by, only, connections.budget(), whose)
    run: Callable[..., ExperimentProgress] = run_experiment
    lasting: tuple[object, ...] = ()
    try:
        work = how.work_of(one, only, as_they_are)
        if work is not None:
            stores.replicas().take(work)
            run, lasting = replicas.until_over, (stores.replicas(), one.id, run_experiment)
        if stores.experiments().asked(one.id):  # of a run that ended before it could do so
            stores.experiments().ask(one.id, "")
    except RerankError as error:
        current.error = error
        return False
    task = Task(
        run,
        (*lasting, stores.experiments(), one.id, current.query_set, maker, options),
        id=one.id,
        size=how.tokens(current.query_set, one),
        goes_on=any(not contender.is_local for contender in one.contenders),
    )
    mine = job()
    mine.forget()
    if not mine.start(Plan((task,))) and work is not None:
        stores.replicas().end(one.id)
    current.error, mine.error = mine.error, None
    return current.error is None


def _ignored(_ended: Ended[ExperimentProgress]) -> None:
    """The ledger says how a run ended; a failure of the work itself is looked up with `failure`."""


def _missed(ended: Ended[ExperimentProgress]) -> None:
    """A start that was refused is said at once."""
    if ended.error is not None and job().find(ended.id) is None:
        job().error = ended.error


EXPERIMENT_JOB = JobKind[ExperimentProgress](
    name=how.KIND, doing=how.LABEL, failed="running this", take=_ignored, missed=_missed, long=True
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
        after_its_server(one)
        error = failure()
        if error is not None:
            errors.show(error)
        if now.maybe:
            st.caption(escaped(f"{pricing.money_text(now.maybe)} may have been billed as well."))
        saved_note(one, now)
        if now.unknown_cost:
            st.caption(f"The cost of {now.unknown_cost:,} answers is not known.")
    _ledger(one)


def _next_steps(one: Experiment, now: ExperimentProgress) -> None:
    open_ones, mine = now.total - now.done - now.failed, may_change(_ownership(one))
    with st.container(horizontal=True, width="content"):
        if open_ones > 0 and mine:
            label = "Start" if now.state == "new" else "Resume"
            if st.button(label, icon=":material/play_arrow:", key=keys.RESUME_RUN):
                submit(one)
                st.rerun()
        if now.done and not open_ones:
            st.button("See the answer", icon=":material/insights:", key=keys.SEE_ANSWER, on_click=go, args=("Answer",))
        if (
            now.failed
            and mine
            and st.button(f"Run the {now.failed:,} failed again", icon=":material/refresh:", key=keys.RERUN_FAILED)
        ):
            submit(one, only="failed")
            st.rerun()
        hosted = sorted({contender.provider for contender in one.contenders if not contender.is_local})
        if mine and hosted and (open_ones > 0 or now.failed):
            with st.popover("Speed and limit", icon=":material/speed:"):
                _terms(one, hosted)


def _terms(one: Experiment, hosted: Sequence[str]) -> None:
    """How fast a stopped run may ask each service from now on, and what it may cost as a whole."""
    rates = dict(one.rates)
    for provider in hosted:
        rates[provider] = rate_fields(provider, one.rates.get(provider) or RatePolicy.usual(provider), one.id)
    limit = limit_field(one.spending_limit, one.id)
    if st.button("Use from the next start on", key=keys.SET_TERMS):
        with reported():
            stores.experiments().set_rates(one.id, rates)
            stores.experiments().set_limit(one.id, limit)
            state().note = "The run goes on like this when it is started again."
        st.rerun()  # what came of it stands at the top of the page


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
    now, asked, mine = stores.experiments().progress(one), stores.experiments().asked(one), running()
    may = may_change(_ownership(stores.experiments().get(one)))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.progress(now.fraction, text=(mine and queue_words(mine)) or escaped(now.text), width="stretch")
        for what, icon, key, off in (
            ("pause", ":material/pause:", keys.PAUSE_RUN, bool(asked)),
            ("cancel", ":material/stop_circle:", keys.CANCEL_RUN, asked == "cancel"),
        ):
            off = off or not may
            st.button(what.capitalize(), icon=icon, disabled=off, key=key, on_click=_ask, args=(one, what))
    if mine is not None:
        go_on_control([mine])
    said_beforehand(one)
    if asked:
        st.caption("Stopping once the requests under way have come back: they are paid for.")


def _ask(experiment_id: str, what: Ask) -> None:
    with reported():
        stores.experiments().ask(experiment_id, what)


def _ledger(one: Experiment) -> None:
    """What failed, and what may have been billed without an answer."""
    query_set = state().query_set
    if query_set is None:
        return
    failed, twice = stores.experiments().failures(one.id), stores.experiments().requests(one.id, billed_twice=True)
    saved_ledger(one, query_set)
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
