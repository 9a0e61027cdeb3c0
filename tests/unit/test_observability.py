"""A handler's lines are JSON, correlated and redacted, and nothing leaves it with its text."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from darkroom import observability
from darkroom.domain.jobs import Cost, Job, Kind, State
from darkroom.observability import EmfMeter, HiddenError, bound, emit, loading, observed, process_age
from darkroom.settings import settings

Lines = Callable[[], list[dict[str, Any]]]
CANARY = "whsec_c2VjcmV0LW9mLWFuLW93bmVy"
log = logging.getLogger("darkroom.tests")
JOB = Job(
    job_id="j-1",
    owner="jane@example.com",
    kind=Kind.DETECTION,
    request={},
    created_at=1_000,
    deadline=9_000,
    write_id="w",
    items=3,
)


@dataclass(frozen=True)
class Invocation:
    aws_request_id: str = "request-1"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_LAMBDA_FUNCTION_NAME", "POWERTOOLS_METRICS_DISABLED", "STAGE"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What the process wrote since the last call, each line as JSON."""
    observability.configure()

    def read() -> list[dict[str, Any]]:
        written = capsys.readouterr()
        return [json.loads(line) for line in (written.out + written.err).splitlines()]

    return read


def test_each_line_of_an_invocation_carries_its_request_and_its_job(lines: Lines) -> None:
    @observed
    def handler(event: Any, context: Any) -> str:
        with bound(jobId="j-1"):
            log.info("Worked for %d ms", 12, extra={"engine": "onnx"})
        log.info("Done")
        return "answer"

    assert handler({}, Invocation()) == "answer"
    worked, done = [line for line in lines() if "message" in line]
    assert worked["message"] == "Worked for 12 ms"
    assert (worked["requestId"], worked["jobId"], worked["engine"]) == ("request-1", "j-1", "onnx")
    assert worked["timestamp"].endswith("+00:00")
    assert done["requestId"] == "request-1"
    assert "jobId" not in done


def test_lines_of_one_invocation_do_not_leak_into_the_next(lines: Lines) -> None:
    @observed
    def handler(event: Any, context: Any) -> None:
        log.info("Called")

    handler({}, Invocation("first"))
    log.info("Between")
    handler({}, Invocation("second"))
    assert [line.get("requestId") for line in lines() if "message" in line] == ["first", None, "second"]


def test_parallel_work_keeps_each_job_on_its_own_lines(lines: Lines) -> None:
    def work(job_id: str) -> None:
        with bound(jobId=job_id):
            for _ in range(20):
                log.info(job_id)

    with bound(requestId="r"), ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(copy_context().run, work, f"job-{n}") for n in range(8)]:
            future.result()
    written = lines()
    assert len(written) == 160
    assert all(line["message"] == line["jobId"] and line["requestId"] == "r" for line in written)


def test_what_a_handler_raises_is_logged_redacted_and_leaves_without_its_text(lines: Lines) -> None:
    @observed
    def handler(event: Any, context: Any) -> None:
        try:
            raise KeyError(f"jane@example.com {CANARY}")
        except KeyError as error:
            raise ValueError(f"token={CANARY}") from error

    with pytest.raises(HiddenError) as raised:
        handler({}, Invocation())
    assert str(raised.value) == "ValueError: the log line of request request-1 says more"
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    written = lines()
    failure = next(line for line in written if line.get("message") == "The handler failed")
    assert "test_observability.py" in failure["exception"]
    assert failure["exception_name"] == "ValueError"
    assert CANARY not in str(written)
    assert "jane" not in str(written)
    assert any(line.get("UnhandledErrors") == [1.0] for line in written)


def test_a_line_that_cannot_be_formatted_is_not_printed_raw(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    log.info("%d jobs of %s", "many", CANARY)
    written = capsys.readouterr()
    assert CANARY not in written.out + written.err


def test_a_message_that_happens_to_be_json_is_not_parsed(lines: Lines) -> None:
    log.info("[" * 50_000)
    (line,) = lines()
    assert isinstance(line["message"], str)


def test_other_libraries_write_redacted_too(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    code = f"""
import logging, sys
logging.basicConfig(stream=sys.stdout)
from darkroom import observability
observability.configure()
logging.getLogger("httpx").warning("GET https://example.com/?X-Amz-Signature={CANARY}")
logging.getLogger("darkroom.x").warning("once")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert CANARY not in ran.stdout + ran.stderr
    assert [json.loads(line)["message"] for line in ran.stdout.splitlines()] == [
        "GET https://example.com/?[redacted]",
        "once",
    ]


def test_a_warm_up_is_answered_without_loading_anything() -> None:
    code = """
import sys
from darkroom.observability import observed
handler = observed(lambda event, context: 1 / 0)
assert handler({"warmup": True}, None) == {"warm": True}
print(sorted({name.split(".")[0] for name in sys.modules} & {"aws_lambda_powertools", "boto3", "botocore", "pydantic"}))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert ran.stdout.strip() == "[]"


def test_boto3_and_pydantic_are_not_imported_by_the_first_line() -> None:
    code = """
import sys
from darkroom.observability import emit, observed
observed(lambda event, context: emit({"A": (1, "Count")}, {"b": "c"}))({}, None)
print(sorted({name.split(".")[0] for name in sys.modules} & {"boto3", "pydantic", "httpx"}), file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert ran.stderr.strip() == "[]"


def test_the_cold_start_is_counted_once_a_process_and_not_where_it_was_provisioned() -> None:
    code = """
from darkroom.observability import observed
handler = observed(lambda event, context: None)
handler({}, None)
handler({}, None)
"""

    def cold_starts(**environment: str) -> list[dict[str, Any]]:
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30, env=environment
        )
        return [json.loads(line) for line in ran.stdout.splitlines()]

    (line,) = cold_starts(AWS_LAMBDA_FUNCTION_NAME="presign", STAGE="prod")
    assert (line["ColdStart"], line["function"], line["stage"]) == ([1.0], "presign", "prod")
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stage", "function"]]
    assert cold_starts(AWS_LAMBDA_INITIALIZATION_TYPE="provisioned-concurrency") == []


def test_an_ended_job_is_counted_by_kind_and_state_and_in_sum(lines: Lines) -> None:
    EmfMeter().job_ended(replace(JOB, state=State.FAILED, ended_at=4_500, cost=Cost(usd=0.25)))
    (line,) = lines()
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Darkroom"
    assert directive["Dimensions"] == [["stage", "kind", "state"], ["stage"]]
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        "JobsEnded": "Count",
        "JobItems": "Count",
        "JobDuration": "Milliseconds",
        "JobCost": "None",
    }
    assert {
        name: line[name] for name in ("stage", "kind", "state", "JobsEnded", "JobItems", "JobDuration", "JobCost")
    } == {
        "stage": "dev",
        "kind": "detection",
        "state": "failed",
        "JobsEnded": [1.0],
        "JobItems": [3.0],
        "JobDuration": [3500.0],
        "JobCost": [0.25],
    }
    assert "jane" not in str(line)


def test_an_engine_and_a_webhook_are_counted(lines: Lines) -> None:
    EmfMeter().engine_used("rekognition", items=2, usd=0.002)
    EmfMeter().webhook_tried("retried")
    engine, webhook = lines()
    assert (engine["engine"], engine["EngineItems"], engine["EngineCost"]) == ("rekognition", [2.0], [0.002])
    assert (webhook["outcome"], webhook["WebhookTries"]) == ("retried", [1.0])


def test_one_metric_does_not_leak_its_dimensions_into_the_next(lines: Lines) -> None:
    emit({"A": (1, "Count")}, {"engine": "x"})
    emit({"B": (1, "Count")}, {"outcome": "y"})
    second = lines()[1]
    assert "engine" not in second
    assert "A" not in second


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARN", "ERROR"])
def test_a_metric_passes_lambdas_own_filter_at_each_level(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    """Lambda drops a JSON line below the configured level, and takes one without a level or a time for INFO
    (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html)."""
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", level)
    emit({"A": (1, "Count")}, {"engine": "x"})
    (line,) = lines()
    assert line["level"] == level
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None


def test_a_metric_that_cannot_be_written_raises_nothing(lines: Lines) -> None:
    emit({"A": (1, "Furlongs")}, {"engine": "x"})
    (line,) = lines()
    assert line["message"] == "A metric was not written"


def test_what_is_loaded_once_a_process_says_how_long_it_took_and_how_old_the_process_was(lines: Lines) -> None:
    with loading("face model", engine="onnx"):
        pass
    (line,) = lines()
    assert (line["message"], line["engine"]) == ("Loaded the face model", "onnx")
    assert 0 <= line["loadMs"] < 1_000
    age = process_age()
    assert age is not None
    assert 0 < line["initMs"] <= age
