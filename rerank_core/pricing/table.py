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

TOKEN_RULES = {
    "pairs": "the query counted with each document",
    "once": "the query counted once",
}
"""How tokens are counted that are billed, by the name that a price has for it."""

_MAX_PER_1000 = Decimal(1_000_000)
_MAX_CHUNK_TOKENS = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs: USD per 1,000 search units (`per_1000`) or per million tokens (`per_million`), the other of
    the two None.

    `chunk_tokens` is the length from which a document costs more than one chunk (the query counted in), where searches
    are billed; `counted` is which tokens are, where tokens are: "pairs", the query once with each document, or "once",
    the query and the documents. `as_of` is the day the price was read, `source` where. Raises ConfigurationError where
    a value makes no sense.
    """

    provider: str
    model: str
    per_1000: Decimal | None = None
    chunk_tokens: int = CHUNK_TOKENS
    as_of: date = GATEFLOW_PRICES_AS_OF
    source: str = ""
    per_million: Decimal | None = None
    counted: str = "pairs"

    def __post_init__(self) -> None:
        if not self.provider.strip() or not self.model.strip():
            raise ConfigurationError(
                "A price names no provider or no model.", hint="Fill in both the provider and the model."
            )
        if (self.per_1000 is None) == (self.per_million is None):
            raise ConfigurationError(
                f"The price of {self.model} is given by the search and by the token, or by neither.",
                hint="Fill in one of the two.",
            )
        for name in ("per_1000", "per_million"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _money(getattr(self, name), self.model))
        if self.counted not in TOKEN_RULES:
            raise ConfigurationError(
                f"How the tokens of {self.model} are counted is {self.counted!r}.",
                hint=f"Use one of {', '.join(TOKEN_RULES)}.",
            )
        chunk = self.chunk_tokens
        if isinstance(chunk, bool) or not isinstance(chunk, int) or not 1 <= chunk <= _MAX_CHUNK_TOKENS:
            raise ConfigurationError(
                f"The chunk limit of {self.model} is {chunk!r}.",
                hint=f"Use a whole number of tokens from 1 to {_MAX_CHUNK_TOKENS:,}.",
            )

    @property
    def unit(self) -> str:
        """What the price is for: "1,000 searches" or "million tokens"."""
        return "1,000 searches" if self.per_million is None else "million tokens"

    @property
    def per_unit(self) -> Decimal:
        """USD for one `unit`."""
        amount = self.per_1000 if self.per_million is None else self.per_million
        assert amount is not None  # one of the two is there
        return amount


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
                "per_1000": None if price.per_1000 is None else float(price.per_1000),
                "per_million": None if price.per_million is None else float(price.per_million),
                "counted": price.counted,
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
        for model in spec.models:
            if model.price_per_1000 or model.price_per_million:  # neither unknown nor free
                prices.append(
                    Price(
                        spec.id,
                        model.id,
                        model.price_per_1000 if model.price_per_million is None else None,
                        model.chunk_tokens,
                        model.price_as_of or GATEFLOW_PRICES_AS_OF,
                        model.price_source or f"{spec.label} price list, {spec.docs_url}",
                        model.price_per_million,
                        model.tokens_counted,
                    )
                )
    return PriceTable(tuple(prices))


def _price(row: Mapping[str, Any], number: int) -> Price:
    try:
        return Price(
            str(row["provider"]).strip(),
            str(row["model"]).strip(),
            _money_or_none(row["per_1000"], str(row["model"])),
            _whole(row.get("chunk_tokens", CHUNK_TOKENS)),
            _day(row.get("as_of")),
            str(row.get("source") or ""),
            _money_or_none(row.get("per_million"), str(row["model"])),
            str(row.get("counted") or "pairs"),
        )
    except KeyError as error:
        raise ConfigurationError(
            f"Row {number} of the price table has no {error.args[0]}.", hint="Fill it in, or delete the row."
        ) from error
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"Row {number} of the price table cannot be read: {error}.", hint="Correct it, or delete the row."
        ) from error


def _money_or_none(value: Any, model: str) -> Decimal | None:
    """An amount; None for an empty cell of a table, which an editor gives as None or NaN."""
    return None if value is None or value != value else _money(value, model)


def _money(value: object, model: str) -> Decimal:
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= _MAX_PER_1000:
        raise ConfigurationError(
            f"The price of {model} is {value!r}.",
            hint=f"Use a number of US dollars from 0 to {_MAX_PER_1000:,}.",
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
