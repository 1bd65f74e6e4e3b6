"""What replies of failure have in common: a complaint in one of many shapes, and the error that it amounts to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rerank_core import errors
from rerank_core.errors import RerankError
from rerank_core.providers.replies import text_or_none

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504, 524, 529})
"""Statuses after which the same request may be sent again. 524 (a time-out behind Cloudflare) and 529 (overloaded) are
those of OpenRouter and others."""

_LONGEST_MESSAGE = 300

_BY_CODE: dict[str, type[RerankError]] = {
    "invalid_documents": errors.InvalidDocumentsError,
    "invalid_query": errors.InvalidQueryError,
    "query_too_long": errors.QueryTooLongError,
    "too_many_documents": errors.TooManyDocumentsError,
    "model_not_allowed": errors.PermissionDeniedError,
    "invalid_request": errors.InvalidRequestError,
}
_BY_WORDS_OF_CODE: tuple[tuple[re.Pattern[str], type[RerankError]], ...] = tuple(
    (re.compile(pattern), error)
    for pattern, error in (
        (
            r"model.*(not_found|unknown|not_exist|invalid|unsupported)|(unknown|invalid|unsupported)_model",
            errors.ModelNotFoundError,
        ),
        (r"rate_?limit|too_many_requests|throttl", errors.RateLimitedError),
        (
            r"api_?key|authentication|unauthenticated|unauthorized|invalid_token|expired_token",
            errors.AuthenticationError,
        ),
        (r"permission|forbidden|not_allowed|access_denied", errors.PermissionDeniedError),
        (r"invalid_request|invalid_argument|validation", errors.InvalidRequestError),
        (
            r"unavailable|overloaded|provider_error|server_error|internal_error|bad_gateway|upstream",
            errors.ProviderError,
        ),
        (r"timeout|timed_out", errors.ProviderError),
    )
)
_BY_STATUS: dict[int, type[RerankError]] = {
    401: errors.AuthenticationError,
    402: errors.QuotaExceededError,
    403: errors.PermissionDeniedError,
    405: errors.ConfigurationError,
    408: errors.RequestTimeoutError,
    413: errors.TooManyDocumentsError,
    429: errors.RateLimitedError,
    498: errors.AuthenticationError,
}
_MONEY = re.compile(r"(?<![a-z])(cost|budget|quota|credit|balance)s?(?![a-z])")
_MODEL = re.compile(r"(?<![a-z])models?(?![a-z])")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error body says, whatever its shape: any part may be missing."""

    message: str | None = None
    code: str | None = None
    kind: str | None = None
    request_id: str | None = None


def read_complaint(body: Any, text: str) -> Complaint:
    """Find message, code and type in an error body.

    Known shapes: {"error": {message, code, type}}, {"error": "...", "error_type": "..."}, {"message": "..."},
    {"detail": "..." | [{"msg": "..."}] | {...}}, {"errors": [...]}, the flat {"object": "error", message, code},
    a bare string or list, a web page, plain text and nothing at all. `code` may be a string, an int or null.
    """
    if body is None:
        return Complaint(_plain(text))
    outer = body if isinstance(body, dict) else {}
    inner = outer.get("error")
    inner = inner if isinstance(inner, dict) else {}
    said = (
        _words(inner.get("message"))
        or _words(outer.get("error"))
        or _words(outer.get("message"))
        or _words(outer.get("detail"))
        or _words(outer.get("errors"))
        or _words(outer.get("title"))
        or (_words(body) if not outer else None)
    )
    gateway = outer.get("gateflow")
    gateway = gateway if isinstance(gateway, dict) else {}
    detail = outer.get("detail")
    detail = detail if isinstance(detail, dict) else {}
    return Complaint(
        message=_short(said) if said else None,
        code=_first(inner.get("code"), outer.get("code"), detail.get("code"), outer.get("error_code")),
        kind=_first(inner.get("type"), outer.get("error_type"), outer.get("type"), inner.get("status")),
        request_id=_first(gateway.get("request_id"), inner.get("request_id"), outer.get("request_id"), outer.get("id")),
    )


def explain(label: str, hints: Mapping[type[RerankError], str], status: int, body: Any, text: str) -> RerankError:
    """The error that a reply amounts to. The provider's own code decides before the status does.

    A reply of success with an error inside follows its code; without a known one it is a BadResponseError.
    `retryable` is True only where the same request may be sent again: what the caller must fix, and money
    that is spent, are never retried.
    """
    complaint = read_complaint(body, text)
    code, status_in_code = _normal(complaint.code), _status(complaint.code)
    effective = status_in_code or status
    kind = _by_code(code)
    by_code = kind is not None
    if kind is None and 200 <= effective < 300:
        kind = _by_code(_normal(complaint.kind)) or errors.BadResponseError
        by_code = kind is not errors.BadResponseError
    if kind is None:
        kind = _by_status(effective, complaint, text)
    spoken = " ".join(filter(None, (code, _normal(complaint.kind), (complaint.message or text).lower())))
    short = kind is errors.RateLimitedError or (kind is errors.PermissionDeniedError and "insufficient" in spoken)
    if "throttl" not in code and (
        _MONEY.search(code.replace("_", " ")) or (short and _MONEY.search(spoken.replace("_", " ")))
    ):
        kind = errors.QuotaExceededError

    retryable = kind.default_retryable if by_code else kind.default_retryable and effective in RETRIED_STATUSES
    where = f"{label} answered {status}"
    silent = "and gave no reason." if text.strip() or body is not None else "with an empty reply."
    message = f"{where}: {_sentence(complaint.message)}" if complaint.message else f"{where} {silent}"
    return kind(
        message,
        hint=hints.get(kind) or _HINTS.get(kind),
        code=complaint.code,
        status=status,
        request_id=complaint.request_id,
        retryable=retryable,
    )


_HINTS: dict[type[RerankError], str] = {
    errors.ConfigurationError: "Check the address: there is no rerank service at it.",
    errors.BadResponseError: "Check that the address is that of a rerank API of this kind; if it is, ask the provider.",
}


def _by_code(code: str) -> type[RerankError] | None:
    if not code:
        return None
    return _BY_CODE.get(code) or next((error for pattern, error in _BY_WORDS_OF_CODE if pattern.search(code)), None)


def _by_status(status: int, complaint: Complaint, text: str) -> type[RerankError]:
    if status == 404:
        said = " ".join(filter(None, (complaint.message, complaint.code))) or text
        return errors.ModelNotFoundError if _MODEL.search(said.lower().replace("_", " ")) else errors.ConfigurationError
    if 400 <= status < 500:
        return _BY_STATUS.get(status, errors.InvalidRequestError)
    return errors.ProviderError


def _normal(code: str | None) -> str:
    """A code as lower-case words joined by underscores, so that InvalidApiKey and INVALID-API-KEY are one."""
    if code is None:
        return ""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", code).lower()).strip("_")


def _status(code: str | None) -> int | None:
    """The HTTP status that some services put where a code belongs (429, "429")."""
    if code is not None and code.isascii() and code.isdigit() and len(code) == 3 and 400 <= int(code) < 600:
        return int(code)
    return None


def _first(*values: Any) -> str | None:
    """The first of several values that says something, as one line of bearable length."""
    return next((_short(text)[:100] for value in values if (text := text_or_none(value))), None)


def _words(value: Any, depth: int = 4) -> str | None:
    """The sentence in a string, a list of them, or an object with a message of some name."""
    if isinstance(value, str):
        return value.strip() or None
    if depth == 0:
        return None
    if isinstance(value, list):
        said = [words for item in value[:3] if (words := _words(item, depth - 1))]
        return "; ".join(said) or None
    if isinstance(value, dict):
        return next(
            (words for name in ("message", "msg", "detail", "error") if (words := _words(value.get(name), depth - 1))),
            None,
        )
    return None


def _plain(text: str) -> str | None:
    """What a reply that is not JSON says: the title of a web page, or the text itself."""
    text = text.strip("\ufeff \r\n\t")
    if text.startswith(("{", "[")):
        return "the reply is no whole JSON"
    if not text.startswith("<"):
        return _short(text) if text else None
    title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
    return f"a web page came back ({_short(title.group(1))})" if title else "a web page came back"


def _short(text: str) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text[: _LONGEST_MESSAGE * 4]).split())
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 3] + "..."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."
