"""`POST /process`, and what a completed detection job says about each image."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from darkroom.contracts.jobs import Cost, JobStatus
from darkroom.contracts.wire import JobId, Wire
from darkroom.domain import limits

ImageUrl = Annotated[
    str, Field(min_length=1, max_length=limits.URL_CHARACTERS, examples=["s3://media/uploads/2026/01/02/1-cat.jpg"])
]
CallbackUrl = Annotated[
    str, Field(min_length=1, max_length=limits.URL_CHARACTERS, examples=["https://example.com/hooks/darkroom"])
]


class ProcessRequest(Wire):
    image_urls: Annotated[
        list[ImageUrl],
        Field(min_length=1, max_length=limits.IMAGES_PER_JOB, description="`s3://` URLs of your uploads, or https."),
    ]
    user_id: Annotated[str, Field(min_length=1, max_length=255, examples=["user-7"])] | None = Field(
        default=None, description="A label of your own; it opens nothing."
    )
    metadata: dict[str, Any] | None = Field(default=None, description="Kept with the job; at most 4 KiB of JSON.")
    callback_url: CallbackUrl | None = Field(
        default=None, description="Where the end of the job is posted, by Standard Webhooks."
    )
    max_cost: Annotated[float, Field(ge=0, le=10_000, examples=[0.5])] | None = Field(
        default=None, description="US dollars. The job is refused or stopped where it would cost more."
    )


class ProcessAnswer(Wire):
    success: Literal[True]
    job_id: JobId
    status: JobStatus
    message: str
    image_count: Annotated[int, Field(ge=1)]
    estimate: Cost
