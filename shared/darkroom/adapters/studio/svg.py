"""SVG as we write it, and as pixels: elements, paths and gradients from numbers and colours, drawn by resvg."""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from darkroom.adapters.rendering import pixels
from darkroom.adapters.studio.colours import Colour, mixed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Value = str | float | Colour
    Stop = tuple[float, Colour, float]


def tag(name: str, *content: str, **attributes: Value) -> str:
    """An element. `stop_color` is written stop-color; numbers to a hundredth, colours in hexadecimal, text escaped."""
    written = "".join(f' {key.replace("_", "-")}="{_written(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{''.join(content)}</{name}>" if content else f"<{name}{written}/>"


def path(*parts: str | float) -> str:
    """The data of a path from commands and numbers: `path("M", 0, 0, "L", 4, 2.5)`."""
    return " ".join(_written(part) for part in parts)


def _written(value: Value) -> str:
    if isinstance(value, Colour):
        return value.hex
    return escape(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def drawn(
    content: str, width: int, height: int, *, corner: tuple[int, int] = (0, 0), font_files: Sequence[str] = ()
) -> NDArray[np.uint8]:
    """What `content` shows from `corner` (x, y) on: (height, width, 4) RGBA, with these fonts and no others."""
    document = tag(
        "svg",
        content,
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=path(*corner, width, height),
    )
    return pixels(document, font_files=font_files)


# --- gradients -------------------------------------------------------------------------------------------------------


def ramp(*colours: Colour | tuple[float, Colour]) -> list[Stop]:
    """Stops through these colours, evenly spaced unless a place 0-1 comes with them; between them along OKLab."""
    last = max(1, len(colours) - 1)
    placed = [entry if isinstance(entry, tuple) else (index / last, entry) for index, entry in enumerate(colours)]
    stops: list[Stop] = [(*placed[0], 1.0)]
    for (start, one), (end, other) in pairwise(placed):
        stops += [(start + (end - start) * part, mixed(one, other, part), 1.0) for part in (0.25, 0.5, 0.75, 1.0)]
    return stops


def faded(colour: Colour, *opacities: float) -> list[Stop]:
    """One colour, more or less of it."""
    last = max(1, len(opacities) - 1)
    return [(index / last, colour, opacity) for index, opacity in enumerate(opacities)]


def pool(colour: Colour, strength: float = 1.0) -> list[Stop]:
    """One colour that fades out without a rim, as a squared cosine."""
    return faded(colour, *(strength * math.cos(index / 8 * math.pi / 2) ** 2 for index in range(9)))


def linear(name: str, stops: Sequence[Stop], start: tuple[float, float], end: tuple[float, float]) -> str:
    """From one point (x, y) in pixels to another."""
    (x1, y1), (x2, y2) = start, end
    return tag("linearGradient", _stops(stops), id=name, gradientUnits="userSpaceOnUse", x1=x1, y1=y1, x2=x2, y2=y2)


def radial(name: str, stops: Sequence[Stop], centre: tuple[float, float], radius: float) -> str:
    x, y = centre
    return tag("radialGradient", _stops(stops), id=name, gradientUnits="userSpaceOnUse", cx=x, cy=y, r=radius)


def blur(name: str, deviation: float) -> str:
    return tag(
        "filter",
        tag("feGaussianBlur", stdDeviation=deviation),
        id=name,
        x="-50%",
        y="-50%",
        width="200%",
        height="200%",
        color_interpolation_filters="sRGB",
    )


def _stops(stops: Sequence[Stop]) -> str:
    return "".join(
        tag("stop", offset=f"{place:.4f}", stop_color=colour, stop_opacity=f"{opacity:.3f}")
        for place, colour, opacity in stops
    )
