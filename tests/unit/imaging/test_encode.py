"""Pixels to encoded pictures and animations, read back by Pillow itself."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.imaging.encode import ANIMATIONS, STILLS, PillowEncoder, bled, png, png_indexed
from darkroom.adapters.imaging.palette import Colours
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.errors import UnsupportedTypeError
from PIL import Image, ImageSequence

from tests.drawn import WHITE, both, box, disc, drawn, ring

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENCODER, READER = PillowEncoder(), PillowPictures()
INK = (214, 40, 40, 255)


def moving(count: int = 8, *, paper: tuple[int, int, int, int] = (0, 0, 0, 0)) -> list[NDArray[np.uint8]]:
    """A disc on its way to the right, under a square that stays."""
    return [
        drawn(both(disc(10, x=15 + 8 * number, y=60), box(70, 5, 90, 25)), size=100, ink=INK, paper=paper)
        for number in range(count)
    ]


def names(data: bytes) -> list[bytes]:
    """Of a PNG's chunks."""
    found, at = [], 8
    while at < len(data):
        found.append(data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return found


# --- stills -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", STILLS)
def test_a_still_is_of_the_type_that_was_asked_for(media_type: str) -> None:
    frames = READER.frames(ENCODER.still(drawn(ring(120, 8), ink=INK, paper=WHITE), media_type))
    assert frames.media_type == media_type
    np.testing.assert_allclose(frames.pixels[0][200, 80], INK, atol=10)


@pytest.mark.parametrize("media_type", ["image/png", "image/webp"])
def test_a_drawing_is_kept_exactly(media_type: str) -> None:
    pixels = drawn(ring(120, 8), ink=INK)
    np.testing.assert_array_equal(READER.frames(ENCODER.still(pixels, media_type)).pixels[0], pixels)


def test_a_painting_is_kept_exactly_as_png_and_nearly_as_webp() -> None:
    y, x = np.mgrid[0:128, 0:128]
    painting = np.stack([2 * x, 2 * y, x * y // 64, np.full_like(x, 255)], axis=2).astype(np.uint8)
    np.testing.assert_array_equal(READER.frames(ENCODER.still(painting, "image/png")).pixels[0], painting)
    webp = READER.frames(ENCODER.still(painting, "image/webp")).pixels[0]
    assert 0 < float(np.abs(webp.astype(int) - painting).mean()) < 12


def test_jpeg_lays_what_is_transparent_on_white() -> None:
    pixels = READER.frames(ENCODER.still(drawn(ring(120, 20), ink=INK), "image/jpeg")).pixels[0]
    assert tuple(pixels[5, 5]) == WHITE
    np.testing.assert_allclose(pixels[200, 80], INK, atol=8)


def test_a_drawing_in_one_ink_takes_few_bits_a_pixel() -> None:
    data = png(drawn(ring(120, 8), smooth=False, paper=WHITE))
    depth, colour = data[24], data[25]
    assert (depth, colour) in [(1, 0), (1, 3)]


def test_nothing_but_pixels_is_written() -> None:
    chunks = set(names(ENCODER.still(drawn(ring(120, 8), ink=INK), "image/png")))
    assert chunks <= {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
    for media_type in STILLS:
        with Image.open(io.BytesIO(ENCODER.still(drawn(disc(50), ink=INK), media_type))) as image:
            assert not {"exif", "icc_profile", "xmp", "comment"} & set(image.info), media_type


@pytest.mark.parametrize("media_type", ["image/png", "image/webp", "image/avif"])
def test_colour_under_full_transparency_is_not_written(media_type: str) -> None:
    pixels = drawn(disc(50), ink=INK)
    secret = pixels.copy()
    secret[pixels[..., 3] == 0, :3] = np.random.default_rng(1).integers(0, 256, (int((pixels[..., 3] == 0).sum()), 3))
    assert ENCODER.still(secret, media_type) == ENCODER.still(pixels, media_type)


def test_zopfli_gives_the_same_pixels_in_fewer_bytes() -> None:
    indexed = Colours([drawn(ring(120, 8), ink=INK)]).quantised(16)[0]
    quick, slow = png_indexed(indexed), png_indexed(indexed, iterations=5)
    assert len(slow) < len(quick)
    np.testing.assert_array_equal(READER.frames(slow).pixels[0], READER.frames(quick).pixels[0])


def test_bled_colour_lies_under_what_is_transparent_and_nowhere_else() -> None:
    pixels = drawn(disc(50), ink=INK)
    made = bled(pixels)
    np.testing.assert_array_equal(made[..., 3], pixels[..., 3])
    shown = pixels[..., 3] > 0
    np.testing.assert_array_equal(made[shown], pixels[shown])
    np.testing.assert_allclose(made[~shown][:, :3], np.array([INK[:3]] * int((~shown).sum())), atol=1)


@pytest.mark.parametrize("media_type", ["image/tiff", "image/svg+xml", "image/gif", ""])
def test_a_still_of_another_type_is_refused(media_type: str) -> None:
    with pytest.raises(UnsupportedTypeError) as caught:
        ENCODER.still(drawn(disc(50)), media_type)
    assert "image/png" in caught.value.fix


# --- animations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", ANIMATIONS)
@pytest.mark.parametrize("paper", [(0, 0, 0, 0), WHITE])
def test_every_frame_comes_back_in_its_place(media_type: str, paper: tuple[int, int, int, int]) -> None:
    frames = moving(paper=paper)
    read = READER.frames(ENCODER.animation(frames, fps=10, media_type=media_type))
    assert read.media_type == media_type
    assert len(read.pixels) == 8
    for number, frame in enumerate(read.pixels):
        np.testing.assert_allclose(frame[60, 15 + 8 * number], INK, atol=14)
        np.testing.assert_allclose(frame[15, 80], INK, atol=14)
        assert frame[95, 5, 3] == paper[3], number
        # Nothing is left of the disc where it was three frames ago.
        if number > 3:
            assert frame[60, 15 + 8 * (number - 3) - 10, 3] == paper[3]
            np.testing.assert_allclose(frame[60, 15 + 8 * (number - 3) - 12][:3], frame[95, 5][:3], atol=30)


@pytest.mark.parametrize("media_type", ANIMATIONS)
@pytest.mark.parametrize(("fps", "total"), [(12, 667), (10, 800), (24, 333), (30, 267)])
def test_the_loop_is_as_long_as_the_rate_says(media_type: str, fps: int, total: int) -> None:
    assert ENCODER.rate(fps, media_type) == fps
    durations = READER.frames(ENCODER.animation(moving(), fps=fps, media_type=media_type)).durations
    assert sum(durations) == pytest.approx(total, abs=5)
    assert max(durations) - min(durations) <= (10 if media_type == "image/gif" else 1)


def test_a_gif_shows_at_most_fifty_frames_a_second() -> None:
    assert ENCODER.rate(60, "image/gif") == 50
    assert READER.frames(ENCODER.animation(moving(), fps=60, media_type="image/gif")).durations == (20,) * 8
    assert ENCODER.rate(60, "image/webp") == 60


def test_each_animation_loops_without_end() -> None:
    for media_type in ("image/gif", "image/webp", "image/apng"):
        with Image.open(io.BytesIO(ENCODER.animation(moving(), fps=10, media_type=media_type))) as image:
            assert image.info["loop"] == 0, media_type
    # An AVIF sequence's edit list repeats (ISO/IEC 14496-12, 8.6.6, flag 1) for as long as can be said: all ones.
    avif = ENCODER.animation(moving(), fps=10, media_type="image/avif")
    at = avif.index(b"elst")
    assert avif[at + 5 : at + 8] == b"\0\0\1"
    assert b"\xff" * 8 in avif


def test_no_animation_holds_more_than_pixels() -> None:
    for media_type in ANIMATIONS:
        data = ENCODER.animation(moving(), fps=10, media_type=media_type)
        with Image.open(io.BytesIO(data)) as image:
            assert not {"exif", "icc_profile", "xmp", "comment"} & set(image.info), media_type
    assert set(names(ENCODER.animation(moving(), fps=10, media_type="image/apng"))) <= {
        b"IHDR", b"acTL", b"fcTL", b"PLTE", b"tRNS", b"IDAT", b"fdAT", b"IEND",
    }  # fmt: skip


def test_a_gif_has_no_fringe_of_a_background_that_it_is_not_shown_on() -> None:
    frames = READER.frames(ENCODER.animation(moving(), fps=10, media_type="image/gif"))
    for frame in frames.pixels:
        shown = frame[frame[..., 3] > 0]
        assert set(map(tuple, shown.tolist())) == {INK}


def test_a_gif_draws_only_what_changes_and_a_clear_one_clears() -> None:
    still = ENCODER.animation(moving(paper=WHITE), fps=10, media_type="image/gif")
    clear = ENCODER.animation(moving(), fps=10, media_type="image/gif")
    assert {(part >> 2) & 7 for part, _ in blocks(still)} == {1}
    assert {(part >> 2) & 7 for part, _ in blocks(clear)} == {2}
    assert blocks(still)[0][1] == (0, 0, 100, 100)
    for _, (x, y, width, height) in blocks(still)[1:]:
        # The disc moves eight pixels: what is drawn holds it before and after, and not the square above.
        assert y >= 45
        assert width <= 32
        assert height <= 24
        assert x > 0


def blocks(data: bytes) -> list[tuple[int, tuple[int, int, int, int]]]:
    """The flags and the place of each frame of a GIF (GIF89a, 20 and 23)."""
    found, at, flags = [], 13 + 3 * (2 << (data[10] & 7)), 0
    while data[at] != 0x3B:
        if data[at] == 0x2C:
            found.append((flags, struct.unpack("<HHHH", data[at + 1 : at + 9])))
            at += 11
        else:
            flags = data[at + 3] if data[at + 1] == 0xF9 else flags
            at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1
    return found


def test_frames_without_any_change_or_any_ink_are_encoded_too() -> None:
    empty = np.zeros((20, 20, 4), np.uint8)
    for frames in ([empty, empty], [drawn(disc(5, x=10, y=10), size=20)] * 3, [empty[:1, :1]] * 2):
        for media_type in ("image/gif", "image/apng"):
            data = ENCODER.animation(frames, fps=10, media_type=media_type)
            with Image.open(io.BytesIO(data)) as image:
                last = [frame.convert("RGBA").copy() for frame in ImageSequence.Iterator(image)][-1]
            np.testing.assert_array_equal(np.asarray(last)[..., 3] > 127, frames[-1][..., 3] > 127)


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "video/mp4"])
def test_an_animation_of_another_type_is_refused(media_type: str) -> None:
    with pytest.raises(UnsupportedTypeError) as caught:
        ENCODER.animation(moving(), fps=10, media_type=media_type)
    assert "image/gif" in caught.value.fix


@pytest.mark.parametrize("media_type", [*STILLS, "image/gif", "image/apng"])
def test_the_same_pixels_give_the_same_bytes(media_type: str) -> None:
    made = [
        ENCODER.still(drawn(ring(60, 8)), media_type)
        if media_type in STILLS
        else ENCODER.animation(moving(), fps=10, media_type=media_type)
        for _ in range(2)
    ]
    assert made[0] == made[1]


@pytest.mark.parametrize("media_type", ANIMATIONS)
@pytest.mark.parametrize("paper", [(0, 0, 0, 0), WHITE])
def test_a_frame_that_is_like_the_one_before_is_a_frame_too(media_type: str, paper: tuple[int, int, int, int]) -> None:
    first, second = moving(2, paper=paper)
    read = READER.frames(ENCODER.animation([first, first, second, second], fps=10, media_type=media_type))
    assert len(read.pixels) == 4
    assert sum(read.durations) == 400
    for frame, expected in zip(read.pixels, (first, first, second, second), strict=True):
        solid = expected[..., 3] == 255
        np.testing.assert_allclose(frame[solid][:, 3], 255, atol=12)  # an AVIF's opacity is lossy


def test_a_painting_moves_too() -> None:
    y, x = np.mgrid[0:128, 0:128]
    painting = np.stack([2 * x, 2 * y, (x * y) % 256, np.full_like(x, 255)], axis=2).astype(np.uint8)
    frames = [np.ascontiguousarray(np.roll(painting, 9 * number, axis=1)) for number in range(3)]
    apng = READER.frames(ENCODER.animation(frames, fps=10, media_type="image/apng"))
    np.testing.assert_array_equal(np.stack(apng.pixels), np.stack(frames))
    webp = READER.frames(ENCODER.animation(frames, fps=10, media_type="image/webp"))
    assert float(np.abs(np.stack(webp.pixels).astype(int) - np.stack(frames)).mean()) < 25
