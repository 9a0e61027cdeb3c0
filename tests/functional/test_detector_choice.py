"""Which engine a process gets, by its settings and by what is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from darkroom import wiring
from darkroom.errors import NoModelError, SettingsError

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


def test_a_machine_that_has_no_weights_and_gets_none_finds_faces(choose: Callable[..., ObjectDetector]) -> None:
    found = choose()
    assert (found.engine, found.model) == ("dlib", "hog")


@pytest.mark.parametrize("asked", [{"DETECT_ENGINE": "onnx"}, {"DETECT_MODEL": "small"}])
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
