"""Logs and metrics of the functions: one JSON line an event, correlated by requestId and jobId, with no secret in it.

Code of every ring logs through the standard library (`logging.getLogger(__name__)`, fields as `extra`); a handler is
wrapped in `observed`, which puts Powertools' formatter behind it. Metrics go to the log too, in CloudWatch's embedded
format.

| metric (namespace Darkroom) | unit | dimensions, each line one set |
| --- | --- | --- |
| ColdStart | Count | stage, function |
| UnhandledErrors | Count | stage, function |
| UnreadableMessages | Count | stage, function |
| RowsMended, RowsNotMended | Count, each sweep | stage, function |
| JobsEnded, JobItems | Count | stage; stage, kind, state |
| JobDuration | Milliseconds, from creation to end | stage; stage, kind, state |
| JobCost | None, US dollars | stage; stage, kind, state |
| EngineItems | Count | stage, engine |
| EngineCost | None, US dollars | stage; stage, engine |
| WebhookTries | Count | stage, outcome |

Nothing here imports boto3 or a client, and Powertools itself is imported by the first invocation only.
"""

from __future__ import annotations

import functools
import gc
import itertools
import logging
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from darkroom.domain.redaction import redacted_value
from darkroom.domain.times import iso
from darkroom.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from darkroom.domain.jobs import Job

NAMESPACE: Final = "Darkroom"
ROOT: Final = "darkroom"
"""The logger above all of ours."""

log = logging.getLogger(__name__)


class Context(Protocol):
    """What Lambda hands a handler beside the event; only this much of it is used."""

    @property
    def aws_request_id(self) -> str: ...


class HiddenError(Exception):
    """Stands for an exception that left a handler. Lambda writes its text into the log and the answer, so the text
    names no more than the original's type and the request whose log line has the redacted rest."""


def observed(handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Around a function's handler: `requestId` on every line, the cold start counted, and no exception's text let out.

    `{"warmup": true}` is answered here, before anything is loaded.
    """

    @functools.wraps(handler)
    def run(event: Any, context: Any) -> Any:
        if isinstance(event, dict) and event.get("warmup") is True:
            return {"warm": True}
        with _uncollected():
            return observe(event, context)

    def observe(event: Any, context: Any) -> Any:
        configure()
        request_id = str(getattr(context, "aws_request_id", ""))
        with bound(requestId=request_id or None):
            _count_cold_start()
            try:  # the border of the process: nothing passes with its text
                return handler(event, context)
            except Exception as error:
                log.exception("The handler failed")
                emit({"UnhandledErrors": (1, "Count")}, {"function": function_name()})
                hidden = HiddenError(f"{type(error).__name__}: the log line of request {request_id} says more")
        raise hidden

    return run


_invocations = itertools.count()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Around a process's first invocation: what that imports and makes stays for good, so a search for garbage in it,
    then and ever after, is time lost (4 % of a cold start)."""
    if next(_invocations):
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def function_name() -> str:
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")


@contextmanager
def loading(what: str, **fields: str) -> Iterator[None]:
    """Around what is loaded once a process: how long that took, and how long the process had been there before."""
    begun, age = time.perf_counter(), process_age()
    yield
    took = round(1000 * (time.perf_counter() - begun))
    log.info("Loaded the %s", what, extra={**fields, "initMs": age, "loadMs": took})


def process_age() -> int | None:
    """Milliseconds since this process began; None where the system has no /proc."""
    try:
        began = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]  # proc(5): starttime, in ticks
        up = Path("/proc/uptime").read_text().split()[0]
        return round(1000 * (float(up) - int(began) / os.sysconf("SC_CLK_TCK")))
    except (OSError, ValueError, IndexError):
        return None


def request_id() -> str:
    """Of the invocation that this thread works for, as its log lines have it; `none` outside of one."""
    from aws_lambda_powertools.logging.formatter import THREAD_LOCAL_KEYS

    return str(THREAD_LOCAL_KEYS.get().get("requestId", "none"))


@contextmanager
def bound(**fields: str | None) -> Iterator[None]:
    """Put fields on every log line of this thread inside the block, such as `jobId`. None adds nothing."""
    from aws_lambda_powertools.logging.formatter import THREAD_LOCAL_KEYS

    kept = THREAD_LOCAL_KEYS.get()
    mark = THREAD_LOCAL_KEYS.set({**kept, **{name: value for name, value in fields.items() if value is not None}})
    try:
        yield
    finally:
        THREAD_LOCAL_KEYS.reset(mark)


class _StdoutHandler(logging.Handler):
    """Writes to what stdout is at that moment, not to what it was when the process began."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), flush=True)
        except Exception:  # noqa: BLE001 - logging's contract: a handler reports its trouble and never raises
            self.handleError(record)


@functools.cache
def configure() -> None:
    """Send our loggers through the redacting formatter, and everybody else's as well."""
    from aws_lambda_powertools.logging import Logger
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

    class RedactingFormatter(LambdaPowertoolsFormatter):
        """Redacts what is about to be written, wherever in the record it came from: message, fields, exception."""

        def serialize(self, log: Any) -> str:
            return super().serialize(redacted_value(log))

    formatter = RedactingFormatter(
        utc=True,
        use_rfc3339=True,
        serialize_stacktrace=False,  # the traceback in `exception` says the same in one field
        json_deserializer=str,  # a message that happens to be JSON stays text: it may be hostile
        log_record_order=["level", "message", "timestamp", "requestId", "jobId", "location"],
        function=function_name(),
    )
    Logger(service=ROOT, logger_formatter=formatter, logger_handler=_StdoutHandler())
    # botocore, httpx and the like write through the root logger's handlers, and httpx names whole URLs.
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
    # A record that cannot be formatted would be printed raw, with its arguments.
    logging.raiseExceptions = False


# --- metrics ---------------------------------------------------------------------------------------------------------


def emit(values: Mapping[str, tuple[float, str]], dimensions: Mapping[str, str], *, overall: bool = False) -> None:
    """Write one embedded-metric line: values as name to (value, unit), under the stage and these dimensions.

    `overall` counts them under the stage alone as well, for alarms on the sum. Never raises.
    """
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

    try:
        stage = settings().stage
        line = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service=None)
        line.service = ""  # no dimension of Powertools' own
        for dimension, of in {"stage": stage, **dimensions}.items():
            line.add_dimension(dimension, of)
        if overall:
            line.add_dimensions(stage=stage)
        for name, (value, unit) in values.items():
            line.add_metric(name, unit, value)
        # Lambda drops a line below its log level, and takes one that says no level and time for INFO.
        line.add_metadata("level", os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO"))
        line.add_metadata("timestamp", iso(time.time_ns() // 1_000_000))
        line.flush_metrics()
    except Exception:
        log.exception("A metric was not written")


class EmfMeter:
    """The Meter of deployed functions."""

    def job_ended(self, job: Job) -> None:
        emit(
            {
                "JobsEnded": (1, "Count"),
                "JobItems": (job.items, "Count"),
                "JobDuration": (max(0, (job.ended_at or job.created_at) - job.created_at), "Milliseconds"),
                "JobCost": (job.cost.usd, "None"),
            },
            {"kind": job.kind, "state": job.state},
            overall=True,
        )

    def engine_used(self, engine: str, *, items: int, usd: float) -> None:
        emit({"EngineItems": (items, "Count"), "EngineCost": (usd, "None")}, {"engine": engine}, overall=True)

    def webhook_tried(self, outcome: str) -> None:
        emit({"WebhookTries": (1, "Count")}, {"outcome": outcome})


@functools.cache
def _count_cold_start() -> None:
    """Once a process, at its first invocation. Provisioned concurrency starts before anybody waits: not counted."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "provisioned-concurrency":
        emit({"ColdStart": (1, "Count")}, {"function": function_name()})
