"""What a provider is: facts as data, and three pure functions that know its wire format."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["ModelSpec"]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model as a person chooses it.

    `label` is the short name on the control, `audience` who it is for in plain words, `notice` what must be
    known before using it. `price_per_1000` is USD per 1,000 search units (None: unknown, 0: free).
    `chunk_tokens` is the length from which a document costs more than one chunk, the query counted in.
    `languages`: "english" models do badly on other languages. `threshold` is the score under which nothing
    answers well, `cross_language_threshold` the same where query and documents differ in language; None
    where nobody has measured one.
    """

    id: str
    label: str
    audience: str
    price_per_1000: Decimal | None
    languages: Literal["english", "many"] = "english"
    chunk_tokens: int = 500
    notice: str = ""
    threshold: float | None = None
    cross_language_threshold: float | None = None
