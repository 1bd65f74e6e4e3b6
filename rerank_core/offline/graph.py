"""Write a BERT encoder as an ONNX graph in memory, from weights in whatever form they were published.

The graph takes the summed embeddings of one text, or of one pair of query and document, and gives the text's unit
vector, or the pair's logit. It is fed one at a time, so there is no padding and no attention mask. With
`DynamicQuantizeMatMul` the dense layers multiply bytes by bytes and quantise the activations of this one text: twice
the speed of float, and a result that never depends on what else was scored. The float form of the same graph is for
processors on which the byte kernels drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    # The vectors that knowledge bases have stored were made with this operator; another one moves them a little.
    build = _GraphBuilder(writer, shape, quantised, contributed_attention=True)
    state = writer.input("embeddings", [1, "tokens", shape.hidden])
    state = build.normalise(state, norm)
    for layer in layers:
        state = build.layer(state, layer)
    (mean,) = writer.node("ReduceMean", [state, build.constant(np.array([1]))], keepdims=0)
    (vector,) = writer.node("LpNormalization", [mean], axis=1, p=2)
    writer.output(vector, [1, shape.hidden])
    return writer.model()


@dataclass(frozen=True, slots=True)
class PairHead:
    """What a cross-encoder does with the vector of its first token: a dense layer, tanh, and a single number."""

    pooler: Dense
    classifier: Dense


def cross_encoder_graph(
    shape: EncoderShape, norm: Norm, layers: Sequence[Layer], head: PairHead, *, quantised: bool
) -> bytes:
    """The ONNX file: input `embeddings` (1, tokens, hidden) of one pair, output (1, 1), its logit.

    Only the first token's vector is used in the end, so the last layer computes no other.
    """
    writer = GraphWriter()
    build = _GraphBuilder(writer, shape, quantised)
    state = build.normalise(writer.input("embeddings", [1, "tokens", shape.hidden]), norm)
    for layer in layers[:-1]:
        state = build.layer(state, layer)
    state = build.first_token_layer(state, layers[-1])
    (vector,) = writer.node("Squeeze", [state, build.constant(np.array([1]))])
    for dense, squashed in ((head.pooler, True), (head.classifier, False)):
        (vector,) = writer.node("Gemm", [vector, build.constant(dense.floats()), build.constant(dense.bias)])
        if squashed:
            (vector,) = writer.node("Tanh", [vector])
    writer.output(vector, [1, 1])
    return writer.model()


class _GraphBuilder:
    def __init__(
        self, writer: GraphWriter, shape: EncoderShape, quantised: bool, *, contributed_attention: bool = False
    ) -> None:
        self._contributed_attention = contributed_attention
        self._writer = writer
        self._shape = shape
        self._quantised = quantised
        self._constants = 0
        self._parts = {count: self.constant(np.full(count, shape.hidden)) for count in (2, 3)}

    def constant(self, values: NDArray[Any]) -> str:
        """A constant of its own in the graph; returns its name."""
        self._constants += 1
        return self._writer.constant(f"c{self._constants}", values)

    def normalise(self, state: str, norm: Norm) -> str:
        inputs = [state, self.constant(norm.scale), self.constant(norm.shift)]
        return self._writer.node("LayerNormalization", inputs, axis=-1, epsilon=self._shape.epsilon)[0]

    def _add_and_normalise(self, state: str, change: str, norm: Norm) -> str:
        return self.normalise(self._writer.node("Add", [state, change])[0], norm)

    def _dense(self, state: str, *parts: Dense) -> str:
        """One multiplication for several layers with the same input; their outputs stand side by side."""
        bias = self.constant(np.concatenate([part.bias for part in parts]))
        if not self._quantised:
            weight = self.constant(np.concatenate([part.floats() for part in parts], axis=1))
            return self._writer.node("Add", [self._writer.node("MatMul", [state, weight])[0], bias])[0]
        packed = [part.bytes() for part in parts]
        values = self.constant(np.concatenate([values for values, _ in packed], axis=1))
        scales = self.constant(np.concatenate([scales for _, scales in packed]))
        return self._writer.node("DynamicQuantizeMatMul", [state, values, scales, "", bias], domain=_CONTRIB)[0]

    def _split(self, state: str, *parts: Dense) -> list[str]:
        """The outputs of several layers with the same input, each by itself."""
        return self._writer.node(
            "Split", [self._dense(state, *parts), self._parts[len(parts)]], outputs=len(parts), axis=2
        )

    def layer(self, state: str, layer: Layer) -> str:
        """One encoder layer over all tokens."""
        return self._after_attention(state, self._split(state, layer.query, layer.key, layer.value), layer)

    def first_token_layer(self, state: str, layer: Layer) -> str:
        """One encoder layer whose result is wanted for the first token alone."""
        start, stop, axis = (self.constant(np.array([number])) for number in (0, 1, 1))
        (first,) = self._writer.node("Slice", [state, start, stop, axis])
        attended = [self._dense(first, layer.query), *self._split(state, layer.key, layer.value)]
        return self._after_attention(first, attended, layer)

    def _after_attention(self, state: str, attended: list[str], layer: Layer) -> str:
        heads = self._shape.heads
        if self._contributed_attention:
            (context,) = self._writer.node("MultiHeadAttention", attended, domain=_CONTRIB, num_heads=heads)
        else:
            (context,) = self._writer.node("Attention", attended, q_num_heads=heads, kv_num_heads=heads)
        state = self._add_and_normalise(state, self._dense(context, layer.attention_output), layer.attention_norm)
        (wide,) = self._writer.node("Gelu", [self._dense(state, layer.up)], domain=_CONTRIB)
        return self._add_and_normalise(state, self._dense(wide, layer.down), layer.output_norm)
