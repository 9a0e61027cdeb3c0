"""The function `index`: what the schedule and the queue have it do, and what a warm-up leaves alone."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from typing import Any

import pytest
from darkroom import wiring
from darkroom.domain.jobs import State
from darkroom.domain.people import original_key

from tests.api import Context
from tests.conftest import ROOT
from tests.enrolling import OWNER, Enrolling, picture

handler: Any = importlib.import_module("functions.index.handler")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Enrolling:
    world = Enrolling()
    world.person()
    parts = {
        "job_runner": world.runner,
        "index_work": lambda: world.work,
        "index_sweep": lambda: world.sweeper,
        "index_queue": lambda: world.webhooks,
        "clock": lambda: world.clock,
    }
    for name, part in parts.items():
        monkeypatch.setattr(wiring, name, part)
    return world


def test_each_message_names_a_job(world: Enrolling) -> None:
    job = world.enrolment_job(world.sent(picture(10), "front"))
    record = {"messageId": "m", "body": json.dumps({"jobId": job.job_id})}
    assert handler.handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
    ended = world.jobs.get(job.job_id)
    assert ended is not None
    assert ended.state is State.COMPLETED
    assert world.indexed() == [("ada", "front")]


def test_the_schedule_has_it_sweep(world: Enrolling, capsys: pytest.CaptureFixture[str]) -> None:
    world.enrol(10, "front")
    world.objects.write(original_key(OWNER, "ada", "stray"), b"x", content_type="image/png")
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    assert handler.handler(event, Context()) == {"vectors": 0, "objects": 1, "erasures": 0, "failed": 0}
    assert world.stored() == ["front/crop.jpg", "front/original"]
    metrics = next(line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "StraysErased" in line)
    assert (metrics["StraysErased"], metrics["OwnersNotSwept"]) == ([1.0], [0.0])


@pytest.mark.parametrize("name", ["index", "search"])
def test_a_warm_up_loads_neither_lancedb_nor_numpy(name: str) -> None:
    program = (
        "import sys, importlib; handler = importlib.import_module(sys.argv[1]).handler\n"
        "assert handler({'warmup': True}, None) == {'warm': True}\n"
        "print(*(name for name in ('lancedb', 'pyarrow', 'numpy', 'pydantic') if name in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, f"functions.{name}.handler"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == ""
