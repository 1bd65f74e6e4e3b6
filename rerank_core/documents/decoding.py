"""Bytes of a file to text, and files that are something else than their name says."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from collections.abc import Mapping
from typing import NamedTuple

from rerank_core.documents.report import count
from rerank_core.errors import InvalidDocumentsError

ENCODINGS: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252 (Western)",
    "mac-roman": "Mac Roman (Western)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8-r": "KOI8-R (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "gb18030": "GB18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp932": "Shift JIS (Japanese)",
    "euc-jp": "EUC-JP (Japanese)",
    "cp949": "EUC-KR (Korean)",
}
"""Encodings that people have files in: the name to ask for, and what to call it."""


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
_NOT_FOR_TEXT = frozenset(
    ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "utf-7")
)


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


class Decoded(NamedTuple):
    """The text of a file, the encoding that it was read in, and a sentence where that is worth telling."""

    text: str
    encoding: str
    note: str | None


def decode(data: bytes, encoding: str = "") -> Decoded:
    """The text of a file, in the encoding of this name, or in the one that it seems to have.

    A byte order mark decides; without one UTF-16 is recognised by where its zero bytes are, then comes
    UTF-8. A file that is nearly all good UTF-8 is read as that, its bad bytes replaced. Any other is taken for
    Windows-1252 if that reads like a Western language, else for what charset-normalizer makes of it.
    Raises Unreadable where the result is no text, InvalidDocumentsError where there is no such encoding.
    """
    decoded = _decode_as(data, encoding) if encoding else _decode(data)
    odd = len(decoded.text) - len(_ODD.sub("", decoded.text))
    if odd and odd > _BINARY_SHARE * len(decoded.text):
        raise Unreadable("This is not a text file: it holds binary data.")
    return decoded


def text_codec(name: str) -> str | None:
    """Python's name for an encoding of text; None where there is none of that name."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    known = found.name.replace("_", "-")
    if not found._is_text_encoding or known in _NOT_FOR_TEXT:
        return None
    # what is declared Latin-1 is Windows-1252 in practice, as browsers have it
    return "cp1252" if known in ("iso8859-1", "ascii") else known


def _decode_as(data: bytes, encoding: str) -> Decoded:
    codec = text_codec(encoding)
    if codec is None:
        known = ", ".join(ENCODINGS)
        raise InvalidDocumentsError(f"There is no encoding called '{encoding}'.", hint=f"Use one of: {known}.")
    return _strictly_or_replaced(data, codec)


def _decode(data: bytes) -> Decoded:
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
        return Decoded(data.decode("utf-8", "surrogatepass"), "utf-8", None)
    except UnicodeDecodeError:
        pass
    replaced = data.decode("utf-8", "replace")
    bad = replaced.count("\ufffd")
    good = sum(1 for char in replaced if char > "\x7f") - bad
    if good >= 20 * bad:
        return Decoded(replaced, "utf-8", _replaced_note(bad))
    return _decode_old(data)


# Three strange letters in a row, or a sign between two letters: what other encodings look like as Windows-1252.
_NOT_WESTERN = re.compile(
    r"(?=[^\x00-\x7f]*[À-ÿ])[^\x00-\x7f]{3,}"
    r"|[A-Za-z][\x80-\x9f¡-©¬®-³¶¸¹¾¿×÷ŠŸ†‡‰‹ƒˆ˜•]+[a-z]"
)
_SIGN_IN_WORD = re.compile(r"[^\W\d_][\x80-¿×÷†‡‰‹ƒˆ˜•]+[^\W\d_]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_NOT_WESTERN_SHARE = 0.1
_OLD_SAMPLE = 64_000


def _decode_old(data: bytes) -> Decoded:
    """A text in one of the encodings from before UTF-8."""
    # lines of plain letters say nothing, and a line is not cut within a character
    lines: list[bytes] = []
    left = _OLD_SAMPLE
    for line in data.splitlines(keepends=True):
        if not line.isascii():
            lines.append(line)
            left -= len(line)
            if left <= 0:
                break
    try:
        western = data.decode("cp1252")
    except UnicodeDecodeError:
        western = ""
    sample = b"".join(lines)
    as_western = sample.decode("cp1252", "replace")
    strange = len(_NOT_WESTERN.findall(as_western))
    if western and strange < _NOT_WESTERN_SHARE * len(_NOT_ASCII.findall(as_western)):
        return Decoded(western, "cp1252", "This file was read as Windows-1252 text, since it is not UTF-8.")
    encoding = _guess(sample)
    for codec, name in ((encoding, ENCODINGS.get(encoding or "")), ("cp1252", "Windows-1252")):
        try:
            if codec and name:
                note = f"This file was read as {name} text, since it is not UTF-8."
                if codec != "cp1252":
                    note += " If its letters look wrong, choose another encoding."
                return Decoded(data.decode(codec), codec, note)
        except UnicodeDecodeError:
            continue
    return Decoded(data.decode("latin-1"), "latin-1", "This file was read as Latin-1 text, since it is not UTF-8.")


def _guess(sample: bytes) -> str | None:
    """The old encoding in which a sample makes most sense; None where none does, or nothing here can tell."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:  # it belongs to the extra "documents"
        return None
    matches = from_bytes(sample, cp_isolation=list(ENCODINGS)[2:])
    best = min(matches, key=lambda match: (match.chaos, len(_SIGN_IN_WORD.findall(str(match)))), default=None)
    return text_codec(best.encoding) if best is not None else None


def _strictly_or_replaced(data: bytes, encoding: str) -> Decoded:
    errors = "surrogatepass" if encoding.startswith("utf") else "strict"
    try:
        return Decoded(data.decode(encoding, errors), encoding, None)
    except UnicodeError:
        text = data.decode(encoding, "replace")
        return Decoded(text, encoding, _replaced_note(text.count("\ufffd")))


def _replaced_note(bad: int) -> str:
    return f"{count(bad, 'place')} in this file could not be read and show as \ufffd."


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
