"""A loaded cross-encoder: it reads query and document together and says how well the one answers the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rerank_core.offline import workers
from rerank_core.offline.graph import EncoderShape, Layer, Norm, PairHead, cross_encoder_graph
from rerank_core.offline.runtime import onnxruntime
from rerank_core.offline.sentences import sentence_spans
from rerank_core.offline.windows import window_bounds

Tokens = NDArray[np.int64]

LONG_QUERY = 32
"""Tokens above which a query is read sentence by sentence: the model was trained on questions, and a letter's
greetings and stories drown what it asks."""

DOCUMENT_WINDOW = 192
"""Tokens of a document that are read at once. The model takes more, but one sentence that answers is drowned there."""

_OVERLAP_SHARE = 4  # neighbouring windows share a quarter, two or three sentences
_SURROGATES = re.compile("[\ud800-\udfff]")


class PairModelFiles(Protocol):
    """What a cross-encoder's file holds."""

    @property
    def shape(self) -> EncoderShape: ...
    @property
    def norm(self) -> Norm: ...
    @property
    def window(self) -> int: ...

    def layers(self) -> Sequence[Layer]: ...
    def head(self) -> PairHead: ...
    def embed(self, query: Tokens, document: Tokens) -> NDArray[np.float32]: ...
    def tokeniser(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class PairScore:
    """How well a document answers a query.

    `logit` is the model's own number, None where there is nothing to read in one of them. A long document was read in
    `windows` parts and a long query by sentence; the best pair counts: `best_window` is its place in the document and
    `sentence` its place in the query, (start, stop) in characters, None where the query was read whole.
    """

    logit: float | None
    windows: int
    best_window: tuple[int, int] | None
    sentence: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class _QueryPart:
    tokens: Tokens
    sentence: tuple[int, int] | None


class CrossEncoder:
    """One model in memory. Safe under threads; a pair's score depends on that pair alone."""

    def __init__(self, source: PairModelFiles, *, quantised: bool) -> None:
        runtime = onnxruntime()
        self._source = source
        self._tokeniser = source.tokeniser()
        self.quantised = quantised
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the cores work on different pairs
        options.log_severity_level = 3
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC  # as in `encoder`
        graph = cross_encoder_graph(source.shape, source.norm, source.layers(), source.head(), quantised=quantised)
        self._session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def score_all(
        self, query: str, texts: Sequence[str], *, tick: Callable[[int], None] | None = None
    ) -> list[PairScore]:
        """The score of each text for the query. `tick` as in `workers.run`."""
        parts = self._query_parts(query)
        scores: list[PairScore] = [PairScore(None, 0, None, None)] * len(texts)

        def work(place: int, checkpoint: Callable[[], None]) -> None:
            scores[place] = self._score(parts, texts[place], checkpoint)

        # The longest first, so that no thread is left with a long one while the others have nothing to do.
        workers.run(sorted(range(len(texts)), key=lambda place: -len(texts[place])), work, tick=tick)
        return scores

    def logit(self, query: str, text: str) -> float:
        """The score of one short pair, on the calling thread."""
        return self._logit(self._tokens(query)[0], self._tokens(text)[0])

    def _query_parts(self, query: str) -> list[_QueryPart]:
        """The query whole, or the sentences of a long one. Half of the window is the most that a part takes."""
        longest = self._source.window // 2
        whole, _ = self._tokens(query)
        spans = sentence_spans(query)
        if len(whole) <= LONG_QUERY or len(spans) < 2:
            return [_QueryPart(whole[:longest], None)] if len(whole) else []
        parts = [_QueryPart(self._tokens(query[start:stop])[0][:longest], (start, stop)) for start, stop in spans]
        return [part for part in parts if len(part.tokens)]

    def _score(self, parts: Sequence[_QueryPart], text: str, checkpoint: Callable[[], None]) -> PairScore:
        tokens, offsets = self._tokens(text)
        best: PairScore | None = None
        for part in parts if len(tokens) else ():
            size = min(DOCUMENT_WINDOW, self._source.window - len(part.tokens) - 3)
            bounds = window_bounds(len(tokens), size, size // _OVERLAP_SHARE)
            for start, stop in bounds:
                checkpoint()
                logit = self._logit(part.tokens, tokens[start:stop])
                if best is None or best.logit is None or logit > best.logit:
                    # Characters before the first token and after the last one belong to the outer windows.
                    first = offsets[start][0] if start else 0
                    last = offsets[stop - 1][1] if stop < len(offsets) else len(text)
                    best = PairScore(logit, len(bounds), (first, last), part.sentence)
        return best or PairScore(None, 0, None, None)

    def _tokens(self, text: str) -> tuple[Tokens, Sequence[tuple[int, int]]]:
        encoding = self._tokeniser.encode(_SURROGATES.sub("\ufffd", text), add_special_tokens=False)
        return np.array(encoding.ids, np.int64), encoding.offsets

    def _logit(self, query: Tokens, document: Tokens) -> float:
        rows = self._source.embed(query, document)
        return float(self._session.run(None, {"embeddings": rows[None]})[0][0, 0])
