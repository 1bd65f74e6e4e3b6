"""Documents in: pasted text and uploaded files to Documents, with a report of what was left out.

`parse_documents` reads a paste, `read_documents` a file, `read_isolated` a file with progress and cancel,
`read_files` several as a job, `read_paste` a paste as a job; all give ParsedDocuments. `is_small` says whether a
paste is read at once. `describe` says how an import went, `merge` puts several together, `order_by` sorts by a rank
or score that came with them, `with_source` gives the documents as a knowledge base keeps them. `chunk` cuts long
documents, `chunk_cost` says what that does to the estimate, `group_by_parent` gives results by document again;
what these give is described in `chunking`.
"""

from rerank_core.documents.chunking import (
    chunk,
    chunk_cost,
    group_by_parent,
)
from rerank_core.documents.files import read_documents
from rerank_core.documents.isolated.reader import read_isolated
from rerank_core.documents.kinds import FILE_KINDS, KIND_NAMES
from rerank_core.documents.limits import DEFAULT_LIMITS, Limits
from rerank_core.documents.order import Ordered, order_by
from rerank_core.documents.paste.parse import is_small, parse_documents
from rerank_core.documents.reading import read_files, read_paste, with_source
from rerank_core.documents.report import ParsedDocuments, Problem, describe, merge

__all__ = [
    "DEFAULT_LIMITS",
    "FILE_KINDS",
    "KIND_NAMES",
    "Limits",
    "Ordered",
    "ParsedDocuments",
    "Problem",
    "chunk",
    "chunk_cost",
    "describe",
    "group_by_parent",
    "is_small",
    "merge",
    "order_by",
    "parse_documents",
    "read_documents",
    "read_files",
    "read_isolated",
    "read_paste",
    "with_source",
]
