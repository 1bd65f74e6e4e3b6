"""Where readers put what they find: documents, problems and progress, counted against the limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from rerank_core.documents.limits import Limits, over
from rerank_core.documents.report import Problem, is_binary
from rerank_core.models import Document

_NAME_CHARACTERS = 200
_BINARY_SHARE = 0.3


class LimitReached(Exception):
    """A limit of the whole import has been reached; what was taken so far stays."""


class Sink:
    """Takes documents and problems from one file and everything inside it.

    Each is handed on at once to `on_document`, `on_problem`, `on_note` and `on_progress` (done, total, a few
    words, told before each page or file), so that a reader that dies later loses nothing and what broke it is known.
    Raises LimitReached where a limit of the whole is reached.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        on_document: Callable[[Document], object],
        on_problem: Callable[[Problem], object],
        on_note: Callable[[str], object],
        on_progress: Callable[[int, int, str], object],
    ) -> None:
        self.limits = limits
        self.rows = 0
        self.documents = 0
        self.more_problems = 0
        self._problems = 0
        self._characters = 0
        self._entries = 0
        self._unpacked = 0
        self._on_document = on_document
        self._on_problem = on_problem
        self.note = on_note
        self.progress = on_progress

    def take(self, document: Document, rows: int = 1) -> None:
        """One document. Raises LimitReached where there are too many, or too much text."""
        self.rows += rows
        if self.documents >= self.limits.documents:
            self._stop(f"The limit is {self.limits.documents:,} documents; what came after them was not read.")
        self._characters += len(document.text)
        if self._characters > self.limits.text_characters:
            most = f"{self.limits.text_characters:,} characters of text"
            self._stop(f"This file holds more than {most}; what came after them was not read.")
        self.documents += 1
        self._on_document(document)

    def problem(self, problem: Problem, rows: int = 1) -> None:
        """Something that was left out; `rows` entries were. Beyond `limits.problems` they are counted."""
        self.rows += rows
        if self._problems >= self.limits.problems:
            self.more_problems += 1
            return
        self._problems += 1
        self._on_problem(problem)

    def entry(self, size: int) -> None:
        """Count one part of an archive that is about to be unpacked, `size` bytes large. Raises LimitReached."""
        self._entries += 1
        self._unpacked += size
        if self._entries > self.limits.entries:
            self._stop(f"The limit is {self.limits.entries:,} files in one archive; what came after was not read.")
        if self._unpacked > self.limits.expanded_bytes:
            unpacked = over(self._unpacked, self.limits.expanded_bytes)
            self._stop(f"This archive unpacks to {unpacked}; what came after was not read.")

    def _stop(self, reason: str) -> NoReturn:
        self._on_problem(Problem(0, reason))
        raise LimitReached


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to read, on its own or inside others, and the sink for what it holds.

    label: its name with the archives around it, "all.zip/guides/manual.pdf"; documents get ids from it
        ("all.zip/guides/manual.pdf#p3") and carry it as "file" in their metadata.
    inside: the same without the uploaded file itself, "" for that one; problems begin with it.
    depth: how many archives and mails are around it.
    around: how far the outermost of those has come, (done, total); None for a file on its own.
    """

    sink: Sink
    label: str
    inside: str = ""
    depth: int = 0
    around: tuple[int, int] | None = None

    @property
    def limits(self) -> Limits:
        """The limits of the import."""
        return self.sink.limits

    def part(self, name: str, done: int, total: int) -> SourceFile:
        """A file inside this one, which has read `done` of its `total` files."""
        shown = shown_name(name)
        return replace(
            self,
            label=f"{self.label}/{shown}",
            inside=f"{self.inside}/{shown}" if self.inside else shown,
            depth=self.depth + 1,
            around=self.around or (done, total),
        )

    def add(self, text: str, anchor: str = "", metadata: Mapping[str, Any] | None = None, what: str = "") -> None:
        """One document; `anchor` is its place in the file ("p3"), `what` the same in words ("Page 3").

        A text that is longer than the limit, or no text but binary data, becomes a problem.
        """
        limit = self.limits.document_characters
        if len(text) > limit:
            self.refuse(f"This text has {len(text):,} characters; the limit is {limit:,}. It was left out.", what)
        elif is_binary(text, min(_BINARY_SHARE, self.limits.control_share)):
            self.refuse("The text is unreadable: its letters are not named in the file. It was left out.", what)
        else:
            name = f"{self.label}#{anchor}" if anchor else self.label
            self.sink.take(Document(text, name, {"file": self.label, **(metadata or {})}))

    def refuse(self, reason: str, what: str = "", rows: int = 1) -> None:
        """Something in this file that is no document, and why."""
        place = ": ".join(part for part in (self.inside, what) if part)
        self.sink.problem(Problem(0, f"{place}: {reason}" if place else reason), rows)

    def refuse_beyond(self, total: int, shown: int, noun: str, unit: str) -> None:
        """Say of a file with more pages or the like than are read that the rest was not; of others nothing."""
        if total > shown:
            self.refuse(
                f"This {noun} has {total:,} {unit}s; the limit is {shown:,}. What follows was not read.",
                rows=total - shown,
            )

    def note(self, sentence: str) -> None:
        """A sentence about how this file was read."""
        self.sink.note(f"{self.inside}: {sentence}" if self.inside else sentence)

    def progress(self, done: int, total: int, note: str) -> None:
        """How far reading this file has come; inside an archive the archive's own progress counts."""
        if self.around is None:
            self.sink.progress(done, total, note)
        else:
            self.sink.progress(*self.around, f"{self.inside}: {note}")


def shown_name(name: str) -> str:
    """A name from inside an archive or mail as a label: one line, slashes this way, of bounded length."""
    label = "".join(char if char.isprintable() else "\ufffd" for char in name[: 4 * _NAME_CHARACTERS])
    label = "/".join(part for part in label.replace("\\", "/").split("/") if part.strip(" ."))
    if len(label) > _NAME_CHARACTERS:
        label = f"\u2026{label[1 - _NAME_CHARACTERS :]}"
    return label or "unnamed"
