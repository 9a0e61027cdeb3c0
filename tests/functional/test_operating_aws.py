"""What an operator is told where AWS cannot be asked, or says no: in a sentence with its mend, never by a traceback."""

from __future__ import annotations

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSAL = b"""<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The token has expired</Message>
</Error><RequestId>1</RequestId></ErrorResponse>"""
KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    """An AWS to which every session is an old one."""

    class Refuses(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(403)
            self.send_header("Content-Length", str(len(REFUSAL)))
            self.end_headers()
            self.wfile.write(REFUSAL)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def operate(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Status and stderr of a command of ours, by a user of whom AWS knows nothing but the `environment`."""
    ran = subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT,
        env={"HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "credentials"),
        ({"AWS_PROFILE": "nobody"}, "nobody"),
        (KEYS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "127.0.0.1:1"),
    ],
)
@pytest.mark.parametrize("command", ["destroy", "secrets"])
def test_an_aws_that_cannot_be_asked_is_told(
    tmp_path: Path, command: str, environment: dict[str, str], said: str
) -> None:
    status, err = operate(tmp_path, command, "--stage", "dev", OPENAI_API_KEY="sk-canary", **environment)
    assert status == 1
    assert said in err
    assert "AWS_PROFILE" in err
    assert "Traceback" not in err
    assert "canary" not in err


def test_what_aws_refuses_is_told(tmp_path: Path, refusing: str) -> None:
    status, err = operate(tmp_path, "destroy", "--stage", "dev", AWS_ENDPOINT_URL=refusing, **KEYS)
    assert status == 1
    assert "ExpiredToken" in err
    assert "Log in" in err
    assert "Traceback" not in err
