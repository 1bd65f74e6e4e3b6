"""The sentence of a text that a local model finds to match a query best."""

from __future__ import annotations

from rerank_core.models import TextSpan
from rerank_core.offline import engine
from rerank_core.offline.models import KEYWORD
from rerank_core.offline.sentences import sentence_spans


def answering_sentence(
    model_id: str,
    query: str,
    text: str,
    *,
    window: tuple[int, int] | None = None,
    on_progress: engine.OnProgress | None = None,
) -> TextSpan | None:
    """The best sentence of a text by the same model that scored the text, with the sentence's own relevance score.

    Each sentence is scored as if it were a document and the text's sentences the list: cosine and keyword share, the
    cross-encoder's logit, or words alone. A word that all sentences share tells none from the others, so it counts
    little. Of equal ones the first counts. `window` is the part of a long text that carries its score, (start, stop) in
    characters; only sentences in it are looked at, and where it is not given it is found first.

    None where there is nothing to choose, as in a text of one sentence, and where the keyword model finds none of its
    words.
    `on_progress(done, total)`, of sentences, may raise to stop the work. Raises as `engine.score` does.
    """
    places = [(start, stop) for start, stop in sentence_spans(text) if any(map(str.isalnum, text[start:stop]))]
    if len(places) < 2:
        return None
    if window is None and model_id != KEYWORD:
        window = engine.score(model_id, query, [text])[0].best_window
    if window is not None:
        # A sentence belongs to the window that its middle lies in.
        places = [each for each in places if window[0] <= sum(each) // 2 < window[1]] or places
    scored = engine.score(model_id, query, [text[start:stop] for start, stop in places], on_progress=on_progress)
    best = max(range(len(places)), key=lambda place: scored[place].relevance_score)
    if model_id == KEYWORD and not scored[best].keyword:
        return None
    return TextSpan(*places[best], scored[best].relevance_score)
