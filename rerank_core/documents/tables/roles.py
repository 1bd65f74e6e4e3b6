"""The columns that were chosen for title, rank, score and link, under the names that the rest of the app looks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from rerank_core.documents.report import ParsedDocuments
from rerank_core.documents.tables import fields
from rerank_core.models import Document

_ROLES = ("title", "rank", "score", "url")
# A title and a link are looked for by their plain name, a rank and a score by any name that is known for them.
_PLAIN = ("title", "url")


def by_role(parsed: ParsedDocuments, refused: Collection[str] = ()) -> tuple[Document, ...]:
    """The documents of an import with the cells of the chosen columns in their metadata as "title", "rank", "score"
    and "url".

    A rank or score whose column is the one that is found by its name anyway keeps that name. `refused` are roles
    that somebody said no column has: what would be found for them, and what stood under a name that is needed,
    goes by its name with " column" behind. Texts, ids and all other metadata stay as they are.
    """
    if not parsed.columns:
        return parsed.documents
    names = dict.fromkeys(parsed.columns)
    renamed: dict[str, str] = {}
    for role in _ROLES:
        column = parsed.chosen.get(role)
        if role in refused:
            known = {role} if role in _PLAIN else set(fields.NAMES[role])
            renamed |= {
                name: _beside(name, names)
                for name in names
                if name not in parsed.chosen.values() and (name if role in _PLAIN else fields.normal(name)) in known
            }
        elif column is not None and column != role:
            if role not in _PLAIN and fields.first_named(names, role) == column:
                continue
            if role in names and role not in renamed:
                renamed[role] = _beside(role, names)
            renamed[column] = role
    if not renamed:
        return parsed.documents
    return tuple(
        replace(document, metadata={renamed.get(name, name): value for name, value in document.metadata.items()})
        if not renamed.keys().isdisjoint(document.metadata)
        else document
        for document in parsed.documents
    )


def ranked_by_role(parsed: ParsedDocuments) -> tuple[str, ...]:
    """The fields that a pasted request has ranked, by the names that they have in `by_role`; empty where it names
    none."""
    names = {column: role for role in _PLAIN if (column := parsed.chosen.get(role))}
    return tuple(dict.fromkeys(names.get(name, name) for name in parsed.rank_fields))


def _beside(name: str, taken: Collection[str]) -> str:
    free = f"{name} column"
    while free in taken:
        free += " column"
    return free
