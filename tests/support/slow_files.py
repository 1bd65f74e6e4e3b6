"""Files that take as long to read as a test wants."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pages.components.inputs import uploads


class Slow:
    """A reader that reads files called slow only when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        self.read = uploads.documents.read_files
        monkeypatch.setattr(uploads.documents, "read_files", self._read_files)
        monkeypatch.setattr(uploads, "_AT_ONCE_SECONDS", 0.0)

    def _read_files(self, context: Any, files: Any, columns: Any = None, *, on_read: Any) -> Any:
        for place, file in enumerate(files):
            context.progress(100 * place, 100 * len(files), note=f"{file[0]}: reading")
            while file[0].startswith("slow") and not self.go.wait(0.02):
                context.check()
            on_read(place, self.read(context, [file], columns)[0])
