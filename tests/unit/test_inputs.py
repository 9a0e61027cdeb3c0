"""Pictures as models take them, and what they ask for beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.vision.inputs import GREY, placed
from darkroom.adapters.vision.manifests import NOTHING_TOLD, Manifest, Scaling
from darkroom.adapters.vision.onnx_detector import OnnxDetector
from darkroom.errors import NoModelError
from PIL import Image

from tests.made_up_models import MadeUpSession, Value, blank

if TYPE_CHECKING:
    from numpy.typing import NDArray


NOTHING = np.zeros((1, 84, 8), np.float32)  # of a YOLOX with three labels and an input of 64 by 64 pixels
ORANGE = (255, 128, 1)


def session(*inputs: Value) -> MadeUpSession:
    return MadeUpSession({"output": NOTHING}, *inputs)


def shown(made: MadeUpSession, manifest: Manifest = NOTHING_TOLD, pixels: NDArray[np.uint8] | None = None) -> Any:
    """What the model gets to see of an orange picture."""
    orange = blank()
    orange[:] = ORANGE
    detector = OnnxDetector(made, ("cat", "dog", "cup"), model="made-up", confidence=0.4, manifest=manifest)
    detector.detect(orange if pixels is None else pixels)
    return made.shown


def test_a_yolox_is_shown_blue_green_red_from_0_to_255() -> None:
    assert shown(session())[0, :, 5, 5].tolist() == [1, 128, 255]


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("0-255", (255, 128, 1)),
        ("0-1", (1, 128 / 255, 1 / 255)),
        ("imagenet", ((1 - 0.485) / 0.229, (128 / 255 - 0.456) / 0.224, (1 / 255 - 0.406) / 0.225)),
        (Scaling((10, 20, 30), (1, 2, 4)), (245, 54, -7.25)),
    ],
)
@pytest.mark.parametrize("colours", ["rgb", "bgr"])
def test_a_manifest_says_which_colours_and_which_values(
    scaling: str | Scaling, expected: tuple[float, ...], colours: str
) -> None:
    found = shown(session(), Manifest(scaling=scaling, colours=colours))
    order = slice(None) if colours == "rgb" else slice(None, None, -1)
    assert found.dtype == np.float32
    assert found[0, :, 5, 5].tolist() == pytest.approx(expected[order], abs=1e-3)


def test_a_model_of_bytes_is_shown_bytes() -> None:
    found = shown(session(Value("images", [1, 3, 64, 64], "tensor(uint8)")), Manifest(colours="rgb"))
    assert found.dtype == np.uint8
    assert found[0, :, 5, 5].tolist() == list(ORANGE)


def test_a_model_of_bytes_is_shown_them_whatever_its_layout_usually_wants() -> None:
    made = MadeUpSession({"output0": np.zeros((1, 7, 100), np.float32)}, Value("x", [1, 3, 64, 64], "tensor(uint8)"))
    assert shown(made)[0, :, 5, 5].tolist() == list(ORANGE)


def test_a_model_of_half_floats_is_shown_those() -> None:
    found = shown(session(Value("images", [1, 3, 64, 64], "tensor(float16)")))
    assert found.dtype == np.float16
    assert found[0, :, 5, 5].tolist() == [1, 128, 255]


@pytest.mark.parametrize("shape", [[1, 64, 64, 3], ["batch", None, None, 3], [64, 64, 3]])
def test_colours_may_come_last(shape: list[Any]) -> None:
    found = shown(session(Value("images", shape)), Manifest(size=(64, 64)))
    assert found.shape == ((1, 64, 64, 3) if len(shape) == 4 else (64, 64, 3))
    assert found[..., 5, 5, :].ravel().tolist() == [1, 128, 255]
    assert found.flags.c_contiguous


def test_a_model_without_a_batch_is_shown_one_picture() -> None:
    found = shown(session(Value("images", [3, None, None])), Manifest(size=(64, 64)))
    assert found.shape == (3, 64, 64)


def test_a_model_of_any_size_gets_that_of_its_manifest() -> None:
    made = MadeUpSession({"output0": np.zeros((1, 7, 100), np.float32)}, Value("images", ["n", 3, "h", "w"]))
    assert shown(made, Manifest(size=(96, 160))).shape == (1, 3, 96, 160)
    assert shown(made).shape == (1, 3, 640, 640)


def test_what_is_asked_for_beside_the_picture_is_the_size_of_the_input() -> None:
    made = session(
        Value("im_shape", [1, 2]),
        Value("images", [1, 3, 32, 96]),
        Value("orig_target_sizes", ["n", 2], "tensor(int64)"),
        Value("scale_factor", [1, 2]),
        Value("pixel_mask", [1, 32, 96], "tensor(int64)"),
    )
    made.outputs = {"output0": np.zeros((1, 7, 100), np.float32)}
    shown(made)
    for fed in made.fed:
        assert fed["orig_target_sizes"].tolist() == [[96, 32]]
        assert fed["orig_target_sizes"].dtype == fed["pixel_mask"].dtype == np.int64
        assert fed["im_shape"].tolist() == [[32, 96]]
        assert fed["scale_factor"].tolist() == [[1, 1]]
        assert fed["pixel_mask"].shape == (1, 32, 96)
        assert fed["images"].shape == (1, 3, 32, 96)


@pytest.mark.parametrize("more", [Value("tokens", [1, 77], "tensor(int64)"), Value("other", [1, 3, 64, 64])])
def test_a_model_that_asks_for_something_else_is_refused(more: Value) -> None:
    with pytest.raises(NoModelError, match=more.name):
        shown(session(Value("images", [1, 3, 64, 64]), more))


def test_a_picture_in_the_centre_has_grey_on_both_sides() -> None:
    planes, placing = placed(np.full((100, 200, 3), 7, np.uint8), 64, 64, fit="centre")
    assert placing == pytest.approx((200 / 64, 100 / 32, 0, 16))
    assert (planes[0, :, 16:48] == 7).all()
    assert (planes[0, :, :16] == GREY).all()
    assert (planes[0, :, 48:] == GREY).all()


def test_a_stretched_picture_fills_the_input() -> None:
    planes, placing = placed(np.full((100, 200, 3), 7, np.uint8), 64, 32, fit="stretch")
    assert placing == pytest.approx((200 / 64, 100 / 32, 0, 0))
    assert (planes == 7).all()


def test_the_picture_stands_in_the_upper_left_on_grey() -> None:
    planes, placing = placed(np.full((100, 200, 3), 7, np.uint8), 64, 64)
    assert planes.dtype == np.float32
    assert (planes[0, :, :32] == 7).all()
    assert (planes[0, :, 32:] == GREY).all()
    assert placing == pytest.approx((200 / 64, 100 / 32, 0, 0))


@pytest.mark.parametrize("size", [(37, 91), (64, 64), (200, 30), (1000, 1500), (5, 3)])
def test_scaling_agrees_with_bilinear_samples_by_another_hand(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (*size, 3), np.uint8)
    planes, (across, down, _, _) = placed(pixels, 64, 64)
    width, height = round(size[1] / across), round(size[0] / down)
    # Pillow's affine transform samples without smoothing as well, to whole numbers.
    other = Image.fromarray(pixels).transform(
        (width, height), Image.Transform.AFFINE, (across, 0, 0, 0, down, 0), Image.Resampling.BILINEAR
    )
    ours = planes[0, ::-1, :height, :width].transpose(1, 2, 0)
    np.testing.assert_allclose(ours, np.asarray(other), atol=1.01)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_any_shape_of_picture_fits(size: tuple[int, int]) -> None:
    planes, _ = placed(blank(*size), 64, 64)
    assert planes.shape == (1, 3, 64, 64)
