"""Packages that not every installation has: a missing one ends in a sentence with the command that brings it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from rerank_core.errors import ConfigurationError

_DISTRIBUTION = "rerank-core"
_FRAMEWORKS = ("langchain", "llama-index", "ray")  # extras that are not among what the app runs on


def _is_installed(module: str) -> bool:
    """Whether a top-level module can be found; finding it does not import it."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def missing(task: str, extra: str, *modules: str) -> str | None:
    """Which of the modules are not installed and what to do, in two sentences; None where all are there.

    `task` is what needs them, as the beginning of a sentence ("Reading PDF files"); `extra` is the extra of this
    library that brings them ("documents").
    """
    names = [module.replace("_", "-") for module in modules if not _is_installed(module)]
    if not names:
        return None
    noun, verb = ("package", "is") if len(names) == 1 else ("packages", "are")
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"{task} needs the {noun} {listed}, which {verb} not installed. Run: {_command(extra)}"


def require(task: str, extra: str, *modules: str, refused: Callable[[str], Exception] | None = None) -> None:
    """Raise ConfigurationError, or what `refused` makes of the sentences, where one of the modules is missing.

    The arguments are those of `missing`. Takes microseconds where the modules are imported already.
    """
    sentences = missing(task, extra, *modules)
    if sentences is None:
        return
    if refused is not None:
        raise refused(sentences)
    message, _, hint = sentences.partition(". ")
    raise ConfigurationError(f"{message}.", hint=hint, code="package_missing")


def _command(extra: str) -> str:
    """What installs an extra. In a checkout the library is not installed itself, and pip would look for another one."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution(_DISTRIBUTION)
    except PackageNotFoundError:
        return f"pip install '.[{extra}]'" if extra in _FRAMEWORKS else "pip install -r requirements.txt"
    return f"pip install '{_DISTRIBUTION}[{extra}]'"
