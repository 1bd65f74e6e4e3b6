"""One object of JSON as a record: laid flat, with its text found in whatever holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rerank_core.documents.tables import fields

WRAPPER_KEYS = tuple(
    fields.normal(name)
    for name in fields.listed_names(
        "document, _source, fields, payload, node, metadata, meta, record, passage, item, doc, inline document source, "
        "text document, data, properties, attributes, entity, _additional, struct data, derived struct data"
    )
)
"""Keys of a record whose value is an object that belongs to it: rerank replies, search hits, vector stores."""

_TEXT_KEYS = (
    *fields.TEXT_KEYS,
    *fields.listed_names(
        "article body, accepted answer, document excerpt, body text, content text, description text, body html, "
        "content html, description html, html, transcript, passages, chunks, paragraphs, sections, blocks, "
        "extractive segments, extractive answers, snippets"
    ),
)
_TEXT_RANK = {name: rank for rank, name in reversed(list(enumerate(_TEXT_KEYS)))}
_ID_KEYS = ("id", *fields.NAMES["id"][1:], "hit id")
# Inside an object or a part that stands for a text: where its words are, best first.
_PART_KEYS = fields.listed_names(
    "text, plain text, value, rendered, content, storage, view, body, markdown, html, snippet, excerpt, passage, "
    "answer, description, children, string, #text, $t"
)
# Objects of a record that are about something else, and whose texts are not its own.
_ASIDE = frozenset(
    fields.listed_names(
        "author, user, owner, creator, updater, assignee, customer, person, organization, organisation, company, "
        "vendor, seller, brand, category, categories, tag, tags, parent, parents, space, folder, links, highlight, "
        "highlights, highlight result, snippet result, "
        "explanation, error, errors, status, usage, params, query, request, aggregations, "
        "suggest, review, reviews, comments, image, images, vector, vectors, embedding, embeddings, pages, pagination, "
        "next page, settings, config, schema, permissions, version, container"
    )
)
_INLINE = frozenset(("paragraph", "heading", "block", "codeBlock", "code_block", "text"))
_WRAPPER_DEPTH = 3
_TEXT_DEPTH = 12
_NESTED_DEPTH = 4
_NUMBERS = (int, float)


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the keys of an object can be: its wrapper, then the keys of texts, titles and ids, best first."""

    wrappers: tuple[str, ...]
    texts: tuple[str, ...]
    titles: tuple[str, ...]
    ids: tuple[str, ...]


@lru_cache(maxsize=2048)
def _layout(keys: tuple[str, ...]) -> _Layout:
    """Records of one list have the same keys, so this is worked out once for all of them."""
    names = {fields.normal(key): key for key in reversed(keys)}
    return _Layout(
        tuple(names[name] for name in WRAPPER_KEYS if name in names),
        tuple(names[name] for name in _TEXT_KEYS if name in names),
        tuple(names[name] for name in fields.NAMES["title"] if name in names),
        tuple(names[name] for name in _ID_KEYS if name in names),
    )


def flat_record(item: Mapping[Any, Any]) -> dict[str, Any]:
    """An object with what wraps its text laid flat, its own keys first in case of doubt.

    {"index": 3, "document": {"text": "a", "lang": "de"}} becomes {"index": 3, "text": "a", "lang": "de"}. Where the
    text lies deeper, in an object that is no known wrapper, that object's keys get its name in front:
    {"product": {"name": "n", "description": "d"}} becomes {"product.name": "n", "product.description": "d"}.
    Titles, and objects with "rendered" in them, are the strings that they stand for.
    """
    flat = {str(key): value for key, value in item.items()}
    layout = _layout(tuple(flat))
    for _ in range(_WRAPPER_DEPTH):
        wrapper = next((key for key in layout.wrappers if isinstance(flat[key], dict)), None)
        if wrapper is None:
            break
        inner = flat.pop(wrapper)
        for key, value in inner.items():
            flat.setdefault(str(key), value)
        layout = _layout(tuple(flat))
    for key in layout.titles:
        if type(flat[key]) is not str and isinstance(flat[key], dict | list):
            flat[key] = text_in(flat[key]) or flat[key]
    for key in layout.texts:
        value = flat[key]
        if type(value) is str and value:
            return flat
    if not any(isinstance(value, dict) for value in flat.values()):
        return flat
    for key, value in flat.items():
        if isinstance(value, dict) and isinstance(value.get("rendered"), str):
            flat[key] = value["rendered"]
    return flat if text_key(flat) is not None else _unnested(flat)


def text_key(item: Mapping[str, Any], preferred: str | None = None) -> str | None:
    """The key that holds a record's text: the preferred one where it has text, else the best known one."""
    if preferred is not None and (text_in(item.get(preferred)) or "").strip():
        return preferred
    known = None
    for key in _layout(tuple(item)).texts:
        text = text_in(item[key])
        if text is not None:
            if text.strip():
                return key
            known = known or key
    return known


def id_key(item: Mapping[str, Any]) -> str | None:
    """The key that is best known for an id, None where none is."""
    return next(iter(_layout(tuple(item)).ids), None)


def has_own_name(item: Mapping[str, Any]) -> bool:
    """Whether an object has an id or a title of its own, as a record has and what only holds a list has not."""
    layout = _layout(tuple(item))
    return bool(layout.ids or layout.titles)


def known_text_key(key: str) -> bool:
    """Whether a key, or its last part, is known for a text."""
    return fields.normal(key) in _TEXT_RANK or fields.normal(key.rpartition(".")[2]) in _TEXT_RANK


def text_in(value: Any) -> str | None:
    """The words of a value: a string as it is; of a list of strings or of parts with a text each, all of them with
    line breaks between; of an object that stands for a text, as {"rendered": ...} or {"storage": {"value": ...}}, that
    text. None for anything else."""
    if isinstance(value, str):
        return value
    return _text_in(value, _TEXT_DEPTH, inline=False)


def _text_in(value: Any, depth: int, *, inline: bool) -> str | None:
    if isinstance(value, str):
        return value
    if not value or not depth:
        return None
    if isinstance(value, list):
        if isinstance(value[0], _NUMBERS):
            return None
        if all(isinstance(part, str) for part in value):
            return "\n".join(value)
        parts = [_text_in(part, depth - 1, inline=inline) for part in value if isinstance(part, dict)]
        found = [part for part in parts if part is not None]
        runs = inline or any(isinstance(part, dict) and "plain_text" in part for part in value)
        return ("" if runs else "\n").join(found) if found else None
    if isinstance(value, dict):
        keys = {fields.normal(str(key)): key for key in reversed(list(value))}
        kind = value.get("type", value.get("_type"))
        for name in _PART_KEYS:
            if name in keys:
                text = _text_in(value[keys[name]], depth - 1, inline=isinstance(kind, str) and kind in _INLINE)
                if text is not None:
                    return text
    return None


def _unnested(flat: dict[str, Any]) -> dict[str, Any]:
    """A record whose text lies in an object inside it, with that object's keys beside its own; where there is none,
    those of all objects inside it, so that one of them can be chosen."""
    best: tuple[int, int] | None = None
    way: tuple[str, ...] = ()
    for path, inner in _inside(flat):
        key = text_key(inner)
        if key is None or not (text_in(inner[key]) or "").strip():
            continue
        rank = (len(path), _TEXT_RANK[fields.normal(key)])
        if best is None or rank < best:
            best, way = rank, path
    if not way:
        return _dotted(flat)
    holder: Any = flat
    for step in way:
        holder = holder[step]
    prefix = ".".join(way)
    beside = {f"{prefix}.{key}": value for key, value in holder.items()}
    return {key: value for key, value in flat.items() if key != way[0]} | beside


def _dotted(flat: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in flat.items():
        if isinstance(value, dict) and value and fields.normal(key) not in _ASIDE:
            found |= {f"{key}.{name}": inner for name, inner in value.items()}
        else:
            found[key] = value
    return found


def _inside(flat: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The objects inside a record that may hold its text, with the keys that lead to them, the outer ones first."""
    level: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [((), flat)]
    for _ in range(_NESTED_DEPTH):
        below: list[tuple[tuple[str, ...], Mapping[str, Any]]] = []
        for path, outer in level:
            for key, value in outer.items():
                if isinstance(value, dict) and fields.normal(str(key)) not in _ASIDE and isinstance(key, str):
                    below.append(((*path, key), value))
        yield from below
        level = below
