"""What the columns of a table of queries are: the roles there are, and which column plays which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from rerank_core.documents.tables import fields
from rerank_core.documents.tables.guess import GUESSED_FROM, ColumnGuess, about_queries, guess_columns
from rerank_core.documents.tables.rows import Row
from rerank_core.documents.tables.table import rows_above
from rerank_core.evaluation.grades.mapping import are_ratings
from rerank_core.evaluation.grades.values import is_by_hand
from rerank_core.evaluation.grades.vocabulary import DOUBTFUL_RATING_NAMES, RATING_NAMES

TABLE_ROLES = ("query", "query_id", "tag", "document", "id", "title", "rank", "score", "rating", "rater")
"""What a column can be: the query, its id and a label for it; the document's text, id and title; its place or score
in the initial order; a person's rating and who gave it. Every other column is kept as metadata of the document."""

# "docid" is a running number where PyTerrier has "docno" beside it
_IDS = ("id", "docno", *(name for name in fields.NAMES["id"] if name not in ("id", "docno")))
_SCHOOL_GRADES = ("note", "schulnote", "zensur", "school grade")
_WORST_SCHOOL_GRADE = 6
_UPSIDE_DOWN = (
    " A higher one counts as better. If they are school grades, of which 1 is the best, turn them round with "
    '"Map ratings".'
)
_BY_ADDRESS = "The addresses under '{}' say which document a row is about."
_AS_NAMED = {"document": "text"}  # as `guess_columns` calls it
_NAMES: Mapping[str, tuple[str, ...]] = {
    **fields.NAMES,
    **fields.QUERY_NAMES,
    "text": ("document", *fields.NAMES["text"]),
    "id": _IDS,
    "rating": RATING_NAMES,
    "rater": fields.listed_names(
        "rater, rater id, annotator, annotator id, judge, assessor, assessor id, reviewer, rated by, worker, "
        "worker id, labeler, user email"
    ),
}


def guess_roles(
    names: Sequence[str], rows: Iterable[Sequence[str]], columns: Mapping[str, str] | None = None
) -> ColumnGuess:
    """Which column plays which role; `columns` decides where it names a role: a column, or an empty string for none.
    Raises InvalidDocumentsError for a role or a column that does not exist."""
    fields.requested(names, columns, TABLE_ROLES)  # refused in the words that were asked in
    wanted = {_AS_NAMED.get(role, role): column for role, column in (columns or {}).items()}
    looked_at = list(islice(rows, GUESSED_FROM))
    known = {_name_of(role): _NAMES[_name_of(role)] for role in TABLE_ROLES}
    if "annotation id" in map(fields.normal, names):
        known["id"] = (*_IDS[1:], _IDS[0])  # of Label Studio's columns "id" is the number of the task
    guess = guess_columns(names, looked_at, wanted, known)
    chosen = {role: guess.chosen[_name_of(role)] for role in TABLE_ROLES if _name_of(role) in guess.chosen}
    if not (columns or {}).keys() & {"document", "id"} and (address := _address(names, chosen)):
        chosen.pop("document", None)
        chosen["id"] = address
        guess = replace(guess, notes=(*guess.notes, _BY_ADDRESS.format(address)))
    if "rating" not in chosen and "rating" not in (columns or {}):
        free = {fields.normal(name): name for name in reversed(names) if name not in chosen.values()}
        if rating := _doubtful_rating(names, looked_at, free):
            chosen["rating"] = rating
            said = f"The column '{rating}' was read as the ratings, since that is what its cells hold."
            values = {row[names.index(rating)] for row in looked_at if names.index(rating) < len(row)}
            if may_be_school_grades(rating, values) and not is_by_hand():
                said += _UPSIDE_DOWN
            guess = replace(guess, notes=(*guess.notes, said))
    return replace(guess, chosen=chosen, unsure=tuple(role for role in TABLE_ROLES if _name_of(role) in guess.unsure))


def _address(names: Sequence[str], chosen: Mapping[str, str]) -> str | None:
    """The column of web addresses where nothing else says which document a row of a query is about."""
    if "id" in chosen or not chosen.keys() & {"query", "query_id"}:
        return None
    taken = {name for role, name in chosen.items() if role != "document"}
    address = fields.first_named(dict.fromkeys(name for name in names if name not in taken), "url")
    return address if chosen.get("document", address) == address else None


def _name_of(role: str) -> str:
    return _AS_NAMED.get(role, role)


def layout(guess: ColumnGuess) -> dict[str, Any]:
    """What an import says of its columns."""
    return {"chosen": guess.chosen, "unsure": guess.unsure, "samples": guess.samples}


def _doubtful_rating(names: Sequence[str], rows: Sequence[Sequence[str]], free: Mapping[str, str]) -> str | None:
    """A column whose name may mean ratings, if ratings are what is in it."""
    for known in DOUBTFUL_RATING_NAMES:
        if known in free:
            place = names.index(free[known])
            if are_ratings({row[place] for row in rows if place < len(row)}):
                return free[known]
    return None


def may_be_school_grades(column: str, values: Iterable[str]) -> bool:
    """Whether a column of ratings may hold school grades, of which 1 is the best in German, by its name and values."""
    numbers = [cell.strip().replace(",", ".") for cell in values if cell.strip()]
    if fields.normal(column) not in _SCHOOL_GRADES or not all(is_number(cell) for cell in numbers):
        return False
    return all(1 <= float(cell) <= _WORST_SCHOOL_GRADE for cell in numbers)


def is_role_name(name: str) -> bool:
    """Whether a column of that name would be taken for one of the roles, or is known to be about the queries."""
    normal = fields.normal(name)
    if about_queries(name) or normal in _SCHOOL_GRADES:
        return True
    return any(is_role_name_of(role, [normal]) for role in TABLE_ROLES)


def looks_like_table(rows: Sequence[Row]) -> bool:
    """Whether the row that names the columns has one for the queries."""
    if not rows:
        return False
    header = rows[rows_above(rows)].cells
    names = {fields.normal(cell) for cell in header}
    # alone in its row, a word such as "keyword" may be a query itself
    wanted = {*_NAMES["query"], *_NAMES["query_id"]} if len(header) > 1 else set(_NAMES["query"][:2])
    return bool(names & wanted)


def looks_like_documents(rows: Sequence[Row]) -> bool:
    """Whether the row that names the columns has one for texts and one for ids or titles, and none for queries."""
    if not rows:
        return False
    above = rows_above(rows)
    header = rows[above].cells
    names = {fields.normal(cell) for cell in header}
    if len(header) < 2 or is_role_name_of("rating", names) or is_role_name_of("score", names):
        return False
    words = {word for name in names for word in name.split()}
    texts = names & set(fields.NAMES["text"]) or words & set(fields.NAMES["text"])
    return bool(texts and (names & {*fields.NAMES["id"], *fields.NAMES["title"]} or "id" in words))


def is_role_name_of(role: str, names: Iterable[str]) -> bool:
    """Whether one of these names, in `fields.normal`'s spelling, is known for a role."""
    return not set(_NAMES[_name_of(role)]).isdisjoint(names)


def is_number(cell: str) -> bool:
    """Whether a cell is one number with a decimal point or without."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
