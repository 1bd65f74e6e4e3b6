"""Files that belong together, made to speak of the same queries and documents before they are merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rerank_core.documents.report import count
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.merging import Named, renamed
from rerank_core.evaluation.query_sets.addresses import by_address
from rerank_core.evaluation.query_sets.changed_ids import changed_ids


def joined(parts: Sequence[Imported], *, match_ids: bool = True) -> tuple[list[Imported], list[str]]:
    """The imports with one name for each query and each document, and sentences about what was done for that.

    A query that one file names by its text gets the id that another file gives to that text. Two documents that have
    one id in two files and texts that have nothing in common are kept apart. An address in one file is the document
    that has it in another. An id that a program has changed in one file (001 to 1, 101 to 101.0) is the one of the
    other, unless `match_ids` is off.
    """
    aligned = _aligned(parts)
    apart, shared = _kept_apart(aligned)
    named = _by_aliases(apart)
    notes = []
    if shared:
        some = ", ".join(f"'{name[:40]}'" for name in shared[:3])
        verb = "stands" if len(shared) == 1 else "stand"
        notes.append(
            f"{count(len(shared), 'id')} ({some}{', ...' if len(shared) > 3 else ''}) {verb} for different documents "
            "in different files; they are kept apart, each with its own ratings."
        )
    addresses = by_address(named)
    if addresses:
        named = [_of_documents(part, addresses.get(place)) for place, part in enumerate(named)]
        number = len({address for own in addresses.values() for address in own})
        said = "1 address is taken for the document that has it"
        if number > 1:
            said = f"{number:,} addresses are taken for the documents that have them"
        notes.append(f"{said} in another file.")
    changed = changed_ids(named) if match_ids else {}
    if changed:
        named = [_of_documents(part, changed.get(place)) for place, part in enumerate(named)]
        pairs = {given: meant for ids in changed.values() for given, meant in ids.items()}
        given, meant = next(iter(pairs.items()))
        notes.append(
            f"{count(len(pairs), 'id')} that a program has changed {'is' if len(pairs) == 1 else 'are'} matched to the "
            f"documents of the other files, '{given[:40]}' to '{meant[:40]}' for example."
        )
    return named, notes


def _of_documents(part: Imported, ids: Mapping[str, str] | None) -> Imported:
    """The import with other ids for these documents."""
    return renamed(part, _to(ids)) if ids else part


def _to(ids: Mapping[str, str]) -> Named:
    return lambda _query, document: ids.get(document, document)


def _aligned(parts: Sequence[Imported]) -> list[Imported]:
    """Queries that one file names by their text get the id that another file gives to that text."""
    ids = {text: query for part in parts for query, text in part.queries.items() if query != text}
    return [_of_queries(part, ids) if any(query in ids for query in part.query_ids) else part for part in parts]


def _of_queries(part: Imported, ids: Mapping[str, str]) -> Imported:
    def named(values: Mapping[str, Any]) -> dict[str, Any]:
        return {ids.get(query, query): value for query, value in values.items()}

    return replace(
        part,
        queries=named(part.queries),
        judgments=named(part.judgments),
        run=named(part.run),
        scores=named(part.scores),
        answers=named(part.answers),
        tags=named(part.tags),
        aliases=named(part.aliases),
        raters={name: named(own) for name, own in part.raters.items()},
    )


def _kept_apart(parts: Sequence[Imported]) -> tuple[list[Imported], list[str]]:
    """The imports without two documents under one id, and the ids that two had. A document that has to have another
    name goes by its text, and by the name that a document of that text has already."""
    known: dict[str, str] = {}
    names: dict[str, str] = {}
    shared: dict[str, None] = {}
    result = []
    for part in parts:
        other = {
            name: text
            for name, text in part.documents.items()
            if known.get(name, text) != text and not _alike(known[name], text)
        }
        if other:
            shared.update(dict.fromkeys(other))
            if not names:
                names = {text: name for name, text in reversed(known.items())}
            apart = {name: names.get(text, text) for name, text in other.items()}
            read = renamed(part, _to(apart))
            aliases = {query: dict(own) for query, own in read.aliases.items()}
            for query in {*part.run, *part.judgments}:
                for name in {*part.run.get(query, ()), *part.judgments.get(query, ())} & apart.keys():
                    aliases.setdefault(query, {}).setdefault(name, apart[name])
            part = replace(read, aliases=aliases)
        for name, text in part.documents.items():
            known.setdefault(name, text)
            if names:
                names.setdefault(text, name)
        result.append(part)
    return result, list(shared)


def _alike(one: str, other: str) -> bool:
    """Whether two texts may be of one document, such as a text and the part of it that a search shows: one holds the
    other, or half of the words of the one with fewer are in the other."""
    first, second = set(one.casefold().split()), set(other.casefold().split())
    fewer = min(len(first), len(second))
    if one.strip() in other or other.strip() in one:
        return True
    return fewer > 0 and 2 * len(first & second) >= fewer


def _by_aliases(parts: Sequence[Imported]) -> list[Imported]:
    """Ids in files without texts take the names that the documents have in the same query of a file with texts."""
    result = []
    for place, part in enumerate(parts):
        others = [other for at, other in enumerate(parts) if at != place and other.aliases]
        if not others:
            result.append(part)
            continue
        own = part.documents

        def named(query: str, document: str, others: Sequence[Imported] = others, own: Mapping[str, str] = own) -> str:
            if document in own:
                return document
            return next((new for other in others if (new := other.aliases.get(query, {}).get(document))), document)

        result.append(renamed(part, named))
    return result
