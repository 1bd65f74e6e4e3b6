"""Runs of examples that started by themselves. They are in one session only, and a reload makes them again; where
somebody does something with one, it is saved."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace

from pages.components.session import page_state, stores
from rerank_core.storage.run_record import Run
from rerank_core.storage.sqlite_file import StoreError


@dataclass
class Unsaved:
    """The ids of the runs of this session that are in no store."""

    ids: set[str] = field(default_factory=set)


def leave_out(run_id: str) -> None:
    """A run with this id is about to start, and is not saved when it ends."""
    page_state.of(Unsaved).ids.add(run_id)


def recall(run: Run) -> None:
    """A worker remembered a run for a later session; unless it is in the store, it is in that session only."""
    with contextlib.suppress(StoreError):
        if stores.runs().ownership(run.id) is None:
            leave_out(run.id)


def is_saved(run_id: str) -> bool:
    """Whether an address may name this run."""
    return run_id not in page_state.of(Unsaved).ids


def save(run: Run) -> None:
    """Somebody rates, shares, pins or opens a run elsewhere: from now on it is theirs. Raises StoreError."""
    if not is_saved(run.id):
        stores.runs().save(run)
        page_state.of(Unsaved).ids.discard(run.id)


def saved(run: Run) -> Run:
    """The run, saved by now; where that fails it goes on, with a warning that says so."""
    try:
        save(run)
    except StoreError as error:
        return replace(run, response=replace(run.response, warnings=(*run.response.warnings, str(error))))
    return run
