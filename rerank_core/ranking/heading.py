"""What stands above a document on a board: its title, and with it the heading of its section."""

from __future__ import annotations

import re

from rerank_core.models import Document

# What may stand between a title that the text repeats and the rest; a title that only begins a sentence stays in it.
_AFTER_TITLE = re.compile(r"(?:\s*[:.|\n]|\s+[\u2013\u2014-](?=\s))\s*(?=\S)")


def heading(document: Document) -> tuple[str | None, str]:
    """A document's title, None where its metadata has no "title", and its text without what the title says already.

    Many texts begin with their own title. The text of a section, as files give it, begins with the heading of the
    section, the last step of "section" in the metadata; the title is then followed by it, "Handbook > Windows".
    """
    title, text = document.metadata.get("title"), document.text
    if not isinstance(title, str) or not title.strip():
        return None, text
    title = title.strip()
    if text.strip() == title:
        return None, text
    rest = _after(title, text)
    if rest is not None:
        return title, rest
    section = document.metadata.get("section")
    last = section.rpartition(" > ")[2].strip() if isinstance(section, str) else ""
    rest = _after(last, text) if last else None
    return (title, text) if rest is None else (f"{title} > {last}", rest)


def _after(words: str, text: str) -> str | None:
    """What follows on these words at the beginning of a text and the mark behind them; None where it goes on."""
    found = _AFTER_TITLE.match(text, len(words)) if text.startswith(words) else None
    return None if found is None else text[found.end() :]
