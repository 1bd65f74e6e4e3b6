"""The questions that nothing answered: kept once each, taken off, put back, and taken away as a file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from rerank_core.storage import missing_articles
from rerank_core.storage.missing_articles import MissingArticle, MissingArticleStore, missing_articles_csv
from rerank_core.storage.sqlite_file import StoreError

THEN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def article(query: str, days: int = 0, **more: object) -> MissingArticle:
    return MissingArticle(query, "Help centre", noted=THEN + timedelta(days=days), **more)  # type: ignore[arg-type]


def test_what_was_noted_comes_back_the_latest_first(database):
    """Any text, with and without a near miss; a file of its own."""
    first, second = article("caf\ud800\x00", near_miss="Pause", score=0.017), article("q", days=1)
    with MissingArticleStore(database) as store:
        assert store.list() == ()
        store.add(first, second)
    with MissingArticleStore(database) as store:
        assert store.list() == (second, first)


def test_the_same_question_stands_there_once_a_place(database):
    with MissingArticleStore(database) as store:
        again = article("q", days=2)
        other = MissingArticle("q", "Another base", noted=THEN)
        store.add(article("q"), other, again)
        assert store.list() == (again, other)


def test_what_is_taken_off_can_be_put_back(database):
    one, two = article("one"), article("two", days=1)
    with MissingArticleStore(database) as store:
        store.add(one, two)
        store.remove([one.id, "not there"])
        assert store.list() == (two,)
        store.add(one)
        assert store.list() == (two, one)


def test_only_the_latest_are_kept(database, monkeypatch):
    monkeypatch.setattr(missing_articles, "MAX_ARTICLES", 2)
    with MissingArticleStore(database) as store:
        store.add(*(article(f"q{day}", days=day) for day in range(4)))
        assert [one.query for one in store.list()] == ["q3", "q2"]


def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path):
    path = tmp_path / "missing.sqlite3"
    path.write_bytes(b"something else" * 200)
    with MissingArticleStore(path) as store, pytest.raises(StoreError):
        store.list()
    assert path.read_bytes().startswith(b"something else")


def test_the_list_as_a_file_runs_no_formula():
    data = missing_articles_csv([article("=1+1", near_miss="Pause", score=0.017), article("q", days=1)])
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows == [
        ["question", "noted", "searched_in", "nearest", "score"],
        ["'=1+1", "2026-11-01T12:00:00+00:00", "Help centre", "Pause", "0.017"],
        ["q", "2026-11-02T12:00:00+00:00", "Help centre", "", ""],
    ]
