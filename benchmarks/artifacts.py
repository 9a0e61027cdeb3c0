"""What `make build` left, run as Lambda would run it: Lambda's Python, no package but the artifact's and its layers'.

For the cold start's benchmark and for `tests/artifacts`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import threading
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import yaml
from darkroom.adapters.aws.jobs import outcome_attributes
from darkroom.adapters.aws.keys import DynamoKeyStore
from darkroom.adapters.aws.rows import attributes, job_key, job_row
from darkroom.adapters.aws.uploads import DynamoUploadStore
from darkroom.domain import api_keys
from darkroom.domain.callers import ApiKey, Scope
from darkroom.domain.jobs import Job, Kind, Result, State
from darkroom.domain.uploads import Purpose, Upload

from layers.pack import interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
BUILD: Final = ROOT / ".aws-sam" / "build"
OLD: Final = 315_532_800
"""1980-01-01, the date that SAM gives to every file."""
SNIPPET: Final = """
import sys, json
from handler import handler
class Context:
    aws_request_id = "00000000-0000-4000-8000-000000000001"
    get_remaining_time_in_millis = staticmethod(lambda: 10_000)
with open(sys.argv[1]) as file:
    event = json.load(file)
answer = handler(event, Context)
sys.stderr.write(json.dumps(answer))
"""
"""Lambda's runtime, as much of it as matters: the handler is imported, called once, and its answer written out."""


def settings(endpoint: str) -> dict[str, str]:
    """What the template gives to functions, all of them together; the AWS that it names is at `endpoint`."""
    return {
        "BUCKET_NAME": "media",
        "TABLE_NAME": "jobs",
        "UPLOADS_TABLE_NAME": "uploads",
        "KEYS_TABLE_NAME": "keys",
        "PEOPLE_TABLE_NAME": "people",
        "QUEUE_URL": f"{endpoint}/123456789012/detect",
        "GENERATION_QUEUE_URL": f"{endpoint}/123456789012/generation",
        "FACE_QUEUE_URL": f"{endpoint}/123456789012/faces",
        "FACE_UPLOADS_QUEUE_URL": f"{endpoint}/123456789012/face-uploads",
        "INDEX_QUEUE_URL": f"{endpoint}/123456789012/index",
        "FACE_FUNCTION_NAME": "face_embed",
        "WEBHOOK_QUEUE_URL": f"{endpoint}/123456789012/webhooks",
        "WEBHOOK_SECRET_ID": "master",
        "ALLOWED_ORIGINS": "https://app.example",
        "STAGE": "dev",
        "DETECT_ENGINE": "auto",
        "REQUESTS_PER_MINUTE": "60",
        "PROVIDER_KEYS_PREFIX": "/darkroom/dev",
    }


@dataclass(frozen=True, slots=True)
class Artifact:
    """A zip function as built: `folders` are what is on its path, its own first; `variables` what the template sets."""

    name: str
    folders: tuple[Path, ...]
    variables: frozenset[str]

    def command(self, python: str, program: str, *arguments: str | Path) -> list[str]:
        """`-S` leaves out this machine's own packages, `-B` writes no bytecode."""
        return [python, "-S", "-s", "-B", "-c", program, *map(str, arguments)]

    def environment(self, endpoint: str) -> dict[str, str]:
        """What Lambda would set, and of the settings those that this function is given."""
        values = settings(endpoint)
        return {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join(map(str, self.folders)),
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_LAMBDA_FUNCTION_NAME": f"darkroom-{self.name}",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
            **{variable: values.get(variable, "") for variable in self.variables},
        }


def artifacts(build: Path = BUILD) -> dict[str, Artifact]:
    """The zip functions of a build, by the names of their folders."""
    template = yaml.safe_load((build / "template.yaml").read_text())
    found = {}
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and properties.get("PackageType") != "Image":
            name = properties["FunctionName"]["Fn::Sub"].rpartition("-")[2]
            layers = (build / layer["Ref"] / "python" for layer in properties["Layers"])
            variables = {
                *template["Globals"]["Function"]["Environment"]["Variables"],
                *properties["Environment"]["Variables"],
            }
            found[name] = Artifact(name, (build / logical_id, *layers), frozenset(variables))
    return found


def as_deployed(build: Path, to: Path) -> Path:
    """A copy whose files have SAM's date and cannot be written to, as a function sees them."""
    shutil.copytree(build, to)
    for path in (*to.rglob("*"), to):
        os.utime(path, (OLD, OLD))
        path.chmod(path.stat().st_mode & ~0o222)
    return to


@cache
def target_python() -> str | None:
    """An interpreter of Lambda's version, None where this machine has none."""
    return interpreter()


# --- an AWS that says yes ---------------------------------------------------------------------------------------------

KEY: Final = api_keys.mint("dev", bytes(32))
OWNER: Final = "demo"
JOB_ID: Final = "7d1f0a52-3c4b-4e6d-9f80-a1b2c3d4e5f6"
UPLOAD: Final = "uploads/2026/01/02/6f1d0a52-3c4b-4e6d-9f80-a1b2c3d4e5f6-a.jpg"
CREATED: Final = 4_000_000_000_000
"""In the far future, so that what was made then is kept whenever this runs."""


class Rows:
    """In the place of DynamoDB's client: the rows that our stores put, by their keys."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    def put_item(self, *, Item: dict[str, Any], **_: object) -> None:  # noqa: N803 - botocore's name
        self.kept[self.place(Item)] = Item

    def at(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        return self.kept.get(self.place(key))

    @staticmethod
    def place(key: Mapping[str, Any]) -> str:
        return json.dumps([key[name]["S"] for name in ("pk", "sk", "key") if name in key])


def rows() -> Rows:
    """A caller's API key and upload, and a job of that caller's that has completed."""
    kept = Rows()
    client: Any = kept
    DynamoKeyStore(client, "keys").put(
        ApiKey(api_keys.digest(KEY), OWNER, "benchmark", frozenset({Scope.JOBS_READ}), None, created_at=1)
    )
    DynamoUploadStore(client, "uploads").put(
        Upload(UPLOAD, OWNER, Purpose.PROCESS, "a.jpg", "image/jpeg", None, created_at=1, expires_at=CREATED)
    )
    text = json.dumps({"engine": "onnx", "model": "m", "detections": []})
    result = Result(digest=hashlib.sha256(text.encode()).hexdigest(), size=len(text))
    job = Job(
        job_id=JOB_ID,
        owner=OWNER,
        kind=Kind.DETECTION,
        request={"imageUrls": ["https://example.com/a.jpg"]},
        created_at=CREATED,
        deadline=CREATED + 1,
        write_id="1",
        state=State.COMPLETED,
        updated_at=CREATED,
        ended_at=CREATED,
        leases=1,
        progress=100,
    )
    kept.put_item(Item={**job_row(job), **attributes(**outcome_attributes(result, None))})
    kept.put_item(Item={**job_key(JOB_ID, "result"), **attributes(json=text)})
    return kept


ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "UpdateItem": {"Attributes": {"requests": {"N": "1"}}},
    "Query": {"Items": [], "Count": 0},
    "SendMessage": {"MessageId": "1", "MD5OfMessageBody": "0" * 32},
    "GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
}


class StubAws:
    """DynamoDB, SQS, Secrets Manager and an empty S3 on loopback, as far as the first request of a function goes.

    `calls` are the operations that were asked for.
    """

    def __init__(self, port: int = 0) -> None:
        self.calls: list[str] = []
        self._rows = rows()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                operation = self.headers["X-Amz-Target"].rpartition(".")[2]
                self.answer(200, json.dumps(stub.answer(operation, asked)).encode(), "application/x-amz-json-1.0")

            def do_GET(self) -> None:
                stub.calls.append("GetObject")
                self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>None</Message></Error>", "application/xml")

            def do_PUT(self) -> None:
                stub.calls.append("PutObject")
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(200, b"", "application/xml")

            def answer(self, status: int, body: bytes, content_type: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(operation)
        if operation == "GetItem":
            row = self._rows.at(asked["Key"])
            return {} if row is None else {"Item": row}
        if operation == "BatchGetItem":
            ((table, wanted),) = asked["RequestItems"].items()
            found = [row for key in wanted["Keys"] if (row := self._rows.at(key)) is not None]
            return {"Responses": {table: found}, "UnprocessedKeys": {}}
        return ANSWERS.get(operation, {})

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def event(function: str) -> dict[str, Any]:
    """A first request of each function that goes as far as it can without another machine, with every feature that
    such a request can use."""
    names = {
        "authorizer": "key",
        "doodle": "async",
        "faces": "upload-json",
        "presign": "put",
        "preview": "private-address",
        "receiver": "process-idempotent",
        "status": "job",
        "webhooks": "job",
        "sweeper": "each-minute",
        "worker": "unreadable",
    }
    told: dict[str, Any] = json.loads((ROOT / "events" / function / f"{names[function]}.json").read_text())
    if function == "receiver":
        urls = [f"s3://media/{UPLOAD}", "https://example.com/b.jpg"]
        told["body"] = json.dumps({"imageUrls": urls, "callbackUrl": "https://example.com/hook"})
    if function == "authorizer":
        told["headers"]["x-api-key"] = KEY
        told["multiValueHeaders"] = {name: [value] for name, value in told["headers"].items()}
    return told


def main() -> None:
    """`python -m benchmarks.artifacts`: the sizes, with bytecode."""
    for line in sizes():
        sys.stdout.write(line + "\n")


CORE_MEGABYTES: Final = 40
FUNCTION_MEGABYTES: Final = 225
"""Budgets, unzipped and with bytecode; Lambda itself allows 250 of a function with its layers."""


def megabytes(*folders: Path) -> float:
    """What the files of these folders take, in millions of bytes, as Lambda counts them."""
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file()) / 1e6


def sizes(build: Path = BUILD) -> list[str]:
    """A table of the layers and of each zip function with its layers."""
    lines = [
        f"{folder.name:<20}{megabytes(folder):8.2f} MB"
        for folder in sorted(build.iterdir())
        if (folder / "python").is_dir()
    ]
    for name, artifact in sorted(artifacts(build).items()):
        own, whole = megabytes(artifact.folders[0]), megabytes(*artifact.folders)
        lines.append(f"{name:<20}{own:8.3f} MB, {whole:6.2f} MB with its layers")
    return lines


if __name__ == "__main__":
    main()
