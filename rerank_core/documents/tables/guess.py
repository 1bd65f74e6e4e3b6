"""Which column of a table serves each role: by its name where that is known, else by what its cells are like."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rerank_core.documents.tables import fields

_SAMPLE_ROWS = 200
GUESSED_FROM = 2_000
"""How many rows a guess looks at, at most."""
_MOSTLY = 0.8
_SAMPLES = 3
_REPEATS = 0.9  # of the filled cells of an id column, at least so many are different
_LABEL_CHARACTERS = 30
_MUCH_LONGER = 2.0
_TITLE_CHARACTERS = 120

# What a name may contain beside the word that makes it known, and what makes it something else.
_TEXT_WORDS = frozenset(word for name in fields.TEXT_KEYS for word in [name] if " " not in word)
_TEXT_ENDINGS = ("beschreibung", "volltext", "langtext", "omschrijving", "beschrijving")
_NO_TEXT_WORDS = frozenset(
    fields.listed_names(
        "id, ids, url, link, title, titel, titre, name, length, count, type, date, author, language, lang, image, "
        "file, status, format, version, hash, number, nr, score, rank, rating"
    )
)
_TITLE_WORDS = frozenset(
    fields.listed_names(
        "title, name, headline, subject, heading, titel, titre, título, titulo, titolo, bezeichnung, nom, nombre, "
        "nome, naam, überschrift"
    )
)
_NO_TITLE_WORDS = frozenset(
    fields.listed_names(
        "id, url, link, file, user, author, first, last, brand, category, customer, company, sheet, host, domain, "
        "rater, query, team, case, snapshot, index, field, column, sender, city, country, marke, datei, autor"
    )
)
# Names of what is no text however long it is, where the texts are documents of queries.
_NO_DOCUMENT = frozenset(
    fields.listed_names(
        "information need, informationneed, notes, note, options, team name, case name, case id, date last scored, "
        "count, snapshot name, snapshot time, reason, rationale, explanation, justification, begründung, bemerkung"
    )
)
# Names of what stands beside the texts of a shop or a help centre.
_BESIDE = re.compile(
    r"\b(?:price|preis|prix|precio|prezzo|prijs|preço|availability|verfügbarkeit|lieferzeit|disponibilité|"
    r"disponibilidad|disponibilità|beschikbaarheid|disponibilidade|stock|bestand|date|datum|fecha|data|updated|created|"
    r"brand|marke|marque|marca|merk|category|kategorie|catégorie|categoría|categoria|categorie|colou?r|farbe|size|größe|"
    r"author|autor|auteur|autore|language|sprache|langue|idioma|lingua|taal|image|bild|status|currency|währung)s?\b"
)

_OF_TEXTS = ("text", "id", "title")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].{0,30})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: .{0,20})?"
    r"|\d{1,2}:\d{2}(?::\d{2})?"
)
_CURRENCY = re.compile(r"[€$£¥₹₽₩]|\b(?:EUR|USD|GBP|CHF|JPY|CNY|PLN|SEK|DKK|NOK|CZK|Euro|kr|zł|Kč)\b\.?", re.IGNORECASE)
_CODE = re.compile(r"(?=[^\s]*\d)[A-Za-z0-9][\w.\-/#:+]{0,59}", re.ASCII)
_LETTER = re.compile(r"[^\W\d_]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """Which column serves each role, and how sure that is.

    chosen: role to column; a role that no column serves is missing, and a column serves one role only.
    unsure: the roles whose column was found by its cells alone, or beside which another column is as likely. Somebody
        should look at them, with `samples` beside the names.
    samples: column to some of its cells, at most three, no two alike.
    notes: a sentence for each column whose name promises what its cells are not.
    """

    chosen: Mapping[str, str]
    unsure: tuple[str, ...] = ()
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def guess_columns(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    wanted: Mapping[str, str] | None = None,
    roles: Mapping[str, Sequence[str]] = fields.NAMES,
) -> ColumnGuess:
    """Which of the columns serves each of the roles, which are given with the names that they go by, best first.

    `wanted` decides where it names a role: a column's name (its case may differ), or an empty string for
    "none of them". The other roles are guessed, by the names first. A text is never a number, a price, a date, an
    address or a code; where no name tells, it is the longest column of varied texts, and the title the one before it
    that names things. An id does not repeat, except in a table of queries ("query" is in `roles`). Looks at the first
    rows only.
    Raises InvalidDocumentsError for a role or a column that does not exist.
    """
    chosen, refused = fields.requested(columns, wanted, tuple(roles))
    looked_at = list(islice(rows, GUESSED_FROM))
    profiles = {column: _profile(looked_at, place) for place, column in enumerate(columns)}
    guessing = _Guessing(columns, looked_at, profiles, roles, chosen)
    for role in roles:
        # a text is needed, so that no text is the same as a guess
        if role not in chosen and (role not in refused or (role == "text" and "query" not in roles)):
            guessing.guess(role)
    return ColumnGuess(
        {role: chosen[role] for role in roles if role in chosen},
        tuple(role for role in roles if role in guessing.unsure),
        {column: profile.samples for column, profile in profiles.items()},
        tuple(guessing.notes),
    )


@dataclass(frozen=True, slots=True)
class _Profile:
    """What the cells of a column are like: "text", "label" (few different short ones), "data" (JSON), "code", "number",
    "date", "url" or "empty"; characters of an average row and words of an average cell; the share of different cells.
    """

    kind: str
    characters: float = 0.0
    words: float = 0.0
    varied: float = 0.0
    filled: float = 0.0
    samples: tuple[str, ...] = ()


def _profile(rows: Sequence[Sequence[str]], place: int) -> _Profile:
    rows = rows[:_SAMPLE_ROWS]
    cells = [cell for row in rows if place < len(row) and (cell := row[place].strip())]
    if not cells:
        return _Profile("empty")
    different = list(dict.fromkeys(cells))
    words = sum(_words(cell) for cell in cells) / len(cells)
    return _Profile(
        _kind(cells, len(different), words),
        sum(map(len, cells)) / len(rows),
        words,
        len(different) / len(cells),
        len(cells) / len(rows),
        tuple(different[:_SAMPLES]),
    )


def _words(cell: str) -> float:
    """Words of a cell; of a script without spaces, two letters count as one."""
    unspaced = len(_UNSPACED.findall(cell)) if not cell.isascii() else 0
    return len(cell.split()) + unspaced / 2


def _kind(cells: Sequence[str], different: int, words: float) -> str:
    needed = _MOSTLY * len(cells)
    for kind, fits in _KINDS:
        if sum(map(fits, cells)) >= needed:
            return kind
    short = sum(map(len, cells)) / len(cells) <= _LABEL_CHARACTERS
    if len(cells) > 4 and 2 * different <= len(cells) and short:
        return "label"
    return "text" if words > 1.2 or not short else "label"


def _is_amount(cell: str) -> bool:
    return fields.is_number(cell) or (len(cell) < 40 and fields.is_number(_CURRENCY.sub("", cell).strip() or "-"))


def _is_date(cell: str) -> bool:
    return _DATE.fullmatch(cell) is not None


def _is_address(cell: str) -> bool:
    return _ADDRESS.fullmatch(cell) is not None


def _is_code(cell: str) -> bool:
    return _CODE.fullmatch(cell) is not None


def _is_data(cell: str) -> bool:
    return cell[0] + cell[-1] in ("{}", "[]") and (len(cell) < 3 or '"' in cell or cell[1:2].isdigit())


_KINDS: Sequence[tuple[str, Callable[[str], bool]]] = (
    ("number", _is_amount),
    ("date", _is_date),
    ("url", _is_address),
    ("code", _is_code),
    ("data", _is_data),
)


class _Guessing:
    """The roles that have been given out so far, and what tells of the others."""

    def __init__(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        profiles: Mapping[str, _Profile],
        names: Mapping[str, Sequence[str]],
        chosen: dict[str, str],
    ) -> None:
        self._columns, self._rows, self._profiles, self._chosen = columns, rows, profiles, chosen
        self._names, self._of_queries = names, "query" in names
        self.unsure: set[str] = set()
        self.notes: list[str] = []

    def guess(self, role: str) -> None:
        """Give the role to a column, where one is fit for it."""
        found = {"text": self._text, "title": self._title, "id": self._id, "query": self._query}.get(role)
        column = found() if found else self._named(self._names[role])
        if column is not None:
            self._chosen[role] = column

    def _free(self) -> list[str]:
        taken = self._chosen.values()
        return [column for column in self._columns if column not in taken]

    def _named(self, names: Sequence[str], unfit: Collection[str] = ()) -> str | None:
        """The column whose name is best known, if its cells are not of a kind that is unfit."""
        by_name = {fields.normal(column): column for column in reversed(self._free())}
        known = (by_name[name] for name in names if name in by_name)
        return next((column for column in known if self._profiles[column].kind not in unfit), None)

    def _text(self) -> str | None:
        no_text = ("empty", "number", "date", "url", "code")
        names = self._names["text"]
        texts = {column: self._weight(column) for column in self._free() if self._is_text(column)}
        if by_name := self._named(names, no_text) or self._holding_text(no_text):
            longer = {column for column in texts if texts[column] > _MUCH_LONGER * self._weight(by_name)}
            if longer - {by_name}:
                self.unsure.add("text")
            return by_name
        if self._of_queries and (empty := self._named(names)):
            return empty
        longest = max(texts, key=texts.__getitem__, default=None) or self._last_resort(names)
        if longest is not None and sum(map(self._filled, self._columns)) > 1:
            self.unsure.add("text")
        return longest

    def _holding_text(self, unfit: Collection[str]) -> str | None:
        """A column whose name contains a word for a text: "Short description", "Produktbeschreibung lang"."""
        found = []
        for column in self._free():
            words = set(fields.normal(column).split())
            known = words & _TEXT_WORDS or any(word.endswith(_TEXT_ENDINGS) for word in words)
            if known and not words & _NO_TEXT_WORDS and not self._about_queries(column):
                found.append(column)
        fit = [column for column in found if self._profiles[column].kind not in unfit]
        return max(fit, key=self._weight, default=None)

    def _last_resort(self, names: Sequence[str]) -> str | None:
        """Where no column holds varied texts: one that is called so, else the longest that may still be one."""
        if named := self._named(names, ("empty",)):
            return named
        free = self._free()
        if self._of_queries and any(fields.normal(column) in self._names["id"] for column in free):
            return None
        fit = [column for column in free if self._profiles[column].kind in ("text", "label", "data")]
        fit = [column for column in fit if not self._known_otherwise(column)]
        if not fit and not self._of_queries and sum(map(self._filled, self._columns)) == 1:
            fit = [column for column in free if self._filled(column)]
        return max(fit, key=self._weight, default=None)

    def _is_text(self, column: str) -> bool:
        names = self._names["title"]
        return (
            self._profiles[column].kind == "text"
            and fields.normal(column) not in names
            and not self._known_otherwise(column)
        )

    def _known_otherwise(self, column: str) -> bool:
        """Whether a column's name says that it is something else than a text."""
        name = fields.normal(column)
        if self._about_queries(column) or _BESIDE.search(name):
            return True
        return any(name in names for role, names in self._names.items() if role not in _OF_TEXTS)

    def _about_queries(self, column: str) -> bool:
        return self._of_queries and about_queries(column)

    def _filled(self, column: str) -> bool:
        return self._profiles[column].kind != "empty"

    def _weight(self, column: str) -> float:
        """How much text a column holds, where what repeats counts less."""
        profile = self._profiles[column]
        return profile.characters * math.sqrt(profile.varied)

    def _title(self) -> str | None:
        if named := self._named(self._names["title"], ("empty",)):
            return named
        for column in self._free():
            words = set(fields.normal(column).split())
            if (
                words & _TITLE_WORDS
                and not words & _NO_TITLE_WORDS
                and self._profiles[column].kind in ("text", "label")
            ):
                return column
        if not self._of_queries and (question := self._named(("question", "frage", "pregunta", "domanda"))):
            return question
        return self._naming()

    def _naming(self) -> str | None:
        """The column before the text that names things: short texts, hardly one twice."""
        text = self._chosen.get("text")
        if text is None or self._columns.index(text) == 0:
            return None
        for column in self._columns[: self._columns.index(text)]:
            profile = self._profiles[column]
            short = profile.characters <= min(_TITLE_CHARACTERS, 0.7 * self._profiles[text].characters)
            naming = profile.varied >= 0.5 and profile.filled >= _MOSTLY and profile.words >= 1.5 and short
            if naming and self._is_text(column) and column in self._free():
                self.unsure.add("title")
                return column
        return None

    def _id(self) -> str | None:
        names = self._names["id"]
        if self._of_queries and "text" not in self._chosen and "query_id" in self._chosen:
            # in a file of ids alone, such as WANDS', "id" is that of the row and "product_id" that of the document
            names = (*names[1:], names[0])
        free = {fields.normal(column): column for column in reversed(self._free())}
        for column in [free[name] for name in names if name in free]:
            # beneath several queries an id may repeat; what to do where its texts differ, the reader decides row by row
            if self._of_queries or not self._repeats(column):
                return column
            self.notes.append(f"The column '{column}' was not read as the ids, since its values repeat.")
        return None

    def _repeats(self, column: str) -> bool:
        """Whether the values of a column stand for several documents each."""
        place = self._columns.index(column)
        cells = [cell for row in self._rows if place < len(row) and (cell := row[place].strip())]
        return len(cells) > 1 and len(set(cells)) < _REPEATS * len(cells)

    def _query(self) -> str | None:
        named = self._named(self._names["query"])
        if named is not None or "query_id" in self._chosen:
            return named
        for column in self._free():
            if fields.normal(column) in self._names["query_id"]:
                return None
        if self._is_catalogue():
            return None
        for column in self._free():
            worded = self._profiles[column].kind in ("text", "label") and not self._known_otherwise(column)
            if worded and self._in_blocks(column):
                self.unsure.add("query")
                return column
        return None

    def _is_catalogue(self) -> bool:
        """Whether each row is a thing of its own, with an id that no other has and neither a place nor a rating. Sorted
        by category, a catalogue has blocks as well."""
        names = set(map(fields.normal, self._columns))
        if any(not names.isdisjoint(self._names[role]) for role in ("rank", "score", "rating")):
            return False
        ids = [column for column in self._columns if fields.normal(column) in self._names["id"]]
        return any(self._profiles[column].kind != "empty" and not self._repeats(column) for column in ids)

    def _in_blocks(self, column: str) -> bool:
        """Whether each value of a column stands in several rows, one after the other, as a query does."""
        place = self._columns.index(column)
        cells = [row[place].strip() if place < len(row) else "" for row in self._rows]
        blocks = [cell for before, cell in zip([None, *cells], cells, strict=False) if cell != before]
        different = len(set(cells))
        return "" not in cells and 2 <= different == len(blocks) and 2 * different <= len(cells)


def about_queries(column: str) -> bool:
    """Whether a column's name says that it is about the query, or about a case as a whole: what somebody wants, or
    says, is no document to rank."""
    name = fields.normal(column)
    return name in _NO_DOCUMENT or name.startswith("query ")
