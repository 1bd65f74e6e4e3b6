"""Everything of a history as one file, and back: lines of JSON, compressed by gzip, one thing a line.

The first line says what it is. Runs come before the entries that are of them, query sets before their experiments. What
is there already, by its id, is left as it is, so that a file may be read twice. Numbers are those of this database.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, Any, get_args

from sqlalchemy import Connection, Row, Table, insert, select

from rerank_core.evaluation.experiments.records import ExperimentState
from rerank_core.rank_fields import checked_fields
from rerank_core.storage.evaluation import query_set_record
from rerank_core.storage.evaluation.sizes import REQUEST_BYTES
from rerank_core.storage.history import judging_line
from rerank_core.storage.history.filing import contenders_of, file_experiment, include_run
from rerank_core.storage.history.record import PAGES, HistoryEntry, HistoryPage, Made, Wanted
from rerank_core.storage.history.store import HistoryStore
from rerank_core.storage.judging.store import JudgingStore
from rerank_core.storage.pieces import cut, joined
from rerank_core.storage.run_record import from_bytes, to_bytes
from rerank_core.storage.schema.evaluation import answers, experiments, query_sets, requests
from rerank_core.storage.schema.history import history
from rerank_core.storage.schema.runs import runs
from rerank_core.storage.sqlite_file import UNREADABLE, StoreError

FORMAT, VERSION = "rerank-playground-history", 1
MOST_BYTES = 4_000_000_000
"""Bytes of a file once it is unpacked."""

MOST_LINE = 256_000_000
_AT_ONCE = 200
AsWhom = Callable[[str], str | None]
_EXPERIMENT = (
    "id",
    "query_set",
    "created",
    "contenders",
    "spending_limit",
    "queries",
    "rank_fields",
    "pinned",
    "reuse",
)
_STATES = get_args(ExperimentState)


class HistoryFileError(StoreError):
    """A file of a history cannot be read. What was taken in before stays."""

    default_code = "history_file"
    default_hint = "What was taken in before that stays. Ask for the file once more."


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of a file: entries that are new, and those that were there already."""

    new: int
    known: int


def write_history(
    store: HistoryStore, to: IO[bytes], wanted: Wanted | None = None, as_whom: AsWhom | None = None
) -> int:
    """Write everything that who asks lists, or what is `wanted`, to a binary file; how many entries that were. Raises
    StoreError.

    `as_whom` says by which name who asks sees the query set of an id, None for all of it (JudgingStore.seen): what they
    are not to see yet is not written. Without it that is left to whom the store acts for.
    """
    as_whom = as_whom or (lambda _set_id: None)
    count = 0
    with gzip.GzipFile(fileobj=to, mode="wb", mtime=0) as packed:

        def line(record: dict[str, Any]) -> None:
            packed.write(json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n")

        line({"format": FORMAT, "version": VERSION})
        written: set[str] = set()
        for entry in _all(store, wanted or Wanted()):
            for record in _records(store, entry, written, as_whom):
                line(record)
            count += 1
    return count


def history_bytes(store: HistoryStore, wanted: Wanted | None = None, as_whom: AsWhom | None = None) -> bytes:
    """What `write_history` writes."""
    target = io.BytesIO()
    write_history(store, target, wanted, as_whom)
    return target.getvalue()


def read_history(store: HistoryStore, source: IO[bytes]) -> TakenIn:
    """Take in what `write_history` wrote; all of it belongs to who asks from then on, and nothing is shared. Raises
    HistoryFileError for anything else, and StoreError where it cannot be kept."""
    lines = _lines(source)
    first = next(lines, {})
    if first.get("format") != FORMAT:
        raise HistoryFileError(
            "This is no file of a history.",
            hint="Use one that was saved on the History page; its name ends in .history.gz.",
        )
    if first.get("version") != VERSION:
        raise HistoryFileError("This file was written by a newer version.", hint="Update the playground.")
    reader = _Reader(store)
    for record in lines:
        try:
            reader.take(record)
        except UNREADABLE as error:
            raise HistoryFileError("A line of this file cannot be read; it is damaged.") from error
    return TakenIn(reader.new, reader.known)


# Out


def _all(store: HistoryStore, wanted: Wanted) -> Iterator[HistoryEntry]:
    while True:
        found = store.find(wanted, _AT_ONCE)
        yield from found.entries
        if not found.more:
            return
        wanted = replace(wanted, before=found.entries[-1].cursor)


def _records(store: HistoryStore, entry: HistoryEntry, written: set[str], as_whom: AsWhom) -> Iterator[dict[str, Any]]:
    """The lines of an entry: what it is of and has not been written yet, then the entry."""
    for run_id in entry.runs:
        if run_id not in written:
            run = store.acting_runs().get(run_id)
            if run is not None:
                written.add(run_id)
                of_it = {
                    "id": run_id,
                    "asked": store.request_of(run_id),
                    "sent": store.sent_of(run_id),
                    "ratings": list(run.ratings.items()),
                }
                payload, documents = to_bytes(run)
                whole = {"run": _packed(payload), "documents": _packed(joined(cut(documents)))}
                yield {"kind": "run"} | whole | of_it
    if entry.query_set:
        if entry.query_set not in written:
            written.add(entry.query_set)
            yield _query_set(store, entry.query_set, as_whom)
        yield _experiment(store, entry.id)
    yield {
        "kind": "entry",
        "id": entry.id,
        "page": entry.page,
        "runs": list(entry.runs),
        "name": entry.name,
        "note": entry.note,
        "tags": list(entry.tags),
        "pinned": entry.ownership.pinned,
        "context": store.context(entry.id),
    }


def _query_set(store: HistoryStore, set_id: str, as_whom: AsWhom) -> dict[str, Any]:
    found = store.acting_sets().get(set_id)
    if found is None:
        raise StoreError("A query set was deleted meanwhile.", hint="Try again.")
    judged = JudgingStore(store.database, store.acting_sets()).acting_for(store.actor)
    name = as_whom(set_id)
    found = judged.seen(set_id, found, name)
    return {
        "kind": "query_set",
        "id": set_id,
        "set": _packed(query_set_record.to_bytes(found)),
        "name": found.name,
        "rank_fields": list(found.rank_fields),
        "judgments": {
            rater: {query: dict(own) for query, own in grades.items()} for rater, grades in found.judgments.items()
        },
    } | judging_line.to_parts(judged.seen_judging(set_id, name), found.settled)


def _experiment(store: HistoryStore, experiment_id: str) -> dict[str, Any]:
    with store.database.read() as db:
        row = db.execute(select(experiments).where(experiments.c.id == experiment_id)).one()
        of_it = {"kind": "experiment", "called": row.name, "state": row.state, "said": row.note}
        for table in (requests, answers):
            order = [column for column in table.c if column.primary_key]
            found = db.execute(select(table).where(table.c.experiment == row.number).order_by(*order))
            of_it[table.name] = [_row(table, each) for each in found]
        return of_it | {name: getattr(row, name) for name in _EXPERIMENT}


def _row(table: Table, row: Row[Any]) -> dict[str, Any]:
    values = {column.name: getattr(row, column.name) for column in table.c if column.name != "experiment"}
    return {name: {"bytes": _packed(value)} if isinstance(value, bytes) else value for name, value in values.items()}


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# In


def _lines(source: IO[bytes]) -> Iterator[dict[str, Any]]:
    left = MOST_BYTES
    try:
        with gzip.GzipFile(fileobj=source, mode="rb") as packed:
            while line := packed.readline(MOST_LINE + 1):
                left -= len(line)
                if left < 0 or len(line) > MOST_LINE:
                    raise HistoryFileError(
                        "This file is larger than what is taken in at once.", hint="Save a part of the history."
                    )
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise ValueError("a line is an object")
                yield record
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise HistoryFileError(
            "This is no file of a history, or it is damaged.",
            hint="Use one that was saved on the History page; its name ends in .history.gz.",
        ) from error


class _Reader:
    """Takes in a thing with its entry, which comes after what it is of."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store
        self._runs: dict[str, dict[str, Any]] = {}
        self._sets: dict[str, dict[str, Any]] = {}
        self._set_ids: dict[str, str] = {}
        self._experiments: dict[str, dict[str, Any]] = {}
        self.new = self.known = 0

    def take(self, record: dict[str, Any]) -> None:
        """One line. Raises what is in UNREADABLE where it is none of ours."""
        kind = record["kind"]
        if kind == "entry":
            self._entry(record)
            return
        waiting = {"run": self._runs, "query_set": self._sets, "experiment": self._experiments}[kind]
        waiting[_text(record["id"])] = record

    def _entry(self, record: dict[str, Any]) -> None:
        thing, page, store = _text(record["id"]), record["page"], self._store
        if page not in PAGES:
            raise ValueError("an unknown page")
        with store.database.write(store.subject) as db:
            if db.execute(select(history.c.number).where(history.c.id == thing)).first() is not None:
                self.known += 1
                return
            if page == "evaluate":
                self._experiment(db, self._experiments.pop(thing))
            else:
                self._run_entry(db, thing, page, record)
            if page != "evaluate":
                store.rename(thing, _text(record["name"]))
            store.note(thing, _text(record["note"]))
            store.tag(thing, [_text(tag) for tag in record["tags"]])
            if record["pinned"] is True:
                store.pin(thing)
        self.new += 1

    def _run_entry(self, db: Connection, thing: str, page: HistoryPage, record: dict[str, Any]) -> None:
        mine = self._store.acting_runs()
        context = _text(record["context"])
        for place, run_id in enumerate(map(_text, record["runs"])):
            made = Made(page, thing, place, context=context)
            there = db.execute(select(runs.c.created).where(runs.c.id == run_id)).scalar()
            if there is not None:
                include_run(db, run_id, made, there)
                continue
            given = self._runs.pop(run_id)
            ratings = {int(index): int(grade) for index, grade in given["ratings"]}
            run = from_bytes(base64.b64decode(given["run"]), base64.b64decode(given["documents"]), ratings)
            if run.id != run_id:
                raise ValueError("another run")
            mine.save(run, replace(made, asked=_text(given["asked"]), sent=_text(given.get("sent", ""))))

    def _experiment(self, db: Connection, record: dict[str, Any]) -> None:
        created = datetime.fromisoformat(record["created"]).astimezone(UTC)
        contenders = contenders_of(record["contenders"])
        limit = record["spending_limit"]
        given = [_values(answers, row) for row in record["answers"]]
        if any(len(row["places"]) * 2 != len(row["scores"]) or len(row["places"]) % 4 for row in given):
            raise ValueError("each place has a score")
        size = sum(len(row["places"]) + len(row["scores"]) for row in given)
        self._store.acting_experiments().make_room(db, size + REQUEST_BYTES * len(record["requests"]))
        state = record["state"] if record["state"] in _STATES and record["state"] != "running" else "interrupted"
        made = db.execute(
            insert(experiments).values(
                id=_text(record["id"]),
                query_set=self._query_set(db, _text(record["query_set"])),
                name=_text(record["called"]),
                created=created.isoformat(timespec="microseconds"),
                contenders=json.dumps([[one.provider, one.model, one.label] for one in contenders]),
                spending_limit=None if limit is None else str(Decimal(limit)),
                queries=int(record["queries"]),
                state=state,
                note=_text(record["said"]),
                reuse=record.get("reuse") is True,
                rank_fields=json.dumps(checked_fields(json.loads(record["rank_fields"]))),
                owner=self._store.actor.keeper,
            )
        )
        number = int((made.inserted_primary_key or (0,))[0])
        numbers: dict[int, int] = {}
        for row in record["requests"]:
            values = _values(requests, row)
            old = values.pop("number")
            put = db.execute(insert(requests).values(**values, experiment=number))
            numbers[old] = int((put.inserted_primary_key or (0,))[0])
        if given:
            rows = [row | {"experiment": number, "request": numbers[row["request"]]} for row in given]
            db.execute(insert(answers), rows)
        file_experiment(db, number)

    def _query_set(self, db: Connection, old: str) -> str:
        """The id of a query set here: of the same one where it is there, else of a new one."""
        if old in self._set_ids:
            return self._set_ids[old]
        there = db.execute(select(query_sets.c.owner, query_sets.c.shared).where(query_sets.c.id == old)).first()
        actor = self._store.actor
        if there is not None and actor.may_open(there.owner, bool(there.shared)):
            return self._set_ids.setdefault(old, old)
        record = self._sets.pop(old)
        judgments = {
            _text(rater): {
                _text(query): {_text(name): int(grade) for name, grade in own.items()} for query, own in grades.items()
            }
            for rater, grades in record["judgments"].items()
        }
        found = replace(
            query_set_record.from_bytes(base64.b64decode(record["set"])),
            name=_text(record["name"]),
            judgments=judgments,
            rank_fields=checked_fields(record["rank_fields"]),
        )
        judging, settled = judging_line.from_parts(record)
        sets = self._store.acting_sets()
        new = sets.save(found)
        JudgingStore(self._store.database, sets).acting_for(actor).take_in(new, judging, settled)
        return self._set_ids.setdefault(old, new)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _values(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row as its table takes it: of every column a value of its type."""
    found = {}
    for column in table.c:
        if column.name == "experiment":
            continue
        if column.name not in row and (column.nullable or column.server_default is not None):
            continue  # a file of before there was such a column
        value = row[column.name]
        if isinstance(value, dict):
            value = base64.b64decode(value["bytes"])
        kind = column.type.python_type
        if value is None and not column.nullable:
            raise ValueError("a value is missing")
        if value is not None and not (isinstance(value, kind) or (kind is float and isinstance(value, int))):
            raise TypeError("a value of another type")
        found[column.name] = value
    return found
