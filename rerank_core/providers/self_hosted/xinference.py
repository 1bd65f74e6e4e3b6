"""Xinference: https://inference.readthedocs.io/en/latest/models/model_abilities/rerank.html."""

from __future__ import annotations

from functools import partial

from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import Option, ProviderSpec, ServiceFacts

_HINTS = standard.hints("XINFERENCE_API_KEY")

XINFERENCE = ProviderSpec(
    id="xinference",
    label="Xinference",
    description="Xinference on a server of yours, with a rerank model. A key only if it was started with one.",
    docs_url="https://inference.readthedocs.io/en/latest/models/model_abilities/rerank.html",
    build=partial(standard.build, returned="return_documents"),
    parse=standard.parse,
    explain=partial(complaints.explain, "Xinference", _HINTS),
    path="/v1/rerank",
    group="own",
    free=True,
    key_variable="XINFERENCE_API_KEY",
    key_optional=True,
    base_url_variable="XINFERENCE_BASE_URL",
    example_base_url="http://127.0.0.1:9997",
    options=(
        Option("model", "Model", "The id that the model was started with.", needed=True, example="bge-reranker-v2-m3"),
    ),
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were read in the source of xinference 4.1.0. It was not run.",
        scale="unit",
        ties="In the reverse of their order; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="Xinference, and again here.",
        limits="Not documented; 1,000 documents go in one request. Any failure of the model is answered with 500.",
        billed="Nothing.",
    ),
)
