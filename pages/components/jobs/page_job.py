"""The one way in which a page has work done in the background.

A page describes its kind of work once (`JobKind`) and asks it for its `job`. Pressing a button calls `submit`
with a plan: the job is refused where it would pass the operator's budget, asks first where the visitor's own spending
limit would be passed, sets the money aside, hands the tasks to the manager's threads, and waits a moment, so that what
is soon done is drawn at once. On every run the page calls `take_finished`, which hands each result to the page, and
`progress`, which shows what is under way with a Cancel. Work goes on when somebody clicks elsewhere or reloads: the
address names it, and `watch` finds it. Where the tab is closed, what may cost money goes on, and other work ends after
a while unless it was asked to go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

import streamlit as st

from pages.components.jobs import spending
from pages.components.jobs.payment import Payment
from pages.components.jobs.progress import show_progress
from pages.components.jobs.size import refuse_too_much
from pages.components.session import account, page_state, people, stores, tab
from pages.components.session import connection as connections
from pages.components.session.connection import Connection
from pages.components.session.owner import owner
from rerank_core import RerankError, SpendingLimitError
from rerank_core.errors import reference
from rerank_core.jobs import Job
from rerank_core.storage.run_record import new_id

T = TypeVar("T")

_FREE = Decimal(0)
# Long enough that short work is drawn at once, short enough that long work soon shows its progress.
_AT_ONCE_SECONDS = 1.2


@dataclass(frozen=True)
class Task(Generic[T]):
    """One job that could start: `work(context, *args)` on a worker thread, where nothing of Streamlit may be called.

    Where the kind of work may cost money, it is `work(context, payment, *args)`. `most` is the most that it may cost
    in US dollars, None where nobody knows. `asked` is what a reloaded page wants to find again while it is under way:
    texts, choices. `name` stands before its bar where several run together. `connection` is over which service it may
    spend. `size` is what it reads in tokens (`pages.components.jobs.size`), by which short work is told from long work
    and the operator's limit is kept. `goes_on` says whether it goes on when its tab is closed; None leaves that to
    whether it may cost money, since nothing that is paid for may be lost.
    """

    work: Callable[..., T]
    args: tuple[Any, ...] = ()
    most: Decimal | None = _FREE
    asked: object = None
    name: str = ""
    id: str = field(default_factory=new_id)
    connection: Connection | None = None
    size: int = 0
    goes_on: bool | None = None

    @property
    def ends_with_its_tab(self) -> bool:
        """Whether nobody wants it any more once its tab is closed, unless it was asked to go on."""
        return self.most == 0 if self.goes_on is None else not self.goes_on


@dataclass(frozen=True)
class Plan(Generic[T]):
    """What pressing the button would start. `warning` is a sentence that is confirmed in any case."""

    tasks: tuple[Task[T], ...]
    warning: str = ""

    @property
    def most(self) -> Decimal | None:
        """The most that all of it may cost, as far as that is known; None where it is known of no task."""
        known = [task.most for task in self.tasks if task.most is not None]
        return sum(known, _FREE) if known else None

    @property
    def size(self) -> int:
        """The tokens that all of it reads."""
        return sum(task.size for task in self.tasks)


@dataclass(frozen=True)
class Ended(Generic[T]):
    """How a task came to its end: `state` is done, failed or cancelled; `error` says why it failed, `reason` why
    somebody else cancelled it."""

    id: str
    state: str
    result: T | None = None
    error: RerankError | None = None
    reason: str = ""


@dataclass(frozen=True)
class JobKind(Generic[T]):
    """A kind of work, in words; its behaviour is the same for all.

    `name` is a short word that no other kind has: it is the title of the jobs and stands in widget keys. `doing`
    begins the sentence beside the bar ("Reranking documents"), `failed` ends "Something went wrong while". `take` is
    handed every task that was done; `missed` every one that was not, where the page wants to say more than `error` and
    `message` of the job do; `started` every plan whose money has been set aside, before its tasks begin.
    `sets_widgets` says that `take` gives widgets other values: nothing is handed over then in the run of the page that
    started the work, since its widgets are drawn already. `long` is for work
    that is never over in a moment: nobody waits for it before the page is drawn. `paid` is what the ledger of spending
    calls work that may cost money; empty where no task of the kind is handed its payment.
    """

    name: str
    doing: str
    failed: str
    take: Callable[[Ended[T]], object]
    missed: Callable[[Ended[T]], object] | None = None
    started: Callable[[Plan[T]], object] | None = None
    sets_widgets: bool = False
    long: bool = False
    paid: str = ""
    limit: spending.Wording = spending.USUAL
    cancel: str = "Cancel"
    cancelled: str = "Cancelled. A request that had already left for a service may still be billed."
    words: Callable[[Job[T]], str] | None = None
    caption: Callable[[], str] | None = None

    def job(self) -> PageJob[T]:
        """This session's job of this kind."""
        return page_state.keep(f"job_{self.name}", lambda: PageJob(self))


class PageJob(Generic[T]):
    """The work of one kind in one session: what is under way, what is being asked, what went wrong last."""

    def __init__(self, kind: JobKind[T]) -> None:
        self.kind = kind
        self.asking = False
        self.error: RerankError | None = None
        self.message = ""
        self._names: dict[str, str] = {}  # of the tasks under way, by id

    # What is under way

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of what is under way, in the order in which it was started."""
        return tuple(self._names)

    @property
    def id(self) -> str | None:
        """The id of the one task under way; None where there is none."""
        return next(iter(self._names), None)

    @property
    def running(self) -> bool:
        """Whether anything has not been taken over yet."""
        return bool(self._names)

    @property
    def jobs(self) -> list[Job[T]]:
        """The jobs of what is under way, as far as the manager remembers them."""
        found = [self.find(each) for each in self._names]
        return [job for job in found if job is not None]

    def find(self, job_id: str | None) -> Job[T] | None:
        """The job of this kind with this id while it is remembered: of whichever session, and where people sign in, of
        this person's alone."""
        job = stores.jobs().get(job_id, self.kind.name) if job_id else None
        return None if job is None or (people.current() is not None and job.owner != owner()) else job

    def watch(self, ids: Sequence[str], names: Sequence[str] = ()) -> bool:
        """Go on with work that a link names or that an earlier visit began; whether any of it is remembered."""
        named = dict(zip(ids, names or [""] * len(ids), strict=True))
        self._names = {each: name for each, name in named.items() if self.find(each) is not None}
        for job in self.jobs:
            stores.attendance().join(job, tab.here())
        return self.running

    def asked(self, job_id: str | None) -> object:
        """What a task that is not done was asked; None where nobody knows."""
        job = self.find(job_id)
        return None if job is None else job.asked

    # Starting

    def submit(self, plan: Callable[[], Plan[T] | None], *, unasked: bool = False) -> bool:
        """The button was pressed: start, or ask first; whether it has started. `plan` may raise RerankError.

        `unasked` is for a start that nobody pressed for: what `message` said before is still to be read then.
        """
        self.asking = False
        if self.running:
            return False
        if not unasked:
            self.message = ""
        planned = self._planned(plan)
        if planned is None:
            return False
        self.error = self._refused(planned)
        if self.error is not None:
            return False
        if planned.warning or not connections.budget().fits(planned.most):
            self.asking = True
            return False
        return self.start(planned)

    def confirmation(self, plan: Callable[[], Plan[T] | None]) -> None:
        """Draw the question that stands between a press and the start, if there is one, and act on its answer."""
        if not self.asking:
            return
        planned = self._planned(plan)
        if planned is None or not (planned.warning or not connections.budget().fits(planned.most)):
            self.asking = False
            return
        answer = spending.question(self.kind.name, self.kind.limit, planned.most, planned.warning)
        if answer is not None:
            self.asking = False
            if answer:
                self.start(planned)
            st.rerun()  # the question is drawn already

    def start(self, planned: Plan[T]) -> bool:
        """Set the money of all tasks aside, or of none, hand each to a worker, and take over what is soon done; whether
        any has started."""
        self.error = self._refused(planned)
        if self.error is not None:
            return False
        payments: list[Payment] = []
        try:
            for task in planned.tasks:
                payments.append(Payment(connections.budget(), task.most, account.of(self.kind.paid, task.id)))
        except SpendingLimitError:
            for payment in payments:
                payment.release()
            self.asking = True
            return False
        if self.kind.started is not None:
            self.kind.started(planned)
        jobs = []
        refused = []
        for task, payment in zip(planned.tasks, payments, strict=True):
            money = (payment,) if self.kind.paid else ()
            try:
                job: Job[T] = stores.jobs().submit(
                    task.work,
                    *money,
                    *task.args,
                    owner=owner(),
                    title=self.kind.name,
                    label=self.kind.doing,
                    id=task.id,
                    size=task.size,
                    asked=task.asked,
                    on_end=payment.release,
                )
            except RerankError as error:
                payment.release()
                refused.append(Ended[T](task.id, "failed", error=error))
                continue
            if task.ends_with_its_tab:
                stores.attendance().begin(job, tab.here())
            self._names[task.id] = task.name
            jobs.append(job)
        for ended in refused:
            self._miss(ended)
        end = time.monotonic() + (0.0 if self.kind.long else _AT_ONCE_SECONDS)
        for job in jobs:
            job.wait(max(0.0, end - time.monotonic()))
        if not self.kind.sets_widgets:
            self.take_finished()
        return bool(jobs)

    def _refused(self, planned: Plan[T]) -> RerankError | None:
        """Why the operator does not allow this, as it stands: too much for one run, or beyond the budget; None where it
        is allowed."""
        calls = [(task.connection, task.most) for task in planned.tasks if task.connection is not None]
        try:
            refuse_too_much(planned.size)
            account.of(self.kind.paid, "").check(calls)
        except RerankError as error:
            return error
        return None

    def _planned(self, plan: Callable[[], Plan[T] | None]) -> Plan[T] | None:
        try:
            return plan()
        except RerankError as error:
            self.error = error
            return None

    # Ending

    def take_finished(self) -> bool:
        """Hand over to the page what has ended since the last look; whether anything had."""
        ended = []
        for job_id in self._names:
            job = self.find(job_id)
            if job is None:
                gone = RerankError("This is no longer under way.", hint="Start it again.")
                ended.append(Ended[T](job_id, "failed", error=gone))
            elif job.finished:
                ended.append(self._ended(job))
                job.asked = None  # this page has all of it now
        for each in ended:
            del self._names[each.id]
            if each.state == "done":
                self.error = None
                self.kind.take(each)
            else:
                self._miss(each)
        return bool(ended)

    def _ended(self, job: Job[T]) -> Ended[T]:
        if job.state == "done":
            return Ended(job.id, "done", result=job.result())
        if job.state == "cancelled":
            return Ended(job.id, "cancelled", reason=job.cancel_reason)
        return Ended(job.id, "failed", error=failure(job, self.kind.failed))

    def _miss(self, ended: Ended[T]) -> None:
        if self.kind.missed is not None:
            self.kind.missed(ended)
        elif ended.error is not None:
            self.error = ended.error
        else:
            self.message = ended.reason or self.kind.cancelled

    def forget(self) -> None:
        """Turn away from what is under way, which goes on, and from what was said about the last one."""
        self._names, self.error, self.message, self.asking = {}, None, "", False

    # Showing

    def progress(self, *, stay: bool = True) -> None:
        """Show what is under way, with a Cancel that works; the whole page is drawn again when something ends.

        With `stay` draw it last, in a container further up: it stays with the work, and the page around it stands by
        then. Without, it may be drawn anywhere, and looks now and then.
        """
        if self.running:
            show_progress(self.kind, [(name, self.find(job_id)) for job_id, name in self._names.items()], stay=stay)


def failure(job: Job[Any], doing: str) -> RerankError:
    """Why a job failed, as what a page can show; `doing` is what it was at, for what nobody foresaw."""
    error = job.exception
    if isinstance(error, RerankError):
        return error
    said = RerankError(f"Something went wrong while {doing}.", hint="Try again; the log has the details.")
    if error is not None:
        said.__dict__["reference"] = reference(error)
    return said
