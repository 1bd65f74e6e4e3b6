"""TREC topics: what people want to know, one after the other between tags."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rerank_core.documents.report import count
from rerank_core.evaluation.formats.imported import ImportBuilder, Imported

_TOPIC = re.compile(r"<top(?:ic)?(?P<about>\s[^<>]{0,200})?>", re.IGNORECASE)
_TAG = re.compile(r"<(?P<name>[a-z_]{1,20})[^<>]{0,200}>(?P<text>[^<]*)", re.IGNORECASE)
_NUMBER = re.compile(r"""\b(?:number|num|id|qid)\s{0,3}=\s{0,3}["']?([^"'\s<>]{1,100})""", re.IGNORECASE)
_WORDS = re.compile(r"^\s*(?:number|title|topic|description|narrative)\s*:", re.IGNORECASE)
_TEXTS = ("title", "query", "question", "text", "desc", "description")
_IDS = ("num", "number", "id", "qid")


def is_topics(sample: str) -> bool:
    """Whether a text has a topic near its beginning, with a number in it."""
    found = _TOPIC.search(sample[:2_000])
    if found is None:
        return False
    after = sample[found.end() : found.end() + 2_000].lower()
    return bool(_NUMBER.search(found["about"] or "")) or any(f"<{name}" in after for name in _IDS)


def read_topics(text: str) -> Imported:
    """Queries from `<top> <num> 301 <title> …` or `<topic number="301"> <query> …`: the number is the id, the title
    the text. Descriptions and narratives have no place in a query set; a description is the text where there is no
    title."""
    builder = ImportBuilder("trec-topics")
    described = left = 0
    for line, about, body in _topics(text):
        parts = {found["name"].lower(): _plain(found["text"]) for found in reversed(list(_TAG.finditer(body)))}
        given = _NUMBER.search(about)
        number = given[1] if given else next((parts[name] for name in _IDS if parts.get(name)), "")
        name = next((name for name in _TEXTS if parts.get(name)), "")
        if not number or not name:
            builder.refuse(line, f"This topic has no {'title' if number else 'number'}.")
            continue
        described += name in ("desc", "description")
        left += any(parts.get(other) for other in ("desc", "description", "narr", "narrative") if other != name)
        builder.query(line, number, parts[name])
    if described:
        builder.reading_notes.append(f"{count(described, 'topic')} without a title: the description is the query.")
    if left:
        builder.reading_notes.append(
            "The number and the title of each topic are read; descriptions and narratives are left out."
        )
    if not builder.queries and not builder.problems:
        builder.refuse(0, "There is no <top> or <topic> in this file.")
    return builder.finish()


def _topics(text: str) -> Iterator[tuple[int, str, str]]:
    """Each topic: its line, what stands in its tag, and what follows up to the next one."""
    found = list(_TOPIC.finditer(text))
    line, seen = 1, 0
    for place, topic in enumerate(found):
        line += text.count("\n", seen, topic.start())
        seen = topic.start()
        end = found[place + 1].start() if place + 1 < len(found) else len(text)
        yield line, topic["about"] or "", text[topic.end() : end]


def _plain(text: str) -> str:
    from html import unescape

    return " ".join(unescape(_WORDS.sub("", text)).split())
