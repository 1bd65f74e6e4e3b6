"""A small result as the part of an address behind "#", which browsers keep to themselves.

The fragment is "run=" and then, in base64url without padding, the raw deflate stream of UTF-8 JSON: an object with
"v", the version of this form, and the parts of a `SharedResult` under names of one letter. What comes from an address
is anybody's: it is refused unless it is small, before and after it is unpacked, and exactly of this form.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeVar, cast

from rerank_core.errors import RerankError
from rerank_core.exports.shared_result import KINDS, ResultKind, SharedAnswer, SharedResult
from rerank_core.models import Document
from rerank_core.providers import provider

T = TypeVar("T")

PREFIX: Final = "run="
"""What a fragment of ours begins with."""
MAX_ADDRESS: Final = 8_000
"""The longest address that a link may be. Mail and chat programs break or cut longer ones."""
MAX_CHARACTERS: Final = MAX_ADDRESS - 200
"""The longest fragment: what is left of an address once the name of the server and of the page stand in it."""
_MAX_BYTES: Final = 200_000
_VERSION: Final = 1
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_PARTS: Final = frozenset("vkqdaongrtcs")
_LATEST: Final = 253_402_300_799  # the end of the year 9999, in seconds
_LABEL_CHARACTERS: Final = 200


class SharedLinkError(RerankError):
    """A link that holds no result that can be shown: cut off, damaged, too large, or made by a newer version."""

    default_code = "shared_link"
    default_hint = "Ask for the link again, or for the result as an HTML file."


def to_fragment(result: SharedResult) -> str:
    """The result as a fragment, however long it is; one over MAX_CHARACTERS is not read by `from_fragment`."""
    record: dict[str, Any] = {
        "v": _VERSION,
        "k": result.kind,
        "q": result.query,
        "d": [_document(document) for document in result.documents],
        "a": [[answer.provider, answer.model, answer.order, answer.scores] for answer in result.answers],
        "o": result.order_name,
        "n": result.top_n,
        "g": [[place, grade] for place, grade in result.ratings.items()],
        "r": result.rank_fields,
        "t": int(result.created.timestamp()),
        "c": result.question,
        "s": result.source,
    }
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(text.encode("utf-8", "surrogatepass")) + packer.flush()
    return PREFIX + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def fits(result: SharedResult) -> bool:
    """Whether a link holds this result."""
    try:
        return from_fragment(to_fragment(result)) == result
    except SharedLinkError:
        return False


def from_fragment(fragment: str) -> SharedResult:
    """The result that a fragment holds, with or without its "#". Raises SharedLinkError for everything else."""
    packed = fragment.removeprefix("#").removeprefix(PREFIX)
    if len(packed) > MAX_CHARACTERS:
        raise SharedLinkError("This link is too long to be read.", hint="Ask for the result as an HTML file.")
    if not _BASE64URL.fullmatch(packed):
        _damaged()
    try:
        record = json.loads(_unpacked(packed).decode("utf-8", "surrogatepass"), parse_constant=_damaged)
    except (ValueError, RecursionError) as error:
        raise _damage() from error
    if not isinstance(record, dict):
        _damaged()
    version = record.get("v")
    if type(version) is int and version > _VERSION:
        raise SharedLinkError(
            "This link was made by a newer version of this app.", hint="Update this copy, or ask for an HTML file."
        )
    if type(version) is not int or version != _VERSION or record.keys() != _PARTS:
        _damaged()
    try:
        return _result(record)
    except SharedLinkError:
        raise
    except (ValueError, OverflowError, RerankError) as error:
        raise _damage() from error


def _unpacked(packed: str) -> bytes:
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        reader = zlib.decompressobj(-zlib.MAX_WBITS)
        data = reader.decompress(raw, _MAX_BYTES + 1)
    except (binascii.Error, zlib.error) as error:
        raise _damage() from error
    if len(data) > _MAX_BYTES:
        raise SharedLinkError("This link holds more than a link may.", hint="Ask for the result as an HTML file.")
    if not reader.eof or reader.unused_data:
        _damaged()
    return data


def _document(document: Document) -> list[Any]:
    parts: list[Any] = [document.text, document.id, dict(document.metadata)]
    while parts[-1] in (None, {}):
        parts.pop()
    return parts


def _result(record: Mapping[str, Any]) -> SharedResult:
    return SharedResult(
        kind=cast(ResultKind, _one_of(record["k"], KINDS)),
        query=_text(record["q"]),
        documents=tuple(_list(record["d"], _read_document)),
        answers=tuple(_list(record["a"], _answer)),
        created=datetime.fromtimestamp(_whole(record["t"], _LATEST), UTC),
        order_name=_text(record["o"]),
        rank_fields=tuple(_list(record["r"], _text)),
        top_n=_maybe(record["n"], _whole),
        ratings=dict(_list(record["g"], _rating)),
        question=_text(record["c"]),
        source=_text(record["s"]),
    )


def _read_document(value: object) -> Document:
    if not isinstance(value, list) or not 1 <= len(value) <= 3:
        _damaged()
    text, name, metadata = (value + [None, {}][len(value) - 1 :])[:3]
    if not isinstance(metadata, dict):
        _damaged()
    return Document(_text(text), _maybe(name, _text), {key: _text(item) for key, item in metadata.items()})


def _answer(value: object) -> SharedAnswer:
    if not isinstance(value, list) or len(value) != 4:
        _damaged()
    service = _text(value[0])
    try:
        provider(service)
    except RerankError as error:
        raise SharedLinkError(
            "This link names a connection that this copy does not know.",
            hint="Update this copy, or ask for an HTML file.",
        ) from error
    model = _maybe(value[1], _text)
    if model is not None and not 0 < len(model.strip()) <= _LABEL_CHARACTERS:
        _damaged()
    return SharedAnswer(service, model, tuple(_list(value[2], _whole)), tuple(_list(value[3], _score)))


def _rating(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        _damaged()
    return _whole(value[0]), _whole(value[1])


def _score(value: object) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float):
        _damaged()
    return float(cast(float, value))


def _whole(value: object, most: int = 1_000_000) -> int:
    if type(value) is not int or not 0 <= value <= most:
        _damaged()
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        _damaged()
    return value


def _one_of(value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        _damaged()
    return value


def _list(value: object, read: Callable[[Any], T]) -> list[T]:
    if not isinstance(value, list):
        _damaged()
    return [read(item) for item in value]


def _maybe(value: object, read: Callable[[Any], T]) -> T | None:
    return None if value is None else read(value)


def _damage() -> SharedLinkError:
    return SharedLinkError("This link is damaged: a part of it is missing or was changed.")


def _damaged(_: object = None) -> NoReturn:
    raise _damage()
