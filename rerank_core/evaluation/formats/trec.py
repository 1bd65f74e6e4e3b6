"""TREC qrels and run files, as trec_eval reads them."""

from __future__ import annotations

import math
import re
import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rerank_core.documents.report import count
from rerank_core.documents.tables import fields
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.columns import is_number, is_role_name_of
from rerank_core.evaluation.formats.imported import ImportBuilder, Imported, parse_number

RUN_ID = "rerank-playground"
"""The name written in a run's last column where it has none of its own."""

_BLANKS = " \t\r\f\v"
_WHITE = re.compile(f"[{_BLANKS}]+")  # C's isspace; other white space is part of an id
_SECOND = ("q0", "0", "1", "iter")
_UNFIT = re.compile(r"[ \t\r\n\f\v\x00\ufeff]|^#|^$")


def kind_of_lines(lines: Sequence[str]) -> str | None:
    """Whether most lines are judgments or results, a first line of names left aside; None where they are neither.

    One line that is not does not make the others something else, and few lines that are make no file.
    """
    data = [line for line in lines if not line.startswith("#")]
    parts = [_parts(line.strip(_BLANKS)) for line in data]
    body = parts[1:] if len(parts) > 1 and _is_header(parts[0]) else parts
    for kind, fits in (("trec-run", _is_result), ("trec-qrels", _is_judgment)):
        found = [cells for cells in body if fits(cells)]
        if not found or 2 * len(found) < len(body):
            continue
        # whatever the second part is, it is the same all the way down: words of queries are not
        same = Counter(cells[1] for cells in found).most_common(1)[0][1]
        if len(found) == len(body) or (len(body) > 1 and 2 * same > len(body)) or found[0][1].lower() in _SECOND:
            return kind
    return None


def read_qrels(text: str) -> Imported:
    """Judgments from lines of `query iteration document grade`; the iteration is ignored, as trec_eval does.

    Lines that begin with # are comments, and a first line may name the columns.
    """
    builder = ImportBuilder("trec-qrels")
    behind = 0
    for line, cells in _lines(text, builder):
        if len(cells) == 5 and _is_judgment(cells):
            cells, behind = cells[:4], behind + 1
        if len(cells) != 4:
            found = count(len(cells), "part")
            builder.refuse(line, f"This line has {found}; a judgment has 4: query, iteration, document, grade.")
            continue
        query, _, document, rating = cells
        builder.rate(line, query, document, rating)
    if behind:
        builder.reading_notes.append(f"What stands behind the grade in {count(behind, 'line')} is left out.")
    return builder.finish()


def read_run(text: str) -> Imported:
    """A run from lines of `query Q0 document rank score name`.

    As in trec_eval the rank is ignored: the highest score comes first, and of equal scores the document id that
    comes last in byte order. What follows the name is ignored; the name of the last line is the run's.
    """
    builder = ImportBuilder("trec-run")
    for line, cells in _lines(text, builder):
        if len(cells) == 5 and not is_number(cells[4]) and is_number(cells[2]):
            cells = [cells[0], "Q0", *cells[1:]]  # without the second part, which means nothing
        if len(cells) < 5:
            found = count(len(cells), "part")
            builder.refuse(line, f"This line has {found}; a result has 6: query, Q0, document, rank, score, name.")
            continue
        if len(cells) > 6 and is_number(cells[5]):
            builder.refuse(
                line,
                f"This line has {len(cells)} parts where a result has 6: an id with a space in it takes two. Save the "
                "results as a table, or with tabs between the parts.",
            )
            continue
        query, document = cells[0], cells[2]
        try:
            score = parse_number(cells[4], "score")
        except ValueError as error:
            builder.refuse(line, str(error))
            continue
        if builder.place(line, query, document, _best_last(score, document)):
            builder.scores.setdefault(query, {})[document] = score
            if len(cells) > 5:
                builder.notes["run_id"] = cells[5]
    _say_ties(builder)
    return builder.finish(best_last=True)


def write_qrels(imported: Imported) -> bytes:
    """Judgments as TREC qrels. Raises InvalidRequestError for ids with white space, which the format cannot hold."""
    if not any(imported.judgments.values()):
        raise InvalidRequestError("There are no judgments to write.", hint="Rate some results first.")
    _check(imported.judgments)
    for grades in imported.judgments.values():
        _check(grades)
    return "".join(
        f"{query} 0 {document} {grade}\n"
        for query, grades in imported.judgments.items()
        for document, grade in grades.items()
    ).encode("utf-8", "replace")


def write_run(imported: Imported) -> bytes:
    """A run as TREC expects it. Its own scores are written where they give this very order in the 32 bits that
    trec_eval keeps of a score, else scores that fall by one from rank to rank. Raises InvalidRequestError for ids
    with white space."""
    if not any(imported.run.values()):
        raise InvalidRequestError("There is no run to write.", hint="Rerank some queries first.")
    name = imported.notes.get("run_id", RUN_ID)
    _check(imported.run)
    _check([name])
    lines = []
    for query, documents in imported.run.items():
        _check(documents)
        own = imported.scores.get(query, {})
        scores = [own.get(document) for document in documents]
        kept = [None if score is None else _in_32_bits(score) for score in scores]
        keys = [
            _best_last(score, document) for score, document in zip(kept, documents, strict=True) if score is not None
        ]
        if len(keys) != len(documents) or keys != sorted(keys, reverse=True):
            scores = [float(len(documents) - place) for place in range(len(documents))]
        lines += [
            f"{query} Q0 {document} {rank} {score!r} {name}\n"
            for rank, (document, score) in enumerate(zip(documents, scores, strict=True), start=1)
        ]
    return "".join(lines).encode("utf-8", "replace")


def _in_32_bits(score: float) -> float:
    try:
        found: float = struct.unpack("f", struct.pack("f", score))[0]
    except OverflowError:
        return math.copysign(math.inf, score)
    return found


def _say_ties(builder: ImportBuilder) -> None:
    """Say in how many queries trec_eval takes scores for equal, since they differ beyond its 32 bits only."""
    # rounding keeps the order of scores and only makes some equal
    other = sum(
        len(set(array("f", exact))) < len(exact) for exact in (set(own.values()) for own in builder.scores.values())
    )
    if other:
        queries = f"{other:,} {'query' if other == 1 else 'queries'}"
        builder.reading_notes.append(
            f"In {queries} scores differ by less than trec_eval can tell; it goes by the ids of such documents. Here "
            "the scores count as they are; a run that is downloaded has scores that trec_eval can tell."
        )


def _best_last(score: float, document: str) -> tuple[float, bytes]:
    return score, document.encode("utf-8", "surrogatepass")


def _lines(text: str, builder: ImportBuilder) -> Iterator[tuple[int, list[str]]]:
    """Each line with its parts, without comments and without names above them."""
    first = True
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip(_BLANKS)
        if not stripped or stripped.startswith("#"):
            continue
        cells = _parts(stripped)
        if first and _is_header(cells):
            builder.reading_notes.append(f"Line {number:,} was read as the names of the columns.")
        else:
            yield number, cells
        first = False


def _parts(line: str) -> list[str]:
    """The parts of a line that has no blanks around it. Between tabs or commas a part may hold blanks; else each blank
    ends one."""
    # where all can be printed, the one white space is the blank, and splitting at it is quicker
    blanks = line.split() if line.isprintable() else _WHITE.split(line)
    if len(blanks) in (4, 6) and "\t" not in line:
        return blanks
    for mark in "\t,;" if len(blanks) < 4 else "\t":
        cells = [cell.strip() for cell in line.split(mark)]
        if len(cells) in (4, 6) and all(cells) and is_number(cells[3 if len(cells) == 4 else 4]):
            return cells
    return blanks


def _is_header(cells: Sequence[str]) -> bool:
    """Whether the parts of a first line are names: one is known, and the last two are no numbers."""
    if len(cells) < 3 or any(is_number(cell) for cell in cells[2:]):
        return False
    names = {fields.normal(cell) for cell in cells}
    return is_role_name_of("query", names) or is_role_name_of("query_id", names)


def _is_judgment(cells: Sequence[str]) -> bool:
    """Whether parts are a judgment, one with a word behind its grade included."""
    return (len(cells) == 4 or (len(cells) == 5 and not is_number(cells[4]))) and is_number(cells[3])


def _is_result(cells: Sequence[str]) -> bool:
    """Whether parts are a result: with a rank and a score behind each other, as no query has them."""
    if len(cells) == 5 and not is_number(cells[4]):
        return is_number(cells[2]) and is_number(cells[3])
    return len(cells) >= 5 and is_number(cells[4]) and is_number(cells[3])


def _check(ids: Iterable[str]) -> None:
    for name in ids:
        if _UNFIT.search(name):
            raise InvalidRequestError(
                f"The id {name!r} is empty, begins with # or holds white space, which TREC files cannot hold.",
                hint="Export as a table or BEIR instead, or use ids without spaces.",
            )
