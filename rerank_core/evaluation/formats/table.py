"""A spreadsheet of queries with their documents: the format for people who have no other."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.report import ParsedDocuments, Problems
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.documents.tables.guess import ColumnGuess
from rerank_core.documents.tables.numbers import has_decimal_commas, with_points
from rerank_core.documents.tables.roles import by_role
from rerank_core.documents.tables.rows import PlainRows, Row
from rerank_core.documents.tables.table import (
    TOTAL,
    Table,
    documents_of,
    error_words,
    is_error,
    numbered_columns,
    requested_header,
    rows_above,
    unique_names,
    within_columns,
    without_totals,
)
from rerank_core.documents.tables.workbook import read_workbook
from rerank_core.evaluation.formats.columns import TABLE_ROLES, guess_roles, layout
from rerank_core.evaluation.formats.imported import UNNAMED_RATER, ImportBuilder, Imported, parse_number
from rerank_core.evaluation.formats.json_files.annotations import chosen_in
from rerank_core.evaluation.formats.whole_columns import take_columns

_SMALL = re.compile(r"\d(\.0)?")
# what a column of documents is called among documents, and here
_RESULTS = frozenset(("document", "title", "rank", "score"))  # with one of these a row is of a list of results
_OF_DOCUMENTS = {"text": "document", "id": "id", "title": "title"}


def read_table(text: str, columns: Mapping[str, str] | None = None) -> Imported:
    """Read a CSV or TSV whose first row names the columns; see `guess_columns` for which column is what.

    One row is one document of one query. Rows of a query keep their order, unless there is a column with ranks
    (the lowest first; a document without one is judged but not in the list) or scores (the highest first). Where
    there is no id the text is the document's id, and where there is no query id the query's text is. A row with a
    query and nothing else stands for a query that found nothing; a table without documents is a list of queries.
    Lines above the names of the columns are passed over; where most queries are blank, as below merged cells, the
    query above is meant; ratings may be numbers, words or marks (see grades). A table without queries holds documents,
    for queries of another file.
    """
    return _read(read_delimited(text, COLLECTION_LIMITS, by_quepid=True), columns)


def read_table_workbook(data: bytes, columns: Mapping[str, str] | None = None) -> Imported:
    """The same from a sheet of an Excel workbook, by default the first that holds anything, else the "sheet" that is
    in `columns`. Raises documents.decoding.Unreadable for a damaged workbook, InvalidDocumentsError for a sheet that
    does not exist."""
    requested = dict(columns or {})
    table, sheet, sheets = read_workbook(data, COLLECTION_LIMITS, requested.pop("sheet", None))
    return replace(_read(table, requested), sheet=sheet, sheets=sheets)


def read_known(kind: str, table: Table, roles: Sequence[str], notes: Sequence[str] = ()) -> Imported:
    """Rows without names of which it is known what each column is; `notes` say how that is known."""
    return replace(read_rows(kind, table, roles, {role: role for role in roles}, notes), columns=(), chosen={})


def read_rows(
    kind: str, table: Table, names: Sequence[str], columns: Mapping[str, str] | None = None, notes: Sequence[str] = ()
) -> Imported:
    """Rows whose columns have names that stand elsewhere, such as the keys of JSON objects. Where `columns` names any,
    no other column is taken for a role but those of a document's text and title."""
    wanted = {**dict.fromkeys(TABLE_ROLES, ""), **columns} if columns else {}
    for guessed in ("document", "title") if columns else ():
        if guessed not in (columns or {}):
            del wanted[guessed]
    named = replace(table, rows=[Row(0, names), *table.rows], notes=(*notes, *table.notes))
    return replace(_read(named, {**wanted, "header": "yes"}), kind=kind, header=None)


def read_columns(text: str, columns: Mapping[str, str]) -> Imported:
    """No more than the columns of what may be a table, for somebody to say what they are."""
    requested = dict(columns)
    names, body, header = _header_and_rows(read_delimited(text, COLLECTION_LIMITS), requested_header(requested))
    return Imported("", columns=tuple(names), header=header, **layout(guess_roles(names, (row.cells for row in body))))


def _read(table: Table, columns: Mapping[str, str] | None) -> Imported:
    requested = dict(columns or {})
    wanted = requested_header(requested)
    table = within_columns(table, COLLECTION_LIMITS)
    builder = ImportBuilder("table", problems=table.left_out(), reading_notes=list(table.notes))
    if not table.rows:
        builder.refuse(0, "The table is empty.")
        return builder.finish()
    names, body, header = _header_and_rows(table, wanted)
    line = table.rows[len(table.rows) - len(body) - header].line
    if line != table.rows[0].line:
        builder.refuse(table.rows[0].line, f"What stands above the names of the columns in line {line} is left out.")
    body, totals = without_totals(body)
    for total in totals:
        builder.refuse(total, TOTAL)
    guess = guess_roles(names, (row.cells for row in body), requested)
    builder.reading_notes += guess.notes
    roles = _judged(builder, names, body, guess.chosen, requested)
    guess = replace(guess, chosen=roles)
    if "query" not in roles and "query_id" not in roles:
        return _only_documents(table, {**requested, "header": wanted})
    if "document" not in roles and "id" not in roles:
        _only_queries(builder, line, body, names, roles)
    else:
        _with_documents(builder, replace(table, rows=body), names, roles)
    return replace(builder.finish(), columns=tuple(names), header=header, **layout(guess))


def _judged(
    builder: ImportBuilder,
    names: Sequence[str],
    body: Sequence[Row],
    roles: Mapping[str, str],
    requested: Mapping[str, str],
) -> dict[str, str]:
    """The roles with a column "score" as ratings where such files have ratings under that name: beside "corpus-id", as
    BEIR has it, or as small whole numbers beside ids alone, as ranx has it. A rater without ratings is none."""
    found = dict(roles)
    if "rating" not in found:
        found.pop("rater", None)
    if "score" in requested or "score" not in found or found.keys() & {"rating", "rank", "document", "query"}:
        return found
    place = names.index(found["score"])
    cells = {row.cells[place].strip() for row in body if place < len(row.cells)} - {""}
    if fields.normal(found.get("id", "")) == "corpus id":
        note = "As in BEIR's files, the numbers under '{}' are ratings."
    elif cells and all(_SMALL.fullmatch(cell) for cell in cells):
        note = "The whole numbers under '{}' were read as ratings. If they are scores, choose that column as the score."
    else:
        return found
    builder.reading_notes.append(note.format(found["score"]))
    found["rating"] = found.pop("score")
    return found


def _only_documents(table: Table, requested: Mapping[str, str], kind: str = "table") -> Imported:
    """The documents of a table without queries, read as the import of documents reads it."""
    names = {here: there for there, here in _OF_DOCUMENTS.items()}
    wanted = {names.get(role, role): name for role, name in requested.items() if role in (*names, "header") and name}
    parsed = documents_of(table, "csv", COLLECTION_LIMITS, wanted)
    return from_documents(parsed, kind)


def from_documents(parsed: ParsedDocuments, kind: str) -> Imported:
    """An import of documents as one of an evaluation. A document without an id goes by its text."""
    problems = Problems(found=parsed.problems, more=parsed.more_problems)
    builder = ImportBuilder(kind, problems=problems, reading_notes=list(parsed.notes))
    for document in by_role(parsed):
        text, about = document.text, dict(document.metadata)
        title = str(about.pop("title", None) or "")
        name = document.id or text.strip()
        builder.document(0, name, text)
        if title.strip():
            builder.title(0, name, title)
        if about and name not in builder.metadata:
            builder.metadata[name] = about
    chosen = {_OF_DOCUMENTS[role]: name for role, name in parsed.chosen.items() if role in _OF_DOCUMENTS}
    unsure = tuple(_OF_DOCUMENTS[role] for role in parsed.unsure if role in _OF_DOCUMENTS)
    guess = layout(ColumnGuess(chosen, unsure, parsed.samples))
    return replace(builder.finish(), columns=parsed.columns, header=parsed.header, **guess)


def _with_documents(builder: ImportBuilder, table: Table, names: Sequence[str], roles: Mapping[str, str]) -> None:
    """Take the rows of a table, without its header, that names documents of queries."""
    only_rates = _only_rates(roles)
    if only_rates:
        builder.reading_notes.append("Without ranks, scores or texts the rows are ratings and no order.")
    builder.row_order = not {"rank", "score"} & roles.keys()
    if isinstance(table.rows, PlainRows) and take_columns(builder, table.rows, names, roles, places=not only_rates):
        return
    body = _filled_down(builder, table.rows, names, roles)
    commas = {
        role: has_decimal_commas(row.cells[place] for row in body if place < len(row.cells))
        for role in ("rank", "score")
        if role in roles
        for place in [names.index(roles[role])]
    }
    where = [(role, names.index(name)) for role, name in roles.items()]
    extra = [(name, place) for place, name in enumerate(names) if name not in roles.values()]
    for line, cells in body:
        if len(cells) != len(names):
            if table.ragged or len(cells) > len(names):
                builder.refuse(line, f"This row has {len(cells)} cells where the header has {len(names)}.")
                continue
            cells = [*cells, *[""] * (len(names) - len(cells))]
        known = _without_errors(builder, line, roles, {role: cells[place] for role, place in where})
        for role, comma in commas.items():
            known[role] = with_points(known[role], commas=comma)
        _add(builder, line, known, {name: cells[place] for name, place in extra})


def _header_and_rows(table: Table, header: str = "") -> tuple[Sequence[str], Sequence[Row], bool]:
    """The names of the columns, no two alike, the rows that they name, and whether the file itself names them. With
    `header` "yes" its very first row does, with "no" none; both are empty for an empty table."""
    if not table.rows or header == "no":
        return numbered_columns(table.rows), table.rows, False
    above = 0 if header else rows_above(table.rows)
    return unique_names(table.rows[above].cells), table.rows[above + 1 :], True


def _filled_down(
    builder: ImportBuilder, body: Sequence[Row], names: Sequence[str], roles: Mapping[str, str]
) -> Sequence[Row]:
    """The rows with the query of the row above where most have none: merged cells hold a value once."""
    places = [names.index(roles[role]) for role in ("query", "query_id", "tag") if role in roles]
    asking = places[: 1 + ("query" in roles and "query_id" in roles)]
    blank = [not any(row.cells[place].strip() for place in asking if place < len(row.cells)) for row in body]
    if 2 * sum(blank) <= len(body) or blank[0]:
        return body
    filled: list[Row] = []
    for row, empty in zip(body, blank, strict=True):
        cells = list(row.cells)
        for place in places if empty else ():
            if place < len(cells):
                cells[place] = filled[-1].cells[place] if place < len(filled[-1].cells) else ""
        filled.append(Row(row.line, cells))
    builder.refuse(0, f"{sum(blank):,} rows without a query belong to the query above them, as below merged cells.")
    return filled


def _only_queries(
    builder: ImportBuilder, header: int, body: Sequence[Row], names: Sequence[str], roles: Mapping[str, str]
) -> None:
    """Take the queries of a table that names no documents; a first stage can find some for them."""
    about = [roles[role] for role in ("rank", "score", "rating") if role in roles]
    if about:
        left = " and ".join(f"'{name}'" for name in about)
        builder.refuse(header, f"No column holds the documents or their ids, so only the queries are read, not {left}.")
    others = [place for place, name in enumerate(names) if name not in roles.values()]
    filled = {place for place in others if any(place < len(row.cells) and row.cells[place].strip() for row in body)}
    if filled:
        left = ", ".join(f"'{names[place]}'" for place in sorted(filled))
        builder.refuse(header, f"Of a list of queries only the queries are read, not {left}.")
    for line, cells in body:
        row = dict(zip(names, cells, strict=False))
        known = _without_errors(builder, line, roles, {role: row.get(name, "") for role, name in roles.items()})
        query_id = known.get("query_id", known.get("query", "")).strip()
        text = known.get("query", query_id).strip()
        if not query_id or not text:
            builder.refuse(line, "The query is blank.")
        elif query_id in builder.queries and builder.queries[query_id] == text:
            builder.refuse(line, f"The query '{text}' stands twice; this line is left out.")
        else:
            builder.query(line, query_id, text)
            _tag(builder, line, query_id, known)


def _without_errors(
    builder: ImportBuilder, line: int, roles: Mapping[str, str], known: dict[str, str]
) -> dict[str, str]:
    """The cells of a row by their roles, those made blank, with a problem, that hold an error in place of a result."""
    for role, cell in known.items():
        if cell[:1] == "#" and is_error(cell):
            builder.refuse(line, f"The '{roles[role]}' cell holds {error_words(cell)}.")
            known[role] = ""
    return known


def _add(builder: ImportBuilder, line: int, row: Mapping[str, str], extra: Mapping[str, str]) -> None:
    """Take one row; what is wrong in one cell costs that cell where the rest makes sense without it."""
    query_id = row.get("query_id", row.get("query", "")).strip()
    text = row.get("query", query_id).strip()
    if not query_id or not text:
        builder.refuse(line, "The query is blank.")
        return
    body = row.get("document", "")
    if "id" not in row:
        body = body.strip()  # it is the id as well, and one that ends with a space cannot be written by any format
    name = row["id"].strip() if "id" in row else body
    builder.query(line, query_id, text)
    _tag(builder, line, query_id, row)
    if not name:
        if any(row.get(role, "").strip() for role in ("document", "rank", "score", "rating", "title")):
            builder.refuse(line, "The document id is blank." if "id" in row else "The document is blank.")
        elif not _only_rates(row):
            builder.places.setdefault(query_id, {})
        return
    if body.strip() and not builder.fits(line, name, body):
        if "id" not in row:
            return
        body = ""
    name = builder.named(query_id, name, body) if body.strip() else builder.aliases.get(query_id, {}).get(name, name)
    if row.get("title", "").strip():
        builder.title(line, name, row["title"])
    if "rater" not in row or name not in builder.metadata:  # else they are about the rating, of which there are several
        builder.cells(line, name, dict(extra))
    _rate(builder, line, (query_id, name), row)


def _rate(builder: ImportBuilder, line: int, pair: tuple[str, str], row: Mapping[str, str]) -> None:
    """Take the rating of a query and a document, and the document's place."""
    query_id, name = pair
    rating = chosen_in(row.get("rating", "").strip())
    if "rater" in row:
        if name not in builder.places.get(query_id, {}):
            _place(builder, line, query_id, name, row)
        builder.rate(line, query_id, name, rating, rater=row["rater"].strip() or UNNAMED_RATER)
        return
    known = builder.rated(query_id, name)
    if not rating or rating == known or name not in builder.places.get(query_id, {}):
        if _place(builder, line, query_id, name, row):  # else the whole row is a repetition, which has been said
            builder.rate(line, query_id, name, rating)
        return
    there = f"'{name}' is in the results of '{query_id}' already"
    if known is None:
        builder.rate(line, query_id, name, rating)
        builder.refuse(line, f"{there}, without a rating; of this row only the rating is taken.")
    else:
        builder.refuse(
            line, f"{there}, rated {known[:40]} there; it is kept, and this row, rated {rating[:40]}, is left out."
        )


def _only_rates(roles: Collection[str]) -> bool:
    """Whether a table with columns for these roles has ratings and nothing that makes its rows a list of results."""
    return "rating" in roles and _RESULTS.isdisjoint(roles)


def _place(builder: ImportBuilder, line: int, query: str, document: str, row: Mapping[str, str]) -> bool:
    """Put a document where its rank or score wants it, if it has any; False, and a problem, if it is there already."""
    if _only_rates(row):
        return True
    key: tuple[float, float] = (0.0, line)
    try:
        score = parse_number(row["score"], "score") if row.get("score", "").strip() else None
        if "rank" in row:
            if not row["rank"].strip():
                return True
            key = (parse_number(row["rank"], "rank"), line)
        elif "score" in row:
            key = (float("inf") if score is None else -score, line)
    except ValueError as error:
        builder.refuse(line, f"{error} The document goes last.")
        score, key = None, (float("inf"), line)
    placed = builder.place(line, query, document, key)
    if placed and score is not None:
        builder.scores.setdefault(query, {})[document] = score
    return placed


def _tag(builder: ImportBuilder, line: int, query: str, row: Mapping[str, str]) -> None:
    tag = row.get("tag", "").strip()
    if tag and builder.tags.setdefault(query, tag) != tag:
        builder.refuse(line, f"The query has the tag '{builder.tags[query]}' above; '{tag}' is left out.")
