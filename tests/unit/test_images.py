"""Uploaded bytes to upright RGB pixels: formats, turns, colours, limits, and files made to do harm."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.vision.images import FORMATS, JPEG_SCANS, PLUG_INS, PillowImages, sniff
from darkroom.errors import BadImageError, TooLargeError
from PIL import Image

from tests.conftest import TESTDATA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.conftest import Material

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
ORIENTATION = 0x0112
UNTURNED = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
"""By EXIF orientation, the Image.Transpose that makes an upright picture look as a camera held like that stores it."""


@pytest.fixture(scope="module")
def reader() -> PillowImages:
    return PillowImages()


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    if form == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def quarters(width: int = 96, height: int = 64) -> Image.Image:
    """Red, green; yellow, blue: no turn or mirror image of it looks the same."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (width // 2, height // 2, width, height))
    image.paste(YELLOW, (0, height // 2, width // 2, height))
    return image


def photo() -> Image.Image:
    """Soft noise: no format compresses it away."""
    noise = np.random.default_rng(3).integers(0, 256, (40, 60, 3), np.uint8)
    return Image.fromarray(noise).resize((600, 400), Image.Resampling.BICUBIC)


def corners(pixels: NDArray[np.uint8]) -> list[tuple[int, ...]]:
    """Top left, top right, bottom right, bottom left, each rounded to full or no colour."""
    height, width = pixels.shape[:2]
    x, y = width // 8, height // 8
    spots = [(y, x), (y, width - x), (height - y, width - x), (height - y, x)]
    return [tuple(255 if int(value) > 127 else 0 for value in pixels[spot]) for spot in spots]


# --- formats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_each_format_is_known_by_its_bytes_and_read(form: str, reader: PillowImages) -> None:
    data = encoded(quarters(), form)
    assert sniff(data) == form
    pixels = reader.read(data)
    assert pixels.shape == (64, 96, 3)
    assert corners(pixels) == [RED, GREEN, BLUE, YELLOW]


@pytest.mark.parametrize(
    ("brands", "form"),
    [
        ((b"heic", b"mif1", b"heic"), "HEIF"),
        ((b"mif1", b"mif1", b"heic"), "HEIF"),
        ((b"mif1", b"mif1", b"avif"), "AVIF"),
        ((b"avif", b"mif1", b"miaf"), "AVIF"),
        ((b"mif1",), "HEIF"),
        ((b"isom", b"iso2", b"mp41"), None),
        ((b"qt  ",), None),
        ((b"crx ", b"isom"), None),
    ],
)
def test_brands_tell_heic_from_avif_from_video(brands: tuple[bytes, ...], form: str | None) -> None:
    body = brands[0] + bytes(4) + b"".join(brands[1:])
    assert sniff(struct.pack(">I", 8 + len(body)) + b"ftyp" + body + b"junk" * 9) == form


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\0\0\0\0AVI LIST",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"MZ\x90\0",
        b"%PDF-1.7",
        b"II+\0",
        b"GIF88a",
        b"B",
    ],
)
def test_other_kinds_of_files_are_not_taken(data: bytes, reader: PillowImages) -> None:
    assert sniff(data) is None
    with pytest.raises(BadImageError) as caught:
        reader.read(data)
    assert "JPEG" in caught.value.fix


def test_an_animation_gives_its_first_frame(reader: PillowImages) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in (RED, GREEN, BLUE)]
    for form in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        pixels = reader.read(encoded(frames[0], form, save_all=True, append_images=frames[1:]))
        assert corners(pixels) == [RED] * 4, form


def test_only_the_plug_ins_of_the_list_are_ever_loaded(testdata: Material) -> None:
    """In a process of its own: whatever is thrown at it, Pillow's other fifty decoders stay on disk."""
    program = """
import sys
from pathlib import Path
from darkroom.adapters.vision.images import PillowImages
from darkroom.errors import DarkroomError
reader = PillowImages()
for path in sorted(Path(sys.argv[1]).rglob("*")):
    if path.is_file():
        try:
            reader.read(path.read_bytes())
        except DarkroomError:
            pass
print(*sorted(name.removeprefix("PIL.") for name in sys.modules if name.endswith("ImagePlugin")))
"""
    answer = subprocess.run(
        [sys.executable, "-c", program, str(testdata("tiny").parent / "tiny")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    # MPO is how Pillow reads a JPEG with more pictures in it; PPM comes with Image.open, and has no entry in the list.
    allowed = {plug_in.__name__.removeprefix("PIL.") for plug_in in PLUG_INS.values()} | {
        "MpoImagePlugin",
        "PpmImagePlugin",
    }
    assert set(answer.stdout.split()) <= allowed


def test_where_the_decoder_of_heic_is_left_out_every_other_format_is_read() -> None:
    program = """
import sys, json
sys.modules["pillow_heif"] = None  # not to be imported, as where it is not installed
from darkroom.adapters.vision.images import PillowImages
from darkroom.errors import BadImageError
reader = PillowImages()
print(reader.read(bytes.fromhex(sys.argv[1])).shape)
try:
    reader.read(bytes.fromhex(sys.argv[2]))
except BadImageError as error:
    print(error.detail)
"""
    png, heic = (encoded(quarters(), form).hex() for form in ("PNG", "HEIF"))
    answer = subprocess.run(
        [sys.executable, "-c", program, png, heic], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.splitlines() == ["(64, 96, 3)", "HEIC images are not read here"]


# --- upright ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright_and_once(form: str, orientation: int, reader: PillowImages) -> None:
    stored = quarters()
    turn = UNTURNED[orientation]
    if turn is not None:
        stored = stored.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    pixels = reader.read(encoded(stored, form, exif=exif.tobytes()))
    assert pixels.shape == (64, 96, 3)
    assert corners(pixels) == [RED, GREEN, BLUE, YELLOW]


@pytest.mark.parametrize("number", range(1, 9))
def test_the_eight_quads_come_out_upright(number: int, reader: PillowImages, testdata: Material) -> None:
    pixels = reader.read(testdata(f"orientation_quad/quad_{number}.jpg").read_bytes())
    assert pixels.shape == (64, 96, 3)
    assert corners(pixels) == [RED, GREEN, BLUE, YELLOW]


@pytest.mark.parametrize("number", range(1, 9))
def test_the_eight_landscapes_look_like_the_one_without_a_tag(
    number: int, reader: PillowImages, testdata: Material
) -> None:
    plain = reader.read(testdata("orientation/Landscape_0.jpg").read_bytes())
    turned = reader.read(testdata(f"orientation/Landscape_{number}.jpg").read_bytes())
    assert turned.shape == plain.shape
    assert (
        float(np.abs(turned.astype(np.int16) - plain).mean()) < 8
    )  # each was compressed anew; mirrored, they differ by 50


@pytest.mark.parametrize("name", ["formats/IMG_2682.heic", "formats/IMG_5195.HEIC", "formats/samplefilehub.heif"])
def test_a_heic_that_carries_its_rotation_is_not_turned_again(
    name: str, reader: PillowImages, testdata: Material
) -> None:
    upright = json.loads(testdata("expected.json").read_text())["files"][name]["upright"]
    height, width = reader.read(testdata(name).read_bytes()).shape[:2]
    assert [width, height] == upright


def test_broken_exif_beside_a_sound_picture_is_overlooked(reader: PillowImages) -> None:
    data = encoded(quarters(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff not at all")
    assert corners(reader.read(data)) == [RED, GREEN, BLUE, YELLOW]


# --- colours ----------------------------------------------------------------------------------------------------------


def test_cmyk_keeps_its_colours(reader: PillowImages) -> None:
    pixels = reader.read(encoded(quarters().convert("CMYK"), "JPEG", quality=95))
    assert corners(pixels) == [RED, GREEN, BLUE, YELLOW]


def test_a_cmyk_photo_looks_like_its_rgb_original(reader: PillowImages, testdata: Material) -> None:
    printed = reader.read(testdata("formats/cmyk.jpg").read_bytes()).astype(np.int16)
    original = reader.read(testdata("detect/chelsea.png").read_bytes())
    assert float(np.abs(printed - original).mean()) < 6


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bit_greys_are_scaled_and_not_cut_off(form: str, reader: PillowImages) -> None:
    ramp = np.linspace(0, 65_535, 256).astype(np.uint16)[None, :].repeat(8, axis=0)
    pixels = reader.read(encoded(Image.fromarray(ramp), form))
    np.testing.assert_allclose(pixels[0, :, 0], np.arange(256), atol=1)


def test_the_sixteen_bit_test_file_is_a_ramp_and_not_white(reader: PillowImages, testdata: Material) -> None:
    pixels = reader.read(testdata("formats/gray16.png").read_bytes())
    assert pixels.min() < 10
    assert pixels.max() > 245
    assert len(np.unique(pixels)) > 20


@pytest.mark.parametrize(
    ("top", "values"),
    [
        (1.0, np.array([0, 0.5, 1], np.float32)),
        (255.0, np.array([0, 127.5, 255], np.float32)),
        (65_535, np.array([0, 32_768, 65_535], np.int32)),
    ],
)
def test_wide_greys_span_black_to_white(top: float, values: NDArray[Any], reader: PillowImages) -> None:
    pixels = reader.read(encoded(Image.fromarray(values[None, :].repeat(2, axis=0)), "TIFF"))
    assert [tuple(pixels[0, column]) for column in range(3)] == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]


def test_greys_that_are_no_numbers_become_black(reader: PillowImages) -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 1.0]], np.float32)
    assert reader.read(encoded(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 0, 0, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(mode: str, reader: PillowImages) -> None:
    image = Image.new("RGBA", (8, 4), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (4, 0, 8, 4))
    data = encoded(image.quantize() if mode == "P" else image.convert(mode), "PNG")
    pixels = reader.read(data)
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    assert tuple(pixels[0, 7]) != (255, 255, 255)


def test_a_single_transparent_colour_becomes_white_too(reader: PillowImages) -> None:
    data = encoded(quarters(), "PNG", transparency=RED)
    assert corners(reader.read(data)) == [(255, 255, 255), GREEN, BLUE, YELLOW]


def test_half_transparent_is_half_way_to_white(reader: PillowImages) -> None:
    pixels = reader.read(encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 128)), "PNG"))
    assert pixels[0, 0].tolist() == [127, 127, 127]


def test_black_and_white_is_black_and_white(reader: PillowImages) -> None:
    image = Image.new("1", (4, 1))
    image.putpixel((2, 0), 1)
    assert reader.read(encoded(image, "PNG"))[0, :, 1].tolist() == [0, 0, 255, 0]


# --- limits -----------------------------------------------------------------------------------------------------------


def test_pixels_are_counted_over_all_frames() -> None:
    frames = [quarters(100, 100).rotate(9 * step) for step in range(10)]
    for form in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        data = encoded(frames[0], form, save_all=True, append_images=frames[1:])
        assert PillowImages(most_pixels=100_000).read(data).shape == (100, 100, 3), form
        with pytest.raises(TooLargeError) as caught:
            PillowImages(most_pixels=99_999).read(data)
        assert caught.value.exact_code == "TOO_MANY_PIXELS", form


def test_a_large_picture_is_refused_on_what_its_header_says() -> None:
    """4 gigapixels: had anything been decoded, memory or time would tell."""
    began = time.process_time()
    header = struct.pack(">IIBBBBB", 65_535, 65_535, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(header)) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    with pytest.raises(TooLargeError):
        PillowImages().read(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\x10IDAT" + bytes(100))
    assert time.process_time() - began < 1


def tiff(tags: list[tuple[int, int, int, int]], data: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory: (tag, type, count, value) each, then the data."""
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + directory + bytes(4) + data


def test_a_tile_larger_than_the_limit_is_refused() -> None:
    """Ten thousand pixels of picture in a tile of 200 million: the tile is what would be decoded."""
    packed = zlib.compress(bytes(1_000_000))
    start = 8 + 2 + 12 * 11 + 4
    tags = [(256, 4, 1, 100), (257, 4, 1, 100), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]
    tile = [(322, 4, 1, 14_144), (323, 4, 1, 14_144), (324, 4, 1, start), (325, 4, 1, len(packed)), (339, 3, 1, 1)]
    with pytest.raises(TooLargeError) as caught:
        PillowImages().read(tiff(tags + tile, packed))
    assert caught.value.exact_code == "TOO_MANY_PIXELS"


def test_a_file_of_nothing_but_page_headers_is_refused() -> None:
    tags = [(256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tags += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, 1, 1)]
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    size = len(body) + 4
    pages = b"".join(body + struct.pack("<I", 8 + (page + 1) * size) for page in range(10_050))
    with pytest.raises(TooLargeError) as caught:
        PillowImages().read(struct.pack("<2sHI", b"II", 42, 8) + pages)
    assert caught.value.exact_code == "TOO_MANY_FRAMES"


def test_a_file_of_nothing_but_frames_is_refused() -> None:
    head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"
    frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    with pytest.raises(TooLargeError) as caught:
        PillowImages().read(head + frame * 10_001 + b";")
    assert caught.value.exact_code == "TOO_MANY_FRAMES"


def test_a_jpeg_of_endless_scans_is_refused_without_decoding() -> None:
    data = encoded(Image.new("L", (64, 64)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    sound = data[:-2] + last * 10 + b"\xff\xd9"
    assert PillowImages().read(sound).shape == (64, 64, 3)
    with pytest.raises(BadImageError):
        PillowImages().read(data[:-2] + last * (JPEG_SCANS + 1) + b"\xff\xd9")


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", sorted(FORMATS))
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_a_file_that_was_cut_short_is_refused(form: str, kept: float, reader: PillowImages) -> None:
    data = encoded(photo(), form)
    with pytest.raises(BadImageError):
        reader.read(data[: int(len(data) * kept)])


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_flipped_bytes_end_in_pixels_or_a_clean_refusal(form: str, reader: PillowImages) -> None:
    random = np.random.default_rng(11)
    sound = np.frombuffer(encoded(quarters(), form), np.uint8)
    for _ in range(150):
        data = sound.copy()
        places = random.integers(0, len(data), random.integers(1, 20))
        data[places] = random.integers(0, 256, len(places))
        try:
            pixels = reader.read(data.tobytes())
        except (BadImageError, TooLargeError):
            continue
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3


def test_broken_files_are_refused_without_a_word_on_standard_error(
    reader: PillowImages, capfd: pytest.CaptureFixture[str]
) -> None:
    """Libtiff would print there, past the log, and now and then quote the file."""
    sound = encoded(photo(), "TIFF", compression="tiff_lzw")
    broken = [sound[:200] + b"\xff" * 200 + sound[400:], *(path.read_bytes() for path in hostile_files())]
    for data in broken:
        with suppress(BadImageError, TooLargeError):
            reader.read(data)
    assert capfd.readouterr() == ("", "")


def hostile_files() -> list[Path]:
    """Everything in the material that means harm, is broken, is tiny or is odd; nothing where there is no material."""
    folders = ("hostile", "malformed", "tiny", "formats", "video", "exif")
    return sorted(path for folder in folders for path in (TESTDATA / folder).rglob("*") if path.is_file())


@pytest.mark.skipif(not TESTDATA.exists(), reason=f"test data missing: {TESTDATA}")
def test_every_file_of_the_material_ends_in_a_clean_verdict_in_time(reader: PillowImages) -> None:
    verdicts = json.loads((TESTDATA / "hostile/expected_verdicts.json").read_text())["files"]
    for path in hostile_files():
        began = time.process_time()
        try:
            refused = reader.read(path.read_bytes()).shape[2] != 3
        except (BadImageError, TooLargeError):
            refused = True
        assert time.process_time() - began < 5, path
        if path.parent.name == "hostile" and verdicts.get(path.name, {}).get("verdict") == "reject":
            assert refused, path
        if path.parent.name == "formats":
            assert not refused, path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read a process's peak memory from")
@pytest.mark.skipif(not TESTDATA.exists(), reason=f"test data missing: {TESTDATA}")
def test_hostile_files_neither_crash_a_process_nor_fill_its_memory() -> None:
    """In a process of its own, whose warnings are not errors, as in a deployed function."""
    program = """
import sys
from darkroom.adapters.vision.images import PillowImages
from darkroom.errors import BadImageError, TooLargeError
reader, refused, read = PillowImages(), 0, 0
for path in sys.stdin.read().splitlines():
    with open(path, "rb") as file:
        try:
            reader.read(file.read())
            read += 1
        except (BadImageError, TooLargeError):
            refused += 1
# Not ru_maxrss: that one begins with what the process was forked from.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(read, refused, int(peak.split()[1]) // 1024)
"""
    files = [path for path in hostile_files() if path.parts[-2] not in {"exif", "formats"}]
    answer = subprocess.run(
        [sys.executable, "-c", program],
        input="\n".join(map(str, files)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    read, refused, megabytes = map(int, answer.stdout.split())
    assert read + refused == len(files)
    assert refused > read
    assert megabytes < 512
    assert "Traceback" not in answer.stderr
