"""Drawings for the benchmarks of imaging: line art of Noto Emoji in five ways of drawing, the same on every machine."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import manimgx_fonts
import numpy as np
import resvg_py
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUBJECTS = "🐱🐶🏠🌳🚗🚲🌸🐟🐦🦋🐘🚀⛵🎈🍎🍕🎸👑🔑⌚🐢🦁🐧🌻☂🍄🎂🐝🦉🐙"
SIZE = 1024
INKS = ("#1a1a1a", "#d62828", "#1d4ed8", "#15803d", "#7c3aed")
FILLS = ("#ffd166", "#8ecae6", "#f4a5ae", "#b7e4c7", "#e0aaff")


@cache
def _font(weight: int) -> TTFont:
    path = next(Path(manimgx_fonts.__file__).parent.glob("NotoEmoji*.ttf"))
    return instantiateVariableFont(TTFont(path), {"wght": weight})


def outline(symbol: str, weight: int) -> tuple[str, int]:
    """The path of one emoji, y upwards, and the side of its square."""
    font = _font(weight)
    glyphs = font.getGlyphSet()
    pen = SVGPathPen(glyphs)
    glyphs[font.getBestCmap()[ord(symbol)]].draw(pen)
    return pen.getCommands(), font["head"].unitsPerEm


def drawing(number: int) -> NDArray[np.uint8]:
    """(1024, 1024, 4) RGBA. Every fifth is black on nothing, on paper, in colour, filled and shaded."""
    way = number % 5
    path, unit = outline(SUBJECTS[number], 300 if way == 1 else 500)
    ink = "#000" if way < 2 else INKS[number // 5 % 5]
    paper = '<rect width="1000" height="1000" fill="#fdfaf3"/>' if way in (1, 4) else ""
    fill = FILLS[number // 5 % 5]
    under = ""
    if way == 3:
        under = f'<ellipse cx="500" cy="520" rx="380" ry="330" fill="{fill}"/>'
    if way == 4:
        under = (
            f'<defs><radialGradient id="g"><stop offset="0" stop-color="{fill}"/>'
            f'<stop offset="1" stop-color="{ink}" stop-opacity="0.3"/></radialGradient></defs>'
            f'<circle cx="500" cy="500" r="370" fill="url(#g)"/>'
        )
    scale = 620 / unit
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000" width="{SIZE}" height="{SIZE}">{paper}{under}'
        f'<g transform="translate(0 860) rotate({number * 7 % 21 - 10} 500 -360) translate(110 -110)">'
        f'<path transform="scale({scale} {-scale})" d="{path}" fill="{ink}"/></g></svg>'
    )
    return np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGBA"))


def drawings() -> list[NDArray[np.uint8]]:
    return [drawing(number) for number in range(len(SUBJECTS))]
