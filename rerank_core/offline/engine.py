"""One call over the local models: loaded once a process when first needed, shared by every thread."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rerank_core import language
from rerank_core.errors import ConfigurationError, ModelNotFoundError
from rerank_core.extras import missing, require
from rerank_core.offline import calibration
from rerank_core.offline.local_model import LocalModel, sound_cross_encoder, sound_encoder
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.offline.weights import MINILM, MS_MARCO, MULTILINGUAL_E5

if TYPE_CHECKING:
    from rerank_core.offline.cache import Embedding
    from rerank_core.offline.cross_encoder import CrossEncoder, PairScore
    from rerank_core.offline.encoder import Encoder

log = logging.getLogger(__name__)

READ_AGAIN = 10
"""How many of English's first documents the cross-encoder reads (`calibration`)."""

OnProgress = Callable[[int, int], None]

_KEYWORD_NEEDS = ("The keyword model", "local", "numpy")


@dataclass(frozen=True, slots=True)
class Scored:
    """What a local model says about one document.

    `relevance_score` is 0..1, an estimate, comparable within one query and model only. `cosine` is the
    likeness of query and document (-1..1; None for models without vectors, 0 where the model sees nothing in one
    of them), `keyword` the share of the query's weight in words that the document holds (0..1; None for the
    cross-encoder, which counts no words). A document longer than the model reads at once was scored in `windows`
    overlapping windows and the best one counts: `best_window` is its place in characters, (start, stop); None for
    the keyword model. The cross-encoder reads a long query by sentence: `sentence` is the place of the one that
    counted, in characters of the query. `logit` is what the cross-encoder found, None for documents it has not read.
    """

    relevance_score: float
    cosine: float | None
    keyword: float | None
    windows: int
    best_window: tuple[int, int] | None
    sentence: tuple[int, int] | None = None
    logit: float | None = None


def _english(data: memoryview) -> Encoder | None:
    from rerank_core.offline.minilm import MiniLM

    return sound_encoder(ENGLISH, MiniLM(data))


def _multilingual(data: memoryview) -> Encoder | None:
    from rerank_core.offline.e5 import E5

    return sound_encoder(MULTILINGUAL, E5(data))


def _cross_encoder(data: memoryview) -> CrossEncoder | None:
    from rerank_core.offline.ms_marco import MsMarcoMiniLM

    return sound_cross_encoder(MsMarcoMiniLM(data))


_EMBEDDINGS = {ENGLISH: LocalModel(MINILM, _english), MULTILINGUAL: LocalModel(MULTILINGUAL_E5, _multilingual)}
_CROSS_ENCODER = LocalModel(MS_MARCO, _cross_encoder)


def _model(model_id: str) -> LocalModel[Encoder] | LocalModel[CrossEncoder] | None:
    """The model of that id, None for the keyword model, which has nothing to load."""
    return _CROSS_ENCODER if model_id == CROSS_ENCODER else embedding_model(model_id)


def embedding_model(model_id: str) -> LocalModel[Encoder] | None:
    """The embedding model of that id, None for the keyword model, which needs none. Raises ModelNotFoundError for
    any other."""
    if model_id == KEYWORD:
        return None
    if model_id not in _EMBEDDINGS:
        raise ModelNotFoundError(
            f"There is no local model called '{model_id}' that gives vectors.",
            hint=f"Use {ENGLISH}, {MULTILINGUAL} or {KEYWORD}.",
        )
    return _EMBEDDINGS[model_id]


def unavailable_reason(model_id: str) -> str | None:
    """Why a model cannot be used here, in a sentence with what to do; None if it can. Loads nothing."""
    model = _model(model_id)
    return missing(*_KEYWORD_NEEDS) if model is None else model.reason()


def is_loaded(model_id: str) -> bool:
    """Whether a model is in memory, so that scoring starts at once."""
    model = _model(model_id)
    return model is None or model.loaded


def load(model_id: str) -> None:
    """Load a model now, or wait until another thread has. Raises ConfigurationError where it cannot be used."""
    model = _model(model_id)
    if model is not None:
        model.get()
    if model_id == ENGLISH:
        _second_reader()


def _second_reader() -> CrossEncoder | None:
    """What reads English's first documents again, loaded; None where it cannot be used, since English does without."""
    if _CROSS_ENCODER.reason() is not None:
        return None
    try:
        return _CROSS_ENCODER.get()
    except ConfigurationError as error:
        log.warning("English works without the cross-encoder: %s", error)
        return None


def score(model_id: str, query: str, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> list[Scored]:
    """Score every text for the query; the answer is in the order of `texts`.

    English: cosine and keywords put the texts in order, and the cross-encoder reads the first READ_AGAIN of them
    again, which may change their places among themselves; none of the others comes before them, and their scores end
    under the lowest of those. Where the cross-encoder is not there, or query or texts are in another language,
    cosine and keywords decide alone.

    Multilingual: what is known of the language of query and text counts: a text in another one is not held back for
    sharing no words with the query.

    `on_progress(done, total)` is called from this thread, at most every 0.2 s and once at the end; what it
    raises stops the work at once and is raised here. A query longer than an embedding model reads at once counts
    whole: its windows' vectors are averaged. Raises ConfigurationError where the model cannot be used and
    ModelNotFoundError for an unknown one.
    """
    total = len(texts)

    def tick(done: int) -> None:
        if on_progress is not None:
            on_progress(done, total)

    if model_id == CROSS_ENCODER:
        return [_pair_scored(found) for found in _CROSS_ENCODER.get().score_all(query, texts, tick=tick)]

    model = embedding_model(model_id)
    require(*_KEYWORD_NEEDS)  # these models count words too
    from rerank_core.offline.keyword import keyword_shares
    from rerank_core.offline.workers import paced, taking_turns

    encoder = None if model is None else model.get()
    if encoder is None:
        with taking_turns(paced(tick)) as counting:
            shares = keyword_shares(query, texts, tick=counting)
        tick(total)
        return [Scored(calibration.KEYWORD.score(0.0, share), None, share, 1, None) for share in shares]

    from rerank_core.offline.encoder import PASSAGE, QUERY

    alive = paced(lambda _: tick(0))  # until the texts' turn comes, so that a long query can be cancelled too
    with taking_turns(alive) as counting:
        shares = keyword_shares(query, texts, tick=counting)
    asked = _average(encoder.embed_all([query], QUERY, tick=alive)[0])
    answers = encoder.embed_all(texts, PASSAGE, tick=tick)
    scales = _scales(model_id, query, texts)
    found = [_scored(*each) for each in zip(scales, [asked] * total, answers, shares, strict=True)]
    if model_id != ENGLISH or not texts or not language.are_english(query, texts):
        return found
    reader = _second_reader()
    return found if reader is None else _read_again(reader, query, texts, found, paced(lambda _: tick(total)))


def _scales(model_id: str, query: str, texts: Sequence[str]) -> Sequence[calibration.Logistic]:
    """How the signals of each text become a score."""
    if model_id == ENGLISH:
        return [calibration.ENGLISH] * len(texts)
    strangers = language.strangers(query, texts)
    # a text that nobody can tell the language of makes no list of foreign texts a mixed one
    if True in strangers and False not in strangers:
        return [calibration.ACROSS_LANGUAGES] * len(texts)
    return [calibration.STRANGER if stranger else calibration.MULTILINGUAL for stranger in strangers]


def _read_again(
    reader: CrossEncoder, query: str, texts: Sequence[str], found: Sequence[Scored], tick: Callable[[int], None]
) -> list[Scored]:
    """English with its first texts read by the cross-encoder."""
    from rerank_core.keyword.words import normalise

    order = sorted(range(len(found)), key=lambda place: -found[place].relevance_score)
    first, rest = order[:READ_AGAIN], order[READ_AGAIN:]
    again = list(found)
    pairs = reader.score_all(query, [texts[place] for place in first], tick=tick)
    for place, pair in zip(first, pairs, strict=True):
        row = found[place]
        score = calibration.ENGLISH_READ.score(pair.logit, row.cosine or 0.0, row.keyword or 0.0)
        again[place] = replace(row, relevance_score=score, sentence=pair.sentence, logit=pair.logit)
    best, title = max(again[place].relevance_score for place in first), normalise(query).strip()
    called = [place for place in first if normalise(texts[place].partition("\n")[0]).strip() == title]
    # what is called as it is asked for gives way to no text that says that and more; the best of several stays first
    for place in sorted(called, key=lambda place: again[place].relevance_score):
        best = math.nextafter(best, 1.0)
        again[place] = replace(again[place], relevance_score=best)
    ceiling = calibration.BELOW * min(again[place].relevance_score for place in first)
    share = min(1.0, ceiling / found[rest[0]].relevance_score) if rest else 1.0
    for place in rest:
        again[place] = replace(found[place], relevance_score=found[place].relevance_score * share)
    return again


def _pair_scored(found: PairScore) -> Scored:
    """The model's own probability, as other servers of it show it."""
    score = 0.0 if found.logit is None else 1 / (1 + math.exp(-found.logit))
    return Scored(score, None, None, found.windows, found.best_window, found.sentence, found.logit)


def _average(embedding: Embedding) -> Embedding:
    """A long query as one vector: the mean of its windows, at length 1."""
    if len(embedding.spans) < 2:
        return embedding
    import numpy as np

    from rerank_core.offline.cache import Embedding

    mean = embedding.vectors.mean(axis=0, keepdims=True)
    return Embedding(mean / np.linalg.norm(mean), embedding.spans)


def _scored(scale: calibration.Logistic, query: Embedding, document: Embedding, keyword: float) -> Scored:
    if not document.spans or not query.spans:
        return Scored(scale.score(0.0, keyword), 0.0, keyword, len(document.spans), None)
    likeness = document.vectors @ query.vectors[0]
    best = int(likeness.argmax())
    cosine = min(1.0, max(-1.0, float(likeness[best])))
    return Scored(scale.score(cosine, keyword), cosine, keyword, len(document.spans), document.spans[best])
