"""What looks wrong about a query set before a run over it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.evaluation.query_sets.sanity import concerns, scores_concern, texts_concern
from rerank_core.evaluation.query_sets.sources import from_sample
from rerank_core.models import Document

QUERIES = {f"q{n}": f"{what} tent" for n, what in enumerate(["4 man", "family", "small", "light", "winter", "beach"])}
TENTS = {
    f"d{n}": Document(text, f"d{n}", {"title": f"Family tent {n}", "sku": f"AB-{n}"})
    for n, text in enumerate(("standing height, 2 rooms", "grey, with a porch", "2 kg, packs small"))
}


def shop(**changes: object) -> QuerySet:
    """Six queries over three tents, each the candidate of each."""
    made = QuerySet("Shop", make_queries(QUERIES, dict.fromkeys(QUERIES, tuple(TENTS)), {}), TENTS)
    return replace(made, **changes)  # type: ignore[arg-type]


def signs(query_set: QuerySet) -> list[str]:
    return [concern.sign for concern in concerns(query_set)]


def test_near_empty_texts_are_shown_as_the_model_reads_them():
    """With the description alone, and not with the title above it."""
    concern = concerns(shop(rank_fields=("text",)))[0]
    assert concern.sign == "short texts"
    assert concern.sentence.endswith("Check the columns: the model reads 'standing height, 2 rooms'.")
    assert signs(shop()) == []


def test_documents_without_a_word_of_any_query_are_noticed():
    """A column of stock numbers, and texts that are about something else."""
    codes = concerns(shop(rank_fields=("sku",)))
    assert [concern.sign for concern in codes] == ["short texts", "other words"]
    assert (
        codes[1].sentence
        == "100% of the documents hold no word of any query. Check the columns: the model reads 'AB-0'."
    )
    moved = {name: Document(f"Dispatched from hall {name} by carrier on Monday morning", name) for name in TENTS}
    assert signs(shop(documents=moved)) == ["other words"]


def test_another_language_is_no_wrong_column():
    """German texts under English queries share no words and are what they are."""
    german = {
        name: Document(f"Dieses große Zelt bietet der ganzen Familie sehr viel Platz und steht schnell. {name}", name)
        for name in TENTS
    }
    english = dict.fromkeys(QUERIES, "how do I pitch it in strong wind without help")
    made = shop(documents=german)
    queries = tuple(replace(query, text=english[query.id], lang="en") for query in made.queries)
    assert signs(replace(made, queries=queries)) == []


def test_a_script_without_spaces_is_counted_by_its_characters():
    """A Japanese sentence has no spaces and is not one word."""
    assert texts_concern(["パスワードを忘れた場合は設定を開いてください。"]) is None
    assert texts_concern(["設定", "東京"]) is not None
    assert texts_concern([]) is None


@pytest.mark.parametrize(("order", "noticed"), [("good", False), ("any", True), ("upside down", True)])
def test_an_order_by_chance_is_noticed(order: str, noticed: bool):
    """By twenty queries of ten rated documents in an order that is good, any, or upside down."""
    some = random.Random(5)
    texts = {f"q{n}": f"question number {n} about tents" for n in range(20)}
    documents = {f"d{n}": Document(f"a tent of many words that is the number {n}", f"d{n}") for n in range(10)}
    judgments, candidates = {}, {}
    for query in texts:
        grades = {name: some.randrange(4) for name in documents}
        names = list(documents)
        some.shuffle(names)
        if order != "any":
            names.sort(key=lambda name, own=grades: own[name] + some.random() * 3, reverse=order == "good")
        judgments[query], candidates[query] = grades, tuple(names)
    made = QuerySet("Order", make_queries(texts, candidates, {}), documents, {"ann": judgments})
    assert ("order by chance" in signs(made)) is noticed
    assert "order by chance" not in signs(replace(made, judgments={}))


def test_scores_that_are_all_alike_say_nothing():
    """Of a model within a hundredth, of a file where they are equal; a single one is like nothing."""
    assert "Check the columns: the model reads 'AB-0'." in scores_concern([[0.008, 0.008, 0.009]], "AB-0").sentence
    assert scores_concern([[0.008, 0.9], [0.3]]) is None
    assert scores_concern([[0.5], []]) is None
    equal = {query: dict.fromkeys(TENTS, 1.0) for query in QUERIES}
    assert signs(shop(scores=equal)) == ["scores alike"]
    assert signs(shop(scores={query: {"d0": 1.0, "d1": 0.999} for query in QUERIES})) == []


def test_nothing_is_wrong_with_the_sample():
    """Its texts, its order and its ratings are as they should be."""
    assert concerns(from_sample()) == ()


@given(st.lists(st.text(max_size=30), max_size=6), st.lists(st.text(max_size=30), max_size=6))
def test_any_texts_are_looked_at(queries, texts):
    """Whatever stands in them, there is an answer, and each example is one line."""
    documents = {f"d{n}": Document(text, f"d{n}") for n, text in enumerate(texts)}
    asked = {f"q{n}": text for n, text in enumerate(queries)}
    made = QuerySet("Any", make_queries(asked, dict.fromkeys(asked, tuple(documents)), {}), documents)
    for concern in concerns(made):
        assert "\n" not in concern.example
        assert len(concern.example) <= 80
