"""LiteLLM's proxy: https://docs.litellm.ai/docs/rerank."""

from __future__ import annotations

from typing import Any

from rerank_core.errors import AuthenticationError, ModelNotFoundError, RerankError
from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import Option, ProviderSpec, ServiceFacts

_HINTS = standard.hints("LITELLM_API_KEY")


def explain(status: int, body: Any, text: str) -> RerankError:
    """The error of a reply. A proxy without a database answers a wrong key with 400 "No connected db."."""
    error = complaints.explain("LiteLLM", _HINTS, status, body, text)
    if status == 400 and "no connected db" in error.message.lower():
        return AuthenticationError(
            "LiteLLM does not know this key (it says: No connected db).",
            hint=_HINTS[AuthenticationError],
            code="no_db_connection",
            status=status,
        )
    if status == 400 and "invalid model name" in error.message.lower():
        return ModelNotFoundError(
            "LiteLLM has no model of this name.",
            hint="Choose a name from the proxy's list of models; GET /v1/models shows it.",
            status=status,
        )
    return error


LITELLM = ProviderSpec(
    id="litellm",
    label="LiteLLM",
    description="A LiteLLM proxy of yours in front of other services. Needs its address, mostly a key, and a model.",
    docs_url="https://docs.litellm.ai/docs/rerank",
    build=standard.build,
    parse=standard.parse,
    explain=explain,
    path="/v1/rerank",
    group="own",
    key_variable="LITELLM_API_KEY",
    key_optional=True,
    refuses_without_key=frozenset({500}),
    base_url_variable="LITELLM_BASE_URL",
    example_base_url="http://127.0.0.1:4000",
    options=(Option("model", "Model", "A name from the proxy's list of models.", needed=True, example="my-reranker"),),
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Run: litellm 1.108.7 answered this adapter, with a right, a wrong and no key and an unknown model.",
        scale="unit",
        ties="Those of the model behind it; the order of the reply is kept where it is sorted.",
        blank="Up to the model behind it; they are not sent.",
        cut="LiteLLM, mostly, and again here.",
        limits="Those of the model behind it; 1,000 documents go in one request. Logits of a model behind it come "
        "through as they are.",
        billed="What the reply names (header x-litellm-response-cost, unless it is 0).",
    ),
)
