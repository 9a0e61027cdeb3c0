"""Every function answers in Lambda's containers: each file of `events/` by `sam local start-lambda`, the API by
`sam local start-api`, and whole ways, from a picture that is uploaded to boxes and faces, by `sam local invoke`."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from benchmarks.artifacts import artifacts
from local import overlay
from local.stack import ROOT
from tests.artifacts.test_artifacts import AT_WORK, LETTERING, unshaped
from tests.sam.messages import message_of, sqs_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.artifacts import Artifact
    from local.containers import SamLocal
    from local.stack import Stack
    from tests.conftest import Material

EVENTS = sorted((ROOT / "events").glob("*/*.json"))
BASE_IMAGE: str = overlay.load(ROOT / "template.yaml")["Parameters"]["LambdaBaseImage"]["Default"]
REFUSED = {"errorMessage": "Unauthorized"}
"""How an authorizer tells API Gateway to answer 401: by the message of its exception."""


def logical(function: str) -> str:
    """Of a folder: FaceEmbedFunction of face_embed."""
    return "".join(part.capitalize() for part in function.split("_")) + "Function"


def test_every_function_has_events() -> None:
    functions = {handler.parent.name for handler in (ROOT / "functions").glob("*/handler.py")}

    assert {path.parent.name for path in EVENTS} == functions


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_event_is_answered_in_a_container(path: Path, call: Callable[[str, Path], Any]) -> None:
    answer = call(logical(path.parent.name), path)

    assert "stackTrace" not in answer or REFUSED.items() <= answer.items(), answer
    assert answer.get("statusCode", 200) < 500, answer


def test_the_api_answers_its_health_to_anybody(local_api: httpx.Client) -> None:
    answer = local_api.get("/health")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_the_api_serves_its_documentation_from_the_artifact(local_api: httpx.Client) -> None:
    assert local_api.get("/openapi.json").json()["openapi"].startswith("3.1")
    assert "swagger" in local_api.get("/docs").text.lower()


def test_a_wrong_method_is_told_the_right_ones(local_api: httpx.Client) -> None:
    answer = local_api.put("/process", json={})

    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


def test_a_picture_goes_from_upload_to_boxes_in_the_built_containers(
    local_api: httpx.Client,
    stack: Stack,
    invoke: Callable[[str, Path], Any],
    testdata: Material,
    tmp_path: Path,
) -> None:
    picture = testdata("detect/coffee.png").read_bytes()
    asked = {"filename": "coffee.png", "contentType": "image/png", "size": len(picture)}
    upload = local_api.post("/uploads/presign", json=asked)
    assert upload.status_code == 200, upload.text
    put = httpx.put(upload.json()["url"], content=picture, headers=upload.json()["headers"], trust_env=False)
    assert put.status_code == 200, put.text
    image = f"s3://{upload.json()['bucket']}/{upload.json()['key']}"
    accepted = local_api.post("/process", json={"imageUrls": [image]})
    assert accepted.status_code == 202, accepted.text

    message = message_of(stack, accepted.json()["jobId"])
    event = tmp_path / "event.json"
    event.write_text(json.dumps(sqs_event(message, stack.outputs["QueueArn"])))
    assert invoke("DetectFunction", event) == {"batchItemFailures": []}

    job = local_api.get(f"/jobs/{accepted.json()['jobId']}").json()
    assert job["status"] == "COMPLETED", job
    assert {found["label"] for found in job["detections"][0]["detections"]} >= {"cup", "dining table"}


def test_a_doodle_is_drawn_in_the_built_container(local_api: httpx.Client) -> None:
    body = {"action": "generate-doodle", "description": "a cat under a tree", "size": 128, "fresh": True}
    answer = local_api.post("/ai", json=body)
    assert answer.status_code == 200, answer.text
    drawn = httpx.get(answer.json()["doodles"][0]["url"], trust_env=False)
    assert drawn.content[1:4] == b"PNG"


def test_a_job_of_doodles_is_done_by_the_built_worker(
    local_api: httpx.Client, stack: Stack, invoke: Callable[[str, Path], Any], tmp_path: Path
) -> None:
    film = {"action": "generate-animation", "description": "a bird flies", "frameCount": 3, "size": 64, "fresh": True}
    accepted = local_api.post("/ai", json=film, headers={"Prefer": "respond-async"})
    assert accepted.status_code == 202, accepted.text
    job_id = accepted.json()["jobId"]
    event = tmp_path / "event.json"
    queue = stack.resources()["GenerationQueue"]
    event.write_text(json.dumps(sqs_event(message_of(stack, job_id, queue), queue)))
    assert invoke("WorkerFunction", event) == {"batchItemFailures": []}
    job = local_api.get(f"/jobs/{job_id}").json()
    assert job["status"] == "COMPLETED", job
    assert len(job["result"]["frames"]) == 3


def on_lambdas_image(artifact: Artifact, program: str) -> subprocess.CompletedProcess[str]:
    """The program on the image that the functions run on, with nothing but the artifact and without a network."""
    inside = {folder: f"/artifact/{number}" for number, folder in enumerate(artifact.folders)}
    mounts = [option for folder, place in inside.items() for option in ("--volume", f"{folder}:{place}:ro")]
    path = f"PYTHONPATH={':'.join(inside.values())}"
    image = os.environ.get("LAMBDA_BASE_IMAGE", BASE_IMAGE)
    run = ["docker", "run", "--rm", "--network", "none", *mounts, "--env", path, "--env", "AWS_REGION=us-east-1"]
    variables = [f"--env={name}={value}" for name, value in artifact.environment("http://127.0.0.1:1").items()]
    names = [each for each in variables if not each.startswith(("--env=PATH=", "--env=PYTHONPATH="))]
    command = [*run, *names, "--entrypoint", "python3", image, "-B", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("function", AT_WORK)
def test_the_engines_work_on_lambdas_own_python_and_libraries(function: str, sam: SamLocal) -> None:
    """Pages are read, doodles measured, pictures staged and texts set, on the image that the functions run on."""
    ran = on_lambdas_image(artifacts(sam.template.parent)[function], AT_WORK[function])
    assert ran.returncode == 0, ran.stderr


def test_letters_join_reorder_and_run_from_right_to_left_on_lambdas_image(sam: SamLocal) -> None:
    ran = on_lambdas_image(artifacts(sam.template.parent)["worker"], LETTERING)
    assert ran.returncode == 0, ran.stderr


def test_letters_that_do_not_join_are_noticed_on_lambdas_image(sam: SamLocal, tmp_path: Path) -> None:
    ran = on_lambdas_image(unshaped(artifacts(sam.template.parent)["worker"], tmp_path), LETTERING)
    assert ran.returncode == 1
    assert "'arabic'" in ran.stderr, ran.stderr
    assert "'devanagari'" in ran.stderr, ran.stderr
