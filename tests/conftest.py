"""What every suite shares: where the material beside the checkout is, and no sockets where none are meant."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTDATA = Path(os.environ.get("DARKROOM_TESTDATA") or ROOT / ".." / "shared" / "testdata").resolve()


class Material(Protocol):
    def __call__(self, relative: str) -> Path: ...


class Event(Protocol):
    def __call__(self, name: str) -> dict[str, Any]: ...


@pytest.fixture(scope="session")
def testdata() -> Material:
    """Path of a file of the material by its relative name; skips the test, naming the file, where it is missing."""

    def find(relative: str) -> Path:
        path = TESTDATA / relative
        if not path.exists():
            pytest.skip(f"test data missing: {path} (set DARKROOM_TESTDATA)")
        return path

    return find


@pytest.fixture(scope="session")
def small_pack(testdata: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the material's pack of face models, prepared: a few megabytes, for research alone."""
    from darkroom.adapters.vision.faces.preparing import Terms, prepare
    from darkroom.domain.faces import Licence

    source = testdata("models/insightface_pack/det_500m.onnx").parent
    terms = Terms(Licence.NON_COMMERCIAL, "for research alone, as its makers say", "https://example.com/terms")
    return prepare(source, tmp_path_factory.mktemp("packs") / "small", terms, name="small").folder


@pytest.fixture(scope="session")
def sold_pack(testdata: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pack whose weights may be sold with: YuNet and a MobileFaceNet, both Apache-2.0."""
    from darkroom.adapters.vision.faces.preparing import Terms, prepare
    from darkroom.domain.faces import Licence

    source = tmp_path_factory.mktemp("sold")
    for name in ("models/yunet/yunet_n_dynamic.onnx", "models/insightface_pack/mobilefacenet_128.onnx"):
        (source / Path(name).name).symlink_to(testdata(name))
    terms = Terms(Licence.COMMERCIAL, "Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0")
    return prepare(source, tmp_path_factory.mktemp("packs") / "sold", terms, name="sold").folder


@pytest.fixture(scope="session")
def event() -> Event:
    """An event of `events/` by name, `receiver/process.json`; a fresh copy each time."""

    def load(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((ROOT / "events" / name).read_text())
        return loaded

    return load


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit, budget and template tests open no socket."""
    for item in items:
        if item.path.relative_to(ROOT / "tests").parts[0] in {"unit", "template"}:
            item.add_marker("disable_socket")
