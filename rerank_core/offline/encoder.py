"""A loaded embedding model: texts in, unit vectors out, one text at a time on every core."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rerank_core.offline import workers
from rerank_core.offline.cache import Embedding, VectorCache, pack, text_key, unpack
from rerank_core.offline.computed import Computed
from rerank_core.offline.graphs.encoder import EncoderShape, Layer, Norm, encoder_graph
from rerank_core.offline.runtime import onnxruntime
from rerank_core.offline.windows import window_bounds

Floats = NDArray[np.float32]

QUERY, PASSAGE = 0, 1

_CACHE_BYTES = 64 * 2**20  # about 35,000 texts of one window
_OVERLAP_SHARE = 8  # neighbouring windows share an eighth, a sentence or two
_PROBE = "Résumé №5: 東京 and Straße, “e-mail” don't CAPS 3.14 прибор مرحبا 안녕 ﬁ [SEP] ½"
_SURROGATES = re.compile("[\ud800-\udfff]")


class ModelFiles(Protocol):
    """What a model's files hold."""

    @property
    def shape(self) -> EncoderShape: ...
    @property
    def norm(self) -> Norm: ...
    @property
    def positions(self) -> Floats: ...
    @property
    def window(self) -> int: ...
    @property
    def start(self) -> tuple[int, ...]: ...
    @property
    def end(self) -> tuple[int, ...]: ...
    @property
    def prefixes(self) -> tuple[tuple[int, ...], tuple[int, ...]]: ...

    def layers(self) -> Iterable[Layer]: ...
    def embed(self, tokens: NDArray[np.int64]) -> Floats: ...
    def tokeniser(self) -> Any: ...
    def prepare(self, text: str) -> str: ...


class Encoder:
    """One model in memory. Safe under threads; a text's vectors depend on that text alone."""

    def __init__(self, source: ModelFiles, *, quantised: bool, cache_bytes: int = _CACHE_BYTES) -> None:
        runtime = onnxruntime()
        self._source = source
        self._tokeniser = source.tokeniser()
        self.cache = VectorCache(cache_bytes)
        self._computed = Computed(self._described)
        self.quantised = quantised
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the cores work on different texts
        options.log_severity_level = 3
        # Further optimisation would fuse additions into SkipLayerNormalization, which is five times slower than
        # LayerNormalization after an addition (ONNX Runtime 1.31, 200 tokens).
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        graph = encoder_graph(source.shape, source.norm, source.layers(), quantised=quantised)
        self._session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        return self._source.shape.hidden

    def _described(self) -> bytes:
        """What this model makes, here and now, of a text that has something of everything in it, and its windows."""
        size = self._source.window
        results = [self._embed(_PROBE, role, lambda: None).vectors.tobytes() for role in (QUERY, PASSAGE)]
        return b"".join([*results, repr(window_bounds(9 * size, size, size // _OVERLAP_SHARE)).encode()])

    def embed_all(
        self,
        texts: Sequence[str],
        role: int,
        *,
        keep: bool = True,
        tick: Callable[[int], None] | None = None,
    ) -> list[Embedding]:
        """The embedding of each text, from the cache where it is there.

        `keep` says whether `computed.keep_in` counts for these texts. `tick` as in `workers.run`.
        """
        found: dict[bytes, Embedding] = {}
        keys = [text_key(role, text) for text in texts]
        missing: dict[bytes, str] = {}
        for key, text in zip(keys, texts, strict=True):
            if key in found or key in missing:
                continue
            cached = self.cache.get(key)
            if cached is None:
                missing[key] = text
            else:
                found[key] = cached
        for key, data in self._computed.find(list(missing)).items() if keep else ():
            embedding = unpack(data, self.width)
            if embedding is not None:
                found[key] = embedding
                self.cache.put(key, embedding)
                del missing[key]
        known = sum(key in found for key in keys)
        share = (len(keys) - known) / max(1, len(missing))  # a text given twice counts when it is done once

        def work(item: tuple[bytes, str], checkpoint: Callable[[], None]) -> None:
            key, text = item
            found[key] = embedding = self._embed(text, role, checkpoint)
            self.cache.put(key, embedding)

        def report(done: int) -> None:
            if tick is not None:
                tick(known + round(done * share))

        # The longest first, so that no thread is left with a long one while the others have nothing to do.
        try:
            workers.run(sorted(missing.items(), key=lambda item: -len(item[1])), work, tick=report)
        finally:  # what was computed before somebody cancelled is not lost
            if keep:
                self._computed.keep({key: pack(found[key]) for key in missing if key in found})
        return [found[key] for key in keys]

    def embed(self, text: str, role: int) -> Embedding:
        """The embedding of one text, on the calling thread."""
        key = text_key(role, text)
        embedding = self.cache.get(key)
        if embedding is None:
            embedding = self._embed(text, role, lambda: None)
            self.cache.put(key, embedding)
        return embedding

    def _embed(self, text: str, role: int, checkpoint: Callable[[], None]) -> Embedding:
        text = _SURROGATES.sub("\ufffd", text)
        prepared = self._source.prepare(text)
        encoding = self._tokeniser.encode(prepared, add_special_tokens=False)
        tokens = np.array(encoding.ids, np.int64)
        before = self._source.start + self._source.prefixes[role]
        size = self._source.window - len(before) - len(self._source.end)
        bounds = window_bounds(len(tokens), size, size // _OVERLAP_SHARE)
        vectors = np.empty((len(bounds), self.width), np.float32)
        for place, (start, stop) in enumerate(bounds):
            checkpoint()
            vectors[place] = self._vector(np.array([*before, *tokens[start:stop], *self._source.end]))
        vectors.flags.writeable = False
        if len(bounds) == 1:
            return Embedding(vectors, ((0, len(text)),))
        return Embedding(vectors, tuple(_spans(text, prepared, self._source.prepare, encoding.offsets, bounds)))

    def _vector(self, tokens: NDArray[np.int64]) -> Floats:
        rows = self._source.embed(tokens)
        rows += self._source.positions[: len(tokens)]
        vector: Floats = self._session.run(None, {"embeddings": rows[None]})[0][0]
        return vector


def _spans(
    text: str,
    prepared: str,
    prepare: Callable[[str], str],
    offsets: Sequence[tuple[int, int]],
    bounds: Iterable[tuple[int, int]],
) -> Iterator[tuple[int, int]]:
    """The characters of `text` that each window covers, from the tokens' offsets in `prepared`."""
    places = None if prepared == text else origins(text, prepare)
    for start, stop in bounds:
        # Characters before the first token and after the last one, spaces mostly, belong to the outer windows.
        first = offsets[start][0] if start else 0
        last = offsets[stop - 1][1] if stop < len(offsets) else len(prepared)
        yield (first, last) if places is None else (places[first], places[last])


def origins(text: str, prepare: Callable[[str], str]) -> list[int]:
    """For each character of the prepared text, and for its end, the place in `text` that it came from.

    A base character and the marks that follow it are prepared as one, for that is how they are composed.
    """
    places: list[int] = []
    start = 0
    for place in range(1, len(text) + 1):
        if place < len(text) and unicodedata.combining(text[place]):
            continue
        places.extend([start] * len(prepare(text[start:place])))
        start = place
    return [*places, len(text)]
