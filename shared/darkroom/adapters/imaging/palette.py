"""Pictures in few colours: a palette for RGBA pixels, transparency included.

Colours are compared as they would be seen over black and over white at once: six numbers each, c = p (premultiplied)
and p + 255 - a. So a pixel nobody sees has no colour, half transparent red is near to half transparent orange, and the
mean of a cluster is the colour and the opacity that come nearest to all of it.

The palette is made by splitting: the cluster of the largest error is cut across its longest axis (principal direction
of its covariance, at its mean), then all are refined by Lloyd's k-means (S. P. Lloyd, 1982) over distinct colours
weighted by how many pixels have them. No dithering: noise costs more bytes, and more likeness at the edges of a
drawing, than it wins in its fills (`benchmarks/optimise.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

MOST: Final = 256
DISTINCT: Final = 8_192
"""Distinct colours that are clustered; more are first merged by dropping low bits."""
ROUNDS: Final = 4
"""Of k-means, after the splitting. More change little."""
OWN_SHARE: Final = 0.5
"""A colour that is so much of its cluster is kept exactly: flat areas stay what they are."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """`indices` (height, width) into `colours` (n, 4) RGBA, n at most 256."""

    indices: NDArray[np.uint8]
    colours: NDArray[np.uint8]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        return self.colours[self.indices]


def cleared(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same picture with (0, 0, 0, 0) wherever it is fully transparent."""
    return np.where(pixels[..., 3:] == 0, np.uint8(0), pixels)


def seen(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 4) RGBA to (n, 6): over black, over white, from 0 to 255."""
    alpha = colours[:, 3:].astype(np.float32)
    black = colours[:, :3] * (alpha / 255)
    return np.concatenate([black, black + (255 - alpha)], axis=1)


def _unseen(points: NDArray[np.float32]) -> NDArray[np.uint8]:
    black, white = points[:, :3], points[:, 3:]
    alpha = 255 - (white - black).mean(axis=1, keepdims=True)
    colour = black * 255 / np.maximum(alpha, 1)
    made = np.clip(np.rint(np.concatenate([colour, alpha], axis=1)), 0, 255).astype(np.uint8)
    return cleared(made)


class Colours:
    """The distinct colours of one picture, or of the frames of one animation, and palettes for them."""

    def __init__(self, frames: Iterable[NDArray[np.uint8]]) -> None:
        """`frames` are (height, width, 4), RGBA."""
        self._frames = [_words(cleared(frame)) for frame in frames]
        parts = [np.unique(frame, return_counts=True) for frame in self._frames]
        self._distinct, where = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
        counts: NDArray[np.float64] = np.bincount(where, np.concatenate([part[1] for part in parts])).astype(np.float64)
        self.count = len(self._distinct)
        # What is clustered: `_points` with their weights; `_place` says which of them a distinct colour belongs to.
        self._exact = _colours(self._distinct)
        self._weights: NDArray[np.float64]
        if self.count <= DISTINCT:
            self._place = np.arange(self.count)
            merged, self._weights = self._exact, counts
        else:
            merged, self._place, self._weights = _merged(self._exact, counts)
        self._merged = merged
        self._points = seen(merged)
        self._splits: list[NDArray[np.intp]] = [np.zeros(len(merged), np.intp)]

    def quantised(self, most: int) -> list[Indexed]:
        """Each frame in one shared palette of at most `most` colours, exactly where there are no more."""
        if self.count <= min(most, MOST):
            palette, own = self._exact, np.arange(self.count)
        else:
            centres = self._refined(self._split(most))
            nearest = _nearest(self._points, centres)
            palette, own = self._palette(centres, nearest)
            own = own[nearest][self._place]
        order = _order(palette)
        rank = np.empty(len(order), np.uint8)
        rank[order] = np.arange(len(order), dtype=np.uint8)
        lookup = rank[own]
        return [Indexed(lookup[np.searchsorted(self._distinct, frame)], palette[order]) for frame in self._frames]

    def _split(self, most: int) -> NDArray[np.intp]:
        """Which of `most` clusters each point is in. Splits are kept: a larger palette goes on from a smaller one."""
        while len(self._splits) < most:
            labels = self._splits[-1]
            worst = self._worst(labels, len(self._splits))
            if worst is None:
                return labels
            members = np.nonzero(labels == worst)[0]
            points, weights = self._points[members], self._weights[members]
            centred = points - np.average(points, axis=0, weights=weights)
            spread = (centred * weights[:, None]).T @ centred
            side = centred @ np.linalg.eigh(spread)[1][:, -1] > 0
            if side.all() or not side.any():
                return labels
            labels = labels.copy()
            labels[members[side]] = len(self._splits)
            self._splits.append(labels)
        return self._splits[most - 1]

    def _worst(self, labels: NDArray[np.intp], count: int) -> int | None:
        total = np.bincount(labels, self._weights, count)
        error = np.zeros(count)
        for column in self._points.T:
            first = np.bincount(labels, self._weights * column, count)
            error += np.bincount(labels, self._weights * column**2, count) - first**2 / np.maximum(total, 1)
        worst = int(error.argmax())
        return worst if error[worst] > 1 else None

    def _refined(self, labels: NDArray[np.intp]) -> NDArray[np.float32]:
        for _ in range(ROUNDS):
            centres = self._centres(labels)
            labels = _nearest(self._points, centres)
        return self._centres(labels)

    def _centres(self, labels: NDArray[np.intp]) -> NDArray[np.float32]:
        total = np.bincount(labels, self._weights)
        sums = [np.bincount(labels, self._weights * column) for column in self._points.T]
        used = total > 0
        return (np.stack(sums, axis=1)[used] / total[used, None]).astype(np.float32)

    def _palette(
        self, centres: NDArray[np.float32], nearest: NDArray[np.intp]
    ) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
        """The colours of the clusters without doubles, and which of them each cluster has."""
        made = _unseen(centres)
        # The heaviest point of each cluster comes last, so it is the one that stays.
        heaviest = np.zeros(len(centres), np.intp)
        order = np.argsort(self._weights, kind="stable")
        heaviest[nearest[order]] = order
        total = np.bincount(nearest, self._weights, len(centres))
        own = self._weights[heaviest] > OWN_SHARE * total
        made[own] = self._merged[heaviest[own]]
        distinct, inverse = np.unique(_words(made), return_inverse=True)
        return _colours(distinct), inverse


def _words(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(pixels).view(np.uint32)[..., 0]


def _colours(words: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(words).view(np.uint8).reshape(-1, 4)


def _merged(
    colours: NDArray[np.uint8], counts: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.intp], NDArray[np.float64]]:
    """At most DISTINCT colours for many: the heaviest one of each cell of a grid, which is as fine as that allows."""
    for bits in range(1, 8):
        cells, place = np.unique(_words(colours >> np.uint8(bits)), return_inverse=True)
        if len(cells) <= DISTINCT:
            break
    weights: NDArray[np.float64] = np.bincount(place, counts).astype(np.float64)
    order = np.argsort(counts, kind="stable")
    heaviest = np.zeros(len(cells), np.intp)
    heaviest[place[order]] = order
    return colours[heaviest], place, weights


def _nearest(points: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    return cast("NDArray[np.intp]", np.argmin((centres**2).sum(axis=1) - 2 * (points @ centres.T), axis=1))


def _order(palette: NDArray[np.uint8]) -> NDArray[np.intp]:
    """By opacity, then lightness: alpha entries first, as PNG likes its tRNS short, and neighbours alike."""
    return np.lexsort((palette[:, :3].sum(axis=1), palette[:, 3]))
