"""Jobs per second through receiver, queue and detect, beside empty handlers on the same embedded AWS.

    python -m benchmarks.throughput [--jobs 60] [--rounds 7] [--clients 8] [--port 4566]

Two chains are deployed to one emulator: the template as it is, and benchmarks/empty, which has the same gateway,
authorizer, queue and mapping and nothing in its handlers: everybody may, the request becomes a message, every message
is done. Both are sent the same requests by HTTP, turn about: a job of one photograph each. A round ends when the last
message has been handled; that each of Darkroom's jobs is COMPLETED by then is checked after the clock has stopped. The
ratio of a round is what our code costs beyond the platform, all of it: keys looked up and requests counted, rows
written, the picture read from storage, looked at, its result kept. How long the picture takes to decode and look at,
with nothing else running, is measured in the same rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from darkroom import wiring

from benchmarks.detection import MATERIAL, timed
from local import port
from local.engine import choose
from local.pictures import pictures
from local.stack import ROOT, Embedded, Stack, bring_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

EMPTY: Final = ROOT / "benchmarks" / "empty" / "template.yaml"
LOOK_EVERY: Final = 0.03
"""Seconds between two looks at a queue: a round's end is known to within that."""
PATIENCE_SECONDS: Final = 300
WARMING: Final = 2
"""Rounds in which the emulator still starts copies of the functions."""


@dataclass(slots=True)
class Chain:
    """One way from POST /process to a message that was handled, and the seconds that its rounds took."""

    api: httpx.Client
    sqs: Any
    queue_url: str
    request: Mapping[str, Any]
    accepted: list[float] = field(default_factory=list)
    handled: list[float] = field(default_factory=list)

    def run(self, jobs: int, clients: ThreadPoolExecutor) -> list[Any]:
        """Send them all and wait until the queue holds none; the bodies of the answers."""
        began = time.perf_counter()
        answers = list(clients.map(lambda _number: self._send(), range(jobs)))
        accepted = time.perf_counter() - began
        while self._waiting():
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise TimeoutError(f"{self._waiting()} messages are left after {PATIENCE_SECONDS} s")
            time.sleep(LOOK_EVERY)
        self.handled.append(time.perf_counter() - began)
        self.accepted.append(accepted)
        return answers

    def _send(self) -> Any:
        answer = self.api.post("/process", json=self.request)
        if answer.status_code != 202:
            raise RuntimeError(f"POST /process answered {answer.status_code}: {answer.text[:400]}")
        return answer.json()

    def _waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=names)["Attributes"]
        return sum(int(counts[name]) for name in names)


def chain(stack: Stack, request: Mapping[str, Any]) -> Chain:
    api = httpx.Client(base_url=stack.api_url, headers={"x-api-key": stack.api_key}, timeout=60, trust_env=False)
    return Chain(api, stack.client("sqs"), stack.outputs["QueueUrl"], request)


def deploy_empty(embedded: Embedded, beside: Stack) -> Stack:
    """The empty chain on the same emulator, as a stack of its own."""
    outputs = embedded.deploy(EMPTY, {}, stack_name="empty")
    stack = replace(beside, stack_name="empty", outputs=outputs)
    stage = outputs["ApiUrl"].rsplit("/", 1)[1]
    return replace(
        stack, api_url=f"{embedded.endpoint_url}/_aws/execute-api/{stack.resources()['Api']}/{stage}", api_key="none"
    )


def upload(stack: Stack, jpeg: bytes) -> str:
    headers = {"x-api-key": stack.api_key}
    wanted = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": len(jpeg)}
    with httpx.Client(headers=headers, timeout=60, trust_env=False) as api:
        signed = api.post(f"{stack.api_url}/uploads/presign", json=wanted).raise_for_status().json()
    httpx.put(signed["url"], content=jpeg, headers=signed["headers"], trust_env=False).raise_for_status()
    return f"s3://{signed['bucket']}/{signed['key']}"


def demand_completed(api: httpx.Client, job_ids: list[str]) -> None:
    for job_id in job_ids:
        job = api.get(f"/jobs/{job_id}").raise_for_status().json()
        if job["status"] != "COMPLETED" or any("error" in seen for seen in job["detections"]):
            raise RuntimeError(f"The job {job_id} did not complete: {job}")


def detection_alone(settings: Mapping[str, str], jpeg: bytes) -> Callable[[], object]:
    """The engine that the functions use, in this process."""
    os.environ.update(settings)
    detector, reader = wiring.object_detector(), wiring.image_reader()
    return lambda: detector.detect(reader.read(jpeg))


@contextmanager
def both(folder: Path, number: int, settings: Mapping[str, str], jpeg: bytes) -> Iterator[tuple[Chain, Chain]]:
    embedded = Embedded(folder, number)
    try:
        ours = bring_up(embedded, ROOT / "template.yaml", settings, print)
        empty = deploy_empty(embedded, ours)
        request = {"imageUrls": [upload(ours, jpeg)]}
        full, bare = chain(ours, request), chain(empty, request)
        with full.api, bare.api:
            yield full, bare
    finally:
        embedded.stop()


def report(full: Chain, bare: Chain, alone: list[float], jobs: int) -> None:
    print(f"{'':22}{'accepted/s':>12}{'jobs/s':>10}{'ms a job':>10}")
    for name, side in (("Darkroom", full), ("empty handlers", bare)):
        accepted, handled = statistics.median(side.accepted), statistics.median(side.handled)
        print(f"{name:22}{jobs / accepted:12.1f}{jobs / handled:10.1f}{handled / jobs * 1000:10.1f}")
    look = statistics.median(alone)
    print(f"{'decode and look, alone':22}{'':12}{1 / look:10.1f}{look * 1000:10.1f}")
    to_accept = statistics.median(a / b for a, b in zip(full.accepted, bare.accepted, strict=True))
    whole = statistics.median(a / b for a, b in zip(full.handled, bare.handled, strict=True))
    print(f"Darkroom takes {to_accept:.1f} times as long to accept, {whole:.1f} times as long for the whole way")


def main() -> None:
    summary, _, rest = str(__doc__).partition("\n\n")
    parser = argparse.ArgumentParser("benchmarks.throughput", description=summary, epilog=rest.partition("\n\n")[2])
    parser.add_argument("--jobs", type=int, default=60, help="a round (60)")
    parser.add_argument(
        "--rounds", type=int, default=7, help=f"of each chain (7), after {WARMING} that are thrown away"
    )
    parser.add_argument("--clients", type=int, default=8, help="that send at once (8)")
    parser.add_argument("--port", type=int, help="of the embedded AWS (any that is free)")
    asked = parser.parse_args()
    environment = dict(os.environ)
    if (MATERIAL / "models" / "yolox").is_dir():
        environment.setdefault("DETECT_MODEL_DIR", str(MATERIAL / "models" / "yolox"))
    settings = choose(environment, print)
    jpeg = next(picture.jpeg for picture in pictures() if picture.name == "chelsea.jpg")
    look = detection_alone(settings, jpeg)
    with (
        tempfile.TemporaryDirectory(prefix="darkroom-throughput-") as folder,
        both(Path(folder), asked.port or port.pick(), settings, jpeg) as (full, bare),
        ThreadPoolExecutor(asked.clients) as clients,
    ):
        alone = []
        for number in range(1 - WARMING, asked.rounds + 1):
            alone.append(timed(look))
            answers = full.run(asked.jobs, clients)
            bare.run(asked.jobs, clients)
            demand_completed(full.api, [answer["jobId"] for answer in answers])
            if number > 0:
                took = full.handled[-1], bare.handled[-1]
                print(
                    f"  round {number}: {took[0]:.2f} s and {took[1]:.2f} s, ratio {took[0] / took[1]:.2f}", flush=True
                )
            elif number == 0:
                for times in (alone, full.accepted, full.handled, bare.accepted, bare.handled):
                    times.clear()
        cores = len(os.sched_getaffinity(0))
        print(f"{asked.jobs} jobs a round, {asked.clients} clients, {cores} cores; medians")
        report(full, bare, alone, asked.jobs)


if __name__ == "__main__":
    main()
