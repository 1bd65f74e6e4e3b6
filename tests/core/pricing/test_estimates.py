"""What a call costs, before and after it is made."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import pricing
from rerank_core.errors import ConfigurationError, InvalidDocumentsError, InvalidQueryError
from rerank_core.models import Cost, Document
from rerank_core.pricing.estimates import cost_of, estimate_cost, gap_text, monthly, upper_bound
from rerank_core.pricing.table import GATEFLOW_PRICES_AS_OF, Price, PriceTable
from rerank_core.pricing.tokens import estimate_tokens
from rerank_core.providers import provider, providers

ENGLISH = "rerank-english-v3.0"
MULTILINGUAL = "rerank-multilingual-v3.0"
LEGACY = "rerank-english-v2.0"


def test_the_worked_example_of_the_module_holds() -> None:
    """A query of 80 characters and a document of 4,000 make three chunks at a limit of 500."""
    estimate = estimate_cost("gateflow", ENGLISH, "q" * 80, ["d" * 4000])
    assert estimate.chunks == (3,)
    assert estimate.long_documents == (0,)
    assert estimate.search_units == 1
    assert estimate.amount == Decimal("0.001")


def test_a_hundred_short_documents_are_one_unit_and_one_more_is_two() -> None:
    """A search unit covers a query with up to 100 documents."""
    assert estimate_cost("gateflow", ENGLISH, "q", ["d"] * 100).search_units == 1
    over = estimate_cost("gateflow", ENGLISH, "q", ["d"] * 101)
    assert (over.search_units, over.amount, over.long_documents) == (2, Decimal("0.002"), ())


def test_long_documents_push_a_request_over_a_unit() -> None:
    """60 documents of two chunks each count as 120 documents, so two units, and each is named."""
    estimate = estimate_cost("gateflow", MULTILINGUAL, "q" * 40, ["d" * 2400] * 60)
    assert estimate.search_units == 2
    assert estimate.long_documents == tuple(range(60))


@pytest.mark.parametrize(("characters", "chunks"), [(1920, 1), (1921, 2), (3840, 2), (3841, 3)])
def test_the_query_takes_room_from_every_chunk(characters: int, chunks: int) -> None:
    """With a query of 20 tokens a chunk holds 480 tokens of the document, to the character."""
    assert estimate_cost("gateflow", ENGLISH, "q" * 80, ["d" * characters]).chunks == (chunks,)


def test_a_query_takes_at_most_half_of_the_limit() -> None:
    """A huge query leaves 250 of 500 tokens for the document, never none."""
    assert estimate_cost("gateflow", ENGLISH, "q" * 100_000, ["d" * 1000, "d" * 1004]).chunks == (1, 2)


def test_documents_over_one_request_are_counted_batch_by_batch() -> None:
    """1,001 documents go out as 1,000 and 1: eleven units, not ten and a bit, and the estimate says so."""
    estimate = estimate_cost("gateflow", ENGLISH, "q", ["d"] * 1001)
    assert (estimate.search_units, estimate.requests) == (11, 2)
    assert any("2 requests" in sentence for sentence in estimate.assumptions)
    long = estimate_cost("gateflow", ENGLISH, "", ["d" * 2004] + ["d"] * 1099)
    assert long.search_units == 11 + 1


def test_blank_documents_are_not_counted() -> None:
    """A blank document is never sent, so it costs nothing and shifts no index of the others."""
    estimate = estimate_cost("gateflow", ENGLISH, "q", ["", " \n"] + ["d"] * 100 + ["d" * 4000])
    assert estimate.chunks == (0, 0, *([1] * 100), 3)
    assert estimate.long_documents == (102,)
    assert estimate.search_units == 2
    assert any("2 blank documents" in sentence for sentence in estimate.assumptions)


def test_nothing_typed_yet_costs_nothing() -> None:
    """An empty query and no documents, or only blank ones, are 0 units and $0."""
    for documents in ([], ["", "  "]):
        estimate = estimate_cost("gateflow", ENGLISH, "", documents)
        assert (estimate.search_units, estimate.amount, estimate.requests) == (0, Decimal(0), 0)


@pytest.mark.parametrize(
    ("model", "amount"), [(ENGLISH, "0.001"), (MULTILINGUAL, "0.001"), (LEGACY, "0.0005"), (None, "0.001")]
)
def test_each_gateflow_model_has_its_price(model: str | None, amount: str) -> None:
    """The three models cost $1.00, $1.00 and $0.50 per 1,000 searches, dated, with a source."""
    estimate = estimate_cost("gateflow", model, "q", ["d"])
    assert estimate.amount == Decimal(amount)
    assert estimate.currency == "USD"
    assert estimate.as_of == GATEFLOW_PRICES_AS_OF
    assert any("GateFlow price list as given" in sentence for sentence in estimate.assumptions)


def test_this_computer_is_free() -> None:
    """Local models cost 0 units and $0 however long the documents are."""
    estimate = estimate_cost("local", "local-english", "q", ["d" * 100_000] * 3)
    assert (estimate.search_units, estimate.amount) == (0, Decimal(0))
    assert (estimate.long_documents, estimate.requests) == ((), 1)


def test_flashrank_is_unknown() -> None:
    """A provider that publishes neither units nor prices has neither in the estimate."""
    estimate = estimate_cost("flashrank", None, "q", ["d" * 9000])
    assert (estimate.search_units, estimate.amount, estimate.long_documents) == (None, None, ())
    assert any("unknown" in sentence for sentence in estimate.assumptions)


def test_a_model_without_a_price_has_units_and_no_amount() -> None:
    """An unknown model is estimated in units, and a sentence says why there is no amount."""
    estimate = estimate_cost("gateflow", "rerank-v9", "q", ["d"] * 150)
    assert (estimate.search_units, estimate.amount) == (2, None)
    assert any("rerank-v9" in sentence for sentence in estimate.assumptions)
    assert upper_bound(estimate, 2) is None


def test_an_edited_price_and_chunk_limit_are_used() -> None:
    """A table with a price of one's own changes amount and chunks; the table it came from stays as it was."""
    default = PriceTable.default()
    mine = default.with_price("gateflow", ENGLISH, "2.50", chunk_tokens=4096, as_of=date(2026, 1, 2), source="Invoice")
    estimate = estimate_cost("gateflow", ENGLISH, "q", ["d" * 8000], prices=mine)
    assert (estimate.amount, estimate.chunks, estimate.as_of) == (Decimal("0.0025"), (1,), date(2026, 1, 2))
    assert any("Invoice" in sentence and "2 January 2026" in sentence for sentence in estimate.assumptions)
    assert default.find("gateflow", ENGLISH).per_1000 == Decimal("1")  # type: ignore[union-attr]
    assert estimate_cost("gateflow", ENGLISH, "q", ["d" * 8000]).chunks == (5,)


def test_documents_come_in_every_form_and_order_is_kept() -> None:
    """Strings, objects, Documents and generators are estimated alike."""
    forms = ["d" * 4000, {"text": "d" * 4000, "id": 7}, Document("d" * 4000)]
    assert estimate_cost("gateflow", ENGLISH, "q" * 80, forms).chunks == (3, 3, 3)
    assert estimate_cost("gateflow", ENGLISH, "q" * 80, (form for form in forms)).chunks == (3, 3, 3)


def test_what_is_no_text_is_refused() -> None:
    """A number among the documents, a string for a list, or a query that is no string is an error."""
    with pytest.raises(InvalidDocumentsError, match="Document 2"):
        estimate_cost("gateflow", ENGLISH, "q", ["d", 3])  # type: ignore[list-item]
    with pytest.raises(InvalidDocumentsError):
        estimate_cost("gateflow", ENGLISH, "q", "one string")
    with pytest.raises(InvalidQueryError):
        estimate_cost("gateflow", ENGLISH, None, ["d"])  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        estimate_cost("nowhere", None, "q", ["d"])


@given(
    query=st.text(max_size=300),
    lengths=st.lists(st.integers(0, 5000), max_size=250),
    limit=st.integers(1, 1000),
)
def test_the_formula_holds_for_any_lengths(query: str, lengths: list[int], limit: int) -> None:
    """Units, chunks and amount follow the formula written out with exact fractions."""
    prices = PriceTable((Price("gateflow", ENGLISH, Decimal("1.7"), limit),))
    estimate = estimate_cost("gateflow", ENGLISH, query, ["x" * n for n in lengths], prices=prices)
    room = limit - min(estimate_tokens(query), limit // 2)
    chunks = [max(1, math.ceil(math.ceil(n / 4) / room)) if n else 0 for n in lengths]
    assert estimate.chunks == tuple(chunks)
    assert estimate.search_units == math.ceil(sum(chunks) / 100)
    assert estimate.amount == Decimal("0.0017") * math.ceil(sum(chunks) / 100)


def test_the_most_a_call_can_cost_counts_every_retry() -> None:
    """Two retries triple the amount that is set aside."""
    estimate = estimate_cost("gateflow", ENGLISH, "q", ["d"] * 250)
    assert upper_bound(estimate, 2) == Decimal("0.009")
    assert upper_bound(estimate, 0) == estimate.amount


def test_the_most_a_call_can_cost_allows_for_twice_the_tokens() -> None:
    """An estimate of tokens is no bound: 100 documents of 300 tokens are one unit, and two where they are denser."""
    estimate = estimate_cost("gateflow", ENGLISH, "q", ["d" * 1200] * 100)
    assert (estimate.search_units, estimate.most_units) == (1, 2)
    assert upper_bound(estimate, 2) == Decimal("0.006")
    local = estimate_cost("local", None, "q", ["d"])
    assert upper_bound(local, 2) == Decimal(0)


@given(lengths=st.lists(st.integers(0, 6000), max_size=120), query=st.integers(0, 3000), retries=st.integers(0, 5))
def test_the_most_is_never_below_the_estimate(lengths: list[int], query: int, retries: int) -> None:
    """The bound is at least every attempt at the estimated price, whatever the lengths."""
    estimate = estimate_cost("gateflow", ENGLISH, "q" * query, ["d" * length for length in lengths])
    most = upper_bound(estimate, retries)
    assert most is not None
    assert estimate.amount is not None
    assert most >= estimate.amount * (1 + retries)


def test_a_month_is_thirty_days() -> None:
    """1,000 searches a day at $0.001 are $30 a month; an unknown price stays unknown."""
    assert monthly(Decimal("0.001"), 1000) == Decimal(30)
    assert monthly(None, 1000) is None
    with pytest.raises(ValueError, match="searches_a_day"):
        monthly(Decimal(1), float("inf"))


def test_a_reported_amount_wins_over_the_table() -> None:
    """What the provider says it charged is taken exactly, float noise aside."""
    cost = cost_of("gateflow", ENGLISH, 1.0, 0.001)
    assert (cost.amount, cost.basis, cost.currency) == (Decimal("0.001"), "reported", "USD")
    assert cost_of("gateflow", ENGLISH, 1.0, 0).amount == Decimal(0)


@pytest.mark.parametrize("nonsense", [None, True, "free", "", float("nan"), float("inf"), -0.5, [1], {"total": 1}])
def test_a_reported_amount_that_makes_no_sense_is_not_reported(nonsense: object) -> None:
    """Null, text, NaN or a negative number gives way to units times price."""
    cost = cost_of("gateflow", LEGACY, 3, nonsense)
    assert (cost.amount, cost.basis) == (Decimal("0.0015"), "computed")


def test_cost_is_unknown_without_units_or_price() -> None:
    """No units, or a model that the table lacks, leaves the amount None."""
    assert cost_of("gateflow", ENGLISH, None).basis == "unknown"
    assert cost_of("gateflow", "rerank-v9", 1.0).amount is None
    assert cost_of("flashrank", None, None).basis == "unknown"


def test_cost_of_uses_the_default_model_and_an_edited_table() -> None:
    """Without a model the provider's default is priced; a table of one's own is honoured."""
    assert cost_of("gateflow", None, 2).amount == Decimal("0.002")
    mine = PriceTable.default().with_price("gateflow", ENGLISH, 3)
    assert cost_of("gateflow", ENGLISH, 2, prices=mine).amount == Decimal("0.006")


def test_local_calls_are_free_whatever_is_reported() -> None:
    """On this computer the amount is 0 and the basis says free."""
    cost = cost_of("local", "local-english", None)
    assert (cost.amount, cost.basis) == (Decimal(0), "free")


# Prices by the token


def by_token(**details: object) -> PriceTable:
    """A table with a price of $2 per million tokens for a model of GateFlow."""
    return PriceTable((Price("gateflow", ENGLISH, per_million=Decimal(2), source="s", **details),))  # type: ignore[arg-type]


@pytest.mark.parametrize(("counted", "tokens"), [("pairs", 3 * 20 + 3 * 100), ("once", 20 + 3 * 100)])
def test_tokens_are_counted_by_the_providers_own_rule(counted: str, tokens: int) -> None:
    """The query with each document that is sent, or once; blank documents are neither sent nor counted."""
    documents = ["d" * 400, "d" * 400, "d" * 400, " "]
    estimate = estimate_cost("gateflow", ENGLISH, "q" * 80, documents, prices=by_token(counted=counted))
    assert estimate.tokens == tokens
    assert estimate.amount == Decimal(2) * tokens / 1_000_000
    assert (estimate.search_units, estimate.chunks, estimate.long_documents) == (None, (), ())
    assert any("$2.00 per million tokens (s," in line for line in estimate.assumptions)


def test_the_most_by_the_token_allows_for_twice_the_tokens_and_every_retry() -> None:
    """Dense text has up to twice the tokens estimated."""
    estimate = estimate_cost("gateflow", ENGLISH, "q" * 80, ["d" * 400], prices=by_token())
    assert estimate.amount is not None
    assert upper_bound(estimate, 2) == 2 * 3 * estimate.amount


def test_reported_tokens_are_priced_by_the_token_and_units_are_not() -> None:
    """A price by the token goes with tokens alone, one by the search with units alone."""
    assert cost_of("gateflow", ENGLISH, None, None, by_token(), tokens=500_000) == Cost(Decimal(1), basis="computed")
    assert cost_of("gateflow", ENGLISH, 3, None, by_token()) == Cost(None)
    assert cost_of("gateflow", ENGLISH, None, tokens=500_000) == Cost(None)


def test_a_price_is_for_one_unit() -> None:
    """By the search or by the token, never both and never neither; how tokens are counted has a name."""
    for wrong in ({}, {"per_1000": Decimal(1), "per_million": Decimal(1)}, {"per_million": 1, "counted": "twice"}):
        with pytest.raises(ConfigurationError):
            Price("gateflow", "m", **wrong)  # type: ignore[arg-type]
    assert (Price("g", "m", Decimal(1)).unit, by_token().prices[0].unit) == ("1,000 searches", "million tokens")
    assert PriceTable.from_rows(by_token().rows()) == by_token()


def test_a_server_of_ones_own_is_free() -> None:
    """Nothing is billed by the request, unless a reply names a cost."""
    spec = replace(provider("gateflow"), free=True)
    assert estimate_cost(spec, None, "q", ["a"]).amount == Decimal(0)
    assert cost_of(spec, None, None) == Cost(Decimal(0), basis="free")
    assert cost_of(spec, None, None, "0.2") == Cost(Decimal("0.2"), basis="reported")


def test_the_table_round_trips_through_rows() -> None:
    """Rows of an edited table come back as the same prices."""
    assert PriceTable.from_rows(PriceTable.default().rows()) == PriceTable.default()


def test_prices_are_replaced_and_dated_today() -> None:
    """A second price for a model replaces the first, and one without a date is dated today."""
    table = PriceTable().with_price("gateflow", "m", 1).with_price("gateflow", "m", 2)
    assert [price.per_1000 for price in table.prices] == [Decimal(2)]
    assert table.prices[0].as_of == datetime.now(UTC).date()


@pytest.mark.parametrize("wrong", ["-1", "abc", float("nan"), float("inf"), None, True, 10**9])
def test_a_price_that_is_no_amount_is_refused_with_a_hint(wrong: object) -> None:
    """Negative, endless, absurd and non-numeric prices raise an error that says what to enter."""
    with pytest.raises(ConfigurationError) as caught:
        PriceTable().with_price("gateflow", "m", wrong)  # type: ignore[arg-type]
    assert "US dollars" in caught.value.hint


@pytest.mark.parametrize("wrong", [0, -5, 10**9, 1.5, True])
def test_a_chunk_limit_that_makes_no_sense_is_refused(wrong: object) -> None:
    """A limit must be a whole number of tokens of at least 1."""
    with pytest.raises(ConfigurationError):
        PriceTable().with_price("gateflow", "m", 1, chunk_tokens=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "blank", [{"provider": ""}, {"model": " "}, {"chunk_tokens": 0.5}, {"chunk_tokens": None}, {"as_of": "soon"}]
)
def test_an_edited_row_that_makes_no_sense_is_an_error(blank: dict[str, object]) -> None:
    """An empty name or half a token in the edited table is refused."""
    row = {"provider": "g", "model": "m", "per_1000": 1.0, "chunk_tokens": 500, "as_of": None, "source": None}
    with pytest.raises(ConfigurationError):
        PriceTable.from_rows([row | blank])


def test_every_published_price_is_in_the_default_table() -> None:
    """Each priced model of the registry has one row with its own price, a source and a date."""
    table = PriceTable.default()
    for spec in providers():
        for model in spec.models:
            price = table.find(spec.id, model.id)
            if not model.price_per_1000 and not model.price_per_million:
                assert price is None
                continue
            assert price is not None
            asked = (model.price_per_1000, model.price_per_million, model.tokens_counted, model.chunk_tokens)
            assert (price.per_1000, price.per_million, price.counted, price.chunk_tokens) == asked
            assert price.source
            assert price.as_of.year >= 2026
    assert len(provider("gateflow").models) == 3


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "unknown"),
        ("0", "$0"),
        ("0.0005", "$0.0005"),
        ("0.00123", "$0.0012"),
        ("0.012", "$0.012"),
        ("0.5", "$0.50"),
        ("0.999", "$1.00"),
        ("30", "$30.00"),
        ("1234.5", "$1,234.50"),
        ("-0.002", "-$0.002"),
    ],
)
def test_money_is_written_for_a_person(amount: str | None, text: str) -> None:
    """Cents from a dollar up, two significant digits below, and unknown in words."""
    assert pricing.money_text(None if amount is None else Decimal(amount)) == text


def test_what_was_billed_is_held_against_the_estimate() -> None:
    """A difference is said both ways round; agreement and the unknown are not."""
    expected = estimate_cost("gateflow", None, "query", ["document"])
    assert gap_text(expected, Cost(Decimal("0.002"), basis="reported")) == (
        "Billed $0.001 more than the estimate of $0.001."
    )
    assert gap_text(expected, Cost(Decimal("0.0005"), basis="reported")) == (
        "Billed $0.0005 less than the estimate of $0.001."
    )
    assert gap_text(expected, Cost(expected.amount, basis="reported")) is None
    assert gap_text(expected, Cost(None)) is None
    assert gap_text(None, Cost(Decimal(1), basis="reported")) is None


@pytest.mark.parametrize("wrong", [None, 7, "text", b"text", {"text": "a"}, [None], [b"a"]], ids=repr)
def test_an_estimate_takes_what_a_call_takes(wrong) -> None:
    """What is no list of documents is refused as a call refuses it, and never counted as something else."""
    with pytest.raises(InvalidDocumentsError):
        estimate_cost("gateflow", ENGLISH, "q", wrong)


def test_an_estimate_for_a_provider_of_ones_own() -> None:
    """A ProviderSpec is taken in place of an id, as a client takes it."""
    own = replace(provider("gateflow"), id="mine", max_documents=100)
    table = PriceTable.default().with_price("mine", ENGLISH, 3)
    estimate = estimate_cost(own, None, "q", ["a"] * 150, prices=table)
    assert (estimate.requests, estimate.search_units, estimate.amount) == (2, 2, Decimal("0.006"))
    assert estimate_cost(replace(provider("local"), id="mine"), None, "q", ["a"]).amount == 0
