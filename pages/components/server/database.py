"""Where the operator has what is kept: `[database]` in the secrets file, or the environment."""

from __future__ import annotations

from pages.components.server import deployment
from rerank_core.errors import ConfigurationError
from rerank_core.storage.connection.address import Address, resolved
from rerank_core.storage.database import Database


def address() -> Address | None:
    """The address of `url` in the secrets file; None where it names none, so that the environment is asked. Raises
    ConfigurationError where it makes no sense."""
    found = deployment.checked_section("database")
    if unknown := sorted(set(found) - {"url"}):
        raise ConfigurationError(
            f"[database] in the secrets file holds {unknown[0]}, which means nothing there.",
            hint="It holds url alone.",
        )
    url = found.get("url")
    if url is None:
        return None
    if not isinstance(url, str) or not url.strip():
        raise ConfigurationError(
            "[database] url in the secrets file is no address.", hint="docs/operating.md has an example."
        )
    return resolved(url)


def problem() -> str | None:
    """For the start-up check: why a PostgreSQL that the operator names cannot be used, with its cure. A file of this
    computer that cannot be used is said on the pages, which go on without it."""
    named = address() or resolved()
    if named.file is None:
        with Database(named) as database:
            database.prepare()
    return None
