"""all-MiniLM-L6-v2: its published file, its word pieces, its tokeniser.

The file (int8 weights with one scale for each output column, embeddings with one scale for each row) is
Apache-2.0; its own graph turns every weight back into float before multiplying, which is why a graph of
ours runs it at twice the speed. The tokeniser's file is in `data/`, see NOTICE.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerank_core.offline.graphs.encoder import ByteColumns, EncoderShape, Layer, Norm
from rerank_core.offline.graphs.onnx_format import read_initializers

_TOKENISER = Path(__file__).parent / "data" / "minilm-tokenizer.json"

_LAYERS, _HIDDEN, _HEADS, _EPSILON = 6, 384, 12, 1e-12
_START, _END = 101, 102  # [CLS] and [SEP]
_MATRICES = 6  # query, key, value, attention output, up, down


class MiniLM:
    """The weights and the tokeniser of all-MiniLM-L6-v2, read from the file's bytes."""

    shape = EncoderShape(_HIDDEN, _HEADS, _EPSILON)
    window = 256  # tokens; the model was trained on 128 and gains nothing past 256 (Cranfield, XQuAD)
    start, end = (_START,), (_END,)
    prefixes: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())  # it makes no difference of query and passage

    def __init__(self, data: memoryview) -> None:
        tensors = read_initializers(data)
        self._tensors = tensors
        # The exporter numbered the weight matrices in the order in which the network uses them.
        numbered = [name for name in tensors if name.startswith("val_") and name.endswith("_q")]
        self._matrices = sorted(numbered, key=lambda name: int(name.split("_")[1]))
        embeddings = "inner.embeddings."
        self.norm = self._norm(embeddings + "LayerNorm")
        self._words = tensors[embeddings + "word_embeddings.weight_q"]
        self._word_scales = tensors[embeddings + "word_embeddings.weight_scale"]
        positions = tensors[embeddings + "position_embeddings.weight_q"].astype(np.float32)
        positions *= tensors[embeddings + "position_embeddings.weight_scale"]
        self.positions = positions + tensors[embeddings + "token_type_embeddings.weight"][0]

    def _norm(self, name: str) -> Norm:
        return Norm(self._tensors[name + ".weight"], self._tensors[name + ".bias"])

    def _dense(self, matrix: str, bias: str) -> ByteColumns:
        scales = self._tensors[matrix.removesuffix("_q") + "_scale"].ravel()
        return ByteColumns(self._tensors[matrix], scales, self._tensors[bias])

    def layers(self) -> Iterator[Layer]:
        """The encoder's layers, first to last."""
        for place in range(_LAYERS):
            query, key, value, output, up, down = self._matrices[_MATRICES * place : _MATRICES * (place + 1)]
            name = f"inner.encoder.layer.{place}."
            attention = name + "attention.self."
            yield Layer(
                query=self._dense(query, attention + "query.bias"),
                key=self._dense(key, attention + "key.bias"),
                value=self._dense(value, attention + "value.bias"),
                attention_output=self._dense(output, name + "attention.output.dense.bias"),
                attention_norm=self._norm(name + "attention.output.LayerNorm"),
                up=self._dense(up, name + "intermediate.dense.bias"),
                down=self._dense(down, name + "output.dense.bias"),
                output_norm=self._norm(name + "output.LayerNorm"),
            )

    def embed(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """The word embeddings of `tokens`, one row each."""
        rows: NDArray[np.float32] = self._words[tokens] * self._word_scales[tokens]
        return rows

    @staticmethod
    def tokeniser() -> Any:
        """A `tokenizers.Tokenizer` that adds no special tokens and takes '[SEP]' in a text for what it says."""
        from tokenizers import Tokenizer

        tokeniser = Tokenizer.from_buffer(_TOKENISER.read_bytes())
        tokeniser.no_truncation()
        tokeniser.no_padding()
        tokeniser.encode_special_tokens = True
        return tokeniser

    @staticmethod
    def prepare(text: str) -> str:
        """The text as the tokeniser is to see it."""
        return text
