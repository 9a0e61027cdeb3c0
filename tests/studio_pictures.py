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
