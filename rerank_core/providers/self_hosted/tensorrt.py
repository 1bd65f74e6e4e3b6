"""TensorRT-LLM, `trtllm-serve rerank`: https://nvidia.github.io/TensorRT-LLM/."""

from __future__ import annotations

from functools import partial

from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import Option, ProviderSpec, ServiceFacts

_HINTS = standard.hints("TENSORRT_API_KEY")

TENSORRT = ProviderSpec(
    id="tensorrt",
    label="TensorRT-LLM",
    description="trtllm-serve rerank on a server of yours. A key only if something in front of it asks for one.",
    docs_url="https://nvidia.github.io/TensorRT-LLM/commands/trtllm-serve/trtllm-serve.html",
    build=standard.build,
    parse=standard.parse,
    explain=partial(complaints.explain, "TensorRT-LLM", _HINTS),
    path="/v1/rerank",
    group="own",
    free=True,
    key_variable="TENSORRT_API_KEY",
    key_optional=True,
    base_url_variable="TENSORRT_BASE_URL",
    example_base_url="http://127.0.0.1:8000",
    options=(Option("model", "Model", "The name that the server gives its model.", example="my-reranker"),),
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Read in its documentation alone. It was not run.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="TensorRT-LLM, and again here.",
        limits="Not documented; 1,000 documents go in one request. Whether scores are from 0 to 1 is not documented.",
        billed="Nothing.",
    ),
)
