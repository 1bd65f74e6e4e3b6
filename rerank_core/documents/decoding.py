"""Bytes of a file to text, and files that are something else than their name says."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from typing import NamedTuple

from rerank_core.documents.report import controls, count
from rerank_core.errors import InvalidDocumentsError

ENCODINGS: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252 (Western)",
    "mac-roman": "Mac Roman (Western)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8-r": "KOI8-R (Cyrillic)",
    "koi8-u": "KOI8-U (Ukrainian)",
    "mac-cyrillic": "Mac (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp1258": "Windows-1258 (Vietnamese)",
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

_BINARY_SHARE = 0.05
_UTF16_SAMPLE = 4_000
_GOOD_UTF16 = 0.97
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
    if controls(decoded.text) > _BINARY_SHARE * len(decoded.text):
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
        text = data.decode("utf-8", "surrogatepass")
        if "\x00" not in text or not (wide := _utf16_by_its_signs(data)):
            return Decoded(text, "utf-8", None)
        return wide
    except UnicodeDecodeError:
        pass
    if wide := _utf16_by_its_signs(data):
        return wide
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
_ICELANDIC = re.compile("[ðþÐÞ]")
_FEW_LETTERS = 20
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
# frames, single letters of Hangul but those of laughter and tears, units, private use
_RARE_SIGNS = re.compile("[\u2500-\u257f\u3200-\u33ff\ue000-\uf8ff]|(?![ㅋㅎㅠㅜ])[\u3131-\u318e]")
_HEBREW_POINTS = re.compile("[\u0591-\u05c7\u05f0-\u05f4]")
_KANA = re.compile("[ぁ-んァ-ヶ]")
_BIG5_SECOND = b"\xc9\x40"  # where the less frequent characters begin
_HEBREW = range(0xE0, 0xFB)
_CYRILLIC_VOWELS = "аеиоу".encode("cp1251")
# too like others to be guessed: they differ from Windows-1251 and 1252 in a few letters
_CHOSEN_ONLY = ("mac-cyrillic", "cp1258")
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
        codec = _other_latin(as_western) or "cp1252"
        return Decoded(data.decode(codec, "replace"), codec, _read_as(codec, sample))
    for guessed in (_guess(sample), "cp1252"):
        try:
            if guessed is not None and guessed in ENCODINGS:
                return Decoded(data.decode(guessed), guessed, _read_as(guessed, sample))
        except UnicodeDecodeError:
            continue
    return Decoded(data.decode("latin-1"), "latin-1", _read_as("latin-1", sample))


def _read_as(codec: str, sample: bytes) -> str:
    """The sentence that says which encoding it was; `sample` is what it was guessed from."""
    name = ENCODINGS.get(codec, "Latin-1")
    letters = sum(byte > 127 for byte in sample)
    few = " There are too few letters in it to be sure." if letters < _FEW_LETTERS else ""
    cure = "If its letters look wrong, choose another encoding."
    return f"This file was read as {name} text, since it is not UTF-8.{few} {cure}"


def _other_latin(western: str) -> str | None:
    """Another encoding of Latin letters, where a text read as Windows-1252 has letters of Icelandic in words that are
    none: Turkish and the Baltic languages have their own letters at these places."""
    if not _ICELANDIC.search(western):
        return None
    found = set(western.casefold())
    if found & set("àèëûøâîòï") and not found & set("ýüö"):
        return "cp1257"
    return "cp1254" if found & set("çýüö") and not found & set("áíóúæ") else None


def _guess(sample: bytes) -> str | None:
    """The old encoding in which a sample makes most sense; None where none does, or nothing here can tell."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:  # it belongs to the extra "documents"
        return None
    matches = from_bytes(sample, cp_isolation=[name for name in list(ENCODINGS)[2:] if name not in _CHOSEN_ONLY])
    best = min(matches, key=lambda match: _oddness(str(match), match.chaos), default=None)
    if best is None:
        return None
    return "cp1255" if best.encoding == "cp1251" and _is_hebrew(sample) else text_codec(best.encoding)


def _oddness(text: str, chaos: float) -> tuple[bool, float, bool, int]:
    """How little a text looks like one that somebody wrote, to be compared.

    Chinese that is read as Japanese is mostly half-width katakana, and Japanese that is read as Korean or Chinese is
    full of characters that are hardly ever used. Small Cyrillic letters in Windows-1251 are capitals in KOI8.
    """
    letters = sum(char > "\x7f" for char in text)
    small = sum(char.islower() for char in text if char > "\x7f")
    never_written = 4 * len(_HALF_WIDTH.findall(text)) > letters or 10 * _rare(text) > letters
    capitals = sum(char.isupper() for char in text if char > "\x7f")
    return never_written, chaos, capitals > small, len(_SIGN_IN_WORD.findall(text))


def _rare(text: str) -> int:
    """Characters that hardly any text has: syllables and Chinese characters that the older, smaller sets leave out
    (KS X 1001, GB 2312, JIS X 0208 and the frequent half of Big5), frames, and points that no letter carries."""
    rare = len(_RARE_SIGNS.findall(text))
    rare += sum(len(char.encode("euc_kr")) > 2 for char in text if "가" <= char <= "힣")  # spelt out where it has none
    points = len(_HEBREW_POINTS.findall(text))
    rare += points if 2 * points > sum("\u0590" <= char <= "\u05ff" for char in text) else 0
    japanese = len(_KANA.findall(text))
    return rare + sum(not _is_frequent(char, japanese > 1) for char in text if "\u3400" <= char <= "\u9fff")


def _is_frequent(char: str, japanese: bool) -> bool:
    """Whether one of the smaller sets of Chinese characters has this one."""
    if char.encode("shift_jis", "ignore"):
        return True
    return not japanese and bool(char.encode("gb2312", "ignore") or b"" < char.encode("big5", "ignore") < _BIG5_SECOND)


def _is_hebrew(sample: bytes) -> bool:
    """Whether what can be read as Cyrillic is Hebrew: Russian has capitals and its last letters beside Hebrew's place
    in the code, and more vowels."""
    high = [byte for byte in sample if byte >= _HEBREW[0] - 32]
    vowels = sum(byte in _CYRILLIC_VOWELS for byte in high)
    return len(high) >= _FEW_LETTERS and all(byte in _HEBREW for byte in high) and vowels < 0.32 * len(high)


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


def _utf16_by_its_signs(data: bytes) -> Decoded | None:
    """UTF-16 without a mark of a text of any script: its spaces, digits, separators and line ends have their zero
    bytes on one side, and what it gives are letters."""
    if len(data) % 2 or b"\x00" not in data:
        return None
    even, odd = data[0::2].count(0), data[1::2].count(0)
    # characters of other scripts may have a zero byte on the other side, but few do
    if max(even, odd) < 4 * min(even, odd) or even == odd:
        return None
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    sample = text[:_UTF16_SAMPLE]
    good = sum(char.isalnum() or char.isspace() or unicodedata.category(char)[0] in "PSM" for char in sample)
    if good < _GOOD_UTF16 * len(sample):
        return None
    note = (
        "This file was read as UTF-16 text, which it does not say. If its letters look wrong, choose another encoding."
    )
    return Decoded(text, encoding, note)
