"""What providers charge: a dated table with sources, that a person can edit and that never changes in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from rerank_core.errors import ConfigurationError

CHUNK_TOKENS = 500
"""Tokens, the query counted in, from which a document costs more than one chunk, where no model says otherwise."""

GATEFLOW_PRICES_AS_OF = date(2026, 11, 21)

_SOURCES = {"gateflow": ("GateFlow price list as given", GATEFLOW_PRICES_AS_OF)}
_MAX_PER_1000 = Decimal(1_000_000)
_MAX_CHUNK_TOKENS = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs: `per_1000` is USD per 1,000 search units, `chunk_tokens` the length from which a
    document costs more than one chunk (the query counted in), `as_of` the day the price was read, `source`
    where. Raises ConfigurationError where a value makes no sense.
    """

    provider: str
    model: str
    per_1000: Decimal
    chunk_tokens: int = CHUNK_TOKENS
    as_of: date = GATEFLOW_PRICES_AS_OF
    source: str = ""

    def __post_init__(self) -> None:
        if not self.provider.strip() or not self.model.strip():
            raise ConfigurationError(
                "A price names no provider or no model.", hint="Fill in both the provider and the model."
            )
        object.__setattr__(self, "per_1000", _money(self.per_1000, self.model))
        chunk = self.chunk_tokens
        if isinstance(chunk, bool) or not isinstance(chunk, int) or not 1 <= chunk <= _MAX_CHUNK_TOKENS:
            raise ConfigurationError(
                f"The chunk limit of {self.model} is {chunk!r}.",
                hint=f"Use a whole number of tokens from 1 to {_MAX_CHUNK_TOKENS:,}.",
            )


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by provider and model. Every change gives a new table and leaves this one as it was."""

    prices: tuple[Price, ...] = ()
    _by_model: Mapping[tuple[str, str], Price] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        by_model = {(price.provider, price.model): price for price in self.prices}
        object.__setattr__(self, "prices", tuple(by_model.values()))
        object.__setattr__(self, "_by_model", by_model)

    @classmethod
    def default(cls) -> PriceTable:
        """The prices that the registered providers publish, each with its source and date."""
        return _published()

    def find(self, provider: str, model: str | None) -> Price | None:
        """The price of a model, None where the table has none."""
        return self._by_model.get((provider, model)) if model is not None else None

    def with_price(
        self,
        provider: str,
        model: str,
        per_1000: Decimal | int | float | str,
        *,
        chunk_tokens: int | None = None,
        as_of: date | None = None,
        source: str = "Entered by hand",
    ) -> PriceTable:
        """A table with this price added or put in place of the one there was.

        `as_of` None is today (UTC); `chunk_tokens` None keeps the present limit, or CHUNK_TOKENS for a new
        model. Raises ConfigurationError for a price that is negative or no number.
        """
        old = self.find(provider, model)
        kept = old.chunk_tokens if old else CHUNK_TOKENS
        price = Price(
            provider,
            model,
            _money(per_1000, model),
            kept if chunk_tokens is None else chunk_tokens,
            as_of or datetime.now(UTC).date(),
            source,
        )
        return PriceTable((*self.prices, price))

    def rows(self) -> list[dict[str, Any]]:
        """One flat dict a price, for a table that can be edited; `from_rows` takes them back."""
        return [
            {
                "provider": price.provider,
                "model": price.model,
                "per_1000": float(price.per_1000),
                "chunk_tokens": price.chunk_tokens,
                "as_of": price.as_of,
                "source": price.source,
            }
            for price in self.prices
        ]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> PriceTable:
        """The table of edited rows; raises ConfigurationError, naming the row, for one that makes no sense."""
        return cls(tuple(_price(row, number) for number, row in enumerate(rows, start=1)))


@cache
def _published() -> PriceTable:
    from rerank_core.providers import providers  # here, so that importing prices imports no provider

    prices = []
    for spec in providers():
        source, as_of = _SOURCES.get(spec.id, (f"{spec.label} price list, {spec.docs_url}", GATEFLOW_PRICES_AS_OF))
        for model in spec.models:
            if model.price_per_1000:  # neither unknown nor free
                prices.append(Price(spec.id, model.id, model.price_per_1000, model.chunk_tokens, as_of, source))
    return PriceTable(tuple(prices))


def _price(row: Mapping[str, Any], number: int) -> Price:
    try:
        return Price(
            str(row["provider"]).strip(),
            str(row["model"]).strip(),
            _money(row["per_1000"], str(row["model"])),
            _whole(row.get("chunk_tokens", CHUNK_TOKENS)),
            _day(row.get("as_of")),
            str(row.get("source") or ""),
        )
    except KeyError as error:
        raise ConfigurationError(
            f"Row {number} of the price table has no {error.args[0]}.", hint="Fill it in, or delete the row."
        ) from error
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"Row {number} of the price table cannot be read: {error}.", hint="Correct it, or delete the row."
        ) from error


def _money(value: object, model: str) -> Decimal:
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= _MAX_PER_1000:
        raise ConfigurationError(
            f"The price of {model} is {value!r}.",
            hint=f"Use a number of US dollars per 1,000 searches from 0 to {_MAX_PER_1000:,}.",
        )
    return amount


def _whole(value: Any) -> int:
    """A whole number that a table editor may have turned into 500.0; anything else is refused by Price."""
    number = float(value)
    if not number.is_integer():
        raise ValueError(f"{value!r} is not a whole number of tokens")
    return int(number)


def _day(value: object) -> date:
    if value is None:
        return datetime.now(UTC).date()
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(str(value)[:10])
