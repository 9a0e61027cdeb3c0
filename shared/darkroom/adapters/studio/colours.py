"""Colour as people see it: OKLab, its polar form, and WCAG's contrast.

OKLab is Björn Ottosson's (https://bottosson.github.io/posts/oklab/): lightness 0-1, and a and b, whose length is the
chroma (0 to about 0.32 in sRGB) and whose angle, in degrees, is the hue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bytes = NDArray[np.uint8]

_LINEAR: Final = np.array(
    [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (i / 255 for i in range(256))], np.float32
)
_TO_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)


def linear(rgb: Bytes) -> Floats:
    """sRGB bytes to linear light, 0-1."""
    return _LINEAR[rgb]


def oklab(rgb: Bytes) -> Floats:
    """sRGB bytes of shape (..., 3) to OKLab of the same shape."""
    return np.asarray(np.cbrt(linear(rgb) @ _TO_LMS.T) @ _TO_LAB.T, np.float32)


def luminance(rgb: Bytes) -> Floats:
    """WCAG's relative luminance of sRGB bytes: (..., 3) to (...)."""
    return np.asarray(linear(rgb) @ _LUMINANCE, np.float32)


def contrast(one: Floats | float, other: Floats | float) -> Floats:
    """WCAG's contrast ratio of two relative luminances, 1 to 21."""
    high, low = np.maximum(one, other), np.minimum(one, other)
    return np.asarray((high + 0.05) / (low + 0.05), np.float32)


@dataclass(frozen=True, slots=True)
class Colour:
    """OKLab in polar form: lightness 0-1, chroma, hue in degrees. May lie outside sRGB until `rgb` is asked for."""

    lightness: float
    chroma: float
    hue: float

    @classmethod
    def of(cls, lab: Floats) -> Colour:
        lightness, a, b = (float(value) for value in lab)
        return cls(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360)

    def at(self, *, lightness: float | None = None, chroma: float | None = None, turn: float = 0.0) -> Colour:
        """This colour with another lightness or chroma, its hue turned by so many degrees."""
        return replace(
            self,
            lightness=self.lightness if lightness is None else lightness,
            chroma=self.chroma if chroma is None else chroma,
            hue=(self.hue + turn) % 360,
        )

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The nearest colour of this lightness and hue that sRGB has: chroma gives way."""
        chroma = self.chroma
        if not _inside(self._linear(chroma)):
            low, high = 0.0, chroma
            for _ in range(12):
                chroma = (low + high) / 2
                low, high = (chroma, high) if _inside(self._linear(chroma)) else (low, chroma)
            chroma = low
        red, green, blue = (_encoded(value) for value in self._linear(chroma))
        return red, green, blue

    @property
    def hex(self) -> str:
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)

    @property
    def luminance(self) -> float:
        return float(luminance(np.array(self.rgb, np.uint8)))

    def _linear(self, chroma: float) -> tuple[float, float, float]:
        angle = math.radians(self.hue)
        a, b = chroma * math.cos(angle), chroma * math.sin(angle)
        long = (self.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
        medium = (self.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
        short = (self.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
        return (
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        )


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of `other` in `one`, along a straight line in OKLab: no grey or garish step between two hues."""
    points = [
        (c.lightness, c.chroma * math.cos(math.radians(c.hue)), c.chroma * math.sin(math.radians(c.hue)))
        for c in (one, other)
    ]
    return Colour.of(np.array([a + (b - a) * share for a, b in zip(*points, strict=True)], np.float32))


def _inside(rgb: tuple[float, float, float]) -> bool:
    return all(-1e-4 <= value <= 1 + 1e-4 for value in rgb)


def _encoded(value: float) -> int:
    value = min(max(value, 0.0), 1.0)
    coded = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(coded * 255)


@dataclass(frozen=True, slots=True)
class Shade:
    """One colour of a product and the share of its pixels that have it."""

    colour: Colour
    share: float


def shades(rgb: Bytes, rng: np.random.Generator, *, most: int = 5) -> tuple[Shade, ...]:
    """The colours that pixels of shape (n, 3) fall into, commonest first: k-means in OKLab on at most 4,000 of them."""
    if len(rgb) > 4_000:
        rgb = rgb[rng.choice(len(rgb), 4_000, replace=False)]
    points = oklab(rgb)
    # The first centre is the middle, each further one the point that is farthest from those before.
    centres = [np.median(points, axis=0)]
    for _ in range(most - 1):
        apart = np.min([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=0)
        centres.append(points[int(apart.argmax())])
    means = np.array(centres, np.float32)
    for _ in range(10):
        nearest = ((points[:, None] - means[None]) ** 2).sum(axis=2).argmin(axis=1)
        for index in range(most):
            mine = points[nearest == index]
            if len(mine):
                means[index] = mine.mean(axis=0)
    counts = np.bincount(nearest, minlength=most) / max(1, len(points))
    found = [Shade(Colour.of(means[index]), float(counts[index])) for index in range(most) if counts[index] > 0.01]
    return tuple(sorted(found, key=lambda shade: -shade.share))
