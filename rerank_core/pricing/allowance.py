"""What whoever runs a server allows the keys of that server to spend: by person and day, by day, and in all.

A `Budget` is what one visitor wants to be asked about. An `Allowance` is what nobody passes. It is held against the
`Sums` of a ledger that all sessions and processes share (`rerank_core.storage.spending`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_CEILING, Context, Decimal, InvalidOperation
from typing import Any, Literal, Protocol

from rerank_core.errors import BudgetExceededError, ConfigurationError, RerankError
from rerank_core.models import Cost, RerankResponse
from rerank_core.pricing.estimates import money_text

KeyKind = Literal["configured", "own", "none"]
"""Whose key a call is made with: the server's, the visitor's, or nobody's, where a service asks for none."""

LARGEST = Decimal(10) ** 15
"""US dollars from which a number is no amount of money."""

_SMALLEST = Decimal("1E-18")
_EXACT = Context(prec=60, rounding=ROUND_CEILING)
_NONE = Decimal(0)


def exact(amount: Decimal) -> Decimal:
    """An amount as it is booked: to 18 places of a dollar, rounded up, so that sums of amounts are exact.

    Raises ValueError for what is negative, endless or LARGEST and more.
    """
    if not amount.is_finite() or not 0 <= amount < LARGEST:
        raise ValueError("an amount is a finite number of 0 or more")
    places = amount.as_tuple().exponent
    return amount if isinstance(places, int) and places >= -18 else amount.quantize(_SMALLEST, context=_EXACT)


@dataclass(frozen=True, slots=True)
class PaidCall:
    """A call of a service as a ledger knows it: whose it is (`who`, empty where nobody signs in), over which connection
    and to which model, what for (the `page` and the id of the `run`), and with whose key."""

    who: str
    connection: str
    model: str = ""
    page: str = ""
    run: str = ""
    key: KeyKind = "configured"


@dataclass(frozen=True, slots=True)
class Sums:
    """What several calls come to, in US dollars, each part exact.

    `spent` is what is known to be billed. `doubt` is the most that may have been billed besides: by calls without an
    answer, and by attempts that were made again. `assumed` is what calls of unknown cost count with. `held` is set
    aside for calls under way. `calls` is how many calls there are, those under way included, `unknown` how many of
    them are of unknown cost.
    """

    spent: Decimal = _NONE
    doubt: Decimal = _NONE
    assumed: Decimal = _NONE
    held: Decimal = _NONE
    calls: int = 0
    unknown: int = 0

    @property
    def counted(self) -> Decimal:
        """What a budget counts: all of it."""
        return _EXACT.add(_EXACT.add(self.spent, self.doubt), _EXACT.add(self.assumed, self.held))

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            _EXACT.add(self.spent, other.spent),
            _EXACT.add(self.doubt, other.doubt),
            _EXACT.add(self.assumed, other.assumed),
            _EXACT.add(self.held, other.held),
            self.calls + other.calls,
            self.unknown + other.unknown,
        )

    def __sub__(self, other: Sums) -> Sums:
        return Sums(
            _EXACT.subtract(self.spent, other.spent),
            _EXACT.subtract(self.doubt, other.doubt),
            _EXACT.subtract(self.assumed, other.assumed),
            _EXACT.subtract(self.held, other.held),
            self.calls - other.calls,
            self.unknown - other.unknown,
        )


@dataclass(frozen=True, slots=True)
class BudgetStanding:
    """What the keys of the server have cost: one person's share of today, all of today, and all since the ledger
    began."""

    person_today: Sums = Sums()
    server_today: Sums = Sums()
    server_total: Sums = Sums()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be spent with the keys of a server, in US dollars; None where there is no such limit.

    `unknown_call` is what a call of unknown price counts with, retries included; None refuses such calls where a
    limit stands. `contact` is who can raise it, as a sentence names them, and `cure` what they can do that such a call
    is let through; `own_keys` says whether who asks could use a key of their own. Raises ConfigurationError for an
    amount that is none.
    """

    person_per_day: Decimal | None = None
    server_per_day: Decimal | None = None
    server_total: Decimal | None = None
    unknown_call: Decimal | None = None
    contact: str = ""
    cure: str = "set unknown_call under [budget]"
    own_keys: bool = True

    def __post_init__(self) -> None:
        for name in AMOUNTS:
            object.__setattr__(self, name, _amount(name, getattr(self, name)))

    @classmethod
    def from_settings(cls, settings: Mapping[str, object], contact: str = "") -> Allowance:
        """The allowance of a table of settings, as an operator writes it: numbers, or numbers in strings.

        Raises ConfigurationError, with the cure, for a name that is not known and for what is no amount.
        """
        for name in settings:
            if name not in AMOUNTS:
                raise ConfigurationError(
                    f"[budget] has no setting called {str(name)[:60]!r}.", hint=f"It has {', '.join(AMOUNTS)}."
                )
        amounts: dict[str, Any] = {name: _amount(name, value) for name, value in settings.items()}
        return cls(**amounts, contact=contact)

    @property
    def stands(self) -> bool:
        """Whether anything is limited."""
        return any(limit is not None for limit in (self.person_per_day, self.server_per_day, self.server_total))

    def set_aside(self, most: Decimal | None) -> Decimal | None:
        """What is set aside for a call that may cost this much, None where nobody knows: then the price that the
        operator sets. None where there is none and nothing is limited.

        Raises BudgetExceededError where a limit stands and neither is known.
        """
        amount = self.unknown_call if most is None else most
        if amount is None and self.stands:
            raise BudgetExceededError(
                "Nobody knows what this costs, and a budget stands here.",
                hint=f"Choose a model whose price is known{self._own()}; or ask {self._who()} to {self.cure}.",
            )
        return None if amount is None else exact(amount)

    def left(self, now: BudgetStanding) -> Decimal | None:
        """What may still be spent as things stand, 0 or more; None where nothing is limited."""
        limits = [max(_NONE, _EXACT.subtract(limit, sums.counted)) for limit, sums, *_ in self._limits(now)]
        return min(limits, default=None)

    def check(self, amount: Decimal | None, now: BudgetStanding) -> None:
        """Raise BudgetExceededError where a call that may cost this much, `set_aside` and not yet in `now`, would pass
        a limit. One that costs nothing always fits."""
        if not amount:
            return
        for limit, sums, words, daily in self._limits(now):
            left = max(_NONE, _EXACT.subtract(limit, sums.counted))
            if amount > left:
                waiting = ", or wait until tomorrow" if daily and amount <= limit else ""
                raise BudgetExceededError(
                    f"This may cost up to {money_text(amount)}, and {money_text(left)} is left of the "
                    f"{money_text(limit)} {words}.",
                    hint=f"Ask {self._who()} to raise the budget{self._own()}{waiting}.",
                )

    def _limits(self, now: BudgetStanding) -> list[tuple[Decimal, Sums, str, bool]]:
        """The limits that stand, what counts for each, its words, and whether it begins anew each day."""
        limits = (
            (self.person_per_day, now.person_today, "that one person may spend here in a day", True),
            (self.server_per_day, now.server_today, "that this server may spend in a day", True),
            (self.server_total, now.server_total, "that this server may spend in all", False),
        )
        return [(limit, sums, words, daily) for limit, sums, words, daily in limits if limit is not None]

    def _own(self) -> str:
        return ", or use a key of your own" if self.own_keys else ""

    def _who(self) -> str:
        return self.contact or "whoever runs this server"


AMOUNTS = tuple(field.name for field in fields(Allowance) if field.name not in ("contact", "cure", "own_keys"))
"""The names of all settings of a budget that are amounts of money."""


class Held(Protocol):
    """What is set aside for one call, until it is known what the call did cost."""

    def settle(self, cost: Cost | None) -> None:
        """Book what the call cost; None where it may have been billed and there is no answer."""

    def release(self) -> None:
        """Book that the call was not billed; nothing happens where it is settled."""


class Purse(Protocol):
    """Where the money of the calls of one kind comes from, and where they are written down."""

    def reserve(self, most: Decimal | None) -> Held:
        """Set the most that a call may cost aside, None where nobody knows.

        Raises SpendingLimitError, with nothing set aside, where that would pass a limit.
        """


def booked(held: Held, call: Callable[[], RerankResponse]) -> RerankResponse:
    """Make a call for which money is set aside, and book what came of it. Raises what the call raises; where that may
    have been billed, what was set aside stays counted."""
    try:
        response = call()
    except RerankError as error:
        if error.maybe_billed:
            held.settle(None)
        else:
            held.release()
        raise
    except BaseException:
        held.settle(None)
        raise
    held.settle(response.cost)
    return response


def _amount(name: str, value: object) -> Decimal | None:
    """An amount of an operator's settings."""
    if value is None:
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            raise ValueError("no number")
        return exact(Decimal(str(value).strip()))
    except (ValueError, InvalidOperation) as error:
        raise ConfigurationError(
            f"[budget] {name} is {str(value)[:60]!r}.", hint="Use an amount of US dollars of 0 or more, such as 1.50."
        ) from error
