"""Any cross-encoder of one's own on this computer: folders with an ONNX graph and a tokenizer, as Optimum makes them.

The environment variable ONNX_FOLDER_PATH names a folder; in it each folder with `model.onnx` (or another .onnx file,
also in a folder `onnx`) and `tokenizer.json` is a model, called after its folder. They are looked for when this file is
first read. Nothing is downloaded.

A graph takes `input_ids` and `attention_mask`, and `token_type_ids` where it has such an input; its first output has a
row for each pair. A row of one number is a logit, and its score is 1 / (1 + exp(-logit)); of a row of two, the score is
the softmax of the second.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from rerank_core.errors import ConfigurationError, ModelNotFoundError, QueryTooLongError, RerankError
from rerank_core.extras import missing, require
from rerank_core.providers import complaints
from rerank_core.providers.local.this_computer import parse
from rerank_core.providers.spec import Batch, ModelSpec, ProviderSpec

FOLDER_VARIABLE = "ONNX_FOLDER_PATH"
WINDOW = 512
"""Tokens of query and text together that are read; the rest of a text is cut off."""

_BATCH = 32
_ROOM = 32  # tokens that a query must leave to the text and the marks between them
_NEEDS = ("An ONNX model", "local", "onnxruntime", "tokenizers", "numpy")
_loaded: dict[Path, tuple[Any, Any]] = {}
_loading = threading.Lock()


def graph_of(folder: Path) -> Path | None:
    """The ONNX file of a model's folder, None where there is none or no tokenizer."""
    if not (folder / "tokenizer.json").is_file():
        return None
    usual = [folder / "model.onnx", folder / "onnx" / "model.onnx"]
    others = [*sorted(folder.glob("*.onnx")), *sorted(folder.glob("onnx/*.onnx"))]
    return next((path for path in [*usual, *others] if path.is_file()), None)


def models_in(folder: str) -> tuple[ModelSpec, ...]:
    """The models in a folder, by name; none where it is no folder."""
    inside = sorted(Path(folder).iterdir()) if folder and Path(folder).is_dir() else []
    return tuple(
        ModelSpec(
            path.name,
            path.name,
            "A model of your own.",
            Decimal(0),
            languages="many",
            notice=f"Query and text are read up to {WINDOW} tokens together; the rest of a text is cut off.",
        )
        for path in inside
        if path.is_dir() and graph_of(path) is not None
    )


def unavailable_reason(model: str) -> str | None:
    """Why a model cannot be used, in a sentence with what to do; None if it can. Loads nothing."""
    if (reason := missing(*_NEEDS)) is not None:
        return reason
    folder = os.environ.get(FOLDER_VARIABLE, "").strip()
    if not folder:
        return f"No folder with models is named. Set {FOLDER_VARIABLE} to it and start the app again."
    if model not in {known.id for known in models_in(folder)}:
        return f"The folder of {model} lacks its ONNX file or tokenizer.json. Put both there."
    return None


def accept(model: str) -> RerankError | None:
    """An error where the model does not exist or cannot run here, with the reason."""
    reason = unavailable_reason(model)
    if reason is None:
        return None
    message, _, hint = reason.partition(". ")
    kind = ModelNotFoundError if "lacks" in reason else ConfigurationError
    return kind(f"{message.rstrip('.')}.", hint=hint, code="model_unavailable")


def compute(batch: Batch, report: Callable[[int, int], None]) -> dict[str, Any]:
    """Score the texts and return {"results": [...]}, best first; `index` counts in the caller's list.

    Raises QueryTooLongError for a query that leaves no room for a text, and ConfigurationError where the model cannot
    be used.
    """
    model = batch.model or ""
    if (refused := accept(model)) is not None:
        raise refused
    require(*_NEEDS)
    session, tokenizer = _model(Path(os.environ[FOLDER_VARIABLE].strip()) / model)
    if len(tokenizer.encode(batch.query).ids) > WINDOW - _ROOM:
        raise QueryTooLongError(
            f"The query leaves less than {_ROOM} of the model's {WINDOW} tokens to a text.", hint="Shorten the query."
        )
    total = len(batch.texts)
    rows: list[dict[str, Any]] = []
    by_length = sorted(range(total), key=lambda place: len(batch.texts[place]))
    for start in range(0, total, _BATCH):
        report(start, total)
        places = by_length[start : start + _BATCH]
        scores = _scores(session, tokenizer, batch.query, [batch.texts[place] for place in places])
        rows += [
            {"index": batch.indexes[place], "relevance_score": score}
            for place, score in zip(places, scores, strict=True)
        ]
    report(total, total)
    rows.sort(key=lambda row: (-row["relevance_score"], row["index"]))
    return {"results": rows}


def _scores(session: Any, tokenizer: Any, query: str, texts: list[str]) -> list[float]:
    import numpy as np

    pairs = tokenizer.encode_batch([(query, text) for text in texts])
    given = {
        "input_ids": [pair.ids for pair in pairs],
        "attention_mask": [pair.attention_mask for pair in pairs],
        "token_type_ids": [pair.type_ids for pair in pairs],
    }
    names = [each.name for each in session.get_inputs()]
    logits = session.run(None, {name: np.array(given[name], dtype=np.int64) for name in names})[0]
    logits = np.asarray(logits, dtype=np.float64).reshape(len(texts), -1)
    # Of two classes the softmax of the second is the sigmoid of the difference.
    one = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
    return [float(score) for score in 1 / (1 + np.exp(-np.clip(one, -500, 500)))]


def _model(folder: Path) -> tuple[Any, Any]:
    """The graph and the tokenizer in memory, loaded once by whichever thread asks first."""
    with _loading:
        if folder not in _loaded:
            _loaded[folder] = _load(folder)
        return _loaded[folder]


def _load(folder: Path) -> tuple[Any, Any]:
    from tokenizers import Tokenizer

    from rerank_core.offline.runtime import onnxruntime

    graph = graph_of(folder)
    try:
        session = onnxruntime().InferenceSession(str(graph), providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # onnxruntime and tokenizers raise what they like for a file that is none of theirs
        raise _unreadable(folder, str(error).rstrip(".") or type(error).__name__) from error
    strange = {each.name for each in session.get_inputs()} - {"input_ids", "attention_mask", "token_type_ids"}
    if strange:
        raise _unreadable(folder, f"its graph asks for {', '.join(sorted(strange))}")
    tokenizer.enable_truncation(max_length=WINDOW, strategy="only_second")
    padding = tokenizer.padding or {}
    kept = {name: padding[name] for name in ("pad_id", "pad_token", "pad_type_id") if name in padding}
    tokenizer.enable_padding(**kept)
    return session, tokenizer


def _unreadable(folder: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The model {folder.name} could not be loaded: {why[:200]}.",
        hint="Put a cross-encoder's ONNX file and tokenizer.json there, as Hugging Face's Optimum exports them.",
        code="model_unavailable",
    )


MODELS = models_in(os.environ.get(FOLDER_VARIABLE, "").strip())

ONNX_FOLDER = ProviderSpec(
    id="onnx-folder",
    label="ONNX folder",
    description=f"Cross-encoders of your own on this computer, from the folder that {FOLDER_VARIABLE} names. Free.",
    docs_url="https://huggingface.co/docs/optimum-onnx",
    parse=parse,
    explain=partial(complaints.explain, "ONNX folder", {}),
    compute=compute,
    accept=accept,
    unavailable=unavailable_reason,
    models=MODELS,
    default_model=MODELS[0].id if MODELS else None,
    group="here",
)
