"""The one composition root: which adapter stands behind which port in a deployed function.

Everything is made on first use and kept for the life of the process, so a warm function pays nothing and a cold one
only for what its first request touches. Adapters are imported inside the functions for the same reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from darkroom.errors import NoModelError
from darkroom.settings import settings as settings  # noqa: PLC0414 - functions find it here, beside the parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from darkroom import ports
    from darkroom.adapters.aws.stacks import Stack
    from darkroom.adapters.vision.faces.library import PackLibrary
    from darkroom.adapters.vision.models import ModelLibrary
    from darkroom.domain.faces import FaceSpace
    from darkroom.domain.jobs import Kind
    from darkroom.domain.verification import Curve
    from darkroom.usecases.access import Access, Keys
    from darkroom.usecases.calibration import FaceCalibration
    from darkroom.usecases.detection import DetectionRequests, DetectionWork
    from darkroom.usecases.doodles import DoodleActions, DoodleRequests, DoodleWork
    from darkroom.usecases.endings import Endings
    from darkroom.usecases.enrolment import EnrolmentWork
    from darkroom.usecases.erasure import ErasureWork, IndexSweep
    from darkroom.usecases.face_matching import FaceComparison, FaceSearch, Probes
    from darkroom.usecases.faces import FaceReading, FaceRequests, FaceUploads, FaceWork
    from darkroom.usecases.generation import Generation
    from darkroom.usecases.health import Health
    from darkroom.usecases.idempotency import Idempotency
    from darkroom.usecases.jobs import Jobs
    from darkroom.usecases.people import EnrolmentRequests, People
    from darkroom.usecases.product_images import ProductImageRequests, ProductImageWork, ProductPages
    from darkroom.usecases.reembedding import Reembeddings, ReembeddingWork
    from darkroom.usecases.running import JobRunner, Work
    from darkroom.usecases.shelf import Shelf
    from darkroom.usecases.sources import SourceChecks
    from darkroom.usecases.submission import Submissions
    from darkroom.usecases.sweeping import Sweeper
    from darkroom.usecases.uploads import Uploads
    from darkroom.usecases.webhooks import Webhooks

    StackName = tuple[str | None, str | None, str | None, Path]
    """Name, region, endpoint and folder, as `stacks.find` takes them."""


@cache
def clock() -> ports.Clock:
    from darkroom.adapters.clock import SystemClock

    return SystemClock()


# --- callers and uploads ----------------------------------------------------------------------------------------------


@cache
def keys() -> ports.KeyStore:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.keys import DynamoKeyStore

    return DynamoKeyStore(client("dynamodb"), settings().need("keys_table"))


@cache
def tokens() -> ports.TokenVerifier | None:
    """None where no issuer is set: then bearer tokens are refused."""
    if not settings().oidc_issuer:
        return None
    from darkroom.adapters.web.tokens import OidcVerifier

    return OidcVerifier(
        issuer=settings().oidc_issuer,
        audiences=settings().oidc_audience.replace(",", " ").split(),
        keys_url=settings().oidc_jwks_url,
        requests_per_minute=settings().requests_per_minute,
        clock=clock(),
    )


@cache
def access() -> Access:
    from darkroom.usecases.access import Access

    return Access(
        keys(),
        clock(),
        stage=settings().stage,
        requests_per_minute=settings().requests_per_minute,
        tokens=tokens(),
    )


def operated_stack(name: str | None, region: str | None, endpoint_url: str | None, folder: Path) -> Stack:
    """The stack that an operator names: a terminal has no settings of a function."""
    from darkroom.adapters.aws import stacks

    return stacks.find(name, region=region, endpoint_url=endpoint_url, folder=folder)


def operated_keys(*named: *StackName) -> Keys:
    from darkroom.adapters.aws.keys import DynamoKeyStore
    from darkroom.usecases.access import Keys

    stack = operated_stack(*named)
    store = DynamoKeyStore(stack.client("dynamodb"), stack.need(stack.outputs, "KeysTableName"))
    return Keys(store, clock(), stage=stack.need(stack.parameters, "Stage"))


def operated_jobs(*named: *StackName) -> ports.JobStore:
    from darkroom.adapters.aws.jobs import DynamoJobStore

    stack = operated_stack(*named)
    return DynamoJobStore(stack.client("dynamodb"), stack.need(stack.outputs, "TableName"))


def operated_reembeddings(*named: *StackName) -> Reembeddings:
    from darkroom.adapters.aws.jobs import DynamoJobStore
    from darkroom.adapters.aws.objects import S3ObjectStore
    from darkroom.adapters.aws.people import DynamoFaceTables, DynamoPeopleStore
    from darkroom.adapters.aws.queues import SqsQueue
    from darkroom.domain.jobs import Kind
    from darkroom.usecases.endings import Endings
    from darkroom.usecases.jobs import Jobs
    from darkroom.usecases.reembedding import Reembeddings
    from darkroom.usecases.submission import Submissions

    stack = operated_stack(*named)
    dynamodb, sqs, outputs = stack.client("dynamodb"), stack.client("sqs"), stack.outputs
    store = DynamoJobStore(dynamodb, stack.need(outputs, "TableName"))
    people = stack.need(outputs, "PeopleTableName")

    def ends() -> Endings:
        webhooks = SqsQueue(sqs, stack.need(outputs, "WebhookQueueUrl"))
        return Endings(store=store, webhooks=webhooks, clock=clock(), meter=meter())

    return Reembeddings(
        jobs=Jobs(
            store=store,
            objects=lambda: S3ObjectStore(stack.client("s3"), stack.need(outputs, "BucketName")),
            endings=ends,
            clock=clock(),
        ),
        submissions=Submissions(
            store=store,
            queues={Kind.REEMBEDDING: SqsQueue(sqs, stack.need(outputs, "IndexQueueUrl"))},
            clock=clock(),
        ),
        people=DynamoPeopleStore(dynamodb, people),
        tables=DynamoFaceTables(dynamodb, people),
        clock=clock(),
    )


def operated_dead_letters(*named: *StackName, dead: str, queue: str) -> ports.DeadLetters:
    """`dead` and `queue` are the stack's outputs that hold the two queues' URLs."""
    from darkroom.adapters.aws.dead_letters import SqsDeadLetters

    stack = operated_stack(*named)
    return SqsDeadLetters(
        stack.client("sqs"), dead_url=stack.need(stack.outputs, dead), queue_url=stack.need(stack.outputs, queue)
    )


def operated_webhook_secret(*named: *StackName, owner: str) -> str:
    """What this owner verifies its webhooks with."""
    from darkroom.adapters.aws.secrets import SecretsManager
    from darkroom.domain.webhooks import secret

    stack = operated_stack(*named)
    keeper = SecretsManager(stack.client("secretsmanager"), clock())
    return secret(keeper.get(stack.need(stack.outputs, "WebhookSecretArn")), owner)


@cache
def objects() -> ports.ObjectStore:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.objects import S3ObjectStore

    return S3ObjectStore(client("s3"), settings().need("bucket"))


@cache
def upload_store() -> ports.UploadStore:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.uploads import DynamoUploadStore

    return DynamoUploadStore(client("dynamodb"), settings().need("uploads_table"))


@cache
def uploads() -> Uploads:
    from darkroom.usecases.uploads import Uploads

    return Uploads(objects(), upload_store(), clock())


# --- messages, secrets, metrics ---------------------------------------------------------------------------------------


@cache
def detect_queue() -> ports.MessageQueue:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(client("sqs"), settings().need("detect_queue_url"))


@cache
def generation_queue() -> ports.MessageQueue:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(client("sqs"), settings().need("generation_queue_url"))


@cache
def face_queue() -> ports.MessageQueue:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(client("sqs"), settings().need("face_queue_url"))


@cache
def face_uploads_queue() -> ports.MessageQueue:
    """What S3 tells of objects under faces/."""
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(client("sqs"), settings().need("face_uploads_queue_url"))


@cache
def index_queue() -> ports.MessageQueue:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(client("sqs"), settings().need("index_queue_url"))


@cache
def webhook_queue() -> ports.MessageQueue:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(client("sqs"), settings().need("webhook_queue_url"))


@cache
def secrets() -> ports.Secrets:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.secrets import SecretsManager

    return SecretsManager(client("secretsmanager"), clock())


@cache
def meter() -> ports.Meter:
    from darkroom.observability import EmfMeter

    return EmfMeter()


@cache
def idempotency() -> Idempotency:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.idempotency import DynamoIdempotencyStore
    from darkroom.usecases.idempotency import Idempotency

    return Idempotency(DynamoIdempotencyStore(client("dynamodb"), settings().need("jobs_table")), clock())


# --- jobs -------------------------------------------------------------------------------------------------------------


@cache
def job_store() -> ports.JobStore:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.jobs import DynamoJobStore

    return DynamoJobStore(client("dynamodb"), settings().need("jobs_table"))


@cache
def endings() -> Endings:
    from darkroom.usecases.endings import Endings

    return Endings(store=job_store(), webhooks=webhook_queue(), clock=clock(), meter=meter())


class JobQueues(Mapping["Kind", "ports.MessageQueue"]):
    """A queue is made when the first job of its kind is sent: a function is told of those alone that it sends to."""

    def __init__(self, made_by: Mapping[Kind, Callable[[], ports.MessageQueue]]) -> None:
        self._made_by = made_by

    def __getitem__(self, kind: Kind) -> ports.MessageQueue:
        return self._made_by[kind]()

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._made_by)

    def __len__(self) -> int:
        return len(self._made_by)


def job_queues() -> JobQueues:
    from darkroom.domain.jobs import Kind

    return JobQueues(
        {
            Kind.DETECTION: detect_queue,
            Kind.DOODLE: generation_queue,
            Kind.PRODUCT_IMAGE: generation_queue,
            Kind.FACES: face_queue,
            Kind.ENROLMENT: index_queue,
            Kind.ERASURE: index_queue,
            Kind.REEMBEDDING: index_queue,
        }
    )


@cache
def submissions() -> Submissions:
    from darkroom.usecases.submission import Submissions

    return Submissions(store=job_store(), queues=job_queues(), clock=clock())


@cache
def jobs() -> Jobs:
    from darkroom.usecases.jobs import Jobs

    return Jobs(store=job_store(), objects=objects, endings=endings, clock=clock())


@cache
def job_runner() -> JobRunner:
    from darkroom.adapters.heartbeat import ThreadedHeartbeat
    from darkroom.domain.limits import HEARTBEAT
    from darkroom.usecases.running import JobRunner

    return JobRunner(
        store=job_store(),
        objects=objects(),
        endings=endings(),
        clock=clock(),
        heartbeat=ThreadedHeartbeat(HEARTBEAT),
        gigabytes=settings().function_gigabytes,
    )


@cache
def sweeper() -> Sweeper:
    from darkroom.usecases.sweeping import Sweeper

    return Sweeper(
        store=job_store(),
        objects=objects(),
        queues=job_queues(),
        endings=endings(),
        webhooks=webhooks(),
        clock=clock(),
    )


@cache
def fetcher() -> ports.Fetcher:
    from darkroom.adapters.web.fetcher import GuardedFetcher

    return GuardedFetcher(loopback=settings().fetch_loopback)


@cache
def webhooks() -> Webhooks:
    from darkroom.usecases.webhooks import Webhooks

    return Webhooks(
        jobs=job_store(),
        fetcher=fetcher(),
        queue=webhook_queue(),
        master=lambda: secrets().get(settings().need("webhook_secret_id")),
        clock=clock(),
        meter=meter(),
    )


@cache
def health() -> Health:
    from darkroom.usecases.health import Health

    return Health(
        {
            "keys": lambda: keys().get("0" * 64),
            "uploads": lambda: upload_store().get(["uploads/health"]),
            "people": lambda: people_store().get("health", "health"),
            "jobs": lambda: job_store().get("health"),
            "media": lambda: next(iter(objects().list("results/health/")), None),
            "detectQueue": lambda: detect_queue().waiting(),
            "generationQueue": lambda: generation_queue().waiting(),
            "faceQueue": lambda: face_queue().waiting(),
            "faceUploadsQueue": lambda: face_uploads_queue().waiting(),
            "indexQueue": lambda: index_queue().waiting(),
            "webhookQueue": lambda: webhook_queue().waiting(),
        },
        clock(),
    )


# --- doodles and product pictures -------------------------------------------------------------------------------------


@cache
def shelf() -> Shelf:
    from darkroom.usecases.shelf import Shelf

    return Shelf(objects(), clock())


@cache
def doodle_requests() -> DoodleRequests:
    from darkroom.usecases.doodles import DoodleRequests

    return DoodleRequests(
        actions=doodle_actions,
        reader=picture_reader,
        submissions=submissions(),
        shelf=shelf(),
        fetcher=fetcher,
        clock=clock(),
        gigabytes=settings().function_gigabytes,
    )


@cache
def doodle_actions() -> DoodleActions:
    from darkroom.usecases.doodles import DoodleActions

    return DoodleActions(
        generation=generation(),
        reader=picture_reader(),
        encoder=picture_encoder(),
        optimiser=picture_optimiser(),
        meter=doodle_meter(),
        shelf=shelf(),
    )


@cache
def doodle_work() -> DoodleWork:
    from darkroom.usecases.doodles import DoodleWork

    return DoodleWork(doodle_actions, shelf=shelf())


@cache
def generation_work() -> Work:
    from darkroom.domain.jobs import Kind
    from darkroom.usecases.running import ByKind

    return ByKind({Kind.DOODLE: doodle_work, Kind.PRODUCT_IMAGE: product_image_work})


@cache
def picture_reader() -> ports.PictureReader:
    from darkroom.adapters.imaging.reader import PillowPictures

    return PillowPictures()


@cache
def picture_encoder() -> ports.PictureEncoder:
    from darkroom.adapters.imaging.encode import PillowEncoder

    return PillowEncoder()


@cache
def picture_optimiser() -> ports.PictureOptimiser:
    from darkroom.adapters.imaging.optimise import DrawingOptimiser

    return DrawingOptimiser()


@cache
def doodle_meter() -> ports.DoodleMeter:
    from darkroom.adapters.imaging.measure import PixelMeter

    return PixelMeter()


@cache
def overlayer() -> ports.Overlayer:
    from darkroom.adapters.studio.overlay import TextOverlayer

    return TextOverlayer(picture_reader())


@cache
def product_reader() -> ports.ProductReader:
    from darkroom.adapters.pages.reader import PageProductReader

    return PageProductReader()


@cache
def product_pages() -> ProductPages:
    from darkroom.usecases.product_images import ProductPages

    return ProductPages(fetcher(), product_reader, clock())


@cache
def product_image_requests() -> ProductImageRequests:
    from darkroom.domain.generation import FUNCTION_GIGABYTES
    from darkroom.usecases.product_images import ProductImageRequests

    return ProductImageRequests(submissions(), fetcher(), clock(), gigabytes=FUNCTION_GIGABYTES)


@cache
def product_image_work() -> ProductImageWork:
    from darkroom.usecases.product_images import ProductImageWork

    return ProductImageWork(
        pages=product_pages(),
        generation=generation(),
        fetcher=fetcher(),
        reader=picture_reader(),
        encoder=picture_encoder(),
        overlayer=overlayer(),
        objects=objects(),
    )


# --- faces and people -------------------------------------------------------------------------------------------------


@cache
def face_checks() -> SourceChecks:
    """Of pictures that requests about faces name."""
    from darkroom.usecases.sources import SourceChecks

    return SourceChecks(uploads(), fetcher, bucket=settings().need("bucket"))


@cache
def face_requests() -> FaceRequests:
    from darkroom.domain.faces import FUNCTION_GIGABYTES
    from darkroom.usecases.faces import FaceRequests

    return FaceRequests(submissions(), face_checks(), shelf(), fetcher, gigabytes=FUNCTION_GIGABYTES)


@cache
def face_uploads() -> FaceUploads:
    from darkroom.domain.faces import FUNCTION_GIGABYTES
    from darkroom.usecases.faces import FaceUploads

    return FaceUploads(
        submissions(), upload_store(), clock(), bucket=settings().need("bucket"), gigabytes=FUNCTION_GIGABYTES
    )


@cache
def face_reading() -> FaceReading:
    from darkroom.adapters.vision.faces.meter import PixelFaceMeter
    from darkroom.adapters.vision.faces.pictures import PillowFacePictures
    from darkroom.usecases.faces import TIME, FaceReading
    from darkroom.usecases.sources import Sources

    sources = Sources(
        image_reader(), objects=objects(), uploads=upload_store(), fetcher=fetcher(), clock=clock(), time=TIME
    )
    return FaceReading(
        _opened_face_model,
        sources,
        quality=PixelFaceMeter(),
        pictures=PillowFacePictures(),
        shelf=shelf(),
        meter=meter(),
    )


@cache
def _opened_face_model(pack: str | None) -> ports.FaceModel:
    from darkroom.observability import loading

    with loading("face model", engine=settings().face_engine):
        return face_model(pack)


@cache
def face_work() -> FaceWork:
    from darkroom.usecases.faces import FaceWork

    return FaceWork(face_reading)


@cache
def face_reader() -> ports.FaceReader:
    from darkroom.adapters.aws.clients import paid_client
    from darkroom.adapters.aws.lambda_faces import LambdaFaceReader

    return LambdaFaceReader(paid_client("lambda", settings().region), settings().need("face_function_name"))


@cache
def probes() -> Probes:
    from darkroom.usecases.face_matching import Probes

    return Probes(face_reader(), face_checks())


@cache
def face_comparison() -> FaceComparison:
    from darkroom.usecases.face_matching import FaceComparison

    return FaceComparison(probes())


@cache
def face_search() -> FaceSearch:
    from darkroom.usecases.face_matching import FaceSearch

    return FaceSearch(probes(), people_store(), face_index())


@cache
def people_store() -> ports.PeopleStore:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.people import DynamoPeopleStore

    return DynamoPeopleStore(client("dynamodb"), settings().need("people_table"))


@cache
def face_tables() -> ports.FaceTables:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.people import DynamoFaceTables

    return DynamoFaceTables(client("dynamodb"), settings().need("people_table"))


@cache
def face_index() -> ports.FaceIndex:
    from darkroom.adapters.vectors.lance import LanceFaceIndex

    return LanceFaceIndex(settings().need("vectors_uri"), face_tables(), clock(), region=settings().region)


@cache
def enrolment_work() -> EnrolmentWork:
    from darkroom.usecases.enrolment import EnrolmentWork
    from darkroom.usecases.sources import SourceData

    return EnrolmentWork(
        people=people_store(),
        index=face_index(),
        objects=objects(),
        reader=face_reader(),
        data=SourceData(objects=objects(), uploads=upload_store(), fetcher=fetcher()),
        clock=clock(),
    )


@cache
def erasure_work() -> ErasureWork:
    from darkroom.usecases.erasure import ErasureWork

    return ErasureWork(people=people_store(), index=face_index(), objects=objects(), clock=clock())


@cache
def reembedding_work() -> ReembeddingWork:
    from darkroom.usecases.reembedding import ReembeddingWork

    return ReembeddingWork(people=people_store(), index=face_index(), reader=face_reader(), clock=clock())


@cache
def index_work() -> Work:
    from darkroom.domain.jobs import Kind
    from darkroom.usecases.running import ByKind

    return ByKind({Kind.ENROLMENT: enrolment_work, Kind.ERASURE: erasure_work, Kind.REEMBEDDING: reembedding_work})


@cache
def index_sweep() -> IndexSweep:
    from darkroom.usecases.erasure import IndexSweep

    return IndexSweep(
        erasures=erasure_work(), people=people_store(), index=face_index(), objects=objects(), clock=clock()
    )


@cache
def people() -> People:
    from darkroom.domain.people import FUNCTION_GIGABYTES
    from darkroom.usecases.people import People

    return People(people_store(), submissions(), clock(), gigabytes=FUNCTION_GIGABYTES)


@cache
def enrolment_requests() -> EnrolmentRequests:
    from darkroom.domain import faces
    from darkroom.domain.people import FUNCTION_GIGABYTES
    from darkroom.usecases.people import EnrolmentRequests

    return EnrolmentRequests(
        people(),
        submissions(),
        face_checks(),
        objects(),
        fetcher,
        gigabytes=faces.FUNCTION_GIGABYTES + FUNCTION_GIGABYTES,
    )


# --- engines that draw and read pictures ------------------------------------------------------------------------------


@cache
def generation() -> Generation:
    from darkroom.domain.ai_models import ABILITIES
    from darkroom.domain.generation import Ability
    from darkroom.usecases.generation import Generation

    engines = {name: partial(_engine, name) for name in PROVIDERS}
    analysers = {name: engine for name, engine in engines.items() if Ability.ANALYSE in ABILITIES[name]}
    return Generation(
        engines,
        analysers | {"sketch": shape_analyser},
        objects=objects(),
        clock=clock(),
        meter=meter(),
    )


@cache
def shape_analyser() -> ports.ImageAnalyser:
    """What `sketch` reads pictures with: the shapes of all that it draws."""
    from darkroom.adapters.ai.sketch.vocabulary import rendered
    from darkroom.adapters.imaging.analyser import ShapeAnalyser

    return ShapeAnalyser(picture_reader(), rendered)


_making = Lock()


def _engine(name: str) -> Any:
    """One of a process: ten jobs at once share its client and its circuit."""
    with _making:
        return _made_engine(name)


@cache
def _made_engine(name: str) -> Any:
    return PROVIDERS[name]()


def _provider(name: str, kind: str) -> Any:
    """The class `kind` of the module of that name in adapters/ai."""
    engine = getattr(import_module(f"darkroom.adapters.ai.{name}"), kind)
    return engine(
        keys=provider_keys(),
        reader=picture_reader(),
        encoder=picture_encoder(),
        fetcher=fetcher(),
        clock=clock(),
        deadline=settings().provider_timeout,
        base_url=settings().provider_urls.get(name, ""),
    )


@cache
def provider_keys() -> ports.ProviderKeys:
    """From the environment, and what is not there from SSM, where a prefix is set."""
    from darkroom.adapters.ai.keys import EnvironmentKeys

    if not settings().provider_keys_prefix:
        return EnvironmentKeys(settings().provider_keys)
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.parameters import ParameterKeys

    stored = ParameterKeys(client("ssm"), settings().provider_keys_prefix, clock())
    return EnvironmentKeys(settings().provider_keys, stored)


def _sketch() -> Any:
    from darkroom.adapters.ai.sketch.engine import SketchEngine

    return SketchEngine()


def _studio() -> Any:
    from darkroom.adapters.studio.engine import Studio

    return Studio(picture_reader())


PROVIDERS: Final[dict[str, Callable[[], Any]]] = {
    "sketch": _sketch,
    "studio": _studio,
    "openai": partial(_provider, "openai", "OpenAI"),
    "gemini": partial(_provider, "gemini", "Gemini"),
    "replicate": partial(_provider, "replicate", "Replicate"),
}
"""One line an engine; what it can do is told in domain/ai_models.py. docs/providers.md adds one."""


# --- object detection -------------------------------------------------------------------------------------------------


@cache
def detection_requests() -> DetectionRequests:
    from darkroom.domain.detection import FUNCTION_GIGABYTES
    from darkroom.usecases.detection import DetectionRequests

    return DetectionRequests(
        submissions(),
        uploads(),
        fetcher(),
        bucket=settings().need("bucket"),
        engine=settings().detect_engine,
        gigabytes=FUNCTION_GIGABYTES,
    )


@cache
def detection_work() -> DetectionWork:
    from darkroom.adapters.vision.metered import MeteredDetector
    from darkroom.usecases.detection import DetectionWork

    return DetectionWork(
        lambda: MeteredDetector(object_detector(), meter()),
        image_reader(),
        objects=objects(),
        uploads=upload_store(),
        fetcher=fetcher(),
        clock=clock(),
    )


@cache
def image_reader() -> ports.ImageReader:
    from darkroom.adapters.vision.images import PillowImages

    return PillowImages()


@cache
def object_detector() -> ports.ObjectDetector:
    """The engine that the settings name, with its weights loaded. Raises NoModelError where it has none."""
    return DETECTORS[settings().detect_engine]()


def model_library(listing: Path | None = None) -> ModelLibrary:
    """The weights of this machine. `listing` is a list in place of the settings' one."""
    from pathlib import Path

    from darkroom.adapters.vision.models import ModelLibrary

    folder, listed = settings().detect_model_dir, settings().detect_model_list
    return ModelLibrary(
        folder=Path(folder).expanduser() if folder else None,
        cache=Path(settings().model_cache).expanduser(),
        wanted=settings().detect_model,
        listing=listing or (Path(listed).expanduser() if listed else None),
    )


def _best_detector() -> ports.ObjectDetector:
    """ONNX where there are weights, or where they come quickly; faces by dlib where nothing was asked for by name."""
    try:
        return _onnx_detector()
    except NoModelError:
        if settings().detect_model_dir or settings().detect_model or settings().detect_layout:
            raise
        with suppress(NoModelError):
            return _dlib_detector()
        raise


def _onnx_detector() -> ports.ObjectDetector:
    from darkroom.adapters.vision.manifests import Manifest
    from darkroom.adapters.vision.onnx_detector import OnnxDetector
    from darkroom.adapters.vision.session import open_session

    weights = model_library().find_or_fetch()
    return OnnxDetector(
        open_session(weights.path, threads=settings().detect_threads),
        weights.labels,
        model=weights.name,
        confidence=settings().detect_confidence,
        manifest=Manifest(layout=settings().detect_layout or None).over(weights.manifest),
    )


def _dlib_detector() -> ports.ObjectDetector:
    from darkroom.adapters.vision.dlib_faces import DlibFaces

    return DlibFaces(model=settings().detect_model or "hog", confidence=settings().detect_confidence)


def _rekognition_detector() -> ports.ObjectDetector:
    from darkroom.adapters.aws.clients import paid_client
    from darkroom.adapters.aws.rekognition import RekognitionDetector

    client = paid_client("rekognition", settings().rekognition_region)
    return RekognitionDetector(client, clock(), confidence=settings().detect_confidence)


DETECTORS: Final[dict[str, Callable[[], ports.ObjectDetector]]] = {
    "auto": _best_detector,
    "onnx": _onnx_detector,
    "dlib": _dlib_detector,
    "rekognition": _rekognition_detector,
}
"""One line for each of settings.ENGINES."""


# --- models of faces --------------------------------------------------------------------------------------------------


def face_model(pack: str | None = None) -> ports.FaceModel:
    """The engine that the settings name, with the pack of that name, or of its own choice without one.

    Raises NoModelError where there is none, PackMismatchError where there is no pack of that name.
    """
    from darkroom.domain.faces import pack_mismatch

    try:
        found = _face_model(settings().face_pack)
    except NoModelError:
        if pack is None:
            raise
        found = _face_model(pack)  # of several packs, none of which is the function's own choice
    if pack is not None and found.space.pack != pack:
        own = found.space.pack
        with suppress(NoModelError):
            found = _face_model(pack)
        if found.space.pack != pack:
            raise pack_mismatch(own, pack)
    return found


@cache
def _face_model(pack: str) -> ports.FaceModel:
    return FACE_ENGINES[settings().face_engine](pack)


def pack_library(listing: Path | None = None, *, folder: Path | None = None) -> PackLibrary:
    """The packs of this machine. `listing` and `folder` are in place of the settings' ones."""
    from pathlib import Path

    from darkroom.adapters.vision.faces.library import PackLibrary

    chosen, listed = settings().face_pack_dir, settings().detect_model_list
    cached = Path(settings().model_cache).expanduser() / "packs"
    return PackLibrary(
        folder or (Path(chosen).expanduser() if chosen else cached),
        listing=listing or (Path(listed).expanduser() if listed else None),
    )


def face_calibration(engine: str | None = None, pack: str | None = None) -> FaceCalibration:
    """Of the engine and the pack of these names, the settings' ones without."""
    from darkroom.adapters.vision.faces.variations import variations
    from darkroom.usecases.calibration import FaceCalibration

    model = FACE_ENGINES[engine or settings().face_engine](settings().face_pack if pack is None else pack)
    return FaceCalibration(model, image_reader(), variations)


def calibration_chart(curve: Curve, space: FaceSpace, threshold: float, *, as_png: bool) -> bytes:
    from darkroom.adapters.vision.faces.chart import chart, png

    svg = chart(curve, space, threshold)
    return png(svg) if as_png else svg.encode()


def _best_face_model(pack: str) -> ports.FaceModel:
    """The engine of a pack where one was named or is here; dlib, which needs none, everywhere else."""
    library = pack_library()
    if settings().face_pack or settings().face_pack_dir or library.here():
        detector = library.find(pack).detector.layout
        return FACE_ENGINES["yunet" if detector == "yunet" else "onnx"](pack)
    return FACE_ENGINES["dlib"](pack)


def _pack_engine(module: str, kind: str, pack: str) -> ports.FaceModel:
    """The class `kind` of a module of adapters/vision/faces, with a pack."""
    engine = getattr(import_module(f"darkroom.adapters.vision.faces.{module}"), kind)
    model: ports.FaceModel = engine(pack_library().find(pack), threads=settings().detect_threads)
    return model


def _dlib_faces(_pack: str) -> ports.FaceModel:
    from darkroom.adapters.vision.faces.dlib_model import DlibFaceModel

    return DlibFaceModel()


FACE_ENGINES: Final[dict[str, Callable[[str], ports.FaceModel]]] = {
    "auto": _best_face_model,
    "onnx": partial(_pack_engine, "onnx_model", "OnnxFaces"),
    "insightface": partial(_pack_engine, "insightface_model", "InsightFaceModel"),
    "yunet": partial(_pack_engine, "yunet_model", "YunetFaces"),
    "dlib": _dlib_faces,
}
"""One line for each of settings.FACE_ENGINES."""
