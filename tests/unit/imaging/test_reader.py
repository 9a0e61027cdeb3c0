"""Encoded bytes to upright RGBA frames: formats, durations, colours, limits, and files made to do harm."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import time
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pillow_heif
import pytest
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.errors import BadImageError, TooLargeError
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Material

RED, GREEN, BLUE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)
MEDIA_TYPES = {"GIF": "image/gif", "WEBP": "image/webp", "PNG": "image/apng", "AVIF": "image/avif"}


@pytest.fixture(scope="module")
def reader() -> PillowPictures:
    return PillowPictures()


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    if form == "HEIF":
        pillow_heif.register_heif_opener()  # ours registers it with the first HEIC that comes
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def moving(form: str, count: int = 3, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    colours = [RED, GREEN, BLUE]
    frames = [Image.new("RGBA", size, colours[number % 3]) for number in range(count)]
    options.setdefault("duration", [100, 200, 300][:count] if count <= 3 else 100)
    if form in ("WEBP", "AVIF"):
        options["quality"] = 95
    return encoded(frames[0], form, save_all=True, append_images=frames[1:], loop=0, **options)


# --- frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", sorted(MEDIA_TYPES))
def test_every_frame_of_an_animation_comes_with_its_duration(form: str, reader: PillowPictures) -> None:
    frames = reader.frames(moving(form))
    assert frames.media_type == MEDIA_TYPES[form]
    assert frames.durations == (100, 200, 300)
    assert [frame.shape for frame in frames.pixels] == [(30, 40, 4)] * 3
    for frame, colour in zip(frames.pixels, (RED, GREEN, BLUE), strict=True):
        np.testing.assert_allclose(frame[15, 20], colour, atol=6)


@pytest.mark.parametrize("form", ["AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "TIFF", "WEBP"])
def test_a_still_has_one_frame_and_no_duration(form: str, reader: PillowPictures) -> None:
    frames = reader.frames(encoded(Image.new("RGB", (40, 30), RED[:3]), form))
    assert (len(frames.pixels), frames.durations) == (1, ())
    np.testing.assert_allclose(frames.pixels[0][15, 20], RED, atol=6)


def test_pages_of_a_tiff_are_no_frames(reader: PillowPictures) -> None:
    assert len(reader.frames(moving("TIFF")).pixels) == 1


def test_a_picture_before_an_apng_for_those_who_cannot_play_it_is_no_frame(reader: PillowPictures) -> None:
    frames = [Image.new("RGBA", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True, duration=50)
    read = reader.frames(data)
    assert [tuple(frame[0, 0]) for frame in read.pixels] == [GREEN, BLUE]


def test_a_gif_frame_that_is_too_short_to_be_shown_is_told_as_browsers_show_it(reader: PillowPictures) -> None:
    assert reader.frames(moving("GIF", duration=[10, 20, 0])).durations == (100, 20, 100)


def test_a_frame_that_is_drawn_over_the_one_before_comes_whole(reader: PillowPictures) -> None:
    first = Image.new("RGBA", (20, 20), RED)
    second = first.copy()
    second.paste(BLUE, (5, 5, 10, 10))
    read = reader.frames(encoded(first, "GIF", save_all=True, append_images=[second], duration=40))
    assert tuple(read.pixels[1][0, 0]) == RED
    assert tuple(read.pixels[1][7, 7]) == BLUE


def test_the_real_animations_have_all_their_frames(reader: PillowPictures, testdata: Material) -> None:
    assert len(reader.frames(testdata("formats/chi.gif").read_bytes()).pixels) == 31
    webp = reader.frames(testdata("formats/anim8.webp").read_bytes())
    assert webp.durations == (120,) * 8


# --- colours ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "I;16"])
def test_every_mode_becomes_rgba(mode: str, reader: PillowPictures) -> None:
    source = Image.new("RGBA", (8, 4), (0, 0, 0, 0))
    source.paste((255, 255, 255, 255), (4, 0, 8, 4))
    if mode == "I;16":
        image = Image.fromarray(np.where(np.arange(8) < 4, 0, 65_535).astype(np.uint16)[None].repeat(4, axis=0))
    else:
        image = source.quantize() if mode == "P" else source.convert(mode)
    pixels = reader.frames(encoded(image, "PNG")).pixels[0]
    assert tuple(pixels[0, 7]) == (255, 255, 255, 255)
    assert pixels[0, 0, 3] == (0 if mode in ("RGBA", "LA", "P") else 255)


def test_half_transparent_stays_half_transparent(reader: PillowPictures) -> None:
    assert tuple(reader.frames(encoded(Image.new("RGBA", (2, 2), (9, 99, 199, 128)), "PNG")).pixels[0][0, 0]) == (
        9,
        99,
        199,
        128,
    )


def swapped_profile() -> bytes:
    """sRGB with its red and green primaries exchanged: whoever applies it shows red as green."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # The directory of an ICC profile: at 128 the count, then 12 bytes a tag (ICC.1:2022, 7.3).
    for place in range(int.from_bytes(data[128:132], "big")):
        at = 132 + 12 * place
        data[at : at + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(bytes(data[at : at + 4]), data[at : at + 4])
    return bytes(data).replace(b"s\0R\0G\0B", b"o\0D\0D\0O").replace(b"sRGB", b"oddo")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_colour_profile_is_applied(form: str, reader: PillowPictures) -> None:
    image = Image.new("RGB", (16, 16), (255, 0, 0))
    pixels = reader.frames(encoded(image, form, icc_profile=swapped_profile())).pixels[0]
    assert pixels[8, 8, 1] > 240
    assert pixels[8, 8, 0] < 40


def test_a_profile_keeps_the_opacity(reader: PillowPictures) -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 77))
    assert reader.frames(encoded(image, "PNG", icc_profile=swapped_profile())).pixels[0][0, 0, 3] == 77


@pytest.mark.parametrize("damage", [b"", b"junk", bytes(200), None])
def test_a_profile_that_is_broken_is_overlooked(damage: bytes | None, reader: PillowPictures) -> None:
    profile = swapped_profile()[:300] if damage is None else damage
    pixels = reader.frames(encoded(Image.new("RGB", (4, 4), (255, 0, 0)), "PNG", icc_profile=profile)).pixels[0]
    assert tuple(pixels[0, 0]) == RED


def test_a_profile_for_other_colours_than_the_pictures_is_overlooked(reader: PillowPictures) -> None:
    data = encoded(Image.new("L", (4, 4), 200), "PNG", icc_profile=swapped_profile())
    assert tuple(reader.frames(data).pixels[0][0, 0]) == (200, 200, 200, 255)


# --- upright ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(1, 9))
def test_the_eight_quads_come_out_upright(number: int, reader: PillowPictures, testdata: Material) -> None:
    pixels = reader.frames(testdata(f"orientation_quad/quad_{number}.jpg").read_bytes()).pixels[0]
    assert pixels.shape == (64, 96, 4)
    spots = [pixels[8, 8], pixels[8, 88], pixels[56, 88], pixels[56, 8]]
    rounded = [tuple(255 if int(value) > 127 else 0 for value in spot) for spot in spots]
    assert rounded == [RED, GREEN, BLUE, (255, 255, 0, 255)]


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", sorted(MEDIA_TYPES))
def test_pixels_are_counted_over_all_frames(form: str) -> None:
    data = moving(form, 10)
    assert len(PillowPictures(most_pixels=12_000).frames(data).pixels) == 10
    with pytest.raises(TooLargeError) as caught:
        PillowPictures(most_pixels=11_999).frames(data)
    assert caught.value.exact_code == "TOO_MANY_PIXELS"
    assert caught.value.fix


def gif_frame(width: int, height: int) -> bytes:
    """An image block with one code of data: enough to be a frame, too little to be a picture."""
    return b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\0"


def gif(*frames: tuple[int, int], screen: tuple[int, int] = (1, 1)) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes((0, 0, 0, 255, 255, 255))
    return head + b"".join(gif_frame(*frame) for frame in frames) + b";"


@pytest.mark.parametrize("side", [7_500, 60_000])
def test_a_gif_whose_later_frame_grows_the_canvas_is_refused(side: int, reader: PillowPictures) -> None:
    with pytest.raises(TooLargeError) as caught:
        reader.frames(gif((1, 1), (side, side)))
    assert caught.value.exact_code == "TOO_MANY_PIXELS"


def test_more_frames_than_any_animation_has_are_refused_soon(reader: PillowPictures) -> None:
    began = time.process_time()
    with pytest.raises(TooLargeError) as caught:
        reader.frames(gif(*[(1, 1)] * 200_000))
    assert caught.value.exact_code == "TOO_MANY_FRAMES"
    assert time.process_time() - began < 5


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def claiming_apng(width: int, height: int, frames: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"acTL", struct.pack(">II", frames, 0)) + chunk(b"IDAT", b"\0" * 64)


def claiming_webp(width: int, height: int, frames: int) -> bytes:
    """An animated WebP of whole frames, each the same small lossless picture of one colour."""
    still = encoded(Image.new("RGBA", (width, height), RED), "WEBP", lossless=True)
    picture = still[12:]
    if picture.startswith(b"VP8X"):
        picture = picture[18:]
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    frame = bytes(6) + sizes + (100).to_bytes(3, "little") + b"\0" + picture
    chunks = b"VP8X" + struct.pack("<IBxxx", 10, 0x12) + sizes + b"ANIM" + struct.pack("<IIH", 6, 0, 0)
    chunks += (b"ANMF" + struct.pack("<I", len(frame)) + frame + b"\0" * (len(frame) % 2)) * frames
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


BOMBS = {
    "gif of many frames": gif(*[(5_000, 5_000)] * 3, screen=(5_000, 5_000)),
    "apng of many frames": claiming_apng(2_000, 2_000, 1_000),
    "png of many pixels": claiming_apng(60_000, 60_000, 1),
    "webp of many frames": claiming_webp(2_000, 2_000, 100),
    "webp of many pixels": claiming_webp(8_000, 8_000, 1),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_is_refused_before_anything_is_decoded(name: str, tmp_path: Path) -> None:
    """In a process of its own, whose peak of memory tells: one decoded frame of these would be seen."""
    program = """
import resource, sys
from pathlib import Path
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.errors import TooLargeError
reader = PillowPictures()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    reader.frames(Path(sys.argv[1]).read_bytes())
except TooLargeError as error:
    print(error.exact_code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name])
    answer = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    code, kilobytes = answer.stdout.split()
    assert code == "TOO_MANY_PIXELS"
    # libwebp's animation decoder makes its canvas of 16 MB twice when it is opened; no other allocates by the size.
    assert int(kilobytes) < (48_000 if "webp" in name else 12_000)
    assert answer.stderr == ""


# --- bad input --------------------------------------------------------------------------------------------------------


def test_all_that_is_malformed_hostile_or_tiny_ends_well_and_quietly(testdata: Material) -> None:
    """In a process of its own: whatever is thrown at it, pixels or an error with a fix, in time, and not a word."""
    program = """
import sys, time
from pathlib import Path
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.errors import BadImageError, TooLargeError
reader = PillowPictures()
for folder in sys.argv[1:]:
    for path in sorted(Path(folder).rglob("*")):
        if not path.is_file():
            continue
        began = time.monotonic()
        try:
            frames = reader.frames(path.read_bytes())
            assert all(frame.dtype == "uint8" and frame.shape[2] == 4 for frame in frames.pixels)
            end = "read"
        except (BadImageError, TooLargeError) as error:
            assert error.detail and error.fix
            end = error.exact_code
        assert time.monotonic() - began < 20, path
        print(path.name, end)
"""
    folders = [str(testdata(name)) for name in ("malformed", "hostile", "tiny", "formats")]
    answer = subprocess.run(
        [sys.executable, "-c", program, *folders], capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    ends = dict(line.split() for line in answer.stdout.splitlines())
    assert len(ends) > 80
    assert ends["bomb_20000x20000_1bit.png"] == "TOO_MANY_PIXELS"
    assert ends["exe_named.jpg"] == ends["html_named.jpg"] == ends["script.svg"] == "BAD_IMAGE"
    assert ends["jpeg_zip_polyglot.jpg"] == ends["png-transparent.png"] == "read"


def test_what_is_read_has_the_size_that_exiftool_tells(reader: PillowPictures, testdata: Material) -> None:
    facts = json.loads(testdata("expected.json").read_text())["files"]
    compared = 0
    for name, fact in facts.items():
        if not name.startswith("formats/") or not fact.get("upright"):
            continue
        height, width = reader.frames(testdata(name).read_bytes()).pixels[0].shape[:2]
        assert [width, height] == fact["upright"], name
        compared += 1
    assert compared > 8


def test_half_of_each_picture_is_an_error_or_a_part_of_it(reader: PillowPictures) -> None:
    for form in sorted(MEDIA_TYPES):
        data = moving(form)
        for share in (0.3, 0.6, 0.9):
            try:
                frames = reader.frames(data[: int(len(data) * share)])
            except BadImageError:
                continue
            assert len(frames.pixels) <= 3
