"""Pictures in memory: a PictureReader and PictureEncoder of the plainest format there can be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.domain import limits
from darkroom.domain.generation import APNG, AVIF, GIF, JPEG, PNG, WEBP
from darkroom.errors import BadImageError, TooLargeError, UnsupportedTypeError
from darkroom.ports import Frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HEADER: Final = re.compile(rb"frames ([a-z/+]{1,20}) ([0-9]{1,6}) ([0-9]{1,9}) ([0-9]{1,9}) ([0-9]{1,9})\n")


class MemoryPictures:
    """Twin of PillowPictures and PillowEncoder: a line that says what it is, then the pixels as they are.

    The line holds the media type, how many frames, height, width, and the milliseconds of a frame.
    """

    def __init__(self, *, most_bytes: int = limits.IMAGE_BYTES, most_pixels: int = limits.IMAGE_PIXELS) -> None:
        self._most_bytes = most_bytes
        self._most_pixels = most_pixels

    def extent(self, data: bytes) -> tuple[int, int, int]:
        _, count, height, width, _, _ = self._read(data)
        return width, height, count

    def frames(self, data: bytes) -> Frames:
        media_type, count, height, width, duration, pixels = self._read(data)
        if not count * height * width or len(pixels) != count * height * width * 4:
            raise BadImageError("The picture is cut short", fix="Send all of it.")
        shaped = np.frombuffer(pixels, np.uint8).reshape(count, height, width, 4)
        return Frames(tuple(shaped), media_type, (duration,) * count if count > 1 else ())

    def _read(self, data: bytes) -> tuple[str, int, int, int, int, bytes]:
        """What the line says, and what stands behind it."""
        if len(data) > self._most_bytes:
            raise TooLargeError("The picture has too many bytes", fix="Send fewer.")
        header = HEADER.match(data)
        if header is None:
            raise BadImageError("These bytes are no picture", fix="Send one that this encoder made.")
        count, height, width, duration = map(int, header.groups()[1:])
        if count * height * width > self._most_pixels:
            raise TooLargeError("The picture has too many pixels", fix="Send fewer.", code="TOO_MANY_PIXELS")
        return header[1].decode(), count, height, width, duration, data[header.end() :]

    def still(self, pixels: NDArray[np.uint8], media_type: str, *, longest: int | None = None) -> bytes:
        """Scaled down by leaving out whole rows and columns: as near below `longest` as that comes."""
        step = 1 if longest is None else -(-max(pixels.shape[:2]) // longest)
        pixels = pixels[::step, ::step]
        if media_type not in (PNG, WEBP, AVIF, JPEG):
            raise UnsupportedTypeError(f"No encoder for {media_type}", fix=f"Ask for {PNG}.")
        return self._written([pixels], media_type, 0)

    def animation(self, frames: Sequence[NDArray[np.uint8]], *, fps: int, media_type: str) -> bytes:
        if media_type not in (GIF, WEBP, APNG, AVIF):
            raise UnsupportedTypeError(f"No encoder for {media_type}", fix=f"Ask for {GIF}.")
        return self._written(frames, media_type, round(1000 / self.rate(fps, media_type)))

    def rate(self, fps: int, media_type: str) -> float:
        return min(float(fps), 50.0) if media_type == GIF else float(fps)

    @staticmethod
    def _written(frames: Sequence[NDArray[np.uint8]], media_type: str, duration: int) -> bytes:
        height, width = frames[0].shape[:2]
        shown = [np.where(frame[..., 3:] == 0, np.uint8(0), frame).tobytes() for frame in frames]
        return f"frames {media_type} {len(frames)} {height} {width} {duration}\n".encode() + b"".join(shown)
