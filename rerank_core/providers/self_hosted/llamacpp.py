"""llama.cpp's server: https://github.com/ggml-org/llama.cpp/tree/master/tools/server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rerank_core.errors import ConfigurationError, InvalidDocumentsError, RerankError
from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import Batch, Option, ParsedReply, ProviderSpec, ServiceFacts

_UNSCORED = -1e6
"""What the server writes where it could not score a document."""

_HINTS = standard.hints("LLAMACPP_API_KEY")


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Read a reply of success. The model that it names is the one that was asked for, so it proves nothing; a document
    that could not be scored is unplaced, with a warning."""
    parsed = standard.parse(body, batch)
    missing = tuple(index for index, score in parsed.rows if score is not None and score <= _UNSCORED)
    if not missing:
        return replace(parsed, model=batch.model, warnings=())
    were = "1 document was" if len(missing) == 1 else f"{len(missing):,} documents were"
    return replace(
        parsed,
        rows=tuple(row for row in parsed.rows if row[0] not in missing),
        missing=missing,
        model=batch.model,
        warnings=(f"{were} not scored by the server, and stand last.",),
    )


def explain(status: int, body: Any, text: str) -> RerankError:
    """The error of a reply. Two that look temporary are not: a server without --reranking, a text that is too long."""
    error = complaints.explain("llama.cpp", _HINTS, status, body, text)
    said = error.message.lower()
    if status == 501:
        return ConfigurationError(
            error.message, hint="Start the server with --reranking.", code=error.code, status=status
        )
    if status == 500 and "physical batch" in said:
        return InvalidDocumentsError(
            error.message,
            hint="Start the server with a larger -ub (and -b), or cut long documents into parts.",
            code=error.code,
            status=status,
        )
    return error


LLAMACPP = ProviderSpec(
    id="llamacpp",
    label="llama.cpp",
    description="llama-server on a machine of yours, started with --reranking. A key only if it was started with one.",
    docs_url="https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
    build=standard.build,
    parse=parse,
    explain=explain,
    path="/v1/rerank",
    group="own",
    free=True,
    key_variable="LLAMACPP_API_KEY",
    key_optional=True,
    base_url_variable="LLAMACPP_BASE_URL",
    example_base_url="http://127.0.0.1:8080",
    options=(Option("model", "Model", "A name, where the server has several models.", example="bge-reranker-v2-m3"),),
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Run: llama.cpp of October 2026 (xllamacpp 2026.10.11549) answered this adapter with the cross-encoder "
        "of this computer, with a wrong key, with a text that is too long, and without --reranking.",
        scale="logit",
        ties="Left open by the server; the order of the reply is kept.",
        blank="Scored by the server; they are not sent.",
        cut="llama.cpp, and again here.",
        limits="A pair longer than the physical batch (-ub, 512 tokens unless set) fails the whole request. 1,000 "
        "documents go in one request.",
        billed="Nothing.",
    ),
)
