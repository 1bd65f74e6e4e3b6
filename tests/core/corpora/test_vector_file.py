"""Vectors of a knowledge base in files, and the same as bytes beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rerank_core.corpora import vector_file
from rerank_core.corpora.vector_file import VectorFile
from rerank_core.offline.models import ENGLISH
from rerank_core.rank_fields import TEXT_ONLY
from rerank_core.retrieval.embedding import Vectors
from rerank_core.retrieval.small_rows import row_type, small_rows

WIDTH = 4


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VectorFile:
    """The file of a corpus whose texts are numbers, kept as bytes from four rows on."""

    def embed(_model: str, texts: list[str], first: int = 0, **_: object) -> Vectors:
        rows = np.array([[float(text), 1, 2, 3] for text in texts], np.float32)
        return Vectors(rows, np.arange(first, first + len(texts), dtype=np.int32))

    monkeypatch.setattr(vector_file, "embed_passages", embed)
    monkeypatch.setattr(vector_file, "SMALL_FROM", 4)
    return VectorFile(tmp_path, ENGLISH, TEXT_ONLY)


def grown(file: VectorFile, size: int) -> Vectors:
    """The file with the vectors of so many texts, opened."""

    def texts(start: int) -> Iterator[str]:
        return map(str, range(start, size))

    file.extend(texts, size, lambda _done: None)
    return file.open()


def kept(folder: Path) -> list[Path]:
    return list(folder.glob("*.i8"))


def test_few_rows_are_not_kept_as_bytes(file: VectorFile, tmp_path: Path) -> None:
    """Below the line there is no file of bytes."""
    assert grown(file, 3).small is None
    assert not kept(tmp_path)


def test_bytes_grow_with_the_rows(file: VectorFile) -> None:
    """What is added is turned into bytes when it is opened again, and is what all rows at once give."""
    grown(file, 5)
    found = grown(file, 9)
    assert found.small is not None
    assert np.array_equal(found.small, small_rows(found.rows))


@pytest.mark.parametrize("left", [0, row_type(WIDTH).itemsize + 3])
def test_bytes_that_were_cut_off_are_made_again(file: VectorFile, tmp_path: Path, left: int) -> None:
    """A file of bytes that is too short, in the middle of a row too, is completed."""
    grown(file, 5)
    [path] = kept(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    found = file.open()
    assert found.small is not None
    assert np.array_equal(found.small, small_rows(found.rows))


def test_where_bytes_cannot_be_kept_all_rows_are_compared(file: VectorFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk costs the bytes and nothing else."""
    grown(file, 3)

    def full(path: Path, _offset: int, _values: object) -> None:
        if path.suffix == ".i8":
            raise OSError(28, "No space left on device")
        written(path, _offset, _values)

    written = vector_file._write
    monkeypatch.setattr(vector_file, "_write", full)
    found = grown(file, 6)
    assert found.small is None
    assert len(found.rows) == 6


def test_removing_takes_the_bytes_too(file: VectorFile, tmp_path: Path) -> None:
    """Nothing is left of the files."""
    grown(file, 5)
    file.remove()
    assert not list(tmp_path.iterdir())
