"""Faces turned upright and brought to one size, by their five landmarks, as ArcFace was trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

SIDE: Final = 112
"""Pixels of an aligned face, across and down."""
POINTS: Final = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""(x, y) of the five landmarks in an aligned face, in the order of Face.landmarks: ArcFace's template (Deng et al.,
"ArcFace", 2019; insightface, utils/face_align.py)."""


def similarity(landmarks: Floats) -> tuple[complex, complex]:
    """(turn, shift) with `point = turn * aligned + shift`, points being x + iy: from an aligned face to the picture.

    The least-squares similarity from the landmarks (5, 2) to POINTS (Umeyama, "Least-squares estimation of
    transformation parameters", 1991), which in two dimensions is a division of complex numbers; then its inverse.
    Raises ValueError for landmarks that are one point or no numbers.
    """
    if not np.isfinite(landmarks).all():
        raise ValueError("These landmarks are no numbers")
    found, wanted = _complex(landmarks), _complex(POINTS)
    middle, centre = found.mean(), wanted.mean()
    spread = np.vdot(found - middle, found - middle)
    forward = np.vdot(found - middle, wanted - centre) / spread if spread else 0
    if not forward:
        raise ValueError("These landmarks are one point")
    turn = complex(1 / forward)
    return turn, complex(middle - turn * centre)


def aligned(pixels: NDArray[np.uint8], landmarks: Floats, side: int = SIDE) -> NDArray[np.uint8]:
    """The face with these landmarks (5, 2) as pixels (side, side, 3), of pixels (height, width, 3) in any order.

    Bilinear samples at whole coordinates, black outside of the picture, as OpenCV's warpAffine takes them.
    Raises ValueError as `similarity` does.
    """
    turn, shift = similarity(landmarks)
    height, width = pixels.shape[:2]
    steps = np.arange(side) * (SIDE / side)
    x = (turn.real * steps + shift.real)[None, :] - (turn.imag * steps)[:, None]
    y = (turn.imag * steps + shift.imag)[None, :] + (turn.real * steps)[:, None]
    # What is far out of the picture is as black as what is just out of it, and its numbers fit no integer.
    np.clip(x, -2, width + 1, out=x)
    np.clip(y, -2, height + 1, out=y)
    left, upper = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    across, down = (x - left).astype(np.float32)[..., None], (y - upper).astype(np.float32)[..., None]
    whole = left.min() >= 0 and upper.min() >= 0 and left.max() < width - 1 and upper.max() < height - 1
    values = pixels.reshape(-1, 3)

    def corner(below: int, beside: int) -> NDArray[np.float32]:
        row, column = upper + below, left + beside
        taken: NDArray[np.float32] = values.take(row * width + column, axis=0, mode="clip").astype(np.float32)
        if not whole:
            taken[(row < 0) | (row >= height) | (column < 0) | (column >= width)] = 0
        return taken

    one, two, three, four = corner(0, 0), corner(0, 1), corner(1, 0), corner(1, 1)
    one += (two - one) * across
    three += (four - three) * across
    one += (three - one) * down
    return np.rint(one, out=one).astype(np.uint8)


def _complex(points: Floats) -> NDArray[np.complex128]:
    x, y = np.asarray(points, np.float64).T
    return np.asarray(x + 1j * y, np.complex128)
