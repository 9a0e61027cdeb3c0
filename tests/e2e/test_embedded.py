"""The embedded AWS stays on this machine, and functions find on it what they would find on Lambda, no more."""

from __future__ import annotations

import io
import json
import os
import subprocess
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local import port
from local.stack import INTERPRETER, ROOT, Embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack import Stack

LOOPBACK = "0100007F"
PROBE = """
import importlib.util, os, sys

def handler(event, context):
    found = {}
    for name in event["modules"]:
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            spec = None
        found[name] = (spec.origin or list(spec.submodule_search_locations)[0]) if spec else None
    return {"interpreter": sys.executable, "path": sys.path, "environment": dict(os.environ), "found": found}
"""


def descendants(pid: int) -> set[int]:
    """The process and all that it started, from /proc."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def listening(pids: set[int]) -> set[tuple[str, int]]:
    """(address in hex, port) of every TCP socket in state LISTEN that the processes hold."""
    held = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                held.add(str(descriptor.readlink()))
            except OSError:
                continue
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).exists() else ():
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in held:
                address, number = fields[1].split(":")
                found.add((address, int(number, 16)))
    return found


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc, which this system does not have")
def test_only_its_own_port_is_open_and_only_on_loopback(embedded: Embedded, stack: Stack, api: Any) -> None:
    assert api.get("/jobs").status_code == 200  # so that functions run as well
    pid = embedded.running()
    assert pid is not None
    family = descendants(pid)
    assert len(family) > 1
    assert listening(family) == {(LOOPBACK, embedded.port)}


def zipped(source: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("handler.py", source)
    return held.getvalue()


@contextmanager
def function(stack: Stack, name: str, source: str) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """A function of our own beside the template's; what it answers to a payload."""
    lambda_ = stack.client("lambda")
    role = lambda_.get_function(FunctionName=stack.outputs["StatusFunctionName"])["Configuration"]["Role"]
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="handler.handler",
        Role=role,
        Code={"ZipFile": zipped(source)},
        Timeout=20,
    )

    def call(payload: dict[str, Any]) -> Any:
        answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(payload))
        body = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return body

    yield call
    lambda_.delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def probe(stack: Stack) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    with function(stack, "probe", PROBE) as call:
        yield call


def test_functions_run_on_the_applications_interpreter(probe: Callable[..., dict[str, Any]]) -> None:
    seen = probe({"modules": []})
    assert seen["interpreter"] == str(INTERPRETER)
    assert not [path for path in seen["path"] if ".venv-aws" in path]


def test_no_package_of_the_emulator_hides_one_that_the_application_lacks(probe: Callable[..., dict[str, Any]]) -> None:
    emulators = ROOT / ".venv-aws" / "lib"
    (packages,) = emulators.glob("python*/site-packages")
    top_level = sorted(
        {
            path.name.split(".")[0]
            for path in packages.iterdir()
            if (path.is_dir() and (path / "__init__.py").exists()) or path.suffix == ".py"
        }
    )
    assert {"samcli", "ministack", "samtranslator", "botocore"} <= set(top_level)
    found = probe({"modules": top_level})["found"]
    assert found["samcli"] is None
    assert found["ministack"] is None
    assert found["botocore"].startswith(str(ROOT / ".venv"))
    assert not {name: origin for name, origin in found.items() if origin and ".venv-aws" in origin}


def test_functions_see_nothing_of_this_users_environment(
    probe: Callable[..., dict[str, Any]], embedded: Embedded
) -> None:
    seen = probe({"modules": []})["environment"]
    assert seen["HOME"] == str(embedded.folder / "home")
    assert seen["HOME"] != os.environ.get("HOME")
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "HTTPS_PROXY", "VIRTUAL_ENV"):
        assert name not in seen or str(embedded.folder) in seen[name]


def test_functions_act_under_their_own_role(probe: Callable[..., dict[str, Any]]) -> None:
    seen = probe({"modules": []})["environment"]
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert seen["AWS_SESSION_TOKEN"]


def test_what_is_being_answered_while_the_code_is_replaced_is_answered_by_the_code_before(
    stack: Stack, tmp_path: Path
) -> None:
    slow = "import pathlib, time\ndef handler(event, _): pathlib.Path(event['begun']).touch(); time.sleep(1); return {}"
    begun = tmp_path / "begun"
    with function(stack, "slow", slow.format("'before'")) as call, ThreadPoolExecutor() as another:
        answer = another.submit(call, {"begun": str(begun)})
        deadline = time.monotonic() + 20
        while not begun.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        replaced = zipped(slow.format("'after'"))
        stack.client("lambda").update_function_code(FunctionName="slow", ZipFile=replaced)
        assert not answer.done()
        assert call({"begun": str(begun)}) == "after"
        assert answer.result() == "before"


def test_it_ends_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from local.stack import Embedded\n"
        "Embedded(Path(sys.argv[1]), int(sys.argv[2])).start(); print('started', flush=True); sys.stdin.read()"
    )
    number = port.pick()
    with subprocess.Popen(
        [INTERPRETER, "-c", program, tmp_path, str(number)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"started\n"
        embedded = Embedded(tmp_path, number)
        assert embedded.running()
        starter.kill()
    deadline = time.monotonic() + 30
    while embedded.running():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert port.is_free(number)
