"""Packs of face models over HTTP, from a real server on loopback, to a form that an engine runs."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from darkroom import wiring
from darkroom.adapters.vision.faces import library as libraries
from darkroom.adapters.vision.faces.library import PackLibrary, read_list, unpack
from darkroom.adapters.vision.faces.onnx_model import OnnxFaces
from darkroom.adapters.vision.images import PillowImages
from darkroom.domain.faces import Licence
from darkroom.entry.cli import main
from darkroom.errors import FetchFailedError, InvalidRequestError, NoModelError, SettingsError

from tests.weights_server import Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Material

STUDY = Licence.NON_COMMERCIAL


@pytest.fixture(scope="module")
def archive(testdata: Material) -> bytes:
    """A release as InsightFace makes them: the models in a folder, others beside them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in ("det_500m.onnx", "mobilefacenet_128.onnx"):
            packed.write(testdata(f"models/insightface_pack/{name}"), f"small/{name}")
        packed.writestr("small/genderage.onnx", b"no model that is used")
        packed.writestr("../../outside.txt", b"no model at all")
    return file.getvalue()


@pytest.fixture
def server(archive: bytes) -> Iterator[Server]:
    server = Server()
    server.content = archive
    with running(server):
        yield server


def listing(folder: Path, server: Server, **changes: Any) -> Path:
    entry = {
        "name": "small",
        "file": "small.zip",
        "url": server.url + "/small.zip",
        "sha256": hashlib.sha256(server.content).hexdigest(),
        "bytes": len(server.content),
        "about": "for tests",
        "licence": "non-commercial",
        "licenceText": "for research alone",
        "licenceUrl": "https://example.com/terms",
    }
    path = folder / "list.json"
    path.write_text(json.dumps({"labels": {}, "models": [], "packs": [entry | changes]}))
    return path


@pytest.fixture
def library(tmp_path: Path, server: Server) -> PackLibrary:
    return PackLibrary(tmp_path / "packs", listing=listing(tmp_path, server))


def test_a_fetched_pack_finds_faces(library: PackLibrary, testdata: Material) -> None:
    seen: list[int] = []
    pack = library.fetch(library.listed[0], accepted=STUDY, progress=seen.append)
    assert (pack.name, pack.licence, pack.licence_text) == ("small", STUDY, "for research alone")
    assert seen[-1] == library.listed[0].size
    assert [path.name for path in library.folder.iterdir()] == ["small"]
    found = library.find()
    assert found == pack
    assert len(OnnxFaces(found).faces(PillowImages().read(testdata("faces/t1.jpg").read_bytes()))) == 6


def test_weights_for_research_alone_are_fetched_for_who_says_that_this_is_known(
    library: PackLibrary, server: Server
) -> None:
    for accepted in (None, Licence.COMMERCIAL):
        with pytest.raises(InvalidRequestError) as caught:
            library.fetch(library.listed[0], accepted=accepted)
        assert "for research alone (https://example.com/terms)" in caught.value.detail
        assert "--accept-licence non-commercial" in caught.value.fix
    assert server.asked == []


def test_weights_that_may_be_sold_need_no_word(tmp_path: Path, server: Server) -> None:
    library = PackLibrary(tmp_path / "packs", listing=listing(tmp_path, server, licence="commercial", threshold=0.3))
    pack = library.fetch(library.listed[0], accepted=None)
    assert (pack.licence, pack.threshold) == (Licence.COMMERCIAL, 0.3)


def test_what_is_there_and_whole_is_not_fetched_again(library: PackLibrary, server: Server) -> None:
    entry = library.listed[0]
    pack = library.fetch(entry, accepted=STUDY)
    assert library.fetch(entry, accepted=STUDY) == pack
    assert len(server.asked) == 1
    pack.detector_path.write_bytes(b"x" * pack.detector_path.stat().st_size)
    assert library.fetch(entry, accepted=STUDY).damaged() is None
    assert len(server.asked) == 2


def test_a_broken_download_goes_on_where_it_stopped(library: PackLibrary, server: Server) -> None:
    server.cut = 300_000
    with pytest.raises(FetchFailedError):
        library.fetch(library.listed[0], accepted=STUDY)
    with pytest.raises(NoModelError):
        library.find()
    server.cut = None
    library.fetch(library.listed[0], accepted=STUDY)
    assert server.asked[0] is None
    assert str(server.asked[1]).startswith("bytes=")


def test_other_bytes_than_the_pinned_ones_are_never_unpacked(library: PackLibrary, server: Server) -> None:
    server.content = server.content[:-1] + b"!"
    with pytest.raises(FetchFailedError, match="sha256"):
        library.fetch(library.listed[0], accepted=STUDY)
    assert not (library.folder / "small").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../small"},
        {"file": "small.tar"},
        {"file": "/etc/small.zip"},
        {"sha256": "abc"},
        {"url": "file:///etc/passwd"},
        {"licence": "unknown"},
        {"bytes": "many"},
        {"threshold": "low"},
    ],
)
def test_a_list_that_is_wrong_is_refused_by_name(changes: dict[str, Any], tmp_path: Path, server: Server) -> None:
    path = listing(tmp_path, server, **changes)
    with pytest.raises(SettingsError, match="is not a list of packs"):
        read_list(path)


def test_the_shipped_list_pins_each_archive_and_says_what_it_may_be_used_for() -> None:
    listed = read_list()
    assert [pack.name for pack in listed] == ["antelopev2", "buffalo_l", "buffalo_s", "buffalo_sc"]
    assert {pack.licence for pack in listed} == {STUDY}
    assert len({pack.sha256 for pack in listed}) == len(listed)
    for pack in listed:
        assert pack.url == f"https://github.com/deepinsight/insightface/releases/download/v0.7/{pack.name}.zip"


# --- archives ---------------------------------------------------------------------------------------------------------


def packed(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_no_member_leads_out_of_the_folder(tmp_path: Path) -> None:
    names = ("../up.onnx", "/root.onnx", "a/b/deep.onnx", "..\\windows.onnx", "C:\\x.onnx", ".hidden.onnx", "read.me")
    (tmp_path / "in").mkdir()
    unpack(packed(tmp_path, dict.fromkeys(names, b"x")), tmp_path / "in")
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["deep.onnx", "root.onnx", "up.onnx"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive.zip", "in"]


def test_an_archive_that_grows_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    bomb = packed(tmp_path, {"a.onnx": bytes(3 << 20)})
    monkeypatch.setattr(libraries, "UNPACKED_BYTES", 2 << 20)
    with pytest.raises(FetchFailedError, match="more than"):
        unpack(bomb, tmp_path / "in")


@pytest.mark.parametrize("spoil", ["cut", "text", "twice", "crc"])
def test_a_broken_archive_is_no_crash(spoil: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = packed(
        tmp_path, {"a/x.onnx": bytes(1000), "b/x.onnx" if spoil == "twice" else "b/y.onnx": b"0123456789" * 9}
    )
    data = path.read_bytes()
    if spoil == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif spoil == "text":
        path.write_bytes(b"no archive")
    elif spoil == "crc":
        path.write_bytes(data[:40] + b"\xff" + data[41:])
    with pytest.raises(FetchFailedError, match="cannot be unpacked"):
        unpack(path, tmp_path / "in")


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with an empty cache; the path of its list."""
    monkeypatch.setenv("MODEL_CACHE", str(tmp_path / "cache"))
    for name in ("FACE_PACK_DIR", "FACE_PACK", "FACE_ENGINE", "DETECT_MODEL_LIST"):
        monkeypatch.delenv(name, raising=False)
    wiring.settings.cache_clear()
    yield listing(tmp_path, server)
    wiring.settings.cache_clear()


def test_fetch_and_list_tell_what_there_is(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--list", str(machine)]) == 0
    assert "small             missing" in capsys.readouterr().out
    assert main(["models", "fetch", "small", "--list", str(machine)]) != 0
    assert "--accept-licence non-commercial" in capsys.readouterr().err
    assert main(["models", "fetch", "small", "--list", str(machine), "--accept-licence", "non-commercial"]) == 0
    assert "cache/packs/small  non-commercial  for tests" in capsys.readouterr().out
    assert main(["models", "list", "--list", str(machine)]) == 0
    assert "small             here" in capsys.readouterr().out


def test_prepare_asks_what_the_weights_may_be_used_for(
    machine: Path, testdata: Material, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = str(testdata("models/insightface_pack/det_500m.onnx").parent)
    assert main(["models", "prepare", source]) != 0
    told = capsys.readouterr().err
    assert "--licence commercial" in told
    assert "--licence non-commercial" in told
    assert main(["models", "prepare", source, "--licence", "non-commercial", "--name", "mine"]) == 0
    assert "cache/packs/mine  non-commercial  det_500m.onnx, mobilefacenet_128.onnx: 128 dim" in capsys.readouterr().out
    assert main(["models", "prepare", source, "--licence", "commercial", "--to", str(tmp_path / "image")]) == 0
    capsys.readouterr()
    assert main(["models", "list", "--list", str(machine)]) == 0
    assert (
        "mine              here        6.5 MB  non-commercial  128 dimensions, prepared here" in capsys.readouterr().out
    )
