"""Mails (EML) to documents: the message is one, and each attachment is read as the file that it is."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime

from rerank_core.documents.decoding import Unreadable, decode
from rerank_core.documents.extract.sink import LimitReached, SourceFile
from rerank_core.documents.extract.web import decode_html, decode_named, read_page

_PARTS = 1_000
_HEADER_CHARACTERS = 500
_ENDINGS = {"text/plain": ".txt", "text/html": ".html", "application/pdf": ".pdf", "text/csv": ".csv"}

ReadPart = Callable[[str, bytes, SourceFile], None]


def read_mail(data: bytes, source: SourceFile, read_part: ReadPart) -> None:
    """The message's text with "title" (the subject), "from", "to" and "date" in its metadata, then its attachments.

    Of a message in plain text and HTML the plain one is taken. Pictures inside the text are passed over; any
    other attachment goes to `read_part` with its name, its bytes and a source of its own.
    Raises Unreadable where the file is no mail.
    """
    source.progress(0, 1, "reading the mail")
    # the strict policy takes ages over made-up headers; this one keeps them as they are
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    if not message.keys():
        raise Unreadable("This file is no mail: it has no header.")
    metadata = _headers(message)
    attachments: list[Message] = []
    text = "\n\n".join(part for part in _texts(message, attachments) if part)
    if text:
        source.add(text, "", metadata, "The message")
    elif not attachments:
        raise Unreadable("This mail holds no text.")
    for number, part in enumerate(attachments[:_PARTS], 1):
        source.progress(number - 1, len(attachments), f"attachment {number:,} of {len(attachments):,}")
        name = _name_of(part, number)
        _read_attachment(part, name, source.part(name, number - 1, len(attachments)), read_part)
    if len(attachments) > _PARTS:
        left = len(attachments) - _PARTS
        source.refuse(
            f"This mail has {len(attachments):,} attachments; only the first {_PARTS:,} were read.", rows=left
        )


def _texts(message: Message, attachments: list[Message]) -> Iterator[str]:
    """The texts of the message in order; whatever else hangs on it is added to `attachments`."""
    waiting: list[Message] = [message]
    while waiting:
        part = waiting.pop()
        kind = part.get_content_type()
        attached = _attached(part)
        if part.is_multipart() and kind.startswith("multipart/") and not attached:
            inner = [child for child in part.get_payload() if isinstance(child, Message)]
            waiting.extend(reversed(_best(inner) if kind == "multipart/alternative" else inner))
        elif attached or kind == "message/rfc822":
            attachments.append(part)
        elif kind in ("text/plain", "text/html"):
            yield _text(part, kind)
        elif not (kind.startswith("image/") or part.get_content_maintype() in ("multipart", "message")):
            attachments.append(part)


def _best(parts: list[Message]) -> list[Message]:
    """Of several forms of the same text the plain one if it says anything, else all that could."""
    for part in parts:
        if part.get_content_type() == "text/plain" and _text(part, "text/plain"):
            return [part, *(other for other in parts if other.get_content_maintype() not in ("text", "multipart"))]
    return [part for part in parts if part.get_content_type() != "text/plain"]


def _attached(part: Message) -> bool:
    """Whether a part says that it hangs on the message; a picture inside the text has a name too."""
    inline = part.get_content_maintype() == "image" and part.get("Content-ID") is not None
    disposition = str(part.get("Content-Disposition") or "").strip().lower()
    return disposition.startswith("attachment") or (part.get_filename() is not None and not inline)


def _text(part: Message, kind: str) -> str:
    data = _bytes(part)
    charset = part.get_content_charset()
    text = decode_named(data, charset) if charset else None
    if text is None:
        try:
            text = decode_html(data)[0] if kind == "text/html" else decode(data).text
        except Unreadable:
            return ""
    if kind == "text/html":
        return "\n\n".join(section.text for section in read_page(text).sections)
    return text.replace("\r\n", "\n").strip()


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _name_of(part: Message, number: int) -> str:
    """What an attachment is called, with the ending of its kind where its own is none that can be read."""
    from rerank_core.documents.kinds import FILE_KINDS, ending_of

    kind = part.get_content_type()
    name = _decoded(part.get_filename() or "")
    inner = _forwarded(part)
    if not name and inner is not None:
        name = _decoded(str(inner.get("Subject") or ""))
    name = name or f"attachment {number}"
    own = ending_of(name)
    if kind == "message/rfc822":
        return name if own == "eml" else f"{name}.eml"
    return name if own in FILE_KINDS else name + _ENDINGS.get(kind, "")


def _forwarded(part: Message) -> Message | None:
    content = part.get_payload() if part.get_content_type() == "message/rfc822" else None
    return content[0] if isinstance(content, list) and content and isinstance(content[0], Message) else None


def _read_attachment(part: Message, name: str, inside: SourceFile, read_part: ReadPart) -> None:
    try:
        inner = _forwarded(part)
        data = _bytes(part) if inner is None else inner.as_bytes()
        inside.sink.entry(len(data))
        read_part(name, data, inside)
    except Unreadable as error:
        inside.refuse(error.reason)
    except (LimitReached, MemoryError):
        raise
    except Exception:  # what the mail library makes of made-up parts has no common base
        inside.refuse("This attachment is damaged and could not be read.")


def _headers(message: Message) -> dict[str, str]:
    found = {
        name: _decoded(str(message.get(header) or ""))
        for name, header in (("title", "Subject"), ("from", "From"), ("to", "To"))
    }
    date = str(message.get("Date") or "")[:100]
    try:
        found["date"] = parsedate_to_datetime(date).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        found["date"] = " ".join(date.split())
    return {name: value for name, value in found.items() if value}


def _decoded(header: str) -> str:
    """A header's words, whatever encoding they are in, on one line and of bounded length."""
    header = header[: 4 * _HEADER_CHARACTERS]
    try:
        parts = decode_header(header)
    except (ValueError, LookupError, email.errors.MessageError):
        parts = [(header, None)]
    words = []
    for content, charset in parts:
        if isinstance(content, str):
            words.append(content)
        else:
            text = decode_named(content, charset or "utf-8")
            words.append(content.decode("latin-1") if text is None else text)
    return " ".join("".join(words).split())[:_HEADER_CHARACTERS]
