"""JSON values to documents: finding the list in whatever wraps it, and the text in whatever holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rerank_core.documents.paste.literals import Opaque
from rerank_core.documents.report import Collector, ParsedDocuments, Problem
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.guess import ColumnGuess, guess_columns

LIST_KEYS = fields.listed_names(
    "documents, passages, candidates, docs, texts, input, inputs, results, hits, records, sources, "
    "reranked candidates, chunks, articles, items, matches, points, nodes, rows, entries, value, data, response, "
    "result, root, children, body, json, request"
)
"""Keys under which the list of documents is looked for, best first, also inside one another (`hits.hits`)."""

WRAPPER_KEYS = fields.listed_names(
    "document, _source, fields, payload, node, metadata, meta, record, passage, item, doc, inline document source, "
    "text document"
)
"""Keys of an item whose value is an object that holds the text: rerank replies, search hits, vector stores."""

ID_KEYS = ("id", "_id", *fields.NAMES["id"][1:])
_LIST_DEPTH = 5
_WRAPPER_DEPTH = 3


@dataclass(frozen=True, slots=True)
class DocumentList:
    """A list of documents inside a JSON value: the items, and the keys that lead to them."""

    items: Sequence[Any]
    path: tuple[str, ...]


def find(value: Any) -> DocumentList | None:
    """The list of documents in a JSON value, or None where there is none.

    A list is that list; of an object, the first of LIST_KEYS that leads to one; an object that has a text
    itself is a list of one. A string under a list's key, or on its own, is a list of one.
    """
    if isinstance(value, list):
        return DocumentList(value, ())
    if isinstance(value, str):
        return DocumentList([value], ())
    if not isinstance(value, dict):
        return None
    inside = _find_list(value, (), _LIST_DEPTH)
    if inside is not None:
        return inside
    return DocumentList([value], ()) if _text_of(_flat(value), None) is not None else None


def _find_list(value: Mapping[str, Any], path: tuple[str, ...], depth: int) -> DocumentList | None:
    if depth == 0:
        return None
    keys = {fields.normal(key): key for key in reversed(list(value))}
    for name in LIST_KEYS:
        key = keys.get(name)
        if key is None:
            continue
        inner = value[key]
        if isinstance(inner, list):
            return DocumentList(inner, (*path, key))
        if isinstance(inner, dict):
            found = _find_list(inner, (*path, key), depth - 1)
            if found is not None:
                return found
        if isinstance(inner, str) and name in ("documents", "passages", "candidates", "texts"):
            return DocumentList([inner], (*path, key))
    return None


def request_of(value: Any) -> dict[str, Any]:
    """The query, model and top_n of a request body, those that are there, under these names."""
    if not isinstance(value, dict):
        return {}
    keys = {fields.normal(key): key for key in reversed(list(value))}
    found: dict[str, Any] = {}
    query = value.get(keys.get("query", ""))
    if isinstance(query, dict):
        query = query.get("text")
    if isinstance(query, str) and query.strip():
        found["query"] = query
    model = value.get(keys.get("model", ""))
    if isinstance(model, str) and model.strip():
        found["model"] = model
    for name in ("top n", "top k", "topn", "topk"):
        top = value.get(keys.get(name, ""))
        if isinstance(top, int) and not isinstance(top, bool) and top > 0:
            found["top_n"] = top
            break
    if "query" not in found:
        for name in ("input", "body", "json", "data", "request"):
            inner = value.get(keys.get(name, ""))
            if isinstance(inner, dict) and (deeper := request_of(inner)):
                return {**deeper, **found}
    return found


def collect(
    items: Sequence[Any],
    lines: Callable[[Sequence[int]], Sequence[int]],
    collector: Collector,
    mode: str,
    columns: Mapping[str, str] | None = None,
    **details: Any,
) -> ParsedDocuments:
    """Documents from the items of a JSON list.

    `lines` turns the places of items (from 0, ascending) into lines of the source; it is asked only for
    items that have a problem, since finding lines costs time. `columns` is as for tables.
    Raises InvalidDocumentsError where `columns` names a key that no item has.
    """
    flat = [_flat(item) if isinstance(item, dict) else None for item in items]
    names = tuple(dict.fromkeys(key for item in flat if item is not None for key in item))
    rows = ([_as_text(item.get(name)) or "" for name in names] for item in flat if item is not None)
    guess = guess_columns(names, rows, columns) if names else ColumnGuess({})
    chosen = guess.chosen
    fixed = bool(columns and columns.get("text"))
    for place, (item, keys) in enumerate(zip(items, flat, strict=True)):
        if keys is not None:
            reason = _add_object(place, keys, chosen, fixed, collector)
        elif isinstance(item, str):
            reason = None if item.strip() else "This item is blank."
            if reason is None:
                collector.add(place, item)
        else:
            reason = f"This item is {_kind(item)}, not a text or an object with one."
        if reason is not None:
            collector.refuse(place, reason)
    layout = {"columns": names, "chosen": chosen, "unsure": guess.unsure, "samples": guess.samples}
    parsed = collector.finish(mode, **layout, **details)
    if not parsed.problems:
        return parsed
    found = lines([problem.line for problem in parsed.problems])
    located = (Problem(line, reason) for line, (_, reason) in zip(found, parsed.problems, strict=True))
    return replace(parsed, problems=tuple(located))


def _add_object(
    place: int, item: dict[str, Any], chosen: Mapping[str, str], fixed: bool, collector: Collector
) -> str | None:
    """Take one flattened object; the reason where it cannot be taken."""
    key = chosen.get("text") if fixed else _text_of(item, chosen.get("text"))
    text = _as_text(item.get(key)) if key is not None else None
    if key is None or text is None:
        there = [name for name in item if fields.normal(name) in fields.TEXT_KEYS or name == chosen.get("text")]
        if fixed and key not in item:
            return f"This item has no '{key}'."
        if there:
            return f"The '{there[0]}' of this item is {_kind(item[there[0]])}, not a text."
        return "This item has no text: none of its keys is 'text', 'content', 'body', 'passage' or the like."
    if not text.strip():
        return f"The '{key}' of this item is blank."
    name = chosen.get("id")
    if name is None or not _is_id(item.get(name)):
        name = _id_key(item) if name is None else name
    identity = item.get(name) if name is not None else None
    is_id = _is_id(identity) and name != key
    metadata = {other: value for other, value in item.items() if other != key and not (is_id and other == name)}
    collector.add(place, text, str(identity) if is_id else None, metadata)
    return None


def _text_of(item: Mapping[str, Any], preferred: str | None) -> str | None:
    """The key that holds an object's text: the preferred one where it has text, else the best known one."""
    if preferred is not None and (_as_text(item.get(preferred)) or "").strip():
        return preferred
    keys = {fields.normal(key): key for key in reversed(list(item))}
    known = [keys[name] for name in fields.TEXT_KEYS if name in keys and _as_text(item[keys[name]]) is not None]
    filled = [key for key in known if (_as_text(item[key]) or "").strip()]
    return filled[0] if filled else known[0] if known else None


def _flat(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item with the object that wraps its text laid flat, its own keys first in case of doubt.

    {"index": 3, "document": {"text": "a", "lang": "de"}} becomes {"index": 3, "text": "a", "lang": "de"}.
    """
    flat = {str(key): value for key, value in item.items()}
    for _ in range(_WRAPPER_DEPTH):
        wrapper = _wrapper(flat)
        if wrapper is None:
            break
        inner = flat.pop(wrapper)
        flat.update({str(key): value for key, value in inner.items() if str(key) not in flat})
    return flat


def _wrapper(item: Mapping[str, Any]) -> str | None:
    keys = {fields.normal(key): key for key in reversed(list(item))}
    for name in WRAPPER_KEYS:
        key = keys.get(fields.normal(name))
        if key is not None and isinstance(item[key], dict):
            return key
    return None


def _id_key(item: Mapping[str, Any]) -> str | None:
    keys = {fields.normal(key): key for key in reversed(list(item))}
    return next((keys[fields.normal(name)] for name in ID_KEYS if fields.normal(name) in keys), None)


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip() != ""


def _as_text(value: Any) -> str | None:
    """A string as it is, a list of strings joined by line breaks (multi-valued fields), else None."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    return None


def _kind(value: Any) -> str:
    if value is None:
        return "empty (null)"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Opaque):
        return "a name in the code"
    return "an object" if isinstance(value, dict) else "blank"
