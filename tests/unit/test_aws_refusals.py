"""What the adapters of storage and keys make of AWS's refusals and half answers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.response import StreamingBody
from botocore.session import get_session
from botocore.stub import ANY, Stubber
from darkroom.adapters.aws.clients import config
from darkroom.adapters.aws.keys import DynamoKeyStore
from darkroom.adapters.aws.objects import S3ObjectStore
from darkroom.adapters.aws.uploads import PAUSES, DynamoUploadStore
from darkroom.errors import ImageNotFoundError, NotFoundError, SettingsError, TooLargeError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

DIGEST = "0123456789abcdef" + "0" * 48


def client(service: str) -> Any:
    return get_session().create_client(
        service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x", config=config(service)
    )


@pytest.fixture
def dynamodb() -> Iterator[Stubber]:
    with Stubber(client("dynamodb")) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def s3() -> Iterator[Stubber]:
    with Stubber(client("s3")) as stub:
        yield stub
        stub.assert_no_pending_responses()


def objects(stub: Stubber) -> S3ObjectStore:
    return S3ObjectStore(cast("S3Client", stub.client), "media")


def keys(stub: Stubber) -> DynamoKeyStore:
    return DynamoKeyStore(cast("DynamoDBClient", stub.client), "keys")


def uploads(stub: Stubber, pause: Callable[[float], None]) -> DynamoUploadStore:
    return DynamoUploadStore(cast("DynamoDBClient", stub.client), "uploads", pause=pause)


def row(key: str) -> dict[str, Any]:
    texts = {"key": key, "owner": "acme", "purpose": "process", "filename": "cat.jpg", "content_type": "image/jpeg"}
    return {name: {"S": text} for name, text in texts.items()} | {"created_at": {"N": "1"}, "claimed_until": {"N": "2"}}


# --- rows of uploads --------------------------------------------------------------------------------------------------


def test_keys_that_a_batch_left_out_are_asked_for_again_after_a_pause(dynamodb: Stubber) -> None:
    pauses: list[float] = []
    store = uploads(dynamodb, pauses.append)
    left = {"uploads": {"Keys": [{"key": {"S": "b"}}]}}
    dynamodb.add_response("batch_get_item", {"Responses": {"uploads": [row("a")]}, "UnprocessedKeys": left})
    dynamodb.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})
    dynamodb.add_response(
        "batch_get_item",
        {"Responses": {"uploads": [row("b")]}, "UnprocessedKeys": {}},
        {"RequestItems": {"uploads": {"Keys": [{"key": {"S": "b"}}], "ConsistentRead": True}}},
    )
    assert set(store.get(["a", "b"])) == {"a", "b"}
    assert pauses == list(PAUSES[:2])


def test_a_batch_that_is_never_finished_is_trouble_that_may_pass(dynamodb: Stubber) -> None:
    pauses: list[float] = []
    store = uploads(dynamodb, pauses.append)
    for _ in range(len(PAUSES) + 1):
        dynamodb.add_response(
            "batch_get_item", {"Responses": {}, "UnprocessedKeys": {"uploads": {"Keys": [{"key": {"S": "a"}}]}}}
        )
    with pytest.raises(TransientError):
        store.get(["a"])
    assert pauses == list(PAUSES)


# --- objects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "status"), [("NoSuchKey", 404), ("AccessDenied", 403)])
def test_an_object_that_is_not_there_looks_the_same_to_a_role_that_may_not_list(
    s3: Stubber, code: str, status: int
) -> None:
    store = objects(s3)
    s3.add_client_error("get_object", code, http_status_code=status)
    with pytest.raises(ImageNotFoundError):
        store.read("uploads/a", limit=1)
    s3.add_client_error("head_object", str(status), http_status_code=status)  # a HEAD has no body to say more in
    assert store.head("uploads/a") is None


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "ServiceUnavailable"])
def test_trouble_of_storage_is_not_taken_for_absence(s3: Stubber, code: str) -> None:
    store = objects(s3)
    s3.add_client_error("get_object", code, http_status_code=503)
    with pytest.raises(TransientError):
        store.read("uploads/a", limit=1)
    s3.add_client_error("head_object", "503", http_status_code=503)
    with pytest.raises(TransientError):
        store.head("uploads/a")


class WatchedBytes(io.BytesIO):
    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.taken += len(piece)
        return piece


def test_not_a_byte_of_an_object_above_the_limit_is_taken_and_its_connection_is_let_go(s3: Stubber) -> None:
    body = WatchedBytes(b"12345")
    s3.add_response("get_object", {"Body": StreamingBody(body, 5), "ContentLength": 5}, {"Bucket": ANY, "Key": ANY})
    with pytest.raises(TooLargeError):
        objects(s3).read("uploads/a", limit=4)
    assert body.taken == 0
    assert body.closed


def test_an_object_that_breaks_off_is_trouble_that_may_pass(s3: Stubber) -> None:
    s3.add_response(
        "get_object", {"Body": StreamingBody(io.BytesIO(b"123"), 5), "ContentLength": 5}, {"Bucket": ANY, "Key": ANY}
    )
    with pytest.raises(TransientError):
        objects(s3).read("uploads/a", limit=10)


def test_an_object_that_was_not_deleted_is_told(s3: Stubber) -> None:
    s3.add_response("delete_objects", {"Errors": [{"Key": "b", "Code": "InternalError"}]})
    with pytest.raises(TransientError, match="1 of 2 objects: InternalError"):
        objects(s3).delete(["a", "b"])


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_a_deletion_that_the_role_may_not_do_is_no_passing_trouble(s3: Stubber, code: str) -> None:
    s3.add_response("delete_objects", {"Errors": [{"Key": "a", "Code": "InternalError"}, {"Key": "b", "Code": code}]})
    with pytest.raises(SettingsError, match="may not call S3 DeleteObjects"):
        objects(s3).delete(["a", "b"])


def test_an_answer_without_a_length_is_trouble_that_may_pass(s3: Stubber) -> None:
    body = WatchedBytes(b"12345")
    s3.add_response("get_object", {"Body": StreamingBody(body, 5)}, {"Bucket": ANY, "Key": ANY})
    with pytest.raises(TransientError, match="length"):
        objects(s3).read("uploads/a", limit=10)
    assert body.closed
    s3.add_response("head_object", {"ETag": '"e"'})
    with pytest.raises(TransientError, match="length"):
        objects(s3).head("uploads/a")


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_that_goes_between_finding_and_revoking_is_not_made_anew(dynamodb: Stubber) -> None:
    key = {
        "pk": {"S": f"key#{DIGEST}"}, "owner": {"S": "acme"}, "label": {"S": ""},
        "scopes": {"L": []}, "created_at": {"N": "1"},
    }  # fmt: skip
    dynamodb.add_response("scan", {"Items": [key]})
    dynamodb.add_client_error("update_item", "ConditionalCheckFailedException", http_status_code=400)
    with pytest.raises(NotFoundError):
        keys(dynamodb).revoke(DIGEST[:16], now=1)


def test_a_throttled_lookup_is_no_unknown_key(dynamodb: Stubber) -> None:
    dynamodb.add_client_error("get_item", "ProvisionedThroughputExceededException", http_status_code=400)
    with pytest.raises(TransientError):
        keys(dynamodb).get(DIGEST)


def test_a_count_leaves_by_itself_soon_after_its_window(dynamodb: Stubber) -> None:
    window, now = 60_000, 1_767_323_045_678
    start = now // window
    dynamodb.add_response(
        "update_item",
        {"Attributes": {"requests": {"N": "3"}}},
        {
            "TableName": "keys",
            "Key": {"pk": {"S": f"rate#k#{start}"}},
            "UpdateExpression": ANY,
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":gone": {"N": str((start + 2) * 60)}},
            "ReturnValues": "UPDATED_NEW",
        },
    )
    assert keys(dynamodb).count("k", window=window, now=now) == 3
