"""The names that figures are kept under: a hash of all that they are worked out from, so that none can be out of date.

Whatever changes (a rating, how values become grades, a filter, the measure or its depth, a contender, an answer, a
price, the program itself) makes another name, under which nothing is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import rerank_core
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.settings import EvaluationSettings
from rerank_core.evaluation.query_sets.query_set import QuerySet

_ROOMS = ("evaluation", "pricing", "providers", "ranking")
_PACKAGES = ("ir-measures", "pytrec-eval-terrier", "numpy")


def name_of(
    kind: str, query_set: QuerySet, rankings: Sequence[Ranking], settings: EvaluationSettings, *more: str
) -> bytes | None:
    """The name of figures of this kind, 32 bytes; `more` is what they go by besides. None where the set or an answer
    has no mark, since nobody can tell then whether it has changed."""
    marks = [query_set.mark, *(ranking.mark for ranking in rankings)]
    if not all(marks):
        return None
    contenders = [[one.contender.provider, one.contender.model, one.label, one.rank_fields] for one in rankings]
    chosen = (settings.scope, settings.raters, settings.relevant, settings.k, settings.searches_a_day)
    only = None if settings.only is None else list(settings.only)
    parts = (kind, more, program(), marks, query_set.rank_fields, contenders, chosen, only, settings.judgments)
    return hashlib.sha256(json.dumps(parts).encode()).digest()


@cache
def program() -> str:
    """A hash of the code that works figures out, and of the versions that it does so with."""
    found = hashlib.sha256()
    root = Path(rerank_core.__file__).parent
    for path in sorted(path for room in _ROOMS for path in (root / room).rglob("*.py")):
        found.update(path.read_bytes())
    for package in _PACKAGES:
        try:
            found.update(f"{package} {version(package)}\n".encode())
        except PackageNotFoundError:
            continue
    return found.hexdigest()
