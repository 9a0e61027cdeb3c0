"""Faces in memory, without weights: solid rectangles of a pure colour are faces, and the colour is who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from darkroom.adapters.memory.vision import written
from darkroom.domain.faces import Face, FaceSpace, Licence, Quality
from darkroom.usecases.sources import picture_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from darkroom.errors import DarkroomError
    from darkroom.usecases.faces import FaceReading

SMALLEST: Final = 4
"""Pixels of a face's shorter side."""
MARKS: Final = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
"""Where the landmarks stand in the rectangle, as shares of its sides."""
WHITE: Final = (255, 255, 255)


class MemoryFaces:
    """A FaceModel. A colour is pure where one of its channels is 0 and another is 255.

    Embeddings have three dimensions: the colour seen from grey. So (255, 128, 0) is like (255, 0, 0) with a cosine of
    0.82, while any two of red, green, blue and their opposites are below 0.5. The larger face is the surer one.
    `trouble` is raised instead of an answer, one error a call, None for a call that goes well; `calls` counts them all.
    """

    def __init__(self, *, pack: str = "colours", trouble: Iterable[DarkroomError | None] = ()) -> None:
        self.space = FaceSpace("memory", pack, 3, Licence.COMMERCIAL, 0.5)
        self.calls = 0
        self._trouble = iter(trouble)

    def faces(self, pixels: NDArray[np.uint8]) -> Sequence[Face]:
        self.calls += 1
        trouble = next(self._trouble, None)
        if trouble is not None:
            raise trouble
        found = [_face(pixels[y1, x1], (x1, y1, x2, y2)) for x1, y1, x2, y2 in _rectangles(pixels)]
        return sorted(found, key=lambda face: -face.score)


def _rectangles(pixels: NDArray[np.uint8]) -> Iterator[tuple[int, int, int, int]]:
    """From each pure pixel that is not in one yet, as far to the right as its colour goes, then as far down."""
    colours = pixels.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1])
    left = (pixels.max(axis=2) == 255) & (pixels.min(axis=2) == 0)
    height, width = left.shape
    while left.any():
        top, start = divmod(int(left.argmax()), width)
        same = left & (colours == colours[top, start])
        end, bottom = start, top
        while end < width and same[top, end]:
            end += 1
        while bottom < height and same[bottom, start:end].all():
            bottom += 1
        left[top:bottom, start:end] = False
        if min(end - start, bottom - top) >= SMALLEST:
            yield start, top, end, bottom


def _face(colour: NDArray[np.uint8], edges: tuple[int, int, int, int]) -> Face:
    x1, y1, x2, y2 = map(float, edges)
    width, height = x2 - x1, y2 - y1
    one, two, three, four, five = ((x1 + across * width, y1 + down * height) for across, down in MARKS)
    direction = colour.astype(np.float32) - 127.5
    side = min(width, height)
    return Face(
        (x1, y1, x2, y2), side / (side + 1), (one, two, three, four, five), direction / np.linalg.norm(direction)
    )


class MemoryFaceMeter:
    """A FaceMeter: the size is true, a face at the picture's edge counts as half, and all else is as good as can be."""

    def measure(self, pixels: NDArray[np.uint8], face: Face) -> Quality:
        height, width = pixels.shape[:2]
        x1, y1, x2, y2 = face.bbox
        whole = x1 > 0 and y1 > 0 and x2 < width and y2 < height
        return Quality(
            size=min(x2 - x1, y2 - y1),
            sharpness=500.0,
            yaw=0.0,
            pitch=0.0,
            roll=0.0,
            brightness=0.5,
            contrast=0.25,
            inside=1.0 if whole else 0.5,
        )


class MemoryFacePictures:
    """A FacePictures that writes binary PPM, which MemoryImages reads."""

    def crop(self, pixels: NDArray[np.uint8], face: Face) -> bytes:
        x1, y1, x2, y2 = (round(edge) for edge in face.bbox)
        margin = max(x2 - x1, y2 - y1) // 4
        return written(pixels[max(0, y1 - margin) : y2 + margin, max(0, x1 - margin) : x2 + margin])

    def drawn(self, pixels: NDArray[np.uint8], faces: Sequence[Face]) -> bytes:
        drawn = pixels.copy()
        for face in faces:
            x1, y1, x2, y2 = (round(edge) for edge in face.bbox)
            drawn[[y1, y2 - 1], x1:x2] = WHITE
            drawn[y1:y2, [x1, x2 - 1]] = WHITE
        return written(drawn)


class MemoryFaceReader:
    """A FaceReader in the same process: twin of the one that invokes a function.

    `trouble` is raised instead of an answer, one error a call of `read`, None for a call that goes well.
    """

    def __init__(self, reading: FaceReading, *, trouble: Iterable[DarkroomError | None] = ()) -> None:
        self._reading = reading
        self._trouble = iter(trouble)

    def read(self, owner: str, source: Mapping[str, Any], *, pack: str | None = None) -> Mapping[str, Any]:
        trouble = next(self._trouble, None)
        if trouble is not None:
            raise trouble
        found = self._reading.read(owner, [source], crops=True, pack=pack)
        (result,) = found["results"]
        if "error" in result:
            raise picture_error(result["error"])
        return found

    def model(self, pack: str | None = None) -> Mapping[str, Any]:
        model: Mapping[str, Any] = self._reading.read("", [], pack=pack)["model"]
        return model
