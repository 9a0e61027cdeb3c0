"""Takes a product off its studio background, softly, or says that it cannot be done cleanly.

The background is what the picture's rim shows: a smooth surface (a quadratic in x and y per channel of OKLab, fitted
robustly), from which a flood comes in. Shadows are let through, being the same surface with less light and no edge,
or at the foot, where they are steep, no crease. Along the outline each pixel is unmixed into product and background,
and the background's share of its colour removed.
What is as pale as its background is found by its outline instead (`outline.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.imaging.regions import labelled
from darkroom.adapters.studio.colours import oklab
from darkroom.adapters.studio.filters import (
    blurred,
    box,
    curvature,
    dilated,
    eroded,
    flooded,
    pieces,
    slope,
    smooth,
    spread,
    spread_colour,
)
from darkroom.adapters.studio.outline import outlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

TRANSPARENT: Final = 0.02
"""Share of see-through pixels from which on a picture's own transparency is taken to be its outline."""
RIM_KNOWN: Final = 0.78
"""Share of the rim that must be background: what runs out of the picture cannot stand on another backdrop."""
SMALLEST, LARGEST = 0.008, 0.92
"""Shares of the picture that a product can have."""
LARGEST_HOLE: Final = 0.7
"""Of a product with its holes filled: a ring is mostly hole."""
DARKEST: Final = 35.0
"""Lightness, 0-100, of a background. On a darker one nobody can tell a product's shadows from it."""
FAINT_OUTLINE: Final = 0.35
"""Share of the outline that may be as good as the background's colour before a cut is guesswork."""
LOOSE_OUTLINE: Final = 0.1
"""Share of the outline that may lie where the picture has no edge."""
LOOSE_FOOT: Final = 0.08
"""The same of the outline that a shadow's removal lays bare."""
LOST: Final = 0.07
"""Pixels of edges that no product accounts for, over the picture's shorter side."""
FOOT: Final = 0.5
"""Share of a product's height from which on down there may be shadows as steep as edges."""
CREASE: Final = 0.6
"""Curvature of lightness, 0-100, per pixel squared, from which on it is an edge, not a shadow's falling off."""
STEEPEST: Final = 5.0
"""Slope of lightness a pixel that no shadow has."""
RAGGED: Final = 90.0
"""Perimeter squared over area, a disc being 1: beyond this it is foliage, fur or a street, not a product."""


@dataclass(frozen=True, slots=True)
class CutOut:
    """A product on nothing: (height, width, 4) RGBA, not premultiplied, cropped to what there is of it."""

    pixels: Bytes


def cut_out(pixels: Bytes) -> CutOut | None:
    """The product in upright RGBA pixels, None where it cannot be had cleanly."""
    alpha = pixels[..., 3]
    if float((alpha < 128).mean()) >= TRANSPARENT:
        return _cropped(pixels)
    rgb = np.ascontiguousarray(pixels[..., :3])
    lab = oklab(rgb) * 100
    product = _by_colour(lab)
    soft = None if product is None else _unmixed(rgb, product, faintest=FAINT_OUTLINE)
    if soft is None:
        product = _by_outline(lab)
        soft = None if product is None else _unmixed(rgb, product, faintest=1.0)
    return None if soft is None else _cropped(soft)


def _by_colour(lab: Floats) -> Mask | None:
    """What differs from its background, less its shadow."""
    found = _background(lab)
    if found is None:
        return None
    ground, surface, noise = found
    product = pieces(~ground)
    if product is None or float(np.median(surface[..., 0])) < DARKEST or _is_band(product):
        return None
    product = smooth(product)
    product &= ~_holes(lab, surface, product)
    product = _without_shadow(lab, surface, product, noise)
    return product if product is not None and _is_whole(product) else None


def _by_outline(lab: Floats) -> Mask | None:
    """What is as pale as its background, by the edges around it."""
    found = _surface(lab)
    if found is None:
        return None
    surface, noise, plain, rim = found
    if float((plain & rim).sum()) < RIM_KNOWN * float(rim.sum()):
        return None
    product = outlined(lab, surface, rim, noise)
    return None if product is None or _is_band(product) or not _is_whole(product) else product


def _is_whole(product: Mask) -> bool:
    """Neither a speck nor all of the picture, and of one piece rather than foliage."""
    area, perimeter = int(product.sum()), float((product & ~eroded(product, 1)).sum())
    return SMALLEST * product.size <= area <= LARGEST * product.size and perimeter**2 / (4 * np.pi * area) <= RAGGED


# --- where the background is -----------------------------------------------------------------------------------------


def _rim(height: int, width: int) -> Mask:
    """A hundredth of the picture along its four sides."""
    rim = np.ones((height, width), bool)
    thick = max(2, round(min(height, width) * 0.012))
    rim[thick:-thick, thick:-thick] = False
    return rim


def _surface(lab: Floats) -> tuple[Floats, float, Mask, Mask] | None:
    """The surface through the rim, the rim's noise about it, what has its colour, and the rim."""
    height, width = lab.shape[:2]
    rim, basis = _rim(height, width), _basis(height, width)
    fitted = _fitted(basis[rim], lab[rim])
    if fitted is None:
        return None
    weights, noise = fitted
    surface = (basis @ weights).reshape(lab.shape)
    return surface, noise, _plain(lab, surface, _tolerance(noise)), rim


def _tolerance(noise: float) -> float:
    return float(np.clip(4 * noise + 1.4, 1.8, 7.0))


def _background(lab: Floats) -> tuple[Mask, Floats, float] | None:
    """The background in OKLab times 100 (height, width, 3): its pixels, the surface they lie on, and their noise."""
    height, width = lab.shape[:2]
    rim, basis = _rim(height, width), _basis(height, width)
    fitted = _fitted(basis[rim], lab[rim])
    if fitted is None:
        return None
    weights, noise = fitted
    tolerance = _tolerance(noise)
    steep = slope(blurred(lab[..., 0], 1.0)) > 0.75 + noise
    ground = np.zeros((height, width), bool)
    for last in (False, False, True):
        surface = (basis @ weights).reshape(lab.shape)
        plain = _plain(lab, surface, tolerance)
        ground = flooded(plain, rim, width=1)
        if last:
            break
        chosen = np.flatnonzero(ground)
        if len(chosen) < 500:
            return None
        chosen = chosen[:: max(1, len(chosen) // 8_000)]
        weights = _least_squares(basis.reshape(-1, 6)[chosen], lab.reshape(-1, 3)[chosen])
    if float((ground & rim).sum()) < RIM_KNOWN * float(rim.sum()):
        return None
    shaded = flooded(plain | _shade(lab, surface, noise) & ~dilated(steep, 1), rim | ground, width=3) | ground
    # Where shadows would take more than they leave, the product itself is as smooth and grey as one.
    taken = shaded & ~ground & ~plain
    if int(taken.sum()) < int((~shaded).sum()):
        shaded = _crept(shaded, lab[..., 0], _shade(lab, surface, noise + 0.2))
        if _loose(shaded, steep) < LOOSE_OUTLINE:
            return shaded, surface, noise
    return (ground, surface, noise) if _loose(ground, steep) < LOOSE_OUTLINE else None


def _loose(ground: Mask, steep: Mask) -> float:
    """The share of the outline that follows no edge of the picture: there a flood has run into the product."""
    outline = ~ground & dilated(ground, 1)
    return float((outline & ~dilated(steep, 2)).sum()) / max(1.0, float(outline.sum()))


def _basis(height: int, width: int) -> Floats:
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).astype(np.float32)


def _fitted(basis: Floats, values: Floats) -> tuple[Floats, float] | None:
    """Weights of the surface through most of the values, shape (6, 3), and how far these scatter about it.

    Iteratively reweighted least squares with Tukey's biweight. None where less than half of them lie on one surface.
    """
    step = max(1, len(values) // 6_000)
    basis, values = basis[::step], values[::step]
    centre = np.median(values, axis=0)
    distance = np.linalg.norm(values - centre, axis=1)
    scale = max(float(np.median(distance)) * 2.5, 4.0)
    weights = np.zeros((6, 3), np.float32)
    for _ in range(12):
        trust = np.clip(1 - (distance / (2.5 * scale)) ** 2, 0, 1) ** 2
        if float(trust.sum()) < 50:
            return None
        weights = _least_squares(basis, values, trust)
        distance = np.linalg.norm(values - basis @ weights, axis=1)
        scale = max(float(np.median(distance)) * 1.5, 0.8)
    near = distance < max(3 * scale, 2.5)
    if float(near.mean()) < 0.55 or scale > 4.5:
        return None
    return weights, float(np.median(distance[near]))


def _least_squares(basis: Floats, values: Floats, trust: Floats | None = None) -> Floats:
    """By the normal equations: six well-scaled terms need nothing dearer. The ridge keeps a thin rim solvable."""
    weighted = basis if trust is None else basis * trust[:, None]
    square = (weighted.T @ basis).astype(np.float64) + 1e-3 * np.eye(basis.shape[1])
    return np.linalg.solve(square, (weighted.T @ values).astype(np.float64)).astype(np.float32)


def _plain(lab: Floats, surface: Floats, tolerance: float) -> Mask:
    """What has the surface's colour, whatever the grain. A little less light is forgiven more than another hue."""
    apart = lab - surface
    apart[..., 0] *= 0.75
    return np.asarray((apart * apart).sum(axis=-1) < tolerance * tolerance)


def _shade(lab: Floats, surface: Floats, noise: float) -> Mask:
    """What could be the surface in shadow: less light scales all of OKLab alike, so hue and saturation stay."""
    light = lab[..., 0] / np.maximum(surface[..., 0], 1)
    tint = np.linalg.norm(lab[..., 1:] - surface[..., 1:] * light[..., None], axis=-1)
    return np.asarray((light > 0.45) & (light < 1.01) & (tint < 1.2 + 1.5 * noise))


def _crept(ground: Mask, light: Floats, shade: Mask) -> Mask:
    """Grown by the last pixels of shadow along a product, which the blur of its edge had kept from the flood."""
    picture = np.repeat(light[..., None], 3, axis=2)
    for _ in range(2):
        near, known = spread_colour(picture, ground, 3)
        ground = ground | dilated(ground, 2) & shade & known & (np.abs(light - near[..., 0]) < 2.5)
    return ground


def _without_shadow(lab: Floats, surface: Floats, product: Mask, noise: float) -> Mask | None:
    """The product less the shadow about its foot, None where the two cannot be told apart.

    Close to a foot a shadow may be as steep as an edge. What it never has is a crease: light that falls off evenly has
    little curvature, and the outline of a thing, being a pixel or two wide, much. What is left must end at edges, and
    what went must have had none of its own: else a grey sole went with its shadow.
    """
    light = blurred(lab[..., 0], 1.0)
    steep, bent = slope(light), np.abs(curvature(light))
    edges = (bent > 2 * CREASE + noise) | (steep > STEEPEST)
    rows = np.flatnonzero(product.any(axis=1))
    first = round(rows[0] + FOOT * (rows[-1] - rows[0])) if len(rows) else 0
    low = np.s_[first:]
    lab, surface, part, steep, hard = lab[low], surface[low], product[low], steep[low], edges[low]
    light = lab[..., 0]
    creased = hard | (bent[low] > CREASE + 0.6 * noise)
    shade = _shade(lab, surface, noise + 0.5)
    ground = flooded(~part | shade & ~dilated(creased, 1), ~part, width=3)
    # Beside a product of another colour no crease is needed to tell them apart: its thin grey fringe is shadow.
    grey = shade & ~ground
    reach = max(3, round(min(product.shape) / 100))
    fringe = grey & ~dilated(eroded(grey, reach), reach) & ~hard
    dim = 0.97 * surface[..., 0]
    shadow = ground & shade & (light < dim)
    for _ in range(2 * reach):
        shadow |= dilated(shadow, 1) & fringe
    ground |= shadow
    # The last pixels along the product, in which its blurred edge begins: a steep shadow may go on darkening.
    for _ in range(5):
        weight = np.maximum(box(ground.astype(np.float32), 2), 1e-6)
        near = box(np.where(ground, light, 0), 2) / weight
        fall = box(np.where(ground & ~hard, steep, 0), 2) / weight
        darker, like = near - light, 2.5 + 0.5 * noise
        more = np.where(near < dim, np.minimum(2 * fall, 5), 0)
        ground |= dilated(ground, 1) & shade & (darker > -like) & (darker < like + more)
    taken = part & ground
    found = pieces(np.concatenate([product[:first], ~ground]))
    if found is None:
        return None
    left = smooth(found)
    outline = left[low] & dilated(taken, 1)
    edge = creased
    for channel in (1, 2):
        edge = edge | (slope(blurred(lab[..., channel], 1.0)) > 0.75 + noise)
    loose = int((outline & ~dilated(edge, 2)).sum())
    lost = int((edges & ~dilated(left, 4)).sum())
    if loose > LOOSE_FOOT * max(80, int(outline.sum())) or lost > LOST * min(product.shape):
        return None
    return left


def _holes(lab: Floats, surface: Floats, product: Mask) -> Mask:
    """Background that the product encloses: the handle of a cup, the space between the legs of a chair.

    A white label on a white background looks alike; but it has print on it, and is seldom exactly of one colour.
    """
    inside = product & _plain(lab, surface, 2.2)
    inside = dilated(eroded(inside, 1), 1) & inside
    names, found = labelled(inside, corners=False)
    holes = np.zeros_like(product)
    whole = float(product.sum())
    for name, count in enumerate(np.bincount(names.ravel(), minlength=found + 1)[1:], 1):
        if not 0.0003 * whole < count < LARGEST_HOLE * whole:
            continue
        piece = names == name
        rows, columns = np.flatnonzero(piece.any(axis=1)), np.flatnonzero(piece.any(axis=0))
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        apart = np.linalg.norm(lab[window][piece[window]] - surface[window][piece[window]], axis=-1)
        if float(np.median(apart)) < 1.3 and not _printed(piece[window]):
            holes |= piece
    return holes


def _printed(piece: Mask) -> bool:
    """Whether a patch, cropped to itself, has islands in it."""
    around = np.pad(~piece, 1, constant_values=True)
    rim = np.zeros_like(around)
    rim[0], rim[-1], rim[:, 0], rim[:, -1] = True, True, True, True
    return int((around & ~spread(rim, around)).sum()) > 0.01 * int(piece.sum())


def _is_band(product: Mask) -> bool:
    """Whether it runs from one side to the opposite one and touches no other: that is a stripe on something that fills
    the picture. What was trimmed to its outline touches all four."""
    top, bottom = bool(product[:2].any()), bool(product[-2:].any())
    left, right = bool(product[:, :2].any()), bool(product[:, -2:].any())
    return (left and right and not (top or bottom)) or (top and bottom and not (left or right))


# --- the outline -----------------------------------------------------------------------------------------------------


def _unmixed(rgb: Bytes, product: Mask, *, faintest: float) -> Bytes | None:
    """RGBA with a soft outline, free of the background's colour; None where product and background hardly differ along
    more than a share `faintest` of it."""
    reach = max(2, round(min(product.shape) / 320))
    inner, outer = eroded(product, reach), ~dilated(product, reach)
    if not inner.any():
        return None
    picture = rgb.astype(np.float32)
    ahead, near_product = spread_colour(picture, inner, 2 * reach)
    behind, near_ground = spread_colour(picture, outer, 2 * reach)
    band = ~inner & ~outer & near_product & near_ground
    apart = ahead - behind
    span = (apart * apart).sum(axis=-1)
    share = ((picture - behind) * apart).sum(axis=-1) / np.maximum(span, 1)
    edge = product & ~eroded(product, 1)
    shared = edge & band
    if shared.any():
        difference = oklab(ahead[shared].astype(np.uint8)) - oklab(behind[shared].astype(np.uint8))
        faint = float((np.linalg.norm(difference, axis=-1) < 0.055).mean())
        if faint > faintest:
            return None
    # Where both sides look alike, how much of each there is cannot be read off: the smoothed outline has to do.
    smooth = blurred(product.astype(np.float32), 0.8)
    known = np.clip((np.sqrt(span) - 14) / 40, 0, 1)
    share = known * np.clip((share - 0.06) / 0.88, 0, 1) + (1 - known) * smooth
    alpha = np.where(band, share, product.astype(np.float32))
    # A mixed pixel less its background; where there is little of the product in it, the colour beside it.
    clean = np.clip((picture - (1 - alpha[..., None]) * behind) / np.maximum(alpha[..., None], 0.05), 0, 255)
    trust = np.clip((alpha - 0.25) / 0.5, 0, 1)[..., None]
    clean = trust * clean + (1 - trust) * ahead
    colour = np.where((band & (alpha < 0.999))[..., None], clean, picture)
    soft = np.empty((*product.shape, 4), np.uint8)
    soft[..., :3] = np.rint(np.clip(colour, 0, 255))
    soft[..., 3] = np.rint(alpha * 255)
    return soft


def _cropped(pixels: Bytes) -> CutOut | None:
    seen = pixels[..., 3] > 12
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if len(rows) < 8 or len(columns) < 8:
        return None
    return CutOut(np.ascontiguousarray(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))
