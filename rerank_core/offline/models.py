"""The three models that run on this computer, as a person chooses between them.

The thresholds are measured. For each question the best score of a list was taken once with its right answers
and once without them; a threshold is where about one answerable question in ten would be warned about, as the
mean of two kinds of collection:

* XQuAD, questions written with the paragraph in view (English; German and Spanish too for the other models),
  over 5, 10 and 50 paragraphs, of which up to 4 are from the same article;
* the project's own help articles and rated questions (47 articles in English, 66 in four languages), written to
  share few words with their answers, over 8, 20 and all articles.

|model|threshold|warned though answerable: XQuAD, help|warned when unanswerable: off the topic, on it, help|
|---|---|---|---|
|English|0.04|1 %, 20 %|96 %, 52 %, 72 %|
|Multilingual|0.05|1 %, 17 %|94 %, 49 %, 58 %|
|Multilingual, across languages|0.045|3 %, -|88 %, 40 %, -|
|v2 (keywords)|0.04|1 %, 18 %|66 %, 32 %, 48 %|

So a warning is nearly always right, and its absence promises little: a near miss on the same topic passes in
half of the cases. The English and the keyword model cannot tell across languages (AUC 0.65 to 0.78); their
thresholds there only keep the warning from showing every time.
"""

from __future__ import annotations

from decimal import Decimal

from rerank_core.providers.spec import ModelSpec

__all__ = ["ENGLISH", "KEYWORD", "MODELS", "MULTILINGUAL"]

ENGLISH, MULTILINGUAL, KEYWORD = "local-english", "local-multilingual", "local-keyword"

_FREE = Decimal(0)

MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id=ENGLISH,
        label="English",
        audience="English text. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="english",
        notice=(
            "A small embedding model (all-MiniLM-L6-v2) together with keyword matching, not a cross-encoder. It "
            "stands where the hosted English model stands; it is not that model, which may order better."
        ),
        threshold=0.04,
        cross_language_threshold=0.004,
    ),
    ModelSpec(
        id=MULTILINGUAL,
        label="Multilingual",
        audience="Many languages, also a question in one and documents in another. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="many",
        notice=(
            "A small embedding model (multilingual-e5-small) together with keyword matching, not a cross-encoder. "
            "It stands where the hosted multilingual model stands; it is not that model, which may order better."
        ),
        threshold=0.05,
        cross_language_threshold=0.045,
    ),
    ModelSpec(
        id=KEYWORD,
        label="v2",
        audience="Names, codes and exact words, in any language. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="many",
        notice=(
            "The keyword baseline: it counts shared words and parts of words (BM25) and knows nothing of meaning. "
            "It stands where the hosted v2 model stands; it is not that model."
        ),
        threshold=0.04,
        cross_language_threshold=0.012,
    ),
)
