"""SVG of our own as pixels, by resvg, and the Noto fonts that it may be written in. No font of the system is used."""

from __future__ import annotations

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


def rendered(svg: str, *, font_files: Sequence[str] = ()) -> bytes:
    """PNG at the SVG's own size."""
    import resvg_py

    return resvg_py.svg_to_bytes(svg_string=svg, font_files=list(font_files), skip_system_fonts=True)


def pixels(svg: str, *, font_files: Sequence[str] = ()) -> NDArray[np.uint8]:
    """(height, width, 4) RGBA, not premultiplied."""
    import numpy as np
    from PIL import PngImagePlugin

    with PngImagePlugin.PngImageFile(io.BytesIO(rendered(svg, font_files=font_files))) as image:
        return np.asarray(image.convert("RGBA"))


@cache
def font_folder() -> Path:
    """Where the package manimgx-fonts has its files. It is not imported: it may do more than hold them one day.

    Raises SettingsError where it is not installed.
    """
    found = find_spec("manimgx_fonts")
    if found is None or not found.submodule_search_locations:
        raise SettingsError("There are no fonts to write with", fix="Install the package manimgx-fonts.")
    return Path(found.submodule_search_locations[0])
