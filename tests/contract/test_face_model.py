"""One suite for every FaceModel: dlib, YuNet in OpenCV, ONNX Runtime, InsightFace, and the twin in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.memory.faces import MemoryFaces
from darkroom.adapters.vision.faces.packs import read_pack
from darkroom.adapters.vision.images import PillowImages
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from darkroom.ports import FaceModel
    from numpy.typing import NDArray

    from tests.conftest import Material

    Pixels = NDArray[np.uint8]

ENGINES = ("memory", "dlib", "onnx", "insightface", "yunet")
NEEDS = {"dlib": ("dlib",), "insightface": ("insightface", "cv2"), "yunet": ("cv2",), "onnx": ("onnxruntime",)}
MOSAIC = {"dlib": (5, 10)}
"""Rows and columns of the mosaic, 10 and 20 without: dlib takes a twentieth of a second for each face."""


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    for module in NEEDS.get(request.param, ()):
        pytest.importorskip(module, reason=f"the engine {request.param} is not installed")
    return str(request.param)


@pytest.fixture(scope="module")
def model(engine: str, request: pytest.FixtureRequest) -> FaceModel:
    def pack(fixture: str) -> Path:
        folder: Path = request.getfixturevalue(fixture)
        return folder

    if engine == "memory":
        return MemoryFaces()
    if engine == "dlib":
        from darkroom.adapters.vision.faces.dlib_model import DlibFaceModel

        return DlibFaceModel()
    if engine == "onnx":
        from darkroom.adapters.vision.faces.onnx_model import OnnxFaces

        return OnnxFaces(read_pack(pack("small_pack")))
    if engine == "insightface":
        from darkroom.adapters.vision.faces.insightface_model import InsightFaceModel

        return InsightFaceModel(read_pack(pack("small_pack")))
    from darkroom.adapters.vision.faces.yunet_model import YunetFaces

    return YunetFaces(read_pack(pack("sold_pack")))


@pytest.fixture(scope="module")
def picture(engine: str, testdata: Material) -> Pixels:
    """Six faces: colours on grey for the twin, people for the others."""
    if engine == "memory":
        return patches([(20 + 70 * place, 30, 40 + 2 * place) for place in range(6)], (200, 480))
    return PillowImages().read(testdata("faces/t1.jpg").read_bytes())


@pytest.fixture(scope="module")
def portrait(engine: str, testdata: Material) -> Pixels:
    """One face, about 100 pixels wide, with its middle at (222, 119)."""
    if engine == "memory":
        return patches([(172, 69, 100)], (512, 512))
    return PillowImages().read(testdata("faces/astronaut.png").read_bytes())


def patches(places: list[tuple[int, int, int]], shape: tuple[int, int]) -> Pixels:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)]
    pixels = np.full((*shape, 3), 90, np.uint8)
    for number, (x, y, side) in enumerate(places):
        pixels[y : y + side, x : x + side] = colours[number % len(colours)]
    return pixels


def scaled(pixels: Pixels, factor: float, engine: str) -> Pixels:
    height, width = pixels.shape[:2]
    how = Image.Resampling.NEAREST if engine == "memory" else Image.Resampling.LANCZOS
    return np.array(Image.fromarray(pixels).resize((round(width * factor), round(height * factor)), how))


def test_an_engine_says_what_makes_its_vectors(engine: str, model: FaceModel) -> None:
    assert model.space.engine == engine
    assert model.space.pack
    assert -1 < model.space.threshold < 1


def test_a_face_is_a_box_five_landmarks_a_score_and_a_unit_vector(model: FaceModel, picture: Pixels) -> None:
    height, width = picture.shape[:2]
    faces = model.faces(picture)
    assert len(faces) == 6
    for face in faces:
        x1, y1, x2, y2 = face.bbox
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert 0 < face.score <= 1
        assert face.embedding.dtype == np.float32
        assert face.embedding.shape == (model.space.dimensions,)
        assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-6)
        assert all(isinstance(part, float) for point in face.landmarks for part in point)


def test_the_surest_face_comes_first(model: FaceModel, picture: Pixels) -> None:
    scores = [face.score for face in model.faces(picture)]
    assert scores == sorted(scores, reverse=True)


def test_landmarks_lie_on_the_face_in_their_order(model: FaceModel, picture: Pixels) -> None:
    for face in model.faces(picture):
        x1, y1, x2, y2 = face.bbox
        reach_x, reach_y = 0.1 * (x2 - x1), 0.1 * (y2 - y1)
        assert all(x1 - reach_x < x < x2 + reach_x and y1 - reach_y < y < y2 + reach_y for x, y in face.landmarks)
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert left_eye[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < max(left_mouth[1], right_mouth[1])


def test_a_mirrored_picture_has_mirrored_faces(model: FaceModel, portrait: Pixels) -> None:
    (face,), (mirrored,) = model.faces(portrait), model.faces(portrait[:, ::-1])
    side = face.bbox[2] - face.bbox[0]
    width = portrait.shape[1]
    for place, other in enumerate((1, 0, 2, 4, 3)):
        x, y = mirrored.landmarks[other]
        assert face.landmarks[place] == pytest.approx((width - x, y), abs=0.1 * side)
    assert float(face.embedding @ mirrored.embedding) > model.space.threshold


def test_the_same_picture_gives_the_same_bytes(model: FaceModel, picture: Pixels) -> None:
    one, other = model.faces(picture), model.faces(picture.copy())
    assert [(face.bbox, face.score, face.landmarks) for face in one] == [
        (face.bbox, face.score, face.landmarks) for face in other
    ]
    assert [face.embedding.tobytes() for face in one] == [face.embedding.tobytes() for face in other]


def test_pixels_are_left_as_they_are_and_views_of_them_will_do(model: FaceModel, picture: Pixels) -> None:
    padded = np.zeros((picture.shape[0] + 2, picture.shape[1] + 3, 3), np.uint8)
    padded[1:-1, 1:-2] = picture
    padded.flags.writeable = False
    assert len(model.faces(padded[1:-1, 1:-2])) == 6
    np.testing.assert_array_equal(padded[1:-1, 1:-2], picture)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (5, 5), (90, 90), (480, 640)])
@pytest.mark.parametrize("grey", [0, 127, 255])
def test_a_plain_picture_of_any_size_has_no_face(size: tuple[int, int], grey: int, model: FaceModel) -> None:
    assert list(model.faces(np.full((*size, 3), grey, np.uint8))) == []


def test_noise_breaks_nothing(model: FaceModel) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (240, 320, 3), np.uint8)
    assert all(np.isfinite(face.embedding).all() for face in model.faces(noise))


def test_two_hundred_faces_on_one_picture(engine: str, model: FaceModel, portrait: Pixels) -> None:
    tile = portrait[40:216, 130:306]
    rows, columns = MOSAIC.get(engine, (10, 20))
    faces = model.faces(np.tile(tile, (rows, columns, 1)))
    height, width = tile.shape[:2]
    boxes = [face.bbox for face in faces]
    places = {(int((x1 + x2) / 2 // width), int((y1 + y2) / 2 // height)) for x1, y1, x2, y2 in boxes}
    assert 0.95 * rows * columns <= len(places) == len(faces)


def test_a_face_of_five_pixels_is_one_face_at_the_most(engine: str, model: FaceModel, portrait: Pixels) -> None:
    faces = model.faces(scaled(portrait, 0.05, engine))
    assert len(faces) <= 1
    assert all(np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-6) for face in faces)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_half_a_face_at_the_border_has_its_box_within_the_picture(
    side: str, model: FaceModel, portrait: Pixels
) -> None:
    cut = {
        "left": portrait[:, 222:],
        "right": portrait[:, :222],
        "top": portrait[119:],
        "bottom": portrait[:119],
    }[side]
    height, width = cut.shape[:2]
    for face in model.faces(cut):
        x1, y1, x2, y2 = face.bbox
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert np.isfinite(face.embedding).all()


def test_a_grey_picture_in_three_channels_has_its_face(engine: str, model: FaceModel, portrait: Pixels) -> None:
    if engine == "memory":
        pytest.skip("the twin sees colours alone")
    grey = np.repeat(np.array(Image.fromarray(portrait).convert("L"))[..., None], 3, axis=2)
    (face,), (coloured,) = model.faces(grey), model.faces(portrait)
    assert float(face.embedding @ coloured.embedding) > model.space.threshold


def test_a_huge_picture_has_the_same_face_at_its_own_scale(engine: str, model: FaceModel, portrait: Pixels) -> None:
    huge = scaled(portrait, 10.0, engine)
    (face,), (usual,) = model.faces(huge), model.faces(portrait)
    assert np.array(face.bbox) / 10 == pytest.approx(np.array(usual.bbox), abs=15)
    assert float(face.embedding @ usual.embedding) > model.space.threshold
