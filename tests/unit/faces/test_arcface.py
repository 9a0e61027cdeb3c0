"""What a recogniser is fed, and what is made of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.vision.faces.alignment import POINTS, SIDE
from darkroom.adapters.vision.faces.arcface import ArcFace
from darkroom.adapters.vision.faces.packs import Network
from darkroom.errors import NoModelError

from tests.made_up_models import MadeUpSession, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

PICTURE = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def session(vector: Any = (3, 0, 4), shape: Any = ("batch", 3, SIDE, SIDE)) -> MadeUpSession:
    return MadeUpSession({"vector": np.array([vector], np.float32)}, Value("face", shape))


def recogniser(made: MadeUpSession, **changes: Any) -> ArcFace:
    told: dict[str, Any] = {"file": "r.onnx", "source": "", "colours": "rgb", "mean": 127.5, "std": 127.5}
    return ArcFace(made, Network(**(told | changes)))


def test_vectors_have_unit_length() -> None:
    made = recogniser(session())
    vector = made.vector(made.fed(PICTURE, POINTS))
    assert vector is not None
    assert vector.dtype == np.float32
    assert np.allclose(vector, [0.6, 0, 0.8])


@pytest.mark.parametrize("shape", [(1, 3, SIDE, SIDE), ("N", 3, SIDE, SIDE), ("N", 3, "h", "w")])
def test_the_aligned_face_is_scaled_as_the_pack_says(shape: Any) -> None:
    made = session(shape=shape)
    fed = recogniser(made).fed(PICTURE, POINTS)
    assert np.allclose(fed[0], (PICTURE.transpose(2, 0, 1) - 127.5) / 127.5, atol=1e-6)
    fed = recogniser(made, mean=0.0, std=1.0).fed(PICTURE, POINTS)
    assert np.array_equal(fed[0], PICTURE.transpose(2, 0, 1))


def test_colours_come_in_the_order_of_the_pack() -> None:
    fed = recogniser(session(), colours="bgr", mean=0.0, std=1.0).fed(PICTURE, POINTS)
    assert np.array_equal(fed[0], PICTURE[..., ::-1].transpose(2, 0, 1))


@pytest.mark.parametrize("vector", [(0, 0, 0), (np.nan, 1, 1), (np.inf, 0, 0)])
def test_what_is_no_direction_is_no_vector(vector: Any) -> None:
    made = recogniser(session(vector))
    assert made.vector(made.fed(PICTURE, POINTS)) is None


@pytest.mark.parametrize("shape", [(1, 3, 96, 96), (1, 3, 192, 192), (1, 3, 112, 224)])
def test_a_model_that_takes_no_aligned_face_is_refused(shape: Any) -> None:
    with pytest.raises(NoModelError, match="no recogniser"):
        recogniser(session(shape=shape))


def test_a_model_that_gives_more_than_a_vector_is_refused() -> None:
    many: dict[str, NDArray[Any]] = {name: np.zeros((1, 4), np.float32) for name in ("one", "two")}
    with pytest.raises(NoModelError, match="2 outputs"):
        recogniser(MadeUpSession(many, Value("face", (1, 3, SIDE, SIDE))))
