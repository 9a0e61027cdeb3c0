"""`POST /upload-images`, `POST /faces/compare` and `POST /faces/search`: pictures or embeddings in, faces out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, RootModel

from darkroom.contracts.detection import CallbackUrl
from darkroom.contracts.doodles import MaxCost
from darkroom.contracts.jobs import Cost, Count, JobAnswer, JobError
from darkroom.contracts.wire import JobId, Timestamp, Wire
from darkroom.domain import limits
from darkroom.domain.people import ID_PATTERN

Base64 = Annotated[
    str,
    Field(
        min_length=1,
        description="The picture in base64, with its padding: no blanks, no data: prefix."
        f" All pictures of one request have at most {limits.INLINE_IMAGE_BYTES:,} bytes; larger ones are uploaded.",
        json_schema_extra={"contentEncoding": "base64"},
    ),
]
S3Uri = Annotated[
    str,
    Field(
        min_length=1,
        max_length=limits.URL_CHARACTERS,
        description="`s3://` URL of an upload of yours.",
        examples=["s3://media/uploads/2026/01/02/1-cat.jpg"],
    ),
]
Url = Annotated[str, Field(min_length=1, max_length=limits.URL_CHARACTERS, examples=["https://example.com/a.jpg"])]
Embedding = Annotated[
    list[float],
    Field(
        min_length=1,
        max_length=limits.EMBEDDING_MOST,
        description="As another answer gave it. One of another length than 1 is scaled to it; one of zeros is refused.",
    ),
]
Pack = Annotated[str, Field(min_length=1, max_length=100, examples=["antelopev2"])]
Name = Annotated[str, Field(min_length=1, max_length=limits.FILENAME_CHARACTERS)]
Threshold = Annotated[float, Field(ge=-1, le=1, examples=[0.45])]
Identifier = Annotated[str, Field(pattern=f"^{ID_PATTERN}$", examples=["ada-1"])]


class SentImage(Wire):
    """One picture: `imageData`, `s3Uri` or `url`, and only one of them."""

    image_data: Base64 | None = None
    s3_uri: S3Uri | None = None
    url: Url | None = None
    name: Name | None = Field(default=None, description="Answered beside what is found.")


class UploadForm(Wire):
    """What a form holds beside its `files`."""

    embeddings: bool = Field(default=True, description="False leaves the vectors out of the answer.")
    draw: bool = Field(default=False, description="Answer a crop of each face, and the picture with boxes on it.")
    callback_url: CallbackUrl | None = Field(
        default=None, description="Where the end of the job is posted, by Standard Webhooks."
    )
    max_cost: MaxCost | None = Field(default=None, description="US dollars, at most.")


class UploadImagesRequest(UploadForm):
    images: Annotated[list[SentImage], Field(min_length=1, max_length=limits.IMAGES_PER_JOB)]


class Side(Wire):
    """One of two things to compare: a picture, whose largest face counts, or an embedding."""

    image_data: Base64 | None = None
    s3_uri: S3Uri | None = None
    url: Url | None = None
    embedding: Embedding | None = None
    pack: Pack | None = Field(
        default=None, description="`model.pack` of the answer that the embedding is from; the answering one if missing."
    )


class CompareRequest(Wire):
    faces: Annotated[list[Side], Field(min_length=2, max_length=2)]
    threshold: Threshold | None = Field(default=None, description="The model's own if missing.")


class SearchRequest(Side):
    threshold: Threshold | None = Field(default=None, description="The least similarity; the model's own if missing.")
    limit: Annotated[int, Field(ge=1, le=limits.FACES_FOUND_MOST)] = limits.FACES_FOUND_DEFAULT
    person_ids: Annotated[list[Identifier], Field(min_length=1, max_length=limits.IMAGES_PER_JOB)] | None = Field(
        default=None, description="Look at the faces of these people alone."
    )


# --- answers ---------------------------------------------------------------------------------------------------------

Edges = Annotated[list[float], Field(min_length=4, max_length=4)]
Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Unit = Annotated[float, Field(ge=0, le=1)]
Cosine = Annotated[float, Field(ge=-1, le=1)]


class FaceModel(Wire):
    """What made the embeddings. `licence` says what its weights may be used for; `threshold` is the cosine from which
    two embeddings are taken for one person."""

    engine: str
    pack: str
    dimensions: Annotated[int, Field(ge=1)]
    licence: Literal["commercial", "non-commercial"]
    threshold: Cosine


class FaceQuality(Wire):
    """How fit the face is to be recognised by: `size` in pixels, `sharpness` as the variance of the Laplacian in
    percent of the face's own, angles in degrees, the rest from 0 to 1."""

    size: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    brightness: float
    contrast: float
    inside: float


class FaceFound(Wire):
    """`bbox` is [x1, y1, x2, y2] in pixels of the upright image. `landmarks` are the eye that is left in the picture,
    the right one, the nose, the mouth's left corner and its right one."""

    bbox: Edges
    score: Unit
    landmarks: Annotated[list[Point], Field(min_length=5, max_length=5)]
    quality: FaceQuality
    embedding: list[float] | None = Field(default=None, description="Of unit length.")
    crop_url: str | None = None


class ImageFaces(Wire):
    """One image of the request, its faces with the most confident first. Where it could not be read, `error` says why
    and the other images stand."""

    image_index: Count
    name: str
    image_width: Count | None = None
    image_height: Count | None = None
    face_count: Count | None = None
    faces: list[FaceFound] | None = None
    annotated_url: str | None = None
    error: JobError | None = None


class FacesAnswer(Wire):
    model: FaceModel
    results: list[ImageFaces]
    urls_expire_at: Timestamp | None = Field(default=None, description="Read the job again for new ones.")


class UploadImagesAnswer(RootModel[FacesAnswer | JobAnswer]):
    """What was found; the job where it did not complete, or where its result is too large to stand here."""


class WorkAccepted(Wire):
    """The work goes on as a job: GET `statusUrl` until it is COMPLETED; its `result` is this route's answer."""

    job_id: JobId
    status: str
    message: str
    status_url: str
    estimate: Cost


class Compared(Wire):
    """Of a picture, the face that was compared; of an embedding, nothing."""

    bbox: Edges | None = None
    score: Unit | None = None
    face_count: Count | None = None


class CompareAnswer(Wire):
    similarity: Cosine
    threshold: Cosine
    same: bool = Field(description="Whether the similarity is at least the threshold.")
    faces: Annotated[list[Compared], Field(min_length=2, max_length=2)]
    model: FaceModel


class FaceMatch(Wire):
    person_id: str
    face_id: str
    similarity: Cosine
    name: str | None = None


class SearchAnswer(Wire):
    """The most similar faces, best first."""

    matches: list[FaceMatch]
    threshold: Cosine | None = None
    face: Compared | None = Field(default=None, description="Of a picture, the face that was looked for.")
    model: FaceModel | None = Field(default=None, description="Missing where nobody is enrolled.")
