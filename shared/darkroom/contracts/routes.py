"""The one table of routes, as plain data: what the functions answer, what OpenAPI documents, what tests walk over.

Models are named `module.Class` within this package and loaded by those who need them, so that a function reads the
table without importing pydantic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from darkroom.domain.callers import Scope
from darkroom.domain.limits import FACES_WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
HTML: Final = "text/html"
PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    `answers` maps each status of success to the model of its body; `errors` lists the statuses of refusal beyond
    those that every route of its sort has (`statuses`). `scope` is what the caller's key must hold; None is open to
    anybody. `several` is (field, model): a body that has this field is of this model, in place of `request`. A route
    that `waits` honours `Prefer: wait=N`, and without it waits for `holds` seconds; one that `defers` honours `Prefer:
    respond-async`. `form` is the model of what a form with files may hold beside them, for a route that takes one.
    `seed` routes carry `message` in their errors, as their first documents promised.
    """

    method: str
    path: str
    function: str
    operation: str
    summary: str
    tag: str
    answers: Mapping[int, str | None]
    scope: Scope | None = None
    request: str | None = None
    several: tuple[str, str] | None = None
    form: str | None = None
    query: str | None = None
    errors: tuple[int, ...] = ()
    idempotent: bool = False
    waits: bool = False
    defers: bool = False
    holds: int = 0
    seed: bool = False
    produces: str = JSON
    parameters: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
        object.__setattr__(self, "parameters", names)

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that the body may be of."""
        return tuple(name for name in (self.request, self.several and self.several[1], self.form) if name)

    @property
    def json_models(self) -> tuple[str, ...]:
        """Those of a body in JSON."""
        return tuple(name for name in self.models if name != self.form)

    def model_of(self, content: object) -> str:
        """The model that this body is to be checked with."""
        if self.several and isinstance(content, dict) and self.several[0] in content:
            return self.several[1]
        return str(self.request)

    @property
    def statuses(self) -> tuple[int, ...]:
        """Every status that this operation may answer."""
        implied = {*self.answers, *self.errors, 422}
        if self.scope:
            implied |= {401, 403, 429, 500, 503}
        if self.request:
            implied |= {400, 413, 415}
        return tuple(sorted(implied))


ROUTES: Final = (
    Route(
        "POST",
        "/uploads/presign",
        function="presign",
        operation="presignUpload",
        summary="Get a URL that takes one upload, straight to storage",
        tag="uploads",
        scope=Scope.UPLOADS_WRITE,
        request="uploads.PresignRequest",
        answers={200: "uploads.PresignAnswer"},
        seed=True,
    ),
    Route(
        "POST",
        "/process",
        function="receiver",
        operation="detectObjects",
        summary="Find objects in up to 100 images, as a job",
        tag="jobs",
        scope=Scope.JOBS_WRITE,
        request="detection.ProcessRequest",
        answers={200: "jobs.JobAnswer", 202: "detection.ProcessAnswer"},
        errors=(404, 409),
        idempotent=True,
        waits=True,
        seed=True,
    ),
    Route(
        "POST",
        "/ai",
        function="doodle",
        operation="performActions",
        summary="Draw, animate, analyse or optimise a doodle; or several of these",
        tag="doodles",
        scope=Scope.JOBS_WRITE,
        request="doodles.AiRequest",
        several=("actions", "doodles.AiBatch"),
        answers={200: "doodles.AiAnswer", 202: "doodles.AiAccepted"},
        errors=(409,),
        idempotent=True,
        waits=True,
        defers=True,
        seed=True,
    ),
    Route(
        "POST",
        "/generative-ai-images/generate",
        function="receiver",
        operation="generateProductImage",
        summary="Make a finished picture of the product on a web page, as a job",
        tag="product images",
        scope=Scope.JOBS_WRITE,
        request="product_images.GenerateRequest",
        answers={200: "product_images.ImageStatus", 202: "product_images.GenerateAnswer"},
        errors=(409,),
        idempotent=True,
        waits=True,
        seed=True,
    ),
    Route(
        "POST",
        "/generative-ai-images/preview",
        function="preview",
        operation="previewProduct",
        summary="Read a product's page, and spend nothing",
        tag="product images",
        scope=Scope.JOBS_WRITE,
        request="product_images.PreviewRequest",
        answers={200: "product_images.PreviewAnswer"},
        seed=True,
    ),
    Route(
        "GET",
        "/generative-ai-images/status/{jobId}",
        function="status",
        operation="getImageStatus",
        summary="Read how a product picture stands, and its URL once it is completed",
        tag="product images",
        scope=Scope.JOBS_READ,
        answers={200: "product_images.ImageStatus"},
        errors=(404, 410),
        waits=True,
        seed=True,
    ),
    Route(
        "GET",
        "/api/status/{jobId}",
        function="status",
        operation="getImageStatusByShortPath",
        summary="The same under a shorter path",
        tag="product images",
        scope=Scope.JOBS_READ,
        answers={200: "product_images.ImageStatus"},
        errors=(404, 410),
        waits=True,
        seed=True,
    ),
    Route(
        "POST",
        "/upload-images",
        function="faces",
        operation="findFaces",
        summary="Find the faces on up to 100 images, sent as a form or named in JSON",
        tag="faces",
        scope=Scope.FACES_READ,
        request="faces.UploadImagesRequest",
        form="faces.UploadForm",
        answers={200: "faces.UploadImagesAnswer", 202: "faces.WorkAccepted"},
        errors=(404, 409),
        idempotent=True,
        waits=True,
        defers=True,
        holds=FACES_WAIT_SECONDS,
        seed=True,
    ),
    Route(
        "POST",
        "/faces/compare",
        function="faces",
        operation="compareFaces",
        summary="Are these two one person?",
        tag="faces",
        scope=Scope.FACES_READ,
        request="faces.CompareRequest",
        answers={200: "faces.CompareAnswer"},
        errors=(404, 409),
    ),
    Route(
        "POST",
        "/faces/search",
        function="search",
        operation="searchFaces",
        summary="Find the enrolled faces that are most like this one",
        tag="faces",
        scope=Scope.FACES_READ,
        request="faces.SearchRequest",
        answers={200: "faces.SearchAnswer"},
        errors=(404, 409),
    ),
    Route(
        "POST",
        "/people",
        function="faces",
        operation="createPerson",
        summary="Make a person known",
        tag="people",
        scope=Scope.FACES_WRITE,
        request="people.PersonRequest",
        answers={201: "people.PersonAnswer"},
        errors=(409,),
        idempotent=True,
    ),
    Route(
        "GET",
        "/people",
        function="faces",
        operation="listPeople",
        summary="List the people that are known to you",
        tag="people",
        scope=Scope.FACES_READ,
        query="people.PeopleQuery",
        answers={200: "people.PeoplePage"},
    ),
    Route(
        "GET",
        "/people/{personId}",
        function="faces",
        operation="getPerson",
        summary="Read a person",
        tag="people",
        scope=Scope.FACES_READ,
        answers={200: "people.PersonAnswer"},
        errors=(404,),
    ),
    Route(
        "PATCH",
        "/people/{personId}",
        function="faces",
        operation="changePerson",
        summary="Change a person's name, metadata or consent",
        tag="people",
        scope=Scope.FACES_WRITE,
        request="people.PersonChange",
        answers={200: "people.PersonAnswer"},
        errors=(404, 409),
    ),
    Route(
        "DELETE",
        "/people/{personId}",
        function="faces",
        operation="erasePerson",
        summary="Erase a person: vectors, pictures and rows, everywhere",
        tag="people",
        scope=Scope.FACES_WRITE,
        answers={200: "jobs.JobAnswer", 202: "faces.WorkAccepted"},
        errors=(404,),
        waits=True,
        defers=True,
        holds=FACES_WAIT_SECONDS,
    ),
    Route(
        "POST",
        "/people/{personId}/faces",
        function="faces",
        operation="enrolFaces",
        summary="Enrol faces of a person, one a picture, with consent",
        tag="people",
        scope=Scope.FACES_WRITE,
        request="people.EnrolRequest",
        form="people.EnrolForm",
        answers={200: "people.EnrolAnswer", 202: "faces.WorkAccepted"},
        errors=(404, 409),
        idempotent=True,
        waits=True,
        defers=True,
        holds=FACES_WAIT_SECONDS,
    ),
    Route(
        "GET",
        "/people/{personId}/faces",
        function="faces",
        operation="listFaces",
        summary="List the faces that a person is known by",
        tag="people",
        scope=Scope.FACES_READ,
        answers={200: "people.PersonFaces"},
        errors=(404,),
    ),
    Route(
        "DELETE",
        "/people/{personId}/faces/{faceId}",
        function="faces",
        operation="eraseFace",
        summary="Erase one face of a person: its vector, its pictures and its row",
        tag="people",
        scope=Scope.FACES_WRITE,
        answers={200: "jobs.JobAnswer", 202: "faces.WorkAccepted"},
        errors=(404,),
        waits=True,
        defers=True,
        holds=FACES_WAIT_SECONDS,
    ),
    Route(
        "GET",
        "/jobs",
        function="status",
        operation="listJobs",
        summary="List your jobs, newest first",
        tag="jobs",
        scope=Scope.JOBS_READ,
        query="jobs.JobsQuery",
        answers={200: "jobs.JobPage"},
    ),
    Route(
        "GET",
        "/jobs/{jobId}",
        function="status",
        operation="getJob",
        summary="Read a job, and its result once it is COMPLETED",
        tag="jobs",
        scope=Scope.JOBS_READ,
        answers={200: "jobs.JobAnswer"},
        errors=(404, 410),
        waits=True,
        seed=True,
    ),
    Route(
        "DELETE",
        "/jobs/{jobId}",
        function="receiver",
        operation="cancelJob",
        summary="Cancel a job; work stops before its next step",
        tag="jobs",
        scope=Scope.JOBS_WRITE,
        answers={202: "jobs.JobAnswer"},
        errors=(404, 409, 410),
        seed=True,
    ),
    Route(
        "GET",
        "/jobs/{jobId}/webhook",
        function="status",
        operation="getWebhook",
        summary="Read the delivery log of a job's webhook",
        tag="webhooks",
        scope=Scope.JOBS_READ,
        answers={200: "jobs.DeliveryAnswer"},
        errors=(404, 410),
    ),
    Route(
        "POST",
        "/jobs/{jobId}/webhook/replay",
        function="receiver",
        operation="replayWebhook",
        summary="Deliver a job's webhook once more",
        tag="webhooks",
        scope=Scope.JOBS_WRITE,
        answers={202: "jobs.DeliveryAnswer"},
        errors=(404, 409, 410),
    ),
    Route(
        "GET",
        "/health",
        function="status",
        operation="getHealth",
        summary="Is it up? With deep=1 and a key: are its dependencies?",
        tag="service",
        query="service.HealthQuery",
        answers={200: "service.HealthAnswer"},
        errors=(401, 429, 500, 503),
    ),
    Route(
        "GET",
        "/openapi.json",
        function="status",
        operation="getOpenapi",
        summary="This document",
        tag="service",
        answers={200: None},
    ),
    Route(
        "GET",
        "/docs",
        function="status",
        operation="getDocs",
        summary="Read and try this document in a browser",
        tag="service",
        answers={200: None},
        produces=HTML,
    ),
)
