"""Our own sentences, made safe for Markdown."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Our own sentence, safe for Markdown: a dollar sign would start a formula. Never for a user's text."""
    return text.replace("$", "\\$")
