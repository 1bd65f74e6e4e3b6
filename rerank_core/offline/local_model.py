"""One model of this computer: found, checked and loaded when it is first needed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from rerank_core.errors import ConfigurationError
from rerank_core.offline.weights import WeightFile, missing_engine, refused

if TYPE_CHECKING:
    from rerank_core.offline.cross_encoder import CrossEncoder, PairModelFiles
    from rerank_core.offline.encoder import Encoder, ModelFiles

T = TypeVar("T")

_DATA = Path(__file__).parent / "data"

CLOSE_ENOUGH = 0.97  # cosine to the stored vector under which the byte kernels count as drifting
NEAR_ENOUGH = 1.0  # distance to the stored logit above which they do; on sound processors it was up to 0.6


@dataclass(frozen=True, slots=True)
class ReferenceVector:
    """A fixed text and its vector as the float graph gave it where the scores were calibrated."""

    text: str
    vector: tuple[float, ...]


def reference_vector(model_id: str) -> ReferenceVector:
    """The stored text and vector of an embedding model."""
    entry = json.loads((_DATA / "reference-vectors.json").read_text("utf-8"))[model_id]
    return ReferenceVector(entry["text"], tuple(entry["vector"]))


@dataclass(frozen=True, slots=True)
class ReferenceLogit:
    """A fixed pair of query and text, and its logit as the float graph gave it."""

    query: str
    text: str
    logit: float


def reference_logits() -> tuple[ReferenceLogit, ...]:
    """The stored pairs of the cross-encoder."""
    entries = json.loads((_DATA / "reference-logits.json").read_text("utf-8"))["pairs"]
    return tuple(ReferenceLogit(entry["query"], entry["text"], entry["logit"]) for entry in entries)


def sound_encoder(model_id: str, source: ModelFiles) -> Encoder | None:
    """The embedding model of a file: with byte kernels, in float where they drift, None where that drifts too."""
    from rerank_core.offline.encoder import PASSAGE, Encoder

    known = reference_vector(model_id)
    for quantised in (True, False):
        encoder = Encoder(source, quantised=quantised)
        if float(encoder.embed(known.text, PASSAGE).vectors[0] @ known.vector) >= CLOSE_ENOUGH:
            return encoder
    return None


def sound_cross_encoder(source: PairModelFiles) -> CrossEncoder | None:
    """The same for the cross-encoder, by pairs whose logits are known."""
    from rerank_core.offline.cross_encoder import CrossEncoder

    known = reference_logits()
    for quantised in (True, False):
        encoder = CrossEncoder(source, quantised=quantised)
        if all(abs(encoder.logit(pair.query, pair.text) - pair.logit) <= NEAR_ENOUGH for pair in known):
            return encoder
    return None


class LocalModel(Generic[T]):
    """A model that is loaded at most once, by whichever thread asks first; the others wait for that one.

    `open_model` makes a model of the file's bytes, or None where it computes other numbers here than it should. A
    load that fails raises ConfigurationError and leaves its reason in `reason()`; the next call tries again.
    """

    def __init__(self, file: WeightFile, open_model: Callable[[memoryview], T | None]) -> None:
        self._file = file
        self._open_model = open_model
        self._lock = threading.Lock()
        self._model: T | None = None
        self._failure: str | None = None

    @property
    def loaded(self) -> bool:
        """Whether it is in memory."""
        return self._model is not None

    def reason(self) -> str | None:
        """Why it cannot be used, in a sentence with what to do; None as far as a look from outside can tell."""
        if self._model is not None:
            return None
        return missing_engine() or self._file.problem() or self._failure

    def get(self) -> T:
        """The loaded model. Raises ConfigurationError where it cannot be used."""
        with self._lock:
            if self._model is None:
                try:
                    self._model = self._load()
                except ConfigurationError as error:
                    self._failure = str(error)
                    raise
                self._failure = None
            return self._model

    def _load(self) -> T:
        missing = missing_engine()
        if missing is not None:
            raise refused(missing)
        try:
            model = self._open_model(self._file.open())
        except (ImportError, OSError, MemoryError) as error:
            raise ConfigurationError(
                f"The model could not be loaded: {str(error).rstrip('.') or type(error).__name__}.",
                hint="Install the app's requirements again, or use another model.",
                code="model_unavailable",
            ) from error
        if model is not None:
            return model
        raise ConfigurationError(
            "The model computes other numbers on this computer than where it was tested, so its scores mean nothing.",
            hint="Use another model here, and report it with the processor's name.",
            code="model_unavailable",
        )
