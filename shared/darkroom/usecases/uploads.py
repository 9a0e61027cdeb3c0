"""Uploads go straight to storage: a URL and a form that take one file of one type under one key, for one owner."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from darkroom.domain import filenames, limits, uploads
from darkroom.domain.uploads import Purpose, Upload
from darkroom.errors import ImageNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from darkroom.ports import Clock, ObjectStore, PresignedPost, UploadStore


@dataclass(frozen=True, slots=True)
class PresignedUpload:
    """Two ways to send one file. `headers` go with the PUT exactly as they are: they are signed.

    `expires_at` is when storage stops taking both, in epoch milliseconds.
    """

    url: str
    key: str
    bucket: str
    method: str
    headers: Mapping[str, str]
    expires_at: int
    post: PresignedPost


class Uploads:
    def __init__(
        self,
        objects: ObjectStore,
        store: UploadStore,
        clock: Clock,
        *,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._objects = objects
        self._store = store
        self._clock = clock
        self._new_id = new_id

    def presign(
        self,
        owner: str,
        filename: str,
        content_type: str | None = None,
        size: int | None = None,
        purpose: Purpose = Purpose.PROCESS,
    ) -> PresignedUpload:
        """Record the owner of a new key, then hand out what uploads to it.

        With `size`, storage refuses any other number of bytes, and a second PUT. Without, it holds the form to the
        type's limit, and whoever reads the object checks before reading. Raises InvalidRequestError,
        UnsupportedTypeError or TooLargeError.
        """
        name = filenames.shown(filename)
        kind = uploads.decide_type(name, content_type, purpose)
        if size is not None:
            uploads.check_size(size, kind)
        now = self._clock.now()
        day = datetime.fromtimestamp(now // limits.SECOND, UTC)
        safe_name = filenames.for_key(name, uploads.extensions(kind))
        key = f"{purpose.prefix}/{day:%Y/%m/%d}/{self._new_id()}-{safe_name}"
        self._store.put(
            Upload(
                key=key,
                owner=owner,
                purpose=purpose,
                filename=name,
                content_type=kind,
                size=size,
                created_at=now,
                expires_at=now + limits.UPLOAD_KEPT,
            )
        )
        url, headers = self._objects.presign_put(key, content_type=kind, size=size, lifetime=limits.PRESIGN_LIFETIME)
        post = self._objects.presign_post(
            key, content_type=kind, size=size, maximum=uploads.largest(kind), lifetime=limits.PRESIGN_LIFETIME
        )
        return PresignedUpload(
            url=url,
            key=key,
            bucket=self._objects.bucket,
            method="PUT",
            headers=headers,
            # A signature counts from a whole second, at the earliest the one in which `now` was read.
            expires_at=now // limits.SECOND * limits.SECOND + limits.PRESIGN_LIFETIME,
            post=post,
        )

    def owned(self, owner: str, keys: Sequence[str]) -> Mapping[str, Upload]:
        """The rows of these keys, by key; at most IMAGES_PER_JOB of them.

        Raises ImageNotFoundError for the first key that is not this owner's: unknown, another's or past its
        keeping time, which the caller cannot tell apart.
        """
        rows = self._store.get([key for key in dict.fromkeys(keys) if uploads.is_key(key)])
        now = self._clock.now()
        for key in keys:
            row = rows.get(key)
            if row is None or row.owner != owner or row.expires_at <= now:
                raise ImageNotFoundError(f"You have no upload {key[:200]!r}")
        return rows
