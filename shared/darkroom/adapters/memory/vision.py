"""Vision in memory: a reader of the plainest picture format there is, and a detector that sees colours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.domain import limits
from darkroom.domain.detection import Detection
from darkroom.errors import BadImageError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from darkroom.errors import DarkroomError

HEADER: Final = re.compile(rb"P6\n([1-9][0-9]{0,9}) ([1-9][0-9]{0,9})\n255\n")


def written(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels as MemoryImages reads them: binary PPM (https://netpbm.sourceforge.net/doc/ppm.html), 8 bits."""
    height, width = pixels.shape[:2]
    return f"P6\n{width} {height}\n255\n".encode() + pixels.tobytes()


class MemoryImages:
    """Twin of PillowImages, for binary PPM."""

    def __init__(self, *, most_bytes: int = limits.IMAGE_BYTES, most_pixels: int = limits.IMAGE_PIXELS) -> None:
        self._most_bytes = most_bytes
        self._most_pixels = most_pixels

    def read(self, data: bytes) -> NDArray[np.uint8]:
        if len(data) > self._most_bytes:
            raise TooLargeError("The image has too many bytes")
        header = HEADER.match(data)
        if header is None:
            raise BadImageError("These bytes are not a PPM")
        width, height = map(int, header.groups())
        if width * height > self._most_pixels:
            raise TooLargeError("The image has too many pixels", code="TOO_MANY_PIXELS")
        pixels = data[header.end() :]
        if len(pixels) < width * height * 3:
            raise BadImageError("The PPM is cut short")
        return np.frombuffer(pixels, np.uint8, width * height * 3).reshape(height, width, 3)


COLOURS: Final[Mapping[str, tuple[int, int, int]]] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
}


class MemoryDetector:
    """An ObjectDetector that finds the pure colours of COLOURS, each as the box around all its pixels.

    Its confidence is the share of the box that has the colour. `trouble` is raised instead of an answer, one error a
    call, None for a call that goes well; `calls` counts them all.
    """

    engine = "memory"
    model = "colours"

    def __init__(
        self, *, paid: bool = False, usd_per_image: float = 0.0, trouble: Iterable[DarkroomError | None] = ()
    ) -> None:
        self.paid = paid
        self.usd_per_image = usd_per_image
        self.calls = 0
        self._trouble = iter(trouble)

    def detect(self, pixels: NDArray[np.uint8]) -> Sequence[Detection]:
        self.calls += 1
        trouble = next(self._trouble, None)
        if trouble is not None:
            raise trouble
        found = []
        for label, colour in COLOURS.items():
            rows, columns = np.nonzero((pixels == colour).all(axis=2))
            if rows.size:
                x1, y1, x2, y2 = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
                share = rows.size / float((x2 - x1) * (y2 - y1))
                found.append(Detection(label, share, (float(x1), float(y1), float(x2), float(y2))))
        return sorted(found, key=lambda detection: -detection.confidence)
