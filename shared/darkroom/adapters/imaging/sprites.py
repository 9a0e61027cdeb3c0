"""A sheet of sprites cut apart into the frames of an animation: for engines that draw one picture and no movement.

Who draws a sheet from words keeps to its grid roughly: gutters wander, lines are drawn between the cells, and the
subject stands a little elsewhere in each. So the gutters are looked for, lines are taken out, and the frames are laid
over each other where they agree most, so that what moves is what was meant to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageFilter

from darkroom.adapters.imaging.measure import ink_mask
from darkroom.adapters.imaging.palette import cleared
from darkroom.adapters.imaging.regions import labelled
from darkroom.adapters.imaging.trim import box, commonest
from darkroom.errors import BadImageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.imaging.trim import Colour

    Pixels = NDArray[np.uint8]
    Mask = NDArray[np.bool_]

SMALLEST: Final = 8
"""Pixels of a cell's shorter side."""
WANDERING: Final = 0.2
"""How far a gutter may be from its place in an even grid, in cells."""
RULED: Final = 0.8
"""A row or column that is inked for so much of its length is a line between cells, or a frame around the sheet."""
CRUMBS: Final = 0.06
"""The depth of a cell's rim, of its side: parts that lie wholly in it belong to nothing in the cell."""
DRIFT: Final = 0.25
"""The furthest that a frame is moved to fit the others, in cells: further is no accident."""
MARGIN: Final = 0.04
"""Around all that is drawn in any frame, of the frames' longer side."""


def cut(pixels: Pixels, *, rows: int, columns: int, frames: int, width: int, height: int) -> list[Pixels]:
    """The first `frames` cells in reading order, each (height, width, 4) RGBA on the sheet's own paper.

    `pixels` is the sheet, RGBA, of any size. Raises BadImageError where its cells are too small to hold anything.
    """
    if not 0 < frames <= rows * columns:
        raise ValueError(f"A sheet of {rows} by {columns} does not hold {frames} frames")
    tall, wide = pixels.shape[0] / rows, pixels.shape[1] / columns
    if min(tall, wide) < SMALLEST:
        raise BadImageError("The sheet of frames is too small to be cut", fix="Ask for fewer or larger frames.")
    colour = commonest(cleared(pixels))  # not the edge's, where the sheet may have a frame
    ink = ink_mask(pixels, colour)
    ruled = _ruled(ink, tall, wide)
    ink &= ~ruled
    clean = np.where(ruled[..., None], np.array(colour, np.uint8), pixels)
    across, down = _gutters(ink, columns), _gutters(ink.T, rows)
    cells = []
    for place in range(frames):
        row, column = divmod(place, columns)
        part = np.s_[down[row] : down[row + 1], across[column] : across[column + 1]]
        cells.append(_swept(clean[part], ink[part], colour))
    return _laid(cells, colour, width, height)


def _ruled(ink: Mask, tall: float, wide: float) -> Mask:
    """Lines between cells and around the sheet, and a pixel on both sides of each for its smoothed edges."""
    found = np.zeros_like(ink)
    for mask, size, target in ((ink, wide, found), (ink.T, tall, found.T)):
        full = mask.mean(axis=0) >= RULED
        # A band as broad as that is no line: it is something drawn over the whole sheet.
        wide_run = _run_lengths(full) > max(2.0, size / 12)
        line = full & ~wide_run
        line[1:] |= line[:-1].copy()
        line[:-1] |= line[1:].copy()
        target[:, line] = True
    return found


def _swept(part: Pixels, ink: Mask, colour: Colour) -> tuple[Pixels, Mask]:
    """A cell without crumbs at its edges: the rest of a slanted line, or of what its neighbour holds."""
    labels, count = labelled(ink, corners=True)
    strips = np.ones(ink.shape, np.bool_)
    depths = [max(1, round(CRUMBS * side)) for side in ink.shape]
    strips[depths[0] : -depths[0], depths[1] : -depths[1]] = False
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    outside = np.bincount(labels[strips], minlength=count + 1) == areas
    outside[0] = False
    crumbs = outside[labels]
    around = np.asarray(Image.fromarray(crumbs.astype(np.uint8)).filter(ImageFilter.MaxFilter(3)))
    return np.where(around[..., None] > 0, np.array(colour, np.uint8), part), ink & ~crumbs


def _run_lengths(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each place, the length of the run of True that it is in; 0 where it is False."""
    steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    starts, ends = np.nonzero(steps == 1)[0], np.nonzero(steps == -1)[0]
    lengths = np.zeros(len(flags), np.intp)
    for start, end in zip(starts, ends, strict=True):
        lengths[start:end] = end - start
    return lengths


def _gutters(ink: Mask, count: int) -> list[int]:
    """Where to cut along the columns of `ink`: of the emptiest places around each even cut, the one nearest to it."""
    length = ink.shape[1]
    size = length / count
    filled = ink.sum(axis=0)
    cuts = [0]
    for number in range(1, count):
        even = number * size
        low, high = round(even - WANDERING * size), round(even + WANDERING * size) + 1
        window = filled[low:high]
        empty = np.nonzero(window == window.min())[0] + low
        cuts.append(int(empty[np.abs(empty - even).argmin()]))
    return [*cuts, length]


def _laid(cells: Sequence[tuple[Pixels, Mask]], colour: Colour, width: int, height: int) -> list[Pixels]:
    tall, wide = max(mask.shape[0] for _, mask in cells), max(mask.shape[1] for _, mask in cells)
    shifts = _shifts([mask for _, mask in cells], tall, wide)
    # What is drawn in any frame, after the shifts: all of it stays in the picture, with the same room around it.
    regions = []
    for (_, mask), (down, across) in zip(cells, shifts, strict=True):
        found = box(mask)
        if found is not None:
            regions.append((found[0] + across, found[1] + down, found[2] + across, found[3] + down))
    left, top = (min(region[side] for region in regions) for side in (0, 1)) if regions else (0, 0)
    right, bottom = (max(region[side] for region in regions) for side in (2, 3)) if regions else (wide, tall)
    room = 1 + 2 * MARGIN
    scale = max(wide / width, tall / height, room * (right - left) / width, room * (bottom - top) / height)
    seen_wide, seen_tall = round(width * scale), round(height * scale)
    x, y = (left + right - seen_wide) // 2, (top + bottom - seen_tall) // 2
    frames = []
    for (part, _), (down, across) in zip(cells, shifts, strict=True):
        canvas = np.broadcast_to(np.array(colour, np.uint8), (seen_tall, seen_wide, 4)).copy()
        _paste(canvas, part, down - y, across - x)
        frames.append(np.asarray(Image.fromarray(canvas).resize((width, height), Image.Resampling.LANCZOS)))
    return frames


def _paste(canvas: Pixels, part: Pixels, top: int, left: int) -> None:
    """`part` into `canvas` with its corner there, as far as it reaches."""
    y1, x1 = max(top, 0), max(left, 0)
    y2, x2 = min(top + part.shape[0], canvas.shape[0]), min(left + part.shape[1], canvas.shape[1])
    if y1 < y2 and x1 < x2:
        canvas[y1:y2, x1:x2] = part[y1 - top : y2 - top, x1 - left : x2 - left]


def _shifts(masks: Sequence[Mask], tall: int, wide: int) -> list[tuple[int, int]]:
    """How far down and across each cell moves so that it covers the mean of those before it best.

    By cross-correlation through Fourier's transform. It goes by most of the ink, the body, so a raised arm does not
    move the figure as it moves the figure's box.
    """
    shape = 2 * tall, 2 * wide
    mean = np.zeros(shape)
    shifts: list[tuple[int, int]] = []
    for mask in masks:
        if not mask.any():
            shifts.append((0, 0))
            continue
        padded = np.zeros(shape)
        padded[: mask.shape[0], : mask.shape[1]] = mask
        if not mean.any():
            shift = (0, 0)
        else:
            match = np.fft.irfft2(np.fft.rfft2(mean) * np.conj(np.fft.rfft2(padded)), shape)
            limits = round(DRIFT * tall), round(DRIFT * wide)
            near = np.roll(match, limits, axis=(0, 1))[: 2 * limits[0] + 1, : 2 * limits[1] + 1]
            at = np.unravel_index(int(near.argmax()), near.shape)
            shift = int(at[0]) - limits[0], int(at[1]) - limits[1]
        shifts.append(shift)
        mean += np.roll(padded, shift, axis=(0, 1))
    return shifts
