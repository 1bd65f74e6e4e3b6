"""Write a cross-encoder as an ONNX graph in memory, for several pairs of query and document at once.

The tokens of all pairs stand one behind the other. The dense layers run over all of them, so that their weights are
read once for several short pairs; attention takes each pair by itself, so there is no padding and no mask. For the
dense layers activations become bytes by ranges that are fixed when the model is made, not by what is in the list. So
a pair's logit is the same to the last bit whatever pairs stand beside it, and the ranges of one text need not be looked
for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rerank_core.offline.graphs.encoder import CONTRIB, Dense, EncoderShape, GraphBuilder, Layer, Norm
from rerank_core.offline.graphs.onnx_format import GraphWriter

TOGETHER = 8
"""Pairs that a run takes. Fewer are filled up with pairs of one token."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PairHead:
    """What a cross-encoder does with the vector of its first token: a dense layer, tanh, and a single number."""

    pooler: Dense
    classifier: Dense


def cross_encoder_graph(
    shape: EncoderShape, norm: Norm, layers: Sequence[Layer], head: PairHead, ranges: Sequence[Range] | None
) -> bytes:
    """The ONNX file. Inputs: `embeddings` (1, tokens of all pairs, hidden), `lengths` (TOGETHER), the tokens of each
    pair, `starts` (TOGETHER), where each begins. Output: (TOGETHER, 1), the logits.

    `ranges` are the lowest and the highest activation of the dense layers' inputs, four for each layer in order: the
    layer's own, attention's result, the first normalisation's, GELU's. None multiplies in float.

    Only each pair's first token is used in the end, so the last layer computes no other.
    """
    writer = GraphWriter()
    embeddings = writer.input("embeddings", [1, "tokens", shape.hidden])
    lengths = writer.input("lengths", [TOGETHER], whole=True)
    starts = writer.input("starts", [TOGETHER], whole=True)
    build = _PairBuilder(writer, shape, lengths, ranges)
    state = build.normalise(embeddings, norm)
    for layer in layers[:-1]:
        state = build.layer(state, layer)
    state = build.first_tokens_layer(state, starts, layers[-1])
    (vector,) = writer.node("Squeeze", [state, build.constant(np.array([0]))])
    for dense, squashed in ((head.pooler, True), (head.classifier, False)):
        (vector,) = writer.node("Gemm", [vector, build.constant(dense.floats()), build.constant(dense.bias)])
        if squashed:
            (vector,) = writer.node("Tanh", [vector])
    writer.output(vector, [TOGETHER, 1])
    return writer.model()


class _Scale:
    """How activations of a range become bytes: byte = activation / scale + zero. Zero itself is always a byte."""

    def __init__(self, range_: Range) -> None:
        low, high = min(0.0, range_[0]), max(0.0, range_[1])
        self.step = np.float32(max((high - low) / 255, 1e-9))
        self.zero = np.uint8(round(-low / float(self.step)))


class _PairBuilder(GraphBuilder):
    def __init__(self, writer: GraphWriter, shape: EncoderShape, lengths: str, ranges: Sequence[Range] | None) -> None:
        super().__init__(writer, shape)
        self._lengths = lengths
        self._singles = self.constant(np.ones(TOGETHER, np.int64))
        self._parts = {count: self.constant(np.full(count, shape.hidden)) for count in (2, 3)}
        self._scales: Iterator[_Scale] | None = None if ranges is None else map(_Scale, ranges)

    def _input(self, *states: str) -> list[tuple[str, list[str]]]:
        """Inputs of dense layers, with one range for all of them: in bytes, and their scale and zero. As they are
        where the layers multiply in float."""
        if self._scales is None:
            return [(state, []) for state in states]
        scale = next(self._scales)
        how = [self.constant(np.array(scale.step)), self.constant(np.array(scale.zero))]
        return [(self._writer.node("QuantizeLinear", [state, *how])[0], how) for state in states]

    def _dense(self, given: tuple[str, list[str]], *parts: Dense) -> str:
        state, how = given
        if not how:
            return self.multiply(state, parts)
        values, scales, bias = self.bytes_of(parts)
        step, zero = how
        inputs = [state, values, step, scales, zero, "", bias]
        return self._writer.node("MatMulIntegerToFloat", inputs, domain=CONTRIB)[0]

    def _by_pair(self, state: str, lengths: str) -> list[str]:
        """The tokens of each pair by themselves."""
        return self._writer.node("Split", [state, lengths], outputs=TOGETHER, axis=1)

    def _by_layer(self, state: str, count: int) -> list[str]:
        """The outputs of dense layers that stand side by side, each by itself."""
        return self._writer.node("Split", [state, self._parts[count]], outputs=count, axis=2)

    def layer(self, state: str, layer: Layer) -> str:
        """One encoder layer over all tokens."""
        (given,) = self._input(state)
        together = self._dense(given, layer.query, layer.key, layer.value)
        return self._rest(state, [self._by_layer(pair, 3) for pair in self._by_pair(together, self._lengths)], layer)

    def first_tokens_layer(self, state: str, starts: str, layer: Layer) -> str:
        """One encoder layer whose result is wanted for each pair's first token alone."""
        (first,) = self._writer.node("Gather", [state, starts], axis=1)
        given, given_first = self._input(state, first)
        asking = self._by_pair(self._dense(given_first, layer.query), self._singles)
        asked = self._by_pair(self._dense(given, layer.key, layer.value), self._lengths)
        attended = [[query, *self._by_layer(pair, 2)] for query, pair in zip(asking, asked, strict=True)]
        return self._rest(first, attended, layer)

    def _rest(self, state: str, attended: Sequence[Sequence[str]], layer: Layer) -> str:
        """A layer from attention on."""
        heads = self._shape.heads
        contexts = [self._writer.node("Attention", pair, q_num_heads=heads, kv_num_heads=heads)[0] for pair in attended]
        (given,) = self._input(self._writer.node("Concat", contexts, axis=1)[0])
        state = self.add_and_normalise(state, self._dense(given, layer.attention_output), layer.attention_norm)
        (given,) = self._input(state)
        (given,) = self._input(self._writer.node("Gelu", [self._dense(given, layer.up)], domain=CONTRIB)[0])
        return self.add_and_normalise(state, self._dense(given, layer.down), layer.output_norm)
