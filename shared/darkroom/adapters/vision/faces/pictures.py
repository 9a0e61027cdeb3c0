"""Pictures of faces: one alone, and the whole with every face marked."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.domain.detection import Box
    from darkroom.domain.faces import Face

MARGIN: Final = 0.35
"""Of the box's longer side, on each side of a crop: hair and chin, which detectors leave out."""
CROP_SIDE: Final = 512
"""Pixels of a crop at the most; recognisers take 112."""
LEAST_SIDE, MOST_SIDE = 640, 2_048
"""Of the longer side of a picture with marks: a smaller one is enlarged, so that the marks can be told apart."""
QUALITY: Final = 90
FINE: Final = 2
"""Pixels of the marks' mask to one of the picture, across and down: it smooths their edges."""
LINE: Final = (255, 212, 64)
CASE: Final = (16, 24, 40)
"""A light yellow within a dark blue: apart in brightness, so on any picture and to every eye."""
FACE_LINE: Final = 1 / 30
"""A line's width, in the box's shorter side: no more than that, so that small faces stay visible."""
FACE_NUMBER: Final = 1 / 4
SMALLEST_NUMBER: Final = 11
"""Pixels; below it digits cannot be read."""


class PillowFacePictures:
    """The FacePictures. Pixels are upright RGB, (height, width, 3); only they go in, so no metadata comes out."""

    def crop(self, pixels: NDArray[np.uint8], face: Face) -> bytes:
        """A square about the face, or what of it lies in the picture, of 512 pixels a side at most."""
        height, width = pixels.shape[:2]
        x1, y1, x2, y2 = face.bbox
        across, down = (x1 + x2) / 2, (y1 + y2) / 2
        reach = max(x2 - x1, y2 - y1) * (0.5 + MARGIN)
        left, top = max(0, round(across - reach)), max(0, round(down - reach))
        right, bottom = min(width, max(left + 1, round(across + reach))), min(height, max(top + 1, round(down + reach)))
        made = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
        made.thumbnail((CROP_SIDE, CROP_SIDE), Image.Resampling.LANCZOS)
        return _jpeg(made)

    def drawn(self, pixels: NDArray[np.uint8], faces: Sequence[Face]) -> bytes:
        """Each face with its box, its landmarks and its number, which counts from 1 in the order of `faces`."""
        picture, scale = _scaled(pixels)
        # The surest face is drawn last, over its neighbours.
        for number, face in reversed(list(enumerate(faces, 1))):
            _Marks(picture, face, scale).draw(str(number))
        return _jpeg(picture)


class _Marks:
    """What is drawn on one face."""

    def __init__(self, picture: Image.Image, face: Face, scale: float) -> None:
        self._picture = picture
        x1, y1, x2, y2 = (edge * scale for edge in face.bbox)
        self._box = x1, y1, x2, y2
        self._points = [(x * scale, y * scale) for x, y in face.landmarks]
        side = min(x2 - x1, y2 - y1)
        usual = max(2.0, max(picture.size) / 400)
        self._line = max(1.0, min(usual, side * FACE_LINE))
        self._dot = 0.9 * self._line
        self._digits = max(SMALLEST_NUMBER, round(min(usual * 7, side * FACE_NUMBER)))

    def draw(self, number: str) -> None:
        font = ImageFont.load_default(self._digits)
        tag = self._tag(font.getlength(number))
        reach = 2 * self._line + self._dot + 2
        x1, y1, x2, y2 = self._box
        xs, ys = zip(*self._points, (x1, y1), (x2, y2), tag[:2], tag[2:], strict=True)
        left, top = max(0, int(min(xs) - reach)), max(0, int(min(ys) - reach))
        right = min(self._picture.width, int(max(xs) + reach) + 1)
        bottom = min(self._picture.height, int(max(ys) + reach) + 1)
        case = max(1.0, self._line * 0.6)
        for colour, wider in ((CASE, case), (LINE, 0.0)):
            mask = Image.new("L", ((right - left) * FINE, (bottom - top) * FINE))
            drawing = ImageDraw.Draw(mask)
            self._shapes(drawing, (left, top), tag, wider)
            self._picture.paste(colour, (left, top), mask.reduce(FINE))
        middle = (tag[0] + tag[2]) / 2, (tag[1] + tag[3]) / 2
        ImageDraw.Draw(self._picture).text(middle, number, CASE, font, anchor="mm")

    def _shapes(self, drawing: ImageDraw.ImageDraw, corner: tuple[int, int], tag: Box, wider: float) -> None:
        """Box, dots and tag, each `wider` on all sides."""

        def placed(x1: float, y1: float, x2: float, y2: float) -> Box:
            left, top = corner
            return (x1 - left) * FINE, (y1 - top) * FINE, (x2 - left) * FINE - 1, (y2 - top) * FINE - 1

        x1, y1, x2, y2 = self._box
        half = self._line / 2 + wider
        drawing.rounded_rectangle(
            placed(x1 - half, y1 - half, x2 + half, y2 + half),
            radius=3 * self._line * FINE,
            outline=255,
            width=max(1, round(2 * half * FINE)),
        )
        for x, y in self._points:
            reach = self._dot + wider
            drawing.ellipse(placed(x - reach, y - reach, x + reach, y + reach), fill=255)
        left, top, right, bottom = tag
        drawing.rounded_rectangle(
            placed(left - wider, top - wider, right + wider, bottom + wider), radius=2 * self._line * FINE, fill=255
        )

    def _tag(self, width: float) -> Box:
        """Where the number stands: above the box, within it where there is no room."""
        x1, y1, _, _ = self._box
        height, width = self._digits * 1.2, max(width + self._digits * 0.6, self._digits * 1.2)
        left = min(max(0.0, x1 - self._line / 2), max(0.0, self._picture.width - width))
        top = y1 - self._line / 2 - height
        top = top if top >= 0 else max(0.0, y1)
        return left, top, left + width, top + height


def _scaled(pixels: NDArray[np.uint8]) -> tuple[Image.Image, float]:
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    scale = min(max(LEAST_SIDE / max(picture.size), 1.0), MOST_SIDE / max(picture.size))
    if scale != 1:
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return picture, scale


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    # Full colour: at half of it, the yellow lines fray.
    picture.save(buffer, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return buffer.getvalue()
