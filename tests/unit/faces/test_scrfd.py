"""What a detector in SCRFD's layout gives is read in both forms that exports have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.vision.faces.packs import Detector
from darkroom.adapters.vision.faces.scrfd import ANCHORS, COLUMNS, STRIDES, Scrfd
from darkroom.errors import NoModelError

from tests.made_up_models import MadeUpSession, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 64
PICTURE = np.random.default_rng(1).integers(0, 256, (40, 80, 3), np.uint8)


def part(**changes: Any) -> Detector:
    told: dict[str, Any] = {"file": "d.onnx", "source": "", "colours": "rgb", "mean": 127.5, "std": 128.0}
    rest: dict[str, Any] = {"layout": "scrfd", "side": SIDE, "score": 0.5, "overlap": 0.4}
    return Detector(**(told | rest | changes))


def outputs(*, batched: bool = False) -> dict[str, NDArray[Any]]:
    """Nothing found anywhere."""
    made = {}
    for columns in COLUMNS:
        for stride in STRIDES:
            shape = (ANCHORS * (SIDE // stride) ** 2, columns)
            made[f"{columns}-{stride}"] = np.zeros((1, *shape) if batched else shape, np.float32)
    return made


def put(
    made: dict[str, NDArray[Any]], stride: int, cell: tuple[int, int], score: float, sides: tuple[float, ...]
) -> None:
    """A face around the corner of a cell (across, down), its sides so many strides away; landmarks on the corner."""
    row = ANCHORS * (cell[1] * (SIDE // stride) + cell[0])
    for columns, values in zip(COLUMNS, (score, sides, [0.5, -0.5] * 5), strict=True):
        made[f"{columns}-{stride}"].reshape(-1, columns)[row] = values


def detector(made: dict[str, NDArray[Any]], shape: Any = ("batch", 3, "height", "width"), **changes: Any) -> Scrfd:
    return Scrfd(MadeUpSession(made, Value("input", shape)), part(**changes))


@pytest.mark.parametrize("batched", [False, True])
def test_boxes_and_landmarks_are_in_pixels_of_the_picture(batched: bool) -> None:
    made = outputs(batched=batched)
    put(made, 8, (3, 2), 0.9, (1, 0.5, 2, 1.5))
    boxes, scores, landmarks = detector(made).find(PICTURE)
    # The picture, 80 x 40, fills 64 x 32 of the input.
    assert np.allclose(boxes, [[16 / 0.8, 12 / 0.8, 40 / 0.8, 28 / 0.8]])
    assert np.allclose(scores, [0.9])
    assert np.allclose(landmarks, [[[28 / 0.8, 12 / 0.8]] * 5])


def test_all_strides_are_looked_at_and_the_surest_comes_first() -> None:
    made = outputs()
    put(made, 8, (0, 0), 0.6, (0, 0, 1, 1))
    put(made, 16, (1, 1), 0.7, (0, 0, 1, 1))
    put(made, 32, (1, 0), 0.8, (0, 0, 1, 1))
    _, scores, _ = detector(made).find(PICTURE)
    assert np.allclose(scores, [0.8, 0.7, 0.6])


def test_of_two_boxes_on_one_face_the_surer_stays() -> None:
    made = outputs()
    put(made, 8, (2, 2), 0.6, (1, 1, 1, 1))
    put(made, 16, (1, 1), 0.9, (0.5, 0.5, 0.5, 0.5))
    assert np.allclose(detector(made).find(PICTURE)[1], [0.9])
    assert len(detector(made, overlap=1.0).find(PICTURE)[1]) == 2


def test_what_is_less_sure_than_the_pack_asks_is_no_face() -> None:
    made = outputs()
    put(made, 8, (2, 2), 0.49, (1, 1, 1, 1))
    boxes, scores, landmarks = detector(made).find(PICTURE)
    assert (boxes.shape, scores.shape, landmarks.shape) == ((0, 4), (0,), (0, 5, 2))
    assert len(detector(made, score=0.4).find(PICTURE)[1]) == 1


@pytest.mark.parametrize("shape", [(1, 3, "?", "?"), (1, 3, SIDE, SIDE), ("batch", 3, None, None)])
def test_the_picture_stands_in_the_corner_on_black(shape: Any) -> None:
    session = MadeUpSession(outputs(), Value("input", shape))
    Scrfd(session, part()).find(np.full((40, 80, 3), (255, 0, 128), np.uint8))
    assert session.shown.shape == (1, 3, SIDE, SIDE)
    for plane, value in zip(session.shown[0], (255, 0, 128), strict=True):
        assert np.allclose(plane[:32], (value - 127.5) / 128)
        assert np.allclose(plane[32:], -127.5 / 128)


def test_colours_come_in_the_order_of_the_pack() -> None:
    shown = {}
    for colours in ("rgb", "bgr"):
        session = MadeUpSession(outputs(), Value("input", (1, 3, SIDE, SIDE)))
        Scrfd(session, part(colours=colours)).find(PICTURE)
        shown[colours] = session.shown
    assert np.array_equal(shown["rgb"], shown["bgr"][:, ::-1])


@pytest.mark.parametrize("missing", [f"10-{stride}" for stride in STRIDES])
def test_a_detector_without_landmarks_is_no_model(missing: str) -> None:
    made = outputs()
    del made[missing]
    with pytest.raises(NoModelError) as caught:
        detector(made)
    assert "kps" in caught.value.fix
