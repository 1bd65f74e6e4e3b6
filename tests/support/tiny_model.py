"""A small encoder with random weights and MiniLM's tokeniser: everything but the size of a real local model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerank_core.offline.encoder import PASSAGE, Encoder
from rerank_core.offline.graphs.encoder import ByteColumns, EncoderShape, Layer, Norm
from rerank_core.offline.local_model import ReferenceVector
from rerank_core.offline.minilm import MiniLM

HIDDEN, INNER, HEADS, LAYERS, WINDOW = 32, 64, 4, 2, 24


class TinySource:
    """What `MiniLM` and `E5` are, with weights drawn from a seed and a window of 24 tokens."""

    shape = EncoderShape(HIDDEN, HEADS, 1e-12)
    window = WINDOW
    start, end = (101,), (102,)
    prefixes = ((), ())

    def __init__(self, seed: int = 7) -> None:
        self.random = np.random.default_rng(seed)
        self._words = self.random.normal(size=(30_522, HIDDEN)).astype(np.float32)
        self.positions = 0.1 * self.random.normal(size=(WINDOW, HIDDEN)).astype(np.float32)
        self.norm = self._norm()
        self._layers = [self._layer() for _ in range(LAYERS)]

    def _norm(self) -> Norm:
        scale = 1 + 0.1 * self.random.normal(size=HIDDEN)
        return Norm(scale.astype(np.float32), (0.1 * self.random.normal(size=HIDDEN)).astype(np.float32))

    def _dense(self, inputs: int, outputs: int) -> ByteColumns:
        values = np.clip(np.rint(32 * self.random.normal(size=(inputs, outputs))), -127, 127).astype(np.int8)
        scales = self.random.uniform(0.001, 0.004, outputs).astype(np.float32)
        return ByteColumns(values, scales, (0.1 * self.random.normal(size=outputs)).astype(np.float32))

    def _layer(self) -> Layer:
        query, key, value, output = (self._dense(HIDDEN, HIDDEN) for _ in range(4))
        up, down = self._dense(HIDDEN, INNER), self._dense(INNER, HIDDEN)
        return Layer(query, key, value, output, self._norm(), up, down, self._norm())

    def layers(self) -> Iterator[Layer]:
        return iter(self._layers)

    def embed(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._words[tokens]

    def tokeniser(self) -> Any:
        return MiniLM.tokeniser()

    def prepare(self, text: str) -> str:
        return text


def tiny_encoder(*, quantised: bool = True, cache_bytes: int = 2**20) -> Encoder:
    """A loaded encoder over `TinySource`."""
    return Encoder(TinySource(), quantised=quantised, cache_bytes=cache_bytes)


def tiny_reference(text: str = "a fixed sentence") -> ReferenceVector:
    """What the tiny model's float graph makes of a text."""
    vector = tiny_encoder(quantised=False).embed(text, PASSAGE).vectors[0]
    return ReferenceVector(text, tuple(json.loads(json.dumps(vector.tolist()))))
