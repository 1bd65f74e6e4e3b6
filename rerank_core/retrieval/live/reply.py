"""What a search engine answered: hits as documents, or the error that it amounts to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from rerank_core import errors
from rerank_core.documents.paste.json_text import too_deep
from rerank_core.errors import RerankError
from rerank_core.models import Document
from rerank_core.retrieval.live.query import LiveFields
from rerank_core.transport.reply import Failure, Reply

_NOT_AN_ENGINE = "Check the address: it should be that of OpenSearch or Elasticsearch, usually on port 9200."
LONG_LIST = 32  # numbers; a field of more is a vector, which nobody reads
_NAME_ERRORS = ("name or service", "nodename", "getaddrinfo", "name resolution", "no address", "no host name")


@dataclass(frozen=True, slots=True)
class LiveHit:
    """One document that the engine found: its place there (`rank`, from 1), its score there (None where the engine
    gave none) and the index it is in."""

    rank: int
    document: Document
    score: float | None
    index: str


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What a search engine found, in its order.

    `documents` are those of `hits`. `total` is how many match there, at least so many where `total_is_exact` is
    false, None where it did not say. `took_ms` is the engine's own time, `latency_ms` that of the whole request.
    `sent` and `raw` are the JSON bodies. `notes` are sentences for a person: nothing was found, only a part was
    searched, some hits have no text.
    """

    hits: tuple[LiveHit, ...]
    total: int | None
    total_is_exact: bool
    took_ms: float | None
    latency_ms: float
    sent: dict[str, Any] = field(hash=False)
    raw: dict[str, Any] = field(hash=False)
    notes: tuple[str, ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents, ready to be reranked."""
        return tuple(hit.document for hit in self.hits)


def json_of(reply: Reply) -> Any:
    """The parsed body, None where it is not JSON, or nested deeper than any engine's reply."""
    value = parsed(reply.body)
    return None if too_deep(value) else value


def parsed(body: bytes) -> Any:
    """The value of a JSON text, None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def result_of(body: Any, fields: LiveFields, sent: dict[str, Any], latency_ms: float) -> LiveResult:
    """Read a reply of success. Raises BadResponseError where it is none of a search engine's, ConfigurationError
    where documents were found and none of them has the text field."""
    rows = body.get("hits") if isinstance(body, dict) else None
    found = rows.get("hits") if isinstance(rows, dict) else None
    if not isinstance(rows, dict) or not isinstance(found, list):
        raise errors.BadResponseError(
            "The reply holds no hits, so it is not that of OpenSearch or Elasticsearch.", hint=_NOT_AN_ENGINE
        )
    if _shards(body, "total") == 0:
        raise errors.ConfigurationError(
            "No index of the search engine has a name that fits.",
            hint="Check the name of the index: capitals, dashes and underscores count.",
            code="index_not_found_exception",
        )
    hits, without = [], 0
    for rank, row in enumerate(found, 1):
        if not isinstance(row, dict):
            raise errors.BadResponseError(f"Hit {rank} of the reply is no object.", hint=_NOT_AN_ENGINE)
        document = _document(row, fields)
        if document is None:
            without += 1
        else:
            hits.append(LiveHit(rank, document, _number(row.get("_score")), str(row.get("_index", ""))))
    if found and not hits:
        there = sorted({name for row in found[:20] for name in _names(_source(row))})
        raise errors.ConfigurationError(
            f"None of the {len(found):,} documents that were found has text in the field '{fields.text}'.",
            hint=f"Choose another text field. The documents have: {', '.join(there[:20]) or 'no fields at all'}.",
            code="text_field",
        )
    total, exact = _total(rows.get("total"))
    return LiveResult(
        tuple(hits),
        total,
        exact,
        _number(body.get("took")),
        latency_ms,
        sent,
        body,
        tuple(_notes(body, len(found), without, fields)),
    )


def _notes(body: dict[str, Any], found: int, without: int, fields: LiveFields) -> Iterator[str]:
    if not found:
        yield "The search engine found nothing for this question. Try other words, or another query template."
    if without:
        yield f"{without:,} of {found:,} documents have no text in the field '{fields.text}' and were left out."
    if body.get("timed_out") is True:
        yield "The search engine ran out of its own time, so it may not have found everything."
    if (_shards(body, "failed") or 0) > 0:
        yield "A part of the index could not be searched, so some documents may be missing."


def _shards(body: dict[str, Any], name: str) -> int | None:
    """How many parts of the index were there ("total") or did not answer ("failed"), None where it is not said."""
    shards = body.get("_shards")
    count = shards.get(name) if isinstance(shards, dict) else None
    return count if isinstance(count, int) else None


def _document(row: dict[str, Any], fields: LiveFields) -> Document | None:
    """A hit as a Document: its text, its id, and the rest as metadata; None where it has no text."""
    source = _source(row)
    text = _text(_value(source, fields.text))
    if not text.strip():
        return None
    title = _text(_value(source, fields.title)) if fields.title else ""
    url = _text(_value(source, fields.url)) if fields.url else ""
    rest = {
        name: value
        for name, value in source.items()
        if name not in (fields.text, fields.title, fields.url) and not is_vector(value)
    }
    chosen = {**({"title": title} if title else {}), **({"url": url} if url else {})}
    name = row.get("_id")
    return Document(text, None if name is None else str(name), {**chosen, **rest, **chosen})


def _source(row: Any) -> dict[str, Any]:
    """The stored document, or the fields that the template asked for instead."""
    for key in ("_source", "fields"):
        value = row.get(key) if isinstance(row, dict) else None
        if isinstance(value, dict) and value:
            return value
    return {}


def _value(source: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, through nested objects, lists of them, and names that hold dots themselves."""
    if path in source:
        return source[path]
    head, dot, rest = path.partition(".")
    while dot:
        inner = source.get(head)
        if isinstance(inner, Mapping):
            return _value(inner, rest)
        if isinstance(inner, list):
            return [_value(item, rest) for item in inner if isinstance(item, Mapping)]
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def _text(value: Any) -> str:
    """A value as text: lists line by line, numbers as they are written, objects not at all."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(_text, value)))
    if isinstance(value, bool) or value is None or isinstance(value, Mapping):
        return ""
    return str(value)


def _names(source: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in source.items():
        if isinstance(value, Mapping):
            yield from _names(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def is_vector(value: Any) -> bool:
    """Whether a value is a long list of numbers, which no person reads."""
    return isinstance(value, list) and len(value) > LONG_LIST and all(isinstance(n, int | float) for n in value)


def _number(value: Any) -> float | None:
    ok = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if ok else None


def _total(value: Any) -> tuple[int | None, bool]:
    """The number of matches: an object since Elasticsearch 7, a bare number before that."""
    if isinstance(value, dict):
        count = value.get("value")
        return (count, value.get("relation") != "gte") if isinstance(count, int) else (None, False)
    return (value, True) if isinstance(value, int) and not isinstance(value, bool) else (None, False)


# Errors


def failed(failure: Failure, address: str, timeout: float) -> RerankError:
    """What a request that got no reply means."""
    said = failure.detail
    low = said.lower()
    if failure.kind in ("timeout", "busy"):
        return errors.RequestTimeoutError(
            f"The search engine at {address} did not answer within {timeout:g} seconds.",
            hint="Raise the time-out, ask for fewer candidates, or make the query template simpler.",
        )
    if failure.kind == "address":
        return errors.ConfigurationError(f"{address} cannot be used as an address: {said}.", hint=_NOT_AN_ENGINE)
    if failure.kind == "reply":
        return errors.BadResponseError(
            f"The search engine's reply cannot be read: {said}.", hint="Ask for fewer candidates."
        )
    if any(part in low for part in _NAME_ERRORS):
        return errors.ConnectionFailedError(
            f"No computer is known by the name in {address}.",
            hint="Check the spelling of the address, and that this computer is on the right network or VPN.",
            code="unknown_host",
        )
    if "certificate" in low:
        return errors.ConnectionFailedError(
            f"{address} shows a certificate that is not trusted here: {said}.",
            hint="Name the file of your own certificate authority in SSL_CERT_FILE and start the app again.",
            code="tls",
            retryable=False,
        )
    if "ssl" in low or "tls" in low:
        return errors.ConnectionFailedError(
            f"No secure connection to {address} came about: {said}.",
            hint="If this search engine is not set up for https, use an address that starts with http://",
            code="tls",
            retryable=False,
        )
    refused = "refused" in low
    hint = (
        "Check that it is running, and the port in the address (usually 9200)."
        if refused
        else "Check the address and the network. An engine that is set up for https hangs up on http://"
    )
    what = "Nothing answers at" if refused else "The connection failed to"
    return errors.ConnectionFailedError(f"{what} {address}: {said}.", hint=hint)


def explain(reply: Reply, body: Any, index: str, address: str, *, had_credentials: bool) -> RerankError:
    """The error that a reply other than a success amounts to."""
    status = reply.status
    kind, reason = _reason(body)
    said = f": {reason}" if reason else ""
    if status == 401:
        return errors.AuthenticationError(
            "The search engine does not accept these credentials."
            if had_credentials
            else "The search engine asks for credentials, and none were given.",
            hint="Check the user name and the password, or the API key."
            if had_credentials
            else "Give a user name and a password, or an API key.",
            status=status,
            code=kind,
        )
    if status == 403:
        return errors.PermissionDeniedError(
            f"The search engine does not allow this{said}.",
            hint=f"Ask its administrator for the right to read and search '{index}'.",
            status=status,
            code=kind,
        )
    if status == 404 and kind == "index_not_found_exception":
        return errors.ConfigurationError(
            f"The search engine has no index called '{index}'.",
            hint="Check the name: capitals, dashes and underscores count.",
            status=status,
            code=kind,
        )
    if 300 <= status < 400:
        return errors.ProviderError(
            f"The address {address} answers with a redirect, which is never followed.",
            hint="Use the address that it points to, if you trust it.",
            status=status,
            retryable=False,
        )
    if status == 429 or kind in ("circuit_breaking_exception", "es_rejected_execution_exception"):
        return errors.RateLimitedError(
            f"The search engine is too busy{said}.", hint="Wait a little and try again.", status=status, code=kind
        )
    if kind is None and status < 500:
        return errors.ConfigurationError(
            f"{address} answers with status {status} and nothing that a search engine says.",
            hint=_NOT_AN_ENGINE,
            status=status,
            code="not_a_search_engine",
        )
    if status >= 500:
        return errors.ProviderError(
            f"The search engine failed (status {status}){said}.",
            hint="Try again in a minute; if it stays, look at the engine's own log.",
            status=status,
            code=kind,
        )
    return errors.InvalidRequestError(
        f"The search engine refuses this query{said}.",
        hint="Correct the query template: the names of its fields and the kind of query.",
        status=status,
        code=kind,
    )


def _reason(body: Any) -> tuple[str | None, str]:
    """The engine's own name for an error, and its reason in words, the innermost one that says more."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return "error", _plain(error)
    if not isinstance(error, dict):
        return None, ""
    causes = error.get("root_cause")
    cause = causes[0] if isinstance(causes, list) and causes and isinstance(causes[0], dict) else error
    kind = cause.get("type") or error.get("type")
    return (str(kind)[:100] if kind else "error"), _plain(str(cause.get("reason") or error.get("reason") or ""))


def _plain(text: str) -> str:
    return " ".join(text.split())[:500].rstrip(".")
