"""Ten calls of a provider from one batch of a worker beside one call, and what importing each SDK takes.

    python -m benchmarks.providers [--delay 5] [--rounds 3] [--goal 1.1] [--photo]

The provider is the stub server of the tests, a process of its own that answers after a fixed delay, which is a quick
model's (they take 8 to 20 s). It sends a plain picture or, with --photo, a megapixel that is as hard to pack as a
photograph, which shows what decoding and encoding ten of them adds on this machine's cores. The calls go through the
real SDK, the circuit, the ledger (in memory) and the decoding. One and ten take turns. Exits with 1 where
ten take longer than the goal times one. Imports are measured in processes of their own (Linux): seconds and resident
megabytes that the SDK adds to a Python which has the provider's adapter.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom.adapters.clock import SystemClock
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.adapters.memory.messages import MemoryMeter, MemoryQueue
from darkroom.adapters.memory.storage import MemoryObjectStore
from darkroom.domain.generation import Ability, DrawRequest
from darkroom.domain.jobs import Cost, Kind
from darkroom.usecases.endings import Endings
from darkroom.usecases.generation import Generation
from darkroom.usecases.running import JobRunner
from darkroom.usecases.submission import Submission, Submissions

from tests.provider_engines import KINDS, engine
from tests.stub_providers import providers

if TYPE_CHECKING:
    from darkroom.usecases.running import Run

    from tests.stub_providers import Providers

BATCH = 10
SDKS = {"openai": "openai", "gemini": "google.genai", "replicate": "replicate"}
REQUEST = DrawRequest("A drawing.", "a cat", needs=frozenset({Ability.DOODLE}), width=1024, height=1024)
PROGRAM = """
import json, re, time
from pathlib import Path
import darkroom.adapters.ai.{provider}

def megabytes():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

before, began = megabytes(), time.perf_counter()
import {sdk}
print(json.dumps([time.perf_counter() - began, megabytes() - before]))
"""


class Worker:
    """A worker's process: one engine, and a runner of jobs on a store in memory."""

    def __init__(self, stub: Providers, name: str, delay: float, picture: str) -> None:
        clock = SystemClock()
        self._name = name
        self._store = MemoryJobStore()
        self._queue = MemoryQueue(clock)
        provider = engine(stub, name, stub.key(picture, delay=delay), clock=clock, deadline=60_000)
        objects, meter = MemoryObjectStore(), MemoryMeter()
        self._generation = Generation({name: lambda: provider}, {}, objects=objects, clock=clock, meter=meter)
        self._submissions = Submissions(store=self._store, queues={Kind.DOODLE: self._queue}, clock=clock)
        self._runner = JobRunner(
            store=self._store,
            objects=objects,
            endings=Endings(store=self._store, webhooks=self._queue, clock=clock, meter=meter),
            clock=clock,
            heartbeat=lambda _: nullcontext(),
            gigabytes=1.0,
        )
        self._pool = ThreadPoolExecutor(BATCH)

    def run(self, run: Run) -> object:
        return len(self._generation.draw((self._name,), REQUEST, run=run).drawn.pictures)

    def batch(self, jobs: int) -> float:
        """Seconds that so many jobs take, which arrive in one batch."""
        submission = Submission(owner="owner", kind=Kind.DOODLE, request={}, items=1, estimate=Cost())
        ids = [self._submissions.submit(submission).job_id for _ in range(jobs)]
        began = time.perf_counter()
        list(self._pool.map(partial(self._runner.run, work=self, receive_count=1), ids))
        took = time.perf_counter() - began
        ended = [self._store.get(job_id) for job_id in ids]
        assert all(job is not None and job.failure is None and job.result is not None for job in ended)
        return took


def imported(provider: str) -> tuple[float, float]:
    """(seconds, megabytes) of a process of its own."""
    program = PROGRAM.format(provider=provider, sdk=SDKS[provider])
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).resolve().parent.parent / "shared")}
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    seconds, megabytes = json.loads(ran.stdout)
    return seconds, megabytes


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--goal", type=float, default=1.1)
    parser.add_argument("--photo", action="store_true")
    options = parser.parse_args()
    worst = 0.0
    with providers() as stub:
        for name in KINDS:
            worker = Worker(stub, name, options.delay, "photo" if options.photo else "ok")
            worker.batch(BATCH)  # loads, connects
            worked = time.process_time()
            rounds = [(worker.batch(1), worker.batch(BATCH)) for _ in range(options.rounds)]
            worked = (time.process_time() - worked) / options.rounds / (1 + BATCH)
            one, ten = (statistics.median(took) for took in zip(*rounds, strict=True))
            worst = max(worst, ten / one)
            print(
                f"{name:10} one {one:6.3f} s   ten {ten:6.3f} s   {ten / one:.3f} times   {worked:.3f} s of CPU a call"
            )
    for name in KINDS:
        loads = [imported(name) for _ in range(options.rounds)]
        seconds, megabytes = (statistics.median(each) for each in zip(*loads, strict=True))
        print(f"{name:10} import {seconds:6.3f} s   {megabytes:6.1f} MB")
    print(f"ten calls take {worst:.3f} times one at most; the goal is {options.goal}")
    return int(worst > options.goal)


if __name__ == "__main__":
    sys.exit(main())
