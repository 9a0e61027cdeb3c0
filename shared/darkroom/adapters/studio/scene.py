"""What a design is told and what it gives: the place of the product, and the set and the light around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from darkroom.adapters.studio.colours import Colour
    from darkroom.adapters.studio.palette import Palette

    Box = tuple[float, float, float, float]
    Circle = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """`box` is the product's [x1, y1, x2, y2] in pixels; `side` is -1 or 1 where the words' room is left or right of
    it, else 0; `above` where it is above, and not below."""

    width: int
    height: int
    box: Box
    side: int
    above: bool
    palette: Palette
    rng: np.random.Generator

    @property
    def unit(self) -> float:
        return float(min(self.width, self.height))

    @property
    def centre(self) -> tuple[float, float]:
        x1, y1, x2, y2 = self.box
        return (x1 + x2) / 2, (y1 + y2) / 2

    @property
    def reach(self) -> float:
        """Half the diagonal of the product."""
        x1, y1, x2, y2 = self.box
        return math.hypot(x2 - x1, y2 - y1) / 2

    def disc(self, share: float) -> Circle:
        """A circle behind the product (x, y, radius), `share` of its reach, that stays out of the words' room."""
        (x, y), (x1, y1, x2, y2) = self.centre, self.box
        radius, over, free = self.reach * share, 0.012 * self.unit, 0.035 * self.unit
        if self.side:
            room = (self.width - x1 if self.side < 0 else x2) + 2 * over
            radius = min(radius, 0.56 * room)
            return (max(x, x1 - 2 * over + radius) if self.side < 0 else min(x, x2 + 2 * over - radius)), y, radius
        if self.above:
            radius = min(radius, (self.height - free - y1 + over) / 2)
            return x, max(y, y1 - over + radius), radius
        radius = min(radius, (y2 + over - free) / 2)
        return x, min(y, y2 + over - radius), radius

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def either(self, *choices: float) -> float:
        return float(self.rng.choice(choices))


@dataclass(frozen=True, slots=True)
class Light:
    """Shadows, strengths 0-1: `contact` where the product touches the floor, `cast` lying on the floor, `drop` on a
    wall behind it.

    `slant` is how far the cast one leans to the right for each pixel of its rise. `drop_at` is how far the drop is
    moved and blurred, in shares of the picture's shorter side: (x, y, blur). `mirror` is the strength of a reflection
    in the floor, `turn` the degrees that the product is tilted by.
    """

    shadow: Colour
    contact: float = 0.0
    cast: float = 0.0
    slant: float = 0.6
    drop: float = 0.0
    drop_at: tuple[float, float, float] = (0.0, 0.02, 0.03)
    mirror: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Set:
    """`behind` is the SVG (no <svg> element) that fills the picture; `grain` is its noise in levels of 255."""

    behind: str
    light: Light
    grain: float = 0.9


@dataclass(frozen=True, slots=True)
class Design:
    """`standing` ones have a floor. `above` keeps the words' room above the product, not below. `fill` is the share of
    its place that the product may take."""

    paint: Callable[[Scene], Set]
    standing: bool = True
    above: bool = False
    fill: float = 1.0
