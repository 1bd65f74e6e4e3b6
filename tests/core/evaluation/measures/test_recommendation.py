"""What to do after an experiment: on, off, or rate more, each from both sides of its border."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.evaluation.measures.recommendation import WORTHWHILE, Advice, queries_needed, recommend
from rerank_core.evaluation.measures.significance import ENOUGH_QUERIES, compare_values
from rerank_core.evaluation.measures.summary import INITIAL, OrderScores, Summary
from rerank_core.evaluation.query_sets.query_set import Query


def summary(unrated: int = 0, prices: dict[str, int] | None = None, **models: list[float]) -> Summary:
    """A summary of models that change every query, which was at 0.5, by these amounts; `prices` are dollars a month."""
    count = len(next(iter(models.values())))
    values = {INITIAL: {f"q{place}": 0.5 for place in range(count)}}
    values |= {name: {f"q{place}": 0.5 + one for place, one in enumerate(column)} for name, column in models.items()}
    pairs = compare_values(values, "nDCG@10", samples=2_000)
    means = {name: {"nDCG@10": sum(own.values()) / count} for name, own in values.items()}
    rows = [OrderScores(INITIAL, means[INITIAL], None, None, None, None, None)]
    for name in sorted(models, key=lambda one: -means[one]["nDCG@10"]):
        monthly = Decimal((prices or {}).get(name, 0))
        rows.append(OrderScores(name, means[name], pairs[INITIAL, name], Decimal(0), monthly / 30_000, monthly, 1.0))
    by_query = {name: {"nDCG@10": own} for name, own in values.items()}
    searched = {query: Query(query, f"question {query}", ()) for query in values[INITIAL]}
    best = rows[1].label
    made = Summary("", best, (), (), "nDCG@10", ("nDCG@10",), tuple(rows), pairs, by_query, tuple(searched))
    return replace(made, unrated=unrated, searched=searched)


def advised(unrated: int = 0, prices: dict[str, int] | None = None, **models: list[float]) -> Advice:
    return recommend(summary(unrated, prices, **models))


def around(mean: float, spread: float, count: int) -> list[float]:
    """So many values with just this mean and this standard deviation."""
    deviation = spread * ((count - 1) / count) ** 0.5
    return [mean + deviation * (1 if place % 2 else -1) for place in range(count)]


def test_a_model_that_is_better_is_to_be_switched_on() -> None:
    """The words name it, and the reason says on how many queries."""
    lead = advised(English=around(0.1, 0.1, 40)).lead
    assert (lead.verdict, lead.label, lead.more) == ("on", "English", None)
    assert lead.text == "Switch English on"
    assert lead.reason == "It puts better results first on 40 of 40 queries."


def test_a_stand_in_that_is_better_says_what_to_run_before_money_is_spent() -> None:
    """What runs on this computer is not the hosted model."""
    made = summary(English=around(0.1, 0.1, 40))
    local = replace(made, rows=(made.rows[0], replace(made.rows[1], local=True)))
    assert recommend(local).lead.reason.endswith("run the hosted model before you pay for one.")


def test_a_small_gain_that_is_sure_is_called_small() -> None:
    """It is better, and somebody may still not want it."""
    lead = advised(English=around(0.01, 0.02, 60)).lead
    assert lead.verdict == "on"
    assert lead.reason.endswith("The gain is small, under 0.02.")


def test_a_model_that_is_worse_is_to_be_left_off() -> None:
    """The other way round."""
    lead = advised(English=around(-0.1, 0.1, 40)).lead
    assert (lead.verdict, lead.text) == ("off", "Leave English off")
    assert lead.reason == "It puts worse results first on 40 of 40 queries."


def test_a_model_that_cannot_gain_enough_is_to_be_left_off() -> None:
    """The interval ends under what is worth having; just above that nobody can know."""
    off = advised(English=around(0.0, 0.07, 60)).lead
    assert off.verdict == "off"
    assert off.reason == "It gains 0.018 at the most on nDCG@10, which nobody would notice."
    assert advised(English=around(0.0, 0.085, 60)).lead.verdict == "unknown"
    assert advised(English=[0.0] * ENOUGH_QUERIES).lead.reason.startswith("It gains nothing")
    assert advised(English=[0.0] * (ENOUGH_QUERIES - 1)).lead.verdict == "unknown"


def test_nobody_knows_from_one_or_two_queries() -> None:
    """Both gained as much, which proves nothing; the recommendation says how many more to rate."""
    lead = advised(unrated=60, English=[0.3, 0.3]).lead
    assert (lead.verdict, lead.more) == ("unknown", 25)
    assert lead.text == "You cannot know yet: rate about 25 more queries"
    assert lead.reason == "2 queries are too few to tell English from the initial order."
    assert advised(English=[0.3]).lead.reason.startswith("1 query says nothing about English.")


@pytest.mark.parametrize(
    ("unrated", "said"),
    [(500, ""), (12, " This set has 12 without ratings, so add queries"), (0, " All of this set are rated, so add")],
)
def test_what_the_set_does_not_have_is_to_be_added(unrated: int, said: str) -> None:
    """More queries than the set has cannot be rated."""
    lead = advised(unrated=unrated, English=around(0.03, 0.2, 60)).lead
    assert lead.verdict == "unknown"
    assert said in lead.reason
    assert bool(said) == ("add queries" in lead.reason)
    assert "nothing speaks for" not in lead.reason
    worse = advised(unrated=unrated, English=around(-0.01, 0.2, 60)).lead
    assert worse.reason.endswith("Until then nothing speaks for switching it on.")


def test_the_worked_example_of_the_formula() -> None:
    """The figure of the docstring."""
    (pair,) = summary(English=around(0.05, 0.2, 50)).pairs.values()
    assert queries_needed(pair) == 128
    assert queries_needed(replace(pair, comparisons=6)) > 128
    assert advised(English=around(0.05, 0.2, 50)).lead.more == 80  # 78 more


def test_so_many_queries_do_find_the_difference() -> None:
    """Of 200 experiments with as many queries as were recommended, four in five find what there is."""
    chance = random.Random(2)
    found = sum(
        recommend(summary(English=[chance.gauss(0.05, 0.2) for _ in range(128)])).lead.verdict == "on"
        for _ in range(200)
    )
    assert 0.72 <= found / 200 <= 0.88


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60))
def test_there_is_always_one_of_three_answers(column: list[float]) -> None:
    """What is on is better, what is off gains too little, and what is not known needs more than there is."""
    made = summary(English=column)
    (pair,) = made.pairs.values()
    lead = recommend(made).lead
    if lead.verdict == "on":
        assert pair.significant
        assert pair.difference > 0
    elif lead.verdict == "off":
        assert pair.difference < WORTHWHILE
    else:
        assert not pair.significant
        assert lead.more is not None
        assert lead.more > 0
        assert pair.queries + lead.more >= ENOUGH_QUERIES
        assert queries_needed(pair) >= pair.queries


def test_the_cheaper_of_two_that_cannot_be_told_apart_is_chosen() -> None:
    """A little more quality that may be chance is not worth $30 a month; a real one is named first."""
    chance = random.Random(8)
    good = [chance.gauss(0.1, 0.1) for _ in range(60)]
    near = [value - chance.gauss(0.002, 0.05) for value in good]
    advice = advised(Hosted=good, Local=near, prices={"Hosted": 30})
    lead = advice.lead
    assert lead.label == "Local"
    assert [one.text for one in advice.models] == ["Hosted would help too", "Switch Local on"]
    assert lead.reason.endswith("It costs less than Hosted, and the two cannot be told apart.")
    assert advised(Hosted=good, Local=near, prices={"Local": 30}).lead.label == "Hosted"
    far = [value - 0.05 for value in good]
    assert advised(Hosted=good, Local=far, prices={"Hosted": 30}).lead.label == "Hosted"


def test_several_models_get_one_answer_and_each_its_own() -> None:
    """One that is not known yet leaves the question open; where all are to be left off, reranking is."""
    chance = random.Random(6)
    bad = [chance.gauss(-0.1, 0.1) for _ in range(60)]
    worse = [value - 0.1 for value in bad]
    advice = advised(A=bad, B=worse)
    assert advice.lead.text == "Leave reranking off"
    assert advice.lead.reason == "None of the 2 models is better than the initial order on nDCG@10."
    assert [one.text for one in advice.models] == ["Leave A off", "Leave B off"]
    doubtful = advised(A=around(0.0, 0.3, 60), B=worse)
    assert doubtful.lead.verdict == "unknown"
    assert [one.verdict for one in doubtful.models] == ["unknown", "off"]
