"""The Rekognition engine against a real HTTP server that speaks the service's protocol."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.aws.clients import config, paid_client
from darkroom.adapters.aws.rekognition import LONGEST_SIDE, REQUEST_BYTES, RekognitionDetector, encoded
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.errors import BadImageError, NotChargedError, SettingsError, TransientError
from PIL import Image

from tests.stub_rekognition import rekognition


def noise(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_labels_with_boxes_become_detections_in_pixels() -> None:
    with rekognition() as (client, stub):
        found = RekognitionDetector(client, MemoryClock(), confidence=0.4).detect(noise(400, 200))
    assert [(each.label, each.confidence) for each in found] == [("person", pytest.approx(0.991)), ("person", 0.88)]
    assert found[0].bbox == pytest.approx((100, 0, 300, 200))
    assert found[1].bbox == pytest.approx((0, 100, 100, 200))  # cut at the left and at the bottom
    (call,) = stub.received
    assert call.parameters["MinConfidence"] == 40
    assert call.parameters["Features"] == ["GENERAL_LABELS"]


def test_what_is_less_sure_than_asked_is_left_out() -> None:
    with rekognition() as (client, _):
        found = RekognitionDetector(client, MemoryClock(), confidence=0.9).detect(noise(400, 200))
    assert len(found) == 1


@pytest.mark.parametrize("size", [(5200, 2600), (60, 300), (1, 1), (9000, 200)])
def test_a_picture_is_scaled_to_what_the_service_takes_and_its_boxes_are_not(size: tuple[int, int]) -> None:
    width, height = size
    with rekognition() as (client, stub):
        found = RekognitionDetector(client, MemoryClock(), confidence=0.4).detect(noise(width, height))
    sent = stub.received[0].size
    assert max(sent) <= LONGEST_SIDE
    assert min(sent) >= 80
    assert sent[0] / sent[1] == pytest.approx(width / height, rel=0.15)
    assert all(each.bbox[2] <= width and each.bbox[3] <= height for each in found)


def test_the_densest_picture_stays_below_the_limit_of_bytes() -> None:
    assert len(encoded(Image.fromarray(noise(4096, 4096)))) <= REQUEST_BYTES


def test_a_picture_too_narrow_to_scale_is_refused_without_a_call() -> None:
    with rekognition() as (client, stub), pytest.raises(BadImageError):
        RekognitionDetector(client, MemoryClock(), confidence=0.4).detect(noise(9000, 3))
    assert stub.received == []


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
def test_a_throttled_call_is_made_again(code: str) -> None:
    clock = MemoryClock(0)
    with rekognition((400, code), (400, code)) as (client, stub):
        assert RekognitionDetector(client, clock, confidence=0.4).detect(noise(100, 100))
    assert len(stub.received) == 3
    assert clock.now() == 1_000


def test_three_throttled_calls_are_trouble_that_may_pass_and_that_nobody_paid_for() -> None:
    with rekognition(*[(400, "ThrottlingException")] * 9) as (client, stub), pytest.raises(NotChargedError):
        RekognitionDetector(client, MemoryClock(), confidence=0.4).detect(noise(100, 100))
    assert len(stub.received) == 3


@pytest.mark.parametrize("trouble", [(500, "InternalServerError"), (503, "ServiceUnavailable"), None])
def test_a_call_that_may_have_been_charged_is_not_made_again(trouble: tuple[int, str] | None) -> None:
    with rekognition(trouble, trouble) as (client, stub), pytest.raises(TransientError) as caught:
        RekognitionDetector(client, MemoryClock(), confidence=0.4).detect(noise(100, 100))
    assert not isinstance(caught.value, NotChargedError)
    assert len(stub.received) == 1


@pytest.mark.parametrize("code", ["InvalidImageFormatException", "ImageTooLargeException", "InvalidParameterException"])
def test_a_picture_that_the_service_refuses_is_a_bad_image(code: str) -> None:
    with rekognition((400, code)) as (client, _), pytest.raises(BadImageError, match=code):
        RekognitionDetector(client, MemoryClock(), confidence=0.4).detect(noise(100, 100))


def test_a_role_that_may_not_call_it_is_a_setting_to_mend() -> None:
    with rekognition((400, "AccessDeniedException")) as (client, _), pytest.raises(SettingsError) as caught:
        RekognitionDetector(client, MemoryClock(), confidence=0.4).detect(noise(100, 100))
    assert "Policies" in caught.value.fix


def test_the_real_client_makes_each_call_once() -> None:
    made, usual = paid_client("rekognition", "eu-west-1").meta.config, vars(config("rekognition"))
    assert made.retries["total_max_attempts"] == 1
    assert made.read_timeout == usual["read_timeout"]
