"""The list of documents in a JSON value, whatever wraps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rerank_core.documents.paste.records import flat_record, has_own_name, text_key
from rerank_core.documents.tables import fields

LIST_KEYS = fields.listed_names(
    "documents, passages, candidates, docs, texts, input, inputs, results, hits, responses, records, sources, "
    "reranked candidates, chunks, articles, items, matches, points, nodes, rows, entries, value, data, response, "
    "result, result items, retrieval results, hits containers, objects, main entity, @graph, get, root, children, "
    "body, json, request"
)
"""Keys under which the list of documents is looked for, best first, also inside one another (`hits.hits`)."""

EACH = None
"""In a path: every element of a list, or every value of an object."""

_LIST_DEPTH = 6
_DOCUMENT_NAMES = ("documents", "passages", "candidates", "texts", "docs", "corpus")
_TITLED = ("documents", "texts", "passages", "chunks", "contents")
_SIDE = {"ids": "id", "metadatas": "metadata", "urls": "url", "titles": "title"}


@dataclass(frozen=True, slots=True)
class DocumentList:
    """A list of documents inside a JSON value: the items, and the keys that lead to them.

    `members` says that they are the values of an object and not the elements of a list.
    """

    items: Sequence[Any]
    path: tuple[str | None, ...]
    members: bool = False


def find(value: Any, *, guess: bool = True) -> DocumentList | None:
    """The list of documents in a JSON value, or None where there is none.

    A list is that list, and lists in lists are one; of an object, the first of LIST_KEYS that leads to one; an object
    that has a text itself is a list of one. A string under a list's key, or on its own, is a list of one. Columns side
    by side ({"ids": [...], "documents": [...]}) are put together. With `guess`, an object from ids to texts, or to
    objects with one, is the list of these, each with its id; so is the only list of objects with texts, under whatever
    key.
    """
    if isinstance(value, list):
        return _within(value, ())
    if isinstance(value, str):
        return DocumentList([value], ())
    if not isinstance(value, dict):
        return None
    inside = _find_list(value, (), _LIST_DEPTH)
    if inside is not None:
        return inside
    if text_key(flat_record(value)) is not None:
        return DocumentList([value], ())
    return (_members(value, ()) or _only_list(value)) if guess else None


def _find_list(value: Mapping[str, Any], path: tuple[str | None, ...], depth: int) -> DocumentList | None:
    if depth == 0:
        return None
    keys = {fields.normal(key): key for key in reversed(list(value)) if isinstance(key, str)}
    for name in LIST_KEYS:
        key = keys.get(name)
        if key is None:
            continue
        inner = value[key]
        if isinstance(inner, list):
            return _columns(value, keys, key, path) or _within(inner, (*path, key))
        if isinstance(inner, dict):
            found = _find_list(inner, (*path, key), depth - 1)
            if found is None and name == "get":
                found = _lists_in(inner, (*path, key))
            if found is None and name in _DOCUMENT_NAMES:
                found = _members(inner, (*path, key))
            if found is None and name == "main entity":
                found = DocumentList([inner], (*path, key))
            if found is not None:
                return found
        if isinstance(inner, str) and name in ("documents", "passages", "candidates", "texts"):
            return DocumentList([inner], (*path, key))
    return None


def _within(items: list[Any], path: tuple[str | None, ...]) -> DocumentList:
    """A list, or what is in the lists that its elements do no more than hold, as those of an _msearch."""
    for _ in range(_LIST_DEPTH):
        inner = _inner_lists(items)
        if inner is None:
            break
        steps, items = inner
        path = (*path, *steps)
    return DocumentList(items, path)


def _inner_lists(items: list[Any]) -> tuple[tuple[str | None, ...], list[Any]] | None:
    """What the elements of a list hold, and the way there; None where one of them is a document itself."""
    if not items:
        return None
    if isinstance(items[0], list):
        if all(isinstance(item, list) for item in items) and any(isinstance(one, str | dict) for one in items[0]):
            return (EACH,), [one for item in items for one in item]
        return None
    way: tuple[str | None, ...] | None = None
    found: list[Any] = []
    for item in items:
        if not isinstance(item, dict) or has_own_name(item) or text_key(item) is not None:
            return None
        inside = _find_list(item, (), _LIST_DEPTH)
        if inside is None or inside.members or (way is not None and inside.path != way):
            if "error" in item:
                continue
            return None
        way = inside.path
        found += inside.items
    return None if way is None else ((EACH, *way), found)


def _columns(
    value: Mapping[str, Any], keys: Mapping[str, str], key: str, path: tuple[str | None, ...]
) -> DocumentList | None:
    """Texts with their ids and metadata in lists beside them, as Chroma gives them; None where that is not so."""
    texts, depth = value[key], 0
    sides = {name: value[keys[side]] for side, name in _SIDE.items() if isinstance(value.get(keys.get(side, "")), list)}
    if fields.normal(key) not in _TITLED or not sides:
        return None
    if texts and all(isinstance(group, list) for group in texts):
        depth, texts = 1, [text for group in texts for text in group]
        sides = {
            name: [one for group in side for one in group]
            for name, side in sides.items()
            if all(isinstance(group, list) for group in side)
        }
    sides = {name: side for name, side in sides.items() if len(side) == len(texts)}
    if not sides or not all(isinstance(text, str) or text is None for text in texts):
        return None
    items = [{"text": text} | {name: side[place] for name, side in sides.items()} for place, text in enumerate(texts)]
    return DocumentList(items, (*path, key, *(EACH,) * depth))


def _lists_in(value: Mapping[str, Any], path: tuple[str | None, ...]) -> DocumentList | None:
    """The elements of all values of an object that has nothing but lists of objects, as GraphQL's `Get`."""
    lists = list(value.values())
    if not lists or not all(isinstance(each, list) and all(isinstance(one, dict) for one in each) for each in lists):
        return None
    return DocumentList([one for each in lists for one in each], (*path, EACH))


def _members(value: Mapping[str, Any], path: tuple[str | None, ...]) -> DocumentList | None:
    """From ids to texts, or from ids to objects with a text; None where the keys are names of fields instead."""
    if not value or any(not isinstance(key, str) or fields.known_name(key) for key in value):
        return None
    inner = list(value.values())
    if all(isinstance(each, str) for each in inner):
        texts = sum(len(each.split()) > 1 or len(each) > 20 for each in inner)
        if len(inner) < 2 or 2 * texts < len(inner):
            return None
        return DocumentList([{"id": key, "text": text} for key, text in value.items()], path, members=True)
    if not all(isinstance(each, dict) for each in inner):
        return None
    with_text = sum(text_key(flat_record(each)) is not None for each in inner[:_LIST_DEPTH])
    if 2 * with_text < len(inner[:_LIST_DEPTH]):
        return None
    return DocumentList([{"id": key, **each} for key, each in value.items()], path, members=True)


def _only_list(value: Mapping[str, Any]) -> DocumentList | None:
    """The one list of objects with texts that lies anywhere in an object; None where there are several or none."""
    found: list[DocumentList] = []
    level: list[tuple[tuple[str | None, ...], Mapping[str, Any]]] = [((), value)]
    for _ in range(_LIST_DEPTH):
        below: list[tuple[tuple[str | None, ...], Mapping[str, Any]]] = []
        for path, outer in level:
            for key, inner in outer.items():
                if isinstance(inner, dict):
                    below.append(((*path, key), inner))
                elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
                    listed = _within(inner, (*path, key))
                    first = listed.items[0] if listed.items else None
                    if isinstance(first, dict) and text_key(flat_record(first)) is not None:
                        found.append(listed)
        level = below
    return found[0] if len(found) == 1 else None
