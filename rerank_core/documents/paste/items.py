"""The items of a JSON list to documents, and what a request asks for besides them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from rerank_core.documents.paste.literals import Opaque
from rerank_core.documents.paste.records import flat_record, id_key, known_text_key, text_in, text_key
from rerank_core.documents.report import Collector, ParsedDocuments, Problem
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.guess import ColumnGuess, guess_columns
from rerank_core.rank_fields import TEXT

# Names of what is no text of a document, however long it is.
_NO_TEXT = frozenset((*fields.QUERY_NAMES["query"], "search terms", "index", "file", "filename", "file name", "path"))
_LONG = 40
_ROWS_LOOKED_AT, _CELLS_LOOKED_AT = 200, 200_000


def request_of(value: Any) -> dict[str, Any]:
    """The query, model, top_n and rank_fields of a request body, those that are there, under these names."""
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
    ranked = value.get(keys.get("rank fields", ""))
    if isinstance(ranked, list) and ranked and all(isinstance(name, str) and name.strip() for name in ranked):
        found["rank_fields"] = tuple(dict.fromkeys(ranked))
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
    rank_fields: Sequence[str] = (),
    **details: Any,
) -> ParsedDocuments:
    """Documents from the items of a JSON list.

    `lines` turns the places of items (from 0, ascending) into lines of the source; it is asked only for
    items that have a problem, since finding lines costs time. `columns` is as for tables. `rank_fields` are the keys
    that the request has ranked: the text is one of them.
    Raises InvalidDocumentsError where `columns` names a key that no item has.
    """
    flat = [flat_record(item) if isinstance(item, dict) else None for item in items]
    keys_there = dict.fromkeys(key for item in flat if item is not None for key in item)
    names = tuple(islice(keys_there, collector.limits.columns))
    # as many objects as there are keys, each with a key of its own, would make a table of the square of their number
    looked_at = max(_ROWS_LOOKED_AT, _CELLS_LOOKED_AT // max(1, len(names)))
    objects = (item for item in flat if item is not None)
    rows = ([_cell(name, item.get(name)) for name in names] for item in islice(objects, looked_at))
    guess = guess_columns(names, rows, columns) if names else ColumnGuess({})
    fixed = bool(columns and columns.get("text"))
    chosen, note = (dict(guess.chosen), "") if fixed else _roles(names, guess, columns or {})
    if not fixed:
        _choose_ranked(chosen, [name for name in rank_fields if name in names])
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
    layout: dict[str, Any] = {"columns": names, "chosen": chosen, "unsure": guess.unsure, "samples": guess.samples}
    missing = [name for name in rank_fields if names and name not in names]
    if missing:
        note = f"The request ranks by '{missing[0]}', which no document has."
    notes = [note] if note and collector.documents else []
    if len(keys_there) > len(names):
        notes.append(
            f"The objects have {len(keys_there):,} different keys; a role is looked for among the first {len(names):,}."
        )
    if notes:
        layout["notes"] = tuple(notes)
    layout["rank_fields"] = tuple(TEXT if name == chosen.get("text") else name for name in rank_fields if name in names)
    parsed = collector.finish(mode, **layout, **details)
    if not parsed.problems:
        return parsed
    found = lines([problem.line for problem in parsed.problems])
    located = (Problem(line, reason) for line, (_, reason) in zip(found, parsed.problems, strict=True))
    return replace(parsed, problems=tuple(located))


def _choose_ranked(chosen: dict[str, str], ranked: Sequence[str]) -> None:
    """Make one of the keys that a request has ranked the text: the one that is called so, else the last that is no
    title."""
    if not ranked or chosen.get("text") in ranked:
        return
    known = [name for name in ranked if known_text_key(name)]
    other = [name for name in ranked if fields.normal(name) not in fields.NAMES["title"]]
    if not known and not other and "text" in chosen:
        return
    chosen["text"] = (known or other[::-1] or [*ranked])[0]
    for role in [role for role, name in chosen.items() if role != "text" and name == chosen["text"]]:
        del chosen[role]


def _roles(names: Sequence[str], guess: ColumnGuess, wanted: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Which keys serve which role, and a sentence where the text stands under no name that is known for one.

    A guess from the values alone counts where they read like texts: never an id, a date, a file or what was searched.
    """
    chosen = dict(guess.chosen)
    text = chosen.get("text")
    if text is None:
        return chosen, ""
    prefix, _, last = text.rpartition(".")
    if not known_text_key(text):
        samples = guess.samples.get(text, ())
        if fields.normal(last) in _NO_TEXT or not any(map(_reads_as_text, samples)):
            del chosen["text"]
            return chosen, ""
        return chosen, f"No key is called a text; '{text}' was read as the text."
    if prefix:
        beside = {fields.normal(name.rpartition(".")[2]): name for name in names if name.startswith(f"{prefix}.")}
        for role in ("title", "url"):
            if role not in wanted and (found := next(filter(None, map(beside.get, fields.NAMES[role])), None)):
                chosen[role] = found
        return chosen, f"The texts were found under '{text}'."
    return chosen, ""


def _cell(name: str, value: Any) -> str:
    """A value as the guess of the roles looks at it; an object counts as a text only where its key promises one."""
    if isinstance(value, str):
        return value
    return (text_in(value) or "") if isinstance(value, list) or known_text_key(name) else ""


def _reads_as_text(value: str) -> bool:
    """Whether a value has words, or letters of a script that puts no spaces between them."""
    return " " in value.strip() or (len(value) > _LONG and not value.isascii())


def _add_object(
    place: int, item: dict[str, Any], chosen: Mapping[str, str], fixed: bool, collector: Collector
) -> str | None:
    """Take one flattened object; the reason where it cannot be taken."""
    key = chosen.get("text") if fixed else text_key(item, chosen.get("text"))
    text = text_in(item.get(key)) if key is not None else None
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
        name = id_key(item) if name is None else name
    identity = item.get(name) if name is not None else None
    is_id = _is_id(identity) and name != key
    metadata = {other: value for other, value in item.items() if other != key and not (is_id and other == name)}
    collector.add(place, text, str(identity) if is_id else None, metadata)
    return None


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip() != ""


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
