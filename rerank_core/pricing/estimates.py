"""What a call costs: estimated before it is made, worked out after the reply.

Services bill searches or tokens. One search unit is one query with up to 100 documents. A document longer than the
model's chunk limit, the query counted in, is split, and every chunk counts as a document (Cohere's billing rule, which
GateFlow resells):

    chunks = max(1, ceil(document_tokens / (limit - min(query_tokens, limit // 2))))
    units  = ceil(sum(chunks) / 100)        for each request sent

Where tokens are billed, they are those of each pair of query and document, or the query's once (`Price.counted`):

    tokens = query_tokens * documents + sum(document_tokens)        or   query_tokens + sum(document_tokens)

Tokens are estimated without a tokenizer (see `tokens`). Worked example, limit 500: a query of 80 small letters is 20
tokens, which leaves 480 for the document; one of 4,000 is 1,000 tokens, so ceil(1000 / 480) = 3 chunks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from rerank_core.errors import InvalidQueryError
from rerank_core.models import Cost, DocumentInput, texts_of
from rerank_core.pricing.table import CHUNK_TOKENS, GATEFLOW_PRICES_AS_OF, TOKEN_RULES, Price, PriceTable
from rerank_core.pricing.tokens import estimate_tokens
from rerank_core.rank_fields import TEXT_ONLY

if TYPE_CHECKING:
    from rerank_core.providers.spec import ModelSpec, ProviderSpec

DOCUMENTS_PER_UNIT = 100
DAYS_A_MONTH = 30


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What a call is likely to cost, and how that was worked out.

    `search_units` is 0 on this computer and None where the provider does not bill by unit; `tokens` is what it bills
    where it bills tokens, else None; `amount` is None
    where no price is known, and never counts retries (see `upper_bound`). `chunks` has one number for each
    document given, 0 for a blank one, which is not sent; `long_documents` are the indexes (from 0) of those
    that cost more than one chunk; both are empty where nothing is billed by the chunk. `requests` is how many
    requests the documents are split into, `assumptions` sentences for a person, `as_of` the day of the price,
    or today where none was used. `most_units` are the units if every text has twice the tokens estimated, as dense
    text, code and some languages do; None where `search_units` is.
    """

    search_units: int | None
    amount: Decimal | None
    currency: str = "USD"
    long_documents: tuple[int, ...] = ()
    chunks: tuple[int, ...] = ()
    requests: int = 0
    assumptions: tuple[str, ...] = ()
    as_of: date = GATEFLOW_PRICES_AS_OF
    most_units: int | None = None
    tokens: int | None = None


def estimate_cost(
    provider: str | ProviderSpec,
    model: str | None,
    query: str,
    documents: Iterable[DocumentInput],
    *,
    prices: PriceTable | None = None,
    rank_fields: Sequence[str] = TEXT_ONLY,
) -> CostEstimate:
    """Estimate what reranking these documents costs before anything is sent.

    `model` None is the provider's default; `prices` None the default table; `rank_fields` the fields of each document
    that are sent, as for a client. A blank query and an empty list
    are fine, since an estimate is wanted while somebody types. `provider` is an id, or a ProviderSpec of your own, as
    for a client. Raises ConfigurationError for a provider that
    does not exist, ModelNotFoundError for a model that cannot (see `chosen_model`), InvalidQueryError and
    InvalidDocumentsError for what is no text. A service is asked for a model that is not in its list too, which may be
    a newer one: the assumptions say so.
    """
    if not isinstance(query, str):
        raise InvalidQueryError("The query is not a string.")
    spec = _spec(provider)
    name, notes = _named(spec, model, prices or PriceTable.default())
    estimate = _estimated(spec, name, query, texts_of(documents, rank_fields), prices or PriceTable.default())
    return replace(estimate, assumptions=(*notes, *estimate.assumptions)) if notes else estimate


def _named(spec: ProviderSpec, model: str | None, prices: PriceTable) -> tuple[str | None, list[str]]:
    """The model that is estimated, and what is to say of the name it was asked for by."""
    from rerank_core.providers.choosing import chosen_model, unlisted

    name = chosen_model(spec, model)
    if model is not None and name is not None and name != model:
        return name, [f"{model} means {name} there."]
    if unlisted(spec, name) and prices.find(spec.id, name) is None:
        known = ", ".join(one.id for one in spec.models)
        return name, [
            f"{spec.label} is not known here to have a model called {name}. It would be asked for all the same, "
            f"since it may be newer than this list: {known}."
        ]
    return name, []


def _estimated(
    spec: ProviderSpec, name: str | None, query: str, texts: Sequence[str], prices: PriceTable
) -> CostEstimate:
    """The estimate of a call with the model of this name."""
    blank = sum(1 for text in texts if not text or text.isspace())
    sent = len(texts) - blank
    size = spec.batch_size
    requests = 0 if not sent else 1 if size is None else -(-sent // size)
    today = datetime.now(UTC).date()
    if spec.is_free:
        why = "It runs on this computer and costs nothing."
        if not spec.is_local:
            why = "It runs on a server of your own: no request is billed."
        return CostEstimate(0, Decimal(0), requests=requests, assumptions=(why,), as_of=today, most_units=0)
    known = spec.model(name)
    price = prices.find(spec.id, name)
    by_token = price.per_million is not None if price else spec.bills_tokens
    if price is None and (not spec.models or by_token):
        unknown = f"{spec.label} publishes no price, so the cost is unknown."
        if by_token:
            unknown = f"The price table does not have {name}, so the amount is unknown."
        return CostEstimate(None, None, requests=requests, as_of=today, assumptions=(unknown,))
    if price is not None and by_token:
        sizes = _Sizes(blank, requests, sent)
        return _by_token(price, query, texts, sizes)
    limit = _chunk_limit(price, known)
    asked = estimate_tokens(query)
    short = limit // 4  # characters, none of them more than a token: with doubled tokens still one chunk
    tokens = [
        (1 if len(text) <= short else estimate_tokens(text)) if text and not text.isspace() else 0 for text in texts
    ]
    chunks, most = _chunks(tokens, asked, limit), _chunks([2 * count for count in tokens], 2 * asked, limit)
    units = _units(chunks, size)
    return CostEstimate(
        search_units=units,
        amount=None if price is None else price.per_unit * units / 1000,
        long_documents=tuple(index for index, count in enumerate(chunks) if count > 1),
        chunks=chunks,
        requests=requests,
        assumptions=_assumptions(price, name, limit, _Sizes(blank, requests, sent)),
        as_of=price.as_of if price else today,
        most_units=_units(most, size),
    )


def cost_of(
    provider: str | ProviderSpec,
    model: str | None,
    search_units: float | None,
    reported_amount: object = None,
    prices: PriceTable | None = None,
    *,
    tokens: float | None = None,
) -> Cost:
    """What a call cost, from what the reply said.

    An amount that the provider reported wins; else the units or tokens it reported times the price in the table; else
    it is unknown. On this computer, and on a server of one's own, it is free. A reported amount or a count that is no
    finite number of 0 or more counts as not reported. `model` None is the provider's default.
    """
    spec = _spec(provider)
    if spec.is_local:
        return Cost(Decimal(0), basis="free")
    reported = _amount(reported_amount)
    if reported is not None:
        return Cost(reported, basis="reported")
    if spec.is_free:
        return Cost(Decimal(0), basis="free")
    named = spec.default_model if not model else spec.resolved(model)
    price = (prices or PriceTable.default()).find(spec.id, named)
    if price is None:
        return Cost(None)
    units = _amount(search_units if price.per_million is None else tokens)
    if units is None:
        return Cost(None)
    return Cost(units * price.per_unit / (1000 if price.per_million is None else 1_000_000), basis="computed")


def upper_bound(estimate: CostEstimate, max_retries: int) -> Decimal | None:
    """The most that a call may cost: every attempt billed, and every text twice as long in tokens as estimated.

    That is the amount times (1 + max_retries), more where doubled tokens would cost further units, and twice as much
    where tokens are billed. None where the amount is unknown. A time-out that was retried may have been billed twice,
    so a spending limit sets this much aside before the request is sent.
    """
    if estimate.amount is None:
        return None
    attempts = 1 + max(0, max_retries)
    if estimate.tokens is not None:
        return 2 * estimate.amount * attempts
    if not estimate.search_units or estimate.most_units is None:
        return estimate.amount * attempts
    return estimate.amount * estimate.most_units * attempts / estimate.search_units


def monthly(amount_per_search: Decimal | None, searches_a_day: float) -> Decimal | None:
    """What a month of DAYS_A_MONTH (30) days costs at this many searches a day; None where a search's cost is
    unknown. Raises ValueError for a negative or endless number of searches."""
    searches = _amount(searches_a_day)
    if searches is None:
        raise ValueError("searches_a_day is a finite number of 0 or more")
    return None if amount_per_search is None else amount_per_search * searches * DAYS_A_MONTH


def gap_text(estimate: CostEstimate | None, cost: Cost) -> str | None:
    """How far what was billed is from what was estimated, as a sentence; None where they agree or one is unknown."""
    if estimate is None or estimate.amount is None or cost.amount is None or cost.amount == estimate.amount:
        return None
    more = "more" if cost.amount > estimate.amount else "less"
    by = money_text(abs(cost.amount - estimate.amount))
    return f"Billed {by} {more} than the estimate of {money_text(estimate.amount)}."


def money_text(amount: Decimal | None) -> str:
    """An amount of US dollars for a person: "$0", "$0.0005", "$0.012", "$1,234.50", or "unknown".

    Amounts from one dollar are rounded to cents, smaller ones to two significant digits.
    """
    if amount is None:
        return "unknown"
    if amount < 0:
        return "-" + money_text(-amount)
    if amount == 0:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}"
    text = f"{amount:.{max(2, 1 - amount.adjusted())}f}".rstrip("0")
    return "$" + (text if len(text.partition(".")[2]) >= 2 else f"{amount:.2f}")


def _amount(value: object) -> Decimal | None:
    from rerank_core.providers.replies import amount

    return amount(value)


def _spec(provider: str | ProviderSpec) -> ProviderSpec:
    from rerank_core.providers import provider as find  # here, since a provider may one day need a price

    return find(provider)


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How many documents are blank, how many requests there are, and how many documents they hold."""

    blank: int
    requests: int
    sent: int


def _by_token(price: Price, query: str, texts: Sequence[str], sizes: _Sizes) -> CostEstimate:
    """The estimate where tokens are billed."""
    filled = [text for text in texts if text and not text.isspace()]
    asked = estimate_tokens(query) * (len(filled) if price.counted == "pairs" else sizes.requests)
    tokens = asked + sum(map(estimate_tokens, filled))
    sentences = [
        _TOKENS,
        f"{tokens:,} tokens, {TOKEN_RULES[price.counted]}.",
        f"{money_text(price.per_unit)} per million tokens ({price.source or 'source not given'}, {_day(price.as_of)}).",
    ]
    return CostEstimate(
        search_units=None,
        amount=price.per_unit * tokens / 1_000_000,
        requests=sizes.requests,
        assumptions=(*sentences, *_about_sizes(sizes)),
        as_of=price.as_of,
        tokens=tokens,
    )


_TOKENS = (
    "Tokens are estimated: four letters make one, or two digits or capitals, or one sign; three Chinese characters "
    "make two."
)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _chunk_limit(price: Price | None, model: ModelSpec | None) -> int:
    if price is not None:
        return price.chunk_tokens
    return CHUNK_TOKENS if model is None else model.chunk_tokens


def _chunks(tokens: Sequence[int], asked: int, limit: int) -> tuple[int, ...]:
    """How many chunks each document costs, 0 for one without tokens, which is blank and not sent."""
    room = limit - min(asked, limit // 2)
    return tuple(-(-count // room) for count in tokens)


def _units(chunks: Sequence[int], size: int | None) -> int:
    chunks = [count for count in chunks if count]
    size = size or len(chunks) or 1
    return sum(-(-sum(chunks[start : start + size]) // DOCUMENTS_PER_UNIT) for start in range(0, len(chunks), size))


def _assumptions(price: Price | None, model: str | None, limit: int, sizes: _Sizes) -> tuple[str, ...]:
    sentences = [
        _TOKENS,
        f"A search with up to {DOCUMENTS_PER_UNIT} documents is one unit; a document over {limit:,} tokens, the query "
        "counted in, is split, and every part counts as a document.",
    ]
    if price is None:
        sentences.append(f"The price table does not have {model}, so the amount is unknown.")
    else:
        source = price.source or "source not given"
        sentences.append(f"{money_text(price.per_unit)} per 1,000 search units ({source}, {_day(price.as_of)}).")
    return (*sentences, *_about_sizes(sizes))


def _about_sizes(sizes: _Sizes) -> tuple[str, ...]:
    """What is to say of several requests and of blank documents."""
    sentences = []
    if sizes.requests > 1:
        sentences.append(f"{sizes.sent:,} documents go out in {sizes.requests:,} requests, each counted on its own.")
    if sizes.blank:
        are = "1 blank document is" if sizes.blank == 1 else f"{sizes.blank:,} blank documents are"
        sentences.append(f"{are} not sent and not counted.")
    return tuple(sentences)
