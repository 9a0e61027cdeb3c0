"""What a laptop is told of its engines of faces before its stack is brought up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from darkroom.errors import NoModelError

from local.engine import choose

if TYPE_CHECKING:
    from pathlib import Path


def told(folder: Path, **environment: str) -> tuple[dict[str, str], str]:
    """The functions' settings, and the line about faces."""
    lines: list[str] = []
    settings = choose({"MODEL_CACHE": str(folder), "DETECT_ENGINE": "dlib", **environment}, lines.append)
    (line,) = [line for line in lines if line.startswith("Faces: ")]
    return settings, line


def test_without_a_pack_it_is_dlib_and_how_to_get_one_is_said(tmp_path: Path) -> None:
    settings, line = told(tmp_path)
    assert "FACE_ENGINE" not in settings
    assert line.startswith("Faces: dlib, for there is no pack")
    assert "make models PACK=" in line


def test_an_engine_that_is_asked_for_is_passed_on(tmp_path: Path) -> None:
    assert told(tmp_path, FACE_ENGINE="dlib") == (
        {"MODEL_CACHE": str(tmp_path), "DETECT_ENGINE": "dlib", "FACE_ENGINE": "dlib"},
        "Faces: dlib, as FACE_ENGINE says",
    )


@pytest.mark.parametrize("asked", [{"FACE_ENGINE": "onnx"}, {"FACE_PACK": "antelopev2"}])
def test_a_pack_that_is_asked_for_and_not_there_stops_the_start(tmp_path: Path, asked: dict[str, str]) -> None:
    with pytest.raises(NoModelError):
        told(tmp_path, **asked)


def test_a_pack_that_is_here_is_named_with_its_licence(small_pack: Path, tmp_path: Path) -> None:
    settings, line = told(tmp_path, FACE_PACK_DIR=str(small_pack))
    assert settings["FACE_PACK_DIR"] == str(small_pack)
    assert line == f"Faces: the pack small (non-commercial), from {small_pack}"
