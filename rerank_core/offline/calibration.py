"""From what a model finds about a text to a relevance score between 0 and 1.

Everything here was fitted on one half of the queries and is shown on the other; whether the first byte of a query id's
SHA-256 is even says which (`python -m tests.benchmarks.bench_quality` measures it again; docs/models.md has its
tables). The sets: the rated
sample (165 queries over 66 help articles in four languages, titles included, 2 and 3 count as right), XQuAD (200
questions over 240 paragraphs in English, German and Spanish, and German and Spanish questions over the English
paragraphs), XQuAD mixed (each paragraph in one of the three languages, 300 questions), Cranfield (225 questions over
the first 100 by keyword).

Orders. **English**: cosine and keywords as before, then the first ten by 0.3 softplus(logit + 2) + 5 cosine + 6
keyword. nDCG@10 on the other halves, before and now: sample 0.755 and 0.767, XQuAD 0.986 and 0.988, Cranfield 0.552
and 0.552. Softplus levels the floor of the logits, where they are noise. The cross-encoder alone is worse on the
sample's statements, and in an earlier measurement twenty or thirty texts gained nothing over ten. Lists
with their answer are told from lists without by the best score with an AUC of 0.967 on XQuAD's other half (0.947
before). 100 texts cost 1.2 times what cosine and keywords cost alone (60 and 200 tokens, processor time).

**Multilingual**: cosine + 0.15 keyword, and 0.035 more for a text in another language than the query (e5 likes its own
language better, and such a text shares no words with the query). Before it was cosine + 0.43 keyword: sample 0.647
before and 0.823 now for queries in German, Spanish and Japanese, 0.734 and 0.782 in English (all: +0.099, 95% interval
0.063 to 0.136); XQuAD mixed 0.651 and 0.843; XQuAD 0.982 to 0.992 in one language, as before or above.

Scores. Each line was then stretched so that among the ten texts that a person sees, in lists with their answers and
in lists without, a score is the share of right ones if one in four were right. That is a convention, and other lists
have other shares: it is called a relevance score and never a probability.

Scores of `local-english` and `local-multilingual` from before this fit were lower for the same texts: the right ones
of the sample had a median of 0.06 in English and have 0.12. The line of the keyword model is what it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@dataclass(frozen=True, slots=True)
class Logistic:
    """score = 1 / (1 + e^-(cosine x a + keyword x b + c))."""

    cosine: float
    keyword: float
    constant: float

    def score(self, cosine: float, keyword: float) -> float:
        """A relevance score, more than 0 and less than 1. `cosine` is -1..1, `keyword` 0..1."""
        return _sigmoid(self.cosine * cosine + self.keyword * keyword + self.constant)


@dataclass(frozen=True, slots=True)
class ReadLogistic:
    """The same with what the cross-encoder found: softplus(logit + floor) x d is added inside."""

    read: float
    floor: float
    signals: Logistic

    def score(self, logit: float | None, cosine: float, keyword: float) -> float:
        """A relevance score, more than 0 and less than 1. `logit` is None where there was nothing to read."""
        above = 0.0 if logit is None else math.log1p(math.exp(min(logit + self.floor, 50.0)))
        signals = self.signals
        return _sigmoid(self.read * above + signals.cosine * cosine + signals.keyword * keyword + signals.constant)


ENGLISH = Logistic(4.2, 7.62, -4.49)
"""English where the cross-encoder has not read the text."""

ENGLISH_READ = ReadLogistic(0.205, 2.0, Logistic(3.42, 4.1, -3.93))
"""English where it has."""

BELOW = 0.99
"""How near the first text that was not read comes to the last that was, as a share of its score."""

MULTILINGUAL = Logistic(62.0, 9.3, -54.21)
"""Multilingual where query and text share a language, or one of them tells none."""

STRANGER = Logistic(62.0, 9.3, -52.04)
"""Multilingual for a text in another language than the query, among others that are not: 0.035 of cosine more."""

ACROSS_LANGUAGES = Logistic(82.0, 12.3, -66.59)
"""Multilingual where every text is in another language: the same order, stretched so that right answers show it."""

KEYWORD = Logistic(0.0, 17.69, -4.79)
