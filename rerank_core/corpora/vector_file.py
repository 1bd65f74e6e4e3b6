"""The vectors of a corpus' passages by one model, in files that grow with the corpus."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from rerank_core.corpora.files import name_of_fields, put_file
from rerank_core.retrieval.embedding import Vectors, embed_passages, fingerprint
from rerank_core.retrieval.small_rows import SMALL_FROM, SmallRows, row_type, small_rows

_FORMAT = 1
_AT_ONCE = 256  # passages between two times that the work is kept
_SMALL_AT_ONCE = 8_192  # rows turned into bytes at a time


class VectorFile:
    """Rows of float32, and beside them which passage each belongs to; of many rows, the same as bytes too.

    Files are only ever written behind what counts, and one that is replaced as a whole says how much counts: a crash
    or a cancel costs the last few passages, and whoever reads meanwhile is not disturbed. One writer at a time is the
    caller's business.
    """

    def __init__(self, folder: Path, model: str, rank_fields: Sequence[str]) -> None:
        stem = f"vectors-{model}-{fingerprint(model)}{name_of_fields(rank_fields)}"
        self._model = model
        self._head = folder / f"{stem}.json"
        self._rows = folder / f"{stem}.f32"
        self._owners = folder / f"{stem}.i32"
        self._small = folder / f"{stem}.i8"

    def state(self) -> tuple[int, int, int]:
        """Passages that have their vectors, rows, and numbers in a row; (0, 0, 0) where the files are of no use."""
        try:
            head = json.loads(self._head.read_text("ascii"))
            passages, rows, width = int(head["passages"]), int(head["rows"]), int(head["width"])
            whole = (
                head["format"] == _FORMAT
                and min(passages, rows, width) >= 0
                and self._rows.stat().st_size >= rows * width * 4
                and self._owners.stat().st_size >= rows * 4
            )
        except (OSError, ValueError, KeyError, TypeError):
            return 0, 0, 0
        return (passages, rows, width) if whole else (0, 0, 0)

    def passages(self) -> int:
        """How many passages, from the first on, have their vectors."""
        return self.state()[0]

    def open(self) -> Vectors:
        """What there is, mapped into memory. Many rows are kept as bytes too, which is done here where it has not been;
        a search then goes through those."""
        _, rows, width = self.state()
        if not rows:
            return Vectors(np.zeros((0, width), np.float32), np.zeros(0, np.int32))
        owners = np.asarray(np.memmap(self._owners, np.int32, "r", shape=(rows,)))
        small = self._opened_small(rows, width) if rows >= SMALL_FROM else None
        return Vectors(np.asarray(np.memmap(self._rows, np.float32, "r", shape=(rows, width))), owners, small)

    def _opened_small(self, rows: int, width: int) -> SmallRows | None:
        """The rows as bytes; None where they cannot be kept. What counts never changes, so whatever has been made
        before stays, and two who make the rest at once write the same."""
        size = row_type(width).itemsize
        try:
            done = self._small.stat().st_size // size if self._small.exists() else 0
            if done < rows:
                # mapped for this alone, so that the memory goes back
                exact = np.memmap(self._rows, np.float32, "r", shape=(rows, width))
                for start in range(done, rows, _SMALL_AT_ONCE):
                    _write(self._small, start * size, small_rows(exact[start : start + _SMALL_AT_ONCE]))
            return np.asarray(np.memmap(self._small, row_type(width), "r", shape=(rows,)))
        except OSError:
            return None

    def remove(self) -> None:
        """Remove the files; whoever has them mapped keeps what they have."""
        for path in (self._head, self._rows, self._owners, self._small):
            with contextlib.suppress(OSError):  # Windows keeps what somebody has mapped
                path.unlink(missing_ok=True)

    def append(self, vectors: Vectors, passages: int) -> None:
        """Add rows behind those there are; so many passages, from the first on, have their vectors then."""
        _, rows, _ = self.state()
        width = vectors.rows.shape[1]
        _write(self._rows, rows * width * 4, vectors.rows)
        _write(self._owners, rows * 4, vectors.owners)
        head = {"format": _FORMAT, "passages": passages, "rows": rows + len(vectors.rows), "width": width}
        put_file(self._head, json.dumps(head).encode("ascii"))

    def extend(self, texts: Callable[[int], Iterator[str]], size: int, tick: Callable[[int], None]) -> None:
        """Embed the passages that have no vectors yet, so that `size` have. `texts(start)` reads them from there;
        `tick(passages)` hears how many have been done, and what it raises stops the work, which goes on from there
        the next time."""
        done = self.passages()
        tick(done)
        if done >= size:
            return
        remaining = texts(done)
        while done < size:
            some = list(islice(remaining, min(_AT_ONCE, size - done)))
            base = done

            def report(count: int, base: int = base) -> None:
                tick(base + count)

            done += len(some)
            self.append(embed_passages(self._model, some, base, tick=report), done)


def _write(path: Path, offset: int, values: Any) -> None:
    """Put numbers at a place of a file, over whatever an unfinished attempt left there."""
    path.touch(mode=0o600)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(np.ascontiguousarray(values).tobytes())
        file.flush()
