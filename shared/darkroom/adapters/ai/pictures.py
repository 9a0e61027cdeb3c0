"""What a provider sends for a picture, to one that we hand on: decoded within our limits, fitted, encoded anew.

Pixels are (height, width, 4) RGBA, not premultiplied, as PictureReader gives them.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from darkroom.errors import BadImageError, ProviderAnswerError, TooLargeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from darkroom.ports import Frames, PictureReader

    Pixels = NDArray[np.uint8]

LARGEST: Final = 4
"""How many times as many pixels as were asked for are handed on; a larger picture is made smaller."""
SHEET_SIDE: Final = 2_048
"""Pixels of the longer side of a sheet of frames: what every model draws."""


def decoded(reader: PictureReader, data: bytes) -> Frames:
    """Raises ProviderAnswerError for what is no picture, or too large a one."""
    try:
        return reader.frames(data)
    except (BadImageError, TooLargeError) as error:
        raise ProviderAnswerError(f"What the provider sent is no picture that is accepted: {error.detail}") from error


def fitted(pixels: Pixels, width: int, height: int) -> Pixels:
    """The same picture, made smaller to fit into width by height where it has more than LARGEST times their pixels."""
    rows, columns = pixels.shape[:2]
    if rows * columns <= LARGEST * width * height:
        return pixels
    scale = min(width / columns, height / rows)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A grid of equal cells that holds the frames of an animation in reading order."""

    rows: int
    columns: int
    width: int
    height: int

    @classmethod
    def of(cls, frames: int, width: int, height: int) -> Sheet:
        """As square as can be, each cell of the shape of width by height, no side longer than SHEET_SIDE."""
        columns = min(frames, max(1, round(math.sqrt(frames * height / width))))
        rows = -(-frames // columns)
        scale = min(1.0, SHEET_SIDE / (columns * width), SHEET_SIDE / (rows * height))
        return cls(rows, columns, max(1, round(columns * width * scale)), max(1, round(rows * height * scale)))

    def cut(self, pixels: Pixels, frames: int, width: int, height: int) -> list[Pixels]:
        """The frames, each of width by height. The picture may have any size. Raises ProviderAnswerError."""
        from darkroom.adapters.imaging.sprites import cut

        try:
            return cut(pixels, rows=self.rows, columns=self.columns, frames=frames, width=width, height=height)
        except BadImageError as error:
            raise ProviderAnswerError("The provider's sheet of frames is too small to be cut") from error


def small_jpeg(data: bytes, *, longest: int, most_bytes: int) -> bytes:
    """A picture of ours as a JPEG of so few pixels and bytes, laid on white: to go along within a JSON body."""
    with Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP"]) as image:
        flat = Image.new("RGBA", image.size, "white")
        flat.alpha_composite(image.convert("RGBA"))
    flat = flat.convert("RGB")
    while True:
        flat.thumbnail((longest, longest))
        for quality in (90, 75, 60):
            buffer = io.BytesIO()
            flat.save(buffer, "JPEG", quality=quality)
            if buffer.tell() <= most_bytes:
                return buffer.getvalue()
        longest //= 2
