"""vLLM: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#re-rank-api."""

from __future__ import annotations

from functools import partial

from rerank_core.errors import ModelNotFoundError
from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import Option, ProviderSpec, ServiceFacts

_HINTS = standard.hints(
    "VLLM_API_KEY", {ModelNotFoundError: "Use the name that the server was started with, or leave the model out."}
)

VLLM = ProviderSpec(
    id="vllm",
    label="vLLM",
    description="vLLM on a server of yours, with a rerank model. A key only if it was started with one.",
    docs_url="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#re-rank-api",
    build=standard.build,
    parse=standard.parse,
    explain=partial(complaints.explain, "vLLM", _HINTS),
    path="/v1/rerank",
    group="own",
    free=True,
    key_variable="VLLM_API_KEY",
    key_optional=True,
    base_url_variable="VLLM_BASE_URL",
    example_base_url="http://127.0.0.1:8000",
    options=(Option("model", "Model", "The name that the server gives its model.", example="BAAI/bge-reranker-v2-m3"),),
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request, reply and errors were read in the server's source and in LiteLLM's types. It was not run.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Scored by the server; they are not sent.",
        cut="vLLM, and again here.",
        limits="A pair that is longer than the model reads fails the whole request; cut long texts into parts first. "
        "1,000 documents go in one request.",
        billed="Nothing.",
    ),
)
