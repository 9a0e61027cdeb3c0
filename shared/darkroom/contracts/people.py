"""`/people`: who is known to an owner, and the faces that they are known by."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, RootModel

from darkroom.contracts.detection import CallbackUrl
from darkroom.contracts.doodles import MaxCost
from darkroom.contracts.faces import Base64, Edges, FaceModel, FaceQuality, Identifier, Name, S3Uri, Unit, Url
from darkroom.contracts.jobs import Count, JobAnswer, JobError
from darkroom.contracts.wire import Timestamp, Wire
from darkroom.domain import limits

PersonName = Annotated[str, Field(min_length=1, max_length=limits.FILENAME_CHARACTERS, examples=["Ada Lovelace"])]
Consent = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[!-~]+$",
        description="The version of the text that the person consented to.",
        examples=["2026-01"],
    ),
]
Metadata = dict[str, Any]


class PeopleQuery(Wire):
    cursor: Annotated[str, Field(min_length=1, max_length=2048)] | None = Field(
        default=None, description="The `cursor` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=limits.PAGE_MAXIMUM)] = limits.PAGE_DEFAULT


class PersonChange(Wire):
    """What is left out stays, and what is null goes."""

    name: PersonName | None = None
    metadata: Metadata | None = Field(default=None, description="Yours; at most 4 KiB of JSON.")
    consent_version: Consent | None = None


class PersonRequest(PersonChange):
    """A new person."""

    person_id: Identifier | None = Field(default=None, description="Of your making, or made for you.")


class EnrolForm(Wire):
    """What a form holds beside its `files`."""

    face_ids: Annotated[list[Identifier], Field(max_length=limits.IMAGES_PER_JOB)] = Field(
        default=[], description="One for each file, in their order; made for you if missing."
    )
    consent_version: Consent | None = Field(default=None, description="The person's own if missing.")
    callback_url: CallbackUrl | None = Field(
        default=None, description="Where the end of the job is posted, by Standard Webhooks."
    )
    max_cost: MaxCost | None = Field(default=None, description="US dollars, at most.")


class EnrolledImage(Wire):
    """One picture that shows the person alone: `imageData`, `s3Uri` or `url`, and only one of them."""

    face_id: Identifier | None = Field(default=None, description="Of your making, or made for you.")
    image_data: Base64 | None = None
    s3_uri: S3Uri | None = None
    url: Url | None = None
    name: Name | None = None


class EnrolRequest(Wire):
    images: Annotated[list[EnrolledImage], Field(min_length=1, max_length=limits.IMAGES_PER_JOB)]
    consent_version: Consent | None = Field(default=None, description="The person's own if missing.")
    callback_url: CallbackUrl | None = Field(
        default=None, description="Where the end of the job is posted, by Standard Webhooks."
    )
    max_cost: MaxCost | None = Field(default=None, description="US dollars, at most.")


# --- answers ---------------------------------------------------------------------------------------------------------


class PersonAnswer(Wire):
    person_id: str
    name: str | None = None
    metadata: Metadata | None = None
    consent_version: str | None = None
    face_count: Count
    created_at: Timestamp
    updated_at: Timestamp


class PeoplePage(Wire):
    people: list[PersonAnswer]
    cursor: str | None = Field(default=None, description="Missing on the last page.")


class PersonFace(Wire):
    """A face that a person is known by. `bbox` is in pixels of the upright picture that it came from."""

    face_id: str
    consent_version: str
    pack: str
    bbox: Edges
    score: Unit
    quality: FaceQuality
    crop_url: str
    created_at: Timestamp


class PersonFaces(Wire):
    faces: list[PersonFace]
    urls_expire_at: Timestamp | None = Field(default=None, description="Read the list again for new ones.")


class FaceOutcome(Wire):
    """One picture of the request: the face that was enrolled of it, or why none was."""

    image_index: Count
    face_id: str
    bbox: Edges | None = None
    score: Unit | None = None
    quality: FaceQuality | None = None
    error: JobError | None = None


class EnrolledFaces(Wire):
    person_id: str
    model: FaceModel | None = Field(default=None, description="Missing where no picture could be read.")
    enrolled: Count
    faces: list[FaceOutcome]


class EnrolAnswer(RootModel[EnrolledFaces | JobAnswer]):
    """What became of each picture; the job where it did not complete."""
