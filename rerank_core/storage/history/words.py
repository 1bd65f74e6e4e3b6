"""The words by which a thing is found, in tables of our own that SQLite and PostgreSQL hold alike.

A word is what keyword search takes for one (`rerank_core.keyword.words`), so German, Arabic, Japanese and c++ are found
here as there. FTS5 and tsvector would cut texts each in its own way, and FTS5 leaves the words of what was deleted in
its file before SQLite 3.42; a deleted row of these tables is overwritten like every other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, or_, select

from rerank_core.keyword.words import words as words_of
from rerank_core.storage.schema.columns import showable
from rerank_core.storage.schema.history import history, history_runs, history_words, piece_words
from rerank_core.storage.schema.runs import pieces, run_pieces

MOST_WORDS = 2_000
"""Different words of one document, or of one entry, by which it is found; the first ones."""

_MOST_CHARACTERS = 50_000  # of a text, looked at for its words
_LONGEST = 64  # characters of a word that are kept
_AFTER_ALL = "\U0010ffff"
_MOST_ASKED = 20
_COMMON = 300  # documents
_ROWS = 500  # of one statement


def indexed(texts: Iterable[str], most: int = MOST_WORDS) -> list[str]:
    """The different words of some texts, so many at most."""
    found = dict.fromkeys(
        word[:_LONGEST] for text in texts for word in words_of(showable(text[:_MOST_CHARACTERS])) if word
    )
    return list(found)[:most]


def index_entry(connection: Connection, entry: int, texts: Iterable[str]) -> None:
    """Have an entry be found by the words of these texts, and by no others."""
    connection.execute(delete(history_words).where(history_words.c.entry == entry))
    rows = [{"word": word, "entry": entry} for word in indexed(texts)]
    if rows:
        connection.execute(insert(history_words), rows)


def index_documents(connection: Connection, run: int) -> None:
    """Have a run be found by the words of its documents; what other runs have too is indexed already."""
    known = exists().where(piece_words.c.piece == run_pieces.c.piece)
    new = connection.execute(
        select(pieces.c.number, pieces.c.payload)
        .distinct()
        .join(run_pieces, run_pieces.c.piece == pieces.c.number)
        .where(run_pieces.c.run == run, ~known)
    ).all()
    rows: list[dict[str, object]] = []
    for number, payload in new:
        documents = json.loads(bytes(payload).decode("utf-8", "surrogatepass"))
        rows += [{"word": word, "piece": number} for word in indexed(texts_of(documents), MOST_WORDS * len(documents))]
    for start in range(0, len(rows), _ROWS):
        connection.execute(insert(piece_words), rows[start : start + _ROWS])


def texts_of(documents: Sequence[Sequence[Any]]) -> list[str]:
    """The texts of documents as a run is kept: [text, id, metadata] each."""
    found: list[str] = []
    for text, name, metadata in documents:
        values = metadata.values() if isinstance(metadata, dict) else ()
        found += [each for each in (text, name, *values) if isinstance(each, str)]
    return found


def containing(connection: Connection, typed: str) -> ColumnElement[bool] | None:
    """The condition that an entry of `history` has every word that was typed; the last may be unfinished. None where
    nothing was typed."""
    asked = list(dict.fromkeys(word[:_LONGEST] for word in words_of(showable(typed))))[:_MOST_ASKED]
    if not asked:
        return None if not typed.strip() else history.c.number.is_(None)
    last = "" if typed[-1:].isspace() else asked[-1]
    return and_(*(_has(connection, word, begins=word == last) for word in asked))


def _has(connection: Connection, word: str, *, begins: bool) -> ColumnElement[bool]:
    """Of a word that few documents have, the entries are looked up; with one that many have, each entry is looked at,
    from the newest on, until a page of the list is full."""
    entries = history.c.number.in_(select(history_words.c.entry).where(_is(history_words.c.word, word, begins=begins)))
    found = select(piece_words.c.piece).where(_is(piece_words.c.word, word, begins=begins))
    of_entry = history_runs.join(run_pieces, run_pieces.c.run == history_runs.c.run)
    if len(connection.execute(found.limit(_COMMON + 1)).all()) <= _COMMON:
        by_text = select(history_runs.c.entry).select_from(of_entry).where(run_pieces.c.piece.in_(found))
        return or_(entries, history.c.number.in_(by_text))
    texts = of_entry.join(piece_words, piece_words.c.piece == run_pieces.c.piece)
    has = _is(piece_words.c.word, word, begins=begins)
    mine = history_runs.c.entry == history.c.number
    return or_(select(history_runs.c.entry).select_from(texts).where(mine, has).exists(), entries)


def _is(column: ColumnElement[str], word: str, *, begins: bool) -> ColumnElement[bool]:
    return and_(column >= word, column < word + _AFTER_ALL) if begins else column == word
