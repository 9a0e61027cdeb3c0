"""Faces: what is found of them in a picture, and what makes two of them comparable."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from darkroom.errors import PackMismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from darkroom.domain.detection import Box

FUNCTION_GIGABYTES: Final = 3_008 / 1_024
"""Memory of the function that finds faces, which a job's estimate is made with; a test holds it to the template."""

Point = tuple[float, float]
"""(x, y), in pixels of the upright image."""


class Licence(StrEnum):
    """What a pack's weights may be used for."""

    COMMERCIAL = "commercial"
    NON_COMMERCIAL = "non-commercial"


@dataclass(frozen=True, slots=True)
class FaceSpace:
    """Where embeddings come from. Two of one `pack` can be compared, whatever engine ran it; of two packs, never.

    `threshold` is the cosine from which two embeddings are taken for one person, calibrated for the pack.
    """

    engine: str
    pack: str
    dimensions: int
    licence: Licence
    threshold: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How fit a face is to be recognised by.

    `size`: pixels between the box's shorter sides, in the picture as it was sent. `sharpness`: variance of the
    Laplacian of the aligned face, grey, 0-255. `yaw`, `pitch` and `roll`: degrees, roughly, of the five landmarks.
    `brightness` 0-1 and `contrast` 0-1: mean and deviation of the aligned face's luma. `inside`: the share of the box
    that lies in the picture.
    """

    size: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    brightness: float
    contrast: float
    inside: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face.

    `bbox` is clipped to the picture; `landmarks` are five: the eye that is left in the picture, the right one, the
    nose, the mouth's left corner, its right one. `score` is the detector's, 0-1. `embedding` has unit length, float32,
    shape (dimensions,), and is left out of representations, so that none reaches a log.
    """

    bbox: Box
    score: float
    landmarks: tuple[Point, Point, Point, Point, Point]
    embedding: NDArray[np.float32] = field(repr=False)


def pack_mismatch(one: str, other: str) -> PackMismatchError:
    """Vectors of `one` met a search or a face of `other`."""
    return PackMismatchError(
        f"Embeddings of {one} say nothing about embeddings of {other}",
        fix=f"Use {other} for both, or have all enrolled faces embedded anew: darkroom faces reembed --model {one}",
    )
