"""What the vision image installs is what this environment was locked to."""

from __future__ import annotations

import re

from tests.conftest import ROOT


def pins(path: str) -> dict[str, set[str]]:
    """The versions of each package in a lock; several where they depend on the Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^ \n\\]+)", (ROOT / path).read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_the_images_packages_are_pinned_at_the_projects_versions() -> None:
    locked, project = pins("functions/detect/requirements.txt"), pins("constraints.txt")
    assert set((ROOT / "functions/detect/requirements.in").read_text().split()) <= set(locked)
    assert {name for name, versions in locked.items() if not versions <= project.get(name, set())} == set()


def test_every_package_of_the_image_carries_its_hashes() -> None:
    blocks = re.split(r"^(?=[a-z])", (ROOT / "functions/detect/requirements.txt").read_text(), flags=re.MULTILINE)
    assert [block for block in blocks if block and "--hash=sha256:" not in block] == []
