"""Hugging Face Text Embeddings Inference: https://huggingface.co/docs/text-embeddings-inference."""

from __future__ import annotations

from functools import partial
from typing import Any

from rerank_core.errors import BadResponseError, TooManyDocumentsError
from rerank_core.providers import complaints, replies, standard
from rerank_core.providers.spec import Batch, ParsedReply, ProviderSpec, ServiceFacts


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request. There is no top_n, and no model: a server has one. Long texts are cut."""
    return {
        "query": batch.query,
        "texts": list(batch.texts),
        "raw_scores": False,
        "return_text": False,
        "truncate": True,
    }


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Read the bare list of a reply of success; BadResponseError where a row could be a wrong one."""
    if not isinstance(body, list):
        raise BadResponseError("The reply is no list.", code=replies.NO_ROWS)
    return ParsedReply(
        rows=replies.read_rows({"rows": body}, len(batch.texts), None, rows_name="rows", score_name="score")
    )


_HINTS = standard.hints(
    "TEI_API_KEY",
    {TooManyDocumentsError: "Start the server with a larger --max-client-batch-size or --payload-limit."},
)

TEI = ProviderSpec(
    id="tei",
    label="TEI",
    description="Hugging Face's Text Embeddings Inference on a server of yours. A key only if it was started with one.",
    docs_url="https://huggingface.co/docs/text-embeddings-inference",
    build=build,
    parse=parse,
    explain=partial(complaints.explain, "TEI", _HINTS),
    path="/rerank",
    group="own",
    free=True,
    key_variable="TEI_API_KEY",
    key_optional=True,
    base_url_variable="TEI_BASE_URL",
    example_base_url="http://127.0.0.1:8080",
    max_documents=32,
    max_bytes=1_500_000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request, reply and errors were read in the server's source. It was not run.",
        scale="unit",
        ties="Equal scores come in the reverse of their order; the order of the reply is kept.",
        blank="Scored by the server; they are not sent.",
        cut="Here: the server has no such field.",
        limits="32 texts and 2 MB a request, unless the server was started with more; longer lists are split.",
        billed="Nothing.",
    ),
)
