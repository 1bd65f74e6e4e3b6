"""The FlashRank library on this computer, with its own models from a folder that it laid out.

`flashrank` is an extra of this library. Its models lie as FlashRank's cache does: `FLASHRANK_CACHE_DIR/<model>/` with
the ONNX file and the tokenizer's. Nothing is ever downloaded here: FlashRank does so by itself where it is used alone,
once and for all, with `Ranker(model_name, cache_dir)`.

Three things are done around it. It writes scores into the passages that it is handed and sorts them, so it gets copies.
It scores all passages in one padded batch, whose memory grows with the longest one, so it gets at most 32 at a time, of
like length. And it cuts the longer of query and text where both are too long, so its tokenizer is told to cut the
text alone.

What cannot be mended from outside: its graph quantises the activations of a whole batch together, so that a score
depends a little on the texts beside it, by up to 0.12 as measured with ms-marco-MiniLM-L-12-v2.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rerank_core.errors import ConfigurationError, QueryTooLongError, RerankError
from rerank_core.extras import missing, require
from rerank_core.providers import complaints
from rerank_core.providers.local.this_computer import parse
from rerank_core.providers.spec import Batch, ModelSpec, ProviderSpec

if TYPE_CHECKING:
    from flashrank import Ranker  # type: ignore[import-untyped]  # it has no types

FOLDER_VARIABLE = "FLASHRANK_CACHE_DIR"
WINDOW = 512
"""Tokens of query and text together that its models read; the rest of a text is cut off."""

_BATCH = 32
_ROOM = 32  # tokens that a query must leave to the text and the marks between them
_NEEDS = ("The FlashRank library", "flashrank", "flashrank")
_FREE = Decimal(0)
_TOKENIZER_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_ONNX = {
    "ms-marco-MiniLM-L-12-v2": "flashrank-MiniLM-L-12-v2_Q.onnx",
    "ms-marco-TinyBERT-L-2-v2": "flashrank-TinyBERT-L-2-v2.onnx",
    "ms-marco-MultiBERT-L-12": "flashrank-MultiBERT-L12_Q.onnx",
}
_NOTICE = (
    f"FlashRank's own computation: a score depends a little on the documents beside it. Query and text are read up to "
    f"{WINDOW} tokens together; the rest of a text is cut off."
)

MODELS = (
    ModelSpec(
        "ms-marco-MiniLM-L-12-v2",
        "MiniLM-L-12",
        "Questions in English.",
        _FREE,
        notice=_NOTICE,
        stands_for="English",
    ),
    ModelSpec(
        "ms-marco-MultiBERT-L-12",
        "MultiBERT-L-12",
        "Questions in many languages.",
        _FREE,
        languages="many",
        notice=_NOTICE,
        stands_for="Multilingual",
    ),
    ModelSpec(
        "ms-marco-TinyBERT-L-2-v2",
        "TinyBERT-L-2",
        "Questions in English, the smallest and quickest.",
        _FREE,
        notice=_NOTICE,
        stands_for="v2",
    ),
)

_rankers: dict[tuple[Path, str], Ranker] = {}
_loading = threading.Lock()


def unavailable_reason(model: str) -> str | None:
    """Why a model cannot be used, in a sentence with what to do; None if it can. Loads nothing."""
    if (reason := missing(*_NEEDS)) is not None:
        return reason
    folder = os.environ.get(FOLDER_VARIABLE, "").strip()
    if not folder:
        return f"No folder with FlashRank's models is named. Set {FOLDER_VARIABLE} to it and start the app again."
    own = Path(folder) / model
    if not own.is_dir():
        return (
            f"There is no folder {model} in the one that {FOLDER_VARIABLE} names. Put the model there as FlashRank's "
            "own cache has it, with its ONNX file and its tokenizer."
        )
    lacking = [name for name in (_ONNX[model], *_TOKENIZER_FILES) if not (own / name).is_file()]
    if lacking:
        return f"The folder of {model} lacks {', '.join(lacking)}. Put the files of FlashRank's own cache there."
    return None


def accept(model: str) -> RerankError | None:
    """An error where the model cannot run here, with the reason."""
    reason = unavailable_reason(model)
    if reason is None:
        return None
    message, _, hint = reason.partition(". ")
    return ConfigurationError(f"{message.rstrip('.')}.", hint=hint, code="model_unavailable")


def compute(batch: Batch, report: Callable[[int, int], None]) -> dict[str, Any]:
    """Score the texts with FlashRank and return {"results": [...]}, best first; `index` counts in the caller's list.

    Raises QueryTooLongError for a query that leaves no room for a text, and ConfigurationError where the model cannot
    be used.
    """
    model = batch.model or MODELS[0].id
    if (refused := accept(model)) is not None:
        raise refused
    ranker = _ranker(model)
    _check_query(ranker, batch.query)
    from flashrank import RerankRequest

    total = len(batch.texts)
    rows: list[dict[str, Any]] = []
    by_length = sorted(range(total), key=lambda place: len(batch.texts[place]))
    for start in range(0, total, _BATCH):
        report(start, total)
        passages = [{"id": place, "text": batch.texts[place]} for place in by_length[start : start + _BATCH]]
        for passage in ranker.rerank(RerankRequest(batch.query, passages)):
            rows.append({"index": batch.indexes[passage["id"]], "relevance_score": float(passage["score"])})
    report(total, total)
    rows.sort(key=lambda row: (-row["relevance_score"], row["index"]))
    return {"results": rows}


def _ranker(model: str) -> Ranker:
    """The model in memory, loaded once by whichever thread asks first."""
    require(*_NEEDS)
    folder = Path(os.environ[FOLDER_VARIABLE].strip())
    with _loading:
        if (folder, model) not in _rankers:
            _rankers[folder, model] = _load(folder, model)
        return _rankers[folder, model]


def _load(folder: Path, model: str) -> Ranker:
    from flashrank import Ranker

    class Offline(Ranker):  # type: ignore[misc]  # it has no types
        """FlashRank's own, which asks the network for nothing."""

        def _download_model_files(self, model_name: str) -> None:
            raise ConfigurationError(f"The folder of {model_name} is gone.", hint="Put it back.")

    try:
        ranker = Offline(model_name=model, cache_dir=str(folder), max_length=WINDOW, log_level="WARNING")
    except RerankError:
        raise
    except Exception as error:  # onnxruntime and tokenizers raise what they like for a file that is none of theirs
        raise ConfigurationError(
            f"FlashRank could not load {model}: {str(error).rstrip('.') or type(error).__name__}.",
            hint=f"Put the files of FlashRank's own cache into the folder that {FOLDER_VARIABLE} names.",
            code="model_unavailable",
        ) from error
    cut = ranker.tokenizer.truncation
    ranker.tokenizer.enable_truncation(max_length=cut["max_length"], strategy="only_second")
    return ranker


def _check_query(ranker: Ranker, query: str) -> None:
    """Refuse a query that would leave nothing of the texts to read. Its tokens are counted beside an empty text."""
    from tokenizers import Tokenizer

    counting = Tokenizer.from_str(ranker.tokenizer.to_str())
    counting.no_truncation()
    counting.no_padding()
    tokens = len(counting.encode(query, add_special_tokens=False).ids)
    longest = ranker.tokenizer.truncation["max_length"] - _ROOM
    if tokens > longest:
        raise QueryTooLongError(
            f"The query is {tokens:,} tokens long; FlashRank's model reads {longest} of a query at most.",
            hint="Shorten the query, or use a model of the connection On this computer, which reads long ones.",
        )


FLASHRANK_LIBRARY = ProviderSpec(
    id="flashrank-library",
    label="FlashRank (library)",
    description="The FlashRank package on this computer with models from a folder of yours. No key, nothing leaves it.",
    docs_url="https://github.com/PrithivirajDamodaran/FlashRank",
    parse=parse,
    explain=partial(complaints.explain, "FlashRank (library)", {}),
    compute=compute,
    accept=accept,
    unavailable=unavailable_reason,
    models=MODELS,
    default_model=MODELS[0].id,
    aliases={"legacy": "ms-marco-TinyBERT-L-2-v2"},
    group="here",
)
