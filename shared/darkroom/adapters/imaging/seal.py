"""The mark that the optimiser leaves in what it made, so that it knows its own work and does nothing to it again.

A few bytes that every reader has to skip, in the place that each format has for that, and always at the same spot of
the file: a private ancillary chunk before PNG's end (PNG 1.2, 3.3), an unknown chunk at the end of a WebP, a `free` box
at the end of an AVIF (ISO/IEC 14496-12), a comment after JPEG's JFIF header. They say nothing of who or when.
"""

from __future__ import annotations

import struct
from typing import Final

from darkroom.adapters.imaging.chunks import START, chunk, chunks
from darkroom.domain.generation import AVIF, JPEG, PNG, WEBP

NAME: Final = b"dkRM"
"""Of the PNG chunk: ancillary, private, not to be copied into a picture that was changed."""


PNG_MARK, PNG_END = chunk(NAME), chunk(b"IEND")
WEBP_MARK: Final = b"DKRM" + bytes(4)
AVIF_MARK: Final = struct.pack(">I", 12) + b"free" + NAME
JPEG_MARK: Final = b"\xff\xfe" + struct.pack(">H", 2 + len(NAME)) + NAME
JFIF_END: Final = 20
"""Start of image, and an APP0 of 16 bytes after its marker."""


def sealed(data: bytes, media_type: str, *, opaque: bool, width: int, height: int) -> bytes:
    """`data`, made by an encoder of ours, with the mark."""
    if media_type == PNG:
        return data.removesuffix(PNG_END) + PNG_MARK + PNG_END
    if media_type == WEBP:
        parts = data[12:]
        if not parts.startswith(b"VP8X"):
            # A WebP of one chunk takes no other: it has to be said that this is one of many.
            alpha = 0 if opaque else 0x10
            sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
            parts = b"VP8X" + struct.pack("<IBxxx", 10, alpha) + sizes + parts
        parts += WEBP_MARK
        return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WEBP" + parts
    if media_type == AVIF:
        return data + AVIF_MARK
    return data[:JFIF_END] + JPEG_MARK + data[JFIF_END:]


def is_sealed(data: bytes) -> str | None:
    """The media type of a picture that carries the mark."""
    if data.startswith(START):
        return PNG if data.endswith(PNG_MARK + PNG_END) else None
    if data.startswith(b"RIFF"):
        return WEBP if data.endswith(WEBP_MARK) and data[8:12] == b"WEBP" else None
    if data[4:12] == b"ftypavif":
        return AVIF if data.endswith(AVIF_MARK) else None
    return JPEG if data[JFIF_END : JFIF_END + len(JPEG_MARK)] == JPEG_MARK else None


def bare(data: bytes) -> str | None:
    """The media type of a still PNG, WebP or JPEG that holds its pixels and nothing else; None for any other file.

    No profile, no EXIF, no comment, no further frames, nothing after the end. An AVIF is never called bare: what its
    boxes hold is too long a story.
    """
    if data.startswith(START):
        names = [name for name, _ in chunks(data)]
        pure = {b"IDAT", b"IEND"} <= set(names) <= {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
        return PNG if pure and names.index(b"IEND") == len(names) - 1 and data.endswith(PNG_END) else None
    if data.startswith(b"RIFF"):
        return WEBP if _webp_chunks(data) <= {b"VP8X", b"VP8 ", b"VP8L", b"ALPH"} else None
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG if _is_bare_jpeg(data) else None
    return None


def _webp_chunks(data: bytes) -> set[bytes]:
    names, at = set(), 12
    while at < len(data):
        names.add(data[at : at + 4])
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return names if at == len(data) == 8 + int.from_bytes(data[4:8], "little") else {b"more"}


def _is_bare_jpeg(data: bytes) -> bool:
    """Tables, frame and scans behind at most a JFIF header, up to the end of the image and no further."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xE0:
            if data[at + 2 : at + 9] != b"\0\x10JFIF\0":
                return False
        elif not (0xC0 <= marker <= 0xCF or marker in (0xDA, 0xDB, 0xDD)):
            return False
        if marker == 0xDA:
            # The first scan; of a progressive picture more follow, with tables between them.
            end = data.find(b"\xff\xd9", at)
            return end == len(data) - 2 and b"\xff\xfe" not in data[at:] and b"\xff\xe1" not in data[at:]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False
