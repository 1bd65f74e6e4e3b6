"""How much is read from a paste or a file, whatever it holds, and the sentences for what is beyond that.

There is one `Limits` for all readers: those of documents, with DEFAULT_LIMITS, and those of query sets, with
COLLECTION_LIMITS, whose files are larger.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_NESTING = 100
"""How many lists and objects of JSON or code may lie inside one another."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one import may hold. Beyond it nothing is cut in silence: each limit has its own sentence.

    file_bytes: size of one file, or of a paste in UTF-8, in bytes.
    documents: documents of one import; the ones that come first are kept.
    document_characters: characters of one document, or of one cell of a table; a longer one is left out and named.
    rows, columns, cells: of one table, empty cells of a spreadsheet's used area included.
    problems: what was left out is named one by one up to so many, and counted beyond.
    expanded_bytes: what a workbook, another office file or an archive may unpack to, in bytes, the archives
        inside it included.
    pages: pages of a PDF, slides of a presentation, chapters of a book.
    entries: files in an archive or parts of an office file; attachments of a mail.
    depth: how many archives and mails may lie inside one another; 1 is a ZIP without any in it.
    expansion: how many times its packed size a large part of an archive may unpack to.
    text_characters: characters of all documents of one PDF, office file, web page, mail, book or archive.
    memory_bytes: what a process of its own that reads a file may use, where the system can limit that (Linux; not
        macOS or Windows).
    control_share: the share of control characters, 0 to 1, above which a document is taken for binary data;
        1 lets everything through, as for a paste.
    """

    file_bytes: int = 20_000_000
    documents: int = 100_000
    document_characters: int = 1_000_000
    rows: int = 200_000
    columns: int = 500
    cells: int = 5_000_000
    problems: int = 1_000
    expanded_bytes: int = 200_000_000
    pages: int = 5_000
    entries: int = 5_000
    depth: int = 3
    expansion: int = 200
    text_characters: int = 50_000_000
    memory_bytes: int = 1_000_000_000
    control_share: float = 1.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if name != "control_share" and getattr(self, name) < 1:
                raise ValueError(f"the limit {name} must be at least 1")
        if not 0.0 < self.control_share <= 1.0:
            raise ValueError("the share of control characters lies between 0 and 1")


DEFAULT_LIMITS = Limits()
"""What one import of documents may hold."""

COLLECTION_LIMITS = Limits(
    file_bytes=200_000_000,
    documents=2_000_000,
    rows=5_000_000,
    cells=20_000_000,
    expanded_bytes=500_000_000,
    entries=10_000,
    memory_bytes=2_000_000_000,
)
"""What one import of queries, ratings or results may hold: collections are larger than a list that somebody uploads."""

SMALL_BYTES = 200_000
"""What is read where it is asked for: a text of this size takes a tenth of a second, less than a process takes to
start. Anything larger is read in a process of its own, with a limit on time and memory, and can be cancelled."""


def over(size: int, limit: int) -> str:
    """ "24 MB; the limit is 20 MB", in bytes where the two would look the same."""
    if megabytes(size) == megabytes(limit):
        return f"{size:,} bytes; the limit is {limit:,} bytes"
    return f"{megabytes(size)}; the limit is {megabytes(limit)}"


def megabytes(size: int) -> str:
    """A size in bytes as a person says it: 20_000_000 is "20 MB", 1_500 is "1,500 bytes"."""
    if size < 100_000:
        return f"{size:,} bytes"
    return f"{size / 1_000_000:,.1f}".removesuffix(".0") + " MB"
