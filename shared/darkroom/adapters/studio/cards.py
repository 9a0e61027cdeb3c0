"""What goes on a set where no product can be cut out: the photograph itself as a card, or a tile of shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from darkroom.adapters.studio import fonts, svg, typesetting, wording
from darkroom.adapters.studio.colours import Colour

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

ROUNDING: Final = 0.045
"""Radius of a card's corners, of its shorter side."""
NARROWEST, WIDEST = 0.62, 1.6
"""Width over height of a card; what is beyond is cut from both ends alike."""
CELLS: Final = 5
CELL: Final = 180
SIDE: Final = CELLS * CELL
CLUSTER: Final = 24
"""Characters that are looked at for an initial with its marks."""


def card(pixels: Bytes) -> Bytes:
    """A photograph, (height, width, 4) RGBA, with round corners and a hairline that sets it off whatever is behind."""
    height, width = pixels.shape[:2]
    if width / height > WIDEST:
        cut = (width - round(height * WIDEST)) // 2
        pixels = pixels[:, cut : width - cut]
    elif width / height < NARROWEST:
        cut = (height - round(width / NARROWEST)) // 2
        pixels = pixels[cut : height - cut]
    height, width = pixels.shape[:2]
    ground = Image.new("RGBA", (width, height), "white")
    made = np.array(Image.alpha_composite(ground, Image.fromarray(np.ascontiguousarray(pixels))))
    shape = {"width": width, "height": height, "rx": ROUNDING * min(width, height)}
    line = max(1.0, 0.004 * min(width, height))
    rim = svg.drawn(svg.tag("rect", fill="none", stroke="#fff", stroke_width=line, **shape), width, height)
    share = rim[..., 3:].astype(np.float32) * (0.35 / 255)
    made[..., :3] = np.rint(made[..., :3] * (1 - share) + 255 * share)
    made[..., 3] = svg.drawn(svg.tag("rect", **shape), width, height)[..., 3]
    return made


def tile(words: str, rng: np.random.Generator) -> Bytes:
    """A composition for a product of which there is no picture: its initial among shapes, (900, 900, 4) RGBA.

    Colours and shapes come from the generator alone; where no font has an initial, the shapes take its place.
    """
    hue = float(rng.uniform(0, 360))
    other = hue + float(rng.choice([150, 180, 210, 45]))
    sheet = Colour(0.95, 0.02, hue)
    inks = [Colour(0.36, 0.10, hue), Colour(0.66, 0.15, hue), Colour(0.78, 0.14, other), Colour(0.88, 0.06, other)]
    initial = _initial(words)
    parts = [svg.tag("rect", width=SIDE, height=SIDE, fill=sheet)]
    for row in range(CELLS):
        for column in range(CELLS):
            if initial and 1 <= row <= 3 and 1 <= column <= 3:
                continue
            ground, figure = (inks[int(index)] for index in rng.permutation(len(inks))[:2])
            fill = ground if rng.random() < 0.72 else sheet
            shape = SHAPES[int(rng.integers(len(SHAPES)))](figure)
            turn = f"rotate({90 * int(rng.integers(4))} {CELL / 2} {CELL / 2})"
            cell = svg.tag("rect", width=CELL + 0.5, height=CELL + 0.5, fill=fill) + svg.tag("g", shape, transform=turn)
            parts.append(svg.tag("g", cell, transform=f"translate({column * CELL} {row * CELL})"))
    if initial:
        parts.append(svg.tag("rect", x=CELL, y=CELL, width=3 * CELL, height=3 * CELL, fill=inks[0]))
        parts.append(_set_large(initial, sheet))
    return card(svg.drawn("".join(parts), SIDE, SIDE, font_files=[font.path for font in typesetting.used(initial)]))


def _set_large(initial: str, colour: Colour) -> str:
    """In the middle of the tile, by its ink."""
    extent = typesetting.measured(initial, 700, False)
    size = min(1.55 * CELL / max(extent.top + extent.bottom, 0.01), 1.9 * CELL / max(extent.width, 0.01))
    x = SIDE / 2 - size * (extent.left + extent.right) / 2
    y = SIDE / 2 + size * (extent.top - extent.bottom) / 2
    return typesetting.element(initial, x=x, y=y, size=size, weight=700, rtl=False, fill=colour)


def _initial(words: str) -> str:
    """The first letter or digit of the words that a font has, as a capital, with the marks that belong to it."""
    text = wording.cleaned(words)
    for index, character in enumerate(text):
        if character.isalnum() and not fonts.missing(character):
            rest = text[index : index + CLUSTER].split(" ", maxsplit=1)[0]
            cluster = rest[: next(iter(wording.breaks(rest)), len(rest))]
            return cluster if fonts.missing(cluster.upper()) else cluster.upper()
    return ""


def _stripes(fill: Colour) -> str:
    return "".join(
        svg.tag("rect", y=CELL * (2 * index + 1) / 8, width=CELL, height=CELL / 8, fill=fill) for index in range(4)
    )


def _leaf(fill: Colour) -> str:
    half = CELL / 2
    bowls = [svg.path("M", 0, y, "a", half, half, "0 0 0", CELL, 0, "z") for y in (0, half)]
    return svg.tag("path", d=" ".join(bowls), fill=fill)


SHAPES: Final[tuple[Callable[[Colour], str], ...]] = (
    lambda fill: svg.tag(
        "path", d=svg.path("M", 0, 0, "h", CELL, "a", CELL, CELL, "0 0 1", -CELL, CELL, "z"), fill=fill
    ),
    lambda fill: svg.tag(
        "path", d=svg.path("M", 0, CELL / 2, "a", CELL / 2, CELL / 2, "0 0 1", CELL, 0, "z"), fill=fill
    ),
    lambda fill: svg.tag("path", d=svg.path("M", 0, 0, "h", CELL, "l", -CELL, CELL, "z"), fill=fill),
    lambda fill: svg.tag("circle", cx=CELL / 2, cy=CELL / 2, r=CELL * 0.31, fill=fill),
    lambda fill: svg.tag(
        "circle", cx=CELL / 2, cy=CELL / 2, r=CELL * 0.3, fill="none", stroke=fill, stroke_width=CELL * 0.16
    ),
    _stripes,
    _leaf,
)
"""What may stand in a cell, CELL pixels a side: a quarter and a half of a disc, a triangle, a dot, a ring ..."""
