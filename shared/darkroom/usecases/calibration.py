"""The threshold of a model of faces, from pictures of people who are known to be the same or not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from darkroom.domain.verification import curve
from darkroom.errors import BadImageError, InvalidRequestError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.domain.faces import Face
    from darkroom.domain.verification import Curve
    from darkroom.ports import FaceModel, ImageReader

    Pixels = NDArray[np.uint8]

MOST_VECTORS: Final = 3_000
"""Of all faces; each is compared with each."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """`people` were told apart by `faces`, variations among them; of `missed` more the model saw nothing."""

    curve: Curve
    people: int
    faces: int
    missed: int


class FaceCalibration:
    def __init__(
        self,
        model: FaceModel,
        reader: ImageReader,
        vary: Callable[[Pixels, Face], Iterable[Pixels]],
        *,
        most: int = MOST_VECTORS,
    ) -> None:
        """`vary` makes pictures of one face, with the face in their middle; `most` faces or so are compared."""
        self.space = model.space
        self._model = model
        self._reader = reader
        self._vary = vary
        self._most = most

    def measure(
        self, pictures: Iterable[tuple[str, bytes]], tell: Callable[[str], None] = lambda _told: None
    ) -> Calibration:
        """Of (who it shows, an encoded picture). A picture with several faces shows people whom no other one shows.

        What is no picture is left out, and so are pictures beyond what is compared. `tell` is told of each. Raises
        InvalidRequestError where two people are not to be seen.
        """
        people: dict[str, list[NDArray[np.float32]]] = {}
        missed = 0
        for place, (who, data) in enumerate(pictures):
            if sum(map(len, people.values())) >= self._most:
                tell("The rest is left out: that is enough")
                break
            try:
                pixels = self._reader.read(data)
            except (BadImageError, TooLargeError) as error:
                tell(f"{who}: left out. {error.detail}")
                continue
            found = self._model.faces(pixels)
            for number, face in enumerate(found, 1):
                vectors = people.setdefault(who if len(found) == 1 else f"{who}, {place}, {number}", [])
                for varied in self._vary(pixels, face):
                    middle = self._middle(varied)
                    if middle is None:
                        missed += 1
                    else:
                        vectors.append(middle.embedding)
            tell(f"{who}: {len(found)} face{'' if len(found) == 1 else 's'}")
        return self._told({who: vectors for who, vectors in people.items() if vectors}, missed)

    def _middle(self, pixels: Pixels) -> Face | None:
        height, width = pixels.shape[:2]

        def off(face: Face) -> float:
            x1, y1, x2, y2 = face.bbox
            return float(abs(x1 + x2 - width) + abs(y1 + y2 - height))

        return min(self._model.faces(pixels), key=off, default=None)

    @staticmethod
    def _told(people: dict[str, list[NDArray[np.float32]]], missed: int) -> Calibration:
        import numpy as np

        stacked = [np.array(vectors) for vectors in people.values()]
        same = [one @ one.T for one in stacked]
        try:
            made = curve(
                (float(value) for pairs in same for value in pairs[np.triu_indices(len(pairs), 1)]),
                (float(value) for one, other in combinations(stacked, 2) for value in (one @ other.T).ravel()),
            )
        except ValueError:
            raise InvalidRequestError(
                f"These pictures show {len(people)} people: a threshold takes two or more",
                fix="Name a folder with pictures of several people: one folder a person in it, or one picture each.",
            ) from None
        return Calibration(made, len(people), sum(map(len, stacked)), missed)
