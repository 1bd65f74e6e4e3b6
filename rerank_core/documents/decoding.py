"""Bytes of a file to text, and files that are something else than their name says."""

from __future__ import annotations

import codecs
import io
import re
import zipfile

__all__ = ["Unreadable", "decode", "kind_of"]


class Unreadable(ValueError):
    """The bytes are no text that can be read. `reason` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"RIFF", "a sound or video file"),
    (b"OggS", "a sound or video file"),
    (b"ID3", "a sound file"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

_ODD = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]+")
_BINARY_SHARE = 0.05
_UTF16_SAMPLE = 4_000


def kind_of(data: bytes) -> str | None:
    """What a file is by its first bytes, in words; None where they tell nothing and it may be text.

    "an Excel workbook", "an old Excel workbook (.xls)", "a password-protected Office file", "a ZIP archive",
    "a PDF" and others.
    """
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            return "a password-protected Office file"
        return "an old Excel workbook (.xls)" if "Workbook".encode("utf-16-le") in data else "an old Office file"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(data)
    # "BM" alone would call a CSV that begins with it a picture, so only long signatures count
    return next((words for start, words in _SIGNATURES if data.startswith(start) and _is_odd_start(data)), None)


_PARTS = (
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("xl/workbook", "an Excel workbook"),
    ("word/", "a Word document"),
    ("ppt/", "a PowerPoint presentation"),
    ("Index/Document.iwa", "a Numbers, Pages or Keynote document"),
    ("META-INF/container.xml", "an EPUB book"),
    ("content.xml", "an OpenDocument file"),
)


def _kind_of_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name.replace("\\", "/") for name in archive.namelist()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "a damaged archive"
    return next((words for part, words in _PARTS if any(name.startswith(part) for name in names)), "a ZIP archive")


def _is_odd_start(data: bytes) -> bool:
    """Whether the bytes hold what text does not: a text may well begin with "RIFF" or "ID3"."""
    return data.startswith(b"%PDF-") or any(byte < 9 or 13 < byte < 32 or byte > 126 for byte in data[:512])


def decode(data: bytes) -> tuple[str, str | None]:
    """The text of a file, and a sentence where its encoding is worth telling.

    A byte order mark decides; without one UTF-16 is recognised by where its zero bytes are, then comes
    UTF-8, then Windows-1252. A file that is nearly all good UTF-8 is read as that, its bad bytes replaced.
    Raises Unreadable where the result is no text.
    """
    text, note = _decode(data)
    odd = len(text) - len(_ODD.sub("", text))
    if odd and odd > _BINARY_SHARE * len(text):
        raise Unreadable("This is not a text file: it holds binary data.")
    return text, note


def _decode(data: bytes) -> tuple[str, str | None]:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return _strictly_or_replaced(data[len(mark) :], encoding)
    if unmarked := _utf16_without_mark(data):
        return _strictly_or_replaced(data, unmarked)
    try:
        return data.decode("utf-8", "surrogatepass"), None
    except UnicodeDecodeError:
        pass
    replaced = data.decode("utf-8", "replace")
    bad = replaced.count("\ufffd")
    good = sum(1 for char in replaced if char > "\x7f") - bad
    if good >= 20 * bad:
        return replaced, _replaced_note(bad)
    try:
        return data.decode("cp1252"), "This file was read as Windows-1252 text, since it is not UTF-8."
    except UnicodeDecodeError:
        return data.decode("latin-1"), "This file was read as Latin-1 text, since it is not UTF-8."


def _strictly_or_replaced(data: bytes, encoding: str) -> tuple[str, str | None]:
    try:
        return data.decode(encoding, "surrogatepass"), None
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        return text, _replaced_note(text.count("\ufffd"))


def _replaced_note(bad: int) -> str:
    places = "1 place" if bad == 1 else f"{bad:,} places"
    return f"{places} in this file could not be read and show as \ufffd."


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 of mostly Western text: every second byte is zero, always on the same side."""
    sample = data[:_UTF16_SAMPLE]
    half = len(sample) // 2
    if half < 2 or len(data) % 2:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None
