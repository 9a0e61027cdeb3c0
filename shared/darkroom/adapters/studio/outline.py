"""Finds a product as pale as its background by its outline: a white mug on white, a shirt on a sheet of paper.

Colour does not part the two there, but the outline does: where a thing ends, light changes within a pixel or two, while
a soft shadow and the sweep of a backdrop change over many. So a flood from the rim passes what is smooth and stops at
edges (creases of lightness and colour, measured against the rim's own grain); what it does not reach is the product.
The line itself is where the second derivative changes its sign (Marr and Hildreth 1980). A flood that found a gap and
ran into the product betrays itself: it leaves ribs and lines behind, or edges that belong to nothing. Then, and where
faint edges outside say that a part was not seen at all, there is no answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.imaging.regions import labelled
from darkroom.adapters.studio.filters import blurred, box, curvature, dilated, eroded, flooded, pieces, slope, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

BRIGHT: Final = 80.0
"""Lightness, 0-100, of the background, and of the product's middle: only among pale things is there no other way."""
GRAINIEST: Final = 1.5
"""Noise of the background, on the same scale, in which faint edges drown."""
CREASE: Final = 0.22
"""Curvature per pixel squared of the faintest edge; four times the rim's own where that is more."""
STEEP: Final = 3.0
"""Slope a pixel that is an edge whatever its curvature."""
SPECK: Final = 12
"""Pixels of the smallest edge."""
WAYS: Final = (2, 4, 6)
"""Half the width of the ways that the flood takes: first the narrow ones, then those too wide for an outline's gaps."""
LINES: Final = 0.8
"""Pixels of the product that are no wider than a line, over the picture's shorter side."""
LOST: Final = 0.07
"""The same of edges that no product accounts for."""
LOOSE: Final = 0.12
"""Share of the outline without an edge: the gaps that were bridged."""
FAINT: Final = 0.02
"""Curvature of lightness at five times the scale that shows what single pixels do not."""
FAINT_PIXELS: Final = 40
UNDERLINED: Final = 0.3
"""Share of a product's width with a dark line along its foot, and none along its head: that is its shadow."""


def outlined(lab: Floats, surface: Floats, rim: Mask, noise: float) -> Mask | None:
    """The product's pixels, None where its outline is not to be trusted.

    `lab` is OKLab times 100 (height, width, 3), `surface` the background that goes on behind the product, `rim` the
    picture's sides, and `noise` how far they scatter.
    """
    if float(np.median(surface[..., 0])) < BRIGHT or noise > GRAINIEST:
        return None
    soft = [blurred(lab[..., channel], 1.0) for channel in range(3)]
    bends = [curvature(values) for values in soft]
    edges = _edges(soft, bends, rim)
    for width in WAYS:
        found = pieces(~flooded(~edges, rim, width=width))
        if found is None:
            continue
        # A faint edge is a ragged one: it is smoothed once more, and wider.
        product = box(smooth(_shrunk(smooth(found), edges, bends)).astype(np.float32), 3) > 0.5
        product &= ~_seen_through(lab, surface, product, edges)
        if product.any() and _is_sure(product, edges, lab[..., 0], soft[0]):
            return product
    return None


def _edges(soft: list[Floats], bends: list[Floats], rim: Mask) -> Mask:
    edges = np.hypot(np.hypot(slope(soft[0]), slope(soft[1])), slope(soft[2])) > STEEP
    for bend in bends:
        size = np.abs(bend)
        edges |= size > max(CREASE, 4 * float(np.median(size[rim])) / 0.6745)
    names, _ = labelled(edges, corners=True)
    counts = np.bincount(names.ravel())
    counts[0] = 0
    return np.asarray((counts >= SPECK)[names])


def _shrunk(product: Mask, edges: Mask, bends: list[Floats]) -> Mask:
    """Without the outer slope of its edges: the flood stopped where these begin, the product where they bend back."""
    every = np.stack(bends, axis=-1)
    most = np.abs(every).argmax(axis=-1)
    bend = np.take_along_axis(every, most[..., None], axis=-1)[..., 0]
    ground = ~product
    near, taken = dilated(ground, 4), ground.copy()
    for side in (bend > 0, bend < 0):
        outer, reached = side & edges & near, ground
        for _ in range(4):
            reached = reached | dilated(reached, 1) & outer
        taken |= reached
    return ~taken


def _seen_through(lab: Floats, surface: Floats, product: Mask, edges: Mask) -> Mask:
    """Background within the product: exactly of its colour, smooth, and with an edge all around."""
    apart = np.linalg.norm(lab - surface, axis=-1)
    inside = product & (apart < 1.6) & ~edges
    inside &= dilated(eroded(inside, 2), 2)
    names, found = labelled(inside, corners=False)
    holes = np.zeros_like(product)
    ways = dilated(edges, 1)
    for name, count in enumerate(np.bincount(names.ravel(), minlength=found + 1)[1:], 1):
        if count < max(30, 0.0003 * float(product.sum())):
            continue
        piece = names == name
        around = dilated(piece, 2) & ~piece
        if float((around & ways).sum()) > 0.95 * float(around.sum()) and float(np.median(apart[piece])) < 0.6:
            holes |= dilated(piece, 2)
    return holes


def _is_sure(product: Mask, edges: Mask, light: Floats, soft: Floats) -> bool:
    side = min(product.shape)
    outline = product & ~eroded(product, 1)
    return (
        float(np.median(light[product])) > BRIGHT
        and int((product & ~dilated(eroded(product, 3), 4)).sum()) <= LINES * side
        and int((outline & ~dilated(edges, 2)).sum()) <= LOOSE * int(outline.sum())
        and int((edges & ~dilated(product, 4)).sum()) <= LOST * side
        and _underlined(soft, product) <= UNDERLINED + _underlined(soft[::-1], product[::-1])
        and not _faintly_goes_on(light, product)
    )


def _underlined(light: Floats, product: Mask) -> float:
    """The share of a product's columns that end in a dark line, or just below an edge that is the stronger one."""
    columns = np.flatnonzero(product.any(axis=0))
    last = len(product) - 1 - product[::-1, columns].argmax(axis=0)
    inside = (last >= 16) & (last < len(product) - 3)
    columns, last = columns[inside], last[inside]
    if not len(columns):
        return 0.0
    bend = np.abs(curvature(light))

    def beside(values: Floats, *ups: int) -> Floats:
        return np.stack([values[last - up, columns] for up in ups])

    darker = beside(light, 9, 10, 11, 12).mean(axis=0) - beside(light, 1, 2, 3, 4).min(axis=0) > 4
    inner, outer = beside(bend, *range(5, 14)).max(axis=0), beside(bend, -2, -1, 0, 1, 2).max(axis=0)
    return float((darker | (inner > np.maximum(1.5 * outer, 2 * CREASE))).mean())


def _faintly_goes_on(light: Floats, product: Mask) -> bool:
    """Whether there are edges beside and above the product that only a wider look shows; below it lie its shadows."""
    rows = np.flatnonzero(product.any(axis=1))
    far = ~dilated(product, 9)
    far[rows[0] + round(0.55 * (rows[-1] - rows[0])) :] = False
    far[:8] = far[:, :8] = far[:, -8:] = False
    bend = np.abs(curvature(blurred(light, 2.5)))
    if not far.any():
        return False
    names, found = labelled((bend > max(FAINT, 6 * float(np.median(bend[far])))) & far, corners=True)
    return bool(found) and int(np.bincount(names.ravel())[1:].max()) > FAINT_PIXELS
