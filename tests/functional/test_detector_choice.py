"""Which engine a process gets, by its settings and by what is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from darkroom import wiring
from darkroom.adapters.vision.images import PillowImages
from darkroom.errors import NoModelError, SettingsError

from tests.exported_models import export

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from darkroom.ports import ObjectDetector

    from tests.conftest import Material


@pytest.fixture
def choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ObjectDetector]]:
    """The detector under these settings, on a machine with an empty cache and a list whose server does not answer."""
    model = {
        "name": "small",
        "file": "small.onnx",
        "url": "http://127.0.0.1:1/small.onnx",
        "sha256": "0" * 64,
        "bytes": 1,
        "labels": "pets",
        "licence": "MIT",
        "licenceUrl": "https://example.com",
        "about": "for tests",
    }
    listing = tmp_path / "list.json"
    listing.write_text(json.dumps({"labels": {"pets": ["cat"]}, "models": [model]}))
    caches = (wiring.settings, wiring.object_detector, wiring.clock)

    def detector(**variables: str) -> ObjectDetector:
        defaults = {"MODEL_CACHE": str(tmp_path / "cache"), "DETECT_MODEL_LIST": str(listing)}
        for name, value in {**defaults, **variables}.items():
            monkeypatch.setenv(name, value)
        for cache in caches:
            cache.cache_clear()
        return wiring.object_detector()

    yield detector
    for cache in caches:
        cache.cache_clear()


def test_weights_in_a_folder_are_the_best(choose: Callable[..., ObjectDetector], testdata: Material) -> None:
    found = choose(DETECT_MODEL_DIR=str(testdata("models/yolox/yolox_nano.onnx").parent))
    assert (found.engine, found.model, found.paid) == ("onnx", "yolox_nano", False)


def test_a_folder_without_weights_is_no_model_whatever_else_there_is(
    choose: Callable[..., ObjectDetector], tmp_path: Path
) -> None:
    with pytest.raises(NoModelError):
        choose(DETECT_MODEL_DIR=str(tmp_path))


def test_a_model_of_another_family_is_used_as_its_manifest_and_the_settings_say(
    choose: Callable[..., ObjectDetector], testdata: Material, tmp_path: Path
) -> None:
    """Torchvision's kind, for which the manifest gives the size, and the setting the layout over the manifest's."""
    weights = testdata("models/yolox/yolox_nano.onnx")
    export("torchvision", weights, tmp_path / "rcnn.onnx")
    (tmp_path / "rcnn.txt").write_text(weights.with_name("coco80.txt").read_text())
    manifest = tmp_path / "rcnn.json"
    manifest.write_text('{"size": 416, "layout": "detr"}')
    with pytest.raises(NoModelError, match="not detr"):
        choose(DETECT_MODEL_DIR=str(tmp_path))
    found = choose(DETECT_MODEL_DIR=str(tmp_path), DETECT_LAYOUT="torchvision")
    pixels = PillowImages().read(testdata("detect/coffee.png").read_bytes())
    assert [each.label for each in found.detect(pixels)] == ["cup", "dining table"]
    manifest.write_text('{"size": 416}')
    assert choose(DETECT_MODEL_DIR=str(tmp_path), DETECT_LAYOUT="").detect(pixels) == found.detect(pixels)


def test_a_layout_that_there_is_not_is_refused_with_those_that_there_are(
    choose: Callable[..., ObjectDetector], testdata: Material
) -> None:
    folder = str(testdata("models/yolox/yolox_nano.onnx").parent)
    with pytest.raises(NoModelError) as caught:
        choose(DETECT_MODEL_DIR=folder, DETECT_LAYOUT="yolo9000")
    assert "yolox, yolov10, yolov5" in caught.value.fix


def test_a_machine_that_has_no_weights_and_gets_none_finds_faces(choose: Callable[..., ObjectDetector]) -> None:
    found = choose()
    assert (found.engine, found.model) == ("dlib", "hog")


@pytest.mark.parametrize("asked", [{"DETECT_ENGINE": "onnx"}, {"DETECT_MODEL": "small"}, {"DETECT_LAYOUT": "detr"}])
def test_who_asked_for_more_than_faces_is_not_given_faces(
    asked: dict[str, str], choose: Callable[..., ObjectDetector]
) -> None:
    with pytest.raises(NoModelError) as caught:
        choose(**asked)
    assert "make models" in caught.value.fix


def test_dlib_can_be_asked_for_with_its_slow_model(choose: Callable[..., ObjectDetector]) -> None:
    found = choose(DETECT_ENGINE="dlib", DETECT_MODEL="mmod")
    assert (found.engine, found.model) == ("dlib", "mmod")


def test_rekognition_is_paid(choose: Callable[..., ObjectDetector], monkeypatch: pytest.MonkeyPatch) -> None:
    found = choose(DETECT_ENGINE="rekognition", REKOGNITION_REGION="eu-west-1")
    assert (found.engine, found.model, found.paid) == ("rekognition", "DetectLabels", True)


def test_an_engine_that_there_is_not_is_a_setting_to_mend(choose: Callable[..., ObjectDetector]) -> None:
    with pytest.raises(SettingsError) as caught:
        choose(DETECT_ENGINE="yolo9000")
    assert "auto, onnx, rekognition, dlib" in caught.value.fix


def test_the_labels_of_a_model_must_be_its_own(
    choose: Callable[..., ObjectDetector], testdata: Material, tmp_path: Path
) -> None:
    (tmp_path / "nano.onnx").symlink_to(testdata("models/yolox/yolox_nano.onnx"))
    (tmp_path / "nano.txt").write_text("cat\ndog\n")
    with pytest.raises(NoModelError) as caught:
        choose(DETECT_MODEL_DIR=str(tmp_path))
    assert "2 labels" in caught.value.detail
