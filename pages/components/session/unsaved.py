"""Runs of examples that started by themselves. They are in one session only, and a reload makes them again; where
somebody does something with one, it is saved."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace

from pages.components.session import page_state, stores
from rerank_core.storage.history.record import ALONE, Made
from rerank_core.storage.run_record import Run
from rerank_core.storage.sqlite_file import StoreError


@dataclass
class Unsaved:
    """The ids of the runs of this session that are in no store, each with what it is part of."""

    ids: dict[str, Made] = field(default_factory=dict)


def leave_out(run_id: str, made: Made = ALONE) -> None:
    """A run with this id is about to start, and is not saved when it ends; `made` is what it is part of then."""
    page_state.of(Unsaved).ids[run_id] = made


def describe(run_id: str, context: str) -> None:
    """What the page needs besides a run to show it again, for when it is saved."""
    ids = page_state.of(Unsaved).ids
    if run_id in ids:
        ids[run_id] = replace(ids[run_id], context=context)


def recall(run: Run, made: Made = ALONE) -> None:
    """A worker remembered a run for a later session; unless it is in the store, it is in that session only."""
    with contextlib.suppress(StoreError):
        if stores.runs().ownership(run.id) is None:
            leave_out(run.id, made)


def is_saved(run_id: str) -> bool:
    """Whether an address may name this run."""
    return run_id not in page_state.of(Unsaved).ids


def save(run: Run, made: Made | None = None) -> None:
    """Somebody rates, shares, pins or opens a run elsewhere: from now on it is theirs. `made` is what it is part of
    where that is known better by now. Raises StoreError."""
    known = page_state.of(Unsaved).ids.get(run.id)
    if known is not None:
        stores.runs().save(run, made or known)
        page_state.of(Unsaved).ids.pop(run.id, None)


def saved(run: Run, made: Made | None = None) -> Run:
    """The run, saved by now; where that fails it goes on, with a warning that says so."""
    try:
        save(run, made)
    except StoreError as error:
        return replace(run, response=replace(run.response, warnings=(*run.response.warnings, str(error))))
    return run
