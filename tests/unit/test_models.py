"""Where weights are found, and what is said where there are none."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.vision.downloads import is_sound
from darkroom.adapters.vision.manifests import NOTHING_TOLD, Manifest
from darkroom.adapters.vision.models import SHIPPED_LIST, ModelLibrary, read_list
from darkroom.errors import NoModelError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = b"the weights of a model" * 100


def listing(folder: Path, *names: str, **changes: Any) -> Path:
    path = folder / "list.json"
    models = [
        {
            "name": name,
            "file": f"{name}.onnx",
            "url": "http://127.0.0.1:9/nothing",
            "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
            "bytes": len(WEIGHTS),
            "labels": "pets",
            "licence": "MIT",
            "licenceUrl": "https://example.com/licence",
            "about": "for tests",
        }
        | changes
        for name in names
    ]
    path.write_text(json.dumps({"labels": {"pets": ["cat", "dog"]}, "models": models}))
    return path


def library(tmp_path: Path, *names: str, folder: Path | None = None, wanted: str = "") -> ModelLibrary:
    return ModelLibrary(
        folder=folder,
        cache=tmp_path / "cache",
        wanted=wanted,
        listing=listing(tmp_path, *(names or ("small", "large"))),
    )


def fill(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_shipped_list_pins_each_file_and_names_its_licence() -> None:
    models = read_list()
    assert [model.name for model in models] == ["yolox_tiny", "yolox_s", "yolox_nano"]
    for model in models:
        assert model.url.startswith("https://github.com/Megvii-BaseDetection/YOLOX/releases/download/")
        assert model.licence == "Apache-2.0"
        assert len(model.labels) == len(set(model.labels)) == 80
    assert len({model.sha256 for model in models}) == 3


def test_the_shipped_labels_are_those_of_the_material(testdata: Any) -> None:
    assert list(read_list()[0].labels) == testdata("models/yolox/coco80.txt").read_text().splitlines()


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "../../.bashrc"},
        {"file": "/etc/passwd.onnx"},
        {"file": "..onnx/../x.onnx"},
        {"file": "weights.pkl"},
        {"sha256": "abc"},
        {"url": "file:///etc/passwd"},
        {"bytes": "many"},
        {"labels": "unknown"},
        {"manifest": {"color": "rgb"}},
        {"manifest": "yolox"},
    ],
)
def test_a_list_that_is_wrong_is_refused_by_name(changes: dict[str, Any], tmp_path: Path) -> None:
    path = listing(tmp_path, "small", **changes)
    with pytest.raises(SettingsError) as caught:
        read_list(path)
    assert str(path) in caught.value.detail
    assert str(SHIPPED_LIST) in caught.value.fix


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"labels": {}, "models": [1]}', "\ud800"])
def test_a_file_that_is_no_list_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsError):
        read_list(path)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        read_list(tmp_path / "missing.json")


# --- the cache --------------------------------------------------------------------------------------------------------


def test_the_first_of_the_list_that_is_in_the_cache_is_taken(tmp_path: Path) -> None:
    fill(tmp_path / "cache", large__onnx="L")
    assert library(tmp_path).find().name == "large"
    fill(tmp_path / "cache", small__onnx="S")
    found = library(tmp_path).find()
    assert found.name == "small"
    assert found.path == tmp_path / "cache" / "small.onnx"
    assert found.labels == ("cat", "dog")


def test_a_wanted_model_is_taken_before_the_preferred_one(tmp_path: Path) -> None:
    fill(tmp_path / "cache", large__onnx="L", small__onnx="S")
    assert library(tmp_path, wanted="large").find().name == "large"


def test_an_empty_cache_is_no_model_and_the_command_that_mends_it(tmp_path: Path) -> None:
    with pytest.raises(NoModelError) as caught:
        library(tmp_path).find()
    assert caught.value.exact_code == "NO_MODEL"
    assert "make models" in caught.value.fix


def test_a_wanted_model_that_no_list_has_is_refused_with_the_names(tmp_path: Path) -> None:
    with pytest.raises(NoModelError) as caught:
        library(tmp_path, wanted="huge").find()
    assert "small, large" in caught.value.fix


# --- a folder ---------------------------------------------------------------------------------------------------------


def test_a_folder_is_used_as_it_is_and_the_cache_is_not(tmp_path: Path) -> None:
    fill(tmp_path / "cache", small__onnx="S")
    folder = fill(tmp_path / "own", birds__onnx="B", labels__txt="owl\n\n jay \n", birds__licence__txt="no label")
    found = library(tmp_path, folder=folder).find()
    assert (found.name, found.path, found.labels) == ("birds", folder / "birds.onnx", ("owl", "jay"))


def test_an_empty_folder_is_no_model_even_where_the_cache_has_one(tmp_path: Path) -> None:
    fill(tmp_path / "cache", small__onnx="S")
    with pytest.raises(NoModelError) as caught:
        library(tmp_path, folder=tmp_path / "missing").find_or_fetch()
    assert f"darkroom models fetch --to {tmp_path / 'missing'}" in caught.value.fix


def test_of_several_models_in_a_folder_one_has_to_be_named(tmp_path: Path) -> None:
    folder = fill(tmp_path / "own", a__onnx="A", b__onnx="B", a__txt="cat", b__txt="dog")
    with pytest.raises(NoModelError) as caught:
        library(tmp_path, folder=folder).find()
    assert "a, b" in caught.value.fix
    assert library(tmp_path, folder=folder, wanted="b").find().labels == ("dog",)
    with pytest.raises(NoModelError):
        library(tmp_path, folder=folder, wanted="c").find()


@pytest.mark.parametrize("texts", [{}, {"one__txt": "cat", "two__txt": "dog"}])
def test_a_model_whose_labels_cannot_be_told_is_refused(texts: dict[str, str], tmp_path: Path) -> None:
    folder = fill(tmp_path / "own", a__onnx="A", **texts)
    with pytest.raises(NoModelError) as caught:
        library(tmp_path, folder=folder).find()
    assert "a.txt" in caught.value.fix


def test_a_manifest_beside_the_model_is_read(tmp_path: Path) -> None:
    folder = fill(tmp_path / "own", birds__onnx="B", birds__txt="owl", other__json="[]")
    assert library(tmp_path, folder=folder).find().manifest == NOTHING_TOLD
    fill(folder, birds__json='{"layout": "detr", "size": 800}')
    assert library(tmp_path, folder=folder).find().manifest == Manifest(layout="detr", size=(800, 800))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"color": "rgb"}', "[" * 100_000])
def test_a_manifest_that_is_wrong_is_refused_by_name(text: str, tmp_path: Path) -> None:
    folder = fill(tmp_path / "own", birds__onnx="B", birds__txt="owl", birds__json=text)
    with pytest.raises(NoModelError) as caught:
        library(tmp_path, folder=folder).find()
    assert str(folder / "birds.json") in caught.value.detail
    assert "README" in caught.value.fix


def test_a_file_is_sound_only_with_the_pinned_digest(tmp_path: Path) -> None:
    (model,) = read_list(listing(tmp_path, "small"))
    path = tmp_path / "small.onnx"
    assert not is_sound(path, model)
    path.write_bytes(WEIGHTS[:-1] + b"X")
    assert not is_sound(path, model)
    path.write_bytes(WEIGHTS)
    assert is_sound(path, model)
