"""Embeddings by a recogniser that was trained as ArcFace was (Deng et al., 2019): an aligned face in, a vector out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from darkroom.adapters.vision.faces.alignment import SIDE, aligned
from darkroom.adapters.vision.inputs import picture_input
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from darkroom.adapters.vision.faces.packs import Network
    from darkroom.adapters.vision.session import Session


class ArcFace:
    """The recogniser of a pack, loaded; any number of threads may use it. Raises NoModelError for a model that takes
    no aligned face, or gives more than a vector."""

    def __init__(self, session: Session, pack: Network) -> None:
        self._session = session
        self._pack = pack
        self._input = picture_input(pack.file, session.get_inputs(), (SIDE, SIDE))
        outputs = session.get_outputs()
        if self._input.height != self._input.width or self._input.height % SIDE or len(outputs) != 1:
            raise NoModelError(
                f"{pack.file} is no recogniser: it takes {self._input.width} x {self._input.height} pixels and gives "
                f"{len(outputs)} outputs",
                fix=f"Take an ArcFace model of {SIDE} x {SIDE} pixels with one output.",
            )

    def fed(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.floating[Any]]) -> NDArray[Any]:
        """What the recogniser is fed, (1, 3, side, side), of the face with these landmarks (5, 2) in RGB pixels.

        Raises ValueError where the landmarks are no face's.
        """
        face = aligned(pixels, landmarks, self._input.height)
        values = face if self._pack.colours == "rgb" else face[..., ::-1]
        planes = np.array(values.transpose(2, 0, 1), np.float32, order="C")[None]
        planes -= self._pack.mean
        planes *= 1 / self._pack.std
        return self._input.shaped(planes)

    def vector(self, fed: NDArray[Any]) -> NDArray[np.float32] | None:
        """The unit vector of what `fed` gave; None where the model gives none."""
        (output,) = self._session.run(None, {self._input.name: fed})
        vector = np.asarray(output, np.float32).ravel()
        length = np.linalg.norm(vector)
        return vector / length if length and np.isfinite(length) else None
