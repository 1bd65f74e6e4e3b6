"""Documents in: pasted text and uploaded files to Documents, with a report of what was left out.

`parse_documents` reads a paste, `read_documents` a file; both give ParsedDocuments. `describe` says how an
import went, `merge` puts several together, `order_by` sorts by a rank or score that came with them,
`with_titles` puts titles in front of texts.
"""

from rerank_core.documents.files import FILE_KINDS, read_documents
from rerank_core.documents.limits import DEFAULT_LIMITS, Limits
from rerank_core.documents.order import Ordered, order_by
from rerank_core.documents.paste import parse_documents
from rerank_core.documents.report import ParsedDocuments, Problem, describe, merge
from rerank_core.documents.titles import with_titles

__all__ = [
    "DEFAULT_LIMITS",
    "FILE_KINDS",
    "Limits",
    "Ordered",
    "ParsedDocuments",
    "Problem",
    "describe",
    "merge",
    "order_by",
    "parse_documents",
    "read_documents",
    "with_titles",
]
