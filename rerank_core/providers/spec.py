"""What a provider is: facts as data, and three pure functions that know its wire format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from rerank_core.errors import RerankError
from rerank_core.models import TextSpan


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model as a person chooses it.

    `label` is the short name on the control, `audience` who it is for in plain words, `notice` what must be
    known before using it. `price_per_1000` is USD per 1,000 search units (None: unknown, 0: free).
    `chunk_tokens` is the length from which a document costs more than one chunk, the query counted in.
    `languages`: "english" models do badly on other languages.

    What the scores of the model mean, each None where nobody has measured it. `threshold` is the score under which a
    result is weak: usually no answer. `strong` is the score from which it is strong: usually an answer; between the
    two it may be either. `cross_language_threshold` and `cross_language_strong` say the same where query and
    documents differ in language. `usual_top` is the score that nine best results in ten stay under: the end of the
    range that the model uses. All lie from 0 to 1, `strong` not under its `threshold`.
    `rerank_core.ranking.strength` turns them into words.

    `stands_for` is the label of the hosted model in whose place a local one is offered, where its own label is another.
    """

    id: str
    label: str
    audience: str
    price_per_1000: Decimal | None
    languages: Literal["english", "many"] = "english"
    chunk_tokens: int = 500
    notice: str = ""
    threshold: float | None = None
    cross_language_threshold: float | None = None
    strong: float | None = None
    cross_language_strong: float | None = None
    usual_top: float | None = None
    stands_for: str = ""

    @property
    def slot(self) -> str:
        """What the model is chosen by on every connection: the hosted model that it stands for, else its own label."""
        return self.stands_for or self.label


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request asks: a query and the texts of one batch, none of them blank.

    `indexes` says where each text stood in the caller's list (from 0). `model` is never None where the
    provider has models; `top_n` is between 1 and the number of texts, or None for all.
    """

    query: str
    texts: tuple[str, ...]
    indexes: tuple[int, ...] | range
    model: str | None = None
    top_n: int | None = None
    return_documents: bool = False


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What a reply says, checked: every index is in range and appears once, every score is finite.

    `rows` are (index into the batch's texts, score) in any order where there are scores, best first where
    there are none. `missing` are the indexes that the provider left out although it owes all of them.
    `amount` is what the provider says it cost, in USD; `search_units` what it counted. `spans` are the parts of the
    batch's texts that it says speak to the query, by index into them.
    """

    rows: tuple[tuple[int, float | None], ...]
    missing: tuple[int, ...] = ()
    model: str | None = None
    request_id: str | None = None
    search_units: float | None = None
    amount: Decimal | None = None
    latency_ms: float | None = None
    warnings: tuple[str, ...] = ()
    spans: Mapping[int, tuple[TextSpan, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """One provider: who it is, where it is, what it takes and what it speaks.

    `key_variable` and `base_url_variable` name the environment variables that stand in for the arguments;
    both are None where the provider needs no key and has no address. `max_documents` is the largest request
    it takes, None where a request is never split. `has_scores` is False where the provider sends an order
    and no numbers.

    Three pure functions know the wire: `build(batch)` makes the JSON body, `parse(body, batch)` reads a reply
    of success or raises BadResponseError, `explain(status, body, text)` turns any other reply into an error
    (`body` is the parsed JSON or None, `text` the reply as text). A provider that runs on this computer has
    `compute(batch, report)` instead of `build`: it does the work, calls `report(done, total)` as it goes, and
    returns what `parse` reads; `unavailable(model)` says why one of its models cannot be used, in a sentence
    with what to do, and None where it can. `accept(model)` returns an error for a model that need not be tried.
    """

    id: str
    label: str
    description: str
    docs_url: str
    parse: Callable[[Any, Batch], ParsedReply] = field(repr=False)
    explain: Callable[[int, Any, str], RerankError] = field(repr=False)
    build: Callable[[Batch], dict[str, Any]] | None = field(default=None, repr=False)
    compute: Callable[[Batch, Callable[[int, int], None]], Any] | None = field(default=None, repr=False)
    accept: Callable[[str], RerankError | None] | None = field(default=None, repr=False)
    unavailable: Callable[[str], str | None] | None = field(default=None, repr=False)
    path: str = "/v1/rerank"
    key_variable: str | None = None
    base_url_variable: str | None = None
    default_base_url: str | None = None
    models: tuple[ModelSpec, ...] = ()
    default_model: str | None = None
    max_documents: int | None = None
    has_scores: bool = True
    hints: Mapping[type[RerankError], str] = field(default_factory=dict, repr=False, hash=False)

    @property
    def has_models(self) -> bool:
        """Whether there is a model to choose."""
        return bool(self.models)

    @property
    def is_local(self) -> bool:
        """Whether it runs on this computer: no key, no address, no network."""
        return self.compute is not None

    def unavailable_reason(self, model: str | None) -> str | None:
        """Why a model cannot be used on this computer, in a sentence with what to do; None where it can, and for
        services elsewhere. Loads nothing."""
        return None if self.unavailable is None or model is None else self.unavailable(model)

    def headers(self, key: str) -> dict[str, str]:
        """The headers that carry a key, or what stands for one in a piece of code."""
        return {"Authorization": f"Bearer {key}"}

    @property
    def batch_size(self) -> int | None:
        """Documents in one request of a larger call: the largest multiple of 100 that the provider accepts,
        since 100 documents are one billed unit; None where a call is never split."""
        if self.max_documents is None or self.max_documents < 100:
            return self.max_documents
        return self.max_documents // 100 * 100

    def model(self, id: str | None = None) -> ModelSpec | None:
        """The model of that id, the default one for None; None where there is no such model."""
        wanted = self.default_model if id is None else id
        return next((model for model in self.models if model.id == wanted), None)
