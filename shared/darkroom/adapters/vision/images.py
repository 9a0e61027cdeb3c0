"""Bytes that somebody uploaded, to upright RGB pixels: what they are is read from the bytes, never from a name.

Pillow decodes, in process, and only the eight formats of FORMATS: its other plug-ins are never loaded. Each limit is
held on what the header says, before any pixel is decoded, and once more on what came out.
"""

from __future__ import annotations

import ctypes
import io
import threading
import warnings
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    _imaging,
)

from darkroom.domain import limits
from darkroom.errors import BadImageError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PLUG_INS: Final = {
    "AVIF": AvifImagePlugin,
    "BMP": BmpImagePlugin,
    "GIF": GifImagePlugin,
    "JPEG": JpegImagePlugin,
    "PNG": PngImagePlugin,
    "TIFF": TiffImagePlugin,
    "WEBP": WebPImagePlugin,
}
"""By Pillow's names. Naming the plug-ins loads them, so that Pillow never goes looking for more."""
HEIF: Final = "HEIF"
FORMATS: Final = (*PLUG_INS, HEIF)
"""What we decode. HEIF's decoder is loaded for the first such picture, and the zip functions' layer has none."""

ACCEPTED: Final = "Send a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC image."
FRAMES: Final = 10_000
"""Frames or pages in one file. Far above any real one; it bounds the walk over a file made of nothing but headers."""
JPEG_SCANS: Final = 100
"""Passes of a progressive JPEG. Encoders write about ten; each one costs a full pass over the picture."""
ORIENTATION: Final = 0x0112
_TURN: Final = threading.Lock()
TILE_WIDTH, TILE_LENGTH = 322, 323

TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture of each EXIF orientation upright (EXIF 2.32, tag 0x0112)."""
SIGNATURES: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
}
HEIC_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})


def sniff(data: bytes) -> str | None:
    """Pillow's name of the format that the first bytes announce; None for anything that we do not decode."""
    if data[4:8] == b"ftyp":
        return _sniff_brands(data)
    if data[:4] == b"RIFF":
        return "WEBP" if data[8:12] == b"WEBP" else None
    return next((form for signature, form in SIGNATURES.items() if data.startswith(signature)), None)


def _sniff_brands(data: bytes) -> str | None:
    """ISO base media: the major brand decides, then the compatible ones (an AVIF may lead with the generic `mif1`)."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end, 4))]
    specific = [brand for brand in brands if brand not in (b"mif1", b"msf1")]
    for brand in specific + brands:
        if brand in AVIF_BRANDS:
            return "AVIF"
        if brand in HEIC_BRANDS:
            return HEIF
    return None


class PillowImages:
    """The ImageReader of the vision functions. Of an animation, the first frame; of a HEIC, the primary image."""

    def __init__(self, *, most_bytes: int = limits.IMAGE_BYTES, most_pixels: int = limits.IMAGE_PIXELS) -> None:
        self._most_bytes = most_bytes
        self._most_pixels = most_pixels
        # Pillow's own guard, which covers what plug-ins allocate while they read a header, raises at twice this value.
        Image.MAX_IMAGE_PIXELS = limits.IMAGE_PIXELS
        _silence_libtiff()

    def read(self, data: bytes) -> NDArray[np.uint8]:
        with self.opened(data) as image:
            image.load()
            self.check_size(*image.size)
            return np.asarray(_rgb(upright(image)))

    @contextmanager
    def opened(self, data: bytes) -> Iterator[Image.Image]:
        """The picture with no pixel decoded yet and each limit held on what its headers say.

        What a decoder raises within the block leaves it as BadImageError or TooLargeError. One block at a time, in the
        whole process: it bounds the memory, and the filter of warnings belongs to the process.
        """
        if not data:
            raise BadImageError("The image is empty", fix=ACCEPTED)
        if len(data) > self._most_bytes:
            raise TooLargeError(
                f"The image has {len(data):,} bytes, above the limit of {self._most_bytes:,}",
                fix="Send a smaller or more compressed image.",
            )
        form = sniff(data)
        if form is None:
            raise BadImageError("These bytes are not an image of a kind that we take", fix=ACCEPTED)
        if form == "JPEG" and data.count(b"\xff\xda") > JPEG_SCANS:
            raise BadImageError("The JPEG has more scans than a picture needs", fix="Save the image anew.")
        try:
            with _TURN, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if form == HEIF:
                    _load_heif()
                with Image.open(io.BytesIO(data), formats=(form,)) as image:
                    self._check(image, form)
                    yield image
        except (BadImageError, TooLargeError):
            raise
        except Image.DecompressionBombError:
            raise self._too_many_pixels() from None
        except Exception as error:  # a hostile file makes decoders raise whatever they like
            raise BadImageError(
                f"The {form} image is damaged or cut short", fix="Save the image anew and send that."
            ) from error

    def _check(self, image: Image.Image, form: str) -> None:
        """The limits, on what the headers say."""
        self.check_size(*image.size)
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            # A tile is a buffer of its own, whatever the size of the picture.
            tile = image.tag_v2.get(TILE_WIDTH, 1), image.tag_v2.get(TILE_LENGTH, 1)
            self.check_size(*tile)
            self._check_pages(image)
        elif form != "JPEG":  # what a JPEG carries beside its picture (MPO) is a preview or a gain map
            self.check_size(*image.size, frames=getattr(image, "n_frames", 1))

    def _check_pages(self, image: TiffImagePlugin.TiffImageFile) -> None:
        """The pages of a TIFF differ in size, and counting them means walking them: so walk, and stop at a limit."""
        pixels = 0
        for page in range(FRAMES):
            try:
                image.seek(page)
            except EOFError:
                break
            width, height = image.size
            pixels += width * height
            if pixels > self._most_pixels:
                raise self._too_many_pixels()
        else:
            raise self._too_many_frames()
        image.seek(0)

    def check_size(self, width: int, height: int, *, frames: int = 1) -> None:
        if frames > FRAMES:
            raise self._too_many_frames()
        if width * height * frames > self._most_pixels:
            raise self._too_many_pixels()

    def _too_many_pixels(self) -> TooLargeError:
        return TooLargeError(
            f"The image has more than {self._most_pixels / 1e6:g} megapixels over all its frames",
            fix="Scale the image down, or send fewer frames.",
            code="TOO_MANY_PIXELS",
        )

    @staticmethod
    def _too_many_frames() -> TooLargeError:
        return TooLargeError(
            f"The image has more than {FRAMES:,} frames", fix="Send fewer frames.", code="TOO_MANY_FRAMES"
        )


@cache
def _load_heif() -> None:
    """Raises BadImageError where the decoder is left out: it takes 27 MB of the 250 that a function may have."""
    try:
        import pillow_heif
    except ModuleNotFoundError:
        raise BadImageError("HEIC images are not read here", fix="Send it as JPEG, PNG, WebP or AVIF.") from None
    # Side pictures are never asked for, so nothing of theirs is parsed.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def _silence_libtiff() -> None:
    """Keep libtiff from printing what it thinks of a file, which may quote the file, past our log to standard error.

    No handler is what libtiff's manual names for silence (TIFFSetErrorHandler(3tiff)); Pillow raises all the same.
    The two pointers are set before a picture is read, for the whole process. They are looked up through Pillow's own
    module, whatever its libtiff is called; where that does not export them, it goes on printing.
    """
    with suppress(OSError, AttributeError):
        pillow = ctypes.CDLL(_imaging.__file__)
        for setter in (pillow.TIFFSetErrorHandler, pillow.TIFFSetWarningHandler):
            setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
            setter(None)


def upright(image: Image.Image) -> Image.Image:
    """A loaded picture, turned as its orientation asks.

    Only after loading: decoders that turn by themselves (libheif, Pillow's TIFF) have reset the tag by then, and
    Pillow's AVIF has put the container's turn into it. Turning a HEIC twice is the classic bug.
    """
    try:
        turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - broken EXIF beside a sound picture is common: upright until said otherwise
        turn = None
    return image if turn is None else image.transpose(turn)


def eight_bits(image: Image.Image) -> Image.Image:
    """Greys of more than 8 bits to 8, scaled and not cut off; every other picture as it is."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        return Image.fromarray(_scaled(np.asarray(image)))
    return image


def _rgb(image: Image.Image) -> Image.Image:
    """Any mode to RGB as a viewer would show it: transparency over white.

    Colour profiles are not applied: a detector gains nothing from it, and their parser is one more thing to attack.
    """
    image = eight_bits(image)
    if image.has_transparency_data:
        upper = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", upper.size, "white"), upper).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _scaled(values: NDArray[np.int32] | NDArray[np.float32]) -> NDArray[np.uint8]:
    """Wide greys to 8 bits. Neither mode says its white: it is taken to be that of the narrowest type that fits."""
    # In place, in single precision: 50 megapixels are 200 MB a copy.
    wide = np.nan_to_num(values.astype(np.float32), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    top = float(wide.max(initial=0.0))
    whites = (1.0,) if values.dtype.kind == "f" else ()
    wide *= 255.0 / next((white for white in (*whites, 255.0, 65_535.0, 2.0**31 - 1) if top <= white), top)
    return np.clip(np.rint(wide, out=wide), 0, 255, out=wide).astype(np.uint8)
