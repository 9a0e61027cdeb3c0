"""The colours of a set: from the product's own, far enough from them, and in harmony."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.studio.colours import Colour, Shade, oklab, shades

if TYPE_CHECKING:
    from numpy.typing import NDArray

GREY: Final = 0.035
"""Chroma below which a product has no hue to go by."""
HUES_FOR_GREY: Final = (28.0, 62.0, 95.0, 158.0, 205.0, 262.0, 305.0)
"""Coral, apricot, sand, sage, teal, blue and lilac: any of them suits black, white and steel."""
APART: Final = 0.24
"""Difference in lightness that tells a product from what is behind it at a glance."""


@dataclass(frozen=True, slots=True)
class Palette:
    """`key` is the colour that a product is remembered by; `edge` are three lightnesses: the dark of its outline (10th
    percentile), the middle of all of it, and the light of its outline (90th)."""

    key: Colour
    shades: tuple[Shade, ...]
    edge: tuple[float, float, float]
    grey: bool
    framed: bool = False

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], rng: np.random.Generator, *, framed: bool = False) -> Palette:
        """From (height, width, 4) RGBA pixels. What is `framed` brings its own edge: it stands out from anything."""
        solid = pixels[..., 3] > 230
        found = shades(pixels[solid][:, :3], rng) if solid.sum() >= 16 else (Shade(Colour(0.6, 0.0, 0.0), 1.0),)
        large = [shade for shade in found if shade.share > 0.04] or list(found)
        key = max(large, key=lambda shade: shade.colour.chroma * shade.share**0.45).colour
        grey = key.chroma < GREY
        if grey:
            key = Colour(0.62, 0.11, float(rng.choice(HUES_FOR_GREY)))
        return cls(key, found, _edge(pixels, solid), grey, framed)

    def behind(self, low: float, high: float) -> float:
        """The lightness between these, or as near to it as need be, that the product's outline stands out from."""
        if self.framed:
            return (low + high) / 2
        dark, middle, light = self.edge
        inside = np.linspace(low, high, 13)
        everywhere = np.linspace(0.16, 0.97, 28)
        for choices, enough in ((inside, APART), (everywhere, 0.18)):
            # A part of the outline may come close to the ground, like a white sole to white paper, the bulk may not.
            ends = np.minimum(np.abs(choices - dark), np.abs(choices - light))
            gaps = np.minimum(np.abs(choices - middle) * 1.15, ends + 0.2)
            if gaps.max() >= enough:
                near = np.abs(choices - (low + high) / 2)
                return float(choices[np.where(gaps >= enough, near, np.inf).argmin()])
        return float(everywhere[gaps.argmax()])

    def loud(self, low: float, high: float, turn: float) -> float:
        """`behind`, for a strong colour of the key's hue, turned: yellows and their like are mud unless light."""
        hue = (self.key.hue + turn) % 360
        return self.behind(max(low, 0.84), max(high, 0.9)) if 70 <= hue <= 125 else self.behind(low, high)

    def tint(self, lightness: float, chroma: float, turn: float = 0.0) -> Colour:
        """The key's hue, turned, at another lightness and chroma. Dark yellows, which look dirty, become taupe."""
        hue = (self.key.hue + turn) % 360
        if lightness < 0.62 and 72 <= hue <= 128:
            chroma *= 0.4
        return Colour(lightness, chroma, hue)


def _edge(pixels: NDArray[np.uint8], solid: NDArray[np.bool_]) -> tuple[float, float, float]:
    inner = solid.copy()
    reach = max(1, min(solid.shape) // 40)
    inner[:reach], inner[-reach:], inner[:, :reach], inner[:, -reach:] = False, False, False, False
    for axis in (0, 1):
        inner &= np.roll(solid, reach, axis) & np.roll(solid, -reach, axis)
    outline = pixels[solid & ~inner][:, :3]
    if len(outline) < 16:
        return 0.5, 0.5, 0.5
    dark, light = np.percentile(_lightness(outline), (10, 90))
    return float(dark), float(np.median(_lightness(pixels[solid][:, :3]))), float(light)


def _lightness(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of at most about 4,000 of the colours."""
    return oklab(rgb[:: max(1, len(rgb) // 4_000)])[..., 0]
