"""The stack that `make up` described, when nothing answers for it any more."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws.stacks import RUNNING, find
from darkroom.errors import SettingsError, TransientError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def closed() -> str:
    """The URL of a port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_stack_of_this_folder_that_does_not_answer_is_started_with_make_up(tmp_path: Path, closed: str) -> None:
    described = tmp_path / RUNNING
    described.parent.mkdir()
    described.write_text(json.dumps({"stackName": "dev", "region": "us-east-1", "endpointUrl": closed}))
    with pytest.raises(SettingsError, match="does not run") as caught:
        find(None, region=None, endpoint_url=None, folder=tmp_path)
    assert caught.value.fix == "Start it with `make up`."


def test_a_named_stack_that_does_not_answer_may_answer_later(tmp_path: Path, closed: str) -> None:
    with pytest.raises(TransientError):
        find("dev", region="us-east-1", endpoint_url=closed, folder=tmp_path)
