"""Amazon Bedrock, its Rerank operation: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html."""

from __future__ import annotations

from functools import partial
from typing import Any

from rerank_core.errors import ConfigurationError, PermissionDeniedError
from rerank_core.providers import complaints, replies, standard
from rerank_core.providers.sigv4 import SigV4
from rerank_core.providers.spec import Batch, Option, ParsedReply, ProviderSpec, ServiceFacts

_SOURCE = "aws.amazon.com/bedrock/pricing, per 1,000 queries of up to 100 chunks"
_MODELS = (
    standard.priced(
        "cohere.rerank-v3-5:0", "Cohere v3.5", "For many languages; Cohere's model.", _SOURCE, per_1000="2.00"
    ),
    standard.priced(
        "amazon.rerank-v1:0", "Amazon v1", "Amazon's own model; not in us-east-1.", _SOURCE, per_1000="1.00"
    ),
)


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request: the model by its ARN in the region of the connection."""
    region = batch.options.get("region", "")
    model = batch.model or ""
    arn = model if model.startswith("arn:") else f"arn:aws:bedrock:{region}::foundation-model/{model}"
    configuration: dict[str, Any] = {"modelConfiguration": {"modelArn": arn}}
    configuration["numberOfResults"] = batch.top_n or len(batch.texts)
    return {
        "queries": [{"type": "TEXT", "textQuery": {"text": batch.query}}],
        "sources": [
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
            for text in batch.texts
        ],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": configuration,
        },
    }


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Read a reply of success; it says nothing of the model or the cost."""
    rows = replies.read_rows(body, len(batch.texts), batch.top_n, score_name="relevanceScore")
    return ParsedReply(rows=rows, model=batch.model)


_HINTS = standard.hints(
    "BEDROCK_API_KEY",
    {
        PermissionDeniedError: "Allow bedrock:Rerank and bedrock:InvokeModel to this key, and ask for the model.",
        ConfigurationError: "Check the region: not every model is in every one.",
    },
)

BEDROCK = ProviderSpec(
    id="bedrock",
    label="Amazon Bedrock",
    description="Rerank models in AWS. Needs an access key of AWS and a region; searches cost money.",
    docs_url="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html",
    build=build,
    parse=parse,
    explain=partial(complaints.explain, "Amazon Bedrock", _HINTS),
    path="/rerank",
    key_variable="BEDROCK_API_KEY",
    base_url_variable="BEDROCK_BASE_URL",
    default_base_url="https://bedrock-agent-runtime.{region}.amazonaws.com",
    auth=SigV4("bedrock"),
    options=(
        Option(
            "region", "Region", "The region of AWS, such as us-west-2.", default="us-west-2", example="eu-central-1"
        ),
    ),
    models=_MODELS,
    default_model=_MODELS[0].id,
    max_documents=1000,
    max_characters=32_000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="The request was compared with what boto3 1.44.8 sends, the signature with AWS's published examples. "
        "Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Refused, so they are not sent.",
        cut="Bedrock (numberOfResults), and again here.",
        limits="1,000 documents a request, 32,000 characters a document. The key is "
        "ACCESS_KEY_ID:SECRET_ACCESS_KEY, with :SESSION_TOKEN behind it where there is one.",
        billed="Searches of up to 100 chunks. Replies say nothing of it, so what a call did cost is unknown.",
    ),
)
