"""Documents from files: which files, what their columns can be, and the documents as a list has them."""

from __future__ import annotations

from dataclasses import replace

from pages.components.inputs.uploads import FileReading, Upload
from rerank_core import Document, documents
from rerank_core.documents import ParsedDocuments
from rerank_core.documents.limits import DEFAULT_LIMITS
from rerank_core.documents.tables.roles import by_role

DOCUMENT_FILES = FileReading[ParsedDocuments](
    read=lambda context, files, columns, take: documents.read_files(context, files, columns, on_read=take),
    describe=documents.describe,
    notes=lambda parsed: parsed.notes,
    empty=lambda parsed: not parsed.documents,
    # "text" would be a group of kinds to Streamlit
    endings=[ending for ending in documents.FILE_KINDS if ending != "text"],
    file_bytes=DEFAULT_LIMITS.file_bytes,
    roles={
        "text": "Text to rank",
        "id": "ID",
        "title": "Title",
        "rank": "Initial rank",
        "score": "Initial score",
        "url": "Link",
    },
    needed=("text",),
)

PLAIN_DOCUMENT_FILES = replace(
    DOCUMENT_FILES,
    roles={role: label for role, label in DOCUMENT_FILES.roles.items() if role not in ("rank", "score")}
    | {"text": "Text"},
)
"""Documents that have no order of their own yet."""


def documents_of(upload: Upload[ParsedDocuments]) -> tuple[Document, ...]:
    """What was read, with title, rank, score and link where a list of documents has them."""
    return by_role(upload.parsed, [role for role, column in upload.requested.items() if not column])
