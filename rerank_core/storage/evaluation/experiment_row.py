"""An experiment as a row of its table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rerank_core.evaluation.experiments.records import Experiment, RatePolicy
from rerank_core.ranking.contender import Contender
from rerank_core.storage.schema.evaluation import experiments

_experiment = experiments.c
COLUMNS = (
    _experiment.id,
    _experiment.query_set,
    _experiment.name,
    _experiment.created,
    _experiment.contenders,
    _experiment.spending_limit,
    _experiment.queries,
    _experiment.state,
    _experiment.note,
    _experiment.lanes,
    _experiment.rank_fields,
    _experiment.owner,
    _experiment.shared,
    _experiment.reuse,
)


def made_of(row: Sequence[Any]) -> Experiment:
    """An experiment out of COLUMNS."""
    (
        experiment_id,
        query_set,
        name,
        created,
        contenders,
        limit,
        queries,
        state,
        note,
        rates,
        fields,
        owner,
        shared,
        reuse,
    ) = row
    return Experiment(
        id=experiment_id,
        query_set=query_set,
        name=name,
        created=datetime.fromisoformat(created),
        contenders=tuple(Contender(*one) for one in json.loads(contenders)),
        spending_limit=None if limit is None else Decimal(limit),
        queries=queries,
        state=state,
        note=note,
        rates={provider: RatePolicy(*speed) for provider, speed in json.loads(rates).items()},
        rank_fields=tuple(json.loads(fields)),
        owner=owner,
        shared=bool(shared),
        reuse=bool(reuse),
    )


def rates_text(rates: Mapping[str, RatePolicy]) -> str:
    """Speeds by provider id as the column `lanes` holds them."""
    return json.dumps({name: [one.concurrency, one.per_minute, one.retries] for name, one in rates.items()})
