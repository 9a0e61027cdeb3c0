"""`darkroom faces calibrate` on real pictures: every engine tells these people apart, and its threshold is right."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from darkroom import wiring
from darkroom.adapters.vision.faces.packs import read_pack
from darkroom.entry.cli import main
from darkroom.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Material

SAME = ("--same", "obama.jpg,obama2.jpg")


@pytest.fixture
def people(testdata: Material) -> Path:
    return testdata("faces/expected_faces.json").parent


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that FACE_PACK_DIR names."""
    folder = tmp_path / "packs"
    folder.mkdir()
    monkeypatch.setenv("FACE_PACK_DIR", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.mark.parametrize(("engine", "fixture"), [("onnx", "small_pack"), ("yunet", "sold_pack")])
def test_a_pack_tells_everybody_apart_and_gets_its_threshold(
    *,
    engine: str,
    fixture: str,
    people: Path,
    packs: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if engine == "yunet":
        pytest.importorskip("cv2", reason="the engine yunet is not installed")
    folder = packs / "pack"
    shutil.copytree(request.getfixturevalue(fixture), folder)
    chart = tmp_path / "chart.svg"
    arguments = ["faces", "calibrate", str(people), *SAME, "--engine", engine, "--write", "--chart", str(chart)]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "9 people" in told
    assert "area under the curve 1.000000" in told
    pack = read_pack(folder)
    assert 0.35 < pack.threshold < 0.55
    assert f"threshold {pack.threshold:.3f}" in told
    assert f"{pack.threshold:9.3f}             0.000%             0.000%" in told
    assert pack.damaged() is None
    assert ET.parse(chart).getroot().tag.endswith("svg")
    assert f"threshold {pack.threshold:.3f}" in chart.read_text()


def test_dlib_tells_them_apart_at_the_threshold_that_stands_beside_it(people: Path) -> None:
    pytest.importorskip("dlib", reason="the engine dlib is not installed")
    calibration = wiring.face_calibration("dlib")
    shown = {"obama.jpg": "obama", "obama2.jpg": "obama", "biden.jpg": "biden", "astronaut.png": "collins"}
    done = calibration.measure((who, (people / name).read_bytes()) for name, who in shown.items())
    threshold = calibration.space.threshold
    assert done.people == 3
    assert done.curve.area == 1
    assert done.curve.false_accepts(threshold) == 0
    assert done.curve.false_rejects(threshold) == 0


def test_folders_are_people(people: Path, packs: Path, tmp_path: Path, small_pack: Path) -> None:
    shutil.copytree(small_pack, packs / "pack")
    for who, name in (("a", "obama.jpg"), ("a", "obama2.jpg"), ("b", "biden.jpg")):
        (tmp_path / "people" / who).mkdir(parents=True, exist_ok=True)
        shutil.copy(people / name, tmp_path / "people" / who / name)
    before = json.loads((packs / "pack" / "pack.json").read_text())
    chart = tmp_path / "chart.png"
    assert main(["faces", "calibrate", str(tmp_path / "people"), "--engine", "onnx", "--chart", str(chart)]) == 0
    assert chart.read_bytes().startswith(b"\x89PNG")
    assert json.loads((packs / "pack" / "pack.json").read_text()) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--chart", "curve.pdf"], "End its name in .svg or .png"),
        (["--engine", "dlib", "--write"], "THRESHOLD of adapters/vision/faces/dlib_model.py"),
        (["--engine", "dlib", "--same", "obama.jpg,nobody.jpg"], "There is no nobody.jpg"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_mends_it(
    arguments: list[str], told: str, people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["faces", "calibrate", str(people), *arguments]) == 1
    assert told in capsys.readouterr().err
