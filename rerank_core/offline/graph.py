"""Write a BERT encoder as an ONNX graph in memory, from weights in whatever form they were published.

The graph takes the summed word and position embeddings of one text and gives the text's unit vector. It is
fed one text at a time, so there is no padding and no attention mask. With `DynamicQuantizeMatMul` the dense
layers multiply bytes by bytes and quantise the activations of this one text: twice the speed of float, and
a vector that never depends on what else was scored. The float form of the same graph is for processors on
which the byte kernels drift.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rerank_core.offline.onnx_format import GraphWriter

Floats = NDArray[np.float32]
Bytes = NDArray[np.int8]

_CONTRIB = "com.microsoft"


class Dense(Protocol):
    """The weight of a dense layer, inputs by outputs, and its bias."""

    @property
    def bias(self) -> Floats: ...

    def floats(self) -> Floats:
        """The weight as float32."""
        ...

    def bytes(self) -> tuple[Bytes, Floats]:
        """The weight as int8 with one scale for each output; weight = int8 x scale."""
        ...


@dataclass(frozen=True, slots=True)
class ByteColumns:
    """A weight published as int8 with one scale for each output."""

    values: Bytes
    scales: Floats
    bias: Floats

    def floats(self) -> Floats:
        return self.values * self.scales

    def bytes(self) -> tuple[Bytes, Floats]:
        return self.values, self.scales


@dataclass(frozen=True, slots=True)
class Norm:
    """Scale and shift of a layer normalisation."""

    scale: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class Layer:
    """One encoder layer: attention (query, key, value, output), two dense layers, two normalisations."""

    query: Dense
    key: Dense
    value: Dense
    attention_output: Dense
    attention_norm: Norm
    up: Dense
    down: Dense
    output_norm: Norm


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """What the graph must know besides the weights."""

    hidden: int
    heads: int
    epsilon: float


def encoder_graph(shape: EncoderShape, norm: Norm, layers: Iterable[Layer], *, quantised: bool) -> bytes:
    """The ONNX file: input `embeddings` (1, tokens, hidden), output (1, hidden), mean-pooled and of length 1.

    `layers` is consumed one at a time, so weights that are unpacked on the way never stand in memory whole.
    """
    writer = GraphWriter()
    build = _GraphBuilder(writer, shape, quantised)
    state = writer.input("embeddings", [1, "tokens", shape.hidden])
    state = build.normalise(state, norm)
    for layer in layers:
        state = build.layer(state, layer)
    (mean,) = writer.node("ReduceMean", [state], axes=[1], keepdims=0)
    (vector,) = writer.node("LpNormalization", [mean], axis=1, p=2)
    writer.output(vector, [1, shape.hidden])
    return writer.model()


class _GraphBuilder:
    def __init__(self, writer: GraphWriter, shape: EncoderShape, quantised: bool) -> None:
        self._writer = writer
        self._shape = shape
        self._quantised = quantised
        self._constants = 0
        self._thirds = self._constant(np.full(3, shape.hidden, np.int64))

    def _constant(self, values: NDArray[Any]) -> str:
        self._constants += 1
        return self._writer.constant(f"c{self._constants}", values)

    def normalise(self, state: str, norm: Norm) -> str:
        inputs = [state, self._constant(norm.scale), self._constant(norm.shift)]
        return self._writer.node("LayerNormalization", inputs, axis=-1, epsilon=self._shape.epsilon)[0]

    def _add_and_normalise(self, state: str, change: str, norm: Norm) -> str:
        return self.normalise(self._writer.node("Add", [state, change])[0], norm)

    def _dense(self, state: str, *parts: Dense) -> str:
        """One multiplication for several layers with the same input; their outputs stand side by side."""
        bias = self._constant(np.concatenate([part.bias for part in parts]))
        if not self._quantised:
            weight = self._constant(np.concatenate([part.floats() for part in parts], axis=1))
            return self._writer.node("Add", [self._writer.node("MatMul", [state, weight])[0], bias])[0]
        packed = [part.bytes() for part in parts]
        values = self._constant(np.concatenate([values for values, _ in packed], axis=1))
        scales = self._constant(np.concatenate([scales for _, scales in packed]))
        return self._writer.node("DynamicQuantizeMatMul", [state, values, scales, "", bias], domain=_CONTRIB)[0]

    def layer(self, state: str, layer: Layer) -> str:
        together = self._dense(state, layer.query, layer.key, layer.value)
        split = self._writer.node("Split", [together, self._thirds], outputs=3, axis=2)
        (context,) = self._writer.node("MultiHeadAttention", split, domain=_CONTRIB, num_heads=self._shape.heads)
        state = self._add_and_normalise(state, self._dense(context, layer.attention_output), layer.attention_norm)
        (wide,) = self._writer.node("Gelu", [self._dense(state, layer.up)], domain=_CONTRIB)
        return self._add_and_normalise(state, self._dense(wide, layer.down), layer.output_norm)
