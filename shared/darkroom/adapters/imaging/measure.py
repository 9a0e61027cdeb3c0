"""The DoodleMeter: what can be said of a drawing by measuring it, and nothing that needs to be guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from PIL import Image

from darkroom.adapters.imaging.palette import Colours
from darkroom.adapters.imaging.regions import distances, labelled
from darkroom.adapters.imaging.trim import FAINT, GRAIN, box, paper
from darkroom.domain.doodles import Measures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.imaging.trim import Colour

LARGEST: Final = 1_024
"""Pixels of the longer side that is measured; a larger picture is scaled down first, and lengths up again."""
WIDEST: Final = 64
"""Half of the widest stroke that is told from a wider one, in pixels of what is measured."""
CREST: Final = 0.35
"""How steeply the distance falls on both sides of a stroke's middle. It falls by 0.7 a pixel at the least there, along
the row or the column; in the middle of a blot it is rounder."""
SPECK: Final = 0.001
"""The share of all ink that a part must have to be counted."""
COLOURS: Final = 6
ALIKE: Final = 14.0
"""Distance in Lab (CIE 1976) below which two colours are one."""
SMALL_SHARE: Final = 0.02
APART: Final = 20.0
"""Difference in lightness, of 100, by which a drawing's lines stand out from its fills."""
SYMMETRY_GRID: Final = 32
INTRICATE: Final = 1_000.0
"""The perimetric complexity at which a drawing is as complex as can be told."""
Number = TypeVar("Number", np.int16, np.float32)
MIXED: Final = "mixed"
TRANSPARENT: Final = "transparent"


class PixelMeter:
    """The DoodleMeter."""

    def measure(self, pixels: NDArray[np.uint8]) -> Measures:
        height, width = pixels.shape[:2]
        scale = min(1.0, LARGEST / max(height, width))
        if scale < 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
        ink = ink_mask(pixels)
        background = background_of(pixels)
        found = box(ink)
        if found is None:
            return Measures(width, height, None, 0.0, 0.0, 0.0, 1.0, 0, (), background, 0.0)
        x1, y1, x2, y2 = found
        colours = colours_of(pixels, ink)
        lines = line_mask(pixels, ink, [colour for colour, _ in colours], background)[y1:y2, x1:x2]
        stroke = stroke_width(lines)
        shares = (x1 / ink.shape[1], y1 / ink.shape[0], x2 / ink.shape[1], y2 / ink.shape[0])
        whole = (width, height, width, height)
        left, top, right, bottom = (round(share * side) for share, side in zip(shares, whole, strict=True))
        return Measures(
            width=width,
            height=height,
            ink_box=(left, top, max(right, left + 1), max(bottom, top + 1)),
            coverage=float(ink.mean()),
            stroke_width=stroke / scale,
            line_density=_line_density(lines, stroke),
            symmetry=_symmetry(lines),
            parts=len(parts(ink)[1]),
            colours=colours,
            background=background,
            complexity=_complexity(lines),
        )


def background_of(pixels: NDArray[np.uint8]) -> str:
    """`transparent`, the paper's colour as #rrggbb, or `mixed` where the edge of the picture has no one colour."""
    colour = paper(pixels)
    if colour is None:
        return MIXED
    return TRANSPARENT if colour[3] <= FAINT else _hex(np.asarray(colour[:3]))


def ink_mask(pixels: NDArray[np.uint8], on: Colour | None = None) -> NDArray[np.bool_]:
    """(height, width): what is drawn. Of a smoothed edge, the pixels that are at least half ink.

    The paper is what the edge of the picture tells, unless it is said what it is drawn `on`.
    """
    ink = _ink(pixels, paper(pixels) if on is None else on)
    near, far = _around(ink, np.minimum), _around(ink, np.maximum)
    edge = near <= 0
    return (ink > 0) & (~edge | (ink >= far / 2))


def _ink(pixels: NDArray[np.uint8], colour: Colour | None) -> NDArray[np.int16]:
    """How far from the paper's colour each pixel is: 0 for what is empty, up to 255."""
    if colour is None:
        return np.full(pixels.shape[:2], 255, np.int16)
    if colour[3] <= FAINT:
        ink = pixels[..., 3].astype(np.int16)
        return np.where(ink > FAINT, ink, np.int16(0))
    off = np.abs(pixels.astype(np.int16) - np.asarray(colour, np.int16)).max(axis=2)
    return np.where(off > GRAIN, off, np.int16(0))


def _around(values: NDArray[Number], least_or_most: np.ufunc) -> NDArray[Number]:
    """Of each pixel and its eight neighbours; the picture goes on at its edges."""
    padded = np.pad(values, 1, mode="edge")
    rows = least_or_most(least_or_most(padded[:-2], padded[1:-1]), padded[2:])
    made: NDArray[Number] = least_or_most(least_or_most(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
    return made


def line_mask(
    pixels: NDArray[np.uint8], ink: NDArray[np.bool_], colours: Sequence[str], background: str
) -> NDArray[np.bool_]:
    """Of a drawing that is filled with colours, its lines: the ink that stands out most from the paper in lightness.

    All of the ink where it is all about as light.
    """
    if len(colours) < 2:
        return ink
    lightness = lab(np.array([rgb(colour) for colour in colours], np.uint8))[:, 0]
    paper_lightness = 100.0 if background in (TRANSPARENT, MIXED) else lab(np.array([rgb(background)], np.uint8))[0, 0]
    away = np.abs(lightness - paper_lightness)
    line = int(away.argmax())
    rest = np.delete(lightness, line)
    nearest = float(rest[np.abs(rest - lightness[line]).argmin()])
    if abs(nearest - lightness[line]) < APART:
        return ink
    middle = (nearest + lightness[line]) / 2
    # Lightness of every pixel by that of its luma, which is what it is of a grey.
    luma = (pixels[..., :3] @ np.array([0.2126, 0.7152, 0.0722], np.float32)).astype(np.uint8)
    table = lab(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))[:, 0]
    light = table[luma]
    found: NDArray[np.bool_] = ink & ((light < middle) if lightness[line] < middle else (light > middle))
    return found if found.any() else ink


def stroke_width(ink: NDArray[np.bool_]) -> float:
    """The width of the stroke that half of the ink is at most as wide as, in pixels; up to twice WIDEST.

    By area and not by length: the teeth of a rough edge are as long together as the stroke that has them.

    Middles are where the distance to the outside peaks across the stroke: on one pixel, or on two that share the peak.
    """
    deep = np.pad(distances(ink, most=WIDEST), 2)
    widths = []
    # A bump on a stroke's side has a peak of its own, next to what is deeper.
    level = _around(deep, np.maximum) < deep + 2 * CREST
    for turned, flat in ((deep, level), (deep.T, level.T)):
        here, left, right, second = turned[2:-2, 2:-2], turned[2:-2, 1:-3], turned[2:-2, 3:-1], turned[2:-2, 4:]
        along = flat[2:-2, 2:-2]
        single = along & (here - left > CREST) & (here - right > CREST)
        double = along & (here - left > CREST) & (here == right) & (here - second > CREST)
        widths += [2 * here[single] - 1, 2 * here[double]]
    middles = np.concatenate(widths)
    if not middles.size:
        return float(2 * deep.max())
    middles.sort()
    area = np.cumsum(middles)
    return float(middles[np.searchsorted(area, area[-1] / 2)])


def parts(ink: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[int]]:
    """Connected parts, and the labels of those that are more than specks, the largest first."""
    labels, count = labelled(ink, corners=True)
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    order = np.argsort(-areas, kind="stable")
    return labels, [int(part) + 1 for part in order if areas[part] >= SPECK * areas.sum()]


def _line_density(ink: NDArray[np.bool_], stroke: float) -> float:
    reach = max(1, min(round(stroke), WIDEST))
    room = np.pad(~ink, reach, constant_values=True)
    away = distances(room, most=reach + 1)[reach:-reach, reach:-reach]
    return float((away <= reach).mean())


def _symmetry(ink: NDArray[np.bool_]) -> float:
    """How much of the ink, seen from afar, has ink as its mirror image from left to right: 1 for all of it."""
    side = max(ink.shape)
    size = tuple(max(1, round(length * min(1.0, SYMMETRY_GRID / side))) for length in (ink.shape[1], ink.shape[0]))
    small = Image.fromarray(ink.astype(np.uint8) * np.uint8(255)).resize(size, Image.Resampling.BOX)
    grey = np.asarray(small).astype(np.float64)
    return float(np.minimum(grey, grey[:, ::-1]).sum() / grey.sum())


def _complexity(ink: NDArray[np.bool_]) -> float:
    """Perimetric complexity (Attneave and Arnoult, 1956), perimeter squared by 4 pi times the area, on a log scale."""
    padded = np.pad(ink, 1)
    steps = np.count_nonzero(padded[1:] != padded[:-1]) + np.count_nonzero(padded[:, 1:] != padded[:, :-1])
    # Steps along pixels are longer than the curve they follow: by 4 / pi, taken over all directions.
    perimeter = steps * np.pi / 4
    perimetric = perimeter**2 / (4 * np.pi * np.count_nonzero(ink))
    return float(np.clip(np.log(max(perimetric, 1.0)) / np.log(INTRICATE), 0, 1))


def colours_of(pixels: NDArray[np.uint8], ink: NDArray[np.bool_]) -> tuple[tuple[str, float], ...]:
    """The colours of the ink, as (#rrggbb, share), most first: those of smoothed edges and near doubles left out."""
    degree = _ink(pixels, paper(pixels))
    core = ink & (_around(degree, np.minimum) > 0)
    if np.count_nonzero(core) < np.count_nonzero(ink) / 5:
        core = ink & (degree >= 0.8 * _around(degree, np.maximum))
    drawn = pixels[core][None, :, :].copy()
    drawn[..., 3] = 255
    indexed = Colours([drawn]).quantised(4 * COLOURS)[0]
    counts = np.bincount(indexed.indices.ravel(), minlength=len(indexed.colours)).astype(np.float64)
    order = np.argsort(-counts, kind="stable")
    points = lab(indexed.colours[:, :3])
    kept: list[int] = []
    weights: list[float] = []
    for index in order:
        gaps = [float(np.linalg.norm(points[index] - points[one])) for one in kept]
        if gaps and min(gaps) < ALIKE:
            weights[int(np.argmin(gaps))] += counts[index]
        else:
            kept.append(int(index))
            weights.append(counts[index])
    shares = np.asarray(weights) / counts.sum()
    ranked = sorted(zip(shares.tolist(), kept, strict=True), key=lambda pair: -pair[0])[:COLOURS]
    return tuple((_hex(indexed.colours[index, :3]), share) for share, index in ranked if share >= SMALL_SHARE)


def lab(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n, 3) sRGB to CIE L*a*b* under D65 (IEC 61966-2-1, CIE 15)."""
    value = colours / 255.0
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    white = np.array([0.95047, 1.0, 1.08883])
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = linear @ to_xyz.T / white
    cube = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = cube.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: NDArray[np.uint8]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour.tolist())
