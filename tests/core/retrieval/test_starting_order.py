"""The order that a run starts from: as listed, by what came with the file, or by keyword."""

import pytest

from rerank_core.documents.working_list import WorkingList
from rerank_core.errors import InvalidDocumentsError
from rerank_core.models import Document
from rerank_core.retrieval.starting_order import has_number, initial_scores, start_order


def working(*rows: tuple[str, dict[str, str]]) -> WorkingList:
    return WorkingList.of((Document(text, None, metadata) for text, metadata in rows), "kb.csv", "as uploaded")


def test_as_listed_keeps_the_order_and_its_name() -> None:
    """Nothing is moved, and the board says how the list came about."""
    order = start_order(working(("b", {}), ("a", {})), "listed", "q")
    assert [document.text for document in order.documents] == ["b", "a"]
    assert order.name == "as uploaded"


def test_by_rank_and_by_score_follow_the_columns_that_came_with_the_file() -> None:
    """Rank 1 comes first, the highest score comes first, and what has neither comes last."""
    listed = working(("a", {"rank": "2", "score": "0.1"}), ("b", {"rank": "1", "score": "0.9"}), ("c", {}))
    assert [document.text for document in start_order(listed, "rank", "q").documents] == ["b", "a", "c"]
    assert [document.text for document in start_order(listed, "score", "q").documents] == ["b", "a", "c"]
    assert start_order(listed, "score", "q").name == "by uploaded score"
    assert initial_scores(listed.documents) == (0.1, 0.9, None)
    assert has_number(listed, "rank")
    assert not has_number(working(("a", {"rank": "first"})), "rank")


def test_scores_on_another_scale_are_given_as_they_came() -> None:
    """BM25 scores above 1 or below 0 sort the list and stay numbers; one of them takes nothing from the others."""
    listed = working(("a", {"score": "12.5"}), ("b", {"score": "0.5"}), ("c", {"score": "-2"}), ("d", {}))
    assert initial_scores(listed.documents) == (12.5, 0.5, -2.0, None)
    assert [document.text for document in start_order(listed, "score", "q").documents] == ["a", "b", "c", "d"]


def test_by_keyword_is_by_the_fields_that_a_model_reads() -> None:
    """A title counts where it is read, and does not where the text alone is."""
    listed = WorkingList.of(
        [Document("as it is"), Document("see below", None, {"title": "Reset a password"})], "pasted"
    )
    titled = start_order(listed, "keyword", "password")
    assert [document.text for document in titled.documents] == ["see below", "as it is"]
    assert start_order(listed, "keyword", "password", ("text",)).documents == listed.documents


def test_by_keyword_puts_matches_first_and_the_rest_as_listed() -> None:
    """Documents without a word of the query stay behind those with one, in their own order."""
    listed = working(("zebra", {}), ("apple", {}), ("reset the password", {}), ("pear", {}))
    order = start_order(listed, "keyword", "password reset")
    assert [document.text for document in order.documents] == ["reset the password", "zebra", "apple", "pear"]
    assert order.name == "by keyword (BM25)"


def test_an_order_without_its_column_is_refused_with_a_sentence() -> None:
    """Sorting by a rank that nothing has says so."""
    with pytest.raises(InvalidDocumentsError):
        start_order(working(("a", {})), "rank", "q")
    with pytest.raises(InvalidDocumentsError):
        start_order(working(("a", {})), "alphabet", "q")  # type: ignore[arg-type]
