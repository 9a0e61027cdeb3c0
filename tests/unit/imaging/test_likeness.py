"""The structural similarity index, against scikit-image's, and what it is blind to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.imaging.likeness import LargeOriginal, Original
from skimage.metrics import structural_similarity

from tests.drawn import WHITE, disc, drawn, ring

if TYPE_CHECKING:
    from numpy.typing import NDArray


def opaque(chance: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    pixels = chance.integers(0, 256, (height, width, 4), np.uint8)
    pixels[..., 3] = 255
    return pixels


def noisy(pixels: NDArray[np.uint8], amount: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(2).integers(-amount, amount + 1, pixels.shape)
    noise[..., 3] = 0
    return np.asarray(np.clip(pixels + noise, 0, 255), np.uint8)


@pytest.mark.parametrize(("height", "width"), [(40, 40), (11, 30), (200, 77), (130, 130)])
@pytest.mark.parametrize("amount", [3, 20, 100])
def test_it_is_the_index_of_the_paper(height: int, width: int, amount: int) -> None:
    one = opaque(np.random.default_rng(1), height, width)
    other = noisy(one, amount)
    _, full = structural_similarity(  # type: ignore[no-untyped-call]
        *(picture[..., :3].astype(np.float64) for picture in (one, other)),
        channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, full=True,
    )  # fmt: skip
    # scikit-image's window has the same eleven pixels; where it fits is the picture less five on each side.
    expected = float(full[5:-5, 5:-5].mean())
    assert Original(one).likeness(other).ssim == pytest.approx(expected, abs=2e-4)


def test_the_same_picture_is_wholly_alike() -> None:
    pixels = drawn(ring(120, 6))
    likeness = Original(pixels).likeness(pixels.copy())
    assert (likeness.ssim, likeness.inked, likeness.shift) == (1.0, 1.0, 0.0)


def test_a_thin_drawing_that_lost_its_lines_is_told_by_what_is_inked() -> None:
    original = Original(drawn(ring(30, 2), size=500, paper=WHITE))
    gone = original.likeness(drawn(lambda x, _: x < 0, size=500, paper=WHITE))
    assert gone.ssim > 0.97
    assert gone.inked < 0.5


def test_a_shading_that_is_gone_is_told_by_the_shift() -> None:
    ramp = np.linspace(190, 230, 200).astype(np.uint8)[None, :, None].repeat(200, axis=0).repeat(4, axis=2).copy()
    ramp[..., 3] = 255
    flat = np.full_like(ramp, 210)
    flat[..., 3] = 255
    likeness = Original(ramp).likeness(flat)
    assert likeness.ssim > 0.97
    assert likeness.shift > 15


def test_nothing_hides_in_transparency() -> None:
    original = Original(drawn(disc(100)))
    on_white = original.likeness(drawn(disc(100), paper=WHITE))
    assert on_white.ssim < 0.7
    invisible = drawn(disc(100), ink=WHITE)
    assert Original(drawn(disc(100), ink=WHITE)).likeness(np.zeros_like(invisible)).ssim < 0.85


def test_colour_under_full_transparency_is_not_compared() -> None:
    pixels = drawn(disc(100))
    other = pixels.copy()
    other[other[..., 3] == 0] = (255, 0, 0, 0)
    assert Original(pixels).likeness(other).ssim == 1.0


def test_an_opaque_drawing_that_became_transparent_is_another() -> None:
    pixels = drawn(disc(100), paper=(120, 160, 40, 255))
    other = pixels.copy()
    other[..., 3] = 100
    assert Original(pixels).likeness(other).ssim < 0.9


@pytest.mark.parametrize("shape", [(1, 1, 4), (3, 20, 4), (10, 10, 4)])
def test_pictures_smaller_than_the_window_are_compared_too(shape: tuple[int, int, int]) -> None:
    dark, light = np.full(shape, 0, np.uint8), np.full(shape, 200, np.uint8)
    dark[..., 3] = light[..., 3] = 255
    assert Original(dark).likeness(dark).ssim == 1.0
    assert Original(dark).likeness(light).ssim < 0.1


@pytest.mark.parametrize("shape", [(40, 30), (333, 41), (230, 400)])
def test_bands_of_a_large_picture_tell_what_the_whole_does(shape: tuple[int, int]) -> None:
    one = opaque(np.random.default_rng(1), *shape)
    other = noisy(one, 40)
    whole, bands = Original(one).likeness(other), LargeOriginal(one, band=20_000).likeness(other)
    assert bands.ssim == pytest.approx(whole.ssim, abs=1e-5)
    assert bands.inked == pytest.approx(whole.inked, abs=1e-5)
    assert bands.shift == pytest.approx(whole.shift, abs=1e-3)
    assert bands.places == whole.places
