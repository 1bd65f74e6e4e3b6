"""What to send on: a found passage as an answer, results as a list with links, or that nothing is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from rerank_core import language
from rerank_core.models import Document, RankedDocument
from rerank_core.ranking.heading import heading
from rerank_core.ranking.orders import label_of

# What Markdown would read as more than text.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~$])")
_PREVIEW = 200


_NOTHING_KNOWN = {
    "en": "Thank you for your question. We do not have an answer to it yet, and have noted it.",
    "de": "Vielen Dank für Ihre Frage. Wir haben darauf noch keine Antwort und haben sie notiert.",
    "es": "Gracias por su pregunta. Todavía no tenemos una respuesta y la hemos anotado.",
    "fr": "Merci pour votre question. Nous n'avons pas encore de réponse et nous l'avons notée.",
    "it": "Grazie per la sua domanda. Non abbiamo ancora una risposta e l'abbiamo annotata.",
    "nl": "Bedankt voor uw vraag. We hebben er nog geen antwoord op en hebben de vraag genoteerd.",
    "pt": "Obrigado pela sua pergunta. Ainda não temos uma resposta e anotámos a pergunta.",
    "pl": "Dziękujemy za pytanie. Nie mamy jeszcze na nie odpowiedzi i zapisaliśmy je.",
}


def nothing_known_text(query: str) -> str:
    """A polite reply for a question that nothing answers, in its language where that is one of eight and can be told
    from the query, else in English."""
    return _NOTHING_KNOWN.get(language.guess(query) or "en", _NOTHING_KNOWN["en"])


def answer_text(document: Document) -> str:
    """The passage as an answer: its text without the title that it may begin with, then where it is from, where that
    is known."""
    source = " ".join(str(document.metadata[name]).strip() for name in ("title", "url") if document.metadata.get(name))
    title, rest = heading(document)
    text = rest if title is not None and title == str(document.metadata.get("title")).strip() else document.text
    return f"{text.strip()}\n\n{source}".strip()


def markdown_links(results: Iterable[RankedDocument]) -> str:
    """The results as a numbered Markdown list: a link for each that has a web address, and the start of its text.

    Titles and texts are escaped, so that nothing in them becomes markup.
    """
    lines = []
    for row in results:
        title = _MARKDOWN.sub(r"\\\1", label_of(row.document))
        url = str(row.document.metadata.get("url") or "")
        linked = url.startswith(("https://", "http://"))
        name = f"[{title}]({quote(url, safe=':/?#@!$&*+,;=%~-._')})" if linked else f"**{title}**"
        text = " ".join(row.document.text.split())
        start = text if len(text) <= _PREVIEW else text[:_PREVIEW].rstrip() + "…"
        lines.append(f"{row.rank}. {name}: " + _MARKDOWN.sub(r"\\\1", start))
    return "\n".join(lines)
