"""Files that take as long to read as a test wants."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pages.components.jobs import page_job
from rerank_core import documents
from rerank_core.evaluation import formats


class Slow:
    """A reader, of documents or of query sets, that reads files called slow only when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, query_sets: bool = False) -> None:
        self.go = threading.Event()
        room: Any = formats if query_sets else documents
        self.read = room.read_files
        monkeypatch.setattr(room, "read_files", self._read_files)
        monkeypatch.setattr(page_job, "_AT_ONCE_SECONDS", 0.0)

    def _read_files(self, context: Any, files: Any, columns: Any = None, *, on_read: Any) -> Any:
        for place, file in enumerate(files):
            context.progress(100 * place, 100 * len(files), note=f"{file[0]}: reading")
            while file[0].startswith("slow") and not self.go.wait(0.02):
                context.check()
            on_read(place, self.read(context, [file], columns)[0])
