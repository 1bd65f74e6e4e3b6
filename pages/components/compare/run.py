"""One press of Compare: every model a job of its own, each failing by itself, together within the spending limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import streamlit as st

from pages.components.compare import blind
from pages.components.compare.state import Part, state
from pages.components.display.markdown import escaped
from pages.components.display.saved_answer import saved_answer
from pages.components.inputs import fold, ratings
from pages.components.inputs.documents import read_fields
from pages.components.inputs.examples import may_be_left
from pages.components.jobs.page_job import Ended, JobKind, Plan
from pages.components.jobs.paid_call import RunAsked, answered_before, estimated, keeping_for, rerank_task
from pages.components.jobs.spending import Wording
from pages.components.session import connection as connections
from pages.components.session import keys, stores, unsaved
from pages.components.session.connection import Connection
from pages.components.session.texts import texts
from rerank_core import InvalidRequestError, RerankError, RerankRequest, pricing
from rerank_core.jobs import Job
from rerank_core.ranking.blind_test import shuffled
from rerank_core.ranking.comparison import WholeCost, whole_cost
from rerank_core.ranking.contender import MAX_CONTENDERS, Contender, short_names
from rerank_core.retrieval.starting_order import StartBy, StartingOrder, start_order
from rerank_core.storage.history.record import Made
from rerank_core.storage.ownership import NOT_SHARED
from rerank_core.storage.run_record import Run, new_id
from rerank_core.storage.sqlite_file import StoreError


@dataclass(frozen=True)
class Share:
    """What one model would be asked, and what that may cost; `answered` is when the very same was paid for before, None
    where it was not or is to be asked again."""

    contender: Contender
    connection: Connection
    query: str
    start: StartingOrder
    estimate: pricing.CostEstimate
    answered: datetime | None = None

    @property
    def request(self) -> RerankRequest:
        """What is sent. Raises RerankError where it cannot be."""
        return RerankRequest(self.query, self.start.documents, model=self.contender.model, rank_fields=read_fields())


@dataclass(frozen=True)
class ComparePlan:
    """What pressing Compare now would do: what is to be sent, and the parts that are there already and are kept."""

    chosen: tuple[Contender, ...]
    shares: tuple[Share, ...]
    kept: tuple[Part, ...]
    cost: WholeCost

    def tasks(self, *, pressed: bool = True) -> Plan[Run]:
        """The same as jobs; an example that was not asked for is not saved, unless it is for a blind test. Raises
        RerankError where nothing could be asked."""
        if not self.chosen:
            raise InvalidRequestError("No model is chosen.", hint="Choose two or more under Models.")
        names = dict(zip(self.chosen, short_names(self.chosen), strict=True))
        saved = pressed or blind.on() or not may_be_left(*(share.connection for share in self.shares))
        entry = new_id()
        places = {contender: place for place, contender in enumerate(self.chosen)}
        others = tuple((places[part.contender], part.run_id) for part in self.kept)
        tasks = []
        for share in self.shares:
            run_id = new_id()
            made = Made("compare", entry, places[share.contender], others)
            keeping = keeping_for(run_id, made, saved=saved, again=state().again)
            name, order_name = names[share.contender], share.start.name
            tasks.append(rerank_task(share.connection, share.request, order_name, name, keeping=keeping, run_id=run_id))
        return Plan(tuple(tasks))


FOLD = "compare"


def has_result() -> bool:
    """Whether there is a comparison to be seen, or one on its way."""
    return bool(state().answered) or state().under_way or state().wanted


def plan(chosen: Sequence[Contender]) -> ComparePlan:
    """What pressing Compare now would do.

    Models whose answer to the very same question is shown already are not asked and paid again, unless all are.
    """
    query, ordered = inputs()
    kept = tuple(part for part in state().answered if part.contender in chosen and answers(part, query, ordered))
    if len(kept) == len(chosen) or state().again:
        kept = ()
    there = {part.contender for part in kept}
    shares = []
    for contender in chosen:
        if contender in there:
            continue
        connection = connections.of(contender.provider)
        expected = connection.estimate(contender.model, query, ordered.documents, read_fields())
        share = Share(contender, connection, query, ordered, expected)
        shares.append(share if state().again else replace(share, answered=_answered(share)))
    cost = whole_cost((share.estimate, share.connection.max_retries) for share in shares if share.answered is None)
    return ComparePlan(tuple(chosen), tuple(shares), kept, cost)


def _answered(share: Share) -> datetime | None:
    """When the very same was paid for before; None too where nothing could be asked yet."""
    if share.connection.provider.is_free:
        return None
    try:
        return answered_before(share.connection, share.request)
    except RerankError:
        return None


def saved_notice() -> None:
    """Say which answers are saved ones, and offer to ask once more."""
    parts = [part for part in state().answered if part.reused and part.run is not None]
    if not parts or state().under_way:
        return
    known = [estimated(connections.of(part.contender.provider), part.run.request).amount for part in parts if part.run]
    cost = pricing.money_text(None if None in known else sum((one for one in known if one is not None), Decimal(0)))
    which = (
        ""
        if len(parts) == len(state().parts) or blind.hidden(state())
        else " and ".join(short_names([part.contender for part in parts]))
    )
    saved_answer(
        max(part.run.created for part in parts if part.run),
        cost,
        _again,
        key=keys.of(keys.RUN_AGAIN, "compare"),
        which=which,
    )


def _again() -> None:
    state().again = state().wanted = True


def inputs() -> tuple[str, StartingOrder]:
    """The query and the documents as they stand on the page, in the order that was chosen to start from."""
    query: str = st.session_state.get(keys.QUERY) or ""
    by: StartBy = st.session_state.get(keys.START_ORDER) or "listed"
    working, current = texts().working, state()
    made_of = (working, by, (query, read_fields()) if by == "keyword" else "")
    if current.start is None or current.start[0] != made_of:
        current.start = (
            made_of,
            start_order(working, by, query, read_fields()),
        )  # by keyword, an index is built for it
    return query, current.start[1]


def answers(part: Part, query: str, ordered: StartingOrder) -> bool:
    """Whether a part has an answer to this very question, from what the models read now."""
    return (
        part.run is not None
        and part.run.query == query
        and part.run.request.rank_fields == read_fields()
        and part.run.documents == ordered.documents
    )


def _started(planned: Plan[Run]) -> None:
    """A comparison begins: the new parts take their places beside those that are kept."""
    current = state()
    query, ordered = inputs()
    seen = current.seen_named == current.round or not blind.hidden(current)
    seen = seen and any(answers(part, query, ordered) for part in current.answered)
    asked = {task.id: task.asked for task in planned.tasks}
    begun = [Part(_contender(each), run_id) for run_id, each in asked.items() if isinstance(each, RunAsked)]
    wanted = current.wanted_contenders
    anew = {part.contender for part in begun}
    staying = [part for part in current.answered if part.contender in wanted and part.contender not in anew]
    kept = [part for part in staying if answers(part, query, ordered)]
    if any(unsaved.is_saved(run_id) for run_id in asked):  # somebody asked for this comparison: all of it is theirs
        entry = planned.tasks[0].args[-1].made.entry
        for part in kept:
            part.run = part.run and unsaved.saved(part.run, Made("compare", entry, wanted.index(part.contender)))
    by_contender = {part.contender: part for part in [*kept, *begun]}
    current.parts = [by_contender[contender] for contender in wanted]
    current.round, current.shuffle, current.revealed = new_id(), shuffled(len(current.parts)), False
    current.seen_named = current.round if seen else ""
    if seen:
        blind.shown_named()
    current.picked, current.again = None, False


def _take(ended: Ended[Run]) -> None:
    part = _part(ended.id)
    if part is not None and ended.result is not None:
        part.run, part.run_id, part.reused = ended.result, ended.result.id, ended.result.id != ended.id
        _fold()
        _share_ratings()


def _share_ratings() -> None:
    """What was rated for one model of the comparison counts for all: the documents are the same."""
    ratings.share([part.run for part in state().parts if part.run is not None])


def _missed(ended: Ended[Run]) -> None:
    part = _part(ended.id)
    if part is not None:
        part.error, part.cancelled = ended.error, ended.error is None
        _fold()


def _fold() -> None:
    """The answers are to be seen; what was cancelled can be asked for again, so the button is to be seen too."""
    fold.of(FOLD).opened = any(part.cancelled for part in state().parts)


def _contender(asked: RunAsked) -> Contender:
    return Contender(asked.provider, asked.request.model)


def _part(run_id: str) -> Part | None:
    return next((part for part in state().parts if part.run_id == run_id), None)


def _standing(job: Job[Run]) -> str:
    """How far a model is."""
    now = job.progress
    if job.state == "queued":
        words = "waiting for its turn"
    elif now.total:
        words = f"{now.done:,} of {now.total:,} documents"
    else:
        words = "waiting for an answer"
    if now.cost is not None and now.cost.amount:
        words += escaped(f", {pricing.money_text(now.cost.amount)} so far")
    if now.eta is not None and now.eta >= 1:
        words += f", about {now.eta:.0f} s left"
    return words


def _caption() -> str:
    parts = state().parts
    done = sum(part.over for part in parts)
    return f"{done} of {len(parts)} done. Finished models stay when you cancel."


COMPARE = JobKind[Run](
    "compare",
    "Comparing",
    "reranking",
    take=_take,
    missed=_missed,
    started=_started,
    paid="Compare",
    limit=Wording("this comparison", "Compare"),
    words=_standing,
    caption=_caption,
)


def submit(chosen: Sequence[Contender], *, unasked: bool) -> None:
    """Compare was pressed, or a story was picked that is free."""
    state().wanted_contenders = tuple(chosen)
    COMPARE.job().submit(lambda: plan(chosen).tasks(pressed=not unasked), unasked=unasked)


def confirmation(chosen: Sequence[Contender]) -> None:
    """Ask whether a comparison may pass the spending limit."""
    state().wanted_contenders = tuple(chosen)
    COMPARE.job().confirmation(lambda: plan(chosen).tasks())


def restore(run_ids: str) -> None:
    """Show the comparison that the address names: each part from its worker where it is remembered, else from the
    store. Parts that are nowhere are left out, and those that do not compare; the page says so."""
    current, mine = state(), COMPARE.job()
    ids = [name for name in dict.fromkeys(run_ids.split(",")) if name][:MAX_CONTENDERS]
    mine.message = ""
    parts: list[Part] = []
    under_way: dict[str, str] = {}
    for place, run_id in enumerate(ids):
        asked = mine.asked(run_id)
        if isinstance(asked, RunAsked):
            parts.append(Part(_contender(asked), run_id))
            under_way[run_id] = short_names([_contender(asked)])[0]
            continue
        run = _saved(run_id, Made("compare", ids[0], place))
        if run is not None:
            parts.append(Part(Contender(run.connection, run.request.model), run_id, run=run))
    # A link that was put together by hand may name runs of different questions, which do not compare, or a model twice.
    questions = {
        (asked.request.query, asked.request.documents, asked.request.rank_fields, asked.order_name)
        for part in parts
        if (asked := _question(part)) is not None
    }
    mine.message = mine.message or _left_out(len(ids), len(parts))
    if len(questions) > 1 or len({part.contender for part in parts}) < len(parts):
        parts, under_way = [], {}
        mine.message = "The link names runs that do not compare: of different questions, or of one model twice."
    current.parts = parts
    mine.watch(list(under_way), list(under_way.values()))
    current.round, current.shuffle = new_id(), shuffled(len(parts))


def open_runs(runs: Sequence[Run]) -> None:
    """Show a comparison of other runs than those that were made here; what is under way goes on."""
    current = state()
    COMPARE.job().forget()
    current.parts = [Part(Contender(run.connection, run.model), run.id, run=run) for run in runs]
    current.round, current.shuffle, current.revealed = new_id(), shuffled(len(runs)), False
    current.picked, current.figures = None, None
    blind.shown_named()


def of_history(run_ids: str | None) -> list[Run]:
    """The runs of a comparison that is opened from the history, as far as they are there."""
    try:
        found = [stores.runs().get(run_id) for run_id in (run_ids or "").split(",") if run_id]
    except StoreError as error:
        COMPARE.job().error = error
        return []
    return [run for run in found if run is not None]


def _left_out(named: int, found: int) -> str:
    """What became of the runs that a link names, in words; empty where all are here."""
    if found == named:
        return ""
    if found:
        return f"The link names {named} runs, and {found} of them {'is' if found == 1 else 'are'} on this computer."
    return (
        "The link names runs that are not on this computer: they were deleted, or made on another one. "
        "Choose an example, or compare texts of your own."
    )


def restored() -> None:
    """Take over what has ended by now, once the texts of the comparison are back on the page."""
    COMPARE.job().take_finished()
    _share_ratings()
    blind.restored()


def _saved(run_id: str, made: Made) -> Run | None:
    found = COMPARE.job().find(run_id)
    if found is not None and found.state == "done":
        run = found.result()
        unsaved.recall(run, made)
        return run
    try:
        return stores.runs().get(run_id)
    except StoreError as error:
        if error.code == NOT_SHARED:
            COMPARE.job().message = str(error)
    return None


def question() -> RunAsked | None:
    """What one of the models of the comparison that is shown or under way was asked."""
    return next((found for part in state().parts if (found := _question(part)) is not None), None)


def _question(part: Part) -> RunAsked | None:
    if part.run is not None:
        return RunAsked(part.run.connection, part.run.request, part.run.order_name)
    asked = COMPARE.job().asked(part.run_id)
    return asked if isinstance(asked, RunAsked) else None
