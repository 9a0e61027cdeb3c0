"""One suite for every PictureReader with its PictureEncoder: Pillow's and the twin in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.imaging.encode import PillowEncoder
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.memory.imaging import MemoryPictures
from darkroom.errors import BadImageError, TooLargeError, UnsupportedTypeError

from tests.drawn import WHITE, disc, drawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.ports import PictureEncoder, PictureReader
    from numpy.typing import NDArray

STILLS = ("image/png", "image/webp", "image/avif", "image/jpeg")
ANIMATIONS = ("image/gif", "image/webp", "image/apng", "image/avif")


@dataclass(frozen=True)
class Kind:
    reader: Callable[..., PictureReader]
    encoder: PictureEncoder


@pytest.fixture(params=["memory", "pillow"])
def kind(request: pytest.FixtureRequest) -> Kind:
    if request.param == "memory":
        return Kind(MemoryPictures, MemoryPictures())
    return Kind(PillowPictures, PillowEncoder())


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    return drawn(disc(12, x=22, y=15), size=40, ink=(214, 40, 40, 255))[:30]


def test_a_drawing_comes_back_as_rows_columns_and_rgba(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    for media_type in ("image/png", "image/webp"):
        frames = kind.reader().frames(kind.encoder.still(pixels, media_type))
        assert (frames.media_type, frames.durations) == (media_type, ())
        assert frames.pixels[0].dtype == np.uint8
        assert frames.pixels[0].shape == (30, 40, 4)
        np.testing.assert_array_equal(frames.pixels[0], pixels)


@pytest.mark.parametrize("media_type", STILLS)
def test_each_type_of_still_is_read_as_what_it_was_written(media_type: str, kind: Kind) -> None:
    opaque = drawn(disc(12, x=22, y=15), size=40, ink=(214, 40, 40, 255), paper=WHITE)
    frames = kind.reader().frames(kind.encoder.still(opaque, media_type))
    assert frames.media_type == media_type
    np.testing.assert_allclose(frames.pixels[0][15, 22], (214, 40, 40, 255), atol=10)


@pytest.mark.parametrize("media_type", ANIMATIONS)
def test_an_animation_has_its_frames_each_shown_for_its_share(media_type: str, kind: Kind) -> None:
    moving = [drawn(disc(6, x=10 + 9 * number, y=20), size=40, paper=WHITE) for number in range(3)]
    frames = kind.reader().frames(kind.encoder.animation(moving, fps=10, media_type=media_type))
    assert frames.media_type == media_type
    assert frames.durations == (100, 100, 100)
    for number, frame in enumerate(frames.pixels):
        np.testing.assert_allclose(frame[20, 10 + 9 * number], (0, 0, 0, 255), atol=30)
        np.testing.assert_allclose(frame[5, 5], WHITE, atol=20)


@pytest.mark.parametrize("media_type", ANIMATIONS)
def test_the_extent_is_of_one_frame_and_their_number(media_type: str, kind: Kind) -> None:
    moving = [drawn(disc(6, x=10 + 9 * number, y=20), size=40, paper=WHITE)[:30] for number in range(3)]
    data = kind.encoder.animation(moving, fps=10, media_type=media_type)
    assert kind.reader().extent(data) == (40, 30, 3)
    assert kind.reader().extent(kind.encoder.still(moving[0], "image/png")) == (40, 30, 1)


def test_an_extent_beyond_the_limits_or_of_no_picture_is_refused(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    data = kind.encoder.still(pixels, "image/png")
    with pytest.raises(TooLargeError) as caught:
        kind.reader(most_pixels=40 * 30 - 1).extent(data)
    assert caught.value.exact_code == "TOO_MANY_PIXELS"
    with pytest.raises(TooLargeError):
        kind.reader(most_bytes=len(data) - 1).extent(data)
    with pytest.raises(BadImageError):
        kind.reader().extent(b"no picture at all")


@pytest.mark.parametrize("media_type", STILLS)
def test_a_still_is_made_no_larger_than_asked_for(media_type: str, kind: Kind) -> None:
    opaque = drawn(disc(12, x=22, y=15), size=40, ink=(214, 40, 40, 255), paper=WHITE)[:20]
    made = kind.reader().frames(kind.encoder.still(opaque, media_type, longest=20)).pixels[0]
    assert made.shape == (10, 20, 4)
    np.testing.assert_allclose(made[7, 11], (214, 40, 40, 255), atol=12)
    whole = kind.reader().frames(kind.encoder.still(opaque, media_type, longest=40)).pixels[0]
    assert whole.shape == (20, 40, 4)


def test_colour_that_nobody_sees_is_not_kept(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    secret = pixels.copy()
    secret[pixels[..., 3] == 0] = (1, 2, 3, 0)
    assert kind.encoder.still(secret, "image/png") == kind.encoder.still(pixels, "image/png")


def test_a_gif_plays_at_most_fifty_frames_a_second(kind: Kind) -> None:
    assert kind.encoder.rate(60, "image/gif") == 50
    assert kind.encoder.rate(12, "image/gif") == 12
    assert kind.encoder.rate(60, "image/webp") == 60


def test_types_that_are_no_stills_or_no_animations_are_refused(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    for media_type in ("image/gif", "image/svg+xml", "text/html"):
        with pytest.raises(UnsupportedTypeError):
            kind.encoder.still(pixels, media_type)
    for media_type in ("image/png", "image/jpeg", "video/mp4"):
        with pytest.raises(UnsupportedTypeError):
            kind.encoder.animation([pixels, pixels], fps=10, media_type=media_type)


@pytest.mark.parametrize("data", [b"", b"\0", b"frames", b"hello, this is no picture at all", bytes(1000)])
def test_bytes_that_are_no_picture_are_refused_with_a_fix(data: bytes, kind: Kind) -> None:
    with pytest.raises(BadImageError) as caught:
        kind.reader().frames(data)
    assert caught.value.fix


def test_half_a_picture_is_refused(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    data = kind.encoder.still(pixels, "image/png")
    with pytest.raises(BadImageError):
        kind.reader().frames(data[: len(data) // 2])


def test_more_pixels_than_the_limit_over_all_frames_are_too_large(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    opaque = np.where(pixels[..., 3:] == 0, np.uint8(255), pixels)
    moving = [opaque, np.ascontiguousarray(opaque[::-1]), opaque]
    data = kind.encoder.animation(moving, fps=10, media_type="image/apng")
    assert len(kind.reader(most_pixels=3_600).frames(data).pixels) == 3
    with pytest.raises(TooLargeError) as caught:
        kind.reader(most_pixels=3_599).frames(data)
    assert caught.value.exact_code == "TOO_MANY_PIXELS"


def test_more_bytes_than_the_limit_are_too_large(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    data = kind.encoder.still(pixels, "image/png")
    assert kind.reader(most_bytes=len(data)).frames(data).pixels
    with pytest.raises(TooLargeError):
        kind.reader(most_bytes=len(data) - 1).frames(data)
