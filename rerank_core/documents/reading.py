"""Several files as one job: read one after the other, with progress over all of them and a cancel that works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rerank_core.documents.extract import KINDS
from rerank_core.documents.files import FILE_KINDS, ending_of, read_documents
from rerank_core.documents.isolated import TIMEOUT_SECONDS, read_isolated
from rerank_core.documents.limits import DEFAULT_LIMITS, Limits
from rerank_core.documents.report import ParsedDocuments

if TYPE_CHECKING:
    from rerank_core.jobs import JobContext

__all__ = ["read_files"]

_STEPS = 100
_SMALL_BYTES = 200_000


def read_files(
    context: JobContext,
    files: Sequence[tuple[str, bytes]],
    *,
    timeout: float = TIMEOUT_SECONDS,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[ParsedDocuments, ...]:
    """What each file, given as its name and its bytes, holds: `jobs.submit(read_files, files, owner=...)`.

    Progress counts 100 steps a file and says which file and page it is at; names are anybody's text. Files of
    the risky kinds and large ones are read in a process of their own, for at most `timeout` seconds each.
    Raises Cancelled, soon after somebody cancels the job.
    """
    found: list[ParsedDocuments] = []
    total = _STEPS * len(files)
    for place, (name, data) in enumerate(files):

        def progress(done: int, pieces: int, note: str, name: str = name, start: int = _STEPS * place) -> None:
            share = done * _STEPS // pieces if pieces > 0 else 0
            context.progress(start + min(_STEPS, max(0, share)), total, note=f"{name}: {note}")

        progress(0, 1, "reading")
        if FILE_KINDS.get(ending_of(name)) in KINDS or len(data) > _SMALL_BYTES:
            found.append(
                read_isolated(
                    name,
                    data,
                    timeout=timeout,
                    on_progress=progress,
                    cancelled=lambda: context.cancelled,
                    limits=limits,
                )
            )
        else:
            found.append(read_documents(name, data, limits=limits))
    context.progress(total, total, note="")
    return tuple(found)
