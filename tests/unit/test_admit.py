"""The image carries packs that are whole, and weights for research alone only where that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.vision.faces.packs import Detector, FileFacts, Network, Pack, file_facts
from darkroom.domain.faces import Licence

from functions.face_embed.admit import refusals

if TYPE_CHECKING:
    from pathlib import Path


def facts(path: Path) -> FileFacts:
    told = file_facts(path)
    assert told is not None
    return told


def pack(folder: Path, licence: Licence, layout: str = "scrfd") -> Path:
    """A pack of two files, which nothing here loads."""
    folder.mkdir(parents=True)
    for name in ("find.onnx", "know.onnx"):
        (folder / name).write_bytes(name.encode())
    fed: dict[str, Any] = {"source": "0" * 64, "colours": "rgb", "mean": 127.5, "std": 127.5}
    Pack(
        folder=folder,
        name=folder.name,
        licence=licence,
        licence_text="for those who study",
        licence_url="https://example.com/terms",
        threshold=0.4,
        dimensions=8,
        detector=Detector(file="find.onnx", layout=layout, side=640, score=0.5, overlap=0.4, **fed),
        recogniser=Network(file="know.onnx", **fed),
        files={name: facts(folder / name) for name in ("find.onnx", "know.onnx")},
    ).write()
    return folder


@pytest.mark.parametrize("accepted", [False, True])
def test_a_pack_that_may_be_sold_is_carried_and_so_is_none(tmp_path: Path, *, accepted: bool) -> None:
    (tmp_path / "README.md").write_text("none yet")
    assert refusals(tmp_path, accepted=accepted) == []
    pack(tmp_path / "sold", Licence.COMMERCIAL)
    assert refusals(tmp_path, accepted=accepted) == []


def test_weights_for_research_alone_are_refused_with_their_terms_and_what_says_that_they_are_known(
    tmp_path: Path,
) -> None:
    pack(tmp_path / "sold", Licence.COMMERCIAL)
    pack(tmp_path / "studied", Licence.NON_COMMERCIAL)
    (told,) = refusals(tmp_path, accepted=False)
    assert told.startswith("The weights of the pack studied are for non-commercial use alone: for those who study")
    assert "https://example.com/terms" in told
    assert "AcceptModelLicence=yes" in told
    assert refusals(tmp_path, accepted=True) == []


def test_a_folder_that_is_itself_a_pack_is_looked_at_too(tmp_path: Path) -> None:
    studied = pack(tmp_path / "studied", Licence.NON_COMMERCIAL)
    assert len(refusals(studied, accepted=False)) == 1


def test_a_pack_that_needs_opencv_is_refused_where_the_image_has_none(tmp_path: Path) -> None:
    pack(tmp_path / "sold", Licence.COMMERCIAL, layout="yunet")
    (told,) = refusals(tmp_path, accepted=False, engines=["insightface"])
    assert "FaceEngines=yunet" in told
    assert refusals(tmp_path, accepted=False, engines=["dlib", "yunet"]) == []


def test_weights_that_nobody_prepared_are_refused_whatever_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "det_10g.onnx").write_bytes(b"weights")
    (told,) = refusals(tmp_path, accepted=True)
    assert "darkroom models prepare" in told


@pytest.mark.parametrize("damage", ["know_onnx", "longer than it was", None])
def test_a_pack_that_is_not_as_it_was_prepared_is_refused_whatever_is_accepted(
    tmp_path: Path, damage: str | None
) -> None:
    sold = pack(tmp_path / "sold", Licence.COMMERCIAL)
    if damage is None:
        (sold / "know.onnx").unlink()
    else:
        (sold / "know.onnx").write_text(damage)
    (told,) = refusals(tmp_path, accepted=True)
    assert told.startswith("know.onnx of the pack sold is")


def test_a_file_that_no_longer_is_a_manifest_is_refused(tmp_path: Path) -> None:
    sold = pack(tmp_path / "sold", Licence.COMMERCIAL)
    (sold / "pack.json").write_text("{}")
    assert len(refusals(tmp_path, accepted=True)) == 1
