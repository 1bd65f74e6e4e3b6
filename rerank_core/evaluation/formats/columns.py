"""What the columns of a table of queries are: the roles there are, and which column plays which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rerank_core.documents.tables import fields
from rerank_core.documents.tables.table import Row, rows_above
from rerank_core.evaluation.grades.mapping import are_ratings
from rerank_core.evaluation.grades.vocabulary import DOUBTFUL_RATING_NAMES, RATING_NAMES

TABLE_ROLES = ("query", "query_id", "tag", "document", "id", "title", "rank", "score", "rating", "rater")
"""What a column can be: the query, its id and a label for it; the document's text, id and title; its place or score
in the initial order; a person's rating and who gave it. Every other column is kept as metadata of the document."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    "query": ("query", "query text", "question", "search", "search term", "search query", "keyword", "q", "ticket"),
    "query_id": ("query id", "qid", "queryid", "q id", "question id", "topic", "topic id"),
    "tag": ("tag", "tags", "query tag", "segment", "intent", "query type"),
    "document": ("document", *fields.NAMES["text"]),
    "id": fields.NAMES["id"],
    "title": fields.NAMES["title"],
    "rank": fields.NAMES["rank"],
    "score": fields.NAMES["score"],
    "rating": RATING_NAMES,
    "rater": fields.listed_names(
        "rater, rater id, annotator, annotator id, judge, assessor, assessor id, reviewer, rated by, worker, "
        "worker id, labeler, user email"
    ),
}
# About the query or about a case as a whole, however long: what somebody wants, or says, is no document to rank.
_NO_DOCUMENT = fields.listed_names(
    "information need, informationneed, notes, note, options, team name, case name, case id, date last scored, count, "
    "snapshot name, snapshot time"
)


def choose_roles(
    names: Sequence[str], rows: Sequence[Sequence[str]], columns: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Which column plays which role, guessed from the names, the text without a known name from its length.

    `columns` decides where it names a role: a column, or an empty string for none. Raises InvalidDocumentsError
    for a role or a column that does not exist.
    """
    chosen, refused = fields.requested(names, columns, TABLE_ROLES)
    for role in TABLE_ROLES:
        if role in chosen or role in refused:
            continue
        free = {fields.normal(name): name for name in reversed(names) if name not in chosen.values()}
        known = _NAMES[role]
        if role == "id" and "document" not in chosen and "query_id" in chosen:
            # in a file of ids alone, such as WANDS', "id" is that of the row and "product_id" that of the document
            known = (*known[1:], known[0])
        guess = next((free[name] for name in known if name in free), None)
        if guess is None and role == "rating":
            guess = _doubtful_rating(names, rows, free)
        if guess is not None:
            chosen[role] = guess
    if "document" not in chosen and "id" not in chosen and "document" not in refused:
        places = [place for place, name in enumerate(names) if name not in chosen.values()]
        length = {
            place: sum(len(row[place]) for row in rows if place < len(row) and not fields.is_number(row[place]))
            for place in places
            if not about_queries(names[place])
        }
        if any(length.values()):
            chosen["document"] = names[max(length, key=length.__getitem__)]
    return {role: chosen[role] for role in TABLE_ROLES if role in chosen}


def _doubtful_rating(names: Sequence[str], rows: Sequence[Sequence[str]], free: Mapping[str, str]) -> str | None:
    """A column whose name may mean ratings, if ratings are what is in it."""
    for known in DOUBTFUL_RATING_NAMES:
        if known in free:
            place = names.index(free[known])
            if are_ratings({row[place] for row in rows if place < len(row)}):
                return free[known]
    return None


def is_role_name(name: str) -> bool:
    """Whether a column of that name would be taken for one of the roles, or is known to be about the queries."""
    return about_queries(name) or any(fields.normal(name) in names for names in _NAMES.values())


def about_queries(name: str) -> bool:
    normal = fields.normal(name)
    return normal in _NO_DOCUMENT or normal.startswith("query ")


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
    return not set(_NAMES[role]).isdisjoint(names)


def is_number(cell: str) -> bool:
    """Whether a cell is one number with a decimal point or without."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
