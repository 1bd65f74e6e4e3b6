"""How a knowledge base is filled: cut, written down, indexed. It runs on a worker thread, so nothing is drawn here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from pages.components.inputs.uploads import Upload
from rerank_core import Document, documents
from rerank_core.corpora import KnowledgeBase, KnowledgeBases
from rerank_core.corpora.cutting import cut
from rerank_core.corpora.knowledge_bases import HERE
from rerank_core.documents import ParsedDocuments
from rerank_core.documents.chunking import How
from rerank_core.documents.report import count
from rerank_core.jobs import Cancelled, JobContext

_REPORT_EVERY = 500
# How the work divides, in thousandths of the way: up to here it is cut, up to there written down, then indexed.
_CUT, _WRITTEN, _DONE = 150, 650, 1000


@dataclass(frozen=True)
class Filling:
    """What a worker is to do: make a knowledge base of this name, or add to the one with this id."""

    files: tuple[tuple[str, Upload[ParsedDocuments]], ...]
    how: How
    tokens: int
    overlap: int
    rank_fields: tuple[str, ...]
    name: str = ""
    corpus_id: str = ""
    # Whether a file takes the place of one of the same name that is in the knowledge base.
    replace: bool = True
    # Where a new one is to be kept: the id of a home, empty for this computer.
    home: str = HERE


@dataclass(frozen=True)
class Filled:
    """What came of it: the knowledge base, and a sentence of ours; `which` place the files came from, if any."""

    which: str
    corpus_id: str
    message: str


def work(context: JobContext, store: KnowledgeBases, asked: Filling) -> Filled:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    passages: list[Document] = []
    total = sum(len(upload.parsed.documents) for _, upload in asked.files)
    before = 0
    for name, upload in asked.files:
        whole = documents.with_source(upload.parsed, name)
        passages += cut(
            whole,
            asked.how,
            tokens=asked.tokens,
            overlap=asked.overlap,
            source=name,
            on_progress=_stage(context, 0, _CUT, "Cutting", before, total),
        )
        before += len(whole)
    many = len(passages)
    rows = _counted(passages, _stage(context, _CUT, _WRITTEN, "Writing"))
    if asked.corpus_id:
        corpus, message = _added(store, asked, rows, many)
    else:
        corpus = store.create(asked.name, rows, rank_fields=asked.rank_fields, home=asked.home)
        message = f"{count(many, 'passage')} {'is' if many == 1 else 'are'} in the new knowledge base."
    passages.clear()  # they are on disk; a million of them would stand beside the index while it is made
    try:
        corpus.keyword_index(_stage(context, _WRITTEN, _DONE, "Indexing"))
    except Cancelled:
        message += " Indexing was stopped; the first search does the rest."
    return Filled("more" if asked.corpus_id else "new", corpus.id, message)


def _added(store: KnowledgeBases, asked: Filling, rows: Iterator[Document], many: int) -> tuple[KnowledgeBase, str]:
    """Add passages to a knowledge base, in place of those from files of the same names where that is asked."""
    corpus = store.open(asked.corpus_id)
    names = tuple(name for name, _ in asked.files)
    old = sum(_is_from(passage, names) for passage in corpus) if asked.replace else 0
    if not old:
        added = corpus.add(rows)
        again = f", {added.skipped:,} {'was' if added.skipped == 1 else 'were'} there already" if added.skipped else ""
        return corpus, f"{count(added.added, 'passage')} added{again}."
    stays = (passage for passage in corpus if not _is_from(passage, names))
    made = store.create(
        f"{corpus.name[:60]} {secrets.token_hex(4)}",
        chain(stays, rows),
        rank_fields=corpus.rank_fields,
        instead_of=corpus.id,
    )
    corpus = store.take_place(made.id, corpus.id)
    return corpus, f"{count(many, 'passage')} added in place of {old:,} from files of the same name."


def _is_from(passage: Document, files: Sequence[str]) -> bool:
    """Whether a passage is from one of these files, or from a file inside of one."""
    source = str(passage.metadata.get("file") or "")
    return any(source == name or source.startswith((f"{name}/", f"{name}#")) for name in files)


def _stage(
    context: JobContext, start: int, end: int, what: str, before: int = 0, of: int = 0
) -> Callable[[int, int], None]:
    """A report of one stage of the work as a part of all of it; it raises Cancelled where somebody cancelled."""

    def tell(done: int, total: int) -> None:
        done, total = before + done, of or total
        share = (end - start) * done // total if total else 0
        context.progress(start + share, _DONE, note=f"{what}: {done:,} of {total:,}")

    return tell


def _counted(passages: Sequence[Document], tell: Callable[[int, int], None]) -> Iterator[Document]:
    for place, passage in enumerate(passages):
        if place % _REPORT_EVERY == 0:
            tell(place, len(passages))
        yield passage
