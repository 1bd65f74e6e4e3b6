"""Columns without names: what three, four or two of them are, by what stands in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.documents.tables.rows import Row
from rerank_core.documents.tables.table import Table
from rerank_core.evaluation.formats.columns import is_number
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.table import read_known

_WHOLE = re.compile(r"[-+]?\d{1,6}")
_ID = re.compile(r"\S{1,100}")
_WIDEST = 8
_DECIMALS_OF_RATINGS = 2
_TEXT_OF_DOCUMENTS = 100

_RANKS_NOTE = (
    "The third column holds whole numbers that rise by one within each query, so it was read as ranks. If they are "
    "ratings, choose '{ratings}' under 'Kind of file'; if they are scores, choose '{scores}'."
)
_SCORES_NOTE = (
    "The third column holds decimal numbers, so it was read as scores, the highest first. If they are ratings, choose "
    "'{ratings}' under 'Kind of file'."
)
_KINDS = {"ratings": "OpenSearch judgments", "scores": "Run with scores", "ranks": "Run with ranks"}
RATINGS_NOTE = (
    f"The third column has no name and was read as ratings. If it holds scores, choose '{_KINDS['scores']}' under "
    f"'Kind of file'; if it holds ranks, choose '{_KINDS['ranks']}'."
)
"""What is said of a third column without a name that is taken for ratings."""


def kind_of_rows(rows: Sequence[Row]) -> str | None:
    """What the rows of a file without names for its columns are, None where they are nothing that is known."""
    if not rows:
        return None
    usual, number = Counter(len(row.cells) for row in rows).most_common(1)[0]
    if 2 * number <= len(rows):
        return None
    cells = [[cell.strip() for cell in row.cells] for row in rows if len(row.cells) == usual]
    if usual == 3:
        named = not is_number(cells[0][2]) and len(cells) > 1 and all(is_number(row[2]) for row in cells[1:])
        return None if named else _kind_of_threes(cells, len(rows))
    if usual == 4 and _share(_ID.fullmatch(row[0]) and _ID.fullmatch(row[1]) for row in cells) > 0.9:
        texts = _share(" " in row[2] and " " in row[3] and not is_number(row[3]) for row in cells)
        return "top1000" if texts > 0.5 else None
    if usual == 2 and _share(_ID.fullmatch(row[0]) and any(map(str.isdigit, row[0])) for row in cells) > 0.9:
        return _kind_of_pairs(cells)
    return None


def kind_of_blanks(lines: Sequence[str]) -> str | None:
    """The same of lines whose cells are kept apart by blanks."""
    rows = [Row(0, line.split()) for line in lines if not line.startswith("#")]
    same = Counter(len(row.cells) for row in rows)
    if len(rows) > 1 and 2 * same[3] > len(rows):
        return _kind_of_threes([row.cells for row in rows if len(row.cells) == 3], len(rows))
    return None


def read_ranked(text: str) -> Imported:
    """A run from rows of `query, document, rank`, as MS MARCO has them."""
    return _read("ranked-run", text, ("query", "id", "rank"), [_RANKS_NOTE.format(**_KINDS)])


def read_scored(text: str) -> Imported:
    """A run from rows of `query, document, score`, the highest first."""
    return _read("scored-run", text, ("query", "id", "score"), [_SCORES_NOTE.format(**_KINDS)])


def read_top1000(text: str) -> Imported:
    """Queries and candidates from rows of `query id, document id, query, document`, in the order of the file."""
    note = "Such files have no ranks: the candidates of each query stand in the order of the file."
    return _read("top1000", text, ("query_id", "id", "query", "document"), [note])


def read_queries(text: str) -> Imported:
    """Queries from rows of `id, text`."""
    return _read("id-queries", text, ("query_id", "query"))


def read_documents(text: str) -> Imported:
    """Documents from rows of `id, text`."""
    return _read("id-documents", text, ("id", "document"))


def read_rows(text: str) -> Table:
    """The rows of a text whose cells are kept apart by a delimiter, else by blanks where most lines have as many."""
    table = read_delimited(text, COLLECTION_LIMITS)
    if 2 * sum(len(row.cells) > 1 for row in table.rows) > len(table.rows):
        return table
    split = [Row(number, line.split()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    widths = Counter(len(row.cells) for row in split)
    even = [width for width in range(3, _WIDEST + 1) if 2 * widths[width] > len(split)]
    return Table([row for row in split if not row.cells[0].startswith("#")]) if even else table


def _read(kind: str, text: str, roles: Sequence[str], notes: Sequence[str] = ()) -> Imported:
    return read_known(kind, read_rows(text), roles, notes)


def _kind_of_threes(cells: Sequence[Sequence[str]], rows: int) -> str | None:
    """Of `query, document, number`: ranks, where they begin at 1 within each query and rise, mostly by one; scores,
    where they have many decimals; else ratings."""
    numbered = [row for row in cells if is_number(row[2])]
    if 2 * len(numbered) <= rows:
        return None
    if all(_WHOLE.fullmatch(row[2]) for row in numbered):
        return "ranked-run" if _are_ranks(numbered) else "opensearch-judgments"
    decimals = max(len(row[2].lower().partition("e")[0].partition(".")[2]) for row in numbered)
    return (
        "scored-run"
        if decimals > _DECIMALS_OF_RATINGS or any("e" in row[2].lower() for row in numbered)
        else ("opensearch-judgments")
    )


def _are_ranks(rows: Sequence[Sequence[str]]) -> bool:
    lists: dict[str, list[int]] = {}
    for query, _, number in rows:
        lists.setdefault(query, []).append(int(number))
    starts = {ranks[0] for ranks in lists.values()}
    steps = [after - before for ranks in lists.values() for before, after in pairwise(ranks)]
    # 0 and 1 are what most ratings are, so ranks from 0 on are only believed of longer lists
    long = starts == {1} or (starts == {0} and max(map(len, lists.values())) > 2)
    return bool(steps) and long and min(steps) > 0 and 2 * steps.count(1) > len(steps)


def _kind_of_pairs(cells: Sequence[Sequence[str]]) -> str | None:
    """Of `id, text`: documents where the texts are long, queries where they are short."""
    if len({row[0] for row in cells}) < len(cells) or _share(" " in row[1] for row in cells) <= 0.5:
        return None
    return "id-documents" if sum(len(row[1]) for row in cells) > _TEXT_OF_DOCUMENTS * len(cells) else "id-queries"


def _share(found: Iterable[object]) -> float:
    listed = [bool(one) for one in found]
    return sum(listed) / len(listed) if listed else 0.0
