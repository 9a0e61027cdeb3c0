"""A pack is what its manifest says, and nothing is used that the manifest does not name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.vision.faces.packs import (
    MANIFEST,
    Detector,
    FileFacts,
    Network,
    Pack,
    file_facts,
    find_pack,
    packs_in,
    read_pack,
)
from darkroom.domain.faces import FaceSpace, Licence
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Told = dict[str, Any]


def facts(path: Path) -> FileFacts:
    found = file_facts(path)
    assert found is not None
    return found


def pack(folder: Path, name: str = "") -> Pack:
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("find.onnx", "know.onnx", "know.data"):
        (folder / file).write_bytes(file.encode())
    fed: dict[str, Any] = {"source": "0" * 64, "colours": "rgb", "mean": 127.5, "std": 128.0}
    made = Pack(
        folder=folder,
        name=name or folder.name,
        licence=Licence.COMMERCIAL,
        licence_text="MIT",
        licence_url="https://example.com",
        threshold=0.4,
        dimensions=8,
        detector=Detector(file="find.onnx", layout="scrfd", side=640, score=0.5, overlap=0.4, **fed),
        recogniser=Network(file="know.onnx", **fed),
        files={file: facts(folder / file) for file in ("find.onnx", "know.onnx", "know.data")},
    )
    made.write()
    return made


def test_a_pack_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = pack(tmp_path / "one")
    read = read_pack(tmp_path / "one")
    assert read == made
    assert read.damaged() is None
    assert read.space("onnx") == FaceSpace("onnx", "one", 8, Licence.COMMERCIAL, 0.4)


def test_a_calibrated_threshold_is_kept(tmp_path: Path) -> None:
    made = pack(tmp_path / "one").calibrated(0.31)
    assert made.threshold == read_pack(tmp_path / "one").threshold == 0.31
    assert replace(made, threshold=0.4) == pack(tmp_path / "one")


def test_a_folder_without_a_manifest_is_no_model_and_the_command_that_makes_one(tmp_path: Path) -> None:
    (tmp_path / "loose.onnx").write_bytes(b"weights")
    for look in (read_pack, find_pack, lambda folder: find_pack(folder, "wanted")):
        with pytest.raises(NoModelError) as caught:
            look(tmp_path)
        assert caught.value.exact_code == "NO_MODEL"
        assert f"darkroom models prepare {tmp_path}" in caught.value.fix


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "[" * 100_000, "null"])
def test_what_is_no_manifest_is_refused(text: str, tmp_path: Path) -> None:
    pack(tmp_path)
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(NoModelError, match="is no manifest"):
        read_pack(tmp_path)


def inside(part: str, **changes: Any) -> Callable[[Told], None]:
    return lambda told: told[part].update(changes)


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(form=2),
        lambda told: told.update(name="../out"),
        lambda told: told.update(licence="whatever"),
        lambda told: told.update(threshold=1.5),
        lambda told: told.update(threshold=float("nan")),
        lambda told: told.update(threshold=True),
        lambda told: told.update(dimensions=0),
        lambda told: told.pop("recogniser"),
        lambda told: told["files"].pop("know.onnx"),
        lambda told: told["files"].update({"../../etc/passwd": {"sha256": "", "bytes": 1}}),
        inside("detector", layout="other"),
        inside("detector", side=0),
        inside("detector", score=2),
        inside("detector", file="/etc/passwd"),
        inside("recogniser", colours="grb"),
        inside("recogniser", std=0),
        inside("recogniser", mean="much"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_by_name(change: Callable[[Told], Any], tmp_path: Path) -> None:
    pack(tmp_path / "one")
    path = tmp_path / "one" / MANIFEST
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))
    with pytest.raises(NoModelError) as caught:
        read_pack(tmp_path / "one")
    assert str(path) in caught.value.detail
    assert "darkroom models prepare" in caught.value.fix


def test_files_that_are_missing_or_cut_short_are_named(tmp_path: Path) -> None:
    pack(tmp_path)
    (tmp_path / "know.data").write_bytes(b"know")
    with pytest.raises(NoModelError, match=r"know\.data"):
        read_pack(tmp_path)
    (tmp_path / "know.data").unlink()
    with pytest.raises(NoModelError, match=r"know\.data"):
        read_pack(tmp_path)


def test_bytes_that_were_changed_are_named(tmp_path: Path) -> None:
    pack(tmp_path)
    (tmp_path / "know.data").write_bytes(b"KNOW.data")
    assert read_pack(tmp_path).damaged() == "know.data"


# --- one of several ---------------------------------------------------------------------------------------------------


def test_a_folder_may_be_a_pack_or_hold_some(tmp_path: Path) -> None:
    made = pack(tmp_path / "one")
    assert find_pack(tmp_path / "one") == find_pack(tmp_path) == find_pack(tmp_path, "one") == made
    other = pack(tmp_path / "elsewhere", "two")
    assert packs_in(tmp_path) == {"two": other, "one": made}
    assert find_pack(tmp_path, "two") == other
    with pytest.raises(NoModelError, match="several") as caught:
        find_pack(tmp_path)
    assert "FACE_PACK to one of: two, one" in caught.value.fix


def test_a_pack_that_is_not_there_is_no_model_and_what_is_there_instead(tmp_path: Path) -> None:
    pack(tmp_path / "one")
    for folder in (tmp_path, tmp_path / "one"):
        with pytest.raises(NoModelError, match="no pack two") as caught:
            find_pack(folder, "two")
        assert "one of: one" in caught.value.fix


@pytest.mark.parametrize("wanted", ["", "two"])
def test_a_folder_without_packs_is_no_model_and_the_commands(wanted: str, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(NoModelError) as caught:
            find_pack(folder, wanted)
        assert f"make models PACK={wanted or 'antelopev2'}" in caught.value.fix
