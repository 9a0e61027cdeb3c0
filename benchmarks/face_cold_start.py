"""What the first picture costs in Lambda's container, beside the same container with a handler that does nothing.

    python -m benchmarks.face_cold_start [--runs 5] [--memory 1024 1769 3008]

`sam build` makes the vision image with the material's pack of face models; `sam local invoke` starts a container for
each request, turn about, one of the two with `operator.is_` in the place of our handler. What is over is ours: the
handler's import, the model's opening, the picture. `initMs` (how old the process was) and `loadMs` (the model) are from
the log line that each first request writes.

`--memory` measures the image under limits instead: Docker's `--memory`, and `--cpus` in the proportion that Lambda
gives CPU (1,769 MB are one core); the best of several rounds, so that others on the machine do not count. It is an
approximation: Lambda's cores are others, and so is its storage.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.vision.faces.preparing import Terms, prepare
from darkroom.domain.faces import Licence

from local import overlay
from local.containers import COPIES
from local.stack import EMULATOR, REGION, ROOT, SAM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUNS: Final = 5
GOAL_SECONDS: Final = 3.0
CORE_MEGABYTES: Final = 1_769
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
NOTHING: Final = "operator.is_"
"""A handler that every container has: it takes an event and a context, and does nothing."""
MATERIAL: Final = Path(os.environ.get("DARKROOM_TESTDATA") or ROOT.parent / "shared" / "testdata")
WARM: Final = 7
LIMITED: Final = """
import json, resource, statistics, sys, time
import face_embed
from darkroom.observability import process_age
class Context:
    aws_request_id = "00000000-0000-4000-8000-000000000001"
    get_remaining_time_in_millis = staticmethod(lambda: 60_000)
one, six, turns = json.load(sys.stdin)
def took(event):
    begun = time.perf_counter()
    answer = face_embed.handler(event, Context)
    assert answer["results"][0]["faceCount"] >= 1, answer
    return 1000 * (time.perf_counter() - begun)
took(one)
first = process_age()
warm = [min(took(event) for _ in range(turns)) for event in (one, six)]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("MEASURED", json.dumps([first, *warm, peak]))
"""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--memory", type=int, nargs="+", metavar="MB")
    options = parser.parse_args()
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        sys.exit("This needs a Docker engine")
    with tempfile.TemporaryDirectory() as folder:
        template = build(Path(folder))
        if options.memory:
            return limited(template, options.memory, options.runs)
        return beside_nothing(template, Path(folder), options.runs)


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{EMULATOR.parent}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }


def build(folder: Path) -> dict[str, Any]:
    """The built template. The image carries the material's two small models, prepared."""
    copy = COPIES["FacePackDir"]
    shutil.rmtree(copy, ignore_errors=True)
    try:
        source = MATERIAL / "models" / "insightface_pack"
        prepare(source, copy, Terms(Licence.NON_COMMERCIAL, "for a measurement"), name=copy.name)
        parameters = [f"FacePackDir={copy.relative_to(ROOT)}", "AcceptModelLicence=yes"]
        if base := os.environ.get("LAMBDA_BASE_IMAGE"):
            parameters.append(f"LambdaBaseImage={base}")
        command = [str(SAM), "build", "FaceEmbedFunction", "--build-dir", str(folder), "--parameter-overrides"]
        ran = subprocess.run(
            [*command, *parameters], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
        )
        if ran.returncode:
            sys.exit(f"{ran.stdout}{ran.stderr}\nThe image could not be built")
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    return overlay.load(folder / "template.yaml")


def asking(picture: str) -> dict[str, Any]:
    data = (MATERIAL / "faces" / picture).read_bytes()
    return {"images": [{"imageData": base64.b64encode(data).decode()}], "embeddings": False}


# --- beside a handler that does nothing -------------------------------------------------------------------------------


def beside_nothing(built: dict[str, Any], folder: Path, runs: int) -> int:
    told = built["Resources"]["FaceEmbedFunction"]["Properties"]
    variables = {"BUCKET_NAME": "media", "UPLOADS_TABLE_NAME": "uploads", "STAGE": "dev"}
    functions = {
        name: {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "PackageType": "Image",
                "ImageUri": told["ImageUri"],
                "ImageConfig": {"Command": [command]},
                "Timeout": 120,
                "MemorySize": 3_008,
                "Environment": {"Variables": variables},
            },
        }
        for name, command in (("Faces", "face_embed.handler"), ("Nothing", NOTHING))
    }
    template, event = folder / "two.json", folder / "event.json"
    template.write_text(json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": functions}))
    event.write_text(json.dumps(asking("astronaut.png")))
    times: dict[str, list[float]] = {name: [] for name in functions}
    logged: list[Mapping[str, Any]] = []
    for turn in range(runs + 1):
        for name in functions:
            seconds, output = invoked(name, template, event)
            if turn:  # the first makes what sam adds to an image
                times[name].append(seconds)
                logged += loaded(output) if name == "Faces" else []
    ours, nothing = (statistics.median(times[name]) for name in functions)
    print(f"{runs} runs of each, in turn, on {os.cpu_count()} cores; medians, `sam local invoke` to its answer")
    print(f"a first picture        {ours:6.2f} s")
    print(f"a handler of nothing   {nothing:6.2f} s")
    for field, what in (
        ("initMs", "age of the process when its model is asked for"),
        ("loadMs", "the model's opening"),
    ):
        print(f"{field:<22} {statistics.median(line[field] for line in logged):6.0f} ms, {what}")
    verdict = "met" if ours - nothing <= GOAL_SECONDS else "MISSED"
    print(f"over the container     {ours - nothing:6.2f} s, goal {GOAL_SECONDS:g} s: {verdict}")
    return int(verdict != "met")


def invoked(function: str, template: Path, event: Path) -> tuple[float, str]:
    command = [str(SAM), "local", "invoke", function, "--template-file", str(template), "--event", str(event)]
    begun = time.perf_counter()
    ran = subprocess.run(
        [*command, "--region", REGION, "--skip-pull-image"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    took = time.perf_counter() - begun
    if function == "Faces" and '"faceCount": 1' not in ran.stdout and '"faceCount":1' not in ran.stdout:
        sys.exit(f"No face was found: {ran.stdout}{ran.stderr}")
    return took, ran.stdout + ran.stderr


def loaded(output: str) -> list[Mapping[str, Any]]:
    """The log lines that say how long loading took."""
    return [json.loads(line) for line in re.findall(r"^.*?(\{.*\"loadMs\".*\})\s*$", output, re.MULTILINE)]


# --- under limits -----------------------------------------------------------------------------------------------------


def limited(built: dict[str, Any], memories: Sequence[int], rounds: int) -> int:
    image = str(built["Resources"]["FaceEmbedFunction"]["Properties"]["ImageUri"])
    told = json.dumps([asking("astronaut.png"), asking("t1.jpg"), WARM])
    best: dict[int, list[float]] = {}
    for _ in range(rounds):
        for megabytes in memories:
            seen = measured(image, megabytes, told)
            best[megabytes] = list(map(min, best.get(megabytes, seen), seen))
    print("| memory, MB | cores | first answer, s | one face, ms | six faces, ms | at most used, MB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for megabytes, (first, one, six, peak) in best.items():
        print(f"| {megabytes:,} | {cores(megabytes):.2f} | {first / 1000:.2f} | {one:.0f} | {six:.0f} | {peak:.0f} |")
    return 0


def cores(megabytes: int) -> float:
    """What Lambda gives, as far as this machine has it."""
    return min(megabytes / CORE_MEGABYTES, os.cpu_count() or 1)


def measured(image: str, megabytes: int, told: str) -> list[float]:
    """Milliseconds from the start of the process to its first answer, of a picture with one face and of one with six,
    warm; and the megabytes that it took."""
    limits = ["--memory", f"{megabytes}m", "--memory-swap", f"{megabytes}m", "--cpus", f"{cores(megabytes):.2f}"]
    settings = {"PYTHONPATH": "/var/task:/var/runtime", "AWS_REGION": REGION}
    settings |= {"BUCKET_NAME": "media", "UPLOADS_TABLE_NAME": "uploads"}
    variables = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
    boundaries = ["--read-only", "--tmpfs", "/tmp", "--network", "none", *limits]  # noqa: S108  in the container
    command = ["docker", "run", "--rm", "-i", *boundaries, *variables, "--entrypoint", "python3", image, "-c", LIMITED]
    ran = subprocess.run(command, input=told, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{megabytes} MB are too few, or something else is wrong: {ran.stderr}")
    found: list[float] = json.loads(ran.stdout.partition("MEASURED ")[2])
    return found


if __name__ == "__main__":
    sys.exit(main())
