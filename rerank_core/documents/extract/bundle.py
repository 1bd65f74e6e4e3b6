"""ZIP archives to documents: each file inside is read as the file that it is."""

from __future__ import annotations

from rerank_core.documents.decoding import Unreadable, kind_of
from rerank_core.documents.extract.archive import Archive, Protected
from rerank_core.documents.extract.mail import ReadPart
from rerank_core.documents.extract.sink import SourceFile, shown_name
from rerank_core.documents.limits import over

_SYSTEM_FILES = frozenset(("thumbs.db", "desktop.ini"))


def read_bundle(data: bytes, source: SourceFile, read_part: ReadPart) -> None:
    """Every file in the archive by `read_part`, with its name, its bytes and a source of its own.

    Folders, hidden files and what operating systems leave behind are passed over; everything else that cannot
    be read is named. Nothing is written to disk, and the names inside are only labels.
    Raises Unreadable where the archive is damaged or holds no files, Protected where all need a password.
    """
    archive = Archive(data, source.limits, "archive")
    if "[Content_Types].xml" in archive or "META-INF/container.xml" in archive:
        found = kind_of(data) or "an office file"
        if found != "a ZIP archive":
            raise Unreadable(f"This file is {found} although its name ends in .zip. Rename it.")
    files = [part for part in archive.parts if not part.is_dir() and not _left_behind(part.filename)]
    if not files:
        raise Unreadable("This archive holds no files.")
    if all(part.flag_bits & 1 for part in files):
        raise Protected("This archive is protected by a password. Unpack it, and upload the files without one.")
    for number, part in enumerate(files, 1):
        name = shown_name(part.filename)
        source.progress(number - 1, len(files), f"{name} ({number:,} of {len(files):,})")
        inside = source.part(name, number - 1, len(files))
        try:
            archive.refuse_unsafe(part)
            if part.file_size > source.limits.file_bytes:
                raise Unreadable(f"This file is {over(part.file_size, source.limits.file_bytes)}.")
            source.sink.entry(part.file_size)
            read_part(name, archive.unpack(part), inside)
        except Unreadable as error:
            inside.refuse(error.reason)


def _left_behind(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return any(part.startswith(".") and part.strip(".") for part in parts) or (
        parts[0] == "__MACOSX" or parts[-1].casefold() in _SYSTEM_FILES
    )
