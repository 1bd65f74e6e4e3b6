"""ZeroEntropy: https://docs.zeroentropy.dev/api-reference/models/rerank."""

from __future__ import annotations

from functools import partial

from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import ProviderSpec, ServiceFacts

_SOURCE = "docs.zeroentropy.dev/models"
_MODELS = (
    standard.priced("zerank-2", "zerank-2", "For many languages. The newest.", _SOURCE, per_million="0.025"),
    standard.priced("zerank-1", "zerank-1", "The one before.", _SOURCE, per_million="0.025"),
    standard.priced("zerank-1-small", "zerank-1 small", "The small one before.", _SOURCE, per_million="0.025"),
)
_HINTS = standard.hints("ZEROENTROPY_API_KEY")

ZEROENTROPY = ProviderSpec(
    id="zeroentropy",
    label="ZeroEntropy",
    description="ZeroEntropy's rerank models. Needs a ZeroEntropy key; tokens cost money.",
    docs_url="https://docs.zeroentropy.dev/api-reference/models/rerank",
    build=standard.build,
    parse=standard.parse,
    explain=partial(complaints.explain, "ZeroEntropy", _HINTS),
    path="/models/rerank",
    key_variable="ZEROENTROPY_API_KEY",
    base_url_variable="ZEROENTROPY_BASE_URL",
    default_base_url="https://api.zeroentropy.dev/v1",
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={"legacy": "zerank-1"},
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were compared with what the zeroentropy SDK 0.1.0a11 sends and takes. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="ZeroEntropy, and again here.",
        limits="Not documented; 1,000 documents go in one request. A busy service answers from a slower queue.",
        billed="Tokens (total_tokens). How the query counts is not documented; it is taken to count with each "
        "document.",
    ),
)
