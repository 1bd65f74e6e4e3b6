"""Azure AI Foundry, Cohere's models in it: https://learn.microsoft.com/azure/ai-foundry/."""

from __future__ import annotations

from functools import partial

from rerank_core.providers import complaints, standard
from rerank_core.providers.auth import KeyHeader
from rerank_core.providers.spec import Option, ProviderSpec, ServiceFacts

_HINTS = standard.hints("AZURE_API_KEY")

AZURE = ProviderSpec(
    id="azure",
    label="Azure AI Foundry",
    description="Cohere's rerank models deployed in Azure. Needs the resource's address and key, and a deployment.",
    docs_url="https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/models-sold-directly-by-azure",
    build=standard.build,
    parse=standard.parse,
    explain=partial(complaints.explain, "Azure AI Foundry", _HINTS),
    path="/providers/cohere/v2/rerank",
    key_variable="AZURE_API_KEY",
    base_url_variable="AZURE_BASE_URL",
    example_base_url="https://my-resource.services.ai.azure.com",
    auth=KeyHeader("api-key", ""),
    options=(
        Option("model", "Deployment", "The name of the deployment.", needed=True, example="Cohere-rerank-v4.0-fast"),
    ),
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Address and header were read in LiteLLM 1.108.7, the rest is Cohere's shape. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Refused by Cohere's models, so they are not sent.",
        cut="Azure, and again here.",
        limits="10,000 documents at most; 1,000 go in one request.",
        billed="Searches or tokens by the deployed model. Which model a deployment has is not known here, and so not "
        "what it costs.",
    ),
)
