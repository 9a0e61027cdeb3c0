"""The tour's own pictures: real photographs that a permissively licensed package from PyPI carries (scikit-image)."""

from __future__ import annotations

import importlib.util
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageEnhance, ImageOps

from local.stack import ROOT

SHOWN_PIXELS: Final = 960
"""Longest side of a picture on the page."""

TAKEN: Final = {
    "astronaut.png": ("Eileen Collins", "NASA, public domain"),
    "coffee.png": ("A cup of coffee", "Rachel Michetti, CC0"),
    "chelsea.png": ("Chelsea the cat", "Stefan van der Walt, CC0"),
    "rocket.jpg": ("A launch", "SpaceX, public domain"),
}
"""Title and credit of each."""
TESTDATA: Final = ROOT.parent / "shared" / "testdata"
ENROLLED: Final = {"obama.jpg": "Barack Obama", "biden.jpg": "Joe Biden"}
LATER: Final = {"obama2.jpg": "Barack Obama"}
"""Of the material beside the checkout, where that is there."""


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    title: str
    credit: str
    jpeg: bytes
    width: int
    height: int

    @property
    def slug(self) -> str:
        return Path(self.name).stem

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
            taken.append(_picture(f"{Path(name).stem}.jpg", title, credit, image))
    return taken


def portraits() -> tuple[list[Picture], list[Picture]]:
    """Portraits to enrol, and others of the same people to be told apart by. One person comes with the packages;
    the material that tests are run on has more."""
    astronaut = next(picture for picture in pictures() if picture.slug == "astronaut")
    with Image.open(io.BytesIO(astronaut.jpeg), formats=["JPEG"]) as image:
        changed = ImageEnhance.Brightness(ImageOps.mirror(image)).enhance(0.7).rotate(8, Image.Resampling.BICUBIC)
        second = _picture("astronaut-later.jpg", astronaut.title, f"{astronaut.credit}, changed", changed)
    folder = Path(os.environ.get("DARKROOM_TESTDATA") or TESTDATA) / "faces"
    if not all((folder / name).is_file() for name in (*ENROLLED, *LATER)):
        return [astronaut], [second]
    return (
        [astronaut, *(_read(folder / name, title) for name, title in ENROLLED.items())],
        [second, *(_read(folder / name, title) for name, title in LATER.items())],
    )


def collage(parts: list[Picture]) -> Picture:
    """The pictures side by side at one height."""
    height = 720
    images = []
    for part in parts:
        with Image.open(io.BytesIO(part.jpeg), formats=["JPEG"]) as opened:
            images.append(opened.resize((round(opened.width * height / opened.height), height)))
    whole = Image.new("RGB", (sum(image.width for image in images), height))
    left = 0
    for image in images:
        whole.paste(image, (left, 0))
        left += image.width
    return _picture("later.jpg", "Another day", "; ".join(dict.fromkeys(part.credit for part in parts)), whole)


def _read(path: Path, title: str) -> Picture:
    with Image.open(path, formats=["JPEG"]) as opened:
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS))
        return _picture(path.name, title, "Official portrait, public domain", upright)


def _picture(name: str, title: str, credit: str, image: Image.Image) -> Picture:
    return Picture(name, title, credit, _jpeg(image, quality=92), image.width, image.height)


def _jpeg(image: Image.Image, *, quality: int) -> bytes:
    held = io.BytesIO()
    image.convert("RGB").save(held, "JPEG", quality=quality)
    return held.getvalue()
