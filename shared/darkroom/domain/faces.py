"""Faces: what is found of them in a picture, and what makes two of them comparable."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from darkroom.errors import PackMismatchError

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    `size`: pixels of the box's shorter side, in the picture as it was sent. The rest is of the aligned face, what a
    recogniser sees. `sharpness`: the variance of its Laplacian in percent of its own. `yaw`, `pitch` and `roll`:
    degrees, roughly, by the five landmarks; positive where it looks to the right of the picture, looks down, and leans
    clockwise. `brightness` and `contrast`: mean and deviation of its luma, 0-1. `inside`: the share of it that lies in
    the picture.
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


# Below each of these a vector is no longer the one of the same face untouched, with a cosine of about 0.9. Read off the
# pictures of `tests/unit/faces/test_quality.py`, made smaller, blurred, darkened and cut, with a MobileFaceNet.
LEAST_SIZE: Final = 64
"""Pixels; 0.98 at 64, 0.92 at 40 and 0.7 at 24. What others are compared with should be better than they are."""
LEAST_SHARPNESS: Final = 2.0
"""0.95 at 2.5, 0.87 at 0.9 and 0.74 at 0.5."""
MOST_YAW: Final = 50.0
"""Degrees. Of a face that looks further aside, one eye is not seen."""
MOST_PITCH: Final = 50.0
"""Degrees. Five landmarks tell a broad smile from a look downward badly: faces from the front reach 30."""
MOST_ROLL: Final = 60.0
"""Degrees. Alignment turns a face back; one that lies is a picture that was sent on its side, where detectors err."""
LEAST_BRIGHTNESS: Final = 0.12
"""0.8 to 0.9 at 0.16, 0.5 to 0.75 at 0.1. Dark skin in a room's light has 0.2 and more."""
MOST_BRIGHTNESS: Final = 0.9
LEAST_CONTRAST: Final = 0.04
LEAST_INSIDE: Final = 0.8
"""0.9 to 1 where a tenth is cut off, 0.75 where a quarter is."""
LEAST_SCORE: Final = 0.6
"""Of the detector; clear faces have 0.7 and more with each."""


def reasons(quality: Quality, score: float) -> tuple[str, ...]:
    """Why a face cannot be enrolled, in words, each with what mends it; nothing where it can."""
    return tuple(_reasons(quality, score))


def _reasons(quality: Quality, score: float) -> Iterator[str]:
    if quality.size < LEAST_SIZE:
        yield f"The face is {quality.size:.0f} pixels wide; {LEAST_SIZE} is the least: send a larger picture"
    if quality.inside < LEAST_INSIDE:
        yield f"{quality.inside:.0%} of the face is seen; {LEAST_INSIDE:.0%} is the least: send a picture with it all"
    if quality.sharpness < LEAST_SHARPNESS:
        told = f"its sharpness is {quality.sharpness:.1f}; {LEAST_SHARPNESS:g} is the least"
        yield f"The face is blurred, {told}: send a sharper picture"
    if abs(quality.yaw) > MOST_YAW:
        told = f"by {abs(quality.yaw):.0f} degrees; {MOST_YAW:.0f} is the most"
        yield f"The face is turned aside {told}: send one that looks at the camera"
    if abs(quality.pitch) > MOST_PITCH:
        told = (
            f"{'down' if quality.pitch > 0 else 'up'} by {abs(quality.pitch):.0f} degrees; {MOST_PITCH:.0f} is the most"
        )
        yield f"The face looks {told}: send one that looks at the camera"
    if abs(quality.roll) > MOST_ROLL:
        told = f"by {abs(quality.roll):.0f} degrees; {MOST_ROLL:.0f} is the most"
        yield f"The face leans {told}: turn the picture upright"
    if quality.brightness < LEAST_BRIGHTNESS:
        told = f"its brightness is {quality.brightness:.2f}; {LEAST_BRIGHTNESS:g} is the least"
        yield f"The face is too dark, {told}: use more light"
    elif quality.brightness > MOST_BRIGHTNESS:
        told = f"its brightness is {quality.brightness:.2f}; {MOST_BRIGHTNESS:g} is the most"
        yield f"The face is overexposed, {told}: use less light"
    elif quality.contrast < LEAST_CONTRAST:
        told = f"its contrast is {quality.contrast:.2f}; {LEAST_CONTRAST:g} is the least"
        yield f"The face is pale, {told}: clean the lens, or use other light"
    if score < LEAST_SCORE:
        told = f"{score:.0%} sure that it is a face; {LEAST_SCORE:.0%} is the least"
        yield f"The detector is {told}: send a clearer picture"


def pack_mismatch(one: str, other: str) -> PackMismatchError:
    """Vectors of `one` met a search or a face of `other`."""
    return PackMismatchError(
        f"Embeddings of {one} say nothing about embeddings of {other}",
        fix=f"Use {other} for both, or have all enrolled faces embedded anew: darkroom faces reembed --model {one}",
    )
