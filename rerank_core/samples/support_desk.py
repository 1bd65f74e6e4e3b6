"""The sample support desk: articles of a made-up maker of home network devices, tickets, and rated queries.

Ostrel, its devices and everybody in the tickets are invented. The files are read when they are first asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rerank_core.models import Document, as_documents

_HERE = Path(__file__).parent
_LANGUAGES = ("en", "de", "es", "ja")

KINDS = ("keyword", "title", "product", "question", "statement", "letter")
"""What a rated query is: a few bare words, an article's title or nearly, a device, plan or feature by its name and
properties, a question, a sentence that says what is the matter or wanted, several sentences with the need in them."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A message from a customer, to find the article for.

    `title` is its subject line, in the customer's language like `text`; `lang` an ISO code. `answers` are ids of
    the articles in `knowledge_base()` that answer it, best first, and empty where none does. `note` says in a
    sentence or two what the ticket shows, for the person who tries it.
    """

    id: str
    lang: str
    title: str
    text: str
    answers: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class RatedQuerySet:
    """Queries over `documents` with a person's ratings, to measure an order by.

    queries: query id to text. tags: query id to {"lang": ISO code, "topic": a section of the knowledge base or
    "other", "length": "short", "sentence" or "long", "kind": one of KINDS}.

    judgments: query id to document id to grade. 3 answers it, in the language of the question; 2 gives the answer,
    but in another language, out of date or in part; 1 is on the subject and of some help, which includes an answer
    that is in another language and in part; 0 does not help, however alike the words are. Every document has a grade
    for every query: those that help were named for each query by reading, with all documents in view, and whatever
    else stood among the first ten of a local model, or of one of its parts alone, was then looked at once more
    together with the query. So no order is measured by documents that nobody rated. Queries whose best grade is 0 or
    1 have no good answer here.
    """

    queries: Mapping[str, str]
    documents: tuple[Document, ...]
    judgments: Mapping[str, Mapping[str, int]]
    tags: Mapping[str, Mapping[str, str]]


@cache
def knowledge_base() -> tuple[Document, ...]:
    """The 66 articles of the sample knowledge base: English first, then German, Spanish and Japanese.

    Each has an id and the metadata lang (ISO code), section, title, url and updated (ISO date). Some are on the
    same topic in several languages, one exists in an old and a new wording, and two pairs differ in hardly more
    than a number that changes what they mean.
    """
    return as_documents(row for lang in _LANGUAGES for row in _rows(_HERE / "knowledge_base" / f"{lang}.jsonl"))


@cache
def rated_queries() -> RatedQuerySet:
    """The sample query set: 165 queries in four languages over the knowledge base, some with no good answer.

    Its files, `rated/queries.jsonl` and `rated/qrels.tsv`, are laid out as BEIR does it.
    """
    queries = _rows(_HERE / "rated" / "queries.jsonl")
    judgments: dict[str, dict[str, int]] = {row["_id"]: {} for row in queries}
    _, *lines = (_HERE / "rated" / "qrels.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines:
        query, document, grade = line.split("\t")
        judgments[query][document] = int(grade)
    return RatedQuerySet(
        queries={row["_id"]: row["text"] for row in queries},
        documents=knowledge_base(),
        judgments=judgments,
        tags={row["_id"]: row["metadata"] for row in queries},
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    # Not splitlines(), which would also break a text at a line separator inside it.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def _ticket(row: dict[str, Any]) -> Ticket:
    return Ticket(**{**row, "answers": tuple(row["answers"])})


TICKETS: tuple[Ticket, ...] = tuple(_ticket(row) for row in _rows(_HERE / "tickets.jsonl"))
