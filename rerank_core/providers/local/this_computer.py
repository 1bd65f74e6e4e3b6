"""On this computer: four models behind the same call, with no key, no network and no cost.

What scores mean is measured, the levels chosen on one half of the queries and shown here on the other (halves as in
`rerank_core/offline/calibration.py`; `python -m tests.benchmarks.bench_quality` measures it again, docs/models.md has
its tables, and `bench_thresholds` looks at shorter lists). For
each question the best score of a list was taken once with its right answers
and once without them, over the whole list: the rated sample (66 help articles with their titles; statements, letters
and keywords as well as questions) and XQuAD (240 paragraphs, questions written with the paragraph in view; without its
answer a list still has four paragraphs of the same article).

`threshold` is where about one answerable question in ten would be called weak, as the mean of the two kinds, but never
so high that a right answer with few words in common is called nothing (`tests/core/providers/test_hotel.py`).

|model|threshold|weak though answerable: sample, XQuAD|weak without an answer: sample, XQuAD|
|---|---|---|---|
|English|0.1|11 %, 0 %|40 %, 31 %|
|Multilingual|0.15|11 %, 1 %|30 %, 37 %|
|Multilingual, across languages|0.15|-, 6 %|-, 36 %|
|Keyword matching|0.013|0 %, 0 %|1 %, 0 %|
|Cross-encoder|0.003|17 %, 0 %|56 %, 47 %|

So a list that is called weak is seldom one with an answer, and the absence of the word promises little: near misses
pass, and keyword matching calls nearly nothing weak, since a right answer may share hardly a word with its question.

From `strong` on, about four results in five are right, as the mean of the two kinds on the half where it was chosen;
`usual_top` is where nine in ten of the best scores lie below.

|model|strong|right from there on: all results, best results|reached without an answer: sample, XQuAD|
|---|---|---|---|
|English|0.35|82 %, 98 %|6 %, 18 %|
|Multilingual|0.8|75 %, 97 %|6 %, 18 %|
|Multilingual, across languages|0.8|77 %, 96 %|-, 13 %|
|Keyword matching|0.5|71 %, 97 %|9 %, 20 %|
|Cross-encoder|0.5|79 %, 97 %|12 %, 17 %|

The English and the keyword model cannot tell across languages; their thresholds there only keep the word "weak" from
showing every time, and they have no `strong` there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from rerank_core.errors import ConfigurationError, InvalidQueryError, RerankError
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.providers import complaints, replies
from rerank_core.providers.spec import Batch, ModelSpec, ParsedReply, ProviderSpec

_FREE = Decimal(0)

MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id=ENGLISH,
        label="English",
        audience="English text. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="english",
        notice=(
            "A small embedding model (all-MiniLM-L6-v2) together with keyword matching; a small cross-encoder "
            "(ms-marco-MiniLM-L-12-v2) reads the first ten again. It stands where the hosted English model stands; it "
            "is not that model, which may order better. It calls 4 lists in 10 weak that hold no answer, and 1 in 10 "
            "that do."
        ),
        threshold=0.1,
        cross_language_threshold=0.022,
        strong=0.35,
        usual_top=0.9,
    ),
    ModelSpec(
        id=MULTILINGUAL,
        label="Multilingual",
        audience="Many languages, also a question in one and documents in another. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="many",
        notice=(
            "A small embedding model (multilingual-e5-small) together with keyword matching, not a cross-encoder. "
            "It stands where the hosted multilingual model stands; it is not that model, which may order better. It "
            "calls 3 lists in 10 weak that hold no answer, and 1 in 10 that do."
        ),
        threshold=0.15,
        cross_language_threshold=0.15,
        strong=0.8,
        cross_language_strong=0.8,
        usual_top=1.0,
    ),
    ModelSpec(
        id=KEYWORD,
        label="Keyword matching",
        stands_for="v2",
        audience="Names, codes and exact words, in any language. It cannot warn that nothing answers. "
        "Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="many",
        notice=(
            "The keyword baseline: it counts shared words and parts of words (BM25) and knows nothing of meaning. "
            "It is the place-holder of the hosted model v2, not that model. It cannot warn that nothing answers: "
            "weak is only what shares hardly a word with the query, and nearly every list has a text that shares more."
        ),
        threshold=0.013,  # the rule says 0.055, and the answer of the hotel has 0.0132
        cross_language_threshold=0.012,
        strong=0.5,
        usual_top=1.0,
    ),
    ModelSpec(
        id=CROSS_ENCODER,
        label="Cross-encoder",
        audience="Questions in English. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="english",
        notice=(
            "A cross-encoder (ms-marco-MiniLM-L-12-v2, the model that FlashRank offers under that name): it reads "
            "question and text together. It is sure of itself on questions, weaker on statements and descriptions, "
            "and means nothing outside English. A long letter is read by sentence. It calls half of the lists weak "
            "that hold no answer, and 2 in 10 of those that answer a statement; none that answer a question."
        ),
        threshold=0.003,
        strong=0.5,
        usual_top=1.0,
    ),
)

_LOOKED_AT = 40


def accept(model: str) -> RerankError | None:
    """An error where the model cannot run here, with the reason."""
    from rerank_core import offline

    reason = offline.unavailable_reason(model)
    if reason is None:
        return None
    keyword = offline.unavailable_reason(KEYWORD) is None
    hint = "Choose another model; local-keyword always runs." if keyword else "Or choose a hosted model."
    return ConfigurationError(f"{reason.rstrip('.')}.", code="model_unavailable", hint=hint)


def _unavailable(model: str) -> str | None:
    from rerank_core import offline

    return offline.unavailable_reason(model)


def compute(batch: Batch, report: Callable[[int, int], None]) -> dict[str, Any]:
    """Score the texts and return {"results": [...]}, best first, in the shape of a hosted reply.

    `index` counts in the caller's own list. Each row also holds the two signals behind the score (`cosine`, None for
    a model without vectors, and `keyword`, None for the cross-encoder), the number of windows a long text was read
    in, the characters that the best of them covers, the sentence of a long query that counted, None where it was
    read whole, and `logit`, what the cross-encoder found, None where it has not read the text. Raises
    InvalidQueryError where the cross-encoder is asked in another language than English, or about texts in one.
    """
    from rerank_core import offline

    if batch.model == CROSS_ENCODER:
        _check_english(batch.query, batch.texts)
    scored = offline.score(batch.model or "", batch.query, batch.texts, on_progress=report)
    rows: list[dict[str, Any]] = [
        {
            "index": index,
            "relevance_score": found.relevance_score,
            "cosine": found.cosine,
            "keyword": found.keyword,
            "windows": found.windows,
            "best_window": list(found.best_window) if found.best_window else None,
            "sentence": batch.query[slice(*found.sentence)] if found.sentence else None,
            "logit": found.logit,
        }
        for index, found in zip(batch.indexes, scored, strict=True)
    ]
    rows.sort(key=lambda row: -row["relevance_score"])
    return {"results": rows}


def _check_english(query: str, texts: Sequence[str]) -> None:
    """Refuse a query, or texts, that are surely not English: the cross-encoder's scores would mean nothing, and look
    sure."""
    from rerank_core import language

    asked = language.english_mismatch(query, ())
    found = [language.guess(text) for text in texts[:_LOOKED_AT]]
    others = [code for code in found if code not in (None, "en")]
    if asked is None and len(others) * 2 <= len(found):
        return
    what = "this query is" if asked else "most of these documents are"
    raise InvalidQueryError(
        f"The cross-encoder reads English only, and {what} {asked or language.name_of(others[0])}.",
        hint="Use Multilingual for it.",
        code="not_english",
    )


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Read what `compute` made, with the checks that a hosted reply goes through."""
    in_batch = {index: number for number, index in enumerate(batch.indexes)}
    rows = [{**row, "index": in_batch.get(row["index"])} for row in body["results"]]
    return ParsedReply(
        rows=replies.read_rows({"results": rows}, len(batch.texts), None), model=batch.model, search_units=0.0
    )


def is_fitted_before(model: str | None, body: Any) -> bool:
    """Whether a body that `compute` made holds scores of a model that has been fitted again since: what is measured
    for the model now says nothing about them."""
    rows = body.get("results") if isinstance(body, dict) else None
    old = [row for row in rows or () if isinstance(row, dict) and "windows" in row and "logit" not in row]
    return bool(old) and model in (ENGLISH, MULTILINGUAL)


def signals(body: Any) -> dict[int, str]:
    """What stands behind each score of a body that `compute` made, in words for a person, by index in the input.

    "cosine 0.612, keyword match 0.40, best of 3 parts"; empty for any other body.
    """
    rows = body.get("results") if isinstance(body, dict) else None
    found: dict[int, str] = {}
    for row in rows or ():
        if not isinstance(row, dict) or "windows" not in row:
            continue
        parts = [] if row.get("cosine") is None else [f"cosine {row['cosine']:.3f}"]
        if row.get("keyword") is not None:
            parts.append(f"keyword match {row['keyword']:.2f}")
        if row.get("logit") is not None and row.get("cosine") is not None:
            parts.append(f"read together {1 / (1 + math.exp(-row['logit'])):.2f}")
        if row.get("sentence"):
            parts.append(f'matched on "{row["sentence"]}"')
        if row.get("windows", 1) > 1:
            parts.append(f"best of {row['windows']} parts of the text")
        if parts:
            found[row["index"]] = ", ".join(parts)
    return found


def best_windows(body: Any) -> dict[int, tuple[int, int]]:
    """The characters of what was read that carry each score of a body that `compute` made, by index in the input; of
    texts that were read in one piece all of them. Empty for any other body."""
    rows = body.get("results") if isinstance(body, dict) else None
    found: dict[int, tuple[int, int]] = {}
    for row in rows or ():
        match row:
            case {"index": int(index), "best_window": [int(start), int(stop)]}:
                found[index] = (start, stop)
    return found


LOCAL = ProviderSpec(
    id="local",
    label="On this computer",
    description="Small models that run on this machine. No key, nothing leaves it, free.",
    docs_url="https://www.sbert.net/docs/sentence_transformer/pretrained_models.html",
    parse=parse,
    explain=partial(complaints.explain, "On this computer", {}),
    compute=compute,
    accept=accept,
    unavailable=_unavailable,
    models=MODELS,
    default_model="local-english",
    aliases={"legacy": KEYWORD},
    group="here",
)
