"""TREC qrels and run files, as trec_eval reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rerank_core.documents.report import count
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.imported import ImportBuilder, Imported, parse_number

RUN_ID = "rerank-playground"
"""The name written in a run's last column where it has none of its own."""

_WHITE = re.compile(r"[ \t\r\f\v]+")  # C's isspace; other white space is part of an id
_UNFIT = re.compile(r"[ \t\r\n\f\v\x00\ufeff]|^#|^$")


def read_qrels(text: str) -> Imported:
    """Judgments from lines of `query iteration document grade`; the iteration is ignored, as trec_eval does.

    Lines that begin with # are comments.
    """
    builder = ImportBuilder("trec-qrels")
    for line, cells in _lines(text):
        if len(cells) != 4:
            found = count(len(cells), "part")
            builder.refuse(line, f"This line has {found}; a judgment has 4: query, iteration, document, grade.")
            continue
        query, _, document, rating = cells
        builder.rate(line, query, document, rating)
    return builder.finish()


def read_run(text: str) -> Imported:
    """A run from lines of `query Q0 document rank score name`.

    As in trec_eval the rank is ignored: the highest score comes first, and of equal scores the document id that
    comes last in byte order. What follows the name is ignored; the name of the last line is the run's.
    """
    builder = ImportBuilder("trec-run")
    for line, cells in _lines(text):
        if len(cells) < 5:
            found = count(len(cells), "part")
            builder.refuse(line, f"This line has {found}; a result has 6: query, Q0, document, rank, score, name.")
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
    """A run as TREC expects it. Its own scores are written where they give this very order, else scores that fall
    by one from rank to rank. Raises InvalidRequestError for ids with white space."""
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
        keys = [
            _best_last(score, document) for score, document in zip(scores, documents, strict=True) if score is not None
        ]
        if len(keys) != len(documents) or keys != sorted(keys, reverse=True):
            scores = [float(len(documents) - place) for place in range(len(documents))]
        lines += [
            f"{query} Q0 {document} {rank} {score!r} {name}\n"
            for rank, (document, score) in enumerate(zip(documents, scores, strict=True), start=1)
        ]
    return "".join(lines).encode("utf-8", "replace")


def _best_last(score: float, document: str) -> tuple[float, bytes]:
    return score, document.encode("utf-8", "surrogatepass")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip(" \t\r\f\v")
        if stripped and not stripped.startswith("#"):
            yield number, _WHITE.split(stripped)


def _check(ids: Iterable[str]) -> None:
    for name in ids:
        if _UNFIT.search(name):
            raise InvalidRequestError(
                f"The id {name!r} is empty, begins with # or holds white space, which TREC files cannot hold.",
                hint="Export as a table or BEIR instead, or use ids without spaces.",
            )
