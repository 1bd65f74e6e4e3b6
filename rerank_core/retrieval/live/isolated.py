"""The body of a large reply of a search engine, read in the process in which strangers' files are read too: the end
that asks and the end that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.isolated import wire
from rerank_core.documents.isolated.process import read_in_process
from rerank_core.documents.limits import DEFAULT_LIMITS, MAX_NESTING, SMALL_BYTES, megabytes
from rerank_core.errors import BadResponseError
from rerank_core.retrieval.live.reply import LONG_LIST, is_vector, json_of, parsed
from rerank_core.transport.reply import Reply

_SECONDS = 20.0
_MOST_VALUES = 500_000
_FEWER = "Ask for fewer documents, or have the template name the fields that are needed under '_source'."


def body_of(reply: Reply, cancelled: Callable[[], bool]) -> Any:
    """The parsed body, None where it is not JSON. In a large one vectors are cut to their first numbers, which show
    that they are vectors.

    cancelled: asked about twenty times a second while a large body is read. Raises jobs.Cancelled once it is true, and
    BadResponseError for a body that takes too long, too much memory or holds too much.
    """
    if len(reply.body) <= SMALL_BYTES:
        return json_of(reply)
    order = wire.Order(__name__, "", {}, DEFAULT_LIMITS, _SECONDS)
    found: list[Any] = []

    def take(record: wire.Record) -> None:
        if record["kind"] != "done":
            raise wire.Nonsense
        found.append(record.get("body"))

    ending = read_in_process(order, reply.body, take, answer_bytes=len(reply.body), cancelled=cancelled)
    if ending.kind == "done":
        return found[0]
    said = {
        "refused": ending.reason,
        "time": f"Reading it took longer than {_SECONDS:g} seconds.",
        "memory": f"Reading it takes more than {megabytes(order.limits.memory_bytes)} of memory.",
    }.get(ending.kind, "It could not be read.")
    raise BadResponseError(f"The reply of the search engine has {megabytes(len(reply.body))}. {said}", hint=_FEWER)


def answer(order: wire.Order, data: bytes, say: wire.Say) -> None:
    """In the process: parse the body and say what it holds. Raises Unreadable for one that holds too much."""
    say("done", body=_Condensing(order.limits.document_characters).of(parsed(data)))


class _Condensing:
    """Makes a JSON value a smaller one, and counts what stays."""

    def __init__(self, characters: int) -> None:
        self._characters = characters
        self._values = 0

    def of(self, value: Any, depth: int = 0) -> Any:
        """The value with its vectors cut. Raises Unreadable where there is too much of it."""
        self._values += 1
        if self._values > _MOST_VALUES:
            raise Unreadable(f"It holds more than {_MOST_VALUES:,} values.")
        if depth > MAX_NESTING:
            raise Unreadable("It is nested too deeply.")
        if isinstance(value, str) and len(value) > self._characters:
            raise Unreadable(f"One of its texts has {len(value):,} characters; the limit is {self._characters:,}.")
        if is_vector(value):
            return value[: LONG_LIST + 1]
        if isinstance(value, dict):
            return {name: self.of(inner, depth + 1) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, depth + 1) for inner in value]
        return value
