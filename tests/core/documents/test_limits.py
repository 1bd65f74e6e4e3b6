"""One set of limits for all readers: what is beyond them is counted and said, never cut in silence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.documents import parse_documents, read_documents, read_isolated
from rerank_core.documents.limits import COLLECTION_LIMITS, DEFAULT_LIMITS, Limits
from rerank_core.documents.report import Problem, Problems, merge
from rerank_core.evaluation.formats import merge as merge_sets
from rerank_core.evaluation.formats import read, registry
from rerank_core.evaluation.query_sets.sources import from_files

MOST = DEFAULT_LIMITS.problems


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40), st.integers(1, 12), st.integers(0, 5))
def test_the_first_problems_are_kept_and_all_are_counted(found, most, more):
    """Never more are named than the limit says, those about the whole before those of single entries, and what is
    named and what is not are all that there were."""
    problems = Problems(most, more=more)
    for number, (line, of_all) in enumerate(found):
        problems.add(line, str(number), of_all=of_all)
    kept = problems.in_turn()
    assert len(kept) == min(most, len(found))
    assert len(kept) + problems.more == len(problems) == len(found) + more
    whole = [str(number) for number, (line, of_all) in enumerate(found) if of_all or not line]
    assert [one.reason for one in kept if one.reason in whole] == whole[:most]
    assert sorted(kept, key=lambda one: int(one.reason)) == list(kept)
    assert sorted(problems.by_line()) == sorted(kept)


def test_a_paste_of_many_bad_items_names_a_thousand_and_counts_all():
    """A list of numbers is no list of texts: the report stays short and its count is true."""
    parsed = parse_documents("[" + "1," * 2_499 + "1]")
    assert (len(parsed.problems), parsed.more_problems) == (MOST, 1_500)
    assert parsed.rows == parsed.left_out == 2_500


def test_lines_that_are_no_json_are_counted():
    """Broken lines among good ones are named up to the limit; the lines of those that are named are right."""
    text = '{"text": "a"}\n{"text": "b"}\n' + '{"text": \n{"text": "c"}\n' * 1_200
    parsed = read_documents("a.jsonl", text.encode())
    assert len(parsed.documents) == 1_202
    assert (len(parsed.problems), parsed.more_problems, parsed.left_out) == (MOST, 200, 1_200)
    assert parsed.problems[0].line == 3
    found = read("a.jsonl", ('{"queryText": "a"}\n' * 2 + '{"queryText": \n' * 1_500).encode(), "opensearch-queries")
    assert len(found.problems) + found.more_problems >= 1_500 > len(found.problems)


def test_rows_of_a_query_set_are_counted():
    """The report of a query set is as short, and a merge and the set itself keep the count."""
    found = registry.read_directly("a.csv", b"query,document\nq,d\n" + b"q\n" * 2_000, "auto", {})
    assert (len(found.problems), found.more_problems) == (MOST, 1_000)
    both = merge_sets([found, found])
    assert len(both.problems) + both.more_problems >= 4_000
    assert any("1,000 more places" in problem.reason for problem in from_files(found, name="a").problems)


def test_a_merge_of_documents_keeps_the_count():
    """Two files with many problems are one report that is no longer."""
    part = parse_documents("[" + "1," * 1_499 + "1]")
    both = merge([part, part], name_source=False)
    assert (len(both.problems), both.more_problems) == (MOST, 2_000)


def test_the_count_comes_through_the_process():
    """A large file is read in a process of its own, and its report says the same."""
    text = "[" + "1," * 150_000 + "1]"
    parsed = read_isolated("a.json", text.encode())
    assert (len(parsed.problems), parsed.more_problems, parsed.rows) == (MOST, 149_001, 150_001)
    imported = read("a.csv", b"query,document\nq,d\n" + b"q\n" * 150_000)
    assert (len(imported.problems), imported.more_problems) == (MOST, 149_000)


@pytest.mark.parametrize("kind", ["documents", "query set"])
def test_columns_beyond_the_limit_are_left_out_and_said(kind):
    """No reader works through more columns than the limit says."""
    table = ("query,document," + ",".join(f"c{n}" for n in range(3_000)) + "\n" + "q,d" + ",x" * 3_000 + "\n") * 1
    if kind == "documents":
        parsed = read_documents("a.csv", table.encode(), {"text": "document"})
    else:
        parsed = registry.read_directly("a.csv", table.encode(), "table", {})
    assert len(parsed.columns) == DEFAULT_LIMITS.columns
    assert "only the first 500 were read" in parsed.problems[0].reason


def test_keys_beyond_the_limit_are_said():
    """Objects with keys of their own each make no table of the square of their number."""
    items = [{"text": f"text {n}", f"key {n}": "more"} for n in range(2_000)]
    parsed = parse_documents(json.dumps(items))
    assert len(parsed.documents) == 2_000
    assert parsed.documents[-1].metadata == {"key 1999": "more"}
    assert len(parsed.columns) == DEFAULT_LIMITS.columns
    assert any("2,001 different keys" in note for note in parsed.notes)


def test_rows_and_cells_beyond_the_limit_are_said():
    """A table ends at so many rows, and a row with a cell that is too long is left out."""
    small = Limits(rows=10, document_characters=50)
    parsed = read_documents("a.csv", b"text,id\n" + b"some words,x\n" * 30, limits=small)
    assert len(parsed.documents) == 10
    assert "more than 10 rows" in parsed.problems[-1].reason
    long = read_documents("a.csv", b"text,id\nwords,a\n" + b"y" * 51 + b",b\nmore,c\n", limits=small)
    assert [document.id for document in long.documents] == ["a", "c"]
    assert long.problems == (Problem(3, "A cell of this row has 51 characters; the limit is 50. It was left out."),)


def test_a_document_of_a_query_set_that_is_too_long_is_left_out():
    """Its rating stays; its text does not."""
    text = "word " * 300_000
    line = json.dumps({"query": "q", "id": "d", "text": text, "rating": 1})
    found = registry.read_directly("a.json", f"[{line}]".encode(), "auto", {})
    assert not any(len(text) > COLLECTION_LIMITS.document_characters for text in found.documents.values())
    assert found.problems


def test_rare_keys_of_many_objects_of_a_query_set_are_left_out_and_said():
    """What all objects have is read; what hardly one has makes no table of the square of their number."""
    records = [{"query": "q", "id": f"d{n}", "text": f"text {n}", f"key {n}": 1} for n in range(2_000)]
    found = registry.read_directly("a.json", json.dumps(records).encode(), "auto", {})
    assert len(found.documents) == 2_000
    assert {"query", "id", "text"} <= set(found.columns)
    assert len(found.columns) <= COLLECTION_LIMITS.columns
    assert any("different keys" in note for note in found.reading_notes)
