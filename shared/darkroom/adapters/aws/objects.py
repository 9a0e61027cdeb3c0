"""One S3 bucket, and the signatures that let a client upload to it under conditions."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from botocore.exceptions import ClientError

from darkroom.adapters.aws.calls import DENIED, code, denied, translated
from darkroom.domain.limits import SECOND
from darkroom.errors import ImageNotFoundError, TooLargeError, TransientError
from darkroom.ports import ObjectInfo, PresignedPost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_s3.client import S3Client

ABSENT: Final = frozenset({"NoSuchKey", "404", "AccessDenied", "403"})
"""S3 says 403 for an object that is not there to a role that may not list, and none of ours may list uploads."""
DELETED_AT_ONCE: Final = 1_000

log = logging.getLogger(__name__)


class S3ObjectStore:
    """`client` must sign version 4 on the regional host (`clients.config`): S3 refuses or redirects what does not."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def head(self, key: str) -> ObjectInfo | None:
        with translated("S3"):
            try:
                answer = self._client.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if _is_absence(error, key):
                    return None
                raise
        return ObjectInfo(
            size=_length(answer),
            content_type=answer.get("ContentType", ""),
            etag=answer["ETag"].strip('"'),
        )

    def read(self, key: str, *, limit: int) -> bytes:
        with translated("S3"):
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if _is_absence(error, key):
                    raise ImageNotFoundError("Nothing has been uploaded there") from error
                raise
            body = answer["Body"]
            try:
                size = _length(answer)
                if size > limit:
                    raise TooLargeError(
                        f"The object has {size} bytes; {limit} is the most that is read", fix="Upload a smaller file."
                    )
                return body.read()
            finally:
                body.close()

    def write(self, key: str, body: bytes, *, content_type: str) -> None:
        with translated("S3"):
            self._client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type)

    def delete(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), DELETED_AT_ONCE):
            some = keys[start : start + DELETED_AT_ONCE]
            with translated("S3"):
                answer = self._client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in some], "Quiet": True}
                )
            failures = answer.get("Errors", ())
            if any(failure.get("Code") in DENIED for failure in failures):
                raise denied("S3", "DeleteObjects")
            if failures:
                raise TransientError(f"S3 kept {len(failures)} of {len(some)} objects: {failures[0].get('Code')}")

    def list(self, prefix: str) -> Iterator[str]:
        more: dict[str, Any] = {}
        while True:
            with translated("S3"):
                answer = self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, **more)
            for item in answer.get("Contents", ()):
                yield item["Key"]
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def presign_get(self, key: str, *, lifetime: int, filename: str | None = None) -> str:
        asked = {"Bucket": self.bucket, "Key": key}
        if filename is not None:
            asked["ResponseContentDisposition"] = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        with translated("S3"):
            return self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=lifetime // SECOND)

    def presign_put(
        self, key: str, *, content_type: str, size: int | None, lifetime: int
    ) -> tuple[str, Mapping[str, str]]:
        asked: dict[str, Any] = {"Bucket": self.bucket, "Key": key, "ContentType": content_type}
        headers = {"Content-Type": content_type}
        if size is not None:
            asked |= {"ContentLength": size, "IfNoneMatch": "*"}
            headers |= {"Content-Length": str(size), "If-None-Match": "*"}
        with translated("S3"):
            url = self._client.generate_presigned_url("put_object", Params=asked, ExpiresIn=lifetime // SECOND)
        return url, headers

    def presign_post(
        self, key: str, *, content_type: str, size: int | None, maximum: int, lifetime: int
    ) -> PresignedPost:
        smallest, largest = (1, maximum) if size is None else (size, size)
        with translated("S3"):
            answer = self._client.generate_presigned_post(
                self.bucket,
                key,
                Fields={"Content-Type": content_type},
                Conditions=[{"Content-Type": content_type}, ["content-length-range", smallest, largest]],
                ExpiresIn=lifetime // SECOND,
            )
        return PresignedPost(url=answer["url"], fields=answer["fields"])


def _length(answer: Mapping[str, Any]) -> int:
    """What S3 says of an object's size, which something on the way may have dropped."""
    if "ContentLength" not in answer:
        raise TransientError("S3 answered without the object's length")
    return int(answer["ContentLength"])


def _is_absence(error: ClientError, key: str) -> bool:
    if code(error) not in ABSENT:
        return False
    if code(error) in {"AccessDenied", "403"}:
        log.warning("S3 refuses to say whether an object is there", extra={"key": key})
    return True
