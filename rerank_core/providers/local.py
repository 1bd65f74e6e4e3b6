"""On this computer: four models behind the same call, with no key, no network and no cost.

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
|Keyword matching|0.04|1 %, 18 %|66 %, 32 %, 48 %|

Measured again with titles above the texts of the help articles (`python -m tests.benchmarks.bench_thresholds`; XQuAD
has none) the thresholds came to 0.045, 0.055 and 0.04, each within 0.005 of those above, which stay.

So a warning is nearly always right, and its absence promises little: a near miss on the same topic passes in
half of the cases. The English and the keyword model cannot tell across languages (AUC 0.65 to 0.78); their
thresholds there only keep the warning from showing every time.

From `strong` on, at least four results in five are rated 2 or 3 in the rated sample (each of its queries over the
articles it is rated on, an article without a rating counted as 0; 36 queries in English, 64 in all). `usual_top` is
where nine in ten of the best scores lie below. The last column is how often a list without its answers reaches
`strong` all the same.

|model|strong|rated 2 or 3 from there on|usual top|reached without an answer|
|---|---|---|---|---|
|English|0.08|84 % of 25|0.3|7 %|
|Multilingual|0.25|84 % of 32|0.7|4 %|
|Multilingual, across languages|0.3|62 % of 8|0.7|10 %|
|Keyword matching|0.3|80 % of 20|0.6|5 %|
|Cross-encoder|0.1|57 % of 35; 90 % of the best ones|1|12 %|

No score of the cross-encoder is that sure on the sample, so its `strong` goes by the best results of the queries.
Too few results are right across languages to measure more than a guess there; the English and the keyword model get no
`strong` there at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from rerank_core.errors import ConfigurationError, InvalidQueryError, ModelNotFoundError, RerankError
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.providers import replies
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
            "A small embedding model (all-MiniLM-L6-v2) together with keyword matching, not a cross-encoder. It "
            "stands where the hosted English model stands; it is not that model, which may order better."
        ),
        threshold=0.04,
        cross_language_threshold=0.004,
        strong=0.08,
        usual_top=0.3,
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
        strong=0.25,
        cross_language_strong=0.3,
        usual_top=0.7,
    ),
    ModelSpec(
        id=KEYWORD,
        label="Keyword matching",
        stands_for="v2",
        audience="Names, codes and exact words, in any language. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="many",
        notice=(
            "The keyword baseline: it counts shared words and parts of words (BM25) and knows nothing of meaning. "
            "It is the place-holder of the hosted model v2, and is not that model."
        ),
        threshold=0.04,
        cross_language_threshold=0.012,
        strong=0.3,
        usual_top=0.6,
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
            "and means nothing outside English. A long letter is read by sentence."
        ),
        threshold=0.01,
        strong=0.1,
        usual_top=1.0,
    ),
)

_LOOKED_AT = 40


def accept(model: str) -> RerankError | None:
    """An error where the model does not exist or cannot run here, with the reason."""
    from rerank_core import offline

    if model not in {known.id for known in MODELS}:
        names = ", ".join(known.id for known in MODELS)
        return ModelNotFoundError(f"There is no local model called {model}.", hint=f"Choose one of {names}.")
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
    in, the characters that the best of them covers, and the sentence of a long query that counted, None where it was
    read whole. Raises InvalidQueryError where the cross-encoder
    is asked in another language than English, or about texts in one.
    """
    from rerank_core import offline

    if batch.model == CROSS_ENCODER:
        _check_english(batch.query, batch.texts)
    across = batch.model == MULTILINGUAL and _share_no_language(batch.query, batch.texts)
    scored = offline.score(batch.model or "", batch.query, batch.texts, across_languages=across, on_progress=report)
    rows: list[dict[str, Any]] = [
        {
            "index": index,
            "relevance_score": found.relevance_score,
            "cosine": found.cosine,
            "keyword": found.keyword,
            "windows": found.windows,
            "best_window": list(found.best_window) if found.best_window else None,
            "sentence": batch.query[slice(*found.sentence)] if found.sentence else None,
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


def _share_no_language(query: str, texts: Sequence[str]) -> bool:
    """Whether the texts are surely in other languages than the query, and none of the first ones is in its own."""
    from rerank_core import language

    return language.differ(query, texts) and language.guess(query) not in map(language.guess, texts[:_LOOKED_AT])


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Read what `compute` made, with the checks that a hosted reply goes through."""
    in_batch = {index: number for number, index in enumerate(batch.indexes)}
    rows = [{**row, "index": in_batch.get(row["index"])} for row in body["results"]]
    return ParsedReply(
        rows=replies.read_rows({"results": rows}, len(batch.texts), None), model=batch.model, search_units=0.0
    )


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
    explain=partial(replies.explain, "On this computer", {}),
    compute=compute,
    accept=accept,
    unavailable=_unavailable,
    models=MODELS,
    default_model="local-english",
)
