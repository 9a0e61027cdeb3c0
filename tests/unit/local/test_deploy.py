"""`make deploy` says beforehand what would only show when the first job fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.deploy import weightless

if TYPE_CHECKING:
    from pathlib import Path


def test_a_deployment_without_weights_is_told(tmp_path: Path) -> None:
    assert weightless("AlarmEmail=ops@example.org", tmp_path)


def test_one_with_weights_or_another_engine_or_folder_is_not(tmp_path: Path) -> None:
    assert not weightless("DetectEngine=rekognition", tmp_path)
    assert not weightless("DetectModelDir=functions/detect/models-mine", tmp_path)
    (tmp_path / "yolox_s.onnx").touch()
    assert not weightless("", tmp_path)
