"""Titles in front of texts, for those who want the title to count in the ranking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rerank_core.documents.report import ParsedDocuments
from rerank_core.documents.tables import fields
from rerank_core.models import Document


def with_titles(source: ParsedDocuments | Iterable[Document], column: str | None = None) -> tuple[Document, ...]:
    """The documents with their title, a line break and then their text as the text to be ranked.

    Reading never does this by itself: a title stays in the metadata and only the text is ranked. `column`
    names the metadata that holds the title; without it an import's own choice counts, else the first
    metadata whose name is known for a title. A document without a title, or whose text begins with it
    already, stays as it is; the title stays in the metadata of all.
    """
    if isinstance(source, ParsedDocuments):
        column = column or source.chosen.get("title")
        source = source.documents
    return tuple(_with_title(document, column) for document in source)


def _with_title(document: Document, column: str | None) -> Document:
    if column is None:
        column = fields.first_named(document.metadata, "title")
    title = document.metadata.get(column) if column is not None else None
    if not isinstance(title, str) or not title.strip() or document.text.lstrip().startswith(title.strip()):
        return document
    return replace(document, text=f"{title.strip()}\n{document.text}")
