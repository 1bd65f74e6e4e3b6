"""Read and write the small part of the ONNX file format that an encoder needs, without the onnx package.

An ONNX file is one protocol buffer message. Four message kinds and two wire types are enough to read named
tensors out of a published file and to write a graph that ONNX Runtime takes from memory; that spares an
import of a tenth of a second at every start and a dependency with native code. Field numbers are those of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. The reader is for files whose sha256 has been
checked: it trusts its input. The tests load what the writer writes with the onnx package and its checker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FLOAT, _WHOLE = 1, 7
_DTYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    2: np.dtype("u1"),
    3: np.dtype("i1"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
    9: np.dtype("?"),
}
# The sets of operators that a graph may use, with their versions, and the version of the format that has them. ONNX's
# own `Attention` came with 23.
_OPERATORS, _FORMAT = (("", 23), ("com.microsoft", 1)), 10
_DTYPE_CODES = {dtype: code for code, dtype in _DTYPES.items()}


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF  # negative numbers are written as their 64-bit two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _message(field: int, *parts: bytes) -> bytes:
    return b"".join((_varint(field << 3 | _BYTES), _varint(sum(map(len, parts))), *parts))


def _string(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _read_varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """Each field of a message as (number, value): an int for a varint, a view of the bytes otherwise."""
    place = 0
    value: Any
    while place < len(data):
        key, place = _read_varint(data, place)
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, place = _read_varint(data, place)
            yield field, value
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(wire)
        if size is None:
            size, place = _read_varint(data, place)
        yield field, data[place : place + size]
        place += size


def read_initializers(model: memoryview) -> dict[str, Array]:
    """Every constant tensor of an ONNX model, by name, as views into `model` where it holds raw bytes."""
    graph = next(value for field, value in _fields(model) if field == 7)
    tensors = (_read_tensor(value) for field, value in _fields(graph) if field == 5)
    return {name: tensor for name, tensor in tensors if tensor is not None}


def _read_tensor(data: memoryview) -> tuple[str, Array | None]:
    name, code = "", 0
    raw: memoryview | None = None
    few: Sequence[float] | None = None
    shape: list[int] = []
    for field, value in _fields(data):
        if field == 1:
            shape += [value] if isinstance(value, int) else _packed_varints(value)
        elif field == 2:
            code = value
        elif field == 4:  # floats outside the raw bytes: exporters write single numbers so
            few = np.frombuffer(value, "<f4").tolist()
        elif field == 5:  # the same for all whole numbers of up to 32 bits
            few = [value] if isinstance(value, int) else _packed_varints(value)
        elif field == 8:
            name = bytes(value).decode()
        elif field == 9:
            raw = value
    if code not in _DTYPES or (raw is None and few is None):
        return name, None
    values: Array = np.array(few, _DTYPES[code]) if raw is None else np.frombuffer(raw, _DTYPES[code])
    return name, values.reshape(shape)


def _packed_varints(data: memoryview) -> list[int]:
    """Whole numbers, none negative, one behind the other in a run of bytes."""
    found: list[int] = []
    place = 0
    while place < len(data):
        value, place = _read_varint(data, place)
        found.append(value)
    return found


class GraphWriter:
    """Builds one ONNX graph node by node; `model()` gives the bytes of the whole file."""

    def __init__(self) -> None:
        self._parts: list[bytes | memoryview] = []  # joined once, at the end: the weights are copied no oftener
        self._count = 0

    def constant(self, name: str, values: Array) -> str:
        """Add a constant tensor; returns its name."""
        values = np.ascontiguousarray(values)
        code = _DTYPE_CODES.get(values.dtype)
        if code is None:
            raise ValueError(f"no ONNX type is known here for {values.dtype}")
        head = b"".join(_number(1, size) for size in values.shape) + _number(2, code) + _string(8, name)
        head += _varint(9 << 3 | _BYTES) + _varint(values.nbytes)
        self._parts += [_varint(5 << 3 | _BYTES), _varint(len(head) + values.nbytes), head, _raw(values)]
        return name

    def node(
        self, operator: str, inputs: Sequence[str], *, outputs: int = 1, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node; returns the names of its outputs. An attribute is an int, a float or a list of ints."""
        self._count += 1
        names = [f"{operator}_{self._count}_{place}" for place in range(outputs)]
        fields = [_string(1, name) for name in inputs] + [_string(2, name) for name in names]
        fields += [_string(4, operator)] + [_attribute(key, value) for key, value in attributes.items()]
        if domain:
            fields.append(_string(7, domain))
        self._parts.append(_message(1, *fields))
        return names

    def input(self, name: str, shape: Sequence[int | str], *, whole: bool = False) -> str:
        """Declare an input of floats, or of 64-bit whole numbers; a string in `shape` names a size that is only known
        at run time."""
        self._parts.append(_message(11, _value_info(name, shape, _WHOLE if whole else _FLOAT)))
        return name

    def output(self, name: str, shape: Sequence[int | str]) -> None:
        """Declare a node's output, which must be float, as an output of the graph."""
        self._parts.append(_message(12, _value_info(name, shape, _FLOAT)))

    def model(self) -> bytes:
        """The file's bytes."""
        opsets = [_message(8, _string(1, domain), _number(2, version)) for domain, version in _OPERATORS]
        graph = [_string(2, "encoder"), *self._parts]
        head = [_number(1, _FORMAT), _string(2, "rerank_core"), _varint(7 << 3 | _BYTES), _varint(sum(map(len, graph)))]
        return b"".join([*head, *graph, *opsets])


def _raw(values: Array) -> memoryview:
    """The bytes of an array, little-endian, without a copy; a view of no elements cannot be cast."""
    return values.reshape(-1).view(np.uint8).data if values.size else memoryview(b"")


def _attribute(name: str, value: Any) -> bytes:
    if isinstance(value, float):
        payload = _varint(2 << 3 | _FIXED32) + np.array(value, "<f4").tobytes() + _number(20, 1)
    elif isinstance(value, int):
        payload = _number(3, value) + _number(20, 2)
    else:
        payload = b"".join(_number(8, item) for item in value) + _number(20, 7)
    return _message(5, _string(1, name), payload)


def _value_info(name: str, shape: Sequence[int | str], code: int) -> bytes:
    dims = [_message(1, _number(1, size) if isinstance(size, int) else _string(2, size)) for size in shape]
    tensor = _message(1, _number(1, code), _message(2, *dims))
    return _string(1, name) + _message(2, tensor)
