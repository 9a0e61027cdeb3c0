"""One face as other photographs could show it: made of one picture, to see what a model takes for the same person."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from darkroom.domain.faces import Face

MARGIN: Final = 0.8
"""Of the box's longer side, on each side: so much of the picture is kept around a face."""
SIDE: Final = 320
"""Pixels of what is varied, at the most."""


def variations(pixels: NDArray[np.uint8], face: Face) -> Iterator[NDArray[np.uint8]]:
    """Upright RGB pixels with the face in their middle: as it is, mirrored, turned by up to 15 degrees, darker,
    brighter, paler, at half the size, blurred a little, a poor JPEG, and with other margins. Always the same ones."""
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = face.bbox
    side = max(x2 - x1, y2 - y1)
    for across, down, margin in ((0.0, 0.0, MARGIN), (0.3, 0.1, MARGIN), (-0.2, -0.2, MARGIN), (0.0, 0.0, MARGIN / 2)):
        x, y, reach = (x1 + x2) / 2 + across * side, (y1 + y2) / 2 + down * side, (0.5 + margin) * side
        left, top = max(0, round(x - reach)), max(0, round(y - reach))
        part = pixels[top : min(height, round(y + reach)), left : min(width, round(x + reach))]
        picture = Image.fromarray(np.ascontiguousarray(part))
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        for change in CHANGES if (across, margin) == (0.0, MARGIN) else CHANGES[:1]:
            yield np.array(change(picture))


def _turned(degrees: float) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(127, 127, 127))


def _halved(picture: Image.Image) -> Image.Image:
    return picture.resize((max(1, picture.width // 2), max(1, picture.height // 2)), Image.Resampling.LANCZOS)


def _poor(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=30)
    return Image.open(buffer, formats=["JPEG"])


CHANGES: Final[tuple[Callable[[Image.Image], Image.Image], ...]] = (
    lambda picture: picture,
    lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    *(_turned(degrees) for degrees in (-15, -7, 7, 15)),
    *((lambda picture, by=by: ImageEnhance.Brightness(picture).enhance(by)) for by in (0.6, 1.4)),
    lambda picture: ImageEnhance.Contrast(picture).enhance(0.6),
    lambda picture: picture.filter(ImageFilter.GaussianBlur(0.8)),
    _halved,
    _poor,
)
