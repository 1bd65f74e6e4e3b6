"""The ONNX files that are written in memory: read back, checked by the onnx package, and computed by hand."""

from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rerank_core.offline.graphs.encoder import ByteColumns, encoder_graph
from rerank_core.offline.graphs.onnx_format import GraphWriter, read_initializers
from rerank_core.offline.runtime import onnxruntime
from tests.support.tiny_model import HEADS, HIDDEN, TinySource

DTYPES = st.sampled_from(
    [np.dtype("<f4"), np.dtype("u1"), np.dtype("i1"), np.dtype("<i4"), np.dtype("<i8"), np.dtype("?")]
)
TENSORS = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(max_dims=3, max_side=5)))


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=8), TENSORS, max_size=5))
def test_constants_come_back_as_written(tensors):
    """Whatever constants are written, the reader and the onnx package both find the same ones."""
    writer = GraphWriter()
    for name, values in tensors.items():
        writer.constant(name, values)
    model = writer.model()
    ours = read_initializers(memoryview(model))
    theirs = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(model).graph.initializer
    }
    for found in (ours, theirs):
        assert found.keys() == tensors.keys()
        for name, values in tensors.items():
            assert found[name].dtype == values.dtype
            np.testing.assert_array_equal(found[name], values)


def test_a_type_that_onnx_lacks_here_is_refused():
    """A constant of a type that the writer has no code for is a ValueError that names it."""
    with pytest.raises(ValueError, match="float64"):
        GraphWriter().constant("x", np.zeros(2))


@pytest.mark.parametrize("attribute", [0, 1, -1, 2**40, -(2**40), 0.5, [1, -2, 300]])
def test_attributes_come_back_as_written(attribute):
    """Whole numbers (negative ones too), fractions and lists survive as the onnx package reads them."""
    writer = GraphWriter()
    writer.node("Thing", ["a"], some=attribute)
    (node,) = onnx.load_from_string(writer.model()).graph.node
    assert onnx.helper.get_attribute_value(node.attribute[0]) == attribute


@pytest.mark.parametrize("quantised", [True, False])
def test_the_encoder_is_a_valid_graph(quantised):
    """The whole encoder passes the onnx package's own checker."""
    source = TinySource()
    model = onnx.load_from_string(encoder_graph(source.shape, source.norm, source.layers(), quantised=quantised))
    onnx.checker.check_model(model)
    assert [value.name for value in model.graph.input] == ["embeddings"]


def by_hand(source: TinySource, rows: np.ndarray) -> np.ndarray:
    """The encoder in plain numpy, in float64, straight from the paper (Vaswani et al. 2017, Devlin et al. 2019)."""

    def normalise(x, norm):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * norm.scale + norm.shift

    def dense(x, part: ByteColumns):
        return x @ (part.values * part.scales.astype(np.float64)) + part.bias

    def gelu(x):
        return x * np.vectorize(lambda value: 0.5 * (1 + math.erf(value / math.sqrt(2))))(x)

    state = normalise(rows.astype(np.float64), source.norm)
    width = HIDDEN // HEADS
    for layer in source.layers():
        query, key, value = (dense(state, part) for part in (layer.query, layer.key, layer.value))
        context = np.empty_like(state)
        for head in range(HEADS):
            columns = slice(head * width, (head + 1) * width)
            weights = np.exp(query[:, columns] @ key[:, columns].T / math.sqrt(width))
            context[:, columns] = weights / weights.sum(-1, keepdims=True) @ value[:, columns]
        state = normalise(state + dense(context, layer.attention_output), layer.attention_norm)
        state = normalise(state + dense(gelu(dense(state, layer.up)), layer.down), layer.output_norm)
    mean = state.mean(0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("tokens", [1, 2, 9, 24])
def test_the_graph_computes_a_bert_encoder(tokens):
    """The float graph gives what the formulas give; the byte graph stays close to it."""
    source = TinySource()
    rows = source.embed(np.arange(1000, 1000 + tokens)) + source.positions[:tokens]
    expected = by_hand(source, rows)
    for quantised, close in ((False, 1 - 1e-6), (True, 0.98)):
        graph = encoder_graph(source.shape, source.norm, source.layers(), quantised=quantised)
        session = onnxruntime().InferenceSession(graph, providers=["CPUExecutionProvider"])
        (vector,) = session.run(None, {"embeddings": rows[None]})[0]
        assert float(vector @ expected) > close
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
