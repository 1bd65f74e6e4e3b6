# ruff: noqa: E501  # JSON as tools write it, a line an item
"""JSON of other tools: judgments, query sets, runs, logs and answers, each in the layout that its tool documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.evaluation import KINDS, READABLE, read, write
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.registry import read_directly
from rerank_core.evaluation.query_sets.sources import from_files


def reads(value: Any, name: str = "a.json", kind: str = "auto") -> Imported:
    """What a JSON value is taken for, or, for several, that of its lines."""
    lines = [json.dumps(one) for one in value] if name.endswith("l") else [json.dumps(value, indent=1)]
    return read_directly(name, "\n".join(lines).encode(), kind, None)


RATED = [
    {"query": "wireless mouse", "ratings": [{"docId": "P1", "rating": "3.000"}, {"docId": "P2", "rating": "0.000"}]}
]


@pytest.mark.parametrize(
    "value",
    [
        {"name": "J", "type": "IMPORT_JUDGMENT", "judgmentRatings": RATED},
        {"id": "j1", "status": "COMPLETED", "metadata": {}, "judgmentRatings": RATED},
        {"took": 1, "hits": {"hits": [{"_id": "j1", "_source": {"judgmentRatings": RATED}}]}},
        {"queries": [{"query_text": "wireless mouse", "ratings": [{"doc_id": "P1", "rating": 3.0}, {"doc_id": "P2", "rating": 0}]}]},
        {"wireless mouse": {"P1": 3, "P2": 0}},
        {"mteb_model_meta": {"name": "m"}, "default": {"test": {"wireless mouse": {"P1": 3, "P2": 0}}}},
        [{"query": "wireless mouse", "docid": "P1", "rating": 3}, {"query": "wireless mouse", "docid": "P2", "rating": 0}],
        [{"query": "wireless mouse", "documents": [{"id": "P1", "rating": 3}, {"id": "P2", "rating": "0"}]}],
        {"data": [{"query": "wireless mouse", "judgments": [{"docId": "P1", "grade": 3}, {"docId": "P2", "grade": 0}]}]},
        [{"query-id": "wireless mouse", "corpus-id": "P1", "score": 3}, {"query-id": "wireless mouse", "corpus-id": "P2", "score": 0}],
    ],
)  # fmt: skip
def test_judgments_of_every_tool_are_the_same(value: Any) -> None:
    """Ratings as texts, numbers or nested."""
    found = reads(value)
    assert found.judgments == {"wireless mouse": {"P1": 3, "P2": 0}}, found
    assert not found.problems
    if isinstance(value, list):
        assert reads(value, "a.jsonl").judgments == found.judgments


@pytest.mark.parametrize(
    "value",
    [
        {"name": "s", "querySetQueries": [{"queryText": "tv", "referenceAnswer": "a set"}, {"queryText": "red dress"}]},
        [{"queryText": "tv", "referenceAnswer": "a set"}, {"queryText": "red dress"}],
    ],
)
def test_query_sets_of_opensearch(value: Any) -> None:
    """As one object, or as a list."""
    found = reads(value)
    assert (found.kind, list(found.queries), found.answers) == (
        "opensearch-queries",
        ["tv", "red dress"],
        {"tv": "a set"},
    )


def request(query: Any) -> dict[str, Any]:
    """A request to _rank_eval."""
    ratings = [{"_index": "shop", "_id": "P1", "rating": 3}, {"_index": "shop", "_id": "P2", "rating": 0}]
    one = {"id": "mouse_query", "request": {"query": query}, "ratings": ratings}
    return {"requests": [one], "metric": {"dcg": {"k": 20, "normalize": True}}}


@pytest.mark.parametrize(
    "query",
    [
        {"match": {"title": "wireless mouse"}},
        {"match": {"title": {"query": "wireless mouse", "operator": "and"}}},
        {"multi_match": {"query": "wireless mouse", "fields": ["title^2", "body"]}},
        {"bool": {"must": [{"match": {"title": "wireless mouse"}}], "should": [{"match": {"body": "wireless mouse"}}]}},
        {"neural": {"embedding": {"query_text": "wireless mouse", "k": 10}}},
    ],
)
def test_a_rank_eval_request_gives_the_text_of_its_query(query: Any) -> None:
    """Wherever in the clauses it stands."""
    found = reads(request(query))
    assert (found.kind, found.queries) == ("rank-eval", {"mouse_query": "wireless mouse"})
    assert found.judgments == {"mouse_query": {"P1": 3, "P2": 0}}


def test_a_rank_eval_request_whose_query_is_unclear_keeps_its_id() -> None:
    """And says so."""
    found = reads(request({"bool": {"must": [{"match": {"a": "x"}}, {"match": {"b": "y"}}]}}))
    assert found.queries == {"mouse_query": "mouse_query"}
    assert "not clear" in found.reading_notes[0]


def test_an_answer_of_rank_eval_has_the_order_and_the_ratings() -> None:
    """Documents without a rating are results too."""
    hits = [
        {"hit": {"_index": "shop", "_id": "P2", "_score": 2.5}, "rating": 0},
        {"hit": {"_index": "shop", "_id": "P9", "_score": 2.0}, "rating": None},
        {"hit": {"_index": "shop", "_id": "P1", "_score": 1.5}, "rating": 3},
    ]
    details = {"mouse_query": {"metric_score": 0.6, "unrated_docs": [{"_index": "shop", "_id": "P9"}], "hits": hits}}
    found = reads({"metric_score": 0.6, "details": details, "failures": {}})
    assert found.run == {"mouse_query": ("P2", "P9", "P1")}
    assert found.judgments == {"mouse_query": {"P2": 0, "P1": 3}}
    assert found.scores["mouse_query"]["P9"] == 2.0


ANSWER = {
    "took": 3,
    "hits": {
        "hits": [
            {
                "_index": "kb",
                "_id": "a1",
                "_score": 7.1,
                "_source": {"title": "Reset", "body": "How to reset a password"},
            },
            {"_index": "kb", "_id": "a2", "_score": 3.1, "_source": {"title": "Bill", "body": "Where the invoice is"}},
        ]
    },
}


def test_an_answer_to_a_search_is_documents_where_the_query_is_unknown() -> None:
    """It says that the order is not read, and why."""
    for value in (ANSWER, {"took": 1, "responses": [ANSWER, {"hits": {"hits": []}}]}):
        found = reads(value)
        assert found.kind == "search-answer"
        assert found.documents == {"a1": "How to reset a password", "a2": "Where the invoice is"}
        assert not found.run
        assert "which query it was for" in found.reading_notes[0]


@pytest.mark.parametrize(
    "value",
    [
        {"query": "reset", "response": ANSWER},
        {"request": {"query": {"match": {"body": "reset"}}}, "response": ANSWER},
        [{"query": "reset", "response": ANSWER}],
        {"query": "reset", **ANSWER},
        {"responseHeader": {"params": {"q": "reset"}},
         "response": {"docs": [{"id": "a1", "text": "How to reset a password"}, {"id": "a2", "text": "Where the invoice is"}]}},
    ],
)  # fmt: skip
def test_an_answer_with_its_query_is_a_run(value: Any) -> None:
    """Solr repeats the query; others have it beside the answer."""
    found = reads(value)
    assert found.run == {"reset": ("a1", "a2")}
    assert found.documents["a2"] == "Where the invoice is"


BOOK = {
    "name": "b",
    "query_doc_pairs": [
        {"query_text": "star trek", "doc_id": "a", "position": 1, "document_fields": {"title": "T", "overview": "To boldly go where"},
         "judgements": [{"rating": 3.0, "unrateable": False, "user_email": "ann@a.test"}, {"rating": 1.0, "user_email": "ben@a.test"}]},
        {"query_text": "star trek", "doc_id": "b", "position": 2, "document_fields": '{"title": "U", "overview": "No one has gone"}',
         "judgements": [{"rating": None, "unrateable": True, "user_email": "ann@a.test"}]},
    ],
}  # fmt: skip


def test_a_book_keeps_its_judges_apart() -> None:
    """With the order, the texts and the titles."""
    found = reads(BOOK)
    assert found.raters == {"ann@a.test": {"star trek": {"a": 3}}, "ben@a.test": {"star trek": {"a": 1}}}
    assert found.judgments == {"star trek": {"a": 1}}
    assert found.run == {"star trek": ("a", "b")}
    assert found.documents == {"a": "To boldly go where", "b": "No one has gone"}
    assert found.titles == {"a": "T", "b": "U"}


def test_scores_by_query_are_a_run_and_either_can_be_chosen() -> None:
    """The guess is said; whole numbers may be scores all the same."""
    run = reads({"q1": {"b": 0.5, "a": 0.9}, "q2": {"c": 1.5}})
    assert (run.kind, run.run) == ("json-run", {"q1": ("a", "b"), "q2": ("c",)})
    assert run.scores["q1"] == {"a": 0.9, "b": 0.5}
    assert "'Ratings by query'" in run.reading_notes[0]
    whole = reads({"q1": {"b": 5, "a": 9}}, kind="json-run")
    assert whole.run == {"q1": ("a", "b")}
    assert not whole.judgments
    assert reads({"q1": {"b": 500, "a": 900}}).kind == "json-run"
    assert "not 'validation'" in reads({"test": {"q1": {"a": 0.5}}, "validation": {"q1": {"b": 0.5}}}).reading_notes[1]
    assert reads({"q1": ["b", "a"]}).run == {"q1": ("b", "a")}


@pytest.mark.parametrize(("relevant", "others"), [("positive", "negative"), ("pos", "neg"), ("positives", "negatives")])
def test_relevant_and_other_texts_have_no_order(relevant: str, others: str) -> None:
    """Relevant ones are rated 1 and do not stand first for being listed first."""
    found = reads([{"query": "boot", relevant: ["use grub", "boot usb"], others: ["cook rice"]}], "a.jsonl")
    assert found.judgments == {"boot": {"use grub": 1, "boot usb": 1, "cook rice": 0}}
    assert found.run == {"boot": ("boot usb", "cook rice", "use grub")}
    assert "alphabetical" in found.reading_notes[0]


def test_documents_to_rerank_keep_their_order() -> None:
    """Relevant ones that are not among them are rated all the same."""
    record = {"query": "boot", "positive": ["boot usb", "use grub"], "documents": ["cook rice", "boot usb"]}
    found = reads([record], "a.jsonl")
    assert found.run == {"boot": ("cook rice", "boot usb")}
    assert found.judgments == {"boot": {"boot usb": 1, "use grub": 1, "cook rice": 0}}
    passages = {
        "query": "x",
        "positive_passages": [{"docid": "1", "title": "T", "text": "a b"}],
        "negative_passages": [],
    }
    assert reads([passages], "a.jsonl").judgments == {"x": {"1": 1}}


def test_triplets_of_a_spreadsheet() -> None:
    """Anchor, positive, negative."""
    found = read_directly("a.csv", b"anchor,positive,negative\nlaptop,x one,rice\nlaptop,y two,bread\n", "auto", None)
    assert found.judgments == {"laptop": {"x one": 1, "y two": 1, "rice": 0, "bread": 0}}


def test_logs_of_retrieval() -> None:
    """ragas, DPR and rankify, rank_llm: the order, and what the log says of each text."""
    ragas = reads(
        [{"user_input": "x?", "retrieved_contexts": ["t1", "t2"], "reference_contexts": ["t2", "t3"]}], "a.jsonl"
    )
    assert ragas.run == {"x?": ("t1", "t2")}
    assert ragas.judgments == {"x?": {"t2": 1, "t3": 1}}
    found = [{"docid": "7", "score": "8.6", "text": "a text", "has_answer": False}, {"docid": "5", "score": "7", "text": "b", "has_answer": True}]  # fmt: skip
    dpr = reads({"0": {"question": "big?", "answers": ["seven"], "contexts": found}})
    assert (dpr.queries, dpr.run, dpr.judgments) == ({"0": "big?"}, {"0": ("7", "5")}, {"0": {"7": 0, "5": 1}})
    llm = reads(
        [{"query": {"text": "x?", "qid": 3}, "candidates": [{"docid": "d", "score": 1.5, "doc": {"segment": "t"}}]}]
    )
    assert (llm.queries, llm.documents) == ({"3": "x?"}, {"d": "t"})


def test_clicks_are_said_and_are_no_ratings() -> None:
    """The queries are read, and what was shown, where the file has it."""
    click = {
        "action_name": "click",
        "query_id": "8",
        "user_query": "laptop",
        "event_attributes": {"object": {"object_id": "B1"}},
    }
    found = reads([click, {**click, "action_name": "view"}], "ubi.ndjsonl")
    assert (found.kind, list(found.queries), found.judgments) == ("ubi-events", ["laptop"], {})
    assert "1 click on 1 document for 1 query" in found.reading_notes[0]
    bulk = [
        {"index": {"_index": "ubi_queries"}},
        {"query_id": "8", "user_query": "laptop", "query_response_hit_ids": ["B1", "B2"]},
    ]
    assert reads(bulk, "ubi.jsonl").run == {"laptop": ("B1", "B2")}


def test_annotators_of_label_studio_are_raters() -> None:
    """Of its JSON with annotations."""

    def task(number: int, *ratings: tuple[int, int]) -> dict[str, Any]:
        done = [
            {"completed_by": who, "result": [{"type": "rating", "value": {"rating": rating}}]}
            for who, rating in ratings
        ]
        return {
            "id": number,
            "data": {"query": "laptop", "document": f"text {number}", "doc_id": f"d{number}"},
            "annotations": done,
        }

    found = reads([task(1, (1, 4), (2, 3)), task(2, (1, 1))])
    assert found.kind == "label-studio"
    assert found.raters == {"1": {"laptop": {"d1": 4, "d2": 1}}, "2": {"laptop": {"d1": 3}}}
    assert found.documents == {"d1": "text 1", "d2": "text 2"}


@pytest.mark.parametrize(
    "value", [{"a": 1}, [], [1, 2], {"hits": 3}, {"requests": []}, {"_id": "x"}, "x", {}, [{"a": {"b": []}}]]
)
def test_json_that_is_none_of_these_is_asked_about_in_words_of_json(value: Any) -> None:
    """Not of rows and columns, and it is not called BEIR."""
    found = reads(value)
    assert not found.kind
    assert "row" not in found.reading_notes[0]


def test_damaged_json_says_where() -> None:
    """Line and column, and a bad line among good ones is one problem."""
    (note,) = read_directly("a.json", b'{"q1": {"d1": 3,}}', "auto", None).reading_notes
    assert "line 1, column 17" in note
    found = read_directly("a.jsonl", b'{"query": "x", "docid": "1", "rating": 2}\n{"query": \n{"query": "x", "docid": "2", "rating": 1}', "auto", None)  # fmt: skip
    assert found.judgments == {"x": {"1": 2, "2": 1}}
    assert [problem.line for problem in found.problems] == [2]


def test_a_problem_of_an_item_names_its_line() -> None:
    """Of JSON over several lines too."""
    text = '[\n{"query": "x", "docid": "1", "rating": 2},\n\n{"query": "", "docid": "2", "rating": 1}\n]'
    assert [problem.line for problem in read_directly("a.json", text.encode(), "auto", None).problems] == [4]


def test_texts_of_json_go_with_the_judgments_of_json() -> None:
    """Two files of a tool make a set."""
    texts = reads([{"id": "P1", "title": "Mouse", "text": "A mouse"}, {"id": "P2", "title": "Hub", "text": "A hub"}])
    made = from_files([texts, reads({"judgmentRatings": RATED})])
    assert made.documents["P2"].text == "A hub"
    assert made.combined() == {"wireless mouse": {"P1": 3, "P2": 0}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-300, 300) | st.floats() | st.text(max_size=4),
    lambda inside: st.lists(inside, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["query", "queries", "documents", "ratings", "hits", "_id", "_source", "text", "rating", "requests", "details", "data",
             "judgmentRatings", "querySetQueries", "queryText", "query_text", "query_doc_pairs", "judgements", "positive", "neg",
             "contexts", "candidates", "action_name", "user_query", "annotations", "result", "value", "response", "docs", "id",
             "document_fields", "has_answer", "responses", "hit", "request", "match", "params", "q1"]
        ),
        inside,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON, st.sampled_from(["auto", *READABLE]), st.sampled_from(["a.json", "a.jsonl", "a.txt"]))
def test_any_json_is_read_or_asked_about(value: Any, kind: str, name: str) -> None:
    """As any kind: an import, with reasons for what is left out."""
    found = read_directly(name, json.dumps(value).encode(), kind, None)
    assert found.kind in ("", *READABLE)
    assert all(reason for _, reason in found.problems)


WORD = st.text("abcxyz019-_", min_size=1, max_size=5)


@given(
    st.dictionaries(WORD, st.dictionaries(WORD, st.integers(-127, 127), min_size=1, max_size=4), min_size=1, max_size=4)
)
@pytest.mark.slow
def test_judgments_by_query_go_in_and_out(judgments: dict[str, dict[str, int]]) -> None:
    """Any of them, also through every format that holds judgments."""
    found = reads(judgments, kind="json-judgments")
    assert found.judgments == judgments
    for kind in ("trec-qrels", "quepid-ratings", "beir"):
        assert read(KINDS[kind].file_name, write(kind, found), kind).judgments == judgments


@given(
    st.dictionaries(
        WORD,
        st.dictionaries(WORD, st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_runs_by_query_go_in(run: dict[str, dict[str, float]]) -> None:
    """The highest score first, of equal ones the first of the file."""
    found = reads(run, kind="json-run")
    assert found.run == {query: tuple(sorted(own, key=own.__getitem__, reverse=True)) for query, own in run.items()}
