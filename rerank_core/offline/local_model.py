"""One embedding model of this computer: found, checked and loaded when it is first needed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rerank_core.errors import ConfigurationError
from rerank_core.offline.calibration import Logistic
from rerank_core.offline.weights import WeightFile, missing_engine, refused

if TYPE_CHECKING:
    from rerank_core.offline.encoder import Encoder, ModelFiles

_STORED = Path(__file__).parent / "data" / "reference-vectors.json"

CLOSE_ENOUGH = 0.97  # cosine to the stored vector under which the byte kernels count as drifting


@dataclass(frozen=True, slots=True)
class ReferenceVector:
    """A fixed text and its vector as the float graph gave it where the scores were calibrated."""

    text: str
    vector: tuple[float, ...]


def reference_vector(model_id: str) -> ReferenceVector:
    """The stored text and vector of a model."""
    entry = json.loads(_STORED.read_text("utf-8"))[model_id]
    return ReferenceVector(entry["text"], tuple(entry["vector"]))


class LocalModel:
    """A model that is loaded at most once, by whichever thread asks first; the others wait for that one.

    A load that fails raises ConfigurationError and leaves its reason in `reason()`; the next call tries again.
    """

    def __init__(
        self,
        model_id: str,
        file: WeightFile,
        open_source: Callable[[memoryview], ModelFiles],
        scale: Logistic,
    ) -> None:
        self.id = model_id
        self.scale = scale
        self._file = file
        self._open_source = open_source
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._failure: str | None = None

    @property
    def loaded(self) -> bool:
        """Whether it is in memory."""
        return self._encoder is not None

    def reason(self) -> str | None:
        """Why it cannot be used, in a sentence with what to do; None as far as a look from outside can tell."""
        if self._encoder is not None:
            return None
        return missing_engine() or self._file.problem() or self._failure

    def encoder(self) -> Encoder:
        """The loaded model. Raises ConfigurationError where it cannot be used."""
        with self._lock:
            if self._encoder is None:
                try:
                    self._encoder = self._load()
                except ConfigurationError as error:
                    self._failure = str(error)
                    raise
                self._failure = None
            return self._encoder

    def _load(self) -> Encoder:
        missing = missing_engine()
        if missing is not None:
            raise refused(missing)
        try:
            from rerank_core.offline.encoder import PASSAGE, Encoder

            source = self._open_source(self._file.open())
            known = reference_vector(self.id)
            for quantised in (True, False):
                encoder = Encoder(source, quantised=quantised)
                vector = encoder.embed(known.text, PASSAGE).vectors[0]
                if float(vector @ known.vector) >= CLOSE_ENOUGH:
                    return encoder
        except (ImportError, OSError, MemoryError) as error:
            raise ConfigurationError(
                f"The model could not be loaded: {str(error).rstrip('.') or type(error).__name__}.",
                hint="Install the app's requirements again, or use another model.",
                code="model_unavailable",
            ) from error
        raise ConfigurationError(
            "The model computes other numbers on this computer than where it was tested, so its scores mean nothing.",
            hint="Use another model here, and report it with the processor's name.",
            code="model_unavailable",
        )
