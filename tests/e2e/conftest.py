"""The stack as deployed, on an embedded AWS of the suite's own: own ports, own folder, gone at the end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
import pytest
from darkroom.entry.cli import main

from local import port
from local.engine import choose
from local.stack import ROOT, Embedded, Stack, bring_up
from tests import stub_providers
from tests.conftest import TESTDATA
from tests.e2e.loopback import Loopback, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.stub_providers import Providers

    Command = Callable[..., tuple[int, str, str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "e2e"):
            item.add_marker("aws")


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """An embedded AWS, not started yet; ended after the last test whatever happens."""
    embedded = Embedded(tmp_path_factory.mktemp("stack"), port.pick())
    yield embedded
    embedded.stop()


@pytest.fixture(scope="session")
def loopback() -> Iterator[Loopback]:
    """A web server on loopback that the stack's functions may reach."""
    with serve() as here:
        yield here


@pytest.fixture(scope="session")
def providers() -> Iterator[Providers]:
    """The AI providers that the stack's functions are pointed at."""
    with stub_providers.providers() as stub:
        yield stub


@pytest.fixture(scope="session")
def stack(embedded: Embedded, loopback: Loopback, providers: Providers) -> Stack:
    """The template, deployed; with the detector of the material where it is, else the best that this machine has."""
    models = TESTDATA / "models" / "yolox"
    environment = {"DETECT_MODEL_DIR": str(models)} if models.is_dir() else dict(os.environ)
    environment["FETCH_ALLOW_LOOPBACK"] = loopback.place
    environment["OPENAI_BASE_URL"] = providers.base_url("openai")
    return bring_up(embedded, ROOT / "template.yaml", choose(environment, print), print)


def api_of(stack: Stack, key: str) -> httpx.Client:
    return httpx.Client(base_url=stack.api_url, headers={"x-api-key": key}, timeout=60, trust_env=False)


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[httpx.Client]:
    """The API with the key of one owner."""
    with api_of(stack, stack.api_key) as client:
        yield client


@pytest.fixture(scope="session")
def stranger(stack: Stack) -> Iterator[httpx.Client]:
    """The API with the key of another owner."""
    with api_of(stack, stack.make_key("stranger")) as client:
        yield client


@pytest.fixture(scope="session")
def api_with_key(stack: Stack) -> Callable[[str], httpx.Client]:
    """A client of the API for any key."""
    return lambda key: api_of(stack, key)


@pytest.fixture(scope="session")
def storage() -> Iterator[httpx.Client]:
    """A client that carries nothing of ours, as a browser would upload."""
    with httpx.Client(timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def darkroom(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, in an empty folder, by a user who has no AWS account; status, stdout and stderr."""
    for name in ("PROFILE", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "ENDPOINT_URL", "REGION"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def named(stack: Stack) -> tuple[str, ...]:
    """The options that name the stack to the command."""
    return "--stack-name", stack.stack_name, "--region", stack.region, "--endpoint-url", stack.endpoint_url
