"""An embedded AWS behind microburst, and worlds in it: everything that the functions are made of, on real adapters.

Every call of an adapter goes over HTTP through the proxy and carries the name of its call site (the line of the
adapter that makes it), so a fault can be aimed at one site of one world. Sites are found twice: in the adapters'
source, and by botocore's own event as the calls are made.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import darkroom.adapters.aws as adapters
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session
from darkroom.adapters.aws.clients import config, demanding_whole_answers
from darkroom.adapters.aws.dead_letters import SqsDeadLetters
from darkroom.adapters.aws.idempotency import DynamoIdempotencyStore
from darkroom.adapters.aws.jobs import DynamoJobStore
from darkroom.adapters.aws.keys import DynamoKeyStore
from darkroom.adapters.aws.lambda_faces import LambdaFaceReader
from darkroom.adapters.aws.objects import S3ObjectStore
from darkroom.adapters.aws.parameters import ParameterKeys
from darkroom.adapters.aws.people import DynamoFaceTables, DynamoPeopleStore
from darkroom.adapters.aws.queues import SqsQueue
from darkroom.adapters.aws.rekognition import RekognitionDetector
from darkroom.adapters.aws.secrets import SecretsManager
from darkroom.adapters.aws.uploads import DynamoUploadStore
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.adapters.vision.images import PillowImages
from darkroom.domain import limits
from darkroom.domain.jobs import Kind
from darkroom.domain.messages import job_id_of
from darkroom.errors import SettingsError, TransientError
from darkroom.ports import Fetched
from darkroom.usecases.access import Keys
from darkroom.usecases.detection import DetectionWork
from darkroom.usecases.health import Health
from darkroom.usecases.running import JobRunner
from darkroom.usecases.sweeping import Sweeper
from darkroom.usecases.webhooks import Webhooks

from local import port
from local.overlay import load
from local.stack import REGION, ROOT, Embedded
from tests.api import Api, MemoryParts, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from darkroom.domain.jobs import Job
    from darkroom.ports import Fetcher
    from darkroom.usecases.running import Work

HEADER: Final = "x-darkroom-site"
FOLDER: Final = Path(adapters.__path__[0])
PORTS: Final = range(4730, 4750)
IMPATIENT: Final = 2
"""Seconds without a byte, in place of the deployed functions' five to fifteen, before a try is given up."""
HOOK: Final = "http://hooks.example/darkroom"
TRIES: Final = 4


# --- call sites -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Site:
    """A line of an adapter at which a call to AWS begins: the outermost one, in a method that use cases call."""

    module: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line}"


NO_CALLS: Final = frozenset({"generate_presigned_url", "generate_presigned_post"})
"""Methods of a client that sign and send nothing."""
BEYOND_EMULATION: Final = frozenset({"start_message_move_task", "_watch"})
"""Calls that the embedded AWS does not take; `SqsDeadLetters` then copies, which is what is tried here."""
APART: Final = frozenset({"clients.py", "calls.py", "rows.py", "stacks.py", "tables.py"})
"""Modules without a port's adapter. `stacks.py` serves an operator's terminal, and is tested by itself."""
SHARED: Final = frozenset({"_get", "_query", "_rows", "_transact", "_update"})
"""What adapters call of `tables.ConditionalTable`, which calls AWS."""


def sites_in_source() -> dict[Site, str]:
    """Every call site of every adapter, with the method that it is in."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        if path.name in APART:
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
                calling = _calling(methods)
                for name in calling:
                    if not name.startswith("_"):
                        for call in _calls(methods[name], calling):
                            found[Site(path.name, call.lineno)] = f"{node.name}.{name}"
    return found


def _calling(methods: Mapping[str, ast.FunctionDef]) -> set[str]:
    """The methods that call AWS, themselves or through others of the class."""
    calling: set[str] = set()
    while True:
        more = {name for name, method in methods.items() if _calls(method, calling)}
        if more == calling:
            return calling
        calling = more


def _calls(node: ast.AST, calling: set[str]) -> list[ast.Call]:
    """The calls below a node of a class's methods, as they stand in the source, that reach AWS."""
    found = []
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            owner, name = ast.unparse(part.func.value), part.func.attr
            if name in BEYOND_EMULATION:
                continue
            ours = owner == "self" and name in calling | SHARED
            if ours or (owner == "self._client" and name not in NO_CALLS):
                found.append(part)
        found += _calls(part, calling)
    return found


def site_of_this_call() -> Site | None:
    """The site on the current thread's stack."""
    frame, site = sys._getframe(1), None
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.parent == FOLDER and path.name not in APART:
            site = Site(path.name, frame.f_lineno)
        frame = frame.f_back  # type: ignore[assignment]
    return site


# --- the cloud --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aim:
    """A fault for the calls of one site: microburst's rule, and how many of them it strikes."""

    site: Site
    rule: Mapping[str, Any]
    times: int


class Proxy:
    """microburst before an upstream."""

    def __init__(self, upstream: str, folder: Path) -> None:
        self.url = f"http://{port.LOOPBACK}:{port.pick(PORTS)}"
        # microburst drops Content-Length from every answer, which AWS never does and which hides from a client that
        # a body was cut short. It was not meant to: its own faults take the header away where that is their point.
        code = (
            "import sys; from microburst import cli, forward;"
            "forward.HOP_BY_HOP -= {'content-length'}; cli.main(sys.argv[1:])"
        )
        kept = {"PATH": os.environ.get("PATH", os.defpath)}
        self._log = (folder / f"microburst-{self.url.rpartition(':')[2]}.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, "--resign", "--upstream", upstream, "--port", self.url.rpartition(":")[2]],
            env=kept | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._control = httpx.Client(base_url=f"{self.url}/_microburst/", timeout=30, trust_env=False)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, "microburst has ended"
            assert time.monotonic() < deadline, "microburst does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self._control.get("health").status_code == 200
        except httpx.TransportError:
            return False

    def strike(self, world: str, aim: Aim) -> int:
        """Set the fault up; the rule's number."""
        rule = {**aim.rule, "headers": {HEADER: f"{world} {aim.site};"}, "times": aim.times}
        (added,) = self._control.patch("rules", json=[rule]).raise_for_status().json()
        return int(added["id"])

    def struck(self, rule: int) -> Sequence[Mapping[str, Any]]:
        fired: list[Mapping[str, Any]] = self._control.get("fired", params={"rule_id": rule, "limit": 2000}).json()
        return fired

    def calm(self) -> None:
        self._control.post("rules", json=[]).raise_for_status()
        self._control.delete("fired").raise_for_status()

    def stop(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait(10)
        self._log.close()


SEES: Final = {
    "model": {"engine": "memory", "pack": "colours", "dimensions": 3, "licence": "commercial", "threshold": 0.5},
    "results": [{"imageIndex": 0, "name": "a", "faceCount": 0, "faces": []}],
}
"""What the function that finds faces answers."""


class Stub(BaseHTTPRequestHandler):
    """A stand-in for Rekognition, which the embedded AWS lacks, and for a function that finds faces. It counts what
    Rekognition is paid for, by world."""

    protocol_version = "HTTP/1.1"
    paid: dict[str, int]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/invocations"):
            self._answer(json.dumps(SEES))
            return
        world = self.headers[HEADER].partition(" ")[0]
        self.paid[world] = self.paid.get(world, 0) + 1
        box = {"Left": 0.1, "Top": 0.1, "Width": 0.5, "Height": 0.5}
        self._answer(json.dumps({"Labels": [{"Name": "Cat", "Instances": [{"BoundingBox": box, "Confidence": 99.0}]}]}))

    def _answer(self, body: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Cloud:
    embedded: Embedded
    aws: Proxy
    stub: Proxy
    paid: Mapping[str, int]
    direct: Mapping[str, Any]
    """Clients that pass the proxy by, for setting up and looking after."""


@contextmanager
def faulty_cloud(folder: Path) -> Iterator[Cloud]:
    paid: dict[str, int] = {}
    with ExitStack() as stack:
        embedded = Embedded(folder, port.pick(PORTS))
        embedded.start()
        stack.callback(embedded.stop)
        stub = ThreadingHTTPServer((port.LOOPBACK, 0), type("Counting", (Stub,), {"paid": paid}))
        threading.Thread(target=stub.serve_forever, daemon=True).start()
        stack.callback(stub.server_close)
        stack.callback(stub.shutdown)
        proxies = []
        for upstream in (embedded.endpoint_url, f"http://{port.LOOPBACK}:{stub.server_address[1]}"):
            proxies.append(Proxy(upstream, folder))
            stack.callback(proxies[-1].stop)
        services = ("dynamodb", "s3", "sqs", "secretsmanager", "ssm")
        direct = {service: client_of(service, embedded.endpoint_url) for service in services}
        direct["s3"].create_bucket(Bucket=BUCKET)
        yield Cloud(embedded, aws=proxies[0], stub=proxies[1], paid=paid, direct=direct)


STUBBED: Final = frozenset({"rekognition", "lambda"})
BUCKET: Final = "media"
_making = threading.Lock()
_session = get_session()


def client_of(service: str, endpoint: str, *, attempts: int | None = None, read_seconds: int | None = None) -> Any:
    """With the deployed functions' configuration, apart from what is given."""
    own: dict[str, Any] = {"max_pool_connections": 50}
    if read_seconds:
        own["read_timeout"] = read_seconds
    if attempts:
        own["retries"] = {"mode": "standard", "total_max_attempts": attempts}
    if service == "s3":
        own["s3"] = {"addressing_style": "path"}
    with _making:
        return _session.create_client(
            service,
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config(service).merge(Config(**own)),
        )


# --- a world ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """A call that was made."""

    site: Site
    service: str
    operation: str


class TroubledError(AssertionError):
    """What a caller got is neither an answer nor a clean refusal that it may repeat."""


class World(MemoryParts):
    """Tables, queues and a secret of its own, and on them the functions' parts. Time moves when it is told to."""

    def __init__(
        self,
        cloud: Cloud,
        *,
        rejected: bool = False,
        read_seconds: int | None = None,
        finish: Callable[[Any], Any] = demanding_whole_answers,
    ) -> None:
        """`rejected`: the fault at hand has AWS reject calls for good reasons, which no function takes for passing
        trouble; a caller is then answered that the failure is ours, and may still ask again. `read_seconds` is how
        long a client waits for a byte, as the functions' do unless told; `finish` is what the functions' clients get
        beyond their configuration.
        """
        super().__init__(MemoryClock(int(time.time() * 1_000)))
        self.cloud = cloud
        self.name = uuid.uuid4().hex[:12]
        self.made: list[Made] = []
        self.troubles: list[str] = []
        self._rejected = rejected
        self._read_seconds = read_seconds
        self._finish = finish
        client = {service: self._client(service, cloud.aws.url) for service in cloud.direct}
        dynamodb, direct = client["dynamodb"], cloud.direct
        logical = "JobsTable", "UploadsTable", "KeysTable", "PeopleTable"
        jobs, uploads, keys, people = map(self._table, logical)
        queues = {queue: direct["sqs"].create_queue(QueueName=f"{self.name}-{queue}")["QueueUrl"] for queue in QUEUES}
        direct["secretsmanager"].create_secret(Name=self.name, SecretString="s" * 32)
        direct["ssm"].put_parameter(Name=f"/{self.name}/openai_api_key", Value="k" * 32, Type="SecureString")
        rekognition = self._client("rekognition", cloud.stub.url, attempts=1)
        parts = {
            "job_store": DynamoJobStore(dynamodb, jobs),
            "objects": S3ObjectStore(client["s3"], BUCKET),
            "upload_store": DynamoUploadStore(dynamodb, uploads),
            "people_store": DynamoPeopleStore(dynamodb, people),
            "key_store": DynamoKeyStore(dynamodb, keys),
            "idempotency_store": DynamoIdempotencyStore(dynamodb, jobs),
            "detect_queue": SqsQueue(client["sqs"], queues["detect"]),
            "webhook_queue": SqsQueue(client["sqs"], queues["webhooks"]),
            "fetcher": MemoryFetcher({HOOK: Fetched("", 200, {}, b"")}),
        }
        vars(self).update(parts)  # in place of the twins of the same names
        self.face_tables = DynamoFaceTables(dynamodb, people)
        self.queue_urls = queues
        self.dead_letters = SqsDeadLetters(client["sqs"], dead_url=queues["dead"], queue_url=queues["detect"])
        self.secrets = SecretsManager(client["secretsmanager"], self.clock)
        self.provider_keys = ParameterKeys(client["ssm"], f"/{self.name}", self.clock)
        invoked = self._client("lambda", cloud.stub.url, attempts=1)
        self.function_that_sees = LambdaFaceReader(invoked, "darkroom-dev-face_embed:live")
        self.detector = RekognitionDetector(rekognition, self.clock, confidence=0.5)
        self.true_jobs = DynamoJobStore(direct["dynamodb"], jobs)
        self.true_objects = S3ObjectStore(direct["s3"], BUCKET)
        self.api = Api(self)
        self.key = self._true_key(keys)

    def _client(self, service: str, endpoint: str, *, attempts: int | None = None) -> Any:
        client = self._finish(client_of(service, endpoint, attempts=attempts, read_seconds=self._read_seconds))
        client.meta.events.register("before-send", self._mark)
        return client

    def _mark(self, request: Any, event_name: str, **_more: Any) -> None:
        site = site_of_this_call()
        assert site is not None, f"a call from outside the adapters: {event_name}"
        _, service, operation = event_name.split(".")
        self.made.append(Made(site, service, operation))
        request.headers[HEADER] = f"{self.name} {site};"

    def _table(self, logical: str) -> str:
        table = f"{self.name}-{logical}"
        self.cloud.direct["dynamodb"].create_table(TableName=table, **table_shape(logical))
        return table

    def _true_key(self, table: str) -> str:
        store = DynamoKeyStore(self.cloud.direct["dynamodb"], table)
        return Keys(store, self.clock, stage="dev").create("ann", requests_per_minute=100_000)[0]

    # --- parts --------------------------------------------------------------------------------------------------------

    def webhooks(self) -> Webhooks:
        return Webhooks(
            jobs=self.job_store,
            fetcher=self.fetcher,
            queue=self.webhook_queue,
            master=lambda: self.secrets.get(self.name),
            clock=self.clock,
            meter=self.meter,
        )

    def health(self) -> Health:
        probes = {"detectQueue": self.detect_queue.waiting, "jobs": lambda: self.job_store.get("health")}
        return Health(probes, self.clock)

    def runner(self) -> JobRunner:
        return JobRunner(
            store=self.job_store,
            objects=self.objects,
            endings=self.endings(),
            clock=self.clock,
            heartbeat=lambda _beat: nullcontext(),
            gigabytes=3.0,
        )

    def detection_work(self) -> DetectionWork:
        fetcher: Fetcher = self.fetcher
        return DetectionWork(
            lambda: self.detector,
            PillowImages(),
            objects=self.objects,
            uploads=self.upload_store,
            fetcher=fetcher,
            clock=self.clock,
        )

    def sweep(self) -> None:
        """As the sweeper does each minute; what it cannot mend, it counts and leaves to the next one."""
        sweeper = Sweeper(
            store=self.job_store,
            objects=self.objects,
            queues={Kind.DETECTION: self.detect_queue},
            endings=self.endings(),
            webhooks=self.webhooks(),
            clock=self.clock,
        )
        self.insist(lambda: sweeper.sweep(until=self.clock.now() + limits.MINUTE))

    # --- callers that do not give up ----------------------------------------------------------------------------------

    def insist(self, call: Callable[[], Any]) -> Any:
        """What `call` gives, repeated by a caller that was told to try again."""
        clean = (TransientError, ClientError, BotoCoreError, SettingsError) if self._rejected else (TransientError,)
        for _ in range(TRIES):
            try:
                return call()
            except clean as error:
                self.troubles.append(repr(error))
        raise TroubledError(f"{TRIES} tries were not enough: {self.troubles}")

    def ask(self, method: str, target: str, *, idempotency_key: str | None = None, body: object = None) -> Reply:
        """The API's answer, asked again as its problem details say."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        for _ in range(TRIES):
            reply: Reply = self.insist(lambda: self.api.send(method, target, key=self.key, body=body, headers=headers))
            if reply.status == 409 and reply.json["code"] == "REQUEST_IN_FLIGHT":
                self.clock.advance(limits.IDEMPOTENCY_IN_FLIGHT)
            elif reply.status < 500:
                return reply
            else:
                self.troubles.append(f"{reply.status} {reply.text}")
                codes = {"TEMPORARILY_UNAVAILABLE", "DEPENDENCY_FAILING"} | ({"INTERNAL"} if self._rejected else set())
                if reply.headers["content-type"] != "application/problem+json" or reply.json["code"] not in codes:
                    raise TroubledError(f"{method} {target} was answered {reply.status} {reply.text}")
        raise TroubledError(f"{TRIES} tries were not enough: {self.troubles}")

    # --- functions that read queues -----------------------------------------------------------------------------------

    def take(self, queue: str) -> list[str]:
        """The jobs that the queue's visible messages name; SQS itself is reliable here, and nothing is lost in it."""
        direct, url = self.cloud.direct["sqs"], self.queue_urls[queue]
        found = []
        while messages := direct.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                direct.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(job_id_of(message["Body"]))
        return found

    def work_off(self, job_id: str, work: Work) -> Job:
        """Workers and sweepers go on, minute after minute, until the job has ended."""
        runner = self.runner()
        for _ in range(12):
            for named in self.take("detect"):
                self.insist(partial(runner.run, named, work, 1))
            job = self.true_job(job_id)
            if job.state.terminal:
                return job
            if job.due_at is not None:
                self.clock.advance(max(0, job.due_at + limits.CLOCK_SKEW + 1 - self.clock.now()))
            self.sweep()
        raise TroubledError(f"The job never ended: {self.troubles}")

    def deliver_all(self, job_id: str) -> None:
        """The same for its webhook."""
        webhooks = self.webhooks()
        for _ in range(12):
            for named in self.take("webhooks"):
                self.insist(partial(webhooks.deliver, named))
            delivery = self.true_jobs.delivery(job_id)
            if delivery is None or delivery.due_at is None:
                return
            self.clock.advance(max(0, delivery.due_at + 1 - self.clock.now()))
            self.sweep()
        raise TroubledError(f"The webhook was never delivered: {self.troubles}")

    def held(self, queue: str) -> int:
        """How many messages are in it, hidden ones included."""
        counts = self.cloud.direct["sqs"].get_queue_attributes(QueueUrl=self.queue_urls[queue], AttributeNames=["All"])
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(counts["Attributes"][name]) for name in names)

    def true_job(self, job_id: str) -> Job:
        """As the table has it."""
        job = self.true_jobs.get(job_id)
        assert job is not None, "the job is lost"
        return job

    def paid(self) -> int:
        return self.cloud.paid.get(self.name, 0)


QUEUES: Final = ("detect", "webhooks", "dead")


@cache
def table_shape(logical_id: str) -> dict[str, Any]:
    """As the template declares it."""
    properties = load(ROOT / "template.yaml")["Resources"][logical_id]["Properties"]
    kept = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {name: properties[name] for name in kept if name in properties}
