"""The tour's own pictures: real photographs that a permissively licensed package from PyPI carries (scikit-image)."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

SHOWN_PIXELS: Final = 960
"""Longest side of a picture on the page."""

TAKEN: Final = {
    "astronaut.png": ("Eileen Collins", "NASA, public domain"),
    "coffee.png": ("A cup of coffee", "Rachel Michetti, CC0"),
    "chelsea.png": ("Chelsea the cat", "Stefan van der Walt, CC0"),
    "rocket.jpg": ("A launch", "SpaceX, public domain"),
}
"""Title and credit of each."""


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    title: str
    credit: str
    jpeg: bytes
    width: int
    height: int

    def shown(self) -> bytes:
        """A smaller JPEG for the page."""
        with Image.open(io.BytesIO(self.jpeg), formats=["JPEG"]) as image:
            image.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS))
            return _jpeg(image, quality=80)


def pictures() -> list[Picture]:
    """As a camera would send them: JPEG. The package is located, not imported, which would take seconds."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("scikit-image is not installed; `make setup` installs it")
    folder = Path(package.origin).parent / "data"
    taken = []
    for name, (title, credit) in TAKEN.items():
        with Image.open(folder / name, formats=["PNG", "JPEG"]) as image:
            jpeg = _jpeg(image, quality=92)
            taken.append(Picture(f"{Path(name).stem}.jpg", title, credit, jpeg, image.width, image.height))
    return taken


def _jpeg(image: Image.Image, *, quality: int) -> bytes:
    held = io.BytesIO()
    image.convert("RGB").save(held, "JPEG", quality=quality)
    return held.getvalue()
