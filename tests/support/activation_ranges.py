"""Between which numbers the activations of the cross-encoder lie, over questions and articles of the sample."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import onnx

from rerank_core import samples
from rerank_core.offline.cross_encoder import LONG_QUERY, CrossEncoder
from rerank_core.offline.graphs.pairs import TOGETHER, Range, cross_encoder_graph
from rerank_core.offline.ms_marco import MsMarcoMiniLM
from rerank_core.offline.runtime import onnxruntime

_LENGTHS = (20, 60, 192)  # tokens of a document
_PAIRS = 120
_SHARE = 0.9
"""Of ten pairs, nine have their least and greatest activation within the range; what another has beyond is cut off. A
wider range makes every step coarser."""


class _Watched:
    """A session that notes the lowest and the highest number of each of these tensors, pair by pair."""

    def __init__(self, model: onnx.ModelProto, names: list[str]) -> None:
        self._session = onnxruntime().InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        self._names = names
        self.lows: dict[str, list[float]] = defaultdict(list)
        self.highs: dict[str, list[float]] = defaultdict(list)

    def run(self, _: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What the session gives for one pair in the first place."""
        logits, *tensors = self._session.run(None, inputs)
        for name, tensor in zip(self._names, tensors, strict=True):
            # The last layer has one token of each pair, the others have all of them.
            own = tensor[0, : 1 if tensor.shape[1] == TOGETHER else inputs["lengths"][0]]
            self.lows[name].append(own.min())
            self.highs[name].append(own.max())
        return [logits]


def ranges(source: MsMarcoMiniLM) -> list[Range]:
    """The range of each dense layer's input, in the order that `graphs.pairs` takes them."""
    model = onnx.load_from_string(cross_encoder_graph(source.shape, source.norm, source.layers(), source.head(), None))
    inputs = list(dict.fromkeys(node.input[0] for node in model.graph.node if node.op_type == "MatMul"))
    del inputs[-4]  # the last layer's first tokens, which are among its tokens
    for name in inputs:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    encoder = CrossEncoder(source, quantised=False)
    watched = encoder._session = _Watched(model, inputs)
    dice = random.Random(1)
    articles = [article.text for article in samples.knowledge_base() if article.metadata["lang"] == "en"]
    queries = [query for query in samples.rated_queries().queries if query.isascii()]
    for _ in range(_PAIRS):
        asked = encoder._tokens(dice.choice(queries))[:LONG_QUERY]
        encoder._run([(asked, encoder._tokens(dice.choice(articles))[: dice.choice(_LENGTHS)])])
    found = [(np.quantile(watched.lows[name], 1 - _SHARE), np.quantile(watched.highs[name], _SHARE)) for name in inputs]
    return [(round(float(low), 4), round(float(high), 4)) for low, high in found]
