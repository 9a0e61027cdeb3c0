"""The commands of the Makefile, run as a newcomer would in a checkout of their own, with next to no environment."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local import overlay, port
from local.stack import ROOT, Embedded, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COPIED = ("Makefile", "local", "shared", "functions", "template.yaml", "samconfig.toml", "pyproject.toml", "README.md")
ENVIRONMENTS = (".venv", ".venv-aws")
SECONDS = 120


class Checkout:
    """A copy of the sources that uses this one's environments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "models"))
            else:
                shutil.copy2(source, folder / name)
        for name in ENVIRONMENTS:
            (folder / name).symlink_to(ROOT / name)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "nobody"),
            "DETECT_ENGINE": "dlib",
            "DARKROOM_PORT": str(port.pick()),
        }

    @property
    def embedded(self) -> Embedded:
        return Embedded(self.folder / ".darkroom", int(self.environment["DARKROOM_PORT"]))

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    @staticmethod
    def command(*arguments: str) -> list[str]:
        # The environments are taken as they are, whatever was edited since they were made.
        old = [option for name in ENVIRONMENTS for option in ("-o", f"{name}/.ready")]
        return ["make", "--no-print-directory", *old, *arguments]

    def stack(self) -> Stack:
        return Stack.load(self.folder / ".darkroom" / "stack.json")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    yield checkout
    checkout.embedded.stop()


@pytest.fixture(autouse=True)
def nothing_runs(checkout: Checkout) -> Iterator[None]:
    yield
    checkout.embedded.stop()


def test_up_returns_when_the_stack_answers_and_describes_it(checkout: Checkout) -> None:
    up = checkout.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    described = json.loads((checkout.folder / ".darkroom" / "stack.json").read_text())
    assert set(described) == {"apiUrl", "apiKey", "endpointUrl", "region", "stackName", "outputs"}
    assert described["apiUrl"] in up.stdout
    assert httpx.get(f"{described['apiUrl']}/health", trust_env=False).status_code == 200
    key = {"x-api-key": described["apiKey"]}
    assert httpx.get(f"{described['apiUrl']}/jobs", headers=key, trust_env=False).status_code == 200
    assert {"ApiUrl", "QueueUrl", "QueueArn", "TableName", "BucketName"} <= set(described["outputs"])

    again = checkout.make("up")
    assert again.returncode == 0
    assert "Already running" in again.stdout
    assert json.loads((checkout.folder / ".darkroom" / "stack.json").read_text()) == described

    down = checkout.make("down")
    assert (down.returncode, down.stdout.splitlines()[-1]) == (0, "Stopped.")
    assert not (checkout.folder / ".darkroom" / "stack.json").exists()
    assert port.is_free(int(checkout.environment["DARKROOM_PORT"]))
    assert checkout.make("down").stdout.splitlines()[-1] == "Nothing runs."


def test_two_ups_at_once_are_one_stack(checkout: Checkout) -> None:
    both = [
        subprocess.Popen(
            checkout.command("up"), cwd=checkout.folder, env=checkout.environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=SECONDS)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("Already running" in one for one in said) == 1, said
    assert all(checkout.stack().api_url in one for one in said)


def test_a_stack_that_was_killed_is_no_obstacle(checkout: Checkout) -> None:
    assert checkout.make("up").returncode == 0
    before = checkout.stack()
    pid = checkout.embedded.running()
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    while checkout.embedded.running():
        time.sleep(0.05)
    up = checkout.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert checkout.stack().api_key != before.api_key


def test_a_taken_port_is_told_with_its_holder_and_the_way_round(checkout: Checkout) -> None:
    number = port.pick()
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", port.LOOPBACK, str(number)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as holder:
        while port.is_free(number):
            time.sleep(0.02)
        up = checkout.make("up", DARKROOM_PORT=str(number))
        holder.terminate()
    assert up.returncode != 0
    assert f"Port {number} is taken by" in up.stderr
    assert "http.server" in up.stderr
    assert f"(pid {holder.pid})" in up.stderr
    assert re.search(r"make up DARKROOM_PORT=\d+", up.stderr)
    assert "Traceback" not in up.stderr
    assert checkout.embedded.running() is None


def test_a_template_that_cannot_be_deployed_is_told_and_leaves_nothing_running(checkout: Checkout) -> None:
    template = checkout.folder / "template.yaml"
    sound = template.read_text()
    template.write_text(sound.replace("Type: AWS::SQS::Queue", "Type: AWS::SQS::Queueue"))
    try:
        up = checkout.make("up")
    finally:
        template.write_text(sound)
    assert up.returncode != 0
    assert "could not be deployed" in up.stderr
    assert "Queueue" in up.stderr
    assert checkout.embedded.running() is None


@contextmanager
def developing(checkout: Checkout) -> Iterator[Path]:
    """`make dev` until a Ctrl-C, which must end it all; its output as a file."""
    log = checkout.folder / "dev.log"
    with log.open("w") as output:
        dev = subprocess.Popen(
            checkout.command("dev"),
            cwd=checkout.folder,
            env=checkout.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with dev:
        try:
            wait_for(lambda: "Watching" in log.read_text())
            yield log
            os.killpg(dev.pid, signal.SIGINT)
            assert dev.wait(timeout=30) in (0, -signal.SIGINT)  # make dies of the signal that its command survives
        except BaseException:
            print(log.read_text())
            raise
        finally:
            with suppress(ProcessLookupError):
                os.killpg(dev.pid, signal.SIGKILL)
    assert "Stopped." in log.read_text()
    assert checkout.embedded.running() is None


def test_edits_take_effect_and_ctrl_c_ends_it_all(checkout: Checkout) -> None:
    with developing(checkout) as log:
        stack = checkout.stack()
        assert stack.api_url in log.read_text()
        assert stack.api_key in log.read_text()
        own = checkout.folder / "functions" / "status" / "handler.py"
        shared = checkout.folder / "shared" / "darkroom" / "entry" / "http.py"
        with httpx.Client(base_url=stack.api_url, trust_env=False) as client:
            for path in (own, shared):
                took = min(edit_to_effect(path, client, number) for number in range(3))
                print(f"{path.name}: {took:.2f} s from edit to effect")
            assert client.get("/jobs", headers={"x-api-key": stack.api_key}).status_code == 200
        wait_for(lambda: "operation=listJobs" in log.read_text())
    assert "Traceback" not in log.read_text()


def wait_for(true: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def edit_to_effect(path: Path, client: httpx.Client, number: int) -> float:
    """Seconds from the writing of an edit, which adds a header to every answer, to an answer that has it."""
    sound = path.read_text()
    header = '"X-Content-Type-Options": "nosniff",'
    if header in sound:
        edited = sound.replace(header, f'{header} "X-Edit": "{path.name}{number}",')
    else:
        edited = f"""{sound}

before = handler


def handler(event: object, context: Context) -> object:
    answer = before(event, context)
    answer["headers"]["X-Edit"] = "{path.name}{number}"
    return answer
"""
    began = time.monotonic()
    path.write_text(edited)
    while client.get("/health").headers.get("x-edit") != f"{path.name}{number}":
        assert time.monotonic() - began < 30
        time.sleep(0.02)
    took = time.monotonic() - began
    path.write_text(sound)
    while "x-edit" in client.get("/health").headers:
        time.sleep(0.02)
    return took


def test_a_syntax_error_is_told_and_the_code_before_it_stays(checkout: Checkout) -> None:
    path = checkout.folder / "functions" / "status" / "handler.py"
    sound = path.read_text()
    with developing(checkout) as log:
        path.write_text("def handler(:\n")
        try:
            wait_for(lambda: "the code before it stays" in log.read_text())
            url = checkout.stack().api_url
            assert httpx.get(f"{url}/health", trust_env=False).status_code == 200
        finally:
            path.write_text(sound)


def test_the_demo_ends_by_itself_beside_a_running_stack_and_leaves_its_page(checkout: Checkout) -> None:
    assert checkout.make("up").returncode == 0
    running = checkout.embedded.running()
    began = time.monotonic()
    demo = checkout.make("demo")
    took = time.monotonic() - began
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert took < 60, "thirty seconds are promised of an idle machine"
    assert "All stopped after" in demo.stdout
    assert "dlib" in demo.stdout
    html = (checkout.folder / "out" / "demo" / "index.html").read_text()
    assert html.count("data:image/jpeg;base64,") >= 3
    assert checkout.embedded.running() == running
    assert httpx.get(f"{checkout.stack().api_url}/health", trust_env=False).status_code == 200
    assert Embedded(checkout.folder / ".darkroom" / "demo", 1).running() is None


def test_the_doctor_needs_no_environment(checkout: Checkout) -> None:
    doctor = checkout.make("doctor")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "make demo" in doctor.stdout


# --- what is meant for AWS itself, shown on the embedded one ----------------------------------------------------------


@pytest.fixture
def operator(stack: Stack, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody whose credentials and endpoint are the embedded AWS's."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": stack.region,
        "SAM_CLI_TELEMETRY": "0",
    }


def run(environment: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / ".venv" / "bin" / "python", "-m", "local", *arguments],
        cwd=ROOT,
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_a_stage_is_deployed_and_destroyed_with_every_version_of_every_object(
    stack: Stack, operator: dict[str, str], tmp_path: Path
) -> None:
    template = tmp_path / "template.json"
    template.write_text(json.dumps(overlay.localised(overlay.load(ROOT / "template.yaml"), ROOT, {})))
    deployed = run(operator, "deploy", "--stage", "staging", "--template", str(template))
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert "darkroom keys create --stack-name darkroom-staging" in deployed.stdout
    bucket = f"darkroom-staging-media-000000000000-{stack.region}"
    s3, dynamodb, cloudformation = map(stack.client, ("s3", "dynamodb", "cloudformation"))
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket=bucket, Key="uploads/x", Body=body)
    s3.delete_object(Bucket=bucket, Key="uploads/x")
    s3.create_multipart_upload(Bucket=bucket, Key="uploads/half")

    spared = run(operator, "destroy", "--stage", "staging", typed="darkroom-prod\n")
    assert spared.returncode == 1
    assert "Nothing was deleted" in spared.stderr
    assert run(operator, "destroy", "--stage", "staging").returncode == 1
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2

    destroyed = run(operator, "destroy", "--stage", "staging", typed="darkroom-staging\n")
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert f"Deleted {bucket} with 3 versions" in destroyed.stdout
    assert bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}
    assert not [name for name in dynamodb.list_tables()["TableNames"] if name.startswith("darkroom-staging")]
    secrets = stack.client("secretsmanager").list_secrets()["SecretList"]
    assert not [one for one in secrets if "darkroom-staging" in one.get("Description", "")]
    alive = cloudformation.list_stacks(StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE"])["StackSummaries"]
    assert "darkroom-staging" not in {one["StackName"] for one in alive}
    assert stack.stack_name in {one["StackName"] for one in alive}

    left = "darkroom-staging-jobs"  # as by a run that was interrupted
    dynamodb.create_table(
        TableName=left,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    finished = run(operator, "destroy", "--stage", "staging", typed="darkroom-staging\n")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert left not in dynamodb.list_tables()["TableNames"]

    gone = run(operator, "destroy", "--stage", "staging")
    assert gone.returncode == 1
    assert "There is no stack darkroom-staging" in gone.stderr


def test_what_was_never_built_is_not_deployed(operator: dict[str, str], tmp_path: Path) -> None:
    refused = run(operator, "deploy", "--stage", "dev", "--template", str(tmp_path / "none.yaml"))
    assert refused.returncode == 1
    assert "make build" in refused.stderr


def test_a_stage_that_there_is_not_is_refused(operator: dict[str, str]) -> None:
    assert run(operator, "deploy", "--stage", "moon").returncode == 2


def test_provider_keys_become_secure_strings_and_are_shown_nowhere(stack: Stack, operator: dict[str, str]) -> None:
    secret = "sk-canary-of-the-secrets-test"
    stored = run(operator | {"OPENAI_API_KEY": secret}, "secrets", "--stage", "prod")
    assert stored.returncode == 0, stored.stderr
    assert "/darkroom/prod/openai_api_key stored" in stored.stdout
    assert "1 of 3 keys stored" in stored.stdout
    assert secret not in stored.stdout + stored.stderr
    ssm = stack.client("ssm")
    kept = ssm.get_parameter(Name="/darkroom/prod/openai_api_key", WithDecryption=True)["Parameter"]
    assert (kept["Type"], kept["Value"]) == ("SecureString", secret)

    renewed = run(operator | {"OPENAI_API_KEY": "sk-2"}, "secrets", "--stage", "prod", "--prefix", "/darkroom/prod")
    assert renewed.returncode == 0
    assert ssm.get_parameter(Name=kept["Name"], WithDecryption=True)["Parameter"]["Value"] == "sk-2"
    assert run(operator, "secrets", "--stage", "prod", "--prefix", "no slash").returncode == 1
