"""The thresholds of models and the marks of borderline pairs that lead to them, in the file of the experiments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.measures.cutoff import Threshold
from rerank_core.storage.evaluation_file import ExperimentFile
from rerank_core.storage.ownership import LISTED, Ownership, listed, refuse_change
from rerank_core.storage.sqlite_file import as_bytes, as_text


class ThresholdFile(ExperimentFile):
    """Everybody keeps one threshold a model, and finds the ones that are shared where they keep none themselves."""

    # Thresholds

    def set_threshold(self, provider: str, model: str | None, score: float | None, how: str = "set by hand") -> None:
        """Keep one's own threshold of a model, or forget it with None: another that is shared holds from then on."""
        key = (self.actor.keeper, provider, model or "")
        with self._writing() as db:
            if score is None:
                own = "owner = ? AND provider = ? AND model = ?"
                gone = db.execute(f"DELETE FROM thresholds WHERE {own}", key).rowcount  # noqa: S608
                if self.actor.person is None:
                    db.execute("DELETE FROM thresholds WHERE provider = ? AND model = ?", key[1:])
                elif self.actor.operator and not gone:
                    db.execute(f"DELETE FROM thresholds WHERE {own}", ("", *key[1:]))  # noqa: S608
            else:
                db.execute(
                    "INSERT INTO thresholds (owner, provider, model, score, how, set_at) VALUES (?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (owner, provider, model) "
                    "DO UPDATE SET score = excluded.score, how = excluded.how, set_at = excluded.set_at",
                    (*key, float(score), as_bytes(how), datetime.now(UTC).isoformat(timespec="microseconds")),
                )

    def share_threshold(self, found: Threshold, shared: bool = True) -> None:
        """Let everyone here find a threshold who keeps none for its model, or take that back."""
        refuse_change(self.actor, Ownership(found.owner, found.shared), ExperimentError, "threshold")
        with self._writing() as db:
            db.execute(
                "UPDATE thresholds SET shared = ? WHERE owner = ? AND provider = ? AND model = ?",
                (shared, found.owner, found.provider, found.model or ""),
            )

    def threshold(self, provider: str, model: str | None) -> Threshold | None:
        """The threshold kept for a model, None where there is none."""
        return self.thresholds().get((provider, model))

    def thresholds(self) -> dict[tuple[str, str | None], Threshold]:
        """The threshold that holds for who asks, by provider and model: their own, else the one that was shared last,
        else everybody's."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT provider, model, score, how, set_at, owner, shared FROM thresholds "  # noqa: S608
                f"WHERE {LISTED} ORDER BY owner = :person, owner != '', set_at",
                listed(self.actor),
            ).fetchall()
            return {  # later ones take the place of those before
                (provider, model or None): Threshold(
                    provider, model or None, score, as_text(how), datetime.fromisoformat(set_at), owner, bool(shared)
                )
                for provider, model, score, how, set_at, owner, shared in rows
            }

    # Borderline pairs

    def marks(self, experiment_id: str, contender: str) -> dict[tuple[str, str], str]:
        """What was said of the pairs (query id, document id) that one contender of an experiment, named by its label,
        may be cut at; in the sequence in which it was said. Empty where there is no such experiment."""
        with self._reading() as db:
            self._to_open(db, "experiments", experiment_id)
            rows = db.execute(
                "SELECT query, document, mark FROM borderline_marks WHERE contender = ? "
                "AND experiment = (SELECT number FROM experiments WHERE id = ?) ORDER BY number",
                (as_bytes(contender), experiment_id),
            ).fetchall()
            return {(as_text(query), as_text(document)): mark for query, document, mark in rows}

    def mark(self, experiment_id: str, contender: str, pairs: Sequence[tuple[str, str]], mark: str | None) -> None:
        """Say this of pairs of a contender, in place of what was said before, or take it back with None. Raises
        ExperimentError (experiment_not_found) where there is no such experiment."""
        with self._writing() as db:
            found = db.execute("SELECT number FROM experiments WHERE id = ?", (experiment_id,)).fetchone()
            if found is None:
                raise ExperimentError(
                    "There is no such experiment.", code="experiment_not_found", hint="It may have been deleted."
                )
            self._to_change(db, "experiments", experiment_id)
            rows = [(found[0], as_bytes(contender), as_bytes(query), as_bytes(document)) for query, document in pairs]
            db.executemany(
                "DELETE FROM borderline_marks WHERE experiment = ? AND contender = ? AND query = ? AND document = ?",
                rows,
            )
            if mark is not None:
                db.executemany(
                    "INSERT INTO borderline_marks (experiment, contender, query, document, mark) "
                    "VALUES (?, ?, ?, ?, ?)",
                    [(*row, mark) for row in rows],
                )
