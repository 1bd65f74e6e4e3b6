"""Tables in Parquet, as pandas, ranx and the Hugging Face hub keep them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.limits import Limits, over
from rerank_core.documents.tables.rows import Row
from rerank_core.documents.tables.table import Table
from rerank_core.documents.tables.values import cell
from rerank_core.extras import require

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

_ROWS_AT_ONCE = 1_000
_DAMAGED = "This Parquet file is damaged: it could not be read."


def read_parquet(data: bytes, limits: Limits, extra: str = "documents") -> tuple[list[str], Table]:
    """The names of the columns, and the rows with their cells as text and notes.

    Columns of vectors are left out, and said. An index of pandas without a name is left out too. Raises Unreadable
    where the file is damaged or larger than the limits, and where pyarrow is missing; `extra` brings it.
    """
    require("Reading Parquet files", extra, "pyarrow", refused=Unreadable)
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        _check(file.metadata, limits)
        vectors = [field.name for field in file.schema_arrow if _is_vector(field.type)]
        names = [name for name in file.schema_arrow.names if name not in vectors and not name.startswith("__index")]
        rows = list(_rows(file, names))
    except Unreadable:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, NotImplementedError) as error:
        raise Unreadable(_DAMAGED) from error
    return names, Table(rows, notes=tuple(f"The vectors under '{name}' are not read." for name in vectors))


def _check(about: Any, limits: Limits) -> None:
    if about.num_rows > limits.rows or about.num_rows * about.num_columns > limits.cells:
        most = min(limits.rows, limits.cells // max(1, about.num_columns))
        raise Unreadable(
            f"This Parquet file has {about.num_rows:,} rows; at most {most:,} of so many columns are read."
        )
    size = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    if size > limits.expanded_bytes:
        raise Unreadable(f"This Parquet file unpacks to {over(size, limits.expanded_bytes)}.")


def _is_vector(kind: pa.DataType) -> bool:
    from pyarrow import types

    listed = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(listed and types.is_floating(kind.value_type))


def _rows(file: Any, names: list[str]) -> Iterator[Row]:
    number = 0
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=names, use_threads=False):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield Row(number, [_cell(value) for value in values])


def _cell(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else cell(value)
