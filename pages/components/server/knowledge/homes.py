"""Where knowledge bases may be kept besides this computer: `[knowledge_bases]` of the secrets file."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pages.components.server import addresses, database, deployment
from rerank_core.errors import ConfigurationError, ConnectionFailedError, RequestTimeoutError
from rerank_core.storage.connection.address import resolved
from rerank_core.transport.credentials import Credentials

if TYPE_CHECKING:
    from rerank_core.corpora.homes.home import Home

log = logging.getLogger("rerank_playground")
SECTION = "knowledge_bases"
ENGINE, POSTGRESQL = f"{SECTION}.opensearch", f"{SECTION}.postgresql"
_SECONDS = 60.0  # of one request: some hundred passages are written in it
_ENGINE_KEYS = ("url", "api_key", "user", "password", "prefix")
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_GUIDE = "docs/operating.md has an example."


def homes() -> tuple[Home, ...]:
    """The homes that the operator names, in the order in which they are offered. Nothing is sent. Raises
    ConfigurationError where a section makes no sense."""
    found = deployment.checked_section(SECTION)
    if unknown := sorted(set(found) - set(_MADE)):
        raise ConfigurationError(
            f"[{SECTION}] in the secrets file knows no '{unknown[0]}'.",
            hint=f"Use [{ENGINE}] or [{POSTGRESQL}]. {_GUIDE}",
        )
    return tuple(make(found[name]) for name, make in _MADE.items() if name in found)


def problem() -> str | None:
    """For the start-up check: why a home that the operator names cannot be used, with its cure. One that does not
    answer now is only noted: its knowledge bases are missing until it does, and the others are there."""
    for home in homes():
        try:
            home.check()
        except (ConnectionFailedError, RequestTimeoutError) as error:
            log.warning("Knowledge bases in %s cannot be reached now: %s", home.label, error)
        finally:
            home.close()
    return None


def _engine(section: Any) -> Home:
    from rerank_core.corpora.homes.search_engine import PREFIX, SearchEngineHome
    from rerank_core.retrieval.live.engine import SearchEngine

    _check(ENGINE, section, _ENGINE_KEYS)
    url = section.get("url", "")
    if refused := addresses.refusal(url, restricted=False):
        raise ConfigurationError(f"url of [{ENGINE}] in the secrets file: {refused}", hint=_GUIDE)
    prefix = section.get("prefix", PREFIX)
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(
            f"[{ENGINE}] prefix in the secrets file is not what the names of indexes can begin with.",
            hint="Use small letters, digits, dashes, dots and underscores.",
        )
    return SearchEngineHome(SearchEngine(url, _credentials(section), _SECONDS), prefix)


def _postgresql(section: Any) -> Home:
    _check(POSTGRESQL, section, ("url",))
    address = resolved(section["url"]) if "url" in section else database.address() or resolved()
    if address.file is not None:
        raise ConfigurationError(
            f"url of [{POSTGRESQL}] in the secrets file names no PostgreSQL."
            if "url" in section
            else f"[{POSTGRESQL}] in the secrets file has no url, and what the app keeps is not in a PostgreSQL.",
            hint=_GUIDE,
        )
    from rerank_core.corpora.homes.postgresql import PostgresqlHome

    return PostgresqlHome(address)


def _check(name: str, section: Any, known: tuple[str, ...]) -> None:
    """Raise ConfigurationError for what is no section, or holds what means nothing."""
    if not isinstance(section, Mapping):
        raise ConfigurationError(f"{name} in the secrets file is not a section.", hint=f"Write it as [{name}].")
    for key, value in section.items():
        if key not in known:
            raise ConfigurationError(f"[{name}] in the secrets file knows no '{key}'.", hint=f"Use {', '.join(known)}.")
        if not isinstance(value, str) or not value.strip():
            raise ConfigurationError(f"[{name}] {key} in the secrets file is no text.", hint=_GUIDE)


_MADE: dict[str, Callable[[Any], Home]] = {"opensearch": _engine, "postgresql": _postgresql}


def _credentials(section: Mapping[str, str]) -> Credentials:
    user, password, key = (section.get(name, "") for name in ("user", "password", "api_key"))
    if key and (user or password):
        raise ConfigurationError(
            f"[{ENGINE}] in the secrets file has an api_key, and a user or password.", hint="Take away one of the two."
        )
    if bool(user) != bool(password):
        raise ConfigurationError(
            f"[{ENGINE}] in the secrets file has a user or a password alone.", hint="Give both, or an api_key."
        )
    if key:
        return Credentials.api_key(key)
    return Credentials.basic(user, password) if user else Credentials()
