"""Pictures of people for the twins of `adapters/memory/faces.py`, to whom a patch of pure colour is a face."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLOURS: Final = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def photograph(*people: str, scale: int = 1) -> bytes:
    """A PNG with patches of these colours, from left to right, 25 by 30 pixels; those of scale 3 may be enrolled."""
    picture = Image.new("RGB", (120 * scale, 80 * scale), (20, 20, 20))
    for place, colour in enumerate(people):
        left = 10 + place * 35
        picture.paste(COLOURS[colour], (left * scale, 20 * scale, (left + 25) * scale, 50 * scale))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def direction(who: str) -> NDArray[np.float32]:
    """The embedding of whom this colour is."""
    seen = np.array(COLOURS[who], np.float32) - 127.5
    found: NDArray[np.float32] = seen / np.linalg.norm(seen)
    return found
