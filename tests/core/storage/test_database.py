"""The one database of everything that is kept, in SQLite and in PostgreSQL."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, func, insert, select, text

from rerank_core.errors import ConfigurationError, RerankError
from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.storage import migrations
from rerank_core.storage.database import Database
from rerank_core.storage.schema import metadata
from rerank_core.storage.schema.votes import named_runs
from rerank_core.storage.sqlite_file import StoreError
from tests.support.databases import address_of


def _count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(named_runs)).scalar_one())


def test_the_steps_lead_to_the_tables(database: Database) -> None:
    """What the migrations make is what the modules of the schema say, column by column."""
    with database.write() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_steps_are_a_chain() -> None:
    """Each step follows the one before it by name, so that two branches of work do not both come last."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    config.set_main_option("path_separator", "os")
    steps = list(ScriptDirectory.from_config(config).walk_revisions())[::-1]
    assert [step.revision for step in steps] == migrations.known()
    assert [step.down_revision for step in steps] == [None, *migrations.known()[:-1]]


def test_what_was_written_is_there(database: Database) -> None:
    """A write is one transaction: all of it is there after it, none of it where an exception came out."""
    with database.write() as connection:
        connection.execute(insert(named_runs), [{"run": "a", "owner": ""}, {"run": "b", "owner": ""}])
    assert _count(database) == 2
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        print(connection.execute(delete(named_runs)).rowcount // 0)
    assert _count(database) == 2


def test_a_read_sees_one_moment(database: Database) -> None:
    """What others commit meanwhile is not seen until the next one."""
    with database.read() as connection:
        before = connection.execute(select(func.count()).select_from(named_runs)).scalar_one()
        writer = threading.Thread(target=_add, args=(database, "x"))
        writer.start()
        writer.join()
        assert connection.execute(select(func.count()).select_from(named_runs)).scalar_one() == before
    assert _count(database) == before + 1


def _add(database: Database, run: str) -> None:
    with database.write() as connection:
        connection.execute(insert(named_runs).values(run=run, owner=""))


def test_a_writer_reads_what_it_wrote(database: Database) -> None:
    """Within a write, reading and writing go over its connection."""
    with database.write() as connection:
        connection.execute(insert(named_runs).values(run="a", owner=""))
        with database.write() as same, database.read() as again:
            assert same is connection
            assert again is connection
        assert _count(database) == 1


def test_writers_wait_for_each_other(database: Database) -> None:
    """What a writer has read stays so until it commits: numbers that many threads count up are all there."""
    with database.write() as connection:
        connection.execute(insert(named_runs).values(run="0", owner="counter"))

    def count_up() -> None:
        for _ in range(10):
            with database.write("counting") as connection:
                where = named_runs.c.owner == "counter"
                now = int(connection.execute(select(named_runs.c.run).where(where)).scalar_one())
                connection.execute(named_runs.update().where(where).values(run=str(now + 1)))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.execute(select(named_runs.c.run)).scalar_one() == "40"


def test_two_that_open_at_once_make_one_schema(empty_address: str) -> None:
    """The steps are taken under a lock, so servers may start together."""
    failed: list[BaseException] = []

    def start() -> None:
        try:
            Database.open(empty_address).close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_a_newer_schema_is_refused(empty_address: str) -> None:
    """A database that a newer version has changed is left as it is, with a sentence."""
    with Database.open(empty_address) as database, database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v9999_later'"))
    with pytest.raises(StoreError, match="newer version"):
        Database.open(empty_address)
    with pytest.raises(StoreError, match="newer version"):
        Database.open(empty_address)


def test_the_error_is_of_the_class_that_was_asked_for(tmp_path: Path) -> None:
    """Each store raises its own."""
    (tmp_path / "file").write_text("no folder")
    database = Database.at(tmp_path / "file" / "playground.sqlite3")
    with pytest.raises(ExperimentError), database.read(ExperimentError):
        pass


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://ann:s3cr3t-word@[::1/x",
        "postgresql+psycopg://ann:s3cr3t-word@127.0.0.1:no-port/x",
        "mysql://ann:s3cr3t-word@127.0.0.1/x",
        "ann:s3cr3t-word@127.0.0.1",
        "sqlite://",
        "postgresql+psycopg://ann:s3cr3t-word@127.0.0.1:1/x",
        "postgresql+psycopg://ann@127.0.0.1:1/x?password=s3cr3t-word",
    ],
)
def test_no_password_is_shown(address: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address's password is in no message, no log and no repr, of the errors behind it neither."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("RERANK_DATABASE_URL", address)
    database = Database()
    with pytest.raises(RerankError) as found:
        database.prepare()
    shown: list[object] = [found.value, caplog.text]
    error: BaseException | None = found.value
    while error is not None:
        shown += [error, repr(error), *error.args]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if isinstance(found.value, StoreError):
        shown += [database, database.address, repr(database.address)]
    assert "s3cr3t-word" not in " ".join(map(str, shown))


def test_an_address_that_is_none_says_how_one_is_written() -> None:
    """With an example."""
    with pytest.raises(ConfigurationError) as found:
        Database.open("mysql://127.0.0.1/x")
    assert "postgresql+psycopg://" in found.value.hint


def test_a_killed_writer_leaves_nothing_half_done(database: Database) -> None:
    """A process that is killed within a write has written nothing, and what it wrote before is there."""
    code = (
        "import os, signal, sys\n"
        "from sqlalchemy import insert\n"
        "from rerank_core.storage.database import Database\n"
        "from rerank_core.storage.schema.votes import named_runs\n"
        "database = Database.open(sys.argv[1])\n"
        "with database.write() as connection:\n"
        "    connection.execute(insert(named_runs).values(run='whole', owner=''))\n"
        "print('saved', flush=True)\n"
        "with database.write() as connection:\n"
        "    connection.execute(insert(named_runs).values(run='half', owner=''))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, address_of(database)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "saved\n", done.stderr
    with database.write() as connection:  # not held up by what the dead one held
        assert connection.execute(select(named_runs.c.run)).scalars().all() == ["whole"]
