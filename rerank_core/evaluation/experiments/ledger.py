"""What the runner of experiments needs of the place that keeps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol

from rerank_core.errors import RerankError

if TYPE_CHECKING:
    from rerank_core.evaluation.experiments.records import Experiment, ExperimentProgress, ExperimentState, Request
    from rerank_core.models import RerankResponse

Ask = Literal["", "pause", "cancel"]
"""What somebody may ask of a running experiment; empty for nothing."""


class ExperimentError(RerankError):
    """Query sets and experiments cannot be read or written, or an experiment cannot be run as asked.

    `code` tells which case it is: experiment_not_found, query_set_not_found, experiment_running, experiment_empty,
    or experiment_file for what is wrong with the file itself.
    """

    default_code = "experiment_file"
    default_hint = "You can go on working; what is on the screen is not affected."


class Ledger(Protocol):
    """Keeps experiments request by request, for many threads and processes at once. What a method has written outlives
    a power cut, since answers are paid for. Every method may raise ExperimentError; `storage.experiments` has one for
    this machine."""

    def hold(self, experiment_id: str) -> AbstractContextManager[None]:
        """Run an experiment alone, on this and on every other machine that shares the ledger. Entering raises
        ExperimentError (experiment_running) where somebody else runs it; the hold ends with the process at the
        latest."""

    def get(self, experiment_id: str) -> Experiment:
        """The experiment of that id; ExperimentError (experiment_not_found) where there is none."""

    def answered(self, experiment_id: str) -> Collection[tuple[int, int]]:
        """The (contender, query) places that have an answer; both count from 0, queries among those that can run."""

    def failures(self, experiment_id: str) -> Collection[Request]:
        """The last request of every query of every contender that has no answer and failed."""

    def spending(self, experiment_id: str) -> tuple[Decimal, Decimal]:
        """US dollars that are known to be spent, and those that may have been billed besides."""

    def progress(self, experiment_id: str) -> ExperimentProgress:
        """How far the experiment has come."""

    def asked(self, experiment_id: str) -> Ask:
        """What somebody has asked of it and has not been done."""

    def set_state(self, experiment_id: str, state: ExperimentState, note: str = "") -> None:
        """Write down how it stands. Raises ExperimentError (experiment_running) where whoever holds it has lost it to
        another server."""

    def turn(self, name: str, spacing: float) -> float:
        """Take the next turn among all who ask under this name, on every server: the seconds until it comes. Turns are
        `spacing` seconds apart."""

    def begin(self, experiment_id: str, contender: int, query: int, reserved: Decimal | None, asked: str = "") -> int:
        """Write a request down before it is sent; its number. `reserved` is the most that it may cost, `asked` its name
        (`rerank_core.client.sent`), empty where its answer is not to be used again."""

    def take_saved(self, experiment_id: str, by_place: Mapping[tuple[int, int], str]) -> int:
        """Take over the answers that the very same requests were given before, as far as whoever runs the experiment
        may see them; how many. `by_place` has the names of its requests, by the places of contender and query. For
        whoever holds the experiment."""

    def answer(self, number: int, response: RerankResponse, amount: Decimal | None, basis: str) -> None:
        """Complete a request together with its answer, both or neither."""

    def fail(self, number: int, error: RerankError, *, billed: bool, final: bool = True) -> None:
        """Complete a request with the error that it came to. `billed` says that it may have cost something; without
        `final` its query has not failed by it and is to be asked again."""

    def mark_interrupted(self, experiment_id: str) -> int:
        """Mark what was under way when its process ended; how many requests. For whoever holds the experiment: raises
        ExperimentError (experiment_running) where another server holds it by now."""
