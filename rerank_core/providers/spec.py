"""What a provider is: facts as data, and pure functions that know its wire format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from rerank_core.errors import RerankError
from rerank_core.models import TextSpan
from rerank_core.providers.auth import BEARER, Auth

Group: TypeAlias = Literal["here", "hosted", "own", "decisions"]
Scale: TypeAlias = Literal["calibrated", "unit", "logit", "rank"]
TokenRule: TypeAlias = Literal["pairs", "once"]
Alias: TypeAlias = Literal["english", "multilingual", "legacy"]

ALIASES: Mapping[Alias, str] = {
    "english": "The best for text in English: the model made for it, else the best one that reads it too.",
    "multilingual": "The best for many languages.",
    "legacy": "The older one, for results that must match old ones; the usual one where none is older.",
}
"""Names that mean a model with every provider, beside its models' own, and what they mean."""

SCALES: Mapping[Scale, str] = {
    "calibrated": "From 0 to 1, and meant as a probability: 0.8 means the same for every query.",
    "unit": "From 0 to 1. What a score means differs from query to query.",
    "logit": "Logits as the model gives them: any number, 0 where it cannot tell. They are shown as they are.",
    "rank": "An order alone, without scores.",
}
"""What the numbers of a service are, in a sentence."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model as a person chooses it.

    `label` is the short name on the control, `audience` who it is for in plain words, `notice` what must be
    known before using it, as that it was shut down or is answered by another model, with the day. `price_per_1000` is
    USD per 1,000 search units (None: unknown or not billed so, 0: free). `chunk_tokens` is the length from which a
    document costs more than one chunk, the query counted in. `price_per_million` is USD per million tokens where that
    is what is billed; `tokens_counted` says which: "pairs", the query once with each document, or "once", the query and
    the documents. `price_source` and `price_as_of` say where and when the price was read.
    `listwise`: the documents of a request are read together, so that a score depends on the others; such a request is
    never split.
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
    price_per_1000: Decimal | None = None
    languages: Literal["english", "many"] = "english"
    chunk_tokens: int = 500
    notice: str = ""
    threshold: float | None = None
    cross_language_threshold: float | None = None
    strong: float | None = None
    cross_language_strong: float | None = None
    usual_top: float | None = None
    stands_for: str = ""
    price_per_million: Decimal | None = None
    tokens_counted: TokenRule = "pairs"
    price_source: str = ""
    price_as_of: date | None = None
    listwise: bool = False

    @property
    def slot(self) -> str:
        """What the model is chosen by on every connection: the hosted model that it stands for, else its own label."""
        return self.stands_for or self.label


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request asks: a query and the texts of one batch, none of them blank.

    `indexes` says where each text stood in the caller's list (from 0). `model` is never None where the
    provider has models; `top_n` is between 1 and the number of texts, or None for all. `options` are what the
    connection knows besides (see `Option`), every option of the provider with its value, "" where there is none.
    """

    query: str
    texts: tuple[str, ...]
    indexes: tuple[int, ...] | range
    model: str | None = None
    top_n: int | None = None
    return_documents: bool = False
    options: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What a reply says, checked: every index is in range and appears once, every score is finite.

    `rows` are (index into the batch's texts, score) in any order where there are scores, best first where
    there are none. `missing` are the indexes that the provider left out although it owes all of them.
    `amount` is what the provider says it cost, in USD; `search_units` and `tokens` what it counted. `model` is the one
    that answered, as far as the reply says. `spans` are the parts of the
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
    tokens: float | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One more thing that a connection must or may know, beside its key and its address.

    `name` is its name in code and settings, `label` what a person reads, `help` a sentence. `default` is used where
    nothing is given; `needed` says that there must be something. `choices` are all values there are, where they can be
    counted; `example` shows what a value looks like.
    """

    name: str
    label: str
    help: str
    default: str = ""
    needed: bool = False
    choices: tuple[str, ...] = ()
    example: str = ""


TOGETHER = "together"
"""The name of the option that says how many documents at most stand in one request, as a number."""


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is known of a service, for people who choose one; every field is a sentence or more.

    `read_on` is the day its documentation was read, `checked` how this adapter was checked. `scale` is what its scores
    are, `ties` in which order equal scores come, `blank` what it does with blank documents, `cut` who applies top_n,
    `limits` how much it takes, `billed` what is charged and where a reply says so.
    """

    read_on: date
    checked: str
    scale: Scale
    ties: str
    blank: str
    cut: str
    limits: str
    billed: str


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """One provider: who it is, where it is, what it takes and what it speaks.

    `group` is where a person looks for it: "here" on this computer, "hosted", "own" for a server of one's own,
    "decisions" for models that judge statements. `key_variable` and `base_url_variable` name the environment variables
    that stand in for the arguments; both are None where the provider needs no key and has no address. `key_optional`:
    it may be used without a key. `auth` makes headers of the key, `fixed_headers` go along with every request. An
    address is given up to what the vendor's own documentation calls the base: `default_base_url`, or as in
    `example_base_url` where somebody has to give one; `hosts_by_key` has other defaults for keys that begin so. `path`
    is what comes behind it, with {model} and the names of options in place of what differs; `route(base, model,
    options)` gives the whole address where a path does not say enough. `options` are what else a connection knows, each
    also read from the variable `option_variable(name)`.

    `models` are those that can be chosen. `takes_any_model`: the server decides which names there are, so any is sent.
    `aliases` are the ids of models for those of ALIASES that mean others than `aliased` would find.
    `max_documents` is the largest request it takes, None where a request is never split; `max_bytes` the most that the
    texts of one request, each with the query, may have in UTF-8; `max_characters` the longest text. `has_scores` is
    False where the provider sends an order and no numbers. `free`: nothing is billed by the request.
    `refuses_without_key` are statuses that mean a missing key where none was sent.

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
    group: Group = "hosted"
    facts: ServiceFacts | None = field(default=None, repr=False)
    auth: Auth = field(default=BEARER, repr=False)
    key_optional: bool = False
    fixed_headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    example_base_url: str = ""
    hosts_by_key: tuple[tuple[str, str], ...] = ()
    route: Callable[[str, str | None, Mapping[str, str]], str] | None = field(default=None, repr=False)
    options: tuple[Option, ...] = ()
    takes_any_model: bool = False
    max_bytes: int | None = None
    max_characters: int | None = None
    free: bool = False
    refuses_without_key: frozenset[int] = frozenset()
    aliases: Mapping[Alias, str] = field(default_factory=dict, repr=False, hash=False)

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

    @property
    def is_free(self) -> bool:
        """Whether a call costs nothing that this library could count."""
        return self.free or self.is_local

    @property
    def bills_tokens(self) -> bool:
        """Whether it is tokens that cost, by the prices of its models; False where none has one."""
        return any(model.price_per_million is not None for model in self.models)

    def headers(self, key: str | None, options: Mapping[str, str] | None = None) -> dict[str, str]:
        """The headers of every request with this key, or with what stands for one in a piece of code."""
        shown = {} if key is None else self.auth.headers(key, options or {})
        return {**self.fixed_headers, **shown}

    def url(self, base: str, model: str | None, options: Mapping[str, str] | None = None) -> str:
        """The whole address of a request: the base with the path behind it, where it is not there already."""
        from rerank_core.providers.addresses import filled, joined  # loads urllib, which an import does without

        known = options or {}
        if self.route is not None:
            return self.route(base, model, known)
        return joined(base, filled(self.path, {**known, "model": model or ""}))

    def option_variable(self, name: str) -> str:
        """The environment variable that an option is read from."""
        return f"{self.id}_{name}".upper().replace("-", "_")

    def default_base(self, key: str | None) -> str | None:
        """The address to use where none is given: the one for keys that begin so, else the usual one."""
        found = [base for prefix, base in self.hosts_by_key if key is not None and key.startswith(prefix)]
        return found[0] if found else self.default_base_url

    @property
    def batch_size(self) -> int | None:
        """Documents in one request of a larger call: the largest multiple of 100 that the provider accepts,
        since 100 documents are one billed unit; None where a call is never split."""
        if self.max_documents is None or self.max_documents < 100:
            return self.max_documents
        return self.max_documents // 100 * 100

    def request_size(self, model: str | None, options: Mapping[str, str] | None = None) -> int | None:
        """Documents in one request of a call with this model: those of `batch_size`, or fewer where the connection says
        so; None where a call is never split, as with a listwise model."""
        known = self.model(model)
        if known is not None and known.listwise:
            return None
        chosen = (options or {}).get(TOGETHER)
        return int(chosen) if chosen else self.batch_size

    def model(self, id: str | None = None) -> ModelSpec | None:
        """The model of that id or alias, the default one for None; None where there is no such model."""
        wanted = self.default_model if id is None else self.resolved(id)
        return next((model for model in self.models if model.id == wanted), None)

    def resolved(self, name: str) -> str | None:
        """The id that a name stands for: itself, unless it is one of ALIASES and no model is called so. None for an
        alias that means no model here."""
        alias = next((alias for alias in ALIASES if alias == name), None)
        if alias is None or any(model.id == name for model in self.models):
            return name
        return self.aliased(alias)

    def aliased(self, alias: Alias) -> str | None:
        """The id of the model that an alias means; None where there is none.

        That is what `aliases` says. Else "english" is the first model for English alone, or the usual one;
        "multilingual" the usual one if it reads many languages, or the first that does; "legacy" the usual one.
        """
        if alias in self.aliases:
            return self.aliases[alias]
        usual = next((model for model in self.models if model.id == self.default_model), None)
        ordered = [usual, *self.models] if usual is not None else list(self.models)
        if alias == "english":
            ordered = [*(model for model in ordered if model.languages == "english"), *ordered]
        elif alias == "multilingual":
            ordered = [model for model in ordered if model.languages == "many"]
        return ordered[0].id if ordered else None
