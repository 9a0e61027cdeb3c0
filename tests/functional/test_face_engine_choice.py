"""Which engine of faces a process gets, by its settings and by what is there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Protocol

import pytest
from darkroom import wiring
from darkroom.errors import NoModelError, PackMismatchError, SettingsError
from darkroom.settings import FACE_ENGINES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from darkroom.ports import FaceModel

    from tests.conftest import Material

    class Choose(Protocol):
        def __call__(self, pack: str | None = None, /, **variables: str) -> FaceModel: ...


@pytest.fixture
def choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Choose]:
    """The engine under these settings, on a machine with an empty cache."""

    def model(pack: str | None = None, /, **variables: str) -> FaceModel:
        for name in ("FACE_ENGINE", "FACE_PACK", "FACE_PACK_DIR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"MODEL_CACHE": str(tmp_path / "cache"), **variables}.items():
            monkeypatch.setenv(name, value)
        clear()
        return wiring.face_model(pack)

    def clear() -> None:
        wiring.settings.cache_clear()
        wiring._face_model.cache_clear()

    yield model
    clear()


def test_every_engine_of_the_settings_has_its_line() -> None:
    assert tuple(wiring.FACE_ENGINES) == FACE_ENGINES


def test_a_machine_without_a_pack_has_dlib(choose: Choose) -> None:
    assert choose().space.engine == "dlib"


def test_a_pack_in_the_cache_is_taken_before_dlib(choose: Choose, small_pack: Path, tmp_path: Path) -> None:
    shutil.copytree(small_pack, tmp_path / "cache" / "packs" / "small")
    found = choose().space
    assert (found.engine, found.pack, found.dimensions) == ("onnx", "small", 128)
    assert choose(FACE_ENGINE="dlib").space.engine == "dlib"


def test_the_folder_that_is_named_wins(choose: Choose, small_pack: Path) -> None:
    for folder in (small_pack, small_pack.parent):
        assert choose(FACE_PACK_DIR=str(folder)).space.pack == "small"
    assert choose(FACE_PACK_DIR=str(small_pack), FACE_ENGINE="insightface").space.engine == "insightface"


@pytest.mark.parametrize("engine", ["auto", "onnx", "insightface", "yunet"])
def test_a_folder_without_a_pack_is_no_model_and_the_command(engine: str, choose: Choose, tmp_path: Path) -> None:
    with pytest.raises(NoModelError) as caught:
        choose(FACE_PACK_DIR=str(tmp_path), FACE_ENGINE=engine)
    assert "make models PACK=antelopev2" in caught.value.fix
    assert "darkroom models prepare" in caught.value.fix


@pytest.mark.parametrize("engine", ["onnx", "insightface", "yunet"])
def test_an_engine_that_was_asked_for_without_its_pack_is_no_model(engine: str, choose: Choose) -> None:
    with pytest.raises(NoModelError):
        choose(FACE_ENGINE=engine)


def test_loose_weights_are_no_model_and_the_command_that_prepares_them(choose: Choose, testdata: Material) -> None:
    folder = testdata("models/insightface_pack/det_500m.onnx").parent
    with pytest.raises(NoModelError) as caught:
        choose(FACE_PACK_DIR=str(folder))
    assert f"darkroom models prepare {folder}" in caught.value.fix


def test_an_engine_that_a_pack_is_not_for_is_no_model(choose: Choose, small_pack: Path) -> None:
    with pytest.raises(NoModelError, match="scrfd"):
        choose(FACE_PACK_DIR=str(small_pack), FACE_ENGINE="yunet")


def test_an_unknown_engine_is_refused_with_the_names(choose: Choose) -> None:
    with pytest.raises(SettingsError) as caught:
        choose(FACE_ENGINE="opencv")
    assert "onnx, insightface, yunet, dlib" in caught.value.fix


def test_of_several_packs_a_caller_may_name_one(choose: Choose, small_pack: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = shutil.copytree(small_pack, tmp_path / "packs" / name)
        manifest = folder / "pack.json"
        manifest.write_text(manifest.read_text().replace('"name": "small"', f'"name": "{name}"'))
    with pytest.raises(NoModelError, match="several"):
        choose(FACE_PACK_DIR=str(tmp_path / "packs"))
    assert wiring.face_model("two").space.pack == "two"
    own = choose(FACE_PACK_DIR=str(tmp_path / "packs"), FACE_PACK="one")
    assert wiring.face_model() is wiring.face_model("one") is own
    other = wiring.face_model("two")
    assert (own.space.pack, other.space.pack) == ("one", "two")
    assert wiring.face_model("two") is other
    with pytest.raises(PackMismatchError) as caught:
        wiring.face_model("three")
    assert "darkroom faces reembed" in caught.value.fix


def test_dlib_has_no_pack_but_its_own(choose: Choose) -> None:
    own = choose(FACE_ENGINE="dlib").space.pack
    assert choose(own, FACE_ENGINE="dlib").space.pack == own
    with pytest.raises(PackMismatchError):
        choose("antelopev2", FACE_ENGINE="dlib")
