"""Lambda's containers for the suite: an embedded AWS on the bridge, and what `sam build` made."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from local import port
from local.containers import EngineError, SamLocal, bridge, bring_up_for_containers, prepare
from local.stack import ROOT, Embedded, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Material


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "sam"):
            item.add_marker("docker")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    try:
        embedded = Embedded(tmp_path_factory.mktemp("stack"), port.pick(), host=bridge())
    except EngineError as error:
        pytest.skip(error.detail)
    try:
        yield bring_up_for_containers(embedded, print)
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def sam(stack: Stack, testdata: Material, tmp_path_factory: pytest.TempPathFactory) -> SamLocal:
    """The artifacts, the container with the weights of the material."""
    return prepare(stack, tmp_path_factory.mktemp("sam"), testdata("models/yolox/yolox_nano.onnx").parent)


@pytest.fixture(scope="session")
def invoke(sam: SamLocal) -> Callable[[str, Path], Any]:
    """What `sam local invoke` of a function with an event answered, parsed; the log goes to the test's output."""

    def invoke(function: str, event: Path) -> Any:
        ended = subprocess.run(
            sam.command("invoke", function, "--event", str(event)),
            env=dict(sam.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        print(ended.stderr)
        assert ended.returncode == 0, ended.stderr
        # Not splitlines(): a page of JavaScript has more kinds of line ends than a terminal.
        return json.loads(ended.stdout.strip().rpartition("\n")[2])

    return invoke
