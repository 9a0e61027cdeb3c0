"""Real models of every layout on real pictures: each sees what the model that is inside of it sees."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.vision.images import PillowImages
from darkroom.adapters.vision.layouts import LAYOUTS
from darkroom.adapters.vision.manifests import NOTHING_TOLD, Manifest
from darkroom.adapters.vision.onnx_detector import OnnxDetector
from darkroom.adapters.vision.session import open_session
from darkroom.domain.detection import overlap

from tests.exported_models import FAMILIES, SIDE, export

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from darkroom.domain.detection import Detection

    from tests.conftest import Material

    Make = Callable[[Manifest], OnnxDetector]

ANY_SIZE = {"detr", "torchvision", "tensorflow"}
PICTURES = ("detect/chelsea.png", "detect/coffee.png", "detect/japanese-shop.jpg", "faces/t1.jpg", "faces/obama.jpg")


@pytest.fixture(scope="module")
def labels(testdata: Material) -> list[str]:
    return testdata("models/yolox/coco80.txt").read_text().splitlines()


@pytest.fixture(scope="module")
def native(testdata: Material, labels: list[str]) -> OnnxDetector:
    session = open_session(testdata("models/yolox/yolox_nano.onnx"), threads=1)
    return OnnxDetector(session, labels, model="yolox_nano", confidence=0.4)


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def make(family: str, testdata: Material, labels: list[str], tmp_path_factory: pytest.TempPathFactory) -> Make:
    path = tmp_path_factory.mktemp("models") / f"{family}.onnx"
    session = open_session(export(family, testdata("models/yolox/yolox_nano.onnx"), path), threads=1)

    def detector(manifest: Manifest) -> OnnxDetector:
        told = replace(manifest, size=(SIDE, SIDE)) if family in ANY_SIZE else manifest
        return OnnxDetector(session, labels, model=family, confidence=0.4, manifest=told)

    return detector


def assert_same(found: Sequence[Detection], expected: Sequence[Detection]) -> None:
    assert sorted(each.label for each in found) == sorted(each.label for each in expected)
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)
    left = list(found)
    for one in expected:
        match = max((each for each in left if each.label == one.label), key=lambda each: overlap(one.bbox, each.bbox))
        assert overlap(one.bbox, match.bbox) > 0.95
        assert match.confidence == pytest.approx(one.confidence, abs=0.01)
        left.remove(match)


def test_on_pictures_of_any_shape_labels_and_boxes_are_the_same(
    make: Make, native: OnnxDetector, testdata: Material
) -> None:
    """Where the picture stands in the input is a habit of training that this model does not share: so it is told."""
    detector = make(Manifest(fit="corner"))
    for name in PICTURES:
        pixels = PillowImages().read(testdata(name).read_bytes())
        expected = native.detect(pixels)
        assert expected
        assert_same(detector.detect(pixels), expected)


def test_on_a_square_picture_nothing_needs_to_be_told(make: Make, native: OnnxDetector, testdata: Material) -> None:
    pixels = PillowImages().read(testdata("faces/astronaut.png").read_bytes())
    assert pixels.shape[0] == pixels.shape[1]
    expected = native.detect(pixels)
    assert expected
    assert_same(make(NOTHING_TOLD).detect(pixels), expected)


def test_a_picture_in_the_centre_is_seen_as_well(native: OnnxDetector, testdata: Material, labels: list[str]) -> None:
    """Moved by half the grey beside it, the model sees nearly the same."""
    session = open_session(testdata("models/yolox/yolox_nano.onnx"), threads=1)
    centred = OnnxDetector(session, labels, model="nano", confidence=0.4, manifest=Manifest(fit="centre"))
    pixels = PillowImages().read(testdata("detect/coffee.png").read_bytes())
    for one, other in zip(native.detect(pixels), centred.detect(pixels), strict=True):
        assert one.label == other.label
        assert overlap(one.bbox, other.bbox) > 0.85


def test_every_layout_has_a_model_here() -> None:
    assert set(LAYOUTS) <= {*FAMILIES, "yolox"}
