"""How fit a face is to be recognised by, measured on its box, its landmarks and the aligned face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.vision.faces.alignment import POINTS, SIDE, aligned, similarity
from darkroom.domain.faces import Quality

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from darkroom.domain.faces import Face

DEPTHS: Final = (0.0, 0.0, 17.0, 4.0, 4.0)
"""How far each of POINTS stands out towards the viewer, in the same pixels, where the pupils are 35 (63 mm) apart: the
tip of a nose 30 mm, the corners of a mouth 7 mm."""
LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue (ITU-R BT.601)."""


class PixelFaceMeter:
    """The FaceMeter. Pixels are upright RGB, (height, width, 3).

    What lies out of the picture is no part of brightness, contrast and sharpness.
    """

    def measure(self, pixels: NDArray[np.uint8], face: Face) -> Quality:
        x1, y1, x2, y2 = face.bbox
        size = min(x2 - x1, y2 - y1)
        landmarks = np.array(face.landmarks)
        try:
            turn, shift = similarity(landmarks)
        except ValueError:  # landmarks that are one point: nothing can be said but the size
            return Quality(size, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        height, width = pixels.shape[:2]
        steps = np.arange(SIDE)
        points = turn * (steps[None, :] + 1j * steps[:, None]) + shift
        seen = (points.real >= 0) & (points.real <= width - 1) & (points.imag >= 0) & (points.imag <= height - 1)
        luma = aligned(pixels, landmarks) @ LUMA
        part = luma[seen] if seen.any() else np.zeros(1, np.float32)
        yaw, pitch, roll = _pose(landmarks)
        return Quality(
            size=size,
            sharpness=_sharpness(luma, seen),
            yaw=yaw,
            pitch=pitch,
            roll=roll,
            brightness=float(part.mean()) / 255,
            contrast=float(part.std()) / 255,
            inside=float(seen.mean()),
        )


def _sharpness(luma: NDArray[np.float32], seen: NDArray[np.bool_]) -> float:
    """The variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000), in
    percent of the variance of what it is taken of, so that a dark face is not a blurred one."""
    middle = slice(1, -1)
    neighbours = [(slice(-2), middle), (slice(2, None), middle), (middle, slice(-2)), (middle, slice(2, None))]
    laplacian = sum((luma[place] for place in neighbours), -4 * luma[middle, middle])
    whole = seen[middle, middle].copy()
    for place in neighbours:
        whole &= seen[place]
    variance = float(luma[seen].var()) if whole.any() else 0.0
    return 100 * float(laplacian[whole].var()) / variance if variance > 1e-6 else 0.0


def _pose(landmarks: NDArray[np.float64]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees: 0 as ArcFace's template looks.

    The landmarks without their roll are taken for an orthographic view of the template with depths (as POSIT begins:
    DeMenthon and Davis, 1995), fitted by least squares; where its third axis points is where the face looks.
    """
    eyes = landmarks[1] - landmarks[0]
    roll = np.arctan2(eyes[1], eyes[0])
    back = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    model = np.column_stack([POINTS, DEPTHS, np.ones(len(POINTS))])
    across, down = np.linalg.lstsq(model, landmarks @ back.T, rcond=None)[0][:3].T
    scale = max(float(np.hypot(*across[[0, 2]])), 1e-9), max(float(np.hypot(*down[1:])), 1e-9)
    yaw, pitch = (
        np.arcsin(np.clip(axis[2] / length, -1, 1)) for axis, length in zip((across, down), scale, strict=True)
    )
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))
