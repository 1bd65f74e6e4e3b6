"""Which column or key is the text, the id, the title, the rank, the score and the address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from rerank_core.errors import InvalidDocumentsError


def listed_names(names: str) -> tuple[str, ...]:
    """Names that are written one after the other, with commas between them."""
    return tuple(names.split(", "))


ROLES = ("text", "id", "title", "rank", "score", "url")

TEXT_KEYS = listed_names(
    "text, content, contents, body, passage, document, doc, page content, chunk, chunk text, chunk content, "
    "paragraph, raw text, full text, text content, document text, passage text, article, answer, description, "
    "abstract, snippet, summary, message, comment, review, inhalt, beschreibung, contenido, texto, contenu, texte, "
    "testo"
)
"""Names that mean the text of a document, best first; compared in lower case, `_`, `-` and `.` as spaces."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "text": TEXT_KEYS,
    "id": listed_names(
        "id, doc id, docid, docno, document id, passage id, chunk id, corpus id, article id, kb id, product id, "
        "item id, ticket id, object id, objectid, identifier, uuid, guid, sku, key, pid, did"
    ),
    "title": ("title", "name", "subject", "headline", "heading", "titel", "titre", "titulo", "título", "titolo"),
    "rank": listed_names(
        "rank, initial rank, original rank, position, original position, initial position, doc position, rang"
    ),
    "score": listed_names(
        "score, relevance score, initial score, original score, search score, bm25, bm25 score, similarity, "
        "similarity score"
    ),
    "url": ("url", "link", "uri", "href", "permalink", "web address", "source url", "page url"),
}
"""The names that each role goes by, best first, compared as TEXT_KEYS are."""

_SEPARATORS = re.compile(r"[\s_\-.:/]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SAMPLE_ROWS = 200
_LONGEST_NAME = 100


def normal(name: str) -> str:
    """A column name as it is compared: "Page_Content", "pageContent" and "page content" are the same."""
    return _normal(name) if len(name) <= _LONGEST_NAME else name.casefold()


@lru_cache(maxsize=4096)
def _normal(name: str) -> str:
    return _SEPARATORS.sub(" ", _CAMEL.sub(" ", name)).strip().casefold()


def known_name(name: str) -> bool:
    """Whether a cell reads like the name of a column rather than like data."""
    return len(name) <= _LONGEST_NAME and normal(name) in _ALL_NAMES


_ALL_NAMES = frozenset(name for names in NAMES.values() for name in names).union(
    listed_names("query, question, category, tags, language, lang, date, author, price, source, rating, label")
)


def choose(
    columns: Sequence[str], rows: Iterable[Sequence[str]], wanted: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Which of the columns serves each role.

    `wanted` decides where it names a role: a column's name (its case may differ), or an empty string for
    "none of them". The other roles are guessed, first by name, and the text, where no name tells, by the
    longest average cell of the first rows. A column serves one role only.
    Raises InvalidDocumentsError for a role or a column that does not exist.
    """
    chosen, refused = requested(columns, wanted, ROLES)
    sample = [row for row, _ in zip(rows, range(_SAMPLE_ROWS), strict=False)]
    averages = {column: _average_length(sample, place) for place, column in enumerate(columns)}
    for role in ROLES:
        if role in chosen or (role in refused and role != "text"):
            continue
        free = [column for column in columns if column not in chosen.values()]
        guess = _by_name(free, role, averages)
        if guess is None and role == "text":
            filled = [column for column in free if averages[column] > 0]
            guess = max(filled, key=averages.__getitem__, default=None)
        if guess is not None:
            chosen[role] = guess
    return {role: chosen[role] for role in ROLES if role in chosen}


def requested(
    columns: Sequence[str], wanted: Mapping[str, str] | None, roles: Sequence[str]
) -> tuple[dict[str, str], set[str]]:
    """What `choose` is told: the column of each role that names one, and the roles that no column serves. Raises
    InvalidDocumentsError for a role or a column that does not exist."""
    for role in wanted or ():
        if role not in roles:
            raise InvalidDocumentsError(f"There is no role called '{role}'.", hint=f"The roles are {', '.join(roles)}.")
    named = {role: _find(columns, name) for role, name in (wanted or {}).items() if name}
    return named, set(wanted or ()) - named.keys()


def first_named(metadata: Mapping[str, object], role: str) -> str | None:
    """The key of a document's metadata that is best known for a role, None where none is."""
    names = {normal(str(key)): key for key in reversed(list(metadata))}
    return next((names[name] for name in NAMES[role] if name in names), None)


def _find(columns: Sequence[str], name: str) -> str:
    if name in columns:
        return name
    alike = [column for column in columns if column.strip().casefold() == name.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    there = ", ".join(f"'{column}'" for column in columns[:20]) or "none"
    raise InvalidDocumentsError(f"There is no column called '{name}'.", hint=f"The columns are: {there}.")


def _by_name(columns: Sequence[str], role: str, averages: Mapping[str, float]) -> str | None:
    """The column whose name is best known for the role; for the text, also one that merely contains it."""
    by_name = {normal(column): column for column in reversed(columns) if role != "text" or averages[column] > 0}
    for name in NAMES[role]:
        if name in by_name:
            return by_name[name]
    if role != "text":
        return None
    for name in NAMES[role]:
        holding = [
            column
            for key, column in by_name.items()
            if name in key.split() and not {"id", "url", "title", "length", "count", "type"} & set(key.split())
        ]
        if holding:
            return max(holding, key=lambda column: averages[column])
    return None


def _average_length(rows: Sequence[Sequence[str]], place: int) -> float:
    """Average characters of a column's cells; an address or a number counts little, as it is no text."""
    total = 0.0
    for row in rows:
        cell = row[place].strip() if place < len(row) else ""
        plain = cell.startswith(("http://", "https://")) or is_number(cell)
        total += min(len(cell), 1) if plain else len(cell)
    return total / len(rows) if rows else 0.0


def is_number(cell: str) -> bool:
    """Whether a cell is nothing but a number as people write it: "1,234.50", "-3", "87 %"."""
    return len(cell) <= _LONGEST_NAME and _NUMBER.fullmatch(cell) is not None and any(map(str.isdigit, cell))


_NUMBER = re.compile(r"[-+]?[\d.,\s]++%?")
