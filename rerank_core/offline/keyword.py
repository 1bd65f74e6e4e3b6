"""How much of a query's weight in words each document of a list holds, 0 to 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from rerank_core.keyword.asked import Asked
from rerank_core.keyword.bm25 import ListPostings, inverse_frequency, saturation
from rerank_core.keyword.words import hyphened, normalise, pieces_of, plain_words


class _Matches(dict[str, tuple[int, tuple[int, ...]]]):
    """For a word of a document: how many tokens it makes, and which of the query's tokens are among them.

    Words come again and again within a list, so each is cut into pieces once a request.
    """

    def __init__(self, asked: Iterable[str]) -> None:
        super().__init__()
        self.numbers = {token: number for number, token in enumerate(dict.fromkeys(asked))}

    def __missing__(self, word: str) -> tuple[int, tuple[int, ...]]:
        tokens = (word, *pieces_of(word))
        matches = len(tokens), tuple(self.numbers[token] for token in tokens if token in self.numbers)
        self[word] = matches
        return matches


def keyword_shares(query: str, texts: Sequence[str], *, tick: Callable[[int], None] | None = None) -> list[float]:
    """BM25 of each text over words and character 4-grams, divided by the query's total idf.

    1 would be every token of the query, endlessly often; a good answer has 0.2 to 0.6. Rarity is counted in
    this list, so the numbers belong to this list. A query without words gives 0 everywhere.
    `tick` is called before each text with how many are done.
    """
    asked = Asked.of(query, pieces_of)
    if not asked.tokens or not texts:
        return [0.0] * len(texts)
    matches = _Matches([*asked.tokens, *(token for choice in asked.choices for token in choice.tokens)])
    lengths = np.zeros(len(texts), np.int64)
    documents: list[int] = []
    tokens: list[int] = []
    counts: list[int] = []
    for place, text in enumerate(texts):
        if tick is not None:
            tick(place)
        length = 0
        here: Counter[int] = Counter()
        folded = normalise(text)
        for word, times in Counter(plain_words(folded)).items():
            size, found = matches[word]
            length += size * times
            for number in found:
                here[number] += times
        for parts in hyphened(folded):  # they make no text longer
            for number in matches["".join(parts)][1]:
                here[number] += 1
        lengths[place] = length
        documents += [place] * len(here)
        tokens += here.keys()
        counts += here.values()
    by_token = np.argsort(tokens, kind="stable")
    places = np.array(documents, np.int32)[by_token]
    frequencies = np.bincount(np.array(tokens, np.int64), minlength=len(matches.numbers))
    weights = np.array(counts, np.float64)[by_token]
    weights /= weights + saturation(lengths)[places]
    weights *= np.repeat(inverse_frequency(len(texts), frequencies), frequencies)
    held = ListPostings(len(texts), matches.numbers, np.concatenate([[0], np.cumsum(frequencies)]), places, weights)
    return [float(share) for share in held.scores(asked) / held.rarity(asked.tokens)]
