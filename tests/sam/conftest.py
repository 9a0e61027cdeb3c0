"""Lambda's containers for the suite: an embedded AWS on the bridge, and what `sam build` made."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import boto3
import httpx
import pytest
from botocore.config import Config

from local import port
from local.containers import EngineError, SamLocal, bridge, bring_up_for_containers, prepare
from local.stack import REGION, ROOT, Embedded, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Material


START_SECONDS: Final = 120


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
def sam(stack: Stack, testdata: Material, small_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> SamLocal:
    """The artifacts, the vision image with the weights of the material."""
    weights = {
        "DetectModelDir": testdata("models/yolox/yolox_nano.onnx").parent,
        "FacePackDir": small_pack,
    }
    return prepare(stack, tmp_path_factory.mktemp("sam"), weights)


@contextmanager
def served(sam: SamLocal, verb: str, log: Path) -> Iterator[str]:
    """The address of `sam local start-api` or `start-lambda`, its containers kept warm."""
    number = port.pick()
    command = sam.command(verb, "--port", str(number), "--warm-containers", "LAZY")
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=dict(sam.environment), stdout=output, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{number}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                httpx.get(f"{address}/health", timeout=60, trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)
        print(log.read_text())


@pytest.fixture(scope="session")
def call(sam: SamLocal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, Path], Any]]:
    """What a function answered to an event, parsed. Its container is kept, so that the next event needs none."""
    with served(sam, "start-lambda", tmp_path_factory.mktemp("lambda") / "log") as address:
        patient = Config(read_timeout=300, retries={"total_max_attempts": 1}, proxies={})
        client = boto3.client(
            "lambda",
            endpoint_url=address,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=patient,
        )

        def call(function: str, event: Path) -> Any:
            answered = client.invoke(FunctionName=function, Payload=event.read_bytes())
            return json.loads(answered["Payload"].read())

        yield call


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


@pytest.fixture(scope="session")
def local_api(sam: SamLocal, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(sam, "start-api", tmp_path_factory.mktemp("api") / "log") as address:
        headers = {"x-api-key": stack.api_key}
        with httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False) as client:
            yield client
