"""What titles are worth, measured: on a shop's search results as a spreadsheet, and on the rated sample."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rerank_core import Client, offline
from rerank_core.evaluation import read
from rerank_core.evaluation.measures.measure import measure
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.evaluation.query_sets.sanity import concerns
from rerank_core.evaluation.query_sets.sources import from_files, from_sample
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT
from tests.support import ROOT

SHOP = ROOT / "tests" / "data" / "cases" / "shop-both.xlsx"
EXPONENTIAL = "nDCG(gains={0: 0, 1: 1, 2: 3, 3: 7})@10"
MODELS = ("local-english", "local-multilingual", "local-keyword")


def needs(model: str) -> None:
    """Skip, saying why, where the model cannot run."""
    reason = offline.unavailable_reason(model)
    if reason is not None:
        pytest.skip(reason)


def ndcg(query_set: QuerySet, model: str, name: str) -> float:
    """The mean of a measure over a set's rated queries, reranked by a local model."""
    with Client("local") as client:
        run = {
            query.id: [
                query.candidates[row.index]
                for row in client.rerank(
                    query.text, query_set.documents_of(query), model, rank_fields=query_set.rank_fields
                ).results
            ]
            for query in query_set.ready
        }
    return measure(query_set.combined(), run, [name])[name].mean


@pytest.fixture(scope="module")
def shop() -> QuerySet:
    """The shop's 60 queries with their 10 products each."""
    return from_files(read(SHOP.name, SHOP.read_bytes()))


@pytest.mark.parametrize(
    ("model", "least", "most"),
    [("local-english", 0.80, 0.65), ("local-multilingual", 0.80, 0.65), ("local-keyword", 0.80, 0.80)],
)
@pytest.mark.slow
def test_a_shops_products_are_ordered_by_title_and_description(shop, model: str, least: float, most: float):
    """nDCG@10 at gain 2^grade - 1: 0.81, 0.83 and 0.82 with titles; by the description alone 0.58, 0.56 and 0.77."""
    needs(model)
    assert shop.rank_fields == TITLE_AND_TEXT
    assert ndcg(shop, model, EXPONENTIAL) >= least
    assert ndcg(replace(shop, rank_fields=TEXT_ONLY), model, EXPONENTIAL) < most


@pytest.mark.slow
def test_a_description_alone_is_noticed_before_the_run(shop):
    """The sentence shows what a model would read of a product; with the title above it nothing is wrong."""
    assert concerns(shop) == ()
    short, other = concerns(replace(shop, rank_fields=TEXT_ONLY))
    assert (short.sign, other.sign) == ("short texts", "other words")
    assert short.sentence == "Most texts have fewer than 5 words. Check the columns: the model reads 'with lid'."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "least", "gain"),
    [("local-english", 0.59, 0.005), ("local-multilingual", 0.615, 0.01), ("local-keyword", 0.535, 0.01)],
)
@pytest.mark.slow
def test_titles_are_worth_something_on_the_sample(model: str, least: float, gain: float):
    """nDCG@10 of the rated sample over its candidates by keyword: .60, .63 and .55 with titles, more than without."""
    needs(model)
    sample = from_sample()
    assert sample.rank_fields == TITLE_AND_TEXT
    titled = ndcg(sample, model, "nDCG@10")
    assert titled >= least
    assert titled - ndcg(replace(sample, rank_fields=TEXT_ONLY), model, "nDCG@10") >= gain
