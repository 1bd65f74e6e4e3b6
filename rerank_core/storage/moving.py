"""Everything that a database holds goes into another one: from the file of this computer to PostgreSQL, and back.

python -m rerank_core.storage.moving to-postgresql
python -m rerank_core.storage.moving to-file

The PostgreSQL is the one that RERANK_DATABASE_URL names: an address on a command line would show its password to
everybody on the computer. The app must not run meanwhile.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select, text

from rerank_core.errors import RerankError
from rerank_core.storage.connection.address import DATABASE_VARIABLE, resolved
from rerank_core.storage.database import Database
from rerank_core.storage.schema import metadata
from rerank_core.storage.schema.taken_over import taken_over
from rerank_core.storage.sqlite_file import StoreError, home

_ROWS = 50  # at a time: a row may be large


def copy_everything(source: Database, target: Database) -> int:
    """Copy every row of a database into another one that holds nothing, in one transaction there and as it is at one
    moment here; how many rows. The source stays as it is. Raises StoreError, with nothing copied, where the target
    holds something or either cannot be used."""
    tables = [table for table in metadata.sorted_tables if table is not taken_over]
    with source.read() as reading, target.write("moving") as writing:
        for table in tables:
            if writing.execute(select(table).limit(1)).first() is not None:
                raise StoreError(
                    f"The database ({target.address}) holds something, and nothing is put over it.",
                    hint="Name another one, or an empty one.",
                )
        return sum(_copied(reading, writing, table) for table in tables)


def _copied(reading: Connection, writing: Connection, table: Table) -> int:
    count = 0
    rows = reading.execution_options(yield_per=_ROWS).execute(select(table))
    for some in rows.mappings().partitions(_ROWS):
        writing.execute(insert(table), [dict(row) for row in some])
        count += len(some)
    if "number" in table.columns and table.columns["number"].autoincrement is True:
        _go_on_counting(writing, table, _counted(reading, table))
    return count


def _counted(reading: Connection, table: Table) -> int:
    """The largest number that a row of a table ever had; it is not used again."""
    largest = int(reading.execute(select(func.coalesce(func.max(table.c.number), 0))).scalar_one())
    if reading.dialect.name == "postgresql":
        sequence = reading.execute(text("SELECT pg_get_serial_sequence(:table, 'number')"), {"table": table.name})
        found = reading.execute(
            text("SELECT pg_sequence_last_value(CAST(:name AS regclass))"), {"name": sequence.scalar()}
        )
    else:
        found = reading.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table.name})
    return max(largest, int(found.scalar() or 0))


def _go_on_counting(writing: Connection, table: Table, counted: int) -> None:
    if not counted:
        return
    named = {"table": table.name, "number": counted}
    if writing.dialect.name == "postgresql":
        writing.execute(text("SELECT setval(pg_get_serial_sequence(:table, 'number'), :number)"), named)
    else:
        writing.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), named)
        writing.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :number)"), named)


def move(direction: str, folder: Path | None = None) -> str:
    """Copy what is kept, "to-postgresql" or "to-file"; the sentence that says what was done. Raises RerankError."""
    server = resolved()
    if server.file is not None:
        raise StoreError(
            f"{DATABASE_VARIABLE} names no PostgreSQL.", hint="Set it to the address, and start this command again."
        )
    with Database.open(folder=folder or home()) as file, Database(server) as there:
        source, target = (file, there) if direction == "to-postgresql" else (there, file)
        count = copy_everything(source, target)
        return (
            f"Copied {count:,} rows from {source.address} to {target.address}. Knowledge bases stay files of this "
            "computer. What was copied is still where it was."
        )


def main(arguments: list[str]) -> int:
    """`to-postgresql` or `to-file`; gives the exit code."""
    if len(arguments) != 1 or arguments[0] not in ("to-postgresql", "to-file"):
        print("Say: to-postgresql, or to-file", file=sys.stderr)
        return 2
    try:
        print(move(arguments[0]))
    except RerankError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
