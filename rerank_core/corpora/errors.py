"""What can go wrong with a corpus, in sentences."""

from __future__ import annotations

from pathlib import Path

from rerank_core.errors import RerankError
from rerank_core.storage.sqlite_file import trouble_of


class CorpusError(RerankError):
    """A corpus cannot be made, read or changed.

    `code` tells which case it is: corpus_not_found, corpus_exists, corpus_name, corpus_empty, corpus_full,
    corpus_busy, corpus_damaged, corpus_newer, corpus_disk. No other corpus is affected.
    """

    default_code = "corpus"
    default_hint = "Try again; other corpora are not affected."


def explained(error: Exception, path: Path) -> CorpusError:
    """What SQLite or the file system said about a corpus' files, as a sentence and a next step."""
    trouble = trouble_of(error)
    if trouble == "busy":
        return CorpusError(
            "This corpus is being changed by another program.",
            hint="Try again in a moment.",
            code="corpus_busy",
            retryable=True,
        )
    if trouble == "full":
        return CorpusError("The disk is full.", hint="Free some space and try again.", code="corpus_disk")
    if trouble == "damaged":
        return damaged(path)
    return CorpusError(
        f"The corpus in {path} cannot be used: {error}.",
        hint="Check that the folder can be read and written.",
        code="corpus_disk",
    )


def nothing_to_keep() -> CorpusError:
    """The error for a corpus without passages."""
    return CorpusError(
        "There are no passages to make a corpus of.", hint="Add some documents first.", code="corpus_empty"
    )


def taken(name: str) -> CorpusError:
    """The error for a name that another corpus has."""
    return CorpusError(
        f"There is a corpus called '{name}' already.",
        hint="Choose another name, or add to that corpus.",
        code="corpus_exists",
    )


def damaged(folder: Path) -> CorpusError:
    """The error for files that say something impossible."""
    return CorpusError(
        f"The files of this corpus are damaged: {folder}.",
        hint="Delete the corpus and make it again from its documents; other corpora are not affected.",
        code="corpus_damaged",
    )


def gone(label: str) -> CorpusError:
    """The error for a knowledge base that is listed and whose passages are no longer there."""
    return CorpusError(
        f"What this knowledge base was kept in is gone from {label}.",
        hint="Delete it here, and make it again from its documents.",
        code="home_gone",
    )


def not_found() -> CorpusError:
    """The error for a knowledge base that a home does not have."""
    return CorpusError(
        "This knowledge base is no longer there.", hint="Choose another one; it was deleted.", code="corpus_not_found"
    )


def busy(label: str) -> CorpusError:
    """The error for a knowledge base that somebody else fills at this moment."""
    return CorpusError(
        f"This knowledge base is being changed at this moment, in {label}.",
        hint="Try again when that has ended.",
        code="corpus_busy",
        retryable=True,
    )


def newer() -> CorpusError:
    """The error for what a newer version of the playground wrote."""
    return CorpusError(
        "This knowledge base was written by a newer version of the playground.",
        hint="Update the playground, or make the knowledge base again from its documents.",
        code="corpus_newer",
    )


def full(size: int, most: int) -> CorpusError:
    """The error for more passages than the `most` that one knowledge base has places for."""
    return CorpusError(
        f"A knowledge base holds at most {most:,} passages; this would be {size:,}.",
        hint="Make several.",
        code="corpus_full",
    )
