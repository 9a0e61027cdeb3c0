from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.artifacts import BUILD, ROOT, Artifact, StubAws, artifacts, as_deployed, target_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "artifacts"):
            item.add_marker("artifacts")


@pytest.fixture(scope="session")
def build() -> Path:
    if not (BUILD / "template.yaml").is_file():
        pytest.skip("nothing is built: make build")
    return BUILD


@pytest.fixture(scope="session")
def python() -> str:
    found = target_python()
    if found is None:
        pytest.skip("no CPython of Lambda's version: uv python install 3.13")
    return found


@pytest.fixture(scope="session")
def deployed(build: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """The zip functions as Lambda has them: files of 1980 that cannot be written to."""
    return artifacts(as_deployed(build, tmp_path_factory.mktemp("deployed") / "build"))


@pytest.fixture(scope="session")
def aws() -> Iterator[StubAws]:
    with StubAws() as stub:
        yield stub
