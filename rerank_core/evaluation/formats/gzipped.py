"""Files that were packed with gzip, unpacked within bounds."""

from __future__ import annotations

import zlib

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.limits import COLLECTION_LIMITS, megabytes

_GZIP = 16 + zlib.MAX_WBITS


def gunzip(data: bytes) -> bytes:
    """What a gzip file holds, all of its members. Raises Unreadable where it is damaged or holds too much."""
    found = bytearray()
    left = data
    while left.strip(b"\x00"):
        unpacker = zlib.decompressobj(_GZIP)
        try:
            found += unpacker.decompress(left, COLLECTION_LIMITS.file_bytes + 1 - len(found))
        except zlib.error:
            raise Unreadable("This gzip file is damaged and could not be read.") from None
        if len(found) > COLLECTION_LIMITS.file_bytes:
            most = megabytes(COLLECTION_LIMITS.file_bytes)
            raise Unreadable(f"This gzip file unpacks to more than {most}, which is the limit.")
        if not unpacker.eof:
            raise Unreadable("This gzip file ends too early; it may have been cut off.")
        left = unpacker.unused_data
    return bytes(found)
