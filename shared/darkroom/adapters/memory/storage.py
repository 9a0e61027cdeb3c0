"""Storage in memory: the twins of the bucket and of the rows that say whose an upload is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from darkroom.domain.limits import SECOND
from darkroom.errors import ImageNotFoundError, TooLargeError
from darkroom.ports import ObjectInfo, PresignedPost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from darkroom.domain.uploads import Upload


class MemoryObjectStore:
    """A bucket as a dict. Its signatures name their conditions in the clear; nothing checks them."""

    def __init__(self, bucket: str = "memory") -> None:
        self.bucket = bucket
        self._objects: dict[str, tuple[bytes, str]] = {}

    def head(self, key: str) -> ObjectInfo | None:
        if key not in self._objects:
            return None
        body, content_type = self._objects[key]
        return ObjectInfo(
            size=len(body), content_type=content_type, etag=hashlib.md5(body, usedforsecurity=False).hexdigest()
        )

    def read(self, key: str, *, limit: int) -> bytes:
        if key not in self._objects:
            raise ImageNotFoundError("Nothing has been uploaded there")
        body, _ = self._objects[key]
        if len(body) > limit:
            raise TooLargeError(
                f"The object has {len(body)} bytes; {limit} is the most that is read", fix="Upload a smaller file."
            )
        return body

    def write(self, key: str, body: bytes, *, content_type: str) -> None:
        self._objects[key] = (body, content_type)

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._objects.pop(key, None)

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in self._objects if key.startswith(prefix))

    def presign_get(self, key: str, *, lifetime: int, filename: str | None = None) -> str:
        return self._url(key, method="GET", expires=lifetime // SECOND, filename=filename)

    def presign_put(
        self, key: str, *, content_type: str, size: int | None, lifetime: int
    ) -> tuple[str, Mapping[str, str]]:
        headers = {"Content-Type": content_type}
        if size is not None:
            headers |= {"Content-Length": str(size), "If-None-Match": "*"}
        return self._url(key, method="PUT", expires=lifetime // SECOND), headers

    def presign_post(
        self, key: str, *, content_type: str, size: int | None, maximum: int, lifetime: int
    ) -> PresignedPost:
        smallest, largest = (1, maximum) if size is None else (size, size)
        policy = urlencode({"smallest": smallest, "largest": largest, "expires": lifetime // SECOND})
        return PresignedPost(
            url=f"https://{self.bucket}.invalid/", fields={"key": key, "Content-Type": content_type, "policy": policy}
        )

    def _url(self, key: str, **conditions: str | int | None) -> str:
        query = urlencode({name: value for name, value in conditions.items() if value is not None})
        return f"https://{self.bucket}.invalid/{key}?{query}"


class MemoryUploadStore:
    def __init__(self) -> None:
        self._rows: dict[str, Upload] = {}

    def put(self, upload: Upload) -> None:
        self._rows[upload.key] = upload

    def get(self, keys: Sequence[str]) -> Mapping[str, Upload]:
        return {key: self._rows[key] for key in keys if key in self._rows}
