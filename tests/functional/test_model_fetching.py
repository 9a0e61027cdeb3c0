"""Weights over HTTP, from a real server on loopback that now and then misbehaves."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from darkroom import wiring
from darkroom.adapters.vision.manifests import Manifest, Scaling
from darkroom.adapters.vision.models import ModelLibrary
from darkroom.entry.cli import main
from darkroom.errors import FetchFailedError, NoModelError

from tests.weights_server import WEIGHTS, Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with running(server):
        yield server


def listing(folder: Path, server: Server, *names: str, path: str = "/weights") -> Path:
    models = [
        {
            "name": name,
            "file": f"{name}.onnx",
            "url": server.url + path,
            "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
            "bytes": len(WEIGHTS),
            "labels": "pets",
            "licence": "MIT",
            "licenceUrl": "https://example.com/licence",
            "about": "for tests",
        }
        for name in names or ("small", "large")
    ]
    file = folder / "list.json"
    file.write_text(json.dumps({"labels": {"pets": ["cat", "dog"]}, "models": models}))
    return file


@pytest.fixture
def library(tmp_path: Path, server: Server) -> ModelLibrary:
    return ModelLibrary(folder=None, cache=tmp_path / "cache", listing=listing(tmp_path, server))


def test_weights_come_with_their_labels_and_their_licence(library: ModelLibrary) -> None:
    seen: list[int] = []
    path = library.fetch(library.models[0], progress=seen.append)
    assert path.read_bytes() == WEIGHTS
    assert (library.cache / "small.txt").read_text() == "cat\ndog\n"
    licence = (library.cache / "small.licence.txt").read_text()
    assert "MIT" in licence
    assert hashlib.sha256(WEIGHTS).hexdigest() in licence
    assert sorted(file.name for file in library.cache.iterdir()) == ["small.licence.txt", "small.onnx", "small.txt"]
    assert seen[-1] == len(WEIGHTS)
    assert seen == sorted(seen)


def test_a_fetched_folder_can_be_used_as_it_is(library: ModelLibrary, tmp_path: Path) -> None:
    library.fetch(library.models[1], to=tmp_path / "image")
    found = ModelLibrary(folder=tmp_path / "image", cache=tmp_path / "other").find()
    assert (found.name, found.labels) == ("large", ("cat", "dog"))


def test_what_the_list_says_of_a_model_comes_with_it(tmp_path: Path, server: Server) -> None:
    path = listing(tmp_path, server, "other")
    told = json.loads(path.read_text())
    told["models"][0]["manifest"] = {"layout": "detr", "scaling": {"mean": [1, 2, 3], "std": [4, 5, 6]}}
    path.write_text(json.dumps(told))
    library = ModelLibrary(folder=None, cache=tmp_path / "cache", listing=path)
    library.fetch(library.models[0])
    found = library.find().manifest
    assert found == Manifest(layout="detr", scaling=Scaling((1, 2, 3), (4, 5, 6)))
    assert ModelLibrary(folder=library.cache, cache=tmp_path / "none").find().manifest == found


def test_what_is_there_and_sound_is_not_fetched_again(library: ModelLibrary, server: Server) -> None:
    library.fetch(library.models[0])
    library.fetch(library.models[0])
    assert len(server.asked) == 1


def test_a_damaged_file_is_fetched_again(library: ModelLibrary) -> None:
    path = library.fetch(library.models[0])
    path.write_bytes(b"damaged")
    assert library.state(library.models[0]) == "damaged"
    assert library.fetch(library.models[0]).read_bytes() == WEIGHTS
    assert library.state(library.models[0]) == "here"


def test_a_broken_download_goes_on_where_it_stopped(library: ModelLibrary, server: Server) -> None:
    server.cut = 300_000
    with pytest.raises(FetchFailedError):
        library.fetch(library.models[0])
    assert not (library.cache / "small.onnx").exists()
    there = (library.cache / "small.onnx.part").stat().st_size
    assert 0 < there <= 300_000
    server.cut = None
    assert library.fetch(library.models[0]).read_bytes() == WEIGHTS
    assert server.asked == [None, f"bytes={there}-"]


def test_a_server_without_ranges_begins_anew(library: ModelLibrary, server: Server) -> None:
    server.cut = 300_000
    with pytest.raises(FetchFailedError):
        library.fetch(library.models[0])
    server.cut, server.ranges = None, False
    assert library.fetch(library.models[0]).read_bytes() == WEIGHTS


def test_a_complete_part_is_taken_without_asking(library: ModelLibrary, server: Server) -> None:
    library.cache.mkdir()
    (library.cache / "small.onnx.part").write_bytes(WEIGHTS)
    assert library.fetch(library.models[0]).read_bytes() == WEIGHTS
    assert server.asked == []


def test_other_bytes_than_the_pinned_ones_are_never_used(library: ModelLibrary, server: Server) -> None:
    server.content = WEIGHTS[:-1] + b"!"
    with pytest.raises(FetchFailedError, match="sha256"):
        library.fetch(library.models[0])
    assert not (library.cache / "small.onnx").exists()
    server.content = WEIGHTS
    assert library.fetch(library.models[0]).read_bytes() == WEIGHTS


def test_more_bytes_than_the_pinned_ones_are_not_even_kept(library: ModelLibrary, server: Server) -> None:
    server.content = WEIGHTS * 8
    with pytest.raises(FetchFailedError, match="longer"):
        library.fetch(library.models[0])
    assert (library.cache / "small.onnx.part").stat().st_size == 0


@pytest.mark.parametrize("status", [404, 416, 500])
def test_an_error_of_the_server_is_named(status: int, library: ModelLibrary, server: Server) -> None:
    server.status = status
    with pytest.raises(FetchFailedError, match=str(status)):
        library.fetch(library.models[0])


def test_redirects_are_followed(tmp_path: Path, server: Server) -> None:
    moved = ModelLibrary(folder=None, cache=tmp_path / "cache", listing=listing(tmp_path, server, path="/moved"))
    assert moved.fetch(moved.models[0]).read_bytes() == WEIGHTS


def test_two_processes_that_want_the_same_weights_fetch_them_once(library: ModelLibrary, server: Server) -> None:
    server.slow = True
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(library.fetch, [library.models[0]] * 4))
    assert {path.read_bytes() for path in paths} == {WEIGHTS}
    assert server.asked == [None]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, library: ModelLibrary) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(FetchFailedError, match="could not be stored"):
        library.fetch(library.models[0], to=tmp_path / "file" / "models")


def test_a_worker_fetches_missing_weights_if_that_is_quick(library: ModelLibrary) -> None:
    assert library.find_or_fetch().name == "small"
    assert library.find().name == "small"


def test_a_worker_waits_for_a_stalled_server_only_briefly(library: ModelLibrary, server: Server) -> None:
    server.stall = True
    with pytest.raises(FetchFailedError):
        library.fetch(library.models[0], within=0.3)


def test_weights_that_cannot_be_fetched_are_no_model(tmp_path: Path, server: Server) -> None:
    server.status = 503
    missing = ModelLibrary(folder=None, cache=tmp_path / "cache", listing=listing(tmp_path, server))
    with pytest.raises(NoModelError) as caught:
        missing.find_or_fetch()
    assert "make models" in caught.value.fix
    assert "503" in caught.value.detail


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MODEL_CACHE", str(tmp_path / "cache"))
    wiring.settings.cache_clear()
    yield tmp_path / "cache"
    wiring.settings.cache_clear()


def run(*arguments: str) -> int:
    return main(["models", *arguments])


def test_the_command_fetches_the_first_of_the_list(
    terminal: Path, tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fetch", "--list", str(listing(tmp_path, server))) == 0
    out, err = capsys.readouterr()
    assert (terminal / "small.onnx").read_bytes() == WEIGHTS
    assert not (terminal / "large.onnx").exists()
    assert str(terminal / "small.onnx") in out
    assert "MIT" in out
    assert "100 %" in err


def test_the_command_fetches_what_is_named_to_a_folder(terminal: Path, tmp_path: Path, server: Server) -> None:
    assert run("fetch", "large", "--list", str(listing(tmp_path, server)), "--to", str(tmp_path / "image")) == 0
    assert (tmp_path / "image" / "large.onnx").read_bytes() == WEIGHTS
    assert not terminal.exists()


def test_the_command_fetches_all(terminal: Path, tmp_path: Path, server: Server) -> None:
    assert run("fetch", "--all", "--list", str(listing(tmp_path, server))) == 0
    assert {path.name for path in terminal.glob("*.onnx")} == {"small.onnx", "large.onnx"}


def test_the_command_refuses_a_name_that_is_not_in_the_list(
    terminal: Path, tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fetch", "huge", "--list", str(listing(tmp_path, server))) == 1
    assert "small, large" in capsys.readouterr().err
    assert server.asked == []


def test_the_command_says_why_nothing_came(
    terminal: Path, tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.status = 404
    assert run("fetch", "--list", str(listing(tmp_path, server))) == 1
    assert "404" in capsys.readouterr().err


def test_the_command_lists_what_is_here(
    terminal: Path, tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    file = listing(tmp_path, server)
    run("fetch", "--list", str(file))
    capsys.readouterr()
    assert run("list", "--list", str(file)) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:2] == ["small", "here"]
    assert second.split()[:2] == ["large", "missing"]
