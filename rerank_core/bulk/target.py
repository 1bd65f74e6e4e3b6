"""The folder that scores are written to: parts, each whole or not there, and what was spent on them."""

from __future__ import annotations

import io
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import fsspec  # type: ignore[import-untyped]
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from rerank_core.errors import InvalidRequestError

SCHEMA: Final = pa.schema(
    [
        ("query_id", pa.string()),
        ("query", pa.string()),
        ("index", pa.int32()),
        ("document_id", pa.string()),
        ("rank", pa.int32()),
        ("relevance_score", pa.float64()),
        ("provider", pa.string()),
        ("model", pa.string()),
        ("error", pa.string()),
    ]
)
"""One row for each candidate; a query that could not be scored has one row with an `error` and without a rank."""

_SETTINGS, _SPENDING = "_rerank.json", "_spending.json"
_DIGEST = b"rerank.digest"


@dataclass(frozen=True, slots=True)
class Spent:
    """US dollars: `known` were spent, `maybe` may have been billed besides."""

    known: Decimal = Decimal(0)
    maybe: Decimal = Decimal(0)


class BulkFolder:
    """The folder at an address that fsspec knows. Raises InvalidRequestError where it cannot be used."""

    def __init__(self, address: str) -> None:
        try:
            self._files, self._path = fsspec.core.url_to_fs(address)
            self._files.makedirs(self._path, exist_ok=True)
        except (OSError, ValueError, ImportError) as error:
            raise InvalidRequestError(f"{address} cannot be used: {error}.", hint="Check the address.") from error
        self.address = address

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Take the folder for a run with these settings; one that was begun with others is refused."""
        before = self._json(_SETTINGS)
        if before is None:
            self._write(_SETTINGS, json.dumps(settings, indent=2).encode())
        elif before != dict(settings):
            raise InvalidRequestError(
                f"{self.address} holds the parts of a run with other settings.",
                hint="Give the same model and fields to go on with it, or another folder.",
            )

    def part(self, number: int) -> tuple[pa.Table, bytes] | None:
        """A part that is there, with the digest of the queries it was made of; None where it is not."""
        name = self._name(number)
        if not self._files.exists(name):
            return None
        table = pq.read_table(io.BytesIO(self._files.cat_file(name)))
        return table, (table.schema.metadata or {}).get(_DIGEST, b"")

    def has(self, number: int, digest: bytes) -> bool:
        """Whether a part is there whole. Raises InvalidRequestError where it was made of other queries."""
        name = self._name(number)
        if not self._files.exists(name):
            return False
        with self._files.open(name, "rb") as file, pq.ParquetFile(file) as part:
            known = (part.schema_arrow.metadata or {}).get(_DIGEST, b"")
        if known != digest:
            raise InvalidRequestError(
                f"Part {number} of {self.address} was made of other queries: the data set has changed.",
                hint="Give another folder, or delete the parts.",
            )
        return True

    def write(self, number: int, rows: list[dict[str, Any]], digest: bytes) -> None:
        """Write a part; nobody ever sees half of one."""
        data = io.BytesIO()
        schema = SCHEMA.with_metadata({_DIGEST: digest})
        pq.write_table(pa.Table.from_pylist(rows, schema), data, compression="zstd")
        self._write(posixpath.basename(self._name(number)), data.getvalue())

    def spent(self) -> Spent:
        """What earlier starts have spent."""
        found = self._json(_SPENDING)
        return Spent() if found is None else Spent(Decimal(found["known"]), Decimal(found["maybe"]))

    def note_spent(self, spent: Spent) -> None:
        """Keep what has been spent, before more is."""
        self._write(_SPENDING, json.dumps({"known": str(spent.known), "maybe": str(spent.maybe)}).encode())

    def _name(self, number: int) -> str:
        return posixpath.join(self._path, f"part-{number:05}.parquet")

    def _json(self, name: str) -> dict[str, Any] | None:
        path = posixpath.join(self._path, name)
        if not self._files.exists(path):
            return None
        try:
            found = json.loads(self._files.cat_file(path))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InvalidRequestError(f"{path} is damaged.", hint="Give another folder.")
        return found

    def _write(self, name: str, data: bytes) -> None:
        """Put a file there at once: written beside, then moved, since a local disk may be cut off between."""
        path = posixpath.join(self._path, name)
        beside = f"{path}.writing"
        self._files.pipe_file(beside, data)
        self._files.mv(beside, path)
