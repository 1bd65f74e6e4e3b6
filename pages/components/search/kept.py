"""What the Search page needs besides a saved run to show a search again exactly as it was, as a text; and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pages.components.search.state import SearchAnswer, SearchAsked
from rerank_core import Document
from rerank_core.retrieval.condense import Condensed
from rerank_core.retrieval.first_stage import Candidate, Retrieved
from rerank_core.retrieval.live.reply import LiveHit, LiveResult
from rerank_core.storage.run_record import Run
from rerank_core.storage.sqlite_file import StoreError


def written(answer: SearchAnswer) -> str:
    """The answer without its run and its documents, which the run has. Of a live engine the bodies that were sent and
    received are left out: no page shows them here."""
    record: dict[str, Any] = {
        "asked": asdict(answer.asked),
        "settings": _settings(answer),
        "source_name": answer.source_name,
        "places": answer.places,
        "first_ms": answer.first_ms,
    }
    found = answer.found
    if isinstance(found, Retrieved):
        record["retrieved"] = {
            "kind": found.kind,
            "model": found.model,
            "query": found.query,
            "condensed": asdict(found.condensed),
            "candidates": [asdict(candidate) for candidate in found.candidates],
            "searched": found.searched,
            "took_ms": found.took_ms,
            "notes": found.notes,
        }
    else:
        record["live"] = {
            "hits": [[hit.score, hit.index] for hit in found.hits],
            "total": found.total,
            "total_is_exact": found.total_is_exact,
            "took_ms": found.took_ms,
            "latency_ms": found.latency_ms,
            "notes": found.notes,
        }
    return json.dumps(record, separators=(",", ":"))


def _settings(answer: SearchAnswer) -> dict[str, str]:
    """What was chosen besides what the run has, for a person who compares two searches."""
    asked = answer.asked
    return {
        "Question": asked.question,
        "Searched in": answer.source_name,
        "Candidates": f"{asked.candidates:,}",
    }


def read(context: str, run: Run) -> SearchAnswer:
    """The answer that `written` wrote, with its run. Raises StoreError for anything else."""
    try:
        record = json.loads(context)
        documents = run.documents
        found = (
            _retrieved(record["retrieved"], documents) if "retrieved" in record else _live(record["live"], documents)
        )
        places = record["places"]
        return SearchAnswer(
            run.id,
            SearchAsked(**record["asked"]),
            record["source_name"],
            found,
            documents,
            None if places is None else tuple(places),
            run,
            record["first_ms"],
        )
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            "How this search found its candidates cannot be read; it may come from another version.",
            hint="Open it in the Playground: its documents and its order are all there.",
        ) from error


def _retrieved(record: dict[str, Any], documents: tuple[Document, ...]) -> Retrieved:
    condensed = record.pop("condensed")
    kept, dropped = tuple(condensed.pop("kept")), tuple(condensed.pop("dropped"))
    candidates = tuple(Candidate(**candidate) for candidate in record.pop("candidates"))
    if len(candidates) != len(documents):
        raise ValueError("each document is a candidate")
    notes = tuple(record.pop("notes"))
    return Retrieved(
        condensed=Condensed(kept=kept, dropped=dropped, **condensed),
        candidates=candidates,
        documents=documents,
        notes=notes,
        **record,
    )


def _live(record: dict[str, Any], documents: tuple[Document, ...]) -> LiveResult:
    hits = tuple(
        LiveHit(rank, document, score, index)
        for rank, (document, (score, index)) in enumerate(zip(documents, record.pop("hits"), strict=True), start=1)
    )
    notes = tuple(record.pop("notes"))
    return LiveResult(hits=hits, notes=notes, sent={}, raw={}, **record)
