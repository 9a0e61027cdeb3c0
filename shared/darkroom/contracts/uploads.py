"""`POST /uploads/presign`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from darkroom.contracts.wire import Timestamp, Wire
from darkroom.domain import limits


class PresignRequest(Wire):
    filename: Annotated[str, Field(min_length=1, max_length=limits.FILENAME_CHARACTERS, examples=["cat.jpg"])]
    content_type: (
        Annotated[str, Field(max_length=127, pattern=r"^[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+$", examples=["image/jpeg"])]
        | None
    ) = Field(default=None, description="The media type; guessed from the file name where it is missing.")
    size: Annotated[int, Field(ge=1, le=limits.VIDEO_BYTES, examples=[204_800])] | None = Field(
        default=None, description="Bytes. Given, storage itself refuses an upload of any other size."
    )
    purpose: Literal["process", "library", "faces"] = Field(
        default="process",
        description="`process` waits to be named by POST /process; the others start work by arriving.",
    )


class FormPost(Wire):
    """An HTML form upload: send `fields` as they are, then the file as the field `file`."""

    url: str
    fields: dict[str, str]


class PresignAnswer(Wire):
    url: str
    key: str
    bucket: str
    method: Literal["PUT"]
    headers: dict[str, str] = Field(description="Send these with the PUT: they are signed.")
    expires_at: Timestamp
    post: FormPost
