"""Faces in Lambda's containers: found by the vision image, which holds the material's pack, and looked for by the index
image on the embedded S3."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from local import overlay
from tests.sam.messages import message_of, sqs_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import httpx

    from local.containers import SamLocal
    from local.stack import Stack
    from tests.conftest import Material

DIRECT = """
import json, sys
import face_embed
class Context:
    aws_request_id = "00000000-0000-4000-8000-000000000001"
    get_remaining_time_in_millis = staticmethod(lambda: 60_000)
answer = face_embed.handler(json.load(sys.stdin), Context)
loaded = {name.partition(".")[0] for name in sys.modules}
print("ANSWER", json.dumps([answer, sorted(loaded & {"cv2", "dlib", "insightface", "lancedb", "boto3", "pydantic"})]))
"""
INDEX = """
import json
import numpy as np
from darkroom import wiring
from darkroom.domain.limits import MINUTE
index, clock = wiring.face_index(), wiring.clock()
def unit(number):
    vector = np.random.default_rng(number).standard_normal(128).astype(np.float32)
    return vector / np.linalg.norm(vector)
def found(number):
    matches = index.search("acme", "small", unit(number), limit=3, threshold=0.5)
    return [[match.person_id, round(match.similarity, 3)] for match in matches]
now = clock.now()
rows = [(f"person-{number}", "face-1", unit(number)) for number in range(20)]
index.put("acme", "small", rows, at=now, until=now + MINUTE)
before = found(7)
index.erase("acme", "small", person_id="person-7", at=clock.now())
print("ANSWER", json.dumps([before, found(7), found(8), len(list(index.faces("acme", "small")))]))
"""


def image_of(sam: SamLocal, function: str) -> str:
    resource: dict[str, Any] = overlay.load(sam.template.parent / "template.yaml")["Resources"][function]
    return str(resource["Properties"]["ImageUri"])


def run(image: str, program: str, variables: Mapping[str, str], *options: str, told: Any = None) -> Any:
    """What a program prints after ANSWER, in the image, whose file system cannot be written to but for /tmp."""
    given = {"PYTHONPATH": "/var/task:/var/runtime", "AWS_REGION": "us-east-1", **variables}
    settings = [part for name, value in given.items() for part in ("--env", f"{name}={value}")]
    # A user with no name and no home, as in Lambda.
    boundaries = ["--read-only", "--tmpfs", "/tmp", "--user", "993:990", *options]
    command = ["docker", "run", "--rm", "-i", *boundaries, *settings, "--entrypoint", "python3", image, "-c", program]
    ran = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.partition("ANSWER ")[2])


@pytest.fixture(scope="module")
def astronaut(testdata: Material) -> dict[str, Any]:
    """A direct invocation with one picture in it."""
    return {"images": [{"imageData": base64.b64encode(testdata("faces/astronaut.png").read_bytes()).decode()}]}


def is_the_astronaut(answer: dict[str, Any]) -> bool:
    (result,) = answer["results"]
    (face,) = result["faces"]
    length = sum(part * part for part in face["embedding"]) ** 0.5
    left, top, right, bottom = face["bbox"]
    assert (answer["model"]["engine"], answer["model"]["pack"]) == ("onnx", "small"), answer["model"]
    assert abs(length - 1) < 1e-4
    return bool(result["faceCount"] == 1 and 150 < left < right < 330 and 50 < top < bottom < 250)


def test_a_picture_in_the_call_is_answered_with_its_face(
    invoke: Callable[[str, Path], Any], astronaut: dict[str, Any], tmp_path: Path
) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(astronaut))
    assert is_the_astronaut(invoke("FaceEmbedFunction", event))


def test_the_image_finds_faces_with_no_network_and_no_place_to_write_and_loads_no_other_engine(
    sam: SamLocal, astronaut: dict[str, Any]
) -> None:
    names = {name: name.lower() for name in ("BUCKET_NAME", "UPLOADS_TABLE_NAME", "TABLE_NAME")}
    answer, loaded = run(
        image_of(sam, "FaceEmbedFunction"), DIRECT, names, "--network", "none", "--memory", "1g", told=astronaut
    )
    assert is_the_astronaut(answer)
    assert loaded == []


def test_pictures_of_a_form_become_faces_in_the_built_containers(
    local_api: httpx.Client,
    stack: Stack,
    invoke: Callable[[str, Path], Any],
    testdata: Material,
    tmp_path: Path,
) -> None:
    files = [
        ("files", (name, testdata(f"faces/{name}").read_bytes(), "image/jpeg")) for name in ("t1.jpg", "obama.jpg")
    ]
    accepted = local_api.post("/upload-images", files=files, headers={"Prefer": "respond-async"})
    assert accepted.status_code == 202, accepted.text
    job_id = accepted.json()["jobId"]
    queue = stack.outputs["FaceQueueUrl"]
    event = tmp_path / "event.json"
    event.write_text(json.dumps(sqs_event(message_of(stack, job_id, queue), queue)))
    assert invoke("FaceEmbedFunction", event) == {"batchItemFailures": []}
    job = local_api.get(f"/jobs/{job_id}").json()
    assert job["status"] == "COMPLETED", job
    assert [result["faceCount"] for result in job["result"]["results"]] == [6, 1]
    assert job["result"]["model"]["pack"] == "small"


def test_the_index_image_stores_finds_and_erases_on_the_embedded_s3(sam: SamLocal, stack: Stack) -> None:
    variables = {
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BUCKET_NAME": stack.outputs["BucketName"],
        "PEOPLE_TABLE_NAME": stack.outputs["PeopleTableName"],
    }
    before, after, others, left = run(image_of(sam, "IndexFunction"), INDEX, variables)
    assert before == [["person-7", 1.0]]
    assert after == []
    assert others == [["person-8", 1.0]]
    assert left == 19
