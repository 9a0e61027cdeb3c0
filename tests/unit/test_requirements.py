"""What layers and images install is what this environment was locked to, and comes with its hashes."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

NAMED = sorted(
    str(path.parent.relative_to(ROOT))
    for folder in ("layers", "functions")
    for path in (ROOT / folder).rglob("requirements.in")
)


def pins(path: str) -> dict[str, set[str]]:
    """The versions of each package in a lock; several where they depend on the Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^ \n\\]+)", (ROOT / path).read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_the_layers_and_the_images_are_among_them() -> None:
    engines = {f"functions/face_embed/engines/{engine}" for engine in ("dlib", "insightface", "yunet")}
    assert {"layers/core", "layers/tokens", "functions/face_embed", "functions/index", *engines} <= set(NAMED)


@pytest.mark.parametrize("folder", NAMED)
def test_packages_are_pinned_at_the_projects_versions(folder: str) -> None:
    locked, project = pins(f"{folder}/requirements.txt"), pins("constraints.txt")
    wanted = re.findall(r"^[a-z0-9-]+", (ROOT / folder / "requirements.in").read_text(), re.MULTILINE)
    assert wanted
    assert set(wanted) <= set(locked), "make requirements"
    assert {name for name, versions in locked.items() if not versions <= project.get(name, set())} == set()


@pytest.mark.parametrize("folder", NAMED)
def test_every_package_carries_its_hashes(folder: str) -> None:
    blocks = re.split(r"^(?=[a-z])", (ROOT / folder / "requirements.txt").read_text(), flags=re.MULTILINE)
    assert [block for block in blocks if block and "--hash=sha256:" not in block] == []


def test_what_is_built_from_source_is_named_with_what_builds_it() -> None:
    makefile, dockerfile = (
        (ROOT / path).read_text() for path in ("layers/Makefile", "functions/face_embed/Dockerfile")
    )
    assert re.findall(r"--no-binary (\S+)", makefile) == ["jstyleson"]
    assert re.findall(r"--no-binary (\S+)", dockerfile) == ["face-recognition-models"]
    for built in (makefile, dockerfile, (ROOT / "functions/index/Dockerfile").read_text()):
        assert "--only-binary :all:" in built
    assert list(pins("layers/pages/build.txt")) == ["setuptools"]
    assert "--hash=sha256:" in (ROOT / "layers/pages/build.txt").read_text()


def test_the_core_layer_carries_nothing_that_only_an_sdk_imports() -> None:
    assert set(pins("layers/core/requirements.txt")) & {"anyio", "boto3", "httpx", "pydantic", "requests"} == set()
