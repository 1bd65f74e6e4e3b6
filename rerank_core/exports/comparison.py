"""A comparison of several models as files to take away: a spreadsheet-safe CSV of ranks and a JSON document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rerank_core.errors import InvalidRequestError, RerankError
from rerank_core.exports.tables import csv_file, json_file
from rerank_core.models import Document, RerankResponse
from rerank_core.ranking.blind_test import Tally
from rerank_core.ranking.comparison import agreement, differences
from rerank_core.ranking.contender import Contender

JSON_SCHEMA: Final = "rerank-playground/comparison"
JSON_VERSION: Final = 1

_SCORES_NOTE: Final = "Scores compare documents within one model only; compare models by rank."


@dataclass(frozen=True, slots=True)
class Entry:
    """What one model gave: an answer, or the error that it ended with. `name` is what it is called."""

    name: str
    contender: Contender
    outcome: RerankResponse | RerankError

    @property
    def order(self) -> tuple[int, ...]:
        """The documents by index in the input, best first; empty where it failed."""
        return tuple(row.index for row in self.outcome.results) if isinstance(self.outcome, RerankResponse) else ()


def comparison_csv(entries: Sequence[Entry]) -> bytes:
    """Every document as a row with its rank in each model, in the initial order: UTF-8 with a byte order mark.

    Columns: place (from 1, in the initial order), id, a rank column for each model that answered, named after it,
    spread (places between its best and its worst rank), title, text. Ranks only: scores of different models do not
    compare. Texts from outside are guarded against being run as formulas. Raises InvalidRequestError where no model
    answered.
    """
    answered = _answered(entries)
    found = {each.index: each for each in differences([entry.order for entry in answered], 1)}
    header = ["place", "id", *(f"rank: {entry.name}" for entry in answered), "spread", "title", "text"]
    rows = []
    for index, document in enumerate(_documents(answered)):
        each = found.get(index)
        ranks: tuple[int | None, ...] = each.ranks if each else (None,) * len(answered)
        spread = each.spread if each else None
        rows.append([index + 1, document.id, *ranks, spread, document.metadata.get("title"), document.text])
    return csv_file(header, rows)


def comparison_json(entries: Sequence[Entry], *, k: int, order_name: str = "") -> bytes:
    """The whole comparison as UTF-8 JSON with `schema` and `version`: the query, the documents, what each model gave
    or why it failed, and how far each pair agrees in its top `k`.

    Money is a string, so that no digit is lost. There is never a key, an address or a raw body in it. Raises
    InvalidRequestError where no model answered.
    """
    answered = _answered(entries)
    found = agreement([entry.order for entry in answered], k)
    content = {
        "query": _first(answered).request.query,
        "order_name": order_name or None,
        "rank_fields": _first(answered).request.rank_fields,
        "top": found.k,
        "note": _SCORES_NOTE,
        "models": [_model(entry) for entry in entries],
        "agreement": [
            {
                "first": answered[pair.first].name,
                "second": answered[pair.second].name,
                "overlap": pair.overlap,
                "overlap_depth": pair.k,
                "kendall_tau": pair.kendall_tau,
                "rank_biased_overlap": pair.rbo,
            }
            for pair in found.pairs
        ],
        "documents": [
            {"index": index, "id": each.id, "text": each.text, "metadata": each.metadata}
            for index, each in enumerate(_documents(answered))
        ],
    }
    return json_file(JSON_SCHEMA, JSON_VERSION, content)


def votes_csv(tally: Tally, name: Callable[[str], str]) -> bytes:
    """The votes of a blind test, a row a round in the sequence in which they were given: UTF-8 with a byte order mark.

    Columns: round (from 1), query, shown (the models, as `name` calls them), better (empty for no difference). Texts
    from outside are guarded against being run as formulas.
    """
    rows = []
    for number, vote in enumerate(tally.votes, start=1):
        better = None if vote.winner is None else name(vote.winner)
        shown = ", ".join(name(key) for key in vote.shown)
        rows.append([number, vote.query, shown, better])
    return csv_file(["round", "query", "shown", "better"], rows)


def _model(entry: Entry) -> dict[str, Any]:
    about: dict[str, Any] = {
        "name": entry.name,
        "provider": entry.contender.provider,
        "model": entry.contender.model,
    }
    outcome = entry.outcome
    if isinstance(outcome, RerankError):
        error = {"code": outcome.code, "message": outcome.message, "hint": outcome.hint, "status": outcome.status}
        return about | {"error": error}
    return about | {
        "request_id": outcome.request_id,
        "latency_ms": outcome.latency_ms,
        "provider_latency_ms": outcome.provider_latency_ms,
        "search_units": outcome.usage.search_units,
        "cost": asdict(outcome.cost),
        "warnings": outcome.warnings,
        "results": [{"rank": row.rank, "index": row.index, "score": row.relevance_score} for row in outcome.results],
    }


def _answered(entries: Sequence[Entry]) -> list[Entry]:
    answered = [entry for entry in entries if isinstance(entry.outcome, RerankResponse)]
    if not answered:
        raise InvalidRequestError("There is nothing to export.", hint="Compare at least one model first.")
    return answered


def _first(answered: Sequence[Entry]) -> RerankResponse:
    outcome = answered[0].outcome
    assert isinstance(outcome, RerankResponse)
    return outcome


def _documents(answered: Sequence[Entry]) -> tuple[Document, ...]:
    return _first(answered).request.documents
