"""A loaded cross-encoder: it reads query and document together and says how well the one answers the other."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rerank_core.offline import workers
from rerank_core.offline.cache import ScoreCache
from rerank_core.offline.computed import Computed
from rerank_core.offline.graphs.encoder import EncoderShape, Layer, Norm
from rerank_core.offline.graphs.pairs import TOGETHER, PairHead, Range, cross_encoder_graph
from rerank_core.offline.runtime import onnxruntime
from rerank_core.offline.sentences import sentence_spans
from rerank_core.offline.turns import cores
from rerank_core.offline.windows import window_bounds

Tokens = NDArray[np.int64]

LONG_QUERY = 32
"""Tokens above which a query is read sentence by sentence: the model was trained on questions, and a letter's
greetings and stories drown what it asks. From 0 to 48 the order of the sample is the same. Its 15 English queries of
several sentences are too few to tell more: whole against by sentence, nDCG@10 is 0.672 and 0.635 on the half of the
fit, 0.502 and 0.556 on the other; two of its letters go from place 41 and 61 to the first."""

DOCUMENT_WINDOW = 192
"""Tokens of a document that are read at once. The model takes more, but one sentence that answers is drowned there.
Of 96, 192, 256 and 400 tokens none is better on both halves of 80 of Cranfield's questions (nDCG@10 of English's order:
0.562, 0.566, 0.561 and 0.564 on one, 0.513, 0.523, 0.526 and 0.525 on the other), and short ones cost more."""

DOCUMENT_WHOLE = 256
"""Tokens up to which a document is one window all the same: two of 192 would read most of it twice."""

_ROWS = 320  # tokens of all pairs in a run; with more, the weights are not read less often for each
_READ_AT_ONCE = 64  # texts whose tokens are made between two reports
_CACHED_SCORES = 50_000  # some 8 MB
_NUMBER = np.dtype("<f4")
_PROBES = (
    ("Where is the café in Straße №5?", "The café, “open” daily: 9-17 h [SEP] 3.14 ½ naïve."),
    ("reset password", "Open Settings and choose Reset. " * 12),
)
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
    @property
    def ranges(self) -> Sequence[Range]: ...

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


@dataclass(frozen=True, slots=True)
class _Pair:
    """A part of the query with a window of the text at `place`; `span` is the window's place in characters."""

    place: int
    query: _QueryPart
    document: Tokens
    windows: int
    span: tuple[int, int]

    @property
    def size(self) -> int:
        return len(self.query.tokens) + len(self.document) + 3

    @property
    def key(self) -> bytes:
        """A short name for what the model is given."""
        given = len(self.query.tokens).to_bytes(4, "little") + self.query.tokens.tobytes() + self.document.tobytes()
        return hashlib.blake2b(given, digest_size=16).digest()


class CrossEncoder:
    """One model in memory. Safe under threads; a pair's score depends on that pair alone."""

    def __init__(self, source: PairModelFiles, *, quantised: bool) -> None:
        runtime = onnxruntime()
        self._source = source
        self._tokeniser = source.tokeniser()
        self._scores = ScoreCache(_CACHED_SCORES)
        self._computed = Computed(self._described)
        self.quantised = quantised
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the cores work on different pairs
        options.log_severity_level = 3
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC  # as in `encoder`
        ranges = source.ranges if quantised else None
        graph = cross_encoder_graph(source.shape, source.norm, source.layers(), source.head(), ranges)
        self._session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def score_all(
        self, query: str, texts: Sequence[str], *, tick: Callable[[int], None] | None = None
    ) -> list[PairScore]:
        """The score of each text for the query; a pair that was scored before is not computed again. `tick` as in
        `workers.run`."""
        scores: list[PairScore] = [PairScore(None, 0, None, None)] * len(texts)
        pairs = list(self._pairs(self._query_parts(query), texts, tick))
        for pair, logit in zip(pairs, self._logits(pairs, len(texts), tick), strict=True):
            best = scores[pair.place].logit
            if best is None or logit > best:
                scores[pair.place] = PairScore(logit, pair.windows, pair.span, pair.query.sentence)
        return scores

    def logit(self, query: str, text: str) -> float:
        """The score of one short pair, computed anew on the calling thread."""
        return float(self._run([(self._tokens(query), self._tokens(text))])[0])

    def _query_parts(self, query: str) -> list[_QueryPart]:
        """The query whole, or the sentences of a long one. Half of the window is the most that a part takes."""
        longest = self._source.window // 2
        whole = self._tokens(query)
        spans = sentence_spans(query)
        if len(whole) <= LONG_QUERY or len(spans) < 2:
            return [_QueryPart(whole[:longest], None)] if len(whole) else []
        parts = [_QueryPart(self._tokens(query[start:stop])[:longest], (start, stop)) for start, stop in spans]
        return [part for part in parts if len(part.tokens)]

    def _pairs(
        self, parts: Sequence[_QueryPart], texts: Sequence[str], tick: Callable[[int], None] | None
    ) -> Iterator[_Pair]:
        """What the model is to be given: every part of the query with every window of every text."""
        alive = None if tick is None else workers.paced(tick)
        for first in range(0, len(texts) if parts else 0, _READ_AT_ONCE):
            if alive is not None:
                alive(0)
            some = texts[first : first + _READ_AT_ONCE]
            readable = [_SURROGATES.sub("\ufffd", text) for text in some]
            encodings = self._tokeniser.encode_batch(readable, add_special_tokens=False)
            for place, (text, encoding) in enumerate(zip(some, encodings, strict=True), first):
                tokens = np.array(encoding.ids, np.int64)
                for part in parts if len(tokens) else ():
                    room = self._source.window - len(part.tokens) - 3
                    whole = min(DOCUMENT_WHOLE, room)
                    size = whole if len(tokens) <= whole else min(DOCUMENT_WINDOW, room)
                    bounds = window_bounds(len(tokens), size, size // _OVERLAP_SHARE)
                    offsets = encoding.offsets if len(bounds) > 1 else ()
                    for start, stop in bounds:
                        # Characters before the first token and after the last one belong to the outer windows.
                        head = offsets[start][0] if start else 0
                        tail = offsets[stop - 1][1] if stop < len(tokens) else len(text)
                        yield _Pair(place, part, tokens[start:stop], len(bounds), (head, tail))

    def _logits(self, pairs: Sequence[_Pair], total: int, tick: Callable[[int], None] | None) -> Iterator[float]:
        """The logit of each pair: what is known, and what is not computed on every core."""
        keys = [pair.key for pair in pairs]
        found = self._known(keys)
        missing = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in found}
        left = Counter(pair.place for key, pair in zip(keys, pairs, strict=True) if key not in found)
        owners: dict[bytes, list[int]] = {key: [] for key in missing}
        for key, pair in zip(keys, pairs, strict=True):
            if key in missing:
                owners[key].append(pair.place)
        lock = threading.Lock()

        def work(pack: list[bytes], checkpoint: Callable[[], None]) -> None:
            checkpoint()
            logits = self._run([(missing[key].query.tokens, missing[key].document) for key in pack])
            with lock:
                for key, logit in zip(pack, logits.tolist(), strict=True):
                    found[key] = logit
                    self._scores.put(key, logit)
                    left.subtract(owners[key])

        def report(_: int) -> None:
            if tick is not None:
                with lock:
                    waiting = sum(count > 0 for count in left.values())
                tick(total - waiting)

        try:
            workers.run(_packs(missing), work, tick=report)
        finally:  # what was computed before somebody cancelled is not lost
            values = {key: np.array(found[key], _NUMBER).tobytes() for key in missing if key in found}
            self._computed.keep(values)
        return (found[key] for key in keys)

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, float]:
        """The logits that were computed before, in this process or another one."""
        found = {key: logit for key in keys if (logit := self._scores.get(key)) is not None}
        for key, data in self._computed.find([key for key in dict.fromkeys(keys) if key not in found]).items():
            if len(data) == _NUMBER.itemsize:
                found[key] = float(np.frombuffer(data, _NUMBER)[0])
                self._scores.put(key, found[key])
        return found

    def _described(self) -> bytes:
        """What this model, here and now, makes of two pairs."""
        return np.array([self.logit(*probe) for probe in _PROBES], _NUMBER).tobytes()

    def _tokens(self, text: str) -> Tokens:
        encoding = self._tokeniser.encode(_SURROGATES.sub("\ufffd", text), add_special_tokens=False)
        return np.array(encoding.ids, np.int64)

    def _run(self, pairs: Sequence[tuple[Tokens, Tokens]]) -> NDArray[np.float32]:
        """The logits of up to TOGETHER pairs, each of a query's tokens and a document's."""
        rows = [self._source.embed(query, document) for query, document in pairs]
        rows += [rows[0][:1]] * (TOGETHER - len(rows))  # what takes an empty place is not looked at
        lengths = np.array([len(some) for some in rows], np.int64)
        starts = np.cumsum(lengths) - lengths
        inputs = {"embeddings": np.concatenate(rows)[None], "lengths": lengths, "starts": starts}
        logits: NDArray[np.float32] = self._session.run(None, inputs)[0][: len(pairs), 0]
        return logits


def _packs(pairs: Mapping[bytes, _Pair]) -> list[list[bytes]]:
    """The pairs in lots that are computed together, by key. The longest come first, so that no thread is left with
    much while the others have nothing to do, and few pairs are shared out over all cores."""
    most = max(1, min(TOGETHER, -(-len(pairs) // cores())))
    packs: list[list[bytes]] = []
    room = 0
    for key, pair in sorted(pairs.items(), key=lambda item: -item[1].size):
        if not packs or len(packs[-1]) == most or pair.size > room:
            packs.append([])
            room = _ROWS
        packs[-1].append(key)
        room -= pair.size
    return packs
