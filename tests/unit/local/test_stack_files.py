"""What a running stack leaves on disk: its description for clients, and a lock that only its process can hold."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local.__main__ import read_dotenv
from local.stack import Embedded, Stack, StackError
from local.up import chosen_port, curls

if TYPE_CHECKING:
    from pathlib import Path

STACK = Stack("http://127.0.0.1:1/dev", "dk_dev_x", "http://127.0.0.1:1", "us-east-1", "darkroom-local", {"A": "b"})


def test_stack_json_has_the_names_that_clients_read(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    STACK.save(path)
    assert set(json.loads(path.read_text())) == {"apiUrl", "apiKey", "endpointUrl", "region", "stackName", "outputs"}
    assert Stack.load(path) == STACK


def test_stack_json_holds_a_key_so_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_text("from before")
    path.chmod(0o644)
    STACK.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_curls_carry_the_url_and_the_key() -> None:
    assert f"API={STACK.api_url} KEY={STACK.api_key}" in curls(STACK)


def test_nothing_runs_in_a_folder_without_a_lock(tmp_path: Path) -> None:
    embedded = Embedded(tmp_path / "none", 1)
    assert embedded.running() is None
    assert embedded.stop() is False


def test_a_pid_that_was_left_behind_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(json.dumps({"pid": os.getpid(), "port": 1}))
    embedded = Embedded(tmp_path, 1)
    assert embedded.running() is None
    assert embedded.stop() is False


def test_a_process_that_holds_the_lock_is_found_and_ended(tmp_path: Path) -> None:
    program = (
        "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    holding = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with holding:
        assert holding.stdout is not None
        holding.stdout.readline()
        (tmp_path / "lock").write_text(json.dumps({"pid": holding.pid, "port": 1}))
        embedded = Embedded(tmp_path, 1)
        assert embedded.running() == holding.pid
        with pytest.raises(StackError, match=r"runs in .* already"):
            embedded.start()
        assert embedded.stop() is True
    assert embedded.running() is None


@pytest.mark.parametrize("wanted", ["0", "65536", "-1", "http", "4 5", "٤٥٦٦"])
def test_a_port_that_is_none_is_refused_with_its_name(wanted: str) -> None:
    with pytest.raises(StackError, match="DARKROOM_PORT"):
        chosen_port({"DARKROOM_PORT": wanted})


def test_the_port_is_a_setting_with_a_default() -> None:
    assert chosen_port({}) == chosen_port({"DARKROOM_PORT": ""}) == 4566
    assert chosen_port({"DARKROOM_PORT": "4599"}) == 4599


def test_dotenv_fills_what_the_environment_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_TEST_KEPT", "mine")
    monkeypatch.setenv("DARKROOM_TEST_NEW", "x")  # so that it is taken away again after the test
    monkeypatch.delenv("DARKROOM_TEST_NEW")
    path = tmp_path / ".env"
    path.write_text("# DARKROOM_TEST_NEW=no\nDARKROOM_TEST_KEPT=theirs\n DARKROOM_TEST_NEW = 'a=b' \nnothing\n")
    read_dotenv(path)
    read_dotenv(tmp_path / "none")
    assert os.environ["DARKROOM_TEST_KEPT"] == "mine"
    assert os.environ["DARKROOM_TEST_NEW"] == "a=b"
