"""YOLOX: the arithmetic on models made up here, then the real model on real pictures."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.vision.images import PillowImages
from darkroom.adapters.vision.onnx_detector import OnnxDetector
from darkroom.adapters.vision.session import open_session
from darkroom.domain.detection import clipped, overlap
from darkroom.errors import NoModelError
from PIL import Image

from tests.made_up_models import MadeUpSession, Value, blank

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from darkroom.domain.detection import Detection
    from numpy.typing import NDArray

    from tests.conftest import Material

LABELS = ("cat", "dog", "cup")


def silence(height: int = 64, width: int = 64, strides: Sequence[int] = (8, 16, 32), labels: int = 3) -> Any:
    """What a model that sees nothing gives: one row a cell, (x, y, width, height, objectness, labels ...)."""
    cells = sum((height // stride) * (width // stride) for stride in strides)
    return np.zeros((cells, 5 + labels), np.float32)


def made_up(rows: NDArray[np.float32], shape: list[Any] | None = None, kind: str = "tensor(float)") -> MadeUpSession:
    return MadeUpSession({"output": rows[None]}, Value("images", shape or [1, 3, 64, 64], kind))


def detector(session: MadeUpSession, confidence: float = 0.4) -> OnnxDetector:
    return OnnxDetector(session, LABELS, model="made-up", confidence=confidence)


# --- decoding ---------------------------------------------------------------------------------------------------------


def test_a_cell_of_each_grid_is_decoded_to_pixels() -> None:
    rows = silence()
    rows[1 * 8 + 2] = (0.5, 0.25, np.log(2), np.log(4), 1, 0.9, 0, 0)  # stride 8, column 2, row 1
    rows[64 + 1 * 4 + 3] = (0, 0, 0, 0, 1, 0, 0.8, 0)  # stride 16, column 3, row 1
    rows[80 + 1 * 2 + 0] = (0.5, 0.5, 0, 0, 1, 0, 0, 0.7)  # stride 32, column 0, row 1
    found = detector(made_up(rows)).detect(blank())
    assert [each.label for each in found] == ["cat", "dog", "cup"]
    assert [each.confidence for each in found] == pytest.approx([0.9, 0.8, 0.7])
    assert found[0].bbox == pytest.approx((20 - 8, 10 - 16 + 6, 20 + 8, 10 + 16))  # cut at the upper edge
    assert found[1].bbox == pytest.approx((48 - 8, 16 - 8, 48 + 8, 16 + 8))
    assert found[2].bbox == pytest.approx((0, 48 - 16, 32, 48 + 16))


def test_an_export_that_decodes_by_itself_is_understood_too() -> None:
    raw = silence()
    raw[10] = (0.5, 0.25, np.log(2), np.log(4), 1, 0.9, 0, 0)
    expected = detector(made_up(raw)).detect(blank())
    decoded = raw.copy()
    place = 0
    for stride in (8, 16, 32):
        for row in range(64 // stride):
            for column in range(64 // stride):
                decoded[place, :2] = (raw[place, :2] + (column, row)) * stride
                decoded[place, 2:4] = np.exp(raw[place, 2:4]) * stride
                place += 1
    assert detector(made_up(decoded)).detect(blank()) == expected


def test_a_model_with_a_fourth_grid_is_understood_too() -> None:
    rows = silence(128, 128, (8, 16, 32, 64))
    rows[-1] = (0.5, 0.5, 0, 0, 1, 0, 0, 0.9)
    (found,) = detector(made_up(rows, [1, 3, 128, 128])).detect(blank(128, 128))
    assert found.bbox == pytest.approx((64, 64, 128, 128))


@pytest.mark.parametrize("shape", [["batch", 3, "height", "width"], [1, 3, None, None], [-1, 3, -1, -1]])
def test_a_model_of_any_size_is_run_at_640(shape: list[Any]) -> None:
    session = made_up(silence(640, 640), shape)
    detector(session).detect(blank(100, 300))
    assert session.shown.shape == (1, 3, 640, 640)


def test_a_model_may_be_wider_than_high() -> None:
    rows = silence(64, 128)
    rows[3 * 16 + 9] = (0.5, 0.5, 0, 0, 1, 0.9, 0, 0)  # stride 8: column 9 exists in the wide grid only
    (found,) = detector(made_up(rows, [1, 3, 64, 128])).detect(blank(64, 128))
    assert found.bbox == pytest.approx((72, 24, 80, 32))


def test_boxes_are_scaled_back_to_the_picture() -> None:
    rows = silence()
    rows[2 * 8 + 2] = (0.5, 0.5, np.log(2), np.log(2), 1, 0.9, 0, 0)  # around (20, 20) in the model's 64 by 64
    (found,) = detector(made_up(rows)).detect(blank(320, 640))
    assert found.bbox == pytest.approx((120, 120, 280, 280))


def test_confidence_is_objectness_times_the_label_and_a_limit() -> None:
    rows = silence()
    rows[0] = (0, 0, 1, 1, 0.6, 0.6, 0.5, 0)
    assert detector(made_up(rows), 0.37).detect(blank()) == []
    (found,) = detector(made_up(rows), 0.35).detect(blank())
    assert found.label == "cat"
    assert found.confidence == pytest.approx(0.36)


def test_nonsense_from_a_model_is_left_out() -> None:
    rows = silence()
    rows[0] = (np.nan, 0, 0, 0, 1, 0.9, 0, 0)
    rows[1] = (0, 0, 0, 0, np.nan, 0.9, 0, 0)
    rows[2] = (0, 0, 5000, 5000, 1, 0.8, 0, 0)  # a size beyond every float: the whole picture
    (found,) = detector(made_up(rows)).detect(blank(32, 48))
    assert found.bbox == (0, 0, 48, 32)


def test_nothing_of_a_box_outside_the_picture_is_answered() -> None:
    """The model's input is square, the picture flat: what is seen on the grey below it is not on it."""
    rows = silence()
    rows[7 * 8 + 3] = (0.5, 0.5, 0, 0, 1, 0.9, 0, 0)
    assert detector(made_up(rows)).detect(blank(16, 64)) == []


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "shape", "kind"),
    [
        (silence(labels=80), None, "tensor(float)"),
        (silence(), [1, 3, 64, 64], "tensor(int64)"),
        (silence(), [2, 3, 64, 64], "tensor(float)"),
        (silence(), [1, 64, 64, 1], "tensor(float)"),
        (silence(), [1, 3], "tensor(float)"),
    ],
)
def test_a_model_that_is_no_yolox_with_these_labels_is_refused(
    rows: NDArray[np.float32], shape: list[Any] | None, kind: str
) -> None:
    with pytest.raises(NoModelError) as caught:
        detector(made_up(rows, shape, kind))
    assert "ONNX" in caught.value.fix or "labels" in caught.value.fix


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"this is no model")
    with pytest.raises(NoModelError, match=r"broken\.onnx"):
        open_session(path, threads=1)


@pytest.mark.parametrize(
    "name", ["models/insightface_pack/mobilefacenet_128.onnx", "models/yunet/yunet_n_640_640.onnx"]
)
def test_a_real_model_of_another_family_is_refused(name: str, testdata: Material) -> None:
    with pytest.raises(NoModelError):
        OnnxDetector(open_session(testdata(name), threads=1), LABELS, model=name, confidence=0.4)


def test_onnx_runtime_leaves_nothing_on_disk_and_calls_nobody(tmp_path: Path, testdata: Material) -> None:
    """Its telemetry would write a device id into the home folder, and upload from there."""
    program = """
import sys
from pathlib import Path
from darkroom.adapters.vision.onnx_detector import OnnxDetector
from darkroom.adapters.vision.session import open_session
labels = [str(number) for number in range(80)]
OnnxDetector(open_session(Path(sys.argv[1]), threads=1), labels, model="nano", confidence=0.4)
"""
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    subprocess.run(
        [sys.executable, "-c", program, str(testdata("models/yolox/yolox_nano.onnx"))],
        env={**environment, "HOME": str(tmp_path), "XDG_CACHE_HOME": ""},
        check=True,
        timeout=60,
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# --- the real model ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nano(testdata: Material) -> OnnxDetector:
    labels = testdata("models/yolox/coco80.txt").read_text().splitlines()
    session = open_session(testdata("models/yolox/yolox_nano.onnx"), threads=1)
    return OnnxDetector(session, labels, model="yolox_nano", confidence=0.4)


@pytest.fixture(scope="module")
def reader() -> PillowImages:
    return PillowImages()


PICTURES = (
    "detect/chelsea.png",
    "detect/coffee.png",
    "detect/japanese-shop.jpg",
    "faces/t1.jpg",
    "faces/astronaut.png",
    "faces/obama.jpg",
)


@pytest.mark.parametrize("name", PICTURES)
def test_labels_and_boxes_meet_the_expected_file(
    name: str, nano: OnnxDetector, reader: PillowImages, testdata: Material
) -> None:
    expected = json.loads(testdata("detect/expected_detections.json").read_text())
    pixels = reader.read(testdata(name).read_bytes())
    height, width = pixels.shape[:2]
    found = list(nano.detect(pixels))
    assert set(expected["must_have"][name]) <= {each.label for each in found}
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)
    for reference in expected["reference"][name]:
        x, y, w, h = reference["box_xywh"]
        box = clipped((x, y, x + w, y + h), width, height)
        assert box is not None
        match = max(
            (each for each in found if each.label == reference["label"]), key=lambda each: overlap(box, each.bbox)
        )
        assert overlap(box, match.bbox) > 0.9
        assert match.confidence == pytest.approx(reference["confidence"], abs=0.01)
        found.remove(match)
    assert found == []


def test_the_order_of_the_colours_is_pinned(nano: OnnxDetector, reader: PillowImages, testdata: Material) -> None:
    """The golden values of this model; shown red for blue it sees the table at 0.47 and no cat, which fails here."""
    coffee = nano.detect(reader.read(testdata("detect/coffee.png").read_bytes()))
    assert [each.label for each in coffee] == ["cup", "dining table"]
    assert [each.confidence for each in coffee] == pytest.approx([0.898, 0.738], abs=0.005)
    cat = reader.read(testdata("detect/chelsea.png").read_bytes())
    assert nano.detect(cat)[0].confidence == pytest.approx(0.622, abs=0.005)
    assert nano.detect(np.ascontiguousarray(cat[:, :, ::-1])) == []


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_eight_orientations_give_the_same_detections(
    orientation: int, nano: OnnxDetector, reader: PillowImages, testdata: Material
) -> None:
    upright = Image.fromarray(reader.read(testdata("detect/coffee.png").read_bytes()))
    stored = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    turned = upright if stored is None else upright.transpose(Image.Transpose(stored))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    turned.save(buffer, "PNG", exif=exif.tobytes())
    expected: Sequence[Detection] = nano.detect(np.asarray(upright))
    assert nano.detect(reader.read(buffer.getvalue())) == expected
    assert len(expected) == 2
