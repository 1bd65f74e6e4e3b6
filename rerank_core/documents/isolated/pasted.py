"""What was pasted, read in the process of its own: the end that asks and the end that answers."""

from __future__ import annotations

from collections.abc import Callable

from rerank_core.documents.isolated import wire
from rerank_core.documents.isolated.process import TIMEOUT_SECONDS, OnProgress
from rerank_core.documents.isolated.reader import documents_of, say_documents
from rerank_core.documents.limits import Limits
from rerank_core.documents.paste.text_documents import read_text
from rerank_core.documents.report import ParsedDocuments

_ENCODING, _ERRORS = "utf-8", "surrogatepass"


def read_isolated(
    text: str,
    mode: str,
    limits: Limits,
    *,
    markup_as_text: bool,
    timeout: float = TIMEOUT_SECONDS,
    on_progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ParsedDocuments:
    """The documents of a pasted text whose size and mode have been checked. The options are as for files; a reader that
    runs out of time or memory is a problem in the import."""
    asked = {"mode": mode, "markup": "text" if markup_as_text else "keep"}
    order = wire.Order(__name__, "", asked, limits, timeout)
    return documents_of(order, text.encode(_ENCODING, _ERRORS), on_progress=on_progress, cancelled=cancelled)


def answer(order: wire.Order, data: bytes, say: wire.Say) -> None:
    """In the process: read the text and say what is found; the last record is "done"."""
    text = data.decode(_ENCODING, _ERRORS)
    say("progress", done=0, total=2, note="reading")
    parsed = read_text(text, order.columns["mode"], order.limits, markup_as_text=order.columns["markup"] == "text")
    say("progress", done=1, total=2, note="taking over")
    say_documents(order, parsed, say)
