"""Alibaba's DashScope, its own API: https://help.aliyun.com/zh/model-studio/text-rerank-api."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import Batch, ModelSpec, ProviderSpec, ServiceFacts

_MODELS = (
    ModelSpec(
        "qwen3-rerank",
        "Qwen3",
        "For many languages.",
        languages="many",
        price_per_million=Decimal("0.10"),
        price_source="alibabacloud.com/help, Model Studio, Singapore; in Beijing it is $0.069",
        price_as_of=date(2026, 11, 30),
    ),
    ModelSpec("qwen3.7-text-rerank", "Qwen3.7 Text", "For many languages. Newer.", languages="many"),
    ModelSpec(
        "qwen3-vl-rerank",
        "Qwen3 VL",
        "For many languages, text and pictures; here text alone.",
        languages="many",
        price_per_million=Decimal("0.10"),
        price_source="alibabacloud.com/help, Model Studio, Beijing, text",
        price_as_of=date(2026, 11, 30),
    ),
)


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request: what is ranked and how stand apart."""
    parameters: dict[str, Any] = {"return_documents": batch.return_documents}
    if batch.top_n is not None:
        parameters["top_n"] = batch.top_n
    return {
        "model": batch.model,
        "input": {"query": batch.query, "documents": list(batch.texts)},
        "parameters": parameters,
    }


_HINTS = standard.hints("DASHSCOPE_API_KEY")

DASHSCOPE = ProviderSpec(
    id="dashscope",
    label="DashScope",
    description="Alibaba's rerank models. Needs a DashScope key; tokens cost money.",
    docs_url="https://help.aliyun.com/zh/model-studio/text-rerank-api",
    build=build,
    parse=partial(standard.parse, at=("output",)),
    explain=partial(complaints.explain, "DashScope", _HINTS),
    path="/services/rerank/text-rerank/text-rerank",
    key_variable="DASHSCOPE_API_KEY",
    base_url_variable="DASHSCOPE_BASE_URL",
    default_base_url="https://dashscope.aliyuncs.com/api/v1",
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={"english": "qwen3.7-text-rerank", "multilingual": "qwen3.7-text-rerank", "legacy": "qwen3-rerank"},
    takes_any_model=True,
    max_documents=500,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were compared with what the dashscope SDK 2.0.2 sends and takes. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="DashScope, and again here.",
        limits="500 documents go in one request. gte-rerank was shut down on 30 May 2026.",
        billed="Tokens (usage.total_tokens), the query with each document. The price of qwen3.7-text-rerank was not "
        "found.",
    ),
)
