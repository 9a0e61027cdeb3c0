"""Amazon Rekognition as a real HTTP server on loopback: DetectLabels in AWS's JSON protocol, and nothing else.

It holds callers to the contract: a signed request, an image that is a JPEG within the service's limits.
"""

from __future__ import annotations

import base64
import io
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

PERSON = {
    "Name": "Person",
    "Confidence": 99.1,
    "Instances": [
        {"Confidence": 88.0, "BoundingBox": {"Left": -0.05, "Top": 0.5, "Width": 0.3, "Height": 0.7}},
        {"Confidence": 99.1, "BoundingBox": {"Left": 0.25, "Top": 0, "Width": 0.5, "Height": 1}},
    ],
    "Parents": [],
}
SCENE = {"Name": "Outdoors", "Confidence": 97.0, "Instances": [], "Parents": []}


@dataclass
class Received:
    """What one call brought: its headers in lower case, its parameters, and the image's size in pixels and bytes."""

    headers: dict[str, str]
    parameters: dict[str, Any]
    size: tuple[int, int]
    length: int


@dataclass
class Stub:
    """`script` has an answer a call: a dict as 200, (status, code) as that error, None as a hang-up; then PERSON."""

    script: list[dict[str, Any] | tuple[int, str] | None] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    def answer(self, headers: dict[str, str], body: bytes) -> dict[str, Any] | tuple[int, str] | None:
        parameters = json.loads(body)
        data = base64.b64decode(parameters["Image"]["Bytes"])
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            self.received.append(Received(headers, parameters, image.size, len(data)))
            if "AWS4-HMAC-SHA256" not in headers.get("authorization", ""):
                return 403, "MissingAuthenticationToken"
            if headers.get("x-amz-target") != "RekognitionService.DetectLabels":
                return 400, "UnknownOperationException"
            if len(data) > 5 * 1024 * 1024:
                return 400, "ImageTooLargeException"
            if min(image.size) < 80 or max(image.size) > 10_000:
                return 400, "InvalidParameterException"
            if self.script:
                return self.script.pop(0)
            plain = image.getcolors(1) is not None  # one colour
            return {"Labels": [] if plain else [SCENE, PERSON], "LabelModelVersion": "3.0"}


@contextmanager
def rekognition(*script: dict[str, Any] | tuple[int, str] | None) -> Iterator[tuple[Any, Stub]]:
    """A botocore client that makes each call once, and the stub that it talks to."""
    stub = Stub(list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = stub.answer({name.lower(): value for name, value in self.headers.items()}, body)
            if answer is None:
                self.close_connection = True
                return
            status, content = (200, answer) if isinstance(answer, dict) else (answer[0], {"__type": answer[1]})
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    client = Session().create_client(
        "rekognition",
        region_name="eu-west-1",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=2, read_timeout=2),
    )
    try:
        yield client, stub
    finally:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()
