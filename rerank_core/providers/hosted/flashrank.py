"""The FlashRank HTTP service: an order of strings, without scores, ids or models.

No public evidence of this service was found beyond the contract coded here, so the address is a setting and
the tests hold the adapter to the contract alone.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from rerank_core.errors import AuthenticationError, BadResponseError, RequestTimeoutError
from rerank_core.providers import complaints, replies
from rerank_core.providers.spec import Batch, ParsedReply, ProviderSpec, ServiceFacts

_LIST = "reranked_candidates"
_NON_EMPTY = "Check that the query and all candidates are non-empty strings, and that the address is the right one."


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request."""
    return {"query": batch.query, "candidates": list(batch.texts)}


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Match the strings of a reply back to the texts that were sent.

    Equal texts are taken in input order. A string that is nobody's text as it stands is matched by its words, since a
    service may give back white space, line ends and Unicode forms otherwise than it got them. A string that was not
    sent is dropped, a text that does not come back is `missing`, each with a warning. BadResponseError where the list
    is missing, holds something else than strings, or holds none of ours.
    """
    returned = body.get(_LIST) if isinstance(body, dict) else None
    if not isinstance(returned, list):
        raise BadResponseError(f"The reply holds no list of {_LIST}.", hint=_NON_EMPTY, code=replies.NO_ROWS)
    if not all(isinstance(text, str) for text in returned):
        raise BadResponseError(f"The reply's {_LIST} are not all strings.", hint=_NON_EMPTY)
    order = _order(returned, batch.texts)
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


def _order(returned: Sequence[str], texts: Sequence[str]) -> list[int]:
    """The indexes of the texts that came back, in the order of the reply."""
    found = _matched(dict(enumerate(returned)), dict(enumerate(texts)))
    taken = set(found.values())
    found |= _matched(
        {place: _loose(text) for place, text in enumerate(returned) if place not in found},
        {index: _loose(text) for index, text in enumerate(texts) if index not in taken},
    )
    return [found[place] for place in sorted(found)]


def _matched(returned: Mapping[int, str], texts: Mapping[int, str]) -> dict[int, int]:
    """For the place of each returned string the index of its text, equal ones in order."""
    waiting: defaultdict[str, deque[int]] = defaultdict(deque)
    for index, text in texts.items():
        waiting[text].append(index)
    return {place: waiting[text].popleft() for place, text in returned.items() if waiting.get(text)}


def _loose(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


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
    explain=partial(complaints.explain, "FlashRank HTTP", _HINTS),
    key_variable="FLASHRANK_API_KEY",
    base_url_variable="FLASHRANK_BASE_URL",
    default_base_url="https://api.flashrank.ai",
    has_scores=False,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=date(2026, 11, 21),
        checked="Read in the one description that was found; whether there is such a service is not known. Not called.",
        scale="rank",
        ties="There are no scores; the order of the reply is kept.",
        blank="They are not sent.",
        cut="Here: the service has no such field.",
        limits="Not documented; a list is never split.",
        billed="Not published; the cost is unknown.",
    ),
)
