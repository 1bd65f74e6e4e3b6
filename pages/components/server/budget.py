"""What the operator allows the configured keys to spend: `[budget]` in the secrets file."""

from __future__ import annotations

from collections.abc import Mapping

from pages.components.server import access, deployment
from rerank_core.errors import ConfigurationError
from rerank_core.pricing.allowance import Allowance


def allowance() -> Allowance:
    """The operator's budget, with who can raise it. Raises ConfigurationError where it makes no sense."""
    return Allowance.from_settings(_section(), access.current().contact)


def problem() -> str | None:
    """For the start-up check: what makes no sense about the budget, with its cure; None where all does."""
    Allowance.from_settings(_section())
    return None


def _section() -> Mapping[str, object]:
    found = deployment.secrets().get("budget", {})
    if not isinstance(found, Mapping):
        raise ConfigurationError(
            "budget in the secrets file is not a section.", hint="Write it as [budget]; docs/operating.md has it."
        )
    return found
