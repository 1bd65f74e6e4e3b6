"""What the operator allows the configured keys to spend: `[budget]` in the secrets file."""

from __future__ import annotations

from pages.components.server import access, deployment
from rerank_core.pricing.allowance import Allowance


def allowance() -> Allowance:
    """The operator's budget, with who can raise it. Raises ConfigurationError where it makes no sense."""
    found = deployment.checked_section("budget")
    return Allowance.from_settings(found, access.current().contact if found else "")


def problem() -> str | None:
    """For the start-up check: what makes no sense about the budget, with its cure; None where all does."""
    Allowance.from_settings(deployment.checked_section("budget"))
    return None
