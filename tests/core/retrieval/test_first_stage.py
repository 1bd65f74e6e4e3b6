"""The first stage: by keyword, by meaning and fused; long questions condensed in the open."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import ConfigurationError, Document, InvalidQueryError, ModelNotFoundError, offline
from rerank_core.corpora import CorpusStore
from rerank_core.keyword.index import KeywordIndex
from rerank_core.offline.cache import VectorCache
from rerank_core.pricing.tokens import estimate_tokens
from rerank_core.retrieval import embedding
from rerank_core.retrieval.condense import QUERY_TOKENS, condense
from rerank_core.retrieval.first_stage import CANDIDATES, KINDS, RRF_K, FirstStage, fuse
from rerank_core.retrieval.passages import PassageList

ARTICLES = [
    Document("How to reset your password: open Settings and choose Reset.", "kb-1"),
    Document("Where to find the invoice of last month, and how to pay it.", "kb-2"),
    Document("The router blinks red when the cable is loose.", "kb-3"),
    Document("I can no longer sign in to my account.", "kb-4"),
    Document("Our office is closed on Sundays.", "kb-5"),
]
needs_english = pytest.mark.skipif(
    offline.unavailable_reason("local-english") is not None, reason="the weights of the English model are not there"
)
orders = st.lists(st.lists(st.integers(0, 12), unique=True, max_size=8), max_size=4)


# Fusion


def test_fusion_is_the_published_formula():
    """The worked example: first in one order and third in the other is 1/61 + 1/63."""
    found = dict(fuse([[7, 8, 9], [9, 8, 7]]))
    assert found[7] == found[9] == pytest.approx(1 / 61 + 1 / 63)
    assert found[8] == pytest.approx(2 / 62)


@given(orders, st.integers(1, 100))
def test_fusion_adds_up(given_orders, k):
    """Every item of every order is there once, with its sum, best first, ties in the order of first meeting."""
    found = fuse(given_orders, k)
    met = list(dict.fromkeys(index for order in given_orders for index in order))
    assert sorted(index for index, _ in found) == sorted(met)
    for index, score in found:
        assert score == pytest.approx(sum(1 / (k + order.index(index) + 1) for order in given_orders if index in order))
    expected = sorted(found, key=lambda item: (-item[1], met.index(item[0])))
    assert found == expected


@given(st.lists(st.integers(0, 30), unique=True, max_size=20))
def test_fusing_one_order_keeps_it(order):
    """An order fused with nothing, or with itself, stays as it is."""
    assert [index for index, _ in fuse([order])] == order
    assert [index for index, _ in fuse([order, [], order])] == order


def test_fusion_refuses_an_order_with_repeats():
    """The same item twice in one order is a mistake of the caller."""
    with pytest.raises(ValueError, match="twice"):
        fuse([[1, 1]])


# Stages


def test_by_keyword_is_the_keyword_index():
    """Order and scores are those of the index, each with its rank, and documents go with their candidates."""
    found = FirstStage(PassageList(ARTICLES)).search("reset the password", 2)
    hits = KeywordIndex.build(ARTICLES).search("reset the password", 2)
    assert [(each.index, each.score, each.keyword_score) for each in found.candidates] == [
        (hit.index, hit.score, hit.score) for hit in hits
    ]
    assert [each.keyword_rank for each in found.candidates] == [1, 2]
    assert all(each.embedding_rank is None and each.cosine is None for each in found.candidates)
    assert found.documents == tuple(ARTICLES[each.index] for each in found.candidates)
    assert (found.kind, found.model, found.searched) == ("keyword", None, 5)
    assert found.took_ms >= 0


@needs_english
def test_by_meaning_finds_other_words():
    """A question that shares no word with its answer finds it by its vectors, and not by keyword."""
    passages = PassageList(ARTICLES)
    question = "login impossible"
    assert "kb-4" not in [document.id for document in FirstStage(passages).search(question).documents]
    found = FirstStage(passages, "embedding").search(question)
    assert found.documents[0].id == "kb-4"
    assert len(found.candidates) == 5
    assert [each.embedding_rank for each in found.candidates] == [1, 2, 3, 4, 5]
    assert all(each.score == each.cosine and each.keyword_rank is None for each in found.candidates)
    assert found.model == "local-english"


@needs_english
def test_fused_is_both_orders_by_rank():
    """The fused score follows from the two ranks that each candidate carries, absent ones counting nothing."""
    passages = PassageList(ARTICLES)
    found = FirstStage(passages, "fused").search("I cannot sign in: reset my password?")
    assert {each.index for each in found.candidates} == set(range(5))
    for each in found.candidates:
        ranks = [rank for rank in (each.keyword_rank, each.embedding_rank) if rank is not None]
        assert each.score == pytest.approx(sum(1 / (RRF_K + rank) for rank in ranks))
    assert [each.score for each in found.candidates] == sorted((each.score for each in found.candidates), reverse=True)
    assert {found.documents[0].id, found.documents[1].id} == {"kb-1", "kb-4"}
    words = FirstStage(passages).search("I cannot sign in: reset my password?")
    ranks = {each.index: each.keyword_rank for each in found.candidates if each.keyword_rank}
    assert ranks == {each.index: each.keyword_rank for each in words.candidates}


@needs_english
def test_fusing_looks_deeper_than_it_answers():
    """What stands behind the first few of both orders can still come first when it stands well in both."""
    passages = PassageList(ARTICLES)
    whole = FirstStage(passages, "fused").search("invoice of the router", 5)
    assert FirstStage(passages, "fused").search("invoice of the router", 2).candidates == whole.candidates[:2]


@needs_english
def test_a_corpus_and_a_list_answer_alike(tmp_path):
    """A corpus on disk, reopened, finds what a list in memory finds, in every kind of first stage."""
    CorpusStore(tmp_path).create("A", ARTICLES)
    for kind in KINDS:
        kept = FirstStage(CorpusStore(tmp_path).open("A"), kind).search("password of the router", 3)
        there = FirstStage(PassageList(ARTICLES), kind).search("password of the router", 3)
        assert kept.documents == there.documents
        for one, other in zip(kept.candidates, there.candidates, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-6)
            assert (one.keyword_rank, one.embedding_rank) == (other.keyword_rank, other.embedding_rank)


@needs_english
def test_reranking_what_was_found_embeds_nothing_again(tmp_path, monkeypatch):
    """The same model scores the candidates from the vectors that the corpus kept, with the same result."""
    from rerank_core.offline.encoder import Encoder

    long = "The warranty covers the router. " * 80
    texts = [*(document.text for document in ARTICLES), long, ""]
    CorpusStore(tmp_path).create("A", texts)
    CorpusStore(tmp_path).open("A").vectors("local-english")
    question = "Which things are under warranty, and is the router one of them?"
    encoder = embedding._encoder("local-english")
    monkeypatch.setattr(encoder, "cache", VectorCache(10**7))
    fresh = offline.score("local-english", question, texts)
    monkeypatch.setattr(encoder, "cache", VectorCache(10**7))
    found = FirstStage(CorpusStore(tmp_path).open("A"), "embedding").search(question)
    embedded = []
    embed = Encoder._embed
    monkeypatch.setattr(Encoder, "_embed", lambda self, text, *rest: embedded.append(text) or embed(self, text, *rest))
    again = offline.score("local-english", question, texts)
    assert embedded == [long, ""]
    assert len(found.candidates) == 6
    for one, other in zip(again, fresh, strict=True):
        assert one.relevance_score == pytest.approx(other.relevance_score, abs=1e-6)
        assert (one.windows, one.best_window) == (other.windows, other.best_window)


@needs_english
def test_preparing_tells_what_is_left(tmp_path):
    """`missing` counts what has to be indexed first, and is 0 after `prepare`, which reports both indexes."""
    corpus = CorpusStore(tmp_path).create("A", ARTICLES)
    stage = FirstStage(corpus, "fused")
    told = []
    assert (stage.missing(), FirstStage(corpus).missing()) == (5, 5)
    stage.prepare(lambda done, total: told.append((done, total)))
    assert (stage.missing(), FirstStage(corpus).missing(), FirstStage(corpus, "embedding").missing()) == (0, 0, 0)
    assert told[0] == (0, 5)
    assert told[-1] == (5, 5)
    corpus.add(["one more"])
    assert (FirstStage(corpus).missing(), FirstStage(corpus, "embedding").missing()) == (6, 1)


def test_nothing_found_is_no_error():
    """An empty answer says why in a sentence."""
    found = FirstStage(PassageList(ARTICLES)).search("xylophone")
    assert (found.candidates, found.documents) == ((), ())
    assert len(found.notes) == 1
    assert "share" in found.notes[0]
    empty = FirstStage(PassageList([])).search("password")
    assert "empty" in empty.notes[0]


def test_wrong_arguments_are_refused():
    """An unknown kind, a model without vectors, a blank question and k below 1 never reach the search."""
    passages = PassageList(ARTICLES)
    with pytest.raises(ConfigurationError, match="no first stage"):
        FirstStage(passages, "magic")
    for model in ("local-keyword", "gpt"):
        with pytest.raises(ModelNotFoundError):
            FirstStage(passages, "embedding", model)
    with pytest.raises(InvalidQueryError):
        FirstStage(passages).search(" \n")
    with pytest.raises(ValueError, match="1 or more"):
        FirstStage(passages).search("password", 0)
    assert CANDIDATES == (20, 50, 100, 200)


def test_a_model_that_cannot_be_used_says_so(monkeypatch):
    """Without its weights the embedding stage raises the model's own sentence, and keywords still work."""
    from rerank_core.offline.weights import WeightFile

    monkeypatch.setattr(WeightFile, "path", lambda self: None)
    monkeypatch.setattr("rerank_core.offline.local_model.LocalModel.get", _refuse)
    with pytest.raises(ConfigurationError) as caught:
        FirstStage(PassageList(ARTICLES), "fused").search("password")
    assert caught.value.hint
    assert FirstStage(PassageList(ARTICLES)).search("password").candidates


def _refuse(self):
    from rerank_core.offline.weights import refused

    raise refused("Its weights are not installed. Install them with: pip install x.")


def test_a_list_keeps_its_neighbours_apart():
    """The surroundings of a passage are those of its own document; a place that is not there is an IndexError."""
    parts = [Document(f"{n}", metadata={"document_id": n // 3}) for n in range(9)]
    passages = PassageList([*parts, "alone"])
    assert [place for place, _ in passages.surroundings(4, 5)] == [3, 4, 5]
    assert [place for place, _ in passages.surroundings(9)] == [9]
    for wrong in (-1, 10):
        with pytest.raises(IndexError):
            passages.surroundings(wrong)


def test_rarity_is_a_share_of_the_rarest():
    """A word in one document counts 1, one in more less, one in none 0."""
    index = KeywordIndex.build(["a red router", "a blue router", "a lamp", "one more"])
    assert index.rarity("lamp") == pytest.approx(1.0)
    assert index.rarity("router") == pytest.approx(math.log(1 + 2.5 / 2.5) / math.log(1 + 3.5 / 1.5))
    assert index.rarity("zebra") == 0.0


# Condensing

TICKET = """Subject: verification code never arrives

Hi there,

I hope you are doing well. We have been using your product for many years and we like it.
Since I bought a new phone, the verification code never arrives. The error is AUTH-4471.
How can I move the authenticator to the new phone?

It has been raining here the whole weekend, so there was a lot of time to try things out.
My colleague says hello. She will be on holiday for three weeks, in the mountains, with her dog.

Best regards,
Peter
Example Trading Company Limited, Registered in Exampleshire, Managing Director A. N. Other
This message is confidential. If you are not the intended recipient, please delete it.
"""


def test_a_short_question_stays_as_it_is():
    """Nothing is changed, not even white space, up to the limit."""
    question = "  How do I reset\nmy password? "
    found = condense(question)
    assert (found.text, found.kept, found.dropped, found.changed) == (question, (question,), (), False)
    assert found.sentence == ""
    assert found.tokens == found.was_tokens == estimate_tokens(question)


def test_a_ticket_keeps_what_it_is_about():
    """With the collection's rare words known, its error, its question and its subject stay; courtesies go."""
    index = KeywordIndex.build(
        [
            "Error AUTH-4471: move the authenticator to a new phone",
            "The verification code never arrives",
            "Reset the password",
            "Invoices for your company, delivered by e-mail",
        ]
    )
    found = condense(TICKET, 60, index.rarity)
    assert found.tokens <= 60 < found.was_tokens
    for wanted in ("verification code", "AUTH-4471", "authenticator"):
        assert wanted in found.text
    for unwanted in ("raining", "Best regards", "confidential", "dog"):
        assert unwanted not in found.text
        assert any(unwanted in piece for piece in found.dropped)
    assert f"{len(found.kept)} of its {len(found.kept) + len(found.dropped)} sentences" in found.sentence


def test_a_search_says_what_it_left_out():
    """The question that was searched for, and reranked with, is the condensed one, and the parts are there."""
    found = FirstStage(PassageList(ARTICLES)).search(TICKET * 4, limit=50)
    assert found.condensed.changed
    assert found.query == found.condensed.text
    assert estimate_tokens(found.query) <= 50
    whole = FirstStage(PassageList(ARTICLES)).search("reset my password")
    assert (whole.query, whole.condensed.changed) == ("reset my password", False)


@given(st.text(max_size=600), st.integers(1, 60))
def test_nothing_gets_lost_in_silence(question, limit):
    """What is kept and what is dropped is the whole question, in order, white space aside; it fits the limit."""
    found = condense(question, limit)
    assert found.tokens <= limit or not found.changed
    assert found.tokens == estimate_tokens(found.text)
    assert bool(found.text.strip()) == bool(question.strip())
    if found.changed:
        assert sorted("".join("".join((*found.kept, *found.dropped)).split())) == sorted("".join(question.split()))
        assert found.text == " ".join(found.kept)
        rest = "".join(question.split())
        for pieces in (found.kept, found.dropped):
            start = 0
            for piece in pieces:
                start = rest.index("".join(piece.split()), start) + 1


@pytest.mark.parametrize(
    "question",
    ["a" * 4000, "字" * 900, "word " * 2000, "x. " * 3000, "\n" * 5000 + "why? " * 400, "「" + "長い文。" * 300],
    ids=["one word", "Chinese", "no full stop", "full stops", "lines", "Japanese"],
)
def test_texts_of_any_shape_are_condensed(question):
    """One endless word, scripts without spaces and lists of nothing come out within the limit, and not empty."""
    found = condense(question, 40)
    assert 0 < found.tokens <= 40
    assert found.dropped


def test_a_huge_question_is_weighed_in_part():
    """Of a text of many pages the beginning is weighed and the rest named as left out."""
    question = "The router blinks red. " * 20_000
    found = condense(question, 40)
    assert found.tokens <= 40
    assert len(found.dropped[-1]) > 300_000


def test_a_limit_below_one_is_refused():
    """There is no question of no length."""
    with pytest.raises(ValueError, match="1 or more"):
        condense("question", 0)
    assert QUERY_TOKENS < 250
