"""One suite for every ObjectDetector: ONNX Runtime's, dlib's, Rekognition's (a stub server) and the twin in memory."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.aws.rekognition import RekognitionDetector
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.vision import MemoryDetector
from darkroom.adapters.vision.dlib_faces import DlibFaces
from darkroom.adapters.vision.images import PillowImages
from darkroom.adapters.vision.manifests import Manifest
from darkroom.adapters.vision.onnx_detector import OnnxDetector
from darkroom.adapters.vision.session import open_session

from tests.exported_models import SIDE, export
from tests.stub_rekognition import rekognition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.ports import ObjectDetector
    from numpy.typing import NDArray

    from tests.conftest import Material

ENGINES = ("memory", "onnx", "onnx-detr", "hog", "mmod", "rekognition")
FREE = {"memory", "onnx", "onnx-detr", "hog", "mmod"}
NAMES = {"onnx-detr": "onnx", "hog": "dlib", "mmod": "dlib"}


@contextmanager
def made(engine: str, testdata: Material) -> Iterator[ObjectDetector]:
    if engine == "memory":
        yield MemoryDetector()
    elif engine.startswith("onnx"):
        labels = testdata("models/yolox/coco80.txt").read_text().splitlines()
        weights = testdata("models/yolox/yolox_nano.onnx")
        with TemporaryDirectory() as folder:
            path = weights if engine == "onnx" else export("detr", weights, Path(folder) / "detr.onnx")
            session = open_session(path, threads=1)
        yield OnnxDetector(session, labels, model=path.stem, confidence=0.3, manifest=Manifest(size=(SIDE, SIDE)))
    elif engine == "rekognition":
        with rekognition() as (client, _):
            yield RekognitionDetector(client, MemoryClock(0), confidence=0.3)
    else:
        yield DlibFaces(model=engine, confidence=0.3)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def detector(engine: str, testdata: Material) -> Iterator[ObjectDetector]:
    with made(engine, testdata) as detector:
        yield detector


@pytest.fixture(scope="module")
def picture(engine: str, testdata: Material) -> NDArray[np.uint8]:
    """Something that the engine sees: colours for the twin, a person for the others."""
    if engine == "memory":
        pixels = np.zeros((60, 80, 3), np.uint8)
        pixels[10:20, 30:50] = (255, 0, 0)
        pixels[25:60, 0:10] = (0, 0, 255)
        return pixels
    pixels = PillowImages().read(testdata("faces/astronaut.png").read_bytes())
    return pixels[:256, 96:352] if engine == "mmod" else pixels  # the slow one gets the face alone


def test_an_engine_says_what_it_is_and_costs(engine: str, detector: ObjectDetector) -> None:
    assert detector.engine == NAMES.get(engine, engine)
    assert detector.model
    assert detector.paid is (engine not in FREE)
    assert (detector.usd_per_image > 0) is detector.paid


def test_boxes_lie_in_the_picture_and_the_surest_comes_first(
    detector: ObjectDetector, picture: NDArray[np.uint8]
) -> None:
    height, width = picture.shape[:2]
    found = detector.detect(picture)
    assert found
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)
    for each in found:
        x1, y1, x2, y2 = each.bbox
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert 0 < each.confidence <= 1
        assert each.label == each.label.lower().strip() != ""


def test_the_same_picture_gives_the_same_answer(detector: ObjectDetector, picture: NDArray[np.uint8]) -> None:
    assert detector.detect(picture) == detector.detect(picture)


def test_the_pixels_are_left_as_they_are(detector: ObjectDetector, picture: NDArray[np.uint8]) -> None:
    before = picture.copy()
    read_only = picture.copy()
    read_only.flags.writeable = False
    detector.detect(read_only)
    np.testing.assert_array_equal(read_only, before)


@pytest.mark.parametrize("size", [(90, 90), (1, 1), (81, 3000)])
def test_nothing_is_seen_on_a_plain_picture_of_any_shape(size: tuple[int, int], detector: ObjectDetector) -> None:
    assert list(detector.detect(np.full((*size, 3), 127, np.uint8))) == []


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1)])
def test_an_engine_of_our_own_takes_the_narrowest_picture(
    size: tuple[int, int], engine: str, detector: ObjectDetector
) -> None:
    if engine in FREE:
        assert list(detector.detect(np.full((*size, 3), 127, np.uint8))) == []
