"""Palettes: exact where they can be, near where they cannot, and never a colour from under transparency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.imaging.palette import Colours, cleared, seen
from PIL import Image

from tests.drawn import WHITE, both, box, disc, drawn, ring

if TYPE_CHECKING:
    from numpy.typing import NDArray

INK = (214, 40, 40, 255)


def rainbow(alpha: int | None = 255) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:150, 0:150]
    opacity = np.full_like(x, alpha) if alpha is not None else (x + y) * 255 // 298
    return np.stack([x * 255 // 149, y * 255 // 149, (x * y) % 256, opacity], axis=2).astype(np.uint8)


def test_no_more_colours_than_the_palette_are_kept_exactly() -> None:
    pixels = drawn(ring(120, 8), ink=INK)
    found = Colours([pixels])
    (indexed,) = found.quantised(256)
    assert len(indexed.colours) == found.count
    np.testing.assert_array_equal(indexed.pixels, pixels)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 16, 100, 256])
@pytest.mark.parametrize("alpha", [255, None])
def test_there_are_never_more_than_asked_for(most: int, alpha: int | None) -> None:
    (indexed,) = Colours([rainbow(alpha)]).quantised(most)
    assert len(indexed.colours) <= most
    assert int(indexed.indices.max()) < len(indexed.colours)
    assert indexed.pixels.shape == (150, 150, 4)


@pytest.mark.parametrize("alpha", [255, None])
def test_more_colours_are_nearer(alpha: int | None) -> None:
    pixels = rainbow(alpha)
    found = Colours([pixels])
    points = seen(pixels.reshape(-1, 4))
    errors = [
        float(((seen(found.quantised(most)[0].pixels.reshape(-1, 4)) - points) ** 2).mean())
        for most in (4, 16, 64, 256)
    ]
    assert errors == sorted(errors, reverse=True)
    by_pillow = np.asarray(
        Image.fromarray(pixels).quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert("RGBA")
    )
    assert errors[-1] < 0.7 * float(((seen(by_pillow.reshape(-1, 4)) - points) ** 2).mean())


def test_what_is_flat_keeps_its_colour_whatever_the_edges_become() -> None:
    pixels = drawn(both(disc(80), box(10, 10, 60, 60)), ink=INK, paper=(253, 250, 243, 255))
    for most in (2, 3, 4, 8):
        colours = set(map(tuple, Colours([pixels]).quantised(most)[0].colours.tolist()))
        assert {INK, (253, 250, 243, 255)} <= colours


def test_half_transparent_edges_stay_between_nothing_and_the_ink() -> None:
    (indexed,) = Colours([drawn(ring(120, 8), ink=INK)]).quantised(4)
    for red, green, blue, alpha in indexed.colours.tolist():
        assert alpha == 0 or (abs(red - 214), abs(green - 40), abs(blue - 40)) <= (3, 3, 3)


def test_frames_share_one_palette() -> None:
    frames = [drawn(disc(40, x=60 + 20 * number), ink=INK, paper=WHITE) for number in range(5)]
    made = Colours(frames).quantised(8)
    assert len(made) == 5
    for indexed, frame in zip(made, frames, strict=True):
        np.testing.assert_array_equal(indexed.colours, made[0].colours)
        assert float(np.abs(indexed.pixels.astype(int) - frame).mean()) < 1


def test_colours_that_nobody_sees_take_no_place() -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[..., :3] = np.random.default_rng(1).integers(0, 256, (20, 20, 3))
    assert Colours([pixels]).count == 1
    assert not cleared(pixels).any()


def test_transparent_and_opaque_black_are_never_one() -> None:
    pixels = np.zeros((10, 10, 4), np.uint8)
    pixels[:5] = (0, 0, 0, 255)
    (indexed,) = Colours([pixels]).quantised(2)
    np.testing.assert_array_equal(indexed.pixels, pixels)


def test_the_palette_leads_with_what_is_transparent() -> None:
    (indexed,) = Colours([drawn(ring(120, 8), ink=INK)]).quantised(16)
    assert indexed.colours[:, 3].tolist() == sorted(indexed.colours[:, 3].tolist())
