"""What a file of queries, ratings or results held, whatever its format, and the pieces that readers share."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.report import Problem, Problems, count
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.grades.numbers import with_point
from rerank_core.evaluation.grades.values import RatingValues


def _empty() -> Any:
    return field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Imported:
    """Queries, documents, judgments and a run, as far as the file had them.

    kind: a key of KINDS; "" where it is not clear what the file is.
    queries: query id to text; where a file names queries only by their text, the text is the id; empty
        where a file has ids alone (TREC).
    documents: document id to text. judgments: query id to document id to grade, a whole number from -127 to
        127. run: query id to document ids, best first.
    problems: what was left out, as (line, reason); line 0 stands for the file as a whole. more_problems: how many there
        were beyond those; see `Limits.problems`.
    scores: of the run, where the file had them. titles, metadata: of documents; `metadata` holds the columns
        or keys that have no other place. answers: reference answers of queries. tags: one label a query.
    notes: what belongs to the file as a whole, such as "run_id" or "snapshot_name".
    raters: rater to judgments, where the file keeps several people's ratings apart; `judgments` are their median.
    columns, chosen: the names of all columns of a table, and role to the column that serves it. unsure: the roles
        whose column somebody should look at. samples: column to some of its cells.
    header: whether the first row of a table was read as the names of its columns; None for what is no table.
    sheet, sheets: the worksheet read and all there are. encoding: that of a text, by Python's name.
    reading_notes: sentences about how the file was read, where that was a decision worth telling.
    rating_values: every value that stands as a rating, as it is written, to how often it does; the most frequent ones
        where there are very many. rating_grades: the grades that they were taken for, without those that are no
        rating. rating_note: how they became grades, "" where they are whole numbers that count as they are.
    row_order: whether the run is no more than the order of the rows, which have neither ranks nor scores.
    aliases: query id to an id of the file to the name of its document here, where an id stands for another text in
        that query than elsewhere in the file.
    markup: whether HTML in the documents was read as text (True) or kept (False); None where there is none.
    """

    kind: str
    queries: Mapping[str, str] = _empty()
    documents: Mapping[str, str] = _empty()
    judgments: Mapping[str, Mapping[str, int]] = _empty()
    run: Mapping[str, tuple[str, ...]] = _empty()
    problems: tuple[Problem, ...] = ()
    scores: Mapping[str, Mapping[str, float]] = _empty()
    titles: Mapping[str, str] = _empty()
    metadata: Mapping[str, Mapping[str, Any]] = _empty()
    answers: Mapping[str, str] = _empty()
    tags: Mapping[str, str] = _empty()
    notes: Mapping[str, str] = _empty()
    raters: Mapping[str, Mapping[str, Mapping[str, int]]] = _empty()
    columns: tuple[str, ...] = ()
    chosen: Mapping[str, str] = _empty()
    unsure: tuple[str, ...] = ()
    samples: Mapping[str, tuple[str, ...]] = _empty()
    header: bool | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    encoding: str | None = None
    reading_notes: tuple[str, ...] = ()
    # how the grades were written makes them no other grades
    rating_values: Mapping[str, int] = field(default_factory=dict, compare=False)
    rating_grades: Mapping[str, int] = field(default_factory=dict, compare=False)
    rating_note: str = ""
    row_order: bool = False
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)
    markup: bool | None = None
    more_problems: int = 0

    @property
    def unmapped(self) -> bool:
        """Whether the file has ratings of which none was taken over, since it is not known what they stand for."""
        return bool(self.rating_values) and not self.judgments and self.rating_values.keys() > self.rating_grades.keys()

    @property
    def query_ids(self) -> tuple[str, ...]:
        """Every query that appears anywhere, in the order of the file."""
        return tuple(dict.fromkeys([*self.queries, *self.run, *self.judgments]))

    def title(self, document: str) -> str:
        """The title of a document, be it a title of its own or a column of that name; empty where it has none."""
        return self.titles.get(document) or str(self.metadata.get(document, {}).get("title") or "")


MAPPINGS = (
    *("queries", "documents", "judgments", "scores"),
    *("titles", "metadata", "answers", "tags", "notes", "raters"),
)
"""The fields of Imported that grow entry by entry; the run is put in order at the end."""

UNNAMED_RATER = "unnamed"
"""Whose a rating is where other rows of the file name a rater and its own does not."""


@dataclass(slots=True)
class ImportBuilder:
    """Takes the rows of a file one by one and keeps the good ones; the first of two that disagree wins.

    What `rate` was given stands in `judgments` and `raters` as the number of its value until `finish`.
    """

    kind: str
    queries: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    judgments: dict[str, dict[str, int]] = field(default_factory=dict)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    raters: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    reading_notes: list[str] = field(default_factory=list)
    places: dict[str, dict[str, tuple[Any, ...]]] = field(default_factory=dict)
    row_order: bool = False
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    _values: RatingValues = field(default_factory=RatingValues)
    _by_text: dict[str, str] = field(default_factory=dict)
    _reused: dict[str, None] = field(default_factory=dict)
    _conflicts: set[tuple[str, str]] = field(default_factory=set)
    _cells: dict[str, dict[str, str]] = field(default_factory=dict)
    _graded: dict[str, int] = field(default_factory=dict)

    def refuse(self, line: int, reason: str) -> None:
        """Leave a row out and say why."""
        self.problems.add(line, reason)

    def query(self, line: int, name: str, text: str) -> None:
        """Name a query; another text under the same id is reported."""
        if self.queries.setdefault(name, text) != text:
            self._conflict(line, "query", name, "The first text is kept.")

    def document(self, line: int, name: str, text: str) -> None:
        """Name a document; another text under the same id is reported, once a document. A text that is too long is
        left out."""
        if self.fits(line, name, text) and self.documents.setdefault(name, text) != text:
            self._conflict(line, "document", name, "The first text is kept.")

    def fits(self, line: int, name: str, text: str) -> bool:
        """Whether a document's text is within the limit; a problem where it is not."""
        if len(text) <= COLLECTION_LIMITS.document_characters:
            return True
        over = f"{len(text):,} characters; the limit is {COLLECTION_LIMITS.document_characters:,}"
        self.refuse(line, f"The document '{name[:40]}' has {over}. Its text is left out.")
        return False

    def named(self, query: str, name: str, text: str) -> str:
        """What a document is called whose text stands in this row of a query, and the document of that name. An id that
        stands for another text above, as ids do that begin anew at each query or that several passages share, names no
        document: then it goes by its text, so that no rating moves to another one."""
        if self.documents.setdefault(name, text) == text:
            if self._by_text:
                self._by_text.setdefault(text, name)
            return name
        self._reused[name] = None
        if not self._by_text:
            self._by_text = {text: name for name, text in reversed(self.documents.items())}
        own = self._by_text.get(text, text)
        number = 2
        while self.documents.setdefault(own, text) != text:
            own, number = f"{text} ({number})", number + 1
        self._by_text.setdefault(text, own)
        if name not in self.places.get(query, ()) and name not in self.judgments.get(query, ()):
            self.aliases.setdefault(query, {}).setdefault(name, own)
        return own

    def title(self, line: int, name: str, title: str) -> None:
        """Give a document a title; another one is reported, once a document."""
        if self.titles.setdefault(name, title) != title:
            self._conflict(line, "title of the document", name, "The first one is kept.", "stands differently above")

    def cells(self, line: int, name: str, cells: dict[str, str], *, blank: bool = False) -> None:
        """Keep the further columns of a document's row. They are kept once a document, so a row that has something
        else in them is reported, once a document. Blank cells are left out unless they are to be kept."""
        kept = cells if blank else {column: cell for column, cell in cells.items() if cell}
        first = self._cells.setdefault(name, cells)
        if kept:
            self.metadata.setdefault(name, kept)
        if first != cells:
            other = ", ".join(f"'{column}'" for column, cell in cells.items() if first.get(column, "") != cell)
            then = "Such columns are kept once a document, and the first ones are."
            self._conflict(line, "document", name, then, f"has something else in {other} above", "cells")

    def rate(self, line: int, query: str, document: str, rating: str, prefix: str = "", *, rater: str = "") -> None:
        """Rate a document with what stands in a cell, as that `rater` where several people's ratings are kept apart.
        `finish` turns all ratings into grades at once. A second rating of the pair is reported and left out."""
        value = rating.strip()
        if not value:
            return
        number = self._values.number(value)
        own = self.raters.setdefault(rater, {}) if rater else self.judgments
        known = own.setdefault(query, {}).get(document)
        if known is not None:
            same = "the same" if known == number else f"rated {self._values.value(known)[:40]} there"
            self.refuse(line, f"{prefix}'{document}' was rated for '{query}' above, {same}; this row is left out.")
            return
        own[query][document] = number
        self._values.counts[value] += 1
        if rater:
            # keeps the place of the row; the grade will be the median
            self.judgments.setdefault(query, {}).setdefault(document, number)

    def numbers_of(self, ratings: Mapping[str, int], value_in: Callable[[str], str]) -> dict[str, int]:
        """Count so many ratings of each kind of cell, and give the number that each is known by until `finish`; those
        without a value have none. `value_in` finds the value in a cell."""
        found: dict[str, int] = {}
        for rating, number in ratings.items():
            if value := value_in(rating).strip():
                found[rating] = self._values.number(value)
                self._values.counts[value] += number
        return found

    def rated(self, query: str, document: str) -> str | None:
        """What stands as the rating of a document so far; None where nothing does."""
        number = self.judgments.get(query, {}).get(document)
        return None if number is None else self._values.value(number)

    def place(self, line: int, query: str, document: str, key: tuple[Any, ...]) -> bool:
        """Put a document into a query's list, to be sorted by `key`; False, and a problem, if it is there."""
        places = self.places.setdefault(query, {})
        if document in places:
            self.refuse(line, f"'{document}' is in the results of '{query}' already; this row is left out.")
            return False
        places[document] = key
        return True

    def finish(self, *, best_last: bool = False) -> Imported:
        """The import as it stands; lists are sorted by their keys, the smallest first unless `best_last`."""
        note = self._grade()
        if self._reused:
            one = len(self._reused) == 1
            self.refuse(
                0,
                f"{count(len(self._reused), 'id')} {'stands' if one else 'stand'} for more than one text, such as "
                f"'{next(iter(self._reused))[:40]}'. Such a document goes by its text, so that every rating stays with "
                "the text that was rated.",
            )
        in_order = self.row_order and not best_last  # rows come one after the other, as their keys do
        run = {
            query: tuple(places if in_order else sorted(places, key=places.__getitem__, reverse=best_last))
            for query, places in self.places.items()
        }
        return Imported(
            self.kind,
            run=run,
            problems=self.problems.by_line(),
            more_problems=self.problems.more,
            reading_notes=(*self.reading_notes, *[note] * bool(note)),
            rating_values=self._values.listed(),
            rating_grades=self._graded,
            rating_note=note,
            row_order=self.row_order,
            aliases=self.aliases,
            **{name: getattr(self, name) for name in MAPPINGS},
        )

    def _grade(self) -> str:
        """Grades in place of what stood as ratings: all of them, or none and a problem; how that was done."""
        if not self._values.counts:
            return ""
        mapping = self._values.mapping()
        self._graded = {
            value: grade for value, grade in (mapping.grades or mapping.proposed).items() if grade is not None
        }
        if mapping.unclear:
            self.judgments, self.raters = {}, {}
            self.refuse(0, self._values.refusal(mapping))
            return ""
        grades = self._values.grades(mapping)
        self.judgments = _graded(self.judgments, grades)
        self.raters = {rater: _graded(own, grades) for rater, own in self.raters.items()}
        if self.raters:
            self._take_medians()
        return mapping.said

    def _take_medians(self) -> None:
        for query, own in self.judgments.items():
            for document in own:
                found = [rated[query][document] for rated in self.raters.values() if document in rated.get(query, ())]
                own[document] = statistics.median_low(found) if found else own[document]

    def _conflict(
        self, line: int, what: str, name: str, then: str, how: str = "has another text above", about: str = ""
    ) -> None:
        if (about or what, name) not in self._conflicts:
            self._conflicts.add((about or what, name))
            self.refuse(line, f"The {what} '{name}' {how}. {then}")


def _graded(judgments: Mapping[str, Mapping[str, int]], grades: Sequence[int | None]) -> dict[str, dict[str, int]]:
    """The judgments with the grades of these numbers; what is no rating is left out."""
    found: dict[str, dict[str, int]] = {}
    for query, own in judgments.items():
        known = {document: grade for document, number in own.items() if (grade := grades[number]) is not None}
        if known:
            found[query] = known
    return found


def parse_number(cell: str, what: str) -> float:
    """A rank or a score; raises ValueError with a sentence for a person."""
    try:
        number = float(with_point(cell))
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise ValueError(f"The {what} '{cell.strip()}' is not a number.")
    return number


def query_texts(imported: Imported, kind: str) -> dict[str, str]:
    """Query id to the text by which a format names it. Raises InvalidRequestError where two would be one."""
    texts: dict[str, str] = {}
    owners: dict[str, str] = {}
    for query in imported.query_ids:
        text = imported.queries.get(query, query)
        if owners.setdefault(text, query) != query:
            raise InvalidRequestError(
                f"Two queries have the text '{text}', and {kind} tells queries apart by their text.",
                hint="Export as a table, TREC or BEIR, which keep query ids.",
            )
        texts[query] = text
    return texts


def check_cells(values: Sequence[str], kind: str, *, one_line: bool = False) -> None:
    """Raise InvalidRequestError for an id or query that the format would give back changed."""
    for value in values:
        wrong = (
            "is empty"
            if not value
            else "begins or ends with white space"
            if value != value.strip()
            else "holds a line break"
            if one_line and ("\n" in value or "\r" in value)
            else ""
        )
        if wrong:
            raise InvalidRequestError(
                f"The id or query {value!r} {wrong}, which {kind} cannot hold.", hint="Rename it, or export as BEIR."
            )
