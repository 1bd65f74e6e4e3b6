"""Files that are easily taken for something else: what they are read as, and what is said of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rerank_core.evaluation import formats
from rerank_core.evaluation.formats.registry import read_directly
from rerank_core.evaluation.query_sets import sources

CATALOGUE = (
    "product_id\tproduct_name\tproduct_class\tproduct_description\n"
    "1\tSalon chair\tChairs\ta chair for salons and waiting rooms\n"
    "2\tBar stool\tChairs\ta stool as high as a bar\n"
    "3\tCoffee table\tTables\ta table that keeps coffee warm\n"
    "4\tSide table\tTables\ta small table beside a sofa\n"
)


@pytest.mark.parametrize("first", ["run", "ratings"])
def test_the_text_of_a_query_wins_over_its_id(first: str) -> None:
    """PyTerrier's qrels know a query by its id alone; its results have the text. Whichever comes first, the model is
    asked the text, and nothing is said to differ."""
    files = {
        "run": b"qid,docid,docno,rank,score,query\n1,743,744,0,9.5,a reaction\n1,744,745,1,8.2,a reaction\n",
        "ratings": b"qid,docno,label\n1,744,0\n1,745,2\n",
    }
    names = sorted(files, key=lambda name: name != first)
    made = sources.from_files([formats.read(f"{name}.csv", files[name]) for name in names])
    assert [(query.id, query.text) for query in made.queries] == [("1", "a reaction")]
    assert not any("another text" in problem.reason for problem in made.problems)


def test_the_categories_of_a_sorted_catalogue_are_no_queries() -> None:
    products = formats.read("product.csv", CATALOGUE.encode())
    assert list(products.documents) == ["1", "2", "3", "4"]
    assert not products.queries
    queries = formats.read("query.csv", b"query_id\tquery\n0\tsalon chair\n")
    labels = formats.read("label.csv", b"id\tquery_id\tproduct_id\tlabel\n0\t0\t1\tExact\n1\t0\t3\tIrrelevant\n")
    for parts in ([products, queries, labels], [labels, queries, products]):
        made = sources.from_files(parts)
        assert [(query.text, query.candidates) for query in made.queries] == [("salon chair", ("1", "3"))]


@pytest.mark.parametrize("mark", [",", "\t", ";"])
@pytest.mark.parametrize("numbers", [("3", "0", "2"), ("0.93", "0.51", "0.4"), ("1", "1", "0")])
def test_ratings_without_a_name_are_asked_about(mark: str, numbers: tuple[str, ...]) -> None:
    """A third column without a name may hold ratings, scores or ranks: which one was believed is said, with the way to
    the other two."""
    rows = zip("aab", ("d0", "d1", "d2"), numbers, strict=True)
    text = "".join(f"{mark.join(row)}\n" for row in rows)
    read = formats.read("file.csv", text.encode())
    (note,) = [note for note in read.reading_notes if "third column" in note]
    assert "Run with scores" in note
    assert "Run with ranks" in note
    assert formats.read("file.csv", text.encode(), "scored-run").scores["a"]["d0"] == float(numbers[0])


def test_three_parts_between_blanks_are_judgments() -> None:
    read = formats.read("judged.txt", b"q1 d1 2\nq1 d2 0\nq2 d3 1\n")
    assert read.judgments == {"q1": {"d1": 2, "d2": 0}, "q2": {"d3": 1}}
    assert not read.problems


@pytest.mark.parametrize("tail", ["x", "ann", "2024-01-01"])
def test_a_fifth_part_behind_the_grade_makes_no_queries(tail: str) -> None:
    read = formats.read("qrels.txt", f"q1 0 d1 2 {tail}\nq1 0 d2 0 {tail}\nq2 0 d2 1\n".encode())
    assert (read.kind, read.judgments) == ("trec-qrels", {"q1": {"d1": 2, "d2": 0}, "q2": {"d2": 1}})
    assert any("behind the grade in 2 lines" in note for note in read.reading_notes)


def test_a_bulk_file_keeps_the_ids_of_its_documents() -> None:
    lines = (
        '{"index": {"_index": "kb", "_id": "a1"}}\n{"title": "Reset", "body": "How to reset your password"}\n'
        '{"create": {"_id": "a2"}}\n{"title": "Bill", "body": "Where to find the invoice"}\n{"delete": {"_id": "a3"}}\n'
    )
    texts = formats.read("bulk.ndjson", lines.encode())
    assert not texts.problems
    assert dict(texts.documents) == {"a1": "How to reset your password", "a2": "Where to find the invoice"}
    rated = formats.read("ratings.csv", b"query,docid,rating\nforgot,a1,3\nforgot,a2,0\n")
    assert sources.from_files([texts, rated]).queries[0].candidates == ("a1", "a2")


@pytest.mark.parametrize("column", ["Note", "Schulnote", "Zensur"])
def test_school_grades_are_warned_about(column: str) -> None:
    read = formats.read("noten.csv", f"query;docid;{column}\nmaus;P1;1\nmaus;P2;6\nmaus;P3;2,5\n".encode())
    assert any("of which 1 is the best" in note and "Map ratings" in note for note in read.reading_notes)


@pytest.mark.parametrize(("column", "worst"), [("Note", 0), ("Note", 10), ("rating", 1)])
def test_other_grades_are_not(column: str, worst: int) -> None:
    read = formats.read("noten.csv", f"query;docid;{column}\nmaus;P1;1\nmaus;P2;{worst}\n".encode())
    assert read.judgments["maus"] == {"P1": 1, "P2": worst}
    assert not any("school" in note for note in read.reading_notes)


@pytest.mark.parametrize("mark", [",", ";"])
def test_a_table_of_unknown_names_is_no_list_of_queries(mark: str) -> None:
    """Whatever the file's ending is; a list of queries with commas in them stays one."""
    rows = (("sentence1", "sentence2", "score"), ("laptop", "x one", "0.9"), ("laptop", "y two", "0.1"))
    text = "".join(f"{mark.join(row)}\n" for row in rows)
    assert read_directly("pairs.txt", text.encode(), "auto", None).kind == ""
    listed = f"tent{mark} 2 man{mark} 3\nboots{mark} size 42{mark} red\n"
    assert read_directly("queries.txt", listed.encode(), "auto", None).kind == "opensearch-queries"


@pytest.mark.parametrize("text", ["query,docid,rating\n", "query\tdocument\n", "\nquery,"])
def test_names_without_rows_are_said(text: str) -> None:
    read = read_directly("set.csv", text.encode(), "auto", None)
    assert read.problems[0].reason == "This file holds no rows, or none below the names of its columns."


@pytest.mark.parametrize(
    "value",
    [
        {"settings": {"number_of_replicas": 1}},
        {"settings": {"index": {"number_of_shards": 1, "number_of_replicas": 1}}},
        {"kb": {"settings": {"index": {"number_of_shards": 5, "routing_shards": 2}}}},
        {"persistent": {}, "transient": {"indices.recovery.max": 3}},
        {"kb": {"primaries": {"docs": {"count": 12, "deleted": 0}}}},
        {"_shards": {"total": 1, "successful": 1, "failed": 0}},
        {"counts": {"hits": 10, "misses": 3}},
        {"server": {"port": 8080, "workers": 4}},
        {"version": {"major": 1, "minor": 2}},
        {"tent": {"max_tokens": 512, "top_k": 5}, "lamp": {"max_tokens": 64, "top_k": 3}},
        {"gpt": {"prompt_tokens": 12, "completion_tokens": 40}},
    ],
)
def test_settings_and_counts_are_no_judgments(value: dict[str, Any]) -> None:
    """Whole numbers under names, as a search engine has its settings: not clear, unless somebody says what it is."""
    found = read_directly("a.json", json.dumps(value).encode(), "auto", None)
    assert (found.kind, found.judgments, found.run) == ("", {}, {})
    assert "not clear what this JSON holds" in found.reading_notes[0]
    assert formats.read("a.json", json.dumps(value).encode(), "json-judgments").queries


@pytest.mark.parametrize(
    "judgments",
    [
        {"settings": {"kb-12": 1, "kb-7": 0}},
        {"version": {"a1": 2}, "server": {"a2": 1}},
        {"change the settings": {"how_to_change": 1}},
        {"wide boots": {"boots": 1}},
        {"tent": {"max": 1, "size-guide": 2}},
    ],
)
@pytest.mark.parametrize("beside", [{}, {"settings": {"index": {"number_of_replicas": 1}}}])
def test_queries_of_such_words_are_queries(judgments: dict[str, dict[str, int]], beside: dict[str, Any]) -> None:
    value = {**beside, "qrels": judgments} if beside else judgments
    found = formats.read("a.json", json.dumps(value).encode())
    assert (found.kind, found.judgments) == ("json-judgments", judgments)
