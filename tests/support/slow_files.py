"""Files that take as long to read as a test wants."""

from __future__ import annotations

from typing import Any

import pytest

from pages.components.jobs import page_job
from rerank_core import documents
from rerank_core.evaluation import formats
from tests.support.gate import Gate


def hold_slow_files(monkeypatch: pytest.MonkeyPatch, gate: Gate) -> None:
    """From now on, files called slow, of documents or of queries, are read only when the gate is open."""
    for room in (documents, formats):
        monkeypatch.setattr(room, "read_files", _held(room.read_files, gate))
    monkeypatch.setattr(page_job, "_AT_ONCE_SECONDS", 0.0)


def _held(read: Any, gate: Gate) -> Any:
    def read_files(context: Any, files: Any, columns: Any = None, *, on_read: Any) -> None:
        for place, file in enumerate(files):
            context.progress(100 * place, 100 * len(files), note=f"{file[0]}: reading")
            if file[0].startswith("slow"):
                gate.hold(context)
            on_read(place, read(context, [file], columns)[0])

    return read_files
