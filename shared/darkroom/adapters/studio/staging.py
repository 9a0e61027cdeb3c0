"""Puts a product on a set: where it goes, its shadows, its reflection, and all of it into pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageFilter

from darkroom.adapters.studio import svg
from darkroom.adapters.studio.designs import DESIGNS
from darkroom.adapters.studio.palette import Palette
from darkroom.adapters.studio.scene import Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from darkroom.adapters.studio.colours import Colour
    from darkroom.adapters.studio.scene import Light

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]

TALL: Final = 1.3
"""Height over width from which on a product goes beside its words, not over them."""
FLAT: Final = 0.26
"""How much of a product's height its shadow on the floor has."""
ENLARGED: Final = 2.2
"""A small picture is not blown up beyond this: it would look soft."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the product goes, in pixels, and where that leaves room for words."""

    box: tuple[float, float, float, float]
    side: int
    above: bool


@dataclass(frozen=True, slots=True)
class Staged:
    """(height, width, 3) RGB, and the product's [x1, y1, x2, y2] in it."""

    pixels: Bytes
    subject: tuple[int, int, int, int]


def staged(
    product: Bytes, *, design: str, width: int, height: int, rng: np.random.Generator, mirrored: bool, card: bool
) -> Staged:
    """A product, (h, w, 4) RGBA, on a set: `mirrored` for words from right to left. A `card` stays upright."""
    chosen = DESIGNS[design]
    palette = Palette.of(product, rng, framed=card)
    place = placed(
        product.shape[1] / product.shape[0], width, height, above=chosen.above, fill=chosen.fill, mirrored=mirrored
    )
    size = (place.box[2] - place.box[0]) / product.shape[1]
    if size > ENLARGED:
        place = _shrunk(place, ENLARGED / size, standing=chosen.standing)
    scene = Scene(width, height, place.box, place.side, place.above, palette, rng)
    painted = chosen.paint(scene)
    canvas = svg.drawn(painted.behind, width, height)[..., :3].astype(np.float32)
    cut, subject = _set_down(product, scene, 0.0 if card else painted.light.turn)
    _Lighting(canvas, cut, subject, painted.light).fall()
    _over(canvas, cut, _alpha(cut), subject[0], subject[1])
    # Noise below what is seen keeps long gradients from falling into steps.
    canvas += rng.standard_normal((height, width, 1), np.float32) * painted.grain
    return Staged(np.clip(np.rint(canvas), 0, 255).astype(np.uint8), _inside(subject, width, height))


def placed(aspect: float, width: int, height: int, *, above: bool, fill: float, mirrored: bool) -> Place:
    """A place for a product of this width over height: beside, above or below the room that its words will need."""
    shape = width / height
    side = 0
    if shape > 1.25 or (shape > 0.8 and aspect < 1 / TALL):
        # Words begin where reading begins, the product stands opposite.
        side = 1 if mirrored else -1
        left, right = (0.5, 0.93) if side < 0 else (0.07, 0.5)
        top, bottom = 0.1, 0.885
    elif above:
        left, right, top, bottom = 0.13, 0.87, 0.36, 0.875
    else:
        left, right, top, bottom = 0.13, 0.87, 0.085, 0.64
    x1, x2, y1, y2 = left * width, right * width, top * height, bottom * height
    scale = min((x2 - x1) / aspect, y2 - y1) * fill
    tall, wide = scale, scale * aspect
    x = (x1 + x2) / 2
    # On the floor of its place; what floats hangs in the middle, which looks the same in a filled place.
    low = y2 if above else (y1 + y2) / 2 + tall / 2
    return Place((x - wide / 2, low - tall, x + wide / 2, low), side, above and not side)


def _shrunk(place: Place, by: float, *, standing: bool) -> Place:
    x1, y1, x2, y2 = place.box
    x, wide, tall = (x1 + x2) / 2, (x2 - x1) * by, (y2 - y1) * by
    low = y2 if standing else (y1 + y2) / 2 + tall / 2
    return Place((x - wide / 2, low - tall, x + wide / 2, low), place.side, place.above)


def _set_down(product: Bytes, scene: Scene, turn: float) -> tuple[Bytes, tuple[int, int, int, int]]:
    """The product at the size of its box, and where its pixels go."""
    x1, y1, x2, y2 = scene.box
    size = max(1, round(x2 - x1)), max(1, round(y2 - y1))
    # Pillow resamples RGBA premultiplied: no colour of what is transparent bleeds in.
    image = Image.fromarray(product).resize(size, Image.Resampling.LANCZOS)
    if turn:
        image = image.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    left, top = round((x1 + x2 - image.width) / 2), round((y1 + y2 - image.height) / 2)
    return np.asarray(image), (left, top, left + image.width, top + image.height)


def _over(canvas: Floats, pixels: Bytes, alpha: Floats, x: int, y: int) -> None:
    """Lay RGBA pixels on the canvas with their corner at (x, y); what is outside is cut off."""
    height, width = canvas.shape[:2]
    left, top = max(0, x), max(0, y)
    right, bottom = min(width, x + pixels.shape[1]), min(height, y + pixels.shape[0])
    if left >= right or top >= bottom:
        return
    part = np.s_[top - y : bottom - y, left - x : right - x]
    there = canvas[top:bottom, left:right]
    there += (pixels[part][..., :3].astype(np.float32) - there) * alpha[part][..., None]


def _alpha(pixels: Bytes) -> Floats:
    return np.asarray(pixels[..., 3] / np.float32(255), np.float32)


# --- light -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lighting:
    """The shadows of a product on a canvas, (height, width, 3), values 0-255."""

    canvas: Floats
    product: Bytes
    subject: tuple[int, int, int, int]
    light: Light

    def fall(self) -> None:
        light, canvas = self.light, self.canvas
        if light.drop:
            x, y, blur = (part * self._unit for part in light.drop_at)
            _darken(canvas, _soft(self._moved(x, y), blur), light.shadow, light.drop)
            if blur:  # and a tight one, where the two all but touch
                tight = _soft(self._moved(x * 0.25, y * 0.3), blur * 0.3)
                _darken(canvas, tight, light.shadow, light.drop * 0.5)
        if light.mirror:
            self._mirror()
        if light.cast:
            _darken(canvas, self._fallen(), light.shadow, light.cast)
        if light.contact:
            _darken(canvas, self._touching(), light.shadow, light.contact)

    @property
    def _unit(self) -> float:
        return float(min(self.canvas.shape[:2]))

    @property
    def _solid(self) -> Image.Image:
        return Image.fromarray(np.ascontiguousarray(self.product[..., 3]))

    def _empty(self) -> Image.Image:
        return Image.new("L", (self.canvas.shape[1], self.canvas.shape[0]))

    def _moved(self, x: float, y: float) -> Image.Image:
        mask = self._empty()
        mask.paste(self._solid, (round(self.subject[0] + x), round(self.subject[1] + y)))
        return mask

    def _mirror(self) -> None:
        left, top, _, bottom = self.subject
        depth = min(len(self.canvas) - bottom, round((bottom - top) * 0.35))
        if depth > 4:
            flipped = self.product[::-1][:depth]
            fade = np.linspace(self.light.mirror, 0, depth, dtype=np.float32)[:, None]
            _over(self.canvas, flipped, _alpha(flipped) * fade, left, bottom - max(1, round(0.002 * self._unit)))

    def _fallen(self) -> Image.Image:
        """The shadow on the floor behind: the silhouette leaned over and pressed flat, softer with distance."""
        left, top, _, bottom = self.subject
        height, width = self.canvas.shape[:2]
        tall, slant = bottom - top, self.light.slant
        # Of what is so many pixels above the foot, the shadow is FLAT as many above it, and `slant` of these aside.
        back = (1, slant, -left - slant * bottom, 0, 1 / FLAT, tall - bottom / FLAT)
        mask = self._solid.transform((width, height), Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)
        rise = (bottom - np.arange(height, dtype=np.float32)) / max(1.0, FLAT * tall)
        far = np.clip(rise, 0, 1)[:, None]
        near, soft = (np.asarray(_soft(mask, blur * self._unit), np.float32) for blur in (0.008, 0.028))
        return Image.fromarray(((near + (soft - near) * far) * (1 - 0.65 * far)).astype(np.uint8))

    def _touching(self) -> Image.Image:
        """Where light does not get in under the product: its lowest part, pressed flat along the floor."""
        left, top, right, bottom = self.subject
        flat = max(3, round(0.02 * self._unit))
        foot = self._solid.crop((0, round((bottom - top) * 0.86), right - left, bottom - top))
        mask = self._empty()
        mask.paste(foot.resize((right - left, flat), Image.Resampling.BOX), (left, bottom - round(flat * 0.62)))
        tight, wide = (np.asarray(_soft(mask, blur * self._unit)) for blur in (0.005, 0.016))
        return Image.fromarray(np.maximum(tight, wide))


def _soft(mask: Image.Image, blur: float) -> Image.Image:
    return mask.filter(ImageFilter.GaussianBlur(blur)) if blur >= 0.4 else mask


def _darken(canvas: Floats, mask: Image.Image, colour: Colour, strength: float) -> None:
    """Multiply by a shadow's colour where the mask is, so that the ground's own colour stays in it."""
    box = mask.getbbox()
    if box is None:
        return
    left, top, right, bottom = box
    part = np.asarray(mask.crop(box), np.float32)[..., None] * (strength / 255)
    shade = np.array(colour.rgb, np.float32) / 255
    canvas[top:bottom, left:right] *= 1 - part * (1 - shade)


def _inside(box: tuple[int, int, int, int], width: int, height: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return max(0, left), max(0, top), min(width, right), min(height, bottom)
