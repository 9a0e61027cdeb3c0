"""One suite for every ImageReader: Pillow's and its twin in memory."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.memory.vision import MemoryImages, written
from darkroom.adapters.vision.images import PillowImages
from darkroom.errors import BadImageError, TooLargeError
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.ports import ImageReader
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Kind:
    reader: Callable[..., ImageReader]
    write: Callable[[NDArray[np.uint8]], bytes]


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(params=["memory", "pillow"])
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(MemoryImages, written) if request.param == "memory" else Kind(PillowImages, _png)


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, (30, 40, 3), np.uint8)


def test_pixels_come_as_rows_columns_and_red_green_blue(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    read = kind.reader().read(kind.write(pixels))
    assert read.dtype == np.uint8
    assert read.shape == (30, 40, 3)
    np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize("data", [b"", b"\0", b"P6\n", b"hello, this is no picture at all", bytes(1000)])
def test_bytes_that_are_no_picture_are_refused(kind: Kind, data: bytes) -> None:
    with pytest.raises(BadImageError):
        kind.reader().read(data)


def test_half_a_picture_is_refused(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    data = kind.write(pixels)
    with pytest.raises(BadImageError):
        kind.reader().read(data[: len(data) // 2])


def test_more_pixels_than_the_limit_are_too_large(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    data = kind.write(pixels)
    assert kind.reader(most_pixels=1200).read(data).size
    with pytest.raises(TooLargeError) as caught:
        kind.reader(most_pixels=1199).read(data)
    assert caught.value.exact_code == "TOO_MANY_PIXELS"


def test_more_bytes_than_the_limit_are_too_large(kind: Kind, pixels: NDArray[np.uint8]) -> None:
    data = kind.write(pixels)
    assert kind.reader(most_bytes=len(data)).read(data).size
    with pytest.raises(TooLargeError):
        kind.reader(most_bytes=len(data) - 1).read(data)
