"""Several models on the same documents: who takes part, agreement, differences, cost, the blind test, the exports."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core import pricing
from rerank_core.exports.comparison import Entry, comparison_csv, comparison_json, votes_csv
from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse
from rerank_core.ranking import comparison, headline
from rerank_core.ranking import contender as names_of
from rerank_core.ranking import orders as measures
from rerank_core.ranking.blind_test import Tally, Vote, letters, shuffled
from rerank_core.ranking.contender import Contender

ORDERS = st.integers(1, 12).flatmap(
    lambda count: st.lists(st.permutations(range(count)), min_size=1, max_size=4).map(
        lambda orders: [list(order) for order in orders]
    )
)
LABELS = {0: "alpha", 1: "beta", 2: "gamma", 3: "delta"}.__getitem__


def answer(order: list[int], texts: list[str], amount: str | None = "0") -> RerankResponse:
    """What a model that gives this order would have answered."""
    request = RerankRequest("a query", [Document(text, f"id-{place}") for place, text in enumerate(texts)])
    rows = tuple(
        RankedDocument(rank, index, 1 / rank, request.documents[index]) for rank, index in enumerate(order, start=1)
    )
    cost = Cost(None if amount is None else Decimal(amount), basis="computed")
    return RerankResponse(rows, "local-keyword", "local", request, cost=cost, latency_ms=12.5)


# ---- who takes part ---------------------------------------------------------------------------------------------


def test_every_model_of_every_provider_can_take_part_once():
    """Each has a key of its own, and a provider without models is there too."""
    everyone = names_of.contenders()
    keys = [names_of.key_of(each) for each in everyone]
    assert len(set(keys)) == len(keys)
    assert "flashrank" in keys
    assert {f"local:{model.id}" for model in rc.provider("local").models} <= set(keys)


@given(st.lists(st.sampled_from(names_of.contenders()), max_size=8, unique=True))
def test_a_choice_survives_the_address(chosen: list[Contender]):
    """What is written is read back, cut to as many as can be shown."""
    assert names_of.read_keys(names_of.keys_text(chosen)) == tuple(chosen[: names_of.MAX_CONTENDERS])


@given(st.text(max_size=60))
def test_an_address_of_anybodys_is_read_without_harm(text: str):
    """Unknown names are left out, repeated ones count once."""
    assert set(names_of.read_keys(text)) <= set(names_of.contenders())
    assert names_of.read_keys(f"local:local-english,{text},local:local-english")[0].model == "local-english"


def test_names_are_short_where_they_can_be_and_never_the_same():
    """Two models of one name carry their provider's."""
    chosen = names_of.read_keys("local:local-english,gateflow:rerank-english-v3.0,local:local-keyword,flashrank")
    names = names_of.short_names(chosen)
    assert names[2] == "Keyword matching"
    assert len(set(names)) == 4
    assert "English" in names[0]
    assert rc.provider("gateflow").label in names[1]
    assert names[3] == rc.provider("flashrank").label


# ---- agreement --------------------------------------------------------------------------------------------------


@given(ORDERS, st.integers(1, 15))
def test_agreement_is_that_of_every_pair(orders: list[list[int]], k: int):
    """The figures are those of `ranking`, for each pair once, and stay in their ranges."""
    found = comparison.agreement(orders, k)
    assert [(pair.first, pair.second) for pair in found.pairs] == list(itertools.combinations(range(len(orders)), 2))
    for pair in found.pairs:
        one, other = orders[pair.first], orders[pair.second]
        assert pair.overlap == measures.overlap(one, other, k)
        assert pair.kendall_tau == measures.kendall_tau(one, other)
        assert pair.rbo == measures.rank_biased_overlap(one, other)
        assert pair.shared == len(set(one[:k]) & set(other[:k]))
        concordant = [
            (one.index(a) < one.index(b)) == (other.index(a) < other.index(b))
            for a, b in itertools.combinations(one, 2)
        ]
        if concordant:
            assert math.isclose(pair.same_pairs, sum(concordant) / len(concordant))
    assert set(found.common_top) == set.intersection(*(set(order[:k]) for order in orders))
    assert found.identical == all(order == orders[0] for order in orders)
    assert found.same_first == (len({order[0] for order in orders}) == 1)


@given(ORDERS, st.integers(1, 15))
def test_the_words_never_claim_more_than_the_figures(orders: list[list[int]], k: int):
    """ "The same order" is said only of the same order, and 0% or 100% of all pairs only where it is exact."""
    found = comparison.agreement(orders, k)
    names = letters(len(orders))
    said = headline.agreement_text(found, names, str)
    assert ("the same order" in said and "pairs" not in said) == (found.identical and len(orders) > 1)
    for pair in found.pairs:
        assert (pair.text == "The same order.") == (orders[pair.first] == orders[pair.second])
        if "% of all pairs" in pair.text:
            number = int(pair.text.split("; ")[1].split("%")[0])
            assert (number == 0) == (pair.same_pairs == 0)
            assert (number == 100) == (pair.same_pairs == 1)


@given(ORDERS, st.integers(1, 15))
def test_pairs_stand_by_how_much_they_agree(orders: list[list[int]], k: int):
    """Every pair once, the closest first; most and least are named only where they differ."""
    found = comparison.agreement(orders, k)
    ranked = found.by_closeness
    assert sorted((pair.first, pair.second) for pair in ranked) == [(pair.first, pair.second) for pair in found.pairs]
    assert [pair.rbo for pair in ranked] == sorted((pair.rbo for pair in found.pairs), reverse=True)
    said = comparison.extremes_text(found, letters(len(orders)))
    figures = {(pair.rbo, pair.kendall_tau) for pair in found.pairs}
    assert (said is None) == (len(figures) < 2)
    if ranked:
        assert (found.closest.rbo, found.farthest.rbo) == (ranked[0].rbo, ranked[-1].rbo)


def test_who_agrees_most_and_least_in_words():
    """Three models, the first and the last turned round."""
    found = comparison.agreement([[0, 1, 2, 3], [0, 1, 3, 2], [3, 2, 1, 0]], 2)
    said = comparison.extremes_text(found, ["English", "Multilingual", "v2"])
    assert said == "English and Multilingual agree most, English and v2 least, the top places counting most"


@given(ORDERS, st.integers(1, 15))
def test_agreement_does_not_depend_on_which_order_comes_first(orders: list[list[int]], k: int):
    """A blind test shuffles the columns: the figures of each pair stay what they were."""
    turned = orders[::-1]
    last = len(orders) - 1

    def figures(found: comparison.OrderAgreement, turn: bool) -> dict[frozenset[int], tuple[float, ...]]:
        return {
            frozenset(last - place if turn else place for place in (pair.first, pair.second)): (
                pair.overlap,
                round(pair.kendall_tau, 12),
                round(pair.rbo, 12),
            )
            for pair in found.pairs
        }

    one, other = comparison.agreement(orders, k), comparison.agreement(turned, k)
    assert figures(one, False) == figures(other, True)
    assert set(one.common_top) == set(other.common_top)
    assert (one.identical, one.same_first) == (other.identical, other.same_first)
    spreads = {each.index: each.spread for each in comparison.differences(orders, k)}
    assert spreads == {each.index: each.spread for each in comparison.differences(turned, k)}


def test_the_sentence_of_three_models():
    """Who is first, how much of the top is common, and which two differ most."""
    orders = [[0, 1, 2, 3], [0, 1, 3, 2], [0, 3, 2, 1]]
    said = headline.agreement_text(comparison.agreement(orders, 2), ["English", "Multilingual", "v2"], LABELS)
    assert said == (
        "All three put 'alpha' first; 1 of the top 2 is the same for all; "
        "English and v2 differ most: 50% of all pairs of documents stand in the same order"
    )


def test_the_sentence_of_two_models_that_differ_at_the_top():
    """Each first document is named with whoever put it there."""
    said = headline.agreement_text(comparison.agreement([[0, 1, 2], [2, 1, 0]], 2), ["A", "B"], LABELS)
    assert said == (
        "They differ on the first place: 'alpha' for A, 'gamma' for B; 1 of the top 2 is the same; "
        "0% of all pairs of documents stand in the same order"
    )


def test_one_model_alone_asks_for_a_second():
    """There is no agreement of one, and the sentence says what to do."""
    said = headline.agreement_text(comparison.agreement([[1, 0]], 3), ["English"], LABELS)
    assert said == "English puts 'beta' first; choose a second model to compare it with"


@pytest.mark.parametrize(("orders", "k"), [([], 3), ([[0], []], 3), ([[0, 0], [0, 1]], 3), ([[0], [0]], 0)])
def test_what_cannot_be_compared_is_refused_in_a_sentence(orders: list[list[int]], k: int):
    """Nothing at all, an empty order, a depth of nothing: each is a clear error."""
    with pytest.raises(rc.InvalidRequestError):
        comparison.agreement(orders, k)


# ---- differences ------------------------------------------------------------------------------------------------


@given(ORDERS, st.integers(1, 15))
def test_every_document_has_its_rank_in_every_order(orders: list[list[int]], k: int):
    """Ranks are right, those in somebody's top come first, wider spreads before narrower ones."""
    found = comparison.differences(orders, k)
    assert sorted(each.index for each in found) == sorted(orders[0])
    for each in found:
        assert each.ranks == tuple(order.index(each.index) + 1 for order in orders)
        assert each.spread == max(each.ranks) - min(each.ranks)
    keys = [(each.best > k, -each.spread) for each in found]
    assert keys == sorted(keys)


def test_a_document_that_an_order_lacks_is_said_so():
    """A model that gave fewer rows has no rank for the rest, and no made-up spread."""
    found = comparison.differences([[0, 1], [1]], 2)
    missing = next(each for each in found if each.index == 0)
    assert missing.ranks == (1, None)
    assert missing.spread == 0
    assert missing.text(["English", "v2"]) == "1 for English, not placed for v2"


def test_the_widest_disagreement_in_words():
    """The document is named with its ranks, best first; where all agree there is nothing to say."""
    orders = [[0, 1, 2, 3], [3, 1, 2, 0]]
    found = comparison.differences(orders, 3)
    said = headline.disagreement_text(found, ["English", "v2"], LABELS)
    assert said == "They disagree most on 'alpha': 1 for English, 4 for v2"
    same = comparison.differences([[0, 1], [0, 1]], 3)
    assert headline.disagreement_text(same, ["English", "v2"], LABELS) is None


@given(ORDERS, st.integers(1, 15))
def test_what_only_one_has_at_its_top(orders: list[list[int]], k: int):
    """A document is marked where no other order has it in its top, and never for one order alone."""
    found = comparison.only_here(orders, k)
    for place, marked in enumerate(found):
        others = set().union(*(order[:k] for each, order in enumerate(orders) if each != place))
        assert marked == (frozenset(orders[place][:k]) - others if len(orders) > 1 else frozenset())


# ---- cost -------------------------------------------------------------------------------------------------------


def test_the_whole_cost_counts_every_model_and_names_the_unknown():
    """Two hosted models and a local one add up; a service of unknown price is named and not counted as free."""
    texts = ["one", "two"]

    def of(provider: str, model: str | None) -> tuple[pricing.CostEstimate, int]:
        return pricing.estimate_cost(provider, model, "query", texts), 2

    english, multilingual = of("gateflow", "rerank-english-v3.0"), of("gateflow", "rerank-multilingual-v3.0")
    local, flash = of("local", "local-keyword"), of("flashrank", None)
    both = comparison.whole_cost([english, multilingual, local])
    assert (both.amount, both.most, both.text) == (Decimal("0.002"), Decimal("0.006"), "$0.002")
    assert comparison.whole_cost([local]).text == "$0"
    assert comparison.whole_cost([english, flash]).text == "$0.001 + one unknown"
    assert comparison.whole_cost([flash]).text == "unknown"
    assert comparison.whole_cost([local, flash]).text == "unknown"
    assert comparison.whole_cost([]).text == "$0"


# ---- the blind test ---------------------------------------------------------------------------------------------


@given(st.integers(0, 6), st.integers())
def test_shuffling_keeps_every_column_once(count: int, seed: int):
    """A shuffle is a permutation, the same for the same source of randomness."""
    assert sorted(shuffled(count, Random(seed))) == list(range(count))
    assert shuffled(count, Random(seed)) == shuffled(count, Random(seed))
    assert sorted(shuffled(count)) == list(range(count))


def test_a_shuffle_gives_every_order():
    """No column has a place of its own that would give it away."""
    random = Random(7)
    assert {shuffled(3, random) for _ in range(200)} == set(itertools.permutations(range(3)))


KEYS = ("local:a", "local:b", "local:c")
VOTES = st.lists(st.builds(Vote, st.sampled_from("12345678"), st.just(KEYS), st.sampled_from([*KEYS, None])))


@given(VOTES)
def test_a_round_counts_once_with_its_last_vote(votes: list[Vote]):
    """Changing one's mind changes the vote; the figures add up to the rounds."""
    tally = Tally()
    for vote in votes:
        tally = tally.with_vote(vote)
    last = {vote.round: vote for vote in votes}
    assert {vote.round: vote for vote in tally.votes} == last
    assert sum(standing.wins for standing in tally.standings()) + tally.undecided == len(last)
    assert all(standing.rounds == len(last) for standing in tally.standings())
    wins = [standing.wins for standing in tally.standings()]
    assert wins == sorted(wins, reverse=True)
    assert tally.chance is None or 0 < tally.chance <= 1
    for name in last:
        assert tally.without(name).of(name) is None


def test_the_tally_in_words_and_when_it_may_be_chance():
    """Few votes are called possible chance, many one-sided ones are not; the figure is the sign test's."""
    tally = Tally()
    assert tally.text(str) == "No votes yet."
    for number in range(4):
        tally = tally.with_vote(Vote(str(number), ("English", "v2"), "English"))
    assert tally.chance == 2 / 2**4
    assert tally.text(str) == "After 4 rounds: English 4, v2 0. This could still be chance."
    for number in range(4, 9):
        tally = tally.with_vote(Vote(str(number), ("English", "v2"), "English"))
    assert tally.chance == 2 / 2**9
    assert "Chance alone would seldom" in tally.text(str)
    undecided = Tally().with_vote(Vote("1", ("English", "v2"), None))
    assert undecided.text(str) == "After 1 round: English 0, v2 0, no difference 1."


def test_a_winner_must_have_been_shown():
    """A vote for what nobody saw is refused."""
    with pytest.raises(ValueError, match="not shown"):
        Vote("1", ("English", "v2"), "Multilingual")


# ---- files ------------------------------------------------------------------------------------------------------

TEXTS = ["=SUM(A1)", "two", "three"]


def entries() -> list[Entry]:
    """Two models that answered and one that failed."""
    english, keyword, hosted = names_of.read_keys(
        "local:local-english,local:local-keyword,gateflow:rerank-english-v3.0"
    )
    return [
        Entry("English", english, answer([0, 1, 2], TEXTS)),
        Entry("v2", keyword, answer([2, 1, 0], TEXTS, None)),
        Entry("hosted", hosted, rc.AuthenticationError("The key is not known.", status=401)),
    ]


def test_the_csv_has_every_document_with_its_rank_in_each_model():
    """Rows stand in the initial order, ranks are right, and no cell can be run as a formula."""
    data = comparison_csv(entries())
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [(row["rank: English"], row["rank: v2"], row["spread"]) for row in rows] == [
        ("1", "3", "2"),
        ("2", "2", "0"),
        ("3", "1", "2"),
    ]
    assert rows[0]["text"] == "'=SUM(A1)"
    assert rows[0]["id"] == "id-0"
    assert not any("hosted" in name or "score" in name for name in rows[0])


def test_the_json_has_the_agreement_the_answers_and_the_failure():
    """What each model gave is in it, the failed one with its error, money as text."""
    read = json.loads(comparison_json(entries(), k=2, order_name="as pasted"))
    assert read["schema"] == "rerank-playground/comparison"
    assert [model["name"] for model in read["models"]] == ["English", "v2", "hosted"]
    assert read["models"][0]["cost"]["amount"] == "0"
    assert [row["index"] for row in read["models"][1]["results"]] == [2, 1, 0]
    assert read["models"][2]["error"]["message"] == "The key is not known."
    assert read["agreement"] == [
        {
            "first": "English",
            "second": "v2",
            "overlap": 0.5,
            "overlap_depth": 2,
            "kendall_tau": -1.0,
            "rank_biased_overlap": pytest.approx(measures.rank_biased_overlap([0, 1, 2], [2, 1, 0])),
        }
    ]
    assert [document["text"] for document in read["documents"]] == TEXTS


@given(st.lists(st.text(st.characters(), min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_files_hold_whatever_a_document_can_hold(texts: list[str]):
    """Lone surrogates, NULs and quotes break neither file."""
    english = names_of.read_keys("local:local-english")[0]
    made = [Entry("English", english, answer(list(range(len(texts))), texts))]
    assert [document["text"] for document in json.loads(comparison_json(made, k=3))["documents"]] == texts
    assert len(list(csv.reader(io.StringIO(comparison_csv(made).decode("utf-8-sig"), newline="")))) == len(texts) + 1


def test_nothing_to_export_is_a_sentence():
    """Where every model failed there is no file."""
    failed = entries()[2:]
    with pytest.raises(rc.InvalidRequestError):
        comparison_csv(failed)
    with pytest.raises(rc.InvalidRequestError):
        comparison_json(failed, k=3)


def test_the_votes_are_a_spreadsheet():
    """One row a round with its question; no difference is an empty cell, and no question runs as a formula."""
    tally = Tally().with_vote(Vote("x", ("local:a", "local:b"), "local:b", "=1+1"))
    tally = tally.with_vote(Vote("y", ("local:a", "local:b"), None, "second"))
    rows = list(csv.DictReader(io.StringIO(votes_csv(tally, str.upper).decode("utf-8-sig"), newline="")))
    assert rows == [
        {"round": "1", "query": "'=1+1", "shown": "LOCAL:A, LOCAL:B", "better": "LOCAL:B"},
        {"round": "2", "query": "second", "shown": "LOCAL:A, LOCAL:B", "better": ""},
    ]
