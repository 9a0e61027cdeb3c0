"""What a first request costs: whole processes from built artifacts, beside bare Python with boto3 and one client.

    make build && python -m benchmarks.cold_start [runs]

A process starts, imports the handler as Lambda would, answers one real event (rates are counted, rows written, messages
sent, metrics and logs emitted) against an AWS on loopback, and ends. Its files have SAM's date of 1980 and cannot be
written to, so only bytecode that is valid as packaged counts. The yardstick imports boto3, as pip installs it with
valid bytecode, and makes one client. All are run in turn, so that each sees the same machine; ratios are of medians.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.artifacts import BUILD, ROOT, SNIPPET, StubAws, artifacts, as_deployed, event, target_python

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUNS: Final = 11
GOALS: Final = {"authorizer": 0.75, "presign": 0.75, "status": 0.75, "receiver": 0.85, "faces": 0.9}
WARMED: Final = ("doodle", "preview", "worker")
"""What draws and reads pages starts with more when it works; its warm-up ping loads none of it, and that is timed."""
YARDSTICK: Final = 'import boto3; boto3.client("s3")'


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    python = target_python()
    if python is None or not BUILD.is_dir():
        sys.exit("This needs `make build` and a CPython of Lambda's version (`uv python install 3.13`)")
    with tempfile.TemporaryDirectory() as folder, StubAws() as aws:
        deployed = artifacts(as_deployed(BUILD, Path(folder) / "build"))
        boto3 = install_boto3(python, Path(folder) / "boto3")
        environment = {"PYTHONPATH": str(boto3), "PATH": "/usr/bin:/bin", "AWS_REGION": "us-east-1"}
        environment |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
        programs = {"boto3 and one client": ([python, "-S", "-s", "-B", "-c", YARDSTICK], environment)}
        requests = {name: (name, event(name)) for name in GOALS}
        requests |= {f"{name}, warm-up": (name, {"warmup": True}) for name in WARMED}
        requests["doodle, a job"] = ("doodle", event("doodle"))
        for title, (name, told) in requests.items():
            asked = Path(folder) / f"{title}.json"
            asked.write_text(json.dumps(told))
            artifact = deployed[name]
            programs[title] = (artifact.command(python, SNIPPET, asked), artifact.environment(aws.endpoint))
        return report(measure(programs, runs))


def install_boto3(python: str, to: Path) -> Path:
    uv = ROOT / ".venv" / "bin" / "uv"
    options = ["--python-version", "3.13", "--link-mode", "copy", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([uv, "pip", "install", "--quiet", "--target", to, *options, "boto3"], check=True)
    subprocess.run([python, "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", to], check=True)
    return to


def measure(programs: Mapping[str, tuple[Sequence[str], Mapping[str, str]]], runs: int) -> dict[str, list[float]]:
    """Milliseconds from start to end of each program, by name; one round before them is thrown away."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(runs + 1):
        for name, (command, environment) in programs.items():
            began = time.perf_counter()
            ran = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
            took = time.perf_counter() - began
            if ran.returncode or (command[-2] == SNIPPET and not went_all_the_way(ran.stderr)):
                sys.exit(f"{name} failed:\n{ran.stdout}{ran.stderr}")
            if turn:
                times[name].append(took * 1000)
    return times


def went_all_the_way(answer: str) -> bool:
    """An authorizer's policy, a warm-up's answer, a success of the API: a refusal would be quick and prove nothing."""
    told = json.loads(answer)
    return "policyDocument" in told or told == {"warm": True} or told["statusCode"] in {200, 202}


def report(times: Mapping[str, Sequence[float]]) -> int:
    medians = {name: statistics.median(of) for name, of in times.items()}
    yardstick = next(iter(medians.values()))
    missed = 0
    print(f"{len(next(iter(times.values())))} runs of each, in turn, on {os.cpu_count()} cores; medians")
    for name, median in medians.items():
        ratio, goal = median / yardstick, GOALS.get(name)
        verdict = "" if goal is None else f"goal {goal:.2f}: {'met' if ratio <= goal else 'MISSED'}"
        missed += goal is not None and ratio > goal
        print(f"{name:<22}{median:7.1f} ms   {ratio:5.2f}   {verdict}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
