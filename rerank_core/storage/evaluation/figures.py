"""Figures that were worked out from the answers of an experiment, kept with it."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, insert, select

from rerank_core.storage.evaluation.request_log import RequestLog
from rerank_core.storage.schema.evaluation import experiments, kept_figures

FIGURES = 24
"""How much that was worked out is kept of one experiment; each choice of a filter makes three more."""

_CHECK = 16
_experiment, _figure = experiments.c, kept_figures.c


class FigureStore(RequestLog):
    """What was worked out from the answers of experiments."""

    def kept_figures(self, experiment_id: str, key: bytes) -> bytes | None:
        """What was kept of an experiment under this key; None where nothing is, or something else than was kept."""
        with self._reading() as db:
            number = self._row(db, experiment_id, _experiment.number)[0]
            asked = select(_figure.value).where(_figure.experiment == number, _figure.key == key)
            found = db.execute(asked).first()
            if found is None:
                return None
            check, value = bytes(found[0][:_CHECK]), bytes(found[0][_CHECK:])
            return value if check == _check(key, value) else None

    def keep_figures(self, experiment_id: str, key: bytes, value: bytes) -> None:
        """Keep what was worked out from the answers of an experiment, until it is deleted. `key` has to stand for all
        that it was worked out from; the last FIGURES are kept."""
        with self._writing() as db:
            number = self._row(db, experiment_id, _experiment.number)[0]
            db.execute(delete(kept_figures).where(_figure.experiment == number, _figure.key == key))
            db.execute(insert(kept_figures).values(experiment=number, key=key, value=_check(key, value) + value))
            of_it = select(_figure.number).where(_figure.experiment == number).order_by(_figure.number.desc())
            beyond = db.execute(of_it.offset(FIGURES).limit(1)).scalar()
            if beyond is not None:
                db.execute(delete(kept_figures).where(_figure.experiment == number, _figure.number <= beyond))


def _check(key: bytes, value: bytes) -> bytes:
    """What tells a value from one that the disk has changed, and from another key's."""
    return hashlib.blake2b(value, digest_size=_CHECK, key=key[: hashlib.blake2b.MAX_KEY_SIZE]).digest()
