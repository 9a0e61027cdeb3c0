"""How alike two pictures look: the structural similarity index (Wang, Bovik, Sheikh, Simoncelli, "Image quality
assessment: from error visibility to structural similarity", IEEE Transactions on Image Processing 13(4), 2004).

As in the paper: a Gaussian window of 11 by 11 with sigma 1.5, K1 = 0.01, K2 = 0.03, L = 255, and the mean over all
places where the whole window fits; of colours, the mean of red, green and blue. Transparent pictures are compared as
seen over black, as seen over white, and in their opacity; the least alike of the three counts, so nothing hides in
transparency.

The index has two blind spots that matter for drawings, so two more things are told. Empty paper is exactly like
empty paper, which lifts the mean of a thin drawing whatever became of its lines: `inked` is the mean where there is
something to see. And a faint shading that is gone hardly lowers it: `shift` is how far the mean tone of a spot is off.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW: Final = 11
SIGMA: Final = 1.5
C1: Final = (0.01 * 255) ** 2
C2: Final = (0.03 * 255) ** 2
BLOCK: Final = 64
"""Rows that are blurred by one product of matrices: a narrow band of the whole, so few of its factors are zeros."""
FLAT: Final = 1.0
"""Variance of a window below which there is nothing to see in it."""
BAND: Final = 1_000_000
"""Pixels of a large picture that are compared at once."""
SPOT: Final = 16
"""Pixels a side of the spots whose mean tones are compared: smoothed edges even out in them, shadings do not."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`ssim` and `inked` are 1 for the same picture; `shift` is a tone from 0 to 255.

    `places` is how many there are with something to see.
    """

    ssim: float
    inked: float
    shift: float
    places: int


class Original:
    """A picture that others are held against; what depends on it alone is computed once."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        """(height, width, 4) RGBA."""
        self._opaque = bool((pixels[..., 3] == 255).all())
        self._grey = _is_grey(pixels)
        self._views = [[(plane, *_moments(plane)) for plane in view] for view in _views(pixels, self._opaque)]

    def likeness(self, pixels: NDArray[np.uint8]) -> Likeness:
        """Of a picture of the same shape."""
        grey = self._grey and _is_grey(pixels)
        others = _views(pixels, self._opaque)
        if self._opaque and (pixels[..., 3] != 255).any():
            others[0] = _views(pixels, opaque=False)[1]  # the paper was white at best
        whole, inked, shift, seen = [], [], 0.0, 0
        for view, other_view in zip(self._views, others, strict=True):
            planes = list(zip(view, other_view, strict=True))
            found = [_compare(*own, other) for own, other in (planes[:1] if grey else planes)]
            whole.append(float(np.mean([one[0] for one in found])))
            places = sum(one[2] for one in found)
            inked.append(sum(one[1] for one in found) / places if places else 1.0)
            shift = max(shift, *(one[3] for one in found))
            seen = max(seen, places)
        return Likeness(min(whole), min(inked), shift, seen)


class LargeOriginal:
    """The same for a picture that would fill the memory: band by band, each as if it were a picture of its own.

    The least of the three views is taken in each band, so what it tells is at most what Original would.
    """

    def __init__(self, pixels: NDArray[np.uint8], band: int = BAND) -> None:
        """`band` is how many pixels are compared at once."""
        self._pixels = pixels
        self._rows = max(SPOT, band // pixels.shape[1] // SPOT * SPOT)

    def likeness(self, pixels: NDArray[np.uint8]) -> Likeness:
        windows = max(1, pixels.shape[0] - WINDOW + 1)
        whole = inked = shift = 0.0
        places = 0
        for top in range(0, windows, self._rows):
            rows = np.s_[top : top + self._rows + WINDOW - 1]
            band = Original(self._pixels[rows]).likeness(pixels[rows])
            whole += band.ssim * min(self._rows, windows - top)
            inked += band.inked * band.places
            places += band.places
            shift = max(shift, band.shift)
        return Likeness(whole / windows, inked / places if places else 1.0, shift, places)


def _is_grey(pixels: NDArray[np.uint8]) -> bool:
    return bool(np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 1], pixels[..., 2]))


def _views(pixels: NDArray[np.uint8], opaque: bool) -> list[list[NDArray[np.float32]]]:
    """Red, green and blue over black, then over white, then the opacity; of an opaque picture one view is all."""
    if opaque:
        return [[pixels[..., channel].astype(np.float32) for channel in range(3)]]
    opacity = pixels[..., 3].astype(np.float32)
    share = opacity / np.float32(255)
    black = [pixels[..., channel] * share for channel in range(3)]
    return [black, [plane + (255 - opacity) for plane in black], [opacity]]


def _moments(plane: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Means and variances within the window, wherever it fits."""
    mean = _blur(plane)
    return mean, _blur(plane * plane) - mean * mean


def _compare(
    plane: NDArray[np.float32],
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
    other: NDArray[np.float32],
) -> tuple[float, float, int, float]:
    """Mean SSIM; its sum over the places where there is something to see, and how many they are; the largest shift."""
    if np.array_equal(plane, other):
        count = int(np.count_nonzero(variance > FLAT))
        return 1.0, float(count), count, 0.0
    other_mean, other_variance = _moments(other)
    product = mean * other_mean
    covariance = _blur(plane * other) - product
    above = (2 * product + C1) * (2 * covariance + C2)
    below = (mean * mean + other_mean * other_mean + C1) * (variance + other_variance + C2)
    ssim = above / below
    places = (variance > FLAT) | (ssim < 1 - 1e-3)
    count = int(np.count_nonzero(places))
    return float(ssim.mean()), float(ssim[places].sum()), count, _shift(plane - other)


def _shift(difference: NDArray[np.float32]) -> float:
    height, width = difference.shape
    padded = np.pad(difference, ((0, -height % SPOT), (0, -width % SPOT)))
    rows, columns = padded.shape[0] // SPOT, padded.shape[1] // SPOT
    return float(np.abs(padded.reshape(rows, SPOT, columns, SPOT).mean(axis=(1, 3))).max())


def _blur(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gaussian means wherever the window fits. A picture that is smaller than the window is continued at its edges."""
    grow = [max(WINDOW - size, 0) for size in plane.shape]
    if any(grow):
        plane = np.pad(plane, [(extra // 2, extra - extra // 2) for extra in grow], mode="edge")
    return _down(_down(plane).T).T


def _down(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = plane.shape[0] - WINDOW + 1
    made = np.empty((rows, plane.shape[1]), np.float32)
    for top in range(0, rows, BLOCK):
        count = min(BLOCK, rows - top)
        np.matmul(_band(count), plane[top : top + count + WINDOW - 1], out=made[top : top + count])
    return made


@cache
def _band(rows: int) -> NDArray[np.float32]:
    """(rows, rows + 10): each row is the window, one place further on."""
    window = np.exp(-((np.arange(WINDOW) - WINDOW // 2) ** 2) / (2 * SIGMA**2))
    window /= window.sum()
    band = np.zeros((rows, rows + WINDOW - 1), np.float32)
    for row in range(rows):
        band[row, row : row + WINDOW] = window
    return band
