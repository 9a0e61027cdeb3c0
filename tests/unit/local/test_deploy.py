"""`make deploy` says beforehand what would only show when the first job fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local import deploy, destroy
from local.deploy import packless, weightless
from local.overlay import keys_prefix

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_region_is_the_one_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert deploy.region() == "eu-west-1"


def test_the_functions_look_for_provider_keys_where_make_secrets_puts_them() -> None:
    assert deploy.overrides("prod", "") == ["Stage=prod", "ProviderKeysPrefix=/darkroom/prod"]
    assert keys_prefix("prod") == "/darkroom/prod"


def test_an_operator_may_keep_provider_keys_elsewhere() -> None:
    told = deploy.overrides("prod", "AlarmEmail=ops@example.org ProviderKeysPrefix=/teadifyz")
    assert told == ["Stage=prod", "AlarmEmail=ops@example.org", "ProviderKeysPrefix=/teadifyz"]


def test_everything_that_outlives_the_stack_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert destroy.retained("darkroom-dev", "123456789012") == {
        destroy.BUCKET: {"darkroom-dev-media-123456789012-eu-west-1"},
        destroy.TABLE: {f"darkroom-dev-{table}" for table in ("jobs", "keys", "people", "uploads")},
        destroy.SECRET: {"Master of the webhook secrets of darkroom-dev"},
    }


def test_a_deployment_without_weights_is_told(tmp_path: Path) -> None:
    assert weightless("AlarmEmail=ops@example.org", tmp_path)


def test_one_with_weights_or_another_engine_or_folder_is_not(tmp_path: Path) -> None:
    assert not weightless("DetectEngine=rekognition", tmp_path)
    assert not weightless("DetectModelDir=functions/detect/models-mine", tmp_path)
    assert weightless("DetectEngine=onnx", tmp_path)
    (tmp_path / "yolox_s.onnx").touch()
    assert not weightless("", tmp_path)


def test_a_deployment_without_a_pack_of_face_models_is_told(tmp_path: Path) -> None:
    assert packless("", tmp_path)
    assert packless("FaceEngine=dlib", tmp_path)  # dlib's weights are in the image by that word alone
    assert packless("FaceEngine=onnx FaceEngines=dlib", tmp_path)


def test_one_with_a_pack_or_dlib_or_another_folder_is_not(tmp_path: Path) -> None:
    assert not packless("FaceEngine=dlib FaceEngines=yunet,dlib", tmp_path)
    assert not packless("FacePackDir=functions/face_embed/packs-mine", tmp_path)
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "pack.json").touch()
    assert not packless("", tmp_path)
