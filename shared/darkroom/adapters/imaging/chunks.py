"""The chunks of a PNG file (PNG, third edition, 5.3): a length, a name of four bytes, the data, and a CRC-32."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

START: Final = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and data of each, to the end of the file, whatever stands after IEND included; a CRC is not looked at."""
    at = len(START)
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length
