"""What a session holds for the Compare page. The query and the documents are the Playground's own."""

from __future__ import annotations

from dataclasses import dataclass, field

from pages.components.session import page_state
from rerank_core import RerankError
from rerank_core.ranking.blind_test import Tally
from rerank_core.ranking.comparison import OrderAgreement, RankDifference
from rerank_core.ranking.contender import Contender
from rerank_core.retrieval.starting_order import StartingOrder
from rerank_core.storage.run_record import Run


@dataclass
class Part:
    """One model's share of a comparison: under way, or ended in a run, an error, or a cancel. `reused` says that its
    run is the saved answer to a request that was about to be paid for once more."""

    contender: Contender
    run_id: str
    run: Run | None = None
    error: RerankError | None = None
    cancelled: bool = False
    reused: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self.run is not None or self.error is not None or self.cancelled


@dataclass(frozen=True)
class Figures:
    """What the orders that are shown come to, in the sequence in which they are shown."""

    agreement: OrderAgreement
    differences: tuple[RankDifference, ...]
    only: tuple[frozenset[int], ...]


@dataclass(frozen=True)
class Shown:
    """One answer as it stands on the page: `name` is a letter while names are hidden, `head` what stands above its
    column, which keeps the letter of a blind test after the names are revealed."""

    part: Part
    run: Run
    name: str
    head: str

    @property
    def order(self) -> tuple[int, ...]:
        """The places in the input, best first."""
        return tuple(row.index for row in self.run.response.results)


@dataclass
class CompareState:
    """The comparison that is shown, with the parts of it that are under way."""

    visited: bool = False
    wanted: bool = False
    # The models of the comparison that is about to start, in the order in which they were chosen.
    wanted_contenders: tuple[Contender, ...] = ()
    # Whether requests that have a saved answer are to be sent all the same.
    again: bool = False
    round: str = ""
    parts: list[Part] = field(default_factory=list)
    picked: int | None = None
    # How often a document was closed: the table then begins anew, with no row chosen.
    closed: int = 0
    # The example whose texts were last looked at: picking another one here or on the Playground runs it where free.
    example: str | None = None
    # Which texts were last looked at: see Texts.replaced.
    replaced: int = 0
    # A random number for each part says in which order a blind test shows them.
    shuffle: tuple[int, ...] = ()
    revealed: bool = False
    # The round whose orders, or some of them, were on the screen with their names before, in this session or an
    # earlier one; and the round of which this has been written down.
    seen_named: str = ""
    named: str = ""
    tally: Tally = field(default_factory=Tally)
    vote_error: RerankError | None = None
    # What every click would work out again, with what it was worked out from: the order to start from, the figures.
    start: tuple[object, StartingOrder] | None = None
    figures: tuple[object, Figures] | None = None

    @property
    def under_way(self) -> bool:
        """Whether any part is still to come."""
        return any(not part.over for part in self.parts)

    @property
    def answered(self) -> list[Part]:
        """The parts that have an answer, in the order in which their models were chosen."""
        return [part for part in self.parts if part.run is not None]


def state() -> CompareState:
    """This session's Compare page."""
    return page_state.of(CompareState)
