"""HTML in the documents of a query set, read as the text that it shows, as the import of documents reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rerank_core.documents.markup import changed_fields, field_as_text, markup_note, record_as_text
from rerank_core.documents.report import Problem, count
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.merging import renamed


def markup_read(imported: Imported, *, as_text: bool = True) -> Imported:
    """An import with the HTML in the texts, titles and other fields of its documents read as text, and a note that says
    so; with its HTML kept where `as_text` is False. `markup` says which; an import without HTML stays as it is.

    A document that goes by its text goes by the new one, with its ratings and places. One that is nothing but HTML
    without a word keeps it and is named, since its ratings would be lost with it.
    """
    texts = field_as_text(list(imported.documents.values()))
    titles = field_as_text(list(imported.titles.values()))
    fields = changed_fields(imported.metadata.values())
    if not (texts or titles or fields):
        return imported
    if not as_text:
        return replace(imported, markup=False)
    wordless = [name for name, text in imported.documents.items() if not texts.get(text, text).strip() and text.strip()]
    texts, titles = ({old: new for old, new in found.items() if new.strip()} for found in (texts, titles))
    read = replace(
        imported,
        documents=_replaced(imported.documents, texts),
        titles=_replaced(imported.titles, titles),
        metadata={name: record_as_text(record, fields) for name, record in imported.metadata.items()},
        problems=(*_problems(wordless), *imported.problems),
        reading_notes=(*imported.reading_notes, *_notes(texts, titles, fields)),
        markup=True,
    )
    names = _new_names(imported.documents, read.documents)
    return renamed(read, lambda _query, name: names.get(name, name)) if names else read


def _replaced(values: Mapping[str, str], found: Mapping[str, str]) -> Mapping[str, str]:
    return {name: found.get(text, text) for name, text in values.items()} if found else values


def _notes(texts: Mapping[str, str], titles: Mapping[str, str], fields: Mapping[str, object]) -> list[str]:
    names = dict.fromkeys([*(["title"] if titles else []), *fields])
    return [markup_note(texts, names)] if texts or names else []


def _problems(wordless: list[str]) -> list[Problem]:
    if not wordless:
        return []
    holds = "holds" if len(wordless) == 1 else "hold"
    named = f"{count(len(wordless), 'document')} {holds} HTML and no words, such as '{wordless[0][:40]}'"
    return [Problem(0, f"{named}. It was kept as it is.")]


def _new_names(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What documents are called now that went by a text that has changed. Where another one is called so already the
    name stays, so that no two become one."""
    found: dict[str, str] = {}
    taken = set(before)
    for name, text in before.items():
        if name == text.strip() and (new := now[name].strip()) not in taken:
            taken.add(new)
            found[name] = new
    return found
