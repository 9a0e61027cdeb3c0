"""The PictureReader: encoded bytes from outside to upright RGBA, every frame of an animation."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import GifImagePlugin, Image, ImageCms, PngImagePlugin

from darkroom.adapters.vision.images import PillowImages, eight_bits, upright
from darkroom.domain import limits
from darkroom.domain.generation import APNG, AVIF, GIF, JPEG, PNG, WEBP
from darkroom.ports import Frames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MEDIA_TYPES: Final = {
    "AVIF": AVIF,
    "BMP": "image/bmp",
    "GIF": GIF,
    "HEIF": "image/heic",
    "JPEG": JPEG,
    "MPO": JPEG,
    "PNG": PNG,
    "TIFF": "image/tiff",
    "WEBP": WEBP,
}
ANIMATED: Final = frozenset({"AVIF", "GIF", "PNG", "WEBP"})
"""What is in the other formats' further pictures is a page, a preview or a gain map, and no frame."""

SLOWEST, QUICKEST, USUAL = 65_535, 20, 100
"""Milliseconds of a frame. Browsers show what asks for less than 20 for 100, and so do we."""

PROFILE_BYTES: Final = 4 * limits.MIB
"""The largest colour profile that is looked at; a printer's has about two."""
PROFILE_SPACES: Final = {"RGB": "RGB ", "RGBA": "RGB ", "L": "GRAY", "LA": "GRAY", "CMYK": "CMYK"}


class PillowPictures:
    """The PictureReader, on the formats and the limits of PillowImages. Colours are brought to sRGB."""

    def __init__(self, *, most_bytes: int = limits.IMAGE_BYTES, most_pixels: int = limits.IMAGE_PIXELS) -> None:
        self._files = PillowImages(most_bytes=most_bytes, most_pixels=most_pixels)

    def extent(self, data: bytes) -> tuple[int, int, int]:
        with self._files.opened(data) as image:
            return image.width, image.height, len(_shown(image))

    def frames(self, data: bytes) -> Frames:
        with self._files.opened(data) as image:
            form = image.format or ""
            pixels, durations = zip(*self._decoded(image), strict=True)
            if len(pixels) == 1:
                return Frames(pixels, MEDIA_TYPES[form])
            return Frames(pixels, APNG if form == "PNG" else MEDIA_TYPES[form], durations)

    def _decoded(self, image: Image.Image) -> Iterator[tuple[NDArray[np.uint8], int]]:
        size: tuple[int, int] | None = None
        used = 0
        for number in _shown(image):
            image.seek(number)
            # A frame of a GIF may grow the canvas, which the count of frames could not tell.
            used += image.size[0] * image.size[1]
            self._files.check_size(used, 1)
            image.load()
            self._files.check_size(*image.size)
            if size is None:
                size = image.size
            shown = image if image.size == size else image.crop((0, 0, *size))
            yield np.asarray(_srgb(upright(shown))), _duration(image)


def _shown(image: Image.Image) -> range:
    count = getattr(image, "n_frames", 1) if image.format in ANIMATED else 1
    # An APNG may lead with a picture for those who cannot play it.
    skipped = isinstance(image, PngImagePlugin.PngImageFile) and image.default_image and count > 1
    return range(1 if skipped else 0, count)


def _duration(image: Image.Image) -> int:
    asked = image.info.get("duration") or 0
    if isinstance(image, GifImagePlugin.GifImageFile) and asked < QUICKEST:
        return USUAL
    return min(max(round(asked), 1), SLOWEST)


def _srgb(image: Image.Image) -> Image.Image:
    """A loaded picture of any mode to RGBA: wide greys scaled, palettes resolved, its colour profile applied."""
    image = eight_bits(image)
    if image.mode not in PROFILE_SPACES or (image.mode in ("L", "RGB") and image.has_transparency_data):
        image = image.convert("RGBA")
    profile = _profile(image)
    if profile is None:
        return image.convert("RGBA")
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    try:
        made = ImageCms.profileToProfile(
            image.convert(image.mode.removesuffix("A")), profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except ImageCms.PyCMSError:
        made = None  # a profile that lacks what its header promises
    if made is None:
        return image.convert("RGBA")
    made.putalpha(alpha or 255)
    return made


def _profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The picture's own profile; None where it has none that is of use. Viewers overlook a broken one, and so do we."""
    data = image.info.get("icc_profile") or b""
    if not 128 < len(data) <= PROFILE_BYTES or data[36:40] != b"acsp":
        return None
    if data[16:20].decode("latin-1") != PROFILE_SPACES[image.mode]:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    except OSError:
        return None
    return None if "sRGB" in (profile.profile.profile_description or "") else profile
