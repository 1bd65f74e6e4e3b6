"""Infinity: https://michaelfeil.eu/infinity."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from rerank_core.errors import ConfigurationError
from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import Batch, Option, ParsedReply, ProviderSpec, ServiceFacts


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Read a reply of success. What it calls tokens are characters, so they are left out."""
    return replace(standard.parse(body, batch), tokens=None)


_HINTS = standard.hints(
    "INFINITY_API_KEY",
    {ConfigurationError: "Check the address; with --url-prefix /v1 it ends in /v1."},
)

INFINITY = ProviderSpec(
    id="infinity",
    label="Infinity",
    description="Infinity on a server of yours, with a rerank model. A key only if it was started with one.",
    docs_url="https://michaelfeil.eu/infinity",
    build=partial(standard.build, returned="return_documents"),
    parse=parse,
    explain=partial(complaints.explain, "Infinity", _HINTS),
    path="/rerank",
    group="own",
    free=True,
    key_variable="INFINITY_API_KEY",
    key_optional=True,
    base_url_variable="INFINITY_BASE_URL",
    example_base_url="http://127.0.0.1:7997",
    options=(
        Option(
            "model", "Model", "The name of one of the server's models.", example="mixedbread-ai/mxbai-rerank-xsmall-v1"
        ),
    ),
    takes_any_model=True,
    max_documents=2000,
    max_characters=122_880,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Run: infinity-emb 0.0.78 answered this adapter with the cross-encoder of this computer, with a wrong "
        "and no key and an unknown model.",
        scale="unit",
        ties="In the order of the documents.",
        blank="Scored by the server; they are not sent.",
        cut="Infinity, and again here.",
        limits="2,048 documents a request, 122,880 characters a text. A server with one model answers any name with "
        "it; the name of the one that answered is shown. With the optimum engine the scores of BERT models move with "
        "the batch, since it leaves out token types.",
        billed="Nothing. What the server calls tokens are characters.",
    ),
)
