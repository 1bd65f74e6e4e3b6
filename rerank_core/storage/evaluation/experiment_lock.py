"""An experiment is run by one thread of one process of one server at a time; the lock ends with the process that holds
it."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import delete

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.storage.connection.server_lock import ServerLock, taken
from rerank_core.storage.database import Database
from rerank_core.storage.locks import exclusive
from rerank_core.storage.schema.replicas import work
from rerank_core.storage.sqlite_file import trouble_of

_PATIENCE = 1.0  # seconds: `held` takes the lock for a moment to see whether it is free
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@contextlib.contextmanager
def hold(database: Database, experiment_id: str) -> Iterator[Callable[[], bool]]:
    """Run an experiment alone. Gives what says whether the lock is still held, and takes it again where PostgreSQL has
    lost it. Raises ExperimentError (experiment_running) where somebody else runs it."""
    file = database.file
    if file is not None:
        path = _path(file, experiment_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with exclusive(path, _PATIENCE, _explained):
            yield lambda: True
        return
    lock = ServerLock(database, _name(experiment_id))
    end = time.monotonic() + _PATIENCE  # PostgreSQL needs a moment to see that a holder is dead
    while not lock.take():
        if time.monotonic() > end:
            raise running_error()
        time.sleep(0.05)
    try:
        yield lock.still
    finally:
        lock.release()


def held(database: Database, experiment_id: str) -> bool:
    """Whether somebody runs an experiment right now, in any process of this machine or, with PostgreSQL, of any."""
    file = database.file
    if file is None:
        with database.read(ExperimentError) as db:
            return taken(db, _name(experiment_id))
    path = _path(file, experiment_id)
    if not path.exists():
        return False
    try:
        with exclusive(path, 0.0, _explained):
            return False
    except ExperimentError as error:
        return error.code == "experiment_running"


def forget(database: Database, experiment_id: str) -> None:
    """Remove what is kept of whoever ran an experiment that is deleted."""
    with database.write(error=ExperimentError) as db:
        db.execute(delete(work).where(work.c.id == experiment_id))
    if database.file is not None:
        _path(database.file, experiment_id).unlink(missing_ok=True)


def running_error() -> ExperimentError:
    """The error for an experiment that is in use."""
    return ExperimentError(
        "This experiment is running.", code="experiment_running", hint="Wait for it, or pause or cancel it first."
    )


def no_such_experiment() -> ExperimentError:
    """The error for an id that no experiment has."""
    return ExperimentError(
        "There is no such experiment.", code="experiment_not_found", hint="It may have been deleted."
    )


def _explained(error: Exception, path: Path) -> ExperimentError:
    if trouble_of(error) == "busy":
        return running_error()
    return ExperimentError(
        f"The lock file {path} cannot be used.", hint="Check that the folder can be read and written."
    )


def _path(file: Path, experiment_id: str) -> Path:
    return file.parent / f"{file.name}-locks" / _checked(experiment_id)


def _name(experiment_id: str) -> str:
    return f"experiment {_checked(experiment_id)}"


def _checked(experiment_id: str) -> str:
    if not _ID.fullmatch(experiment_id):
        raise no_such_experiment()
    return experiment_id
