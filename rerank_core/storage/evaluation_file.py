"""The SQLite file of query sets, ratings, experiments, thresholds and the marks that lead to them; shared by threads
and processes."""

from __future__ import annotations

import sqlite3
from typing import Literal

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.storage.ownership import OwnedFile, Ownership, refuse_change, refuse_opening
from rerank_core.storage.sqlite_file import FileKind

Table = Literal["query_sets", "experiments"]
_CALLED: dict[Table, str] = {"query_sets": "query set", "experiments": "experiment"}

# One script for each version of the file; never edit one that shipped.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE query_sets (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name BLOB NOT NULL,
        created TEXT NOT NULL,
        queries INTEGER NOT NULL,
        pairs INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        payload BLOB NOT NULL
    );
    CREATE TABLE ratings (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        query_set TEXT NOT NULL REFERENCES query_sets (id) ON DELETE CASCADE,
        rater BLOB NOT NULL,
        query BLOB NOT NULL,
        document BLOB NOT NULL,
        grade INTEGER NOT NULL,
        UNIQUE (query_set, rater, query, document)
    );
    CREATE TABLE experiments (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        query_set TEXT NOT NULL REFERENCES query_sets (id) ON DELETE CASCADE,
        name BLOB NOT NULL,
        created TEXT NOT NULL,
        contenders TEXT NOT NULL,
        spending_limit TEXT,
        queries INTEGER NOT NULL,
        state TEXT NOT NULL,
        asked TEXT NOT NULL DEFAULT '',
        ran_from REAL NOT NULL DEFAULT 0,
        note BLOB NOT NULL DEFAULT x''
    );
    CREATE INDEX experiments_by_set ON experiments (query_set);
    CREATE TABLE requests (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
        contender INTEGER NOT NULL,
        query INTEGER NOT NULL,
        started REAL NOT NULL,
        finished REAL,
        outcome TEXT NOT NULL,
        billed TEXT NOT NULL,
        reserved TEXT,
        amount TEXT,
        basis TEXT,
        units REAL,
        latency REAL,
        request_id BLOB,
        code BLOB,
        message BLOB,
        hint BLOB
    );
    CREATE INDEX requests_by_query ON requests (experiment, contender, query, number);
    CREATE TABLE answers (
        experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
        contender INTEGER NOT NULL,
        query INTEGER NOT NULL,
        request INTEGER NOT NULL,
        model BLOB,
        places BLOB NOT NULL,
        scores BLOB NOT NULL,
        UNIQUE (experiment, contender, query)
    );
    CREATE TABLE thresholds (
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        score REAL NOT NULL,
        how BLOB NOT NULL,
        set_at TEXT NOT NULL,
        PRIMARY KEY (provider, model)
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE experiments ADD COLUMN lanes TEXT NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE borderline_marks (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
        contender BLOB NOT NULL,
        query BLOB NOT NULL,
        document BLOB NOT NULL,
        mark TEXT NOT NULL,
        UNIQUE (experiment, contender, query, document)
    )
    """,
    """
    ALTER TABLE query_sets ADD COLUMN rank_fields TEXT NOT NULL DEFAULT '["text"]';
    ALTER TABLE experiments ADD COLUMN rank_fields TEXT NOT NULL DEFAULT '["text"]';
    """,
    # Keyword matching on this computer was called v2, after the hosted model in whose place it stands.
    """
    UPDATE borderline_marks SET contender = CAST('Keyword matching' AS BLOB)
    WHERE contender IN (CAST('v2' AS BLOB), CAST('v2 (On this computer)' AS BLOB)) AND experiment IN (
        SELECT number FROM experiments
        WHERE instr(contenders, '["local", "local-keyword", "' || CAST(contender AS TEXT) || '"]') > 0
    );
    UPDATE experiments SET contenders = replace(
        replace(contenders, '["local", "local-keyword", "v2"]', '["local", "local-keyword", "Keyword matching"]'),
        '["local", "local-keyword", "v2 (On this computer)"]', '["local", "local-keyword", "Keyword matching"]'
    );
    """,
    # The scores of two local models were fitted again: a threshold goes to where its texts went, by straight lines
    # between points of the two fits (Multilingual's at a keyword share of 0.1), and says so.
    """
    UPDATE thresholds SET
        score = CASE model WHEN 'local-english' THEN
            CASE WHEN score < 0.04 THEN score * 2.8
                 WHEN score < 0.2 THEN 0.112 + (score - 0.04) * 1.3
                 WHEN score < 0.6 THEN 0.32 + (score - 0.2) * 0.795
                 ELSE 0.638 + (score - 0.6) * 0.905 END
        ELSE
            CASE WHEN score < 0.05 THEN score * 2.7
                 WHEN score < 0.1 THEN 0.135 + (score - 0.05) * 5.8
                 WHEN score < 0.2 THEN 0.425 + (score - 0.1) * 3.75
                 ELSE 0.8 + (score - 0.2) * 0.25 END
        END,
        how = CAST(CAST(how AS TEXT) || ', carried over to the scores as they were fitted again' AS BLOB)
    WHERE provider = 'local' AND model IN ('local-english', 'local-multilingual') AND score BETWEEN 0 AND 1
    """,
    # What is there by now is everybody's.
    """
    ALTER TABLE query_sets ADD COLUMN owner TEXT NOT NULL DEFAULT '';
    ALTER TABLE query_sets ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE experiments ADD COLUMN owner TEXT NOT NULL DEFAULT '';
    ALTER TABLE experiments ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE ratings ADD COLUMN owner TEXT NOT NULL DEFAULT '';
    ALTER TABLE ratings ADD COLUMN rated_at TEXT NOT NULL DEFAULT '';
    CREATE TABLE owned_thresholds (
        owner TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        score REAL NOT NULL,
        how BLOB NOT NULL,
        set_at TEXT NOT NULL,
        shared INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (owner, provider, model)
    ) WITHOUT ROWID;
    INSERT INTO owned_thresholds SELECT '', provider, model, score, how, set_at, 0 FROM thresholds;
    DROP TABLE thresholds;
    ALTER TABLE owned_thresholds RENAME TO thresholds;
    """,
    # By which a set is known to have changed, apart from the row with its large payload (a set without such a row was
    # not changed since it was saved); and what was worked out from the answers of an experiment.
    """
    CREATE TABLE set_versions (
        query_set TEXT PRIMARY KEY REFERENCES query_sets (id) ON DELETE CASCADE,
        contents INTEGER NOT NULL,
        ratings INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE kept_figures (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
        key BLOB NOT NULL,
        value BLOB NOT NULL,
        UNIQUE (experiment, key)
    );
    """,
)


class ExperimentFile(OwnedFile):
    """The file `experiments.sqlite3`; every use may raise ExperimentError, also for what is another's (codes
    not_shared, not_yours)."""

    kind = FileKind(
        "experiments.sqlite3",
        "experiments",
        0x52504C58,  # "RPLX"
        _MIGRATIONS,
        ExperimentError,
        "move that file away, and a new one is started at the next use",
        durable=True,
    )

    def _ownership(self, db: sqlite3.Connection, table: Table, thing: str) -> Ownership | None:
        """Whose a query set or an experiment is; None where there is none with this id."""
        found = db.execute(f"SELECT owner, shared FROM {table} WHERE id = ?", (thing,)).fetchone()  # noqa: S608
        return None if found is None else Ownership(found[0], bool(found[1]))

    def _to_open(self, db: sqlite3.Connection, table: Table, thing: str) -> None:
        """Raise ExperimentError where a thing is there and may not be opened."""
        found = self._ownership(db, table, thing)
        if found is not None:
            refuse_opening(self.actor, found, ExperimentError, _CALLED[table])

    def _to_change(self, db: sqlite3.Connection, table: Table, thing: str) -> None:
        """Raise ExperimentError where a thing is there and may not be changed."""
        found = self._ownership(db, table, thing)
        if found is not None:
            refuse_change(self.actor, found, ExperimentError, _CALLED[table])
