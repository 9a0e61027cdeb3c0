"""Pictures as a model takes them: read off the model's inputs, and made of upright RGB pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from darkroom.adapters.vision.manifests import SCALINGS, Scaling
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.vision.manifests import Manifest

    Floats = NDArray[np.float32]
    Weights = NDArray[np.int32]

GREY: Final = 114
"""What surrounds a picture that does not fill the input; YOLO models were trained with it."""
BAND: Final = 32
"""Rows that are scaled at once: they fit the cache, which all rows of a picture do not."""
SIDE: Final = 640
"""Input of a model that takes any size, unless its manifest says another."""
TYPES: Final[dict[str, Any]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}
SIZES: Final[dict[str, Any]] = {
    "orig_target_sizes": lambda height, width: np.array([[width, height]], np.int64),  # RT-DETR, D-FINE
    "pixel_mask": lambda height, width: np.ones((1, height, width), np.int64),  # DETR of transformers
    "im_shape": lambda height, width: np.array([[height, width]], np.float32),  # PaddleDetection
    "scale_factor": lambda _height, _width: np.ones((1, 2), np.float32),  # PaddleDetection
}
"""What some exports ask for beside the picture, by name. Told the input's own size, they answer in its pixels."""


class Placing(NamedTuple):
    """Where a picture stands in the input: what a pixel of the input measures in those of the picture (x, y), and the
    input's pixels left of it and above it."""

    across: float
    down: float
    left: int = 0
    top: int = 0


@dataclass(frozen=True, slots=True)
class PictureInput:
    """The input that takes the picture: [1, 3, height, width], [1, height, width, 3] or either without the 1."""

    name: str
    height: int
    width: int
    batched: bool
    channels_last: bool
    dtype: Any

    @property
    def of_bytes(self) -> bool:
        return self.dtype is np.uint8

    def shaped(self, planes: Floats) -> NDArray[Any]:
        """What the model is fed, of planes (1, 3, height, width)."""
        picture: NDArray[Any] = planes if self.batched else planes[0]
        if self.channels_last:
            picture = np.ascontiguousarray(np.moveaxis(picture, -3, -1))
        if self.of_bytes:
            picture = np.rint(picture)
        return picture.astype(self.dtype, copy=False)


def picture_input(model: str, inputs: Sequence[Any], size: tuple[int, int] | None) -> PictureInput:
    """The picture's input among a model's; `size` (height, width) is for one that takes any. Raises NoModelError."""
    pictures = [given for given in inputs if given.name not in SIZES]
    shape = list(pictures[0].shape) if pictures else []
    batched = len(shape) == 4 and not (isinstance(shape[0], int) and shape[0] > 1)
    picture = shape[1:] if batched else shape
    if len(pictures) != 1 or pictures[0].type not in TYPES or len(picture) != 3 or 3 not in (picture[0], picture[2]):
        asked = ", ".join(f"{given.name}: {given.type} {list(given.shape)}" for given in inputs)
        raise NoModelError(
            f"{model} takes {asked}, not one picture of shape [1, 3, height, width]",
            fix="Export it to ONNX for one picture at a time, in floats or bytes, without further inputs.",
        )
    channels_last = picture[0] != 3
    sides = picture[:2] if channels_last else picture[1:]
    height, width = (
        side if isinstance(side, int) and side > 0 else usual
        for side, usual in zip(sides, size or (SIDE, SIDE), strict=True)
    )
    return PictureInput(pictures[0].name, height, width, batched, channels_last, TYPES[pictures[0].type])


def sizes(inputs: Sequence[Any], height: int, width: int) -> Mapping[str, NDArray[Any]]:
    """What a model is fed beside the picture."""
    return {given.name: SIZES[given.name](height, width) for given in inputs if given.name in SIZES}


class Preparation:
    """Upright RGB pixels to what the model is fed, by a manifest in which nothing of the picture is left open."""

    def __init__(self, given: PictureInput, manifest: Manifest) -> None:
        self._given = given
        self._fit = manifest.fit or "corner"
        self._colours = manifest.colours or "rgb"
        scaling = manifest.scaling or "0-255"
        chosen = scaling if isinstance(scaling, Scaling) else SCALINGS[scaling]
        order = slice(None) if self._colours == "rgb" else slice(None, None, -1)
        self._factors = (1 / np.array(chosen.std[order], np.float32))[:, None, None]
        self._offsets = np.array(chosen.mean[order], np.float32)[:, None, None] * self._factors
        self._scaled = chosen != SCALINGS["0-255"]

    def __call__(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[Any], Placing]:
        planes, placing = placed(pixels, self._given.width, self._given.height, fit=self._fit, colours=self._colours)
        if self._scaled:
            planes *= self._factors
            planes -= self._offsets
        return self._given.shaped(planes), placing


def placed(
    pixels: NDArray[np.uint8], width: int, height: int, *, fit: str = "corner", colours: str = "bgr"
) -> tuple[Floats, Placing]:
    """RGB pixels of shape (height, width, 3) as planes (1, 3, height, width) of values 0-255, and where they stand.

    `fit` and `colours` are a manifest's. Scaled by bilinear samples without smoothing, as YOLO models are trained.
    """
    rows, columns = pixels.shape[:2]
    fitted_width, fitted_height = width, height
    if fit != "stretch":
        ratio = min(width / columns, height / rows)
        fitted_width, fitted_height = max(1, int(columns * ratio)), max(1, int(rows * ratio))
    top, first = ((height - fitted_height) // 2, (width - fitted_width) // 2) if fit == "centre" else (0, 0)
    planes = np.full((1, 3, height, width), GREY, np.float32)
    inside = planes[0, :, top : top + fitted_height, first : first + fitted_width]
    sample(pixels, inside if colours == "rgb" else inside[::-1])
    return planes, Placing(columns / fitted_width, rows / fitted_height, first, top)


def sample(
    pixels: NDArray[np.uint8],
    planes: Floats,
    *,
    mean: float = 0.0,
    std: float = 1.0,
) -> None:
    """Fill planes (3, height, width), red first, with (value - mean) / std of bilinear samples of RGB pixels, whole
    values 0-255.

    Taken at the wanted points only, so that a large picture costs no more, and calculated to the bit as OpenCV's
    resize does it (INTER_LINEAR of bytes: weights of 11 bits), which models were trained with: a recogniser of faces
    tells the difference. On one thread: shared among several, its many short steps wait for each other.
    """
    rows, columns = pixels.shape[:2]
    _, height, width = planes.shape
    left, right, leftward, rightward = _samples(columns, width)
    upper, lower, upward, downward = _samples(rows, height)
    leftward, rightward = np.repeat(leftward, 3), np.repeat(rightward, 3)
    values = pixels.reshape(-1, 3)
    for start in range(0, height, BAND):
        band = slice(start, start + BAND)
        above, below = upper[band, None] * columns, lower[band, None] * columns
        corners = above + left, above + right, below + left, below + right
        one, two, three, four = (
            values.take(corner, axis=0, mode="clip").reshape(-1, 3 * width).astype(np.int32) for corner in corners
        )
        _weigh(one, two, leftward, rightward, upward[band, None])
        _weigh(three, four, leftward, rightward, downward[band, None])
        one += three
        one += 2
        one >>= 2
        sampled = one.astype(np.float32)
        if (mean, std) != (0, 1):
            sampled -= mean
            sampled *= 1 / std
        planes[:, band] = sampled.reshape(-1, width, 3).transpose(2, 0, 1)


def _weigh(near: Weights, far: Weights, leftward: Weights, rightward: Weights, share: Weights) -> None:
    """Leave in `near` what a row of neighbours adds to the samples: in place, with the bits that OpenCV keeps."""
    near *= leftward
    far *= rightward
    near += far
    near >>= 4
    near *= share
    near >>= 16


def _samples(length: int, wanted: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Weights, Weights]:
    """Evenly spaced samples between `length` pixels: the two neighbours of each, and their weights in 2,048ths."""
    position = ((np.arange(wanted) + 0.5) * (length / wanted) - 0.5).clip(0, length - 1).astype(np.float32)
    first = position.astype(np.intp)
    second = position - first.astype(np.float32)
    weights = (np.rint(share * np.float32(2048)).astype(np.int32) for share in (1 - second, second))
    return first, np.minimum(first + 1, length - 1), *weights
