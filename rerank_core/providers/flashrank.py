"""The FlashRank HTTP service: an order of strings, without scores, ids or models.

No public evidence of this service was found beyond the contract coded here, so the address is a setting and
the tests hold the adapter to the contract alone.
"""

from __future__ import annotations

from collections import defaultdict, deque
from functools import partial
from typing import Any

from rerank_core.errors import AuthenticationError, BadResponseError, RequestTimeoutError
from rerank_core.providers import replies
from rerank_core.providers.spec import Batch, ParsedReply, ProviderSpec

_LIST = "reranked_candidates"
_NON_EMPTY = "Check that the query and all candidates are non-empty strings, and that the address is the right one."


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request."""
    return {"query": batch.query, "candidates": list(batch.texts)}


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Match the strings of a reply back to the texts that were sent.

    The match is exact and equal texts are taken in input order. A string that was not sent is dropped, a
    text that does not come back is `missing`, each with a warning. BadResponseError where the list is
    missing, holds something else than strings, or holds none of ours.
    """
    returned = body.get(_LIST) if isinstance(body, dict) else None
    if not isinstance(returned, list):
        raise BadResponseError(f"The reply holds no list of {_LIST}.", hint=_NON_EMPTY)
    if not all(isinstance(text, str) for text in returned):
        raise BadResponseError(f"The reply's {_LIST} are not all strings.", hint=_NON_EMPTY)
    waiting: defaultdict[str, deque[int]] = defaultdict(deque)
    for index, text in enumerate(batch.texts):
        waiting[text].append(index)
    order = [waiting[text].popleft() for text in returned if waiting.get(text)]
    if not order:
        raise BadResponseError("The reply holds none of the documents that were sent.", hint=_NON_EMPTY)
    returned_indexes = set(order)
    missing = tuple(index for index in range(len(batch.texts)) if index not in returned_indexes)
    warnings = []
    if strangers := len(returned) - len(order):
        were = "1 text in the reply was" if strangers == 1 else f"{strangers:,} texts in the reply were"
        warnings.append(f"{were} not among the documents sent, and dropped.")
    if missing:
        did = "1 document" if len(missing) == 1 else f"{len(missing):,} documents"
        warnings.append(f"{did} did not come back in the reply; what is missing stands last, in its old order.")
    return ParsedReply(
        rows=tuple((index, None) for index in order),
        missing=missing,
        request_id=replies.text_or_none(body.get("id")),
        warnings=tuple(warnings),
    )


_HINTS = {
    AuthenticationError: "Check the key in FLASHRANK_API_KEY or in the connection's settings.",
    RequestTimeoutError: "Raise the time-out, or try again.",
    BadResponseError: _NON_EMPTY,
}

FLASHRANK = ProviderSpec(
    id="flashrank",
    label="FlashRank HTTP",
    description="A hosted service that returns an order without scores. Needs its key; the price is not published.",
    docs_url="https://theneuralbase.com/reranking/qna/how-to-use-flashrank-for-reranking",
    build=build,
    parse=parse,
    explain=partial(replies.explain, "FlashRank HTTP", _HINTS),
    key_variable="FLASHRANK_API_KEY",
    base_url_variable="FLASHRANK_BASE_URL",
    default_base_url="https://api.flashrank.ai",
    has_scores=False,
    hints=_HINTS,
)
