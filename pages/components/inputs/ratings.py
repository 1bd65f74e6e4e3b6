"""What is rated on a board: kept with the run, in this session and on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pages.components.display import errors
from pages.components.session import page_state, stores, unsaved
from rerank_core.storage.run_record import Run
from rerank_core.storage.sqlite_file import StoreError


@dataclass
class Ratings:
    """The grades that this session sees, by run id and index in the input; and why one could not be saved."""

    given: dict[str, dict[int, int]] = field(default_factory=dict)
    error: StoreError | None = None

    def of(self, run: Run) -> dict[int, int]:
        """The grades of a run; those of an earlier visit are looked up once."""
        if run.id not in self.given:
            self.given[run.id] = dict(run.ratings) or _saved(run.id)
        return self.given[run.id]


def of(run: Run) -> Run:
    """The run with the grades that it has by now."""
    return replace(run, ratings=page_state.of(Ratings).of(run))


def rate(runs: Sequence[Run], index: int, grade: int | None) -> None:
    """Rate the document at this index of the input of each run, or take its rating back with None.

    Where it cannot be saved it stays in this session, and `show_error` says so.
    """
    current = page_state.of(Ratings)
    current.error = None
    for run in runs:
        grades = current.of(run)
        grades.pop(index, None)
        if grade is not None:
            grades[index] = grade
        try:
            unsaved.save(run)
            stores.runs().set_rating(run.id, index, grade)
        except StoreError as error:
            current.error = error


def share(runs: Sequence[Run]) -> None:
    """Give each of several runs over the same documents the grades that any of them has, the first one's first."""
    current = page_state.of(Ratings)
    known = {index: grade for run in reversed(runs) for index, grade in current.of(run).items()}
    for run in runs:
        for index, grade in known.items():
            if current.of(run).get(index) != grade:
                rate([run], index, grade)


def show_error() -> None:
    """Say once that a rating could not be saved."""
    current = page_state.of(Ratings)
    if current.error is not None:
        errors.show(current.error, title="This rating is in this browser tab only")
        current.error = None


def _saved(run_id: str) -> dict[int, int]:
    try:
        return stores.runs().ratings(run_id)
    except StoreError:  # what cannot be read is said where it is about saved runs; a board is shown all the same
        return {}
