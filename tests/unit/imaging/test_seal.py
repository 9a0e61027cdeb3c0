"""The optimiser's mark, and files that hold pixels and nothing else."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from darkroom.adapters.imaging.encode import avif, jpeg, png, webp
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.imaging.seal import bare, is_sealed, sealed
from PIL import Image, PngImagePlugin

from tests.drawn import WHITE, disc, drawn

READER = PillowPictures()
OPAQUE, CLEAR = drawn(disc(40, x=50, y=50), size=100, paper=WHITE), drawn(disc(40, x=50, y=50), size=100)
FILES = {
    "png": (png(CLEAR), "image/png", False),
    "webp of one chunk": (webp(CLEAR), "image/webp", False),
    "opaque webp": (webp(OPAQUE), "image/webp", True),
    "lossy webp": (webp(CLEAR, quality=50), "image/webp", False),
    "avif": (avif(CLEAR, quality=50), "image/avif", False),
    "jpeg": (jpeg(OPAQUE, quality=80), "image/jpeg", True),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_sealed_file_is_known_costs_a_few_bytes_and_shows_the_same(name: str) -> None:
    data, media_type, opaque = FILES[name]
    made = sealed(data, media_type, opaque=opaque, width=100, height=100)
    assert is_sealed(data) is None
    assert is_sealed(made) == media_type
    assert len(data) < len(made) <= len(data) + 26
    before, after = READER.frames(data), READER.frames(made)
    assert after.media_type == media_type
    np.testing.assert_array_equal(before.pixels[0], after.pixels[0])


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_seal_that_is_not_in_its_place_is_none(name: str) -> None:
    data, media_type, opaque = FILES[name]
    made = sealed(data, media_type, opaque=opaque, width=100, height=100)
    if media_type != "image/jpeg":
        assert is_sealed(made + b"more") is None
    assert is_sealed(b"\0" + made) is None
    assert is_sealed(made[:20]) is None


def saved(form: str, pixels: np.ndarray[Any, Any] = OPAQUE, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., :3]).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (saved("PNG"), "image/png"),
        (saved("WEBP"), "image/webp"),
        (saved("WEBP", lossless=True), "image/webp"),
        (saved("JPEG"), "image/jpeg"),
        (saved("JPEG", progressive=True, optimize=True), "image/jpeg"),
        (png(CLEAR), "image/png"),
        (webp(CLEAR, quality=50), "image/webp"),
    ],
)
def test_pixels_and_nothing_else_are_bare(data: bytes, media_type: str) -> None:
    assert bare(data) == media_type
    assert bare(data + b"PK\x03\x04") is None


def texts() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "hello")
    return info


EXIF = Image.Exif()
EXIF[0x010E] = "where I live"
FRAMES = [Image.fromarray(OPAQUE), Image.fromarray(CLEAR)]


def moving(form: str) -> bytes:
    buffer = io.BytesIO()
    FRAMES[0].save(buffer, form, save_all=True, append_images=FRAMES[1:], duration=100)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        saved("PNG", pnginfo=texts()),
        saved("PNG", exif=EXIF),
        saved("PNG", icc_profile=b"profile"),
        saved("WEBP", exif=EXIF.tobytes()),
        saved("WEBP", xmp=b"<x/>"),
        saved("JPEG", exif=EXIF),
        saved("JPEG", comment=b"hello"),
        saved("JPEG", icc_profile=b"profile"),
        saved("AVIF"),
        saved("GIF"),
        saved("BMP"),
        moving("PNG"),
        moving("WEBP"),
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF",
    ],
)  # fmt: skip
def test_whatever_else_is_in_a_file_it_is_not_bare(data: bytes) -> None:
    assert bare(data) is None
