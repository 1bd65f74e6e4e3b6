"""Which service this session talks to, with which key, address and time-out; what it costs and has cost.

All of it lives in the session's memory. A key is held in a type whose repr is `***`, and reaches no file, address,
log, export or other session. A key that was configured (in the environment or the secrets file) goes to its configured
address only: else whoever types an address of their own would be handed the key. A typed address needs a typed key.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import streamlit as st

import rerank_core as rc
from pages.components.monitoring import metrics
from pages.components.server import addresses, deployment
from pages.components.session import keys
from rerank_core import pricing
from rerank_core.models import DocumentInput
from rerank_core.pricing.budget import Budget
from rerank_core.pricing.table import PriceTable
from rerank_core.providers.spec import Option
from rerank_core.rank_fields import TEXT_ONLY
from rerank_core.transport.credentials import ApiKey

KeySource = Literal["none needed", "none set", "typed", "environment", "secrets", "missing", "withheld"]
TIMEOUT, MAX_RETRIES = 60.0, 2
_PLACING = ("path", "header")
TIMEOUT_RANGE, RETRY_RANGE = (1.0, 600.0), (0, 5)


@dataclass(frozen=True, slots=True)
class Settings:
    """What somebody set for one provider on the Connections page. `base_url` None is the operator's, else the
    provider's own; `timeout` is in seconds an attempt; `max_retries` comes on top of the first attempt; `options` are
    those of the provider that were changed."""

    key: ApiKey | None = field(default=None, repr=False)
    base_url: str | None = None
    timeout: float = TIMEOUT
    max_retries: int = MAX_RETRIES
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connection:
    """A provider as this session reaches it: everything a worker thread needs, and nothing of Streamlit's.

    `options` are those of the provider that somebody gave; `missing` says what it lacks besides a key, "" for nothing.
    """

    provider: rc.ProviderSpec
    key_source: KeySource
    base_url: str | None
    timeout: float
    max_retries: int
    prices: PriceTable
    key: ApiKey | None = field(default=None, repr=False)
    base_url_typed: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    @property
    def ready(self) -> bool:
        """Whether a call could be made as things stand."""
        return self.key_source not in ("missing", "withheld") and not self.missing

    @property
    def set_up(self) -> bool:
        """Whether somebody can use it now: it is ready, and where it runs here, one of its models is there."""
        spec = self.provider
        lacking = spec.is_local and not any(spec.unavailable_reason(model.id) is None for model in spec.models)
        return self.ready and not lacking

    @property
    def state(self) -> str:
        """The key's whereabouts, or what is missing besides, as a sentence; never the key."""
        if self.missing and self.key_source not in ("missing", "withheld"):
            return self.missing
        variable = self.provider.key_variable
        return {
            "none needed": "Runs on this computer: no key, no network, no cost.",
            "none set": "Works without a key, if the server asks for none.",
            "typed": "Uses the key typed on the Connections page, in this browser tab only.",
            "environment": f"Uses the key from the environment variable {variable}.",
            "secrets": "Uses the key from the app's secrets file.",
            "missing": "Needs a key before it can be used.",
            "withheld": "The configured key goes to its configured address only. Type a key for this address.",
        }[self.key_source]

    def estimate(
        self, model: str | None, query: str, documents: Sequence[DocumentInput], rank_fields: Sequence[str] = TEXT_ONLY
    ) -> pricing.CostEstimate:
        """What a request is likely to cost here, at the prices of this session, where these fields are read."""
        return pricing.estimate_cost(
            self.provider.id, model, query, documents, prices=self.prices, rank_fields=rank_fields
        )


def current() -> Connection:
    """The connection chosen in the sidebar."""
    chosen = st.session_state.get(keys.CONNECTION)
    known = {spec.id for spec in rc.providers()}
    return of(chosen if chosen in known else rc.providers()[0].id)


def choose(provider_id: str) -> None:
    """Make this the connection of the session; to be called before the sidebar is drawn, as from a callback."""
    st.session_state[keys.CONNECTION] = provider_id


def of(provider_id: str) -> Connection:
    """A provider's connection as this session has it set up."""
    return _put_together(rc.provider(provider_id), settings(provider_id), prices())


def of_server(provider_id: str, timeout: float = TIMEOUT, table: PriceTable | None = None) -> Connection:
    """A provider's connection as the operator has set it up on this server, with nothing that a session typed; for any
    thread. `table` has the prices that count, None for the published ones."""
    return _put_together(rc.provider(provider_id), Settings(timeout=timeout), table or PriceTable.default())


def _put_together(spec: rc.ProviderSpec, mine: Settings, table: PriceTable) -> Connection:
    key, source = _key(spec, mine)
    return Connection(
        provider=spec,
        key_source=source,
        base_url=mine.base_url or usual_base_url(spec),
        timeout=mine.timeout,
        max_retries=mine.max_retries,
        prices=table,
        key=key,
        base_url_typed=mine.base_url is not None,
        options=_options(spec, mine),
        missing=_missing(spec, mine, mine.base_url or usual_base_url(spec)),
    )


def _options(spec: rc.ProviderSpec, mine: Settings) -> dict[str, str]:
    """The options that are given: typed here, else the operator's; the environment's are read by the client."""
    own: Mapping[str, object] = deployment.section(spec.id)
    given = {option.name: mine.options.get(option.name) or own.get(option.name) for option in spec.options}
    return {name: str(value) for name, value in given.items() if value}


def option(spec: rc.ProviderSpec, name: str) -> str:
    """The value of an option as a call would have it, "" for none."""
    kept = _options(spec, settings(spec.id)).get(name)
    usual = next((each.default for each in spec.options if each.name == name), "")
    return kept or os.environ.get(spec.option_variable(name), "").strip() or usual


def _missing(spec: rc.ProviderSpec, mine: Settings, base_url: str | None) -> str:
    """What a connection lacks besides a key, as a sentence."""
    if spec.is_local:
        return ""
    if not base_url:
        return "Needs the address of your server before it can be used."
    kept = _options(spec, mine)
    for each in spec.options:
        there = kept.get(each.name) or os.environ.get(spec.option_variable(each.name), "").strip() or each.default
        if each.needed and not there:
            return f"Needs its {each.label.lower()} before it can be used."
    return ""


def client(connection: Connection) -> rc.Client:
    """A client for one piece of work; close it, or use it in a `with`. It may be called from a worker thread.

    Raises ConfigurationError, with nothing sent, where there is no key or the typed address is not allowed.
    """
    if connection.key_source == "withheld":
        raise rc.ConfigurationError(connection.state, hint="Type it on the Connections page.")
    refused = addresses.check(connection.base_url or "") if connection.base_url_typed else None
    if refused:
        raise rc.ConfigurationError(refused, hint="Change the address on the Connections page.")
    spec = connection.provider
    return rc.Client(
        spec.id,
        api_key=connection.key,
        # The provider's own address is left to the client, since it may depend on the key and on options.
        base_url=connection.base_url if connection.base_url != spec.default_base_url else None,
        timeout=connection.timeout,
        max_retries=connection.max_retries,
        prices=connection.prices,
        options=connection.options,
        on_event=metrics.call,
    )


def settings(provider_id: str) -> Settings:
    """What this session has set for a provider."""
    found = _all_settings().get(provider_id)
    return found if found is not None else Settings()


def change(provider_id: str, **changes: object) -> None:
    """Change some of a provider's settings for this session."""
    _all_settings()[provider_id] = replace(settings(provider_id), **changes)  # type: ignore[arg-type]


def budget() -> Budget:
    """What this session has spent and may spend."""
    kept: Budget = st.session_state.setdefault(keys.BUDGET, Budget())
    return kept


def prices() -> PriceTable:
    """The price table of this session: the published one until it is edited.

    Where others can reach the app, what the operator's own keys cost is not for a visitor to say: the published prices
    count for them.
    """
    mine: PriceTable | None = st.session_state.get(keys.PRICES)
    published = PriceTable.default()
    if mine is None:
        return published
    fixed = {spec.id for spec in rc.providers() if prices_fixed(spec)}
    return PriceTable(
        (
            *(price for price in mine.prices if price.provider not in fixed),
            *(price for price in published.prices if price.provider in fixed),
        )
    )


def prices_fixed(spec: rc.ProviderSpec) -> bool:
    """Whether this session uses the operator's key for a provider where others can reach the app, so that the published
    prices count."""
    if spec.is_free or not deployment.shared():
        return False
    return _key(spec, settings(spec.id))[1] in ("secrets", "environment")


def set_prices(table: PriceTable | None) -> None:
    """Use another price table in this session; None is the published one again."""
    st.session_state[keys.PRICES] = table


def _all_settings() -> dict[str, Settings]:
    kept: dict[str, Settings] = st.session_state.setdefault(keys.CONNECTION_SETTINGS, {})
    return kept


def usual_base_url(spec: rc.ProviderSpec) -> str | None:
    """The address that the operator set up, else the provider's own; None where nothing is sent anywhere."""
    configured = deployment.section(spec.id).get("base_url")
    if not configured and spec.base_url_variable:
        configured = os.environ.get(spec.base_url_variable, "").strip()
    return str(configured) if configured else spec.default_base_url


def _place_typed(spec: rc.ProviderSpec, mine: Settings) -> bool:
    """Whether somebody typed where on the operator's server a request goes, or in which header its key.

    Where others can reach the app that is part of the configured address, else the key would open all of that server.
    """
    own: Mapping[str, object] = deployment.section(spec.id)

    def configured(option: Option) -> str:
        given = own.get(option.name) or os.environ.get(spec.option_variable(option.name), "").strip()
        return str(given or option.default)

    def differs(option: Option) -> bool:
        return mine.options.get(option.name) not in (None, "", configured(option))

    return deployment.shared() and any(differs(each) for each in spec.options if each.name in _PLACING)


def _key(spec: rc.ProviderSpec, mine: Settings) -> tuple[ApiKey | None, KeySource]:
    """The key to use and where it is from. One that was configured is withheld from an address that was typed."""
    if spec.key_variable is None:
        return None, "none needed"
    if mine.key is not None:
        return mine.key, "typed"
    secrets = deployment.secrets()
    own: Mapping[str, object] = deployment.section(spec.id)
    # Streamlit copies top-level secrets into the environment, so the file is looked at first.
    found: tuple[tuple[object, KeySource], ...] = (
        (own.get("api_key") or secrets.get(spec.key_variable), "secrets"),
        (os.environ.get(spec.key_variable, "").strip(), "environment"),
    )
    for value, source in found:
        if value:
            typed = mine.base_url not in (None, usual_base_url(spec)) or _place_typed(spec, mine)
            return (None, "withheld") if typed else (ApiKey(str(value)), source)
    elsewhere = spec.default_base_url is None or (mine.base_url or usual_base_url(spec)) != spec.default_base_url
    return None, "none set" if spec.key_optional and elsewhere else "missing"
