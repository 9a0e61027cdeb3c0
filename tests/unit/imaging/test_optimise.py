"""Drawings made small: how alike, how small, and the same again."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.imaging.encode import PillowEncoder
from darkroom.adapters.imaging.likeness import LargeOriginal, Original
from darkroom.adapters.imaging.optimise import ALLOWED, DrawingOptimiser, fitted
from darkroom.adapters.imaging.palette import cleared
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.imaging.trim import trimmed
from darkroom.errors import UnsupportedTypeError
from PIL import Image
from skimage.metrics import structural_similarity

from tests.drawn import WHITE, both, box, disc, drawn, ring

if TYPE_CHECKING:
    from darkroom.ports import Optimised
    from numpy.typing import NDArray

OPTIMISER, READER, ENCODER = DrawingOptimiser(), PillowPictures(), PillowEncoder()
INK, CREAM = (214, 40, 40, 255), (253, 250, 243, 255)


def shaded() -> NDArray[np.uint8]:
    """A ring over a soft glow: more colours than a palette has."""
    y, x = np.mgrid[0:300, 0:300]
    glow = np.clip(255 - np.hypot(x - 150, y - 140), 90, 250)
    pixels = np.stack([glow, glow * 0.8, 255 - glow, np.full_like(glow, 255)], axis=2)
    line = drawn(ring(100, 9, x=150, y=150), size=300).astype(np.float64)
    share = line[..., 3:] / 255
    pixels[..., :3] = line[..., :3] * share + pixels[..., :3] * (1 - share)
    return np.asarray(np.rint(pixels), np.uint8)


DRAWINGS = {
    "black on nothing": drawn(both(ring(100, 6), disc(20, x=160, y=170))),
    "red on paper": drawn(both(ring(100, 6), disc(20, x=160, y=170)), ink=INK, paper=CREAM),
    "shaded": shaded(),
    "half transparent": drawn(disc(90), ink=(30, 90, 200, 120)),
    "one pixel": np.full((1, 1, 4), 255, np.uint8),
    "nothing": np.zeros((50, 80, 4), np.uint8),
    "a blank sheet": np.full((50, 80, 4), 255, np.uint8),
}


def optimised(
    pixels: NDArray[np.uint8], *, width: int = 400, height: int = 400, allowed: tuple[str, ...] = ALLOWED
) -> Optimised:
    original = ENCODER.still(pixels, "image/png")
    return OPTIMISER.optimise(pixels, width=width, height=height, original=original, allowed=allowed)


@pytest.mark.parametrize(
    "allowed",
    [ALLOWED, ("image/png",), ("image/webp",), ("image/avif",)],
    ids=lambda value: value[0] if len(value) == 1 else "all",
)
@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_it_is_alike_small_and_the_same_again(name: str, allowed: tuple[str, ...]) -> None:
    pixels = DRAWINGS[name]
    made = optimised(pixels, allowed=allowed)
    read = READER.frames(made.data)
    assert made.media_type == read.media_type
    assert made.media_type in allowed
    assert read.pixels[0].shape == (made.height, made.width, 4)
    fit = fitted(trimmed(cleared(pixels)), 400, 400)
    assert fit.shape == read.pixels[0].shape
    assert made.ssim >= 0.98
    assert Original(fit).likeness(read.pixels[0]).ssim == pytest.approx(made.ssim, abs=1e-6)
    if "image/png" in allowed:
        assert len(made.data) <= len(ENCODER.still(fit, "image/png"))
    for width, height in ((400, 400), (1_000, 500), (made.width, made.height)):
        again = OPTIMISER.optimise(read.pixels[0], width=width, height=height, original=made.data, allowed=allowed)
        assert again.data == made.data
        assert (again.width, again.height, again.media_type) == (made.width, made.height, made.media_type)


def test_another_judge_finds_it_as_alike() -> None:
    pixels = DRAWINGS["shaded"]
    made = READER.frames(optimised(pixels).data).pixels[0]
    fit = fitted(trimmed(pixels), 400, 400)
    assert structural_similarity(fit[..., :3], made[..., :3], channel_axis=2) > 0.97  # type: ignore[no-untyped-call]


def test_empty_margins_go_and_transparency_stays() -> None:
    made = optimised(drawn(disc(50, x=300, y=100), ink=INK))
    assert (made.width, made.height) == (100, 100)
    pixels = READER.frames(made.data).pixels[0]
    assert tuple(pixels[50, 50]) == INK
    assert pixels[0, 0, 3] == 0


def test_margins_of_paper_go_too() -> None:
    made = optimised(drawn(box(100, 150, 300, 200), ink=INK, paper=CREAM))
    assert (made.width, made.height) == (200, 50)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(100, 100, (100, 50)), (50, 400, (50, 25)), (400, 10, (20, 10)), (1_000, 1_000, (200, 100)), (1, 1, (1, 1))],
)
def test_it_fits_the_box_in_its_own_shape_and_is_never_enlarged(
    width: int, height: int, expected: tuple[int, int]
) -> None:
    made = optimised(drawn(box(100, 100, 300, 200), ink=INK), width=width, height=height)
    assert (made.width, made.height) == expected


def test_scaling_makes_no_fringe() -> None:
    made = fitted(drawn(disc(100), ink=INK), 133, 133)
    edge = made[(made[..., 3] > 40) & (made[..., 3] < 220)]
    assert len(edge) > 20
    np.testing.assert_allclose(edge[:, :3], np.array([INK[:3]] * len(edge)), atol=6)


def test_jpeg_is_answered_for_what_is_opaque_only() -> None:
    made = optimised(DRAWINGS["shaded"], allowed=("image/jpeg",))
    assert made.media_type == "image/jpeg"
    assert made.ssim >= 0.98
    read = READER.frames(made.data).pixels[0]
    assert (
        OPTIMISER.optimise(read, width=400, height=400, original=made.data, allowed=("image/jpeg",)).data == made.data
    )
    with pytest.raises(UnsupportedTypeError) as caught:
        optimised(DRAWINGS["black on nothing"], allowed=("image/jpeg",))
    assert "image/png" in caught.value.fix


@pytest.mark.parametrize("allowed", [(), ("image/gif",)])
def test_a_request_for_nothing_that_can_be_written_is_refused(allowed: tuple[str, ...]) -> None:
    with pytest.raises(UnsupportedTypeError):
        optimised(DRAWINGS["shaded"], allowed=allowed)


def test_an_original_that_is_smaller_already_is_the_answer() -> None:
    pixels = drawn(box(0, 0, 60, 60), size=60, ink=INK)
    plain = io.BytesIO()
    Image.fromarray(pixels[..., :3]).save(plain, "WEBP", lossless=True, method=6, quality=100)
    made = OPTIMISER.optimise(pixels, width=60, height=60, original=plain.getvalue())
    assert made.data == plain.getvalue()
    assert made.ssim == 1.0


def test_an_original_with_more_than_pixels_in_it_is_never_the_answer() -> None:
    pixels = drawn(box(0, 0, 60, 60), size=60, ink=INK)
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    said = io.BytesIO()
    Image.fromarray(pixels[..., :3]).save(said, "WEBP", lossless=True, method=6, quality=100, exif=exif.tobytes())
    made = OPTIMISER.optimise(pixels, width=60, height=60, original=said.getvalue())
    assert b"where I live" not in made.data


def test_an_optimised_drawing_that_has_to_be_smaller_is_optimised_again() -> None:
    made = optimised(DRAWINGS["red on paper"])
    read = READER.frames(made.data).pixels[0]
    again = OPTIMISER.optimise(read, width=60, height=60, original=made.data)
    assert (again.width, again.height) == (60, 60)
    assert again.data != made.data


def test_a_shading_is_not_given_up_for_a_few_bytes() -> None:
    made = READER.frames(optimised(DRAWINGS["shaded"]).data).pixels[0]
    assert Original(fitted(trimmed(DRAWINGS["shaded"]), 400, 400)).likeness(made).shift <= 5


def test_it_is_smaller_than_pillow_by_more_than_a_quarter() -> None:
    for name in ("black on nothing", "red on paper", "shaded"):
        fit = fitted(trimmed(DRAWINGS[name]), 400, 400)
        plain = io.BytesIO()
        Image.fromarray(fit).save(plain, "PNG", optimize=True)
        assert len(optimised(DRAWINGS[name]).data) < 0.75 * len(plain.getvalue())
        assert len(optimised(DRAWINGS[name], allowed=("image/png",)).data) < 0.75 * len(plain.getvalue())


def test_white_on_black_is_a_drawing_like_any_other() -> None:
    made = optimised(drawn(disc(50), ink=WHITE, paper=(0, 0, 0, 255)))
    assert (made.width, made.height) == (100, 100)


@pytest.mark.parametrize("allowed", [("image/avif",), ("image/png",)])
def test_a_large_picture_is_searched_in_tiles_and_still_as_alike_as_any(allowed: tuple[str, ...]) -> None:
    y, x = np.mgrid[0:260, 0:520]
    glow = (120 + 60 * np.sin(x / 60) + 60 * np.cos(y / 40)).astype(np.uint8)
    pixels = np.stack([glow, 255 - glow, glow // 2, np.full_like(glow, 255)], axis=2)
    pixels[np.hypot(x - 260, y - 130) % 60 < 6] = (20, 20, 20, 255)
    optimiser = DrawingOptimiser(painstaking=60_000, tile=52)
    made = optimiser.optimise(pixels, width=520, height=260, original=b"", allowed=allowed)
    read = READER.frames(made.data).pixels[0]
    assert (made.width, made.height) == (520, 260)
    alike = LargeOriginal(pixels, band=40_000).likeness(read)
    assert alike.ssim == pytest.approx(made.ssim)
    assert min(alike.ssim, alike.inked) >= 0.98
    assert alike.shift <= 5
