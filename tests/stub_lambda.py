"""Lambda's Invoke as a real HTTP server on loopback, and nothing else of it.

It holds callers to the contract: a signed request to one function, whose payload is JSON within the service's limit.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.config import Config
from botocore.session import Session
from darkroom.adapters.aws.clients import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAYLOAD_BYTES = 6_291_456


@dataclass
class Fault:
    """In place of an answer: an HTTP status with AWS's code, an error of the function itself, or silence."""

    status: int = 200
    code: str = ""
    function_error: str = ""
    payload: bytes = b"{}"
    seconds: float = 0.0
    hang_up: bool = False


@dataclass
class Stub:
    """`function` answers a payload; `faults` are had first, one a call."""

    function: Callable[[Any], Any]
    faults: list[Fault] = field(default_factory=list)
    received: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Fault:
        if "AWS4-HMAC-SHA256" not in headers.get("authorization", ""):
            return Fault(403, "MissingAuthenticationTokenException")
        if len(body) > PAYLOAD_BYTES:
            return Fault(413, "RequestTooLargeException")
        self.names.append(unquote(path.removeprefix("/2015-03-31/functions/").removesuffix("/invocations")))
        self.received.append(json.loads(body))
        if self.faults:
            return self.faults.pop(0)
        return Fault(payload=json.dumps(self.function(self.received[-1])).encode())


@contextmanager
def lambda_service(function: Callable[[Any], Any], *faults: Fault, **how: Any) -> Iterator[tuple[Any, Stub]]:
    """A client as the functions have it, and what it talks to."""
    stub = Stub(function, list(faults))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made = stub.answer(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            time.sleep(made.seconds)
            if made.hang_up:
                self.close_connection = True
                return
            payload = json.dumps({"Message": "stub"}).encode() if made.status != 200 else made.payload
            self.send_response(made.status)
            if made.code:
                self.send_header("X-Amzn-ErrorType", made.code)
            if made.function_error:
                self.send_header("X-Amz-Function-Error", made.function_error)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    session = Session()
    session.set_credentials("AKIAEXAMPLE", "secret")
    once = config("lambda").merge(Config(retries={"mode": "standard", "total_max_attempts": 1}, **how))
    client = session.create_client(
        "lambda", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{server.server_port}", config=once
    )
    try:
        yield client, stub
    finally:
        client.close()
        server.shutdown()
        thread.join()
        server.server_close()
