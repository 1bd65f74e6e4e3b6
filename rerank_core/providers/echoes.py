"""Replies of failure without the texts that were sent: servers quote them, and an error is shown, logged and passed on.

A document is named by its place instead, counted from 1 in the list that was sent by the caller.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from rerank_core.providers.spec import Batch

_LISTS = frozenset({"documents", "texts", "passages", "input", "records", "candidates", "queries", "sources"})
_QUOTED_ONLY_BELOW = 12  # characters: a shorter text may be an ordinary word of the message
_BEGINNING = 24  # characters by which a text is found that a server cut off
_DEPTH = 30


def without_texts(body: Any, batch: Batch) -> Any:
    """A parsed body with every text of the batch replaced by its place.

    The entries of a validation error (`{"detail": [{"type", "loc", "msg", "input"}]}`) lose their `input`, and say in
    `msg` which document they are about.
    """
    return _clean(body, _Texts(batch), _DEPTH)


def said_without_texts(text: str, batch: Batch) -> str:
    """The same for a reply that is no JSON."""
    return _Texts(batch).hidden(text)


class _Texts:
    """The texts of a batch, in every form in which a server may quote them."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        forms: dict[str, str] = {}
        for text, name in [
            *((text, f"document {index + 1}") for index, text in zip(batch.indexes, batch.texts, strict=True)),
            (batch.query, "the query"),
        ]:
            forms.update(dict.fromkeys(_forms(text.strip()), name))
        self._forms = sorted(forms.items(), key=lambda item: -len(item[0]))

    def hidden(self, said: str) -> str:
        """What a server says, with each text in it replaced by what it is."""
        for form, name in self._forms:
            if not form:
                continue
            if len(form) < _QUOTED_ONLY_BELOW:
                for quote in "\"'`":
                    said = said.replace(f"{quote}{form}{quote}", f"({name})")
                continue
            said = said.replace(form, f"({name})")
            said = _cut_off(said, form, name) if len(form) > _BEGINNING else said
        return said

    def place(self, loc: Any) -> str | None:
        """Which document the `loc` of a validation error is about."""
        if not isinstance(loc, list):
            return None
        for name, number in pairwise(loc):
            if name in _LISTS and type(number) is int and 0 <= number < len(self.batch.texts):
                return f"Document {self.batch.indexes[number] + 1}"
        return None


def _forms(text: str) -> Iterator[str]:
    yield text
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]


def _cut_off(said: str, form: str, name: str) -> str:
    """`said` without a beginning of the form that it quotes in part."""
    while (start := said.find(form[:_BEGINNING])) >= 0:
        stop, at = start + _BEGINNING, _BEGINNING
        while stop < len(said) and at < len(form) and said[stop] == form[at]:
            stop, at = stop + 1, at + 1
        said = f"{said[:start]}({name}){said[stop:]}"
    return said


def _clean(value: Any, texts: _Texts, depth: int) -> Any:
    if isinstance(value, str):
        return texts.hidden(value)
    if depth == 0:
        return None
    if isinstance(value, list):
        return [_clean(item, texts, depth - 1) for item in value]
    if not isinstance(value, dict):
        return value
    kept = value
    if "loc" in value and "msg" in value:
        place = texts.place(value["loc"])
        kept = {name: item for name, item in value.items() if name not in ("input", "ctx")}
        if place is not None:
            kept["msg"] = f"{place}: {value['msg']}"
    return {name: _clean(item, texts, depth - 1) for name, item in kept.items()}
