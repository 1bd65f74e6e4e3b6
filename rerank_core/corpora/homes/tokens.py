"""The words that a home indexes: the same cut as on this computer, so that the same words are found."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from rerank_core.keyword.words import beginnings_of, words

MAX_ASKED = 900
"""Tokens of one question. Search engines take 1,024 clauses at most."""

_LONGEST = 100  # characters; Lucene's analysers cut what is longer than 255, PostgreSQL refuses lexemes of 2 KB


def tokens_of(text: str) -> list[str]:
    """What a passage counts as: its words, each with its first four and first six characters, a rough stem. So does
    the keyword index of this computer for more than 20,000 passages."""
    return [token for word in words(text) for token in _with_beginnings(word)]


def asked(question: str) -> list[str]:
    """The distinct tokens of a question, words before their beginnings."""
    found = list(dict.fromkeys(words(question)))
    parts = [_with_beginnings(word) for word in found]
    rest = (token for some in parts for token in some[1:])
    return list(dict.fromkeys([*(some[0] for some in parts), *rest]))[:MAX_ASKED]


def word_token(word: str) -> str:
    """A word as it is indexed. A very long one is known by its hash."""
    if len(word) <= _LONGEST:
        return word
    return f"={blake2b(word.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}"


def joined(tokens: Sequence[str]) -> str:
    """Tokens as a text that is cut at its spaces."""
    return " ".join(tokens)


def parent_key(parent: bytes) -> bytes:
    """What passages of a document are found by: a hash, since names of documents have any length."""
    return blake2b(parent, digest_size=16).digest()


def _with_beginnings(word: str) -> list[str]:
    return [word_token(word), *dict.fromkeys(beginnings_of(word))]
