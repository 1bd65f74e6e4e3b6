"""Finding out what answers at an address: the usual paths of rerank servers are tried, and what came back is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rerank_core.errors import BadResponseError, ConfigurationError, RerankError
from rerank_core.models import RerankResponse

FITS = "Answers as these settings say."


@dataclass(frozen=True, slots=True)
class Trial:
    """One request to try: where to, and what the list of texts is called in it."""

    path: str
    documents_field: str

    def options(self, known: Mapping[str, str]) -> dict[str, str]:
        """The options of the provider `custom` for this request, the others as they are known."""
        return {**known, "path": self.path, "documents_field": self.documents_field}


TRIALS = (
    Trial("/rerank", "documents"),
    Trial("/v1/rerank", "documents"),
    Trial("/v2/rerank", "documents"),
    Trial("/rerank", "texts"),
)
"""Where Infinity, Jina's and Cohere's dialects and TEI are found."""


def finding(outcome: RerankResponse | RerankError) -> str:
    """What the outcome of a trial says of the server, as a sentence."""
    if isinstance(outcome, RerankResponse):
        return FITS
    if isinstance(outcome, BadResponseError) and outcome.hint.startswith("This looks like"):
        return outcome.hint
    if isinstance(outcome, ConfigurationError) and outcome.status == 404:
        return "Nothing is there."
    return outcome.message
