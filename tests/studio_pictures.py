"""What the tests of product pictures share: the parts as they are wired, pictures in and out."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.studio.engine import Studio
from darkroom.adapters.studio.overlay import TextOverlayer
from darkroom.domain.generation import PNG, Picture
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Coverage = NDArray[np.float64]


@cache
def studio() -> Studio:
    return Studio(PillowPictures())


@cache
def overlayer() -> TextOverlayer:
    return TextOverlayer(PillowPictures())


def pixels_of(data: bytes, mode: str = "RGB") -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert(mode))


def scaled(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS))


def picture_of(pixels: NDArray[np.uint8], subject: tuple[int, int, int, int] | None = None) -> Picture:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return Picture(out.getvalue(), PNG, pixels.shape[1], pixels.shape[0], subject=subject)


def flat(colour: tuple[int, int, int], width: int = 640, height: int = 640) -> NDArray[np.uint8]:
    return np.full((height, width, 3), colour, np.uint8)


def busy(width: int = 640, height: int = 640, seed: int = 0) -> NDArray[np.uint8]:
    """Blotches of every colour and lightness, as hard to write on as a photograph gets."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def cropped(pixels: NDArray[np.uint8]) -> Coverage:
    """The coverage of RGBA pixels, without the rows and columns in which there is next to none, as a cut-out has it."""
    alpha = pixels[..., 3].astype(float) / 255
    rows, columns = np.flatnonzero(alpha.max(axis=1) > 0.05), np.flatnonzero(alpha.max(axis=0) > 0.05)
    return alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def likeness(one: Coverage, other: Coverage) -> float:
    """Intersection over union of two coverages, the smaller moved about by a pixel or two where they differ in size."""
    height, width = max(one.shape[0], other.shape[0]), max(one.shape[1], other.shape[1])

    def grown(part: Coverage, down: int, across: int) -> Coverage:
        return np.pad(part, ((down, height - part.shape[0] - down), (across, width - part.shape[1] - across)))

    best = 0.0
    for down in range(height - one.shape[0] + 1):
        for across in range(width - one.shape[1] + 1):
            for lower in range(height - other.shape[0] + 1):
                for right in range(width - other.shape[1] + 1):
                    first, second = grown(one, down, across), grown(other, lower, right)
                    best = max(best, float(np.minimum(first, second).sum() / np.maximum(first, second).sum()))
    return best
