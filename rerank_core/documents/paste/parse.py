"""Pasted text to documents, within limits, with HTML read as text; a web page by its source."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

from rerank_core.documents.isolated import pasted, reader
from rerank_core.documents.isolated.process import OnProgress
from rerank_core.documents.limits import DEFAULT_LIMITS, SMALL_BYTES, Limits, over
from rerank_core.documents.paste.text_documents import read_paste, read_text
from rerank_core.documents.report import ParsedDocuments, Problem
from rerank_core.errors import InvalidDocumentsError

PasteMode = Literal["auto", "lines", "paragraphs", "json"]

_PAGE = re.compile(
    r"\s{0,100}(?:<\?xml[^<>]{0,200}>\s{0,100})?<(?:!doctype\s{1,10}html|html)(?:\s[^<>]{0,2000})?>", re.IGNORECASE
)
_PAGE_SECONDS = 20.0


def parse_documents(
    text: str,
    mode: str = "auto",
    *,
    limits: Limits = DEFAULT_LIMITS,
    markup_as_text: bool = True,
    on_progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ParsedDocuments:
    """Documents from pasted text.

    mode "lines": one a line, blank lines skipped. "paragraphs": blocks between blank lines, their line
    breaks kept. "json": an array of strings or objects, an object that holds one, a whole request body
    (its query, model and top_n come back too), JSON lines, or such a body inside copied code. "auto": JSON
    if it is that, else paragraphs if a blank line stands between texts, else lines.

    Lines and paragraphs lose the white space around them and nothing else, list markers included; JSON
    strings stay exactly as they are. HTML in them is read as the text that it shows, with a note, unless
    `markup_as_text` is False; `markup` says whether there was any. The source of a whole web page is read in sections
    (see extract.web). Bad items become problems, good ones stay.

    A small text (`is_small`) is read at once. A larger one, and a web page, is read in a process of its own, for at
    most a minute, with `on_progress` and `cancelled` as for `read_isolated`.
    Raises InvalidDocumentsError where `text` is not a string or `mode` unknown.
    """
    if not isinstance(text, str):
        raise InvalidDocumentsError("The pasted documents are not text.", hint="Give one string.")
    if mode not in get_args(PasteMode):
        raise InvalidDocumentsError(
            f"There is no way of reading called '{mode}'.", hint=f"Use one of {', '.join(get_args(PasteMode))}."
        )
    size = _size(text)
    if size > limits.file_bytes:
        reason = f"The text is {over(size, limits.file_bytes)}. Nothing was read."
        return ParsedDocuments((), "lines" if mode == "auto" else mode, (Problem(0, reason),))
    text = text.removeprefix("\ufeff")
    if is_page(text, mode):
        if not markup_as_text and size <= SMALL_BYTES:
            return replace(read_paste(text, mode, limits), markup=False)
        if markup_as_text and (page := _web_page(text, limits, on_progress, cancelled)):
            return page
    if size <= SMALL_BYTES:
        return read_text(text, mode, limits, markup_as_text=markup_as_text)
    return pasted.read_isolated(
        text, mode, limits, markup_as_text=markup_as_text, on_progress=on_progress, cancelled=cancelled
    )


def is_small(text: str, mode: str = "auto") -> bool:
    """Whether a paste is read at once: up to 200 kB, and no source of a web page."""
    return _size(text) <= SMALL_BYTES and not is_page(text, mode)


def is_page(text: str, mode: str) -> bool:
    """Whether a paste is to be read as the source of a whole web page."""
    return mode == "auto" and _PAGE.match(text) is not None


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _web_page(
    text: str, limits: Limits, on_progress: OnProgress | None, cancelled: Callable[[], bool] | None
) -> ParsedDocuments | None:
    """The sections of a web page whose source was pasted, read in a process of its own as a file of it is; None where
    nothing is found, or what reads pages is missing."""
    # the mark at the beginning, since the page may still declare the encoding that its file had
    data = ("\ufeff" + text).encode("utf-8", "replace")
    parsed = reader.read_isolated(
        "page.html", data, timeout=_PAGE_SECONDS, limits=limits, on_progress=on_progress, cancelled=cancelled
    )
    if not parsed.documents:
        return None
    documents = tuple(
        replace(
            document, id=None, metadata={name: value for name, value in document.metadata.items() if name != "file"}
        )
        for document in parsed.documents
    )
    note = "This is the source of a web page, and was read as the page that it shows."
    return replace(parsed, documents=documents, notes=(note, *parsed.notes), source=None, markup=True)
