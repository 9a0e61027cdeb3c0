"""Pixels of ours as files: nothing but pixels goes in."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin  # noqa: F401 - named, so that Pillow goes looking for no others

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUALITY: Final = 91


def jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) RGB, chroma at full resolution: coloured letters keep their edges."""
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return out.getvalue()


def decoded(data: bytes) -> NDArray[np.uint8]:
    """A JPEG of ours as viewers will see it: (height, width, 3) RGB."""
    with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def png(rgb: NDArray[np.uint8]) -> bytes:
    """Lightly compressed: grain does not get smaller by trying harder."""
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG", compress_level=2)
    return out.getvalue()
