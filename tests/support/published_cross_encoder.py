"""The cross-encoder's published graph, node for node, but in float: what our own graph of its weights must give."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from rerank_core.offline.runtime import onnxruntime
from rerank_core.offline.weights import MS_MARCO


def in_float() -> onnx.ModelProto:
    """The published file with each multiplication of bytes replaced by one of the floats that the bytes stand for.

    Where the file quantises an activation, multiplies bytes and multiplies by both scales, this multiplies the
    activation itself by the weight that the bytes stand for.
    """
    model = onnx.load(str(MS_MARCO.path()))
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    replaced: dict[str, onnx.NodeProto] = {}
    for node in model.graph.node:
        if node.op_type != "MatMulInteger":
            continue
        base = node.input[1].removesuffix("_quantized")
        weight = constants[node.input[1]].astype(np.float32) * constants[base + "_scale"]
        model.graph.initializer.append(numpy_helper.from_array(weight, base + "_float"))
        (cast,) = users[node.output[0]]
        (scaled,) = users[cast.output[0]]
        activation = makers[node.input[0]].input[0]
        replaced[scaled.output[0]] = helper.make_node("MatMul", [activation, base + "_float"], [scaled.output[0]])
    nodes = [replaced.get(node.output[0], node) for node in model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def session(model: bytes, *, plain: bool) -> object:
    """The graph, ready to run; `plain` leaves every node as it is."""
    runtime = onnxruntime()
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    if plain:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
