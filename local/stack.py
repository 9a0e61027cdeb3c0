"""One embedded AWS with the template deployed to it: start, deploy, describe, stop.

Everything of a stack is in its folder: logs, the emulator's state, SAM's home, and `stack.json`. A lock that the
emulator's process inherits says whether it runs; it goes with the process, so no pid that was left behind or given to
another process is ever believed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.session
import httpx
from botocore.config import Config
from darkroom.adapters.aws.keys import DynamoKeyStore
from darkroom.adapters.clock import SystemClock
from darkroom.errors import DarkroomError
from darkroom.usecases.access import Keys

from local import overlay, port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
INTERPRETER: Final = ROOT / ".venv" / "bin" / "python"
EMULATOR: Final = ROOT / ".venv-aws" / "bin" / "python"
SAM: Final = ROOT / ".venv-aws" / "bin" / "sam"
REGION: Final = "us-east-1"
STACK_NAME: Final = "darkroom-local"
OWNER: Final = "laptop"
LOCAL_RATE: Final = 6_000
"""Requests a minute of a key made here: a test suite is not to be held up by its own limit."""
ARTIFACTS: Final = "darkroom-artifacts"
DEPLOY_OPTIONS: Final = (
    *("--s3-bucket", ARTIFACTS, "--region", REGION, "--no-confirm-changeset", "--no-fail-on-empty-changeset"),
    *("--no-progressbar", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
)
START_SECONDS: Final = 30
STOP_SECONDS: Final = 8
DEPLOY_SECONDS: Final = 120
ANSWER_SECONDS: Final = 30


class StackError(DarkroomError):
    code = "LOCAL_STACK"


class RunsAlreadyError(StackError):
    """Another process holds the folder's lock."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What a client of a running stack needs to know; `stack.json` holds the same in camelCase."""

    api_url: str
    api_key: str
    endpoint_url: str
    region: str
    stack_name: str
    outputs: Mapping[str, str]

    def save(self, path: Path) -> None:
        """For its owner's eyes only: it holds a key."""
        document = {
            "apiUrl": self.api_url,
            "apiKey": self.api_key,
            "endpointUrl": self.endpoint_url,
            "region": self.region,
            "stackName": self.stack_name,
            "outputs": dict(self.outputs),
        }
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(document, indent=2) + "\n")
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> Stack:
        held = json.loads(path.read_text())
        return cls(
            api_url=held["apiUrl"],
            api_key=held["apiKey"],
            endpoint_url=held["endpointUrl"],
            region=held["region"],
            stack_name=held["stackName"],
            outputs=held["outputs"],
        )

    def client(self, service: str) -> Any:
        return client(service, self.endpoint_url, self.region)

    @property
    def stage(self) -> str:
        return self.api_url.rsplit("/", 1)[1]

    def make_key(self, owner: str, *, scopes: Iterable[str] = (), requests_per_minute: int = LOCAL_RATE) -> str:
        """A new API key of an owner, with all scopes but `admin` unless told."""
        store = DynamoKeyStore(self.client("dynamodb"), self.outputs["KeysTableName"])
        secret, _ = Keys(store, SystemClock(), stage=self.stage).create(
            owner, label="made on this laptop", scopes=scopes, requests_per_minute=requests_per_minute
        )
        return secret

    def resources(self) -> dict[str, str]:
        """The physical names of the template's resources, by their names in the template."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.stack_name)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
        }


def client(service: str, endpoint_url: str, region: str = REGION) -> Any:
    """A boto3 client of an embedded AWS; no profile, credentials or endpoint of this user's is read."""
    session = botocore.session.Session(
        {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
            "ca_bundle": (None, None, None, None),
        }
    )
    return boto3.Session(botocore_session=session).client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  the emulator's root key, the same everywhere
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=5,
            read_timeout=60,
            proxies={},
            s3={"addressing_style": "path"},
            signature_version="s3v4" if service == "s3" else None,
        ),
    )


class Embedded:
    """The emulator's process and its folder.

    It listens on `host` alone: loopback, or a bridge that containers see. It ends with the process that starts it,
    unless it is `lasting`.
    """

    def __init__(self, folder: Path, number: int, host: str = port.LOOPBACK, *, lasting: bool = False) -> None:
        self._lasting = lasting
        self.folder = folder.resolve()
        self.port = number
        self.host = host
        self.endpoint_url = f"http://{host}:{number}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def description(self) -> Path:
        return self.folder / "stack.json"

    @property
    def log(self) -> Path:
        return self.folder / "embedded.log"

    def environment(self) -> dict[str, str]:
        """All that the emulator, its functions and SAM get to see: nothing of this user's AWS, Docker or Python."""
        home = self.folder / "home"
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONUNBUFFERED": "1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": str(home / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "DOCKER_HOST": f"unix://{self.folder}/no-docker",
        }

    def start(self) -> None:
        """Returns when the emulator answers. Raises RunsAlreadyError, or StackError where it has no port or dies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self._take_lock()
        try:
            self._demand_port()
            for name in ("tmp", "home"):
                shutil.rmtree(self.folder / name, ignore_errors=True)
                (self.folder / name).mkdir()
            self.description.unlink(missing_ok=True)
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(
                    [
                        EMULATOR,
                        "-P",
                        ROOT / "local" / "embedded.py",
                        INTERPRETER,
                        *(["--lasting"] if self._lasting else []),
                    ],
                    env=self.environment()
                    | {
                        "GATEWAY_PORT": str(self.port),
                        "BIND_HOST": self.host,
                        "IOT_MTLS_ENABLED": "0",
                        "SFTP_ENABLED": "0",
                        # What a burst leaves behind ends after a minute without work: each is tens of megabytes.
                        "LAMBDA_WARM_TTL_SECONDS": "60",
                        # Signatures are checked and roles evaluated, as on AWS: a missing permission shows here.
                        "AUTH": "true",
                    },
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(lock,),
                )
            (self.folder / "lock").write_text(json.dumps({"pid": self._process.pid, "port": self.port}))
        finally:
            os.close(lock)
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"{self.endpoint_url}/_ministack/health"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StackError(
                    f"The embedded AWS did not start; {self.log} ends:\n{tail(self.log)}",
                    fix="Run `make doctor`; where it finds nothing, remove .venv-aws and run `make setup`.",
                )
            time.sleep(0.05)

    def _take_lock(self) -> int:
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise RunsAlreadyError(
                f"A stack runs in {self.folder} already", fix="Use it, or stop it with `make down` first."
            ) from None
        return descriptor

    def _demand_port(self) -> None:
        if not port.is_free(self.port):
            another = port.pick(range(port.DEFAULT, port.DEFAULT + 100))
            raise StackError(
                f"Port {self.port} is taken by {port.holder(self.port) or 'a process of another user'}",
                fix=f"Stop that process, or choose another port: `make up DARKROOM_PORT={another}`.",
            )

    def running(self) -> int | None:
        """The pid of the emulator that holds this folder's lock, None where none does."""
        try:
            descriptor = os.open(self.folder / "lock", os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held = json.loads((self.folder / "lock").read_text() or "{}")
            return int(held.get("pid", 0)) or None
        else:
            return None
        finally:
            os.close(descriptor)

    def wait_until_described(self) -> Stack:
        """The stack of an emulator that another process started, and may still be deploying to."""
        deadline = time.monotonic() + DEPLOY_SECONDS
        while self.running() and time.monotonic() < deadline:
            if self.description.exists():
                return Stack.load(self.description)
            time.sleep(0.2)
        raise StackError(
            f"The stack in {self.folder} was started but never deployed", fix="Run `make down`, then `make up`."
        )

    def stop(self) -> bool:
        """End the emulator and the functions that it started; False where none ran."""
        pid = self.running()
        if pid is None:
            return False
        _signal_group(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.05)
        _signal_group(pid, signal.SIGKILL)  # what did not end, the functions' processes included
        if self._process is not None:
            self._process.wait()
            self._process = None
        self.description.unlink(missing_ok=True)
        return True

    def deploy(self, template: Path, settings: Mapping[str, str], stack_name: str = STACK_NAME) -> dict[str, str]:
        """Put the template's overlay on the emulator with the real `sam deploy`; the stack's outputs."""
        local = self.folder / "template.json"
        local.write_text(json.dumps(overlay.localised(overlay.load(template), template.parent, settings), indent=2))
        s3 = client("s3", self.endpoint_url)
        s3.create_bucket(Bucket=ARTIFACTS)
        sam_home = self.folder / "home" / "sam"
        sam_home.mkdir(exist_ok=True)
        # Else SAM asks PyPI for its newest version after each deployment, and waits for the answer.
        (sam_home / "metadata.json").write_text(
            json.dumps({"telemetryEnabled": False, "lastVersionCheck": time.time()})
        )
        log = self.folder / "deploy.log"
        with log.open("wb") as output:
            ended = subprocess.run(
                [SAM, "deploy", "--template-file", local, "--stack-name", stack_name, *DEPLOY_OPTIONS],
                env=self.environment()
                | {
                    "AWS_ENDPOINT_URL": self.endpoint_url,
                    "SAM_CLI_TELEMETRY": "0",
                    "SAM_CLI_POLL_DELAY": "0.5",
                    "__SAM_CLI_APP_DIR": str(sam_home),
                },
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if ended.returncode != 0:
            raise StackError(
                f"The template could not be deployed; {log} ends:\n{tail(log)}",
                fix="Mend what the log names; `.venv-aws/bin/sam validate --lint` checks the template by itself.",
            )
        described = client("cloudformation", self.endpoint_url).describe_stacks(StackName=stack_name)
        return {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0].get("Outputs", [])}


def bring_up(embedded: Embedded, template: Path, settings: Mapping[str, str], say: Callable[[str], None]) -> Stack:
    """Start, deploy, make a key, wait for the API's answer, write `stack.json`. A failure leaves nothing running."""
    say(f"Starting the embedded AWS on port {embedded.port}")
    embedded.start()
    try:
        say("Deploying template.yaml with sam deploy")
        outputs = embedded.deploy(template, settings)
        stack = Stack(outputs["ApiUrl"], "", embedded.endpoint_url, REGION, STACK_NAME, outputs)
        api_url = f"{embedded.endpoint_url}/{stack.stage}"
        _serve_at_the_root(stack, embedded.host)
        stack = replace(stack, api_url=api_url, outputs={**outputs, "ApiUrl": api_url})
        stack = replace(stack, api_key=stack.make_key(OWNER))
        deadline = time.monotonic() + ANSWER_SECONDS
        while not _answers(f"{stack.api_url}/health"):
            if time.monotonic() > deadline:
                raise StackError(
                    f"GET /health does not answer 200; {embedded.log} ends:\n{tail(embedded.log)}",
                    fix="Mend what the log names, then run `make up` again.",
                )
            time.sleep(0.1)
    except BaseException:
        embedded.stop()
        raise
    stack.save(embedded.description)
    return stack


def _serve_at_the_root(stack: Stack, host: str) -> None:
    """Let the emulator serve the API at `/<stage>`, as AWS does, so that the paths in its answers are links.

    By itself it puts a path of its own before the stage, of which no function is told. The host is made a custom
    domain whose one base path is the stage; everything else on that host stays what it was.
    """
    gateway = stack.client("apigateway")
    gateway.create_domain_name(domainName=host, endpointConfiguration={"types": ["REGIONAL"]})
    gateway.create_base_path_mapping(
        domainName=host, basePath=stack.stage, restApiId=stack.resources()["Api"], stage=stack.stage
    )


def _signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a process that leads a group, and all of its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=10, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def tail(path: Path, lines: int = 20) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
