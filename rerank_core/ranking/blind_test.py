"""A blind test between several models: columns in a random order without names, votes, and what they add up to."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

CHANCE = 0.05
"""A result that luck alone would bring more often than this is called possible chance."""


def letters(count: int) -> tuple[str, ...]:
    """The names of unnamed columns: A, B, C, …; raises ValueError for more than 26."""
    if not 0 <= count <= 26:
        raise ValueError("there are 26 letters")
    return tuple(chr(ord("A") + number) for number in range(count))


def shuffled(count: int, random: Random | None = None) -> tuple[int, ...]:
    """The numbers below `count` in a random order, every order being equally likely. The system's own source of
    randomness is used unless another is given."""
    numbers = list(range(count))
    (random or secrets.SystemRandom()).shuffle(numbers)
    return tuple(numbers)


@dataclass(frozen=True, slots=True)
class Vote:
    """One answer to "which is better?". `round` names the comparison, `shown` the keys of what was compared, `winner`
    is one of them, or None for no difference; `query` is what was asked. Raises ValueError for a winner that was not
    shown."""

    round: str
    shown: tuple[str, ...]
    winner: str | None
    query: str = ""

    def __post_init__(self) -> None:
        if self.winner is not None and self.winner not in self.shown:
            raise ValueError("the winner was not shown")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one model stands: chosen `wins` times in the `rounds` in which it was shown."""

    key: str
    wins: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Tally:
    """All votes so far, at most one a round."""

    votes: tuple[Vote, ...] = ()

    def with_vote(self, vote: Vote) -> Tally:
        """The tally with this vote, which takes the place of an earlier one of the same round."""
        return Tally((*self.without(vote.round).votes, vote))

    def without(self, round: str) -> Tally:
        """The tally without the vote of a round."""
        return Tally(tuple(vote for vote in self.votes if vote.round != round))

    def of(self, round: str) -> Vote | None:
        """The vote of a round, where there is one."""
        return next((vote for vote in self.votes if vote.round == round), None)

    @property
    def undecided(self) -> int:
        """How many rounds ended in "no difference"."""
        return sum(1 for vote in self.votes if vote.winner is None)

    def standings(self) -> tuple[Standing, ...]:
        """Every model that was shown, the one chosen most often first; equals in the order of their first round."""
        keys = dict.fromkeys(key for vote in self.votes for key in vote.shown)
        found = [
            Standing(
                key,
                sum(1 for vote in self.votes if vote.winner == key),
                sum(1 for vote in self.votes if key in vote.shown),
            )
            for key in keys
        ]
        found.sort(key=lambda standing: -standing.wins)
        return tuple(found)

    @property
    def chance(self) -> float | None:
        """How likely luck alone would part the first two models at least this far: a two-sided sign test over the
        rounds in which both were shown and one of them was chosen (W. J. Dixon, A. M. Mood, "The statistical sign
        test", JASA 41, 1946). None where there is no such round. With more than two models the first two are picked
        after the fact, so the true figure is somewhat higher."""
        first_two = [standing.key for standing in self.standings()[:2]]
        if len(first_two) < 2:
            return None
        decided = [vote.winner for vote in self.votes if vote.winner in first_two and set(first_two) <= set(vote.shown)]
        if not decided:
            return None
        most = max(decided.count(key) for key in first_two)
        tail = sum(math.comb(len(decided), wins) for wins in range(most, len(decided) + 1))
        return min(1.0, 2 * tail / (1 << len(decided)))

    def text(self, name: Callable[[str], str]) -> str:
        """The tally in a sentence or two, `name` giving what a key is called.

        "After 6 rounds: English 4, v2 1, no difference 1. This could still be chance."
        """
        if not self.votes:
            return "No votes yet."
        rounds = "1 round" if len(self.votes) == 1 else f"{len(self.votes):,} rounds"
        parts = [f"{name(standing.key)} {standing.wins:,}" for standing in self.standings()]
        if self.undecided:
            parts.append(f"no difference {self.undecided:,}")
        chance = self.chance
        if chance is None:
            return f"After {rounds}: {', '.join(parts)}."
        verdict = (
            "This could still be chance."
            if chance > CHANCE
            else f"Chance alone would seldom part the first two this far (p = {chance:.3f})."
        )
        return f"After {rounds}: {', '.join(parts)}. {verdict}"
