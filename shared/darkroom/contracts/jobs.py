"""Jobs as they are read, listed and cancelled, and the webhook of one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from darkroom.contracts.wire import JobId, Timestamp, Wire
from darkroom.domain import limits

JobStatus = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "EXPIRED"]
JobKind = Literal["detection", "doodle", "product-image", "faces", "enrolment", "erasure", "re-embedding"]
Count = Annotated[int, Field(ge=0)]


class JobsQuery(Wire):
    status: JobStatus | None = None
    kind: JobKind | None = None
    cursor: Annotated[str, Field(min_length=1, max_length=2048)] | None = Field(
        default=None, description="The `cursor` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=limits.PAGE_MAXIMUM)] = limits.PAGE_DEFAULT


class Cost(Wire):
    """What a job takes. `usd` is what `maxCost` caps."""

    usd: Annotated[float, Field(ge=0)]
    provider_units: Count
    gb_seconds: Annotated[float, Field(ge=0)]
    bytes_in: Count
    bytes_out: Count


class JobError(Wire):
    code: str
    message: str


class DetectedObject(Wire):
    """`bbox` is [x1, y1, x2, y2] in pixels of the upright image."""

    label: str
    confidence: Annotated[float, Field(ge=0, le=1)]
    bbox: Annotated[list[float], Field(min_length=4, max_length=4)]


class ImageDetections(Wire):
    """One image of the request. Where it could not be read, `error` says why and the other images stand."""

    image_url: str
    image_index: Count
    detections: list[DetectedObject]
    detection_count: Count
    image_width: Count | None = None
    image_height: Count | None = None
    error: JobError | None = None


class JobAnswer(Wire):
    """A job of any kind. `detections` come with a COMPLETED detection; a large result comes as `resultUrl` instead."""

    job_id: JobId
    status: JobStatus
    kind: JobKind
    image_count: Count
    progress: Annotated[int, Field(ge=0, le=100)]
    created_at: Timestamp
    updated_at: Timestamp
    ended_at: Timestamp | None = None
    estimated_completion_at: Timestamp | None = None
    user_id: str | None = None
    metadata: dict[str, Any] | None = None
    estimate: Cost
    cost: Cost
    max_cost: float | None = None
    callback_url: str | None = None
    error: JobError | None = None
    engine: str | None = None
    model: str | None = None
    detections: list[ImageDetections] | None = None
    result: dict[str, Any] | None = Field(
        default=None, description="What a COMPLETED job of another kind made, as its own route answers it."
    )
    result_url: str | None = Field(default=None, description="The result as JSON, where it is too large to stand here.")
    result_url_expires_at: Timestamp | None = None


class JobPage(Wire):
    jobs: list[JobAnswer]
    cursor: str | None = Field(default=None, description="Missing on the last page.")


class WebhookTry(Wire):
    at: Timestamp
    duration_ms: Count
    status: int | None = Field(default=None, description="The HTTP status; missing where no answer came.")
    note: str


class DeliveryAnswer(Wire):
    """The webhook of one ended job. `messageId` is the `webhook-id` header: the same for each retry."""

    job_id: JobId
    url: str
    status: Literal["PENDING", "DELIVERED", "FAILED"]
    message_id: str
    next_try_at: Timestamp | None = None
    tries: list[WebhookTry]
