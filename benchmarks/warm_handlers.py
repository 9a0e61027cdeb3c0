"""What a warm request costs each function of the API in process, beyond waiting for AWS; and beside a bare call.

    python -m benchmarks.warm_handlers [--calls 300]

The handlers run as deployed (the gate, the validators, the real adapters on botocore, logs and metrics) on the events
that benchmarks/cold_start.py sends, in turns, against an AWS on loopback that is a process of its own. Three things are
measured of each request: the whole, the time on the wire (in botocore's HTTP client: AWS and the way there), and the
rest, which is ours to answer for. botocore's share of the rest, in which calls are written, signed and read, is shown
beside it; what a client with our settings spends on one bare call is the first row. The authorizer goes on believing a
key for a while, so it stands here twice: with its key at hand, and with one that has to be looked up.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import statistics
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from botocore.httpsession import URLLib3Session
from darkroom import wiring
from darkroom.adapters.aws import clients

from benchmarks.artifacts import StubAws, event, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from mypy_boto3_dynamodb.client import DynamoDBClient

CALLS: Final = 300
GOAL: Final = 3.0
"""Milliseconds of the rest, at the median."""
BARE: Final = "one bare call"
ENVIRONMENT: Final = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_LAMBDA_FUNCTION_NAME": "darkroom-benchmark",
}


class Context:
    aws_request_id = "00000000-0000-4000-8000-000000000001"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 10_000


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of one request. `in_calls` includes `on_wire`."""

    whole: float
    calls: int
    in_calls: float
    on_wire: float

    @property
    def rest(self) -> float:
        return self.whole - self.on_wire

    @property
    def botocore(self) -> float:
        return self.in_calls - self.on_wire


class Stopwatch:
    """Adds up what goes by in AWS calls and on the wire. To be made before the first client, which copies the hooks."""

    def __init__(self) -> None:
        self._calls = 0
        self._in_calls = self._on_wire = self._began = 0.0
        session = clients.session()
        session.register("provide-client-params", self._begin)
        session.register("after-call", self._end)
        send = URLLib3Session.send

        def timed_send(http: URLLib3Session, request: Any) -> Any:
            began = time.perf_counter()
            try:
                return send(http, request)
            finally:
                self._on_wire += time.perf_counter() - began

        # botocore has no event this close to the wire.
        URLLib3Session.send = timed_send  # type: ignore[assignment, method-assign]

    def _begin(self, **_: object) -> None:
        """Signing a URL passes here as well, and never reaches `_end`: it is no call."""
        self._began = time.perf_counter()

    def _end(self, **_: object) -> None:
        self._calls += 1
        self._in_calls += time.perf_counter() - self._began

    def measure(self, request: Callable[[], object]) -> Taken:
        self._calls, self._in_calls, self._on_wire = 0, 0.0, 0.0
        began = time.perf_counter()
        request()
        return Taken(time.perf_counter() - began, self._calls, self._in_calls, self._on_wire)


def serve(told: Connection) -> None:
    """The AWS on loopback, until the other end closes."""
    with StubAws() as aws:
        told.send(aws.endpoint)
        with contextlib.suppress(EOFError):
            told.recv()


@contextlib.contextmanager
def stub_aws() -> Iterator[str]:
    """Its endpoint. A process of its own: in this one it would take turns with what is measured."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def requests() -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """By name: what is done before the clock starts, and what is measured."""

    def nothing() -> None:
        pass

    dynamodb: DynamoDBClient = clients.client("dynamodb")

    def bare() -> None:
        dynamodb.get_item(TableName="keys", Key={"pk": {"S": "key#"}})

    made: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {BARE: (nothing, bare)}
    for name, function, before in (
        ("presign", "presign", nothing),
        ("status: GET job", "status", nothing),
        ("receiver: POST", "receiver", nothing),
        ("authorizer: known key", "authorizer", nothing),
        ("authorizer: other key", "authorizer", wiring.access.cache_clear),
    ):
        handler = import_module(f"functions.{function}.handler").handler
        asked = event(function)

        def request(handler: Any = handler, asked: Any = asked) -> None:
            answer = handler(asked, Context)
            if "policyDocument" not in answer and answer["statusCode"] not in {200, 202}:
                raise RuntimeError(f"A refusal, which would be quick and prove nothing: {answer}")

        made[name] = (before, request)
    return made


def measure(stopwatch: Stopwatch, calls: int) -> dict[str, list[Taken]]:
    """Each request in turn, so that a busy machine is busy for all of them; the first tenth is thrown away."""
    sides = requests()
    taken: dict[str, list[Taken]] = {name: [] for name in sides}
    for turn in range(-(calls // 10) - 1, calls):
        for name, (before, request) in sides.items():
            before()
            one = stopwatch.measure(request)
            if turn >= 0:
                taken[name].append(one)
    return taken


def milliseconds(values: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile of seconds."""
    return statistics.median(values) * 1000, statistics.quantiles(values, n=20)[-1] * 1000


def report(taken: dict[str, list[Taken]]) -> int:
    """The table; how many of the functions missed the goal."""
    missed = 0
    base = statistics.median(one.rest for one in taken[BARE])
    print(f"{'':23}{'AWS':>5}{'whole':>14}{'on the wire':>14}{'rest':>14}{'botocore':>10}{'per bare':>10}")
    print(f"{'ms':23}{'calls':>5}" + f"{'p50':>8}{'p95':>6}" * 3 + f"{'p50':>10}{'call':>10}")
    for name, ones in taken.items():
        columns = [[one.whole for one in ones], [one.on_wire for one in ones], [one.rest for one in ones]]
        numbers = "".join(f"{p50:8.2f}{p95:6.1f}" for p50, p95 in map(milliseconds, columns))
        rest = statistics.median(columns[2])
        botocore = statistics.median(one.botocore for one in ones)
        calls = statistics.median_low(one.calls for one in ones)
        met = rest * 1000 <= GOAL
        verdict = "" if name == BARE else "   met" if met else "   MISSED"
        missed += not met
        print(f"{name:23}{calls:5}{numbers}{botocore * 1000:10.2f}{rest / base:10.2f}{verdict}")
    return missed


def main() -> int:
    summary, _, more = str(__doc__).partition("\n\n")
    parser = argparse.ArgumentParser("benchmarks.warm_handlers", description=summary, epilog=more.partition("\n\n")[2])
    parser.add_argument("--calls", type=int, default=CALLS, help=f"of each function ({CALLS})")
    calls = max(20, parser.parse_args().calls)
    with stub_aws() as endpoint, open(os.devnull, "w") as nowhere:  # noqa: PTH123 - no file, and kept open
        os.environ.update({**ENVIRONMENT, **settings(endpoint), "AWS_ENDPOINT_URL": endpoint})
        with contextlib.redirect_stdout(nowhere):  # the functions' log lines
            taken = measure(Stopwatch(), calls)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    print(f"{calls} requests of each, in turn, Python {version}, {len(os.sched_getaffinity(0))} cores")
    print(f"Goal: at most {GOAL:g} ms of the rest at the median")
    return report(taken)


if __name__ == "__main__":
    sys.exit(main())
