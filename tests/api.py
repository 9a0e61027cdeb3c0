"""The whole API in one process: the functions' operations on the memory twins, behind a stand-in for the gateway."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote

from darkroom.adapters.aws.lambda_faces import LambdaFaceReader
from darkroom.adapters.imaging.encode import PillowEncoder
from darkroom.adapters.imaging.measure import PixelMeter
from darkroom.adapters.imaging.optimise import DrawingOptimiser
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.memory.access import MemoryKeyStore
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.faces import MemoryFaceMeter, MemoryFacePictures, MemoryFaces
from darkroom.adapters.memory.generation import MemoryEngine
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.adapters.memory.messages import MemoryIdempotencyStore, MemoryMeter, MemoryQueue
from darkroom.adapters.memory.people import MemoryFaceIndex, MemoryPeopleStore
from darkroom.adapters.memory.storage import MemoryObjectStore, MemoryUploadStore
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.adapters.pages.reader import PageProductReader
from darkroom.adapters.studio.overlay import TextOverlayer
from darkroom.adapters.vision.images import PillowImages
from darkroom.contracts.routes import ROUTES
from darkroom.domain import ai_models, limits
from darkroom.domain.faces import Quality, pack_mismatch
from darkroom.domain.jobs import Cost, Failure, Kind, Result, State, result_key
from darkroom.domain.people import WRITER_TIME, EnrolledFace, FaceState, crop_key, original_key
from darkroom.entry import authorizer, gate
from darkroom.entry.http import Operation, Show, serve
from darkroom.entry.queue import consume
from darkroom.settings import read
from darkroom.usecases.access import Access, Keys
from darkroom.usecases.detection import DetectionRequests
from darkroom.usecases.doodles import DoodleActions, DoodleRequests, DoodleWork
from darkroom.usecases.endings import Endings
from darkroom.usecases.enrolment import EnrolmentWork
from darkroom.usecases.erasure import ErasureWork
from darkroom.usecases.face_matching import FaceComparison, FaceSearch, Probes
from darkroom.usecases.faces import TIME, FaceReading, FaceRequests, FaceUploads, FaceWork
from darkroom.usecases.generation import Generation
from darkroom.usecases.health import Health
from darkroom.usecases.idempotency import Idempotency
from darkroom.usecases.jobs import Jobs
from darkroom.usecases.people import EnrolmentRequests, People
from darkroom.usecases.product_images import ProductImageRequests, ProductImageWork, ProductPages
from darkroom.usecases.running import ByKind, Disposition, JobRunner
from darkroom.usecases.shelf import Shelf
from darkroom.usecases.sources import Sent, SourceChecks, SourceData, Sources
from darkroom.usecases.submission import Submissions
from darkroom.usecases.uploads import Uploads
from darkroom.usecases.webhooks import Webhooks

from functions.doodle import handler as doodle
from functions.face_embed import handler as face_embed
from functions.faces import handler as faces
from functions.presign import handler as presign
from functions.preview import handler as preview
from functions.receiver import handler as receiver
from functions.search import handler as search
from functions.status import handler as status
from tests.face_parts import direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from darkroom.contracts.routes import Route
    from darkroom.domain.jobs import Job
    from darkroom.errors import DarkroomError
    from darkroom.ports import FaceMeter, FaceModel, FacePictures, Fetched
    from darkroom.settings import Settings
    from darkroom.usecases.running import Work

OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "doodle": doodle.OPERATIONS,
    "faces": faces.OPERATIONS,
    "presign": presign.OPERATIONS,
    "preview": preview.OPERATIONS,
    "receiver": receiver.OPERATIONS,
    "search": search.OPERATIONS,
    "status": status.OPERATIONS,
}
SHOWS: Final[Mapping[str, Mapping[str, Show]]] = {
    "doodle": doodle.SHOWS,
    "faces": faces.SHOWS,
    "receiver": receiver.SHOWS,
}
STAGE: Final = "dev"
BUCKET: Final = "media"


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda hands over beside the event."""

    aws_request_id: str = "invocation-1"
    milliseconds: int = 28_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


class MemoryParts:
    """`wiring` with a memory twin behind every port. A test reads and breaks the twins by their names."""

    def __init__(self, clock: MemoryClock | None = None, **environment: str) -> None:
        self.clock = clock or MemoryClock()
        self.environment = {
            "STAGE": STAGE,
            "BUCKET_NAME": BUCKET,
            "ALLOWED_ORIGINS": "https://app.example",
        } | environment
        self.job_store = MemoryJobStore()
        self.objects = MemoryObjectStore(BUCKET)
        self.upload_store = MemoryUploadStore()
        self.key_store = MemoryKeyStore()
        self.idempotency_store = MemoryIdempotencyStore()
        self.detect_queue = MemoryQueue(self.clock)
        self.generation_queue = MemoryQueue(self.clock)
        self._face_queue = MemoryQueue(self.clock)
        self._face_uploads_queue = MemoryQueue(self.clock)
        self._invoking = Lock()
        self.index_queue = MemoryQueue(self.clock)
        self.webhook_queue = MemoryQueue(self.clock)
        self.people_store = MemoryPeopleStore()
        self.face_index = MemoryFaceIndex(self.clock)
        self.face_models: dict[str, FaceModel] = {"colours": MemoryFaces()}
        self.face_meter: FaceMeter = MemoryFaceMeter()
        self.face_pictures: FacePictures = MemoryFacePictures()
        self.fetcher = MemoryFetcher({})
        self.meter = MemoryMeter()

    @cached_property
    def _settings(self) -> Settings:
        return read(self.environment)

    @cached_property
    def _access(self) -> Access:
        rate = self._settings.requests_per_minute
        return Access(self.key_store, self.clock, stage=STAGE, requests_per_minute=rate, tokens=None)

    def settings(self) -> Settings:
        return self._settings

    def access(self) -> Access:
        return self._access

    def keys(self) -> Keys:
        return Keys(self.key_store, self.clock, stage=STAGE)

    def idempotency(self) -> Idempotency:
        return Idempotency(self.idempotency_store, self.clock)

    def uploads(self) -> Uploads:
        return Uploads(self.objects, self.upload_store, self.clock)

    def endings(self) -> Endings:
        return Endings(store=self.job_store, webhooks=self.webhook_queue, clock=self.clock, meter=self.meter)

    def jobs(self) -> Jobs:
        return Jobs(store=self.job_store, objects=lambda: self.objects, endings=self.endings, clock=self.clock)

    def webhooks(self) -> Webhooks:
        return Webhooks(
            jobs=self.job_store,
            fetcher=self.fetcher,
            queue=self.webhook_queue,
            master=lambda: "s" * 32,
            clock=self.clock,
            meter=self.meter,
        )

    def job_runner(self) -> JobRunner:
        """A process of its own."""
        return JobRunner(
            store=self.job_store,
            objects=self.objects,
            endings=self.endings(),
            clock=self.clock,
            heartbeat=lambda _: nullcontext(),
            gigabytes=1.0,
        )

    def submissions(self) -> Submissions:
        queues = {
            Kind.DETECTION: self.detect_queue,
            Kind.DOODLE: self.generation_queue,
            Kind.PRODUCT_IMAGE: self.generation_queue,
            Kind.FACES: self._face_queue,
            Kind.ENROLMENT: self.index_queue,
            Kind.ERASURE: self.index_queue,
            Kind.REEMBEDDING: self.index_queue,
        }
        return Submissions(store=self.job_store, queues=queues, clock=self.clock)

    def detection_requests(self) -> DetectionRequests:
        return DetectionRequests(
            self.submissions(), self.uploads(), self.fetcher, bucket=BUCKET, engine="rekognition", gigabytes=3.0
        )

    def shelf(self) -> Shelf:
        return Shelf(self.objects, self.clock)

    # --- faces and people ---

    def face_queue(self) -> MemoryQueue:
        return self._face_queue

    def face_uploads_queue(self) -> MemoryQueue:
        return self._face_uploads_queue

    def face_work(self) -> FaceWork:
        return FaceWork(self.face_reading)

    def face_checks(self) -> SourceChecks:
        return SourceChecks(self.uploads(), lambda: self.fetcher, bucket=BUCKET)

    def face_requests(self) -> FaceRequests:
        return FaceRequests(self.submissions(), self.face_checks(), self.shelf(), lambda: self.fetcher, gigabytes=3.0)

    def face_uploads(self) -> FaceUploads:
        return FaceUploads(self.submissions(), self.upload_store, self.clock, bucket=BUCKET, gigabytes=3.0)

    def face_model(self, pack: str | None) -> FaceModel:
        """Of those that this function has, the first one where none is named."""
        if pack is not None and pack not in self.face_models:
            raise pack_mismatch(pack, next(iter(self.face_models)))
        return self.face_models[pack or next(iter(self.face_models))]

    def face_reading(self) -> FaceReading:
        sources = Sources(
            PillowImages(),
            objects=self.objects,
            uploads=self.upload_store,
            fetcher=self.fetcher,
            clock=self.clock,
            time=TIME,
        )
        return FaceReading(
            lambda pack: self.face_model(pack),  # noqa: PLW0108 - a test may put another one there later
            sources,
            quality=self.face_meter,
            pictures=self.face_pictures,
            shelf=self.shelf(),
            meter=self.meter,
        )

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        """Lambda's Invoke of the function that finds faces. A copy of it serves one invocation at a time."""
        with self._invoking:
            answered = face_embed.serve(json.loads(arguments["Payload"]), "invocation-2", self)
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answered).encode())}

    def probes(self) -> Probes:
        return Probes(LambdaFaceReader(self, "face_embed"), self.face_checks())

    def face_comparison(self) -> FaceComparison:
        return FaceComparison(self.probes())

    def face_search(self) -> FaceSearch:
        return FaceSearch(self.probes(), self.people_store, self.face_index)

    def people(self) -> People:
        return People(self.people_store, self.submissions(), self.clock, gigabytes=1.0)

    def enrolment_requests(self) -> EnrolmentRequests:
        return EnrolmentRequests(
            self.people(),
            self.submissions(),
            self.face_checks(),
            self.objects,
            lambda: self.fetcher,
            gigabytes=4.0,
        )

    @cached_property
    def engines(self) -> dict[str, MemoryEngine]:
        return {name: MemoryEngine(name) for name in ai_models.ABILITIES}

    @cached_property
    def generation(self) -> Generation:
        engines = {name: partial(self.engines.__getitem__, name) for name in self.engines}
        return Generation(engines, engines, objects=self.objects, clock=self.clock, meter=self.meter)

    def web(self, pages: Mapping[str, Fetched | DarkroomError]) -> None:
        """The whole of the web from now on."""
        self.fetcher = MemoryFetcher({**pages})

    def doodle_actions(self) -> DoodleActions:
        return DoodleActions(
            generation=self.generation,
            reader=PillowPictures(),
            encoder=PillowEncoder(),
            optimiser=DrawingOptimiser(),
            meter=PixelMeter(),
            shelf=self.shelf(),
        )

    def doodle_requests(self) -> DoodleRequests:
        return DoodleRequests(
            actions=self.doodle_actions,
            reader=PillowPictures,
            submissions=self.submissions(),
            shelf=self.shelf(),
            fetcher=lambda: self.fetcher,
            clock=self.clock,
            gigabytes=1.0,
        )

    def product_image_requests(self) -> ProductImageRequests:
        return ProductImageRequests(self.submissions(), self.fetcher, self.clock, gigabytes=1.0)

    def product_pages(self) -> ProductPages:
        return ProductPages(self.fetcher, PageProductReader, self.clock)

    def generation_work(self) -> ByKind:
        return ByKind({Kind.DOODLE: self.doodle_work, Kind.PRODUCT_IMAGE: self.product_image_work})

    def doodle_work(self) -> DoodleWork:
        return DoodleWork(self.doodle_actions, shelf=self.shelf())

    def product_image_work(self) -> ProductImageWork:
        return ProductImageWork(
            pages=self.product_pages(),
            generation=self.generation,
            fetcher=self.fetcher,
            reader=PillowPictures(),
            encoder=PillowEncoder(),
            overlayer=TextOverlayer(PillowPictures()),
            objects=self.objects,
        )

    def index_work(self) -> ByKind:
        return ByKind({Kind.ENROLMENT: self.enrolment_work, Kind.ERASURE: self.erasure_work})

    def enrolment_work(self) -> EnrolmentWork:
        return EnrolmentWork(
            people=self.people_store,
            index=self.face_index,
            objects=self.objects,
            reader=LambdaFaceReader(self, "face_embed"),
            data=SourceData(objects=self.objects, uploads=self.upload_store, fetcher=self.fetcher),
            clock=self.clock,
        )

    def erasure_work(self) -> ErasureWork:
        return ErasureWork(people=self.people_store, index=self.face_index, objects=self.objects, clock=self.clock)

    def health(self) -> Health:
        probes = {"jobs": lambda: self.job_store.get("health"), "detectQueue": self.detect_queue.waiting}
        return Health(probes, self.clock)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Api:
    def __init__(self, parts: MemoryParts | None = None) -> None:
        self.parts = parts or MemoryParts()

    # --- callers and their things -------------------------------------------------------------------------------------

    def key(self, owner: str = "ann", *, scopes: Iterable[str] = (), rate: int = 100_000) -> str:
        secret, _ = self.parts.keys().create(owner, scopes=scopes, requests_per_minute=rate)
        return secret

    def upload(self, owner: str = "ann", filename: str = "cat.jpg") -> str:
        """The `s3://` URL of something that this owner uploaded."""
        presigned = self.parts.uploads().presign(owner, filename)
        self.parts.objects.write(presigned.key, b"\xff\xd8\xff", content_type="image/jpeg")
        return f"s3://{BUCKET}/{presigned.key}"

    def job(self, owner: str = "ann", *, images: int = 2, callback_url: str | None = None) -> str:
        urls = [self.upload(owner) for _ in range(images)]
        return self.parts.detection_requests().submit(owner, urls, callback_url=callback_url).job_id

    def person(self, owner: str = "ann", person_id: str = "ada", *, consent: str | None = "2026-01") -> str:
        """Somebody who is known to this owner."""
        if self.parts.people_store.get(owner, person_id) is None:
            self.parts.people().create(owner, person_id=person_id, name="Ada", consent=consent)
        return person_id

    def face(self, owner: str = "ann", person_id: str = "ada", face_id: str = "ada-1", who: str = "red") -> str:
        """An enrolled face of a person, with its crop and its vector."""
        self.person(owner, person_id)
        now = self.parts.clock.now()
        face = EnrolledFace(
            owner=owner,
            person_id=person_id,
            face_id=face_id,
            state=FaceState.WRITING,
            digest=hashlib.sha256(who.encode()).hexdigest(),
            pack="colours",
            consent="2026-01",
            bbox=(10.0, 20.0, 35.0, 50.0),
            score=1.0,
            quality=Quality(25.0, 500.0, 0.0, 0.0, 0.0, 0.5, 0.25, 1.0),
            original_key=original_key(owner, person_id, face_id),
            crop_key=crop_key(owner, person_id, face_id),
            source_key=None,
            created_at=now,
            token=f"token of {face_id}",
            until=now + WRITER_TIME,
        )
        store = self.parts.people_store
        store.begin_face(face, now=now)
        for key in (face.original_key, face.crop_key):
            self.parts.objects.write(key, b"\xff\xd8\xff", content_type="image/jpeg")
        store.choose_pack(owner, "colours", instead_of=None)
        self.parts.face_index.put(
            owner, "colours", [(person_id, face_id, direction(who))], at=now, until=now + WRITER_TIME
        )
        store.finish_face(face)
        return face_id

    def product_job(self, owner: str = "ann", *, callback_url: str | None = None) -> str:
        """A product picture that was asked for."""
        requests = self.parts.product_image_requests()
        return requests.submit(owner, "https://shop.example/mug", callback_url=callback_url).job_id

    def doodle_job(self, owner: str = "ann", **fields: Any) -> str:
        """A doodle that was asked for as a job."""
        action = {"action": "generate-doodle", "description": "a cat", **fields}
        requests = self.parts.doodle_requests()
        asked = requests.asked(gate.fields("doodles.AiRequest", action))
        job = requests.answer(owner, [asked], several=False, in_background=True)
        assert not isinstance(job, tuple)
        return job.job_id

    def work_off(self) -> None:
        """What the function `worker` does with everything that waits for it."""
        self._work_off(self.parts.generation_queue, self.parts.generation_work())

    def faces_job(self, *pictures: bytes, owner: str = "ann", **fields: Any) -> str:
        """Faces that were asked for."""
        images = [Sent(f"files[{place}]", data=data) for place, data in enumerate(pictures)]
        return self.parts.face_requests().submit(owner, images, **fields).job_id

    def change_index(self) -> None:
        """What the function `index` does with every job that waits for it."""
        self._work_off(self.parts.index_queue, self.parts.index_work())

    def find_faces(self) -> None:
        """What the function `face_embed` does with every job that waits for it."""
        for queue in (self.parts.face_uploads_queue(), self.parts.face_queue()):
            queue.pump(lambda event: face_embed.serve(event, "invocation-3", self.parts))

    def _work_off(self, queue: MemoryQueue, work: Work) -> None:
        runner = self.parts.job_runner()

        def handle(job_id: str, receive_count: int) -> bool:
            return runner.run(job_id, work, receive_count) is Disposition.DONE

        queue.pump(lambda event: consume(event, handle))

    def start(self, job_id: str, token: str = "worker") -> Job:
        now = self.parts.clock.now()
        return self.parts.job_store.claim(job_id, token=token, now=now, until=now + limits.LEASE)

    def complete(self, job_id: str, result: Mapping[str, Any]) -> Job:
        text = json.dumps(result)
        digest, size = hashlib.sha256(text.encode()).hexdigest(), len(text.encode())
        if size <= limits.INLINE_RESULT_BYTES:
            made = Result(digest, size, inline=text)
        else:
            made = Result(digest, size, key=result_key(job_id, 1))
            self.parts.objects.write(str(made.key), text.encode(), content_type="application/json")
        cost = Cost(usd=0.002, provider_units=2, gb_seconds=0.5, bytes_in=1_000)
        job = self.start(job_id)
        return self.parts.endings().end(job, State.COMPLETED, token="worker", result=made, cost=cost)

    def fail(self, job_id: str, code: str, message: str) -> Job:
        failure = Failure(code, message)
        return self.parts.endings().end(self.start(job_id), State.FAILED, token="worker", failure=failure)

    # --- requests -----------------------------------------------------------------------------------------------------

    def send(
        self,
        method: str,
        target: str,
        *,
        key: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        context: Context = Context(),
    ) -> Reply:
        """`target` is the path with its query, as in a URL; `body` is text, bytes (sent in base64) or JSON data."""
        sent = envelope(method, target, key=key, body=body, headers=headers)
        self.authorize(sent)
        function = function_of(method, sent["resource"])
        answer = serve(function, OPERATIONS[function], sent, context, self.parts, shows=SHOWS.get(function, {}))
        lowered = {name.lower(): value for name, value in answer["headers"].items()}
        return Reply(answer["statusCode"], lowered, answer["body"])

    def authorize(self, sent: dict[str, Any]) -> None:
        """What the gateway does with the real authorizer; but whom nobody knows goes on, without a context."""
        is_open = any(route.path == sent["resource"] and not route.scope for route in ROUTES)
        policy = None if is_open else authorizer.decide(sent, self.parts)
        if policy is not None:
            sent["requestContext"]["authorizer"] = policy["context"]

    def invoke(self, function: str, event: object, context: Context = Context()) -> Any:
        """`aws lambda invoke`."""
        return serve(function, OPERATIONS[function], event, context, self.parts, shows=SHOWS.get(function, {}))


def path(route: Route, *, job_id: str = "", person_id: str = "ada", face_id: str = "ada-1") -> str:
    """The route's path about these."""
    named = {"{jobId}": job_id, "{personId}": person_id, "{faceId}": face_id}
    return reduce(lambda made, each: made.replace(*each), named.items(), route.path)


def envelope(
    method: str,
    target: str,
    *,
    key: str | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    request_id: str = "request-1",
) -> dict[str, Any]:
    """The proxy event that API Gateway makes of a request."""
    path, _, query = target.partition("?")
    resource, parameters = _resource(path)
    sent = {"Content-Type": "application/json"} if body is not None else {}
    sent |= {"x-api-key": key} if key is not None else {}
    sent |= dict(headers or {})
    several: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        several.setdefault(name, []).append(value)
    is_bytes = isinstance(body, bytes)
    text = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": sent or None,
        "multiValueHeaders": {name: [value] for name, value in sent.items()} or None,
        "queryStringParameters": {name: values[-1] for name, values in several.items()} or None,
        "multiValueQueryStringParameters": several or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "requestId": request_id,
            "stage": STAGE,
            "path": f"/{STAGE}{path}",
            "httpMethod": method,
            "resourcePath": resource,
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": text if text is None or isinstance(text, str) else json.dumps(text),
        "isBase64Encoded": is_bytes,
    }


def function_of(method: str, resource: str) -> str:
    """Whom the template hands the request: the method's own function, else the one that has ANY on the path."""
    on_path = [route for route in ROUTES if route.path == resource]
    exact = [route.function for route in on_path if route.method == method]
    reading = [route.function for route in on_path if route.method == "GET"]
    return (exact + reading + [route.function for route in on_path] + ["status"])[0]


def _resource(path: str) -> tuple[str, dict[str, str]]:
    given = path.rstrip("/").split("/")
    for route in ROUTES:
        wanted = route.path.split("/")
        if len(wanted) == len(given) and all(a == b or a.startswith("{") for a, b in zip(wanted, given, strict=True)):
            pairs = zip(wanted, given, strict=True)
            return route.path, {name[1:-1]: unquote(value) for name, value in pairs if name.startswith("{")}
    return "/{proxy+}", {"proxy": path.removeprefix("/")}
