"""The parts of ranked documents that speak to the query: the provider's own, else the best sentence of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rerank_core import language
from rerank_core.models import RankedDocument, RerankResponse, TextSpan
from rerank_core.providers import provider
from rerank_core.providers.local import best_windows
from rerank_core.rank_fields import text_offset
from rerank_core.ranking.strength import levels

LOCAL = "local"


def answering_spans(
    response: RerankResponse,
    indexes: Iterable[int] | None = None,
    *,
    threshold: float | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Mapping[int, tuple[TextSpan, ...]]:
    """What to mark in the texts of ranked documents, by index: the sentence that matches the query best.

    Where the provider itself said which parts they are, those are given. For a model of this computer the same model
    scores each sentence of the text, which takes it about as long again as the documents did; `indexes` are the
    documents to look at (None: the first ten results). Other providers have nothing to go by, and give nothing. A
    document has no entry where it scored below `threshold` (None: where its score is weak by
    `rerank_core.ranking.strength`) or not at all, where its text is one sentence, and where nothing of it was found.
    A title is never marked: it says itself what it is about.

    `on_progress(done, total)`, of documents, may raise to stop the work. Raises ConfigurationError where the model
    cannot be used here.
    """
    if response.spans or response.provider != LOCAL or response.model is None:
        return response.spans
    rows = answerable(response, indexes, threshold)
    windows = best_windows(response.raw)
    found: dict[int, tuple[TextSpan, ...]] = {}
    for done, row in enumerate(rows):
        if on_progress is not None:
            on_progress(done, len(rows))
        span = _best(response, row, windows.get(row.index), _still(on_progress, done, len(rows)))
        if span is not None:
            found[row.index] = (span,)
    if on_progress is not None:
        on_progress(len(rows), len(rows))
    return found


FIRST = 10


def answerable(
    response: RerankResponse, indexes: Iterable[int] | None = None, threshold: float | None = None
) -> list[RankedDocument]:
    """The results of these indexes (None: the first ten) that score at least `threshold` (None: that are not weak),
    best first."""
    wanted = None if indexes is None else set(indexes)
    least = _least(response) if threshold is None else threshold
    return [
        row
        for row in (response.results[:FIRST] if wanted is None else response.results)
        if (wanted is None or row.index in wanted)
        and row.relevance_score is not None
        and (least is None or row.relevance_score >= least)
    ]


def _least(response: RerankResponse) -> float | None:
    """The score from which on a result of this answer is not weak; None where nobody has measured it."""
    request = response.request
    across = language.differ(request.query, [document.text for document in request.documents])
    measured = levels(provider(response.provider).model(response.model), across_languages=across)
    return None if measured is None else measured.possible


def _still(on_progress: Callable[[int, int], None] | None, done: int, total: int) -> Callable[[int, int], None] | None:
    """Told of sentences, tells the same of documents: a long text can be stopped too."""
    return None if on_progress is None else lambda _done, _total: on_progress(done, total)


def _best(
    response: RerankResponse,
    row: RankedDocument,
    window: tuple[int, int] | None,
    on_progress: Callable[[int, int], None] | None,
) -> TextSpan | None:
    from rerank_core.offline.answering_sentence import answering_sentence

    offset = text_offset(row.document, response.request.rank_fields)
    if offset is None or response.model is None:
        return None
    text = row.document.text
    if window is not None:
        start, stop = max(0, window[0] - offset), min(len(text), window[1] - offset)
        window = (start, stop) if start < stop else None
    return answering_sentence(response.model, response.request.query, text, window=window, on_progress=on_progress)
