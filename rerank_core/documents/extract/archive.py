"""ZIP containers, archives and office files alike, opened within bounds and without trusting what they say."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.limits import Limits, over

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SCAN_BYTES = 1 << 16
_SMALL_BYTES = 10_000_000
_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([^\"']{1,40})[\"']")
_ENCODINGS = (b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii", b"iso-8859-1")


class Protected(Unreadable):
    """The bytes can only be read with a password."""


class Archive:
    """The parts of a ZIP container in memory; nothing is ever unpacked to disk, and names are only labels.

    `noun` says in sentences what it is ("workbook", "archive").
    Raises Unreadable where the container is damaged or larger than the limits.
    """

    def __init__(self, data: bytes, limits: Limits, noun: str) -> None:
        self.noun = noun
        self._limits = limits
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except Exception as error:  # zipfile raises more than BadZipFile for made-up headers
            raise self._damaged() from error
        self.parts: Sequence[zipfile.ZipInfo] = self._zip.infolist()
        if len(self.parts) > limits.entries:
            raise Unreadable(f"This {noun} has {len(self.parts):,} parts; the limit is {limits.entries:,}.")
        self._by_name = {part.filename.replace("\\", "/").lstrip("/").casefold(): part for part in self.parts}

    def __contains__(self, name: str) -> bool:
        return name.lstrip("/").casefold() in self._by_name

    def read(self, name: str) -> bytes:
        """One part by its name, upper and lower case alike. Raises Unreadable where there is none."""
        return self.unpack(self._part(name))

    def _part(self, name: str) -> zipfile.ZipInfo:
        if name not in self:
            raise self._damaged()
        return self._by_name[name.lstrip("/").casefold()]

    def unpack(self, part: zipfile.ZipInfo) -> bytes:
        """One part. Raises Protected or Unreadable; no more is unpacked than the part says it holds."""
        self.refuse_unsafe(part)
        try:
            return self._zip.read(part)
        except MemoryError:
            raise
        except Exception as error:  # zlib.error, lzma's and its like have no common base
            raise self._damaged() from error

    def refuse_unsafe(self, part: zipfile.ZipInfo) -> None:
        """Raise Protected for a part that is encrypted, Unreadable for one that is too large or unpacks to far more
        than its packed size."""
        if part.flag_bits & 1:
            raise Protected(f"This {self.noun} is protected by a password. Save it without one and try again.")
        if part.file_size > self._limits.expanded_bytes:
            raise Unreadable(f"This {self.noun} unpacks to {over(part.file_size, self._limits.expanded_bytes)}.")
        times = part.file_size // max(1, part.compress_size)
        if part.file_size > _SMALL_BYTES and times > self._limits.expansion:
            raise Unreadable(
                f"A part of this {self.noun} unpacks to {times:,} times its size, as zip bombs do; "
                f"the limit is {self._limits.expansion} times."
            )

    def xml(self, name: str) -> Element:
        """The root of a part that is XML. Raises Unreadable where it is missing, damaged or declares entities."""
        from xml.etree import ElementTree

        part = self._part(name)
        data = self.unpack(part)
        self.check_xml(part)
        try:
            return ElementTree.fromstring(data)  # noqa: S314  # what declares entities does not get here
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise self._damaged() from error

    def check_xml(self, part: zipfile.ZipInfo) -> None:
        """Refuse a document type in a part that looks like XML: entities can only come in one."""
        try:
            with self._zip.open(part) as stream:
                self._scan(stream)
        except (Unreadable, MemoryError):
            raise
        except Exception as error:
            raise self._damaged() from error

    def _scan(self, stream: IO[bytes]) -> None:
        before = b""
        while chunk := stream.read(_SCAN_BYTES):
            # UTF-16 of these words is the same letters with zero bytes between them
            plain = before + chunk.replace(b"\x00", b"")
            encoding = None
            if not before:
                start = plain.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
                if not start.startswith(b"<"):
                    return
                encoding = _ENCODING.match(start)
            if _FORBIDDEN.search(plain) or (encoding and encoding[1].lower() not in _ENCODINGS):
                raise Unreadable(
                    f"This {self.noun} holds XML entities, which no office program writes. It was not read."
                )
            before = plain[-16:]

    def _damaged(self) -> Unreadable:
        return Unreadable(f"This {self.noun} is damaged and could not be read.")


def check_parts(data: bytes, limits: Limits, noun: str, *, entities: bool = True) -> Archive:
    """An office file or book whose parts have all been looked at before a reader sees any of them.

    Raises Unreadable for bombs and, with `entities`, for XML that declares any; Protected where a password is
    needed.
    """
    archive = Archive(data, limits, noun)
    size = sum(part.file_size for part in archive.parts)
    if size > limits.expanded_bytes:
        raise Unreadable(f"This {noun} unpacks to {over(size, limits.expanded_bytes)}.")
    for part in archive.parts:
        archive.refuse_unsafe(part)
    for part in archive.parts if entities else ():
        archive.check_xml(part)
    return archive
