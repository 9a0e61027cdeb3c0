"""What presign hands out, sent to a storage that verifies signatures: it takes the agreed upload and nothing else.

The requests are made by hand (`http.client`), so that no client library adds, corrects or refuses anything.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.session import get_session
from darkroom.adapters.aws.clients import config
from darkroom.adapters.aws.objects import S3ObjectStore
from darkroom.adapters.aws.uploads import DynamoUploadStore
from darkroom.adapters.clock import SystemClock
from darkroom.domain import limits
from darkroom.errors import ImageNotFoundError, TooLargeError
from darkroom.ports import PresignedPost
from darkroom.usecases.uploads import PresignedUpload, Uploads

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

    from local.stack import Stack

JPEG = b"\xff\xd8\xff\xe0" + bytes(1_000) + b"\xff\xd9"
SHORT = 1_000
"""Milliseconds of a signature that is meant to run out."""


@dataclass(frozen=True)
class Depot:
    """Uploads to the stack's bucket, signed with the clients that the functions have."""

    objects: S3ObjectStore
    uploads: Uploads

    def stored(self, key: str) -> bytes | None:
        return self.objects.read(key, limit=limits.IMAGE_BYTES) if self.objects.head(key) else None


@pytest.fixture(scope="module")
def depot(stack: Stack) -> Depot:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", stack.endpoint_url)
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3"):
            environment.delenv(name, raising=False)
        session = get_session()
        s3: S3Client = session.create_client("s3", region_name=stack.region, config=config("s3"))  # type: ignore[assignment]
        dynamodb: DynamoDBClient = session.create_client(  # type: ignore[assignment]
            "dynamodb", region_name=stack.region, config=config("dynamodb")
        )
    objects = S3ObjectStore(s3, stack.outputs["BucketName"])
    rows = DynamoUploadStore(dynamodb, stack.outputs["UploadsTableName"])
    return Depot(objects, Uploads(objects, rows, SystemClock()))


@pytest.fixture
def sized(depot: Depot) -> PresignedUpload:
    return depot.uploads.presign("acme", "Übermut/cat.jpg", "image/jpeg", len(JPEG))


@pytest.fixture
def unsized(depot: Depot) -> PresignedUpload:
    return depot.uploads.presign("acme", "cat.jpg")


def send(method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exactly this request; Content-Length is what `headers` say, else the body's. The status and S3's error code."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.putrequest(method, f"{parts.path}?{parts.query}" if parts.query else parts.path)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            if value:
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    return answer.status, text.partition("<Code>")[2].partition("</Code>")[0]


def put(upload: PresignedUpload, body: bytes = JPEG, **changed: str) -> tuple[int, str]:
    """The PUT as presign says, apart from what is `changed` (an empty value leaves the header out)."""
    headers = {**upload.headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
    return send(upload.method, upload.url, body, headers)


def post(form: PresignedPost, body: bytes = JPEG, *, fields: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The form as presign says, apart from these `fields`, which are changed or added."""
    boundary = uuid.uuid4().hex
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**form.fields, **(fields or {})}.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="cat.jpg"\r\n\r\n'
    sent = "".join([*lines, head]).encode() + body + f"\r\n--{boundary}--\r\n".encode()
    return send("POST", form.url, sent, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


# --- PUT --------------------------------------------------------------------------------------------------------------


def test_the_agreed_put_is_stored_under_its_type(depot: Depot, sized: PresignedUpload) -> None:
    assert put(sized) == (200, "")
    assert depot.stored(sized.key) == JPEG
    info = depot.objects.head(sized.key)
    assert info is not None
    assert info.content_type == "image/jpeg"
    assert depot.uploads.owned("acme", [sized.key])[sized.key].filename == "cat.jpg"


@pytest.mark.parametrize("body", [JPEG + b"!", JPEG[:-1], b"", JPEG * 50], ids=["longer", "shorter", "empty", "huge"])
def test_a_put_of_another_size_is_refused(depot: Depot, sized: PresignedUpload, body: bytes) -> None:
    assert put(sized, body, Content_Length=str(len(body))) == (403, "SignatureDoesNotMatch")
    assert depot.stored(sized.key) is None


def test_a_put_that_lies_about_its_size_stores_nothing(depot: Depot, sized: PresignedUpload) -> None:
    parts = urlsplit(sized.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.putrequest("PUT", f"{parts.path}?{parts.query}")
    for name, value in sized.headers.items():
        connection.putheader(name, value)
    connection.endheaders(JPEG[:-1])
    connection.close()  # one byte before the end
    assert depot.stored(sized.key) is None


def test_a_put_without_a_length_is_refused(depot: Depot, sized: PresignedUpload) -> None:
    chunked = f"{len(JPEG):x}\r\n".encode() + JPEG + b"\r\n0\r\n\r\n"
    status, _ = put(sized, chunked, Content_Length="", Transfer_Encoding="chunked")
    assert 400 <= status < 500
    assert depot.stored(sized.key) is None


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "image/png", "image/jpeg; charset=utf-8", ""])
def test_a_put_of_another_type_is_refused(
    depot: Depot, sized: PresignedUpload, unsized: PresignedUpload, content_type: str
) -> None:
    for upload in (sized, unsized):
        assert put(upload, Content_Type=content_type) == (403, "SignatureDoesNotMatch")
        assert depot.stored(upload.key) is None


def test_a_put_to_another_key_is_refused(depot: Depot, sized: PresignedUpload, unsized: PresignedUpload) -> None:
    for upload in (sized, unsized):
        other = upload.key.replace("cat", "dog")
        assert send("PUT", upload.url.replace("cat.jpg", "dog.jpg"), JPEG, upload.headers) == (
            403,
            "SignatureDoesNotMatch",
        )
        assert depot.stored(other) is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST"])
def test_the_url_of_a_put_does_nothing_else(sized: PresignedUpload, method: str) -> None:
    assert put(sized) == (200, "")
    status, _ = send(method, sized.url, headers={**sized.headers, "Content-Length": "0"})
    assert status == 403


def test_a_second_put_is_refused_and_changes_nothing(depot: Depot, sized: PresignedUpload) -> None:
    assert put(sized) == (200, "")
    assert put(sized, JPEG[::-1]) == (412, "PreconditionFailed")
    assert depot.stored(sized.key) == JPEG


@pytest.mark.parametrize("value", ["", '"0123"', "**"])
def test_the_condition_against_a_second_put_cannot_be_left_out_or_changed(
    depot: Depot, sized: PresignedUpload, value: str
) -> None:
    assert put(sized, If_None_Match=value) == (403, "SignatureDoesNotMatch")
    assert depot.stored(sized.key) is None


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("X-Amz-Expires", "604800"), ("X-Amz-SignedHeaders", "host"), ("X-Amz-Signature", "0" * 64)],
)
def test_a_signature_that_was_tampered_with_is_refused(
    depot: Depot, sized: PresignedUpload, parameter: str, value: str
) -> None:
    (old,) = parse_qs(urlsplit(sized.url).query)[parameter]
    tampered = sized.url.replace(f"{parameter}={old.replace(';', '%3B')}", f"{parameter}={value}")
    assert tampered != sized.url
    assert send("PUT", tampered, JPEG, sized.headers) == (403, "SignatureDoesNotMatch")
    assert depot.stored(sized.key) is None


def test_a_late_put_is_refused(depot: Depot) -> None:
    key = f"uploads/late-{uuid.uuid4()}"
    url, headers = depot.objects.presign_put(key, content_type="image/jpeg", size=len(JPEG), lifetime=SHORT)
    time.sleep(SHORT / 1_000 + 1.1)  # a signature counts whole seconds
    assert send("PUT", url, JPEG, headers) == (403, "AccessDenied")
    assert depot.stored(key) is None


def test_without_a_size_storage_takes_any_and_the_reader_is_the_one_who_refuses(
    depot: Depot, unsized: PresignedUpload
) -> None:
    assert put(unsized) == (200, "")
    with pytest.raises(TooLargeError):
        depot.objects.read(unsized.key, limit=len(JPEG) - 1)
    assert depot.objects.read(unsized.key, limit=len(JPEG)) == JPEG


# --- the form ---------------------------------------------------------------------------------------------------------


def test_the_agreed_form_is_stored_under_its_type(depot: Depot, sized: PresignedUpload) -> None:
    assert post(sized.post) == (204, "")
    assert depot.stored(sized.key) == JPEG
    info = depot.objects.head(sized.key)
    assert info is not None
    assert info.content_type == "image/jpeg"


@pytest.mark.parametrize(
    ("body", "code"), [(JPEG + b"!", "EntityTooLarge"), (JPEG[:-1], "EntityTooSmall"), (b"", "EntityTooSmall")]
)
def test_a_form_of_another_size_is_refused(depot: Depot, sized: PresignedUpload, body: bytes, code: str) -> None:
    assert post(sized.post, body) == (400, code)
    assert depot.stored(sized.key) is None


def test_without_a_size_a_form_takes_one_byte_up_to_the_limit(depot: Depot, unsized: PresignedUpload) -> None:
    assert post(unsized.post, b"") == (400, "EntityTooSmall")
    key = f"uploads/limit-{uuid.uuid4()}"
    form = depot.objects.presign_post(key, content_type="image/jpeg", size=None, maximum=10, lifetime=900_000)
    assert post(form, b"x" * 11) == (400, "EntityTooLarge")
    assert depot.stored(key) is None
    assert post(form, b"x" * 10) == (204, "")


@pytest.mark.parametrize(
    "changed",
    [
        {"Content-Type": "text/html"},
        {"Content-Type": "image/jpeg; charset=utf-8"},
        {"key": "uploads/other.jpg"},
        {"key": "uploads/${filename}"},
        {"acl": "public-read"},
        {"x-amz-meta-owner": "somebody-else"},
        {"success_action_redirect": "https://elsewhere.example/"},
    ],
)
def test_a_form_with_another_type_or_key_or_anything_more_is_refused(
    depot: Depot, sized: PresignedUpload, changed: dict[str, str]
) -> None:
    assert post(sized.post, fields=changed) == (403, "AccessDenied")
    assert depot.stored(sized.key) is None
    assert depot.stored("uploads/other.jpg") is None


def test_a_form_whose_policy_was_rewritten_is_refused(depot: Depot, sized: PresignedUpload) -> None:
    policy = json.loads(base64.b64decode(sized.post.fields["policy"]))
    policy["expiration"] = "2099-01-01T00:00:00Z"
    rewritten = base64.b64encode(json.dumps(policy).encode()).decode()
    assert post(sized.post, fields={"policy": rewritten}) == (403, "SignatureDoesNotMatch")
    assert depot.stored(sized.key) is None


def test_a_late_form_is_refused(depot: Depot) -> None:
    key = f"uploads/late-{uuid.uuid4()}"
    form = depot.objects.presign_post(key, content_type="image/jpeg", size=None, maximum=99_999, lifetime=SHORT)
    time.sleep(SHORT / 1_000 + 1.1)
    assert post(form) == (403, "AccessDenied")
    assert depot.stored(key) is None


def test_a_form_may_be_sent_again_until_it_expires_because_s3_knows_no_condition_for_forms(
    depot: Depot, sized: PresignedUpload
) -> None:
    """The limit of what storage can hold: only the one who got the form can, and only with as many bytes."""
    assert post(sized.post) == (204, "")
    assert post(sized.post, JPEG[::-1]) == (204, "")
    assert depot.stored(sized.key) == JPEG[::-1]
    assert put(sized) == (412, "PreconditionFailed")


# --- through the API --------------------------------------------------------------------------------------------------


def asked_of(api: httpx.Client, **body: object) -> PresignedUpload:
    answer = api.post("/uploads/presign", json=body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return PresignedUpload(
        url=told["url"],
        key=told["key"],
        bucket=told["bucket"],
        method=told["method"],
        headers=told["headers"],
        expires_at=0,
        post=PresignedPost(**told["post"]),
    )


def test_what_the_function_signs_with_its_roles_session_is_held_to_the_same(api: httpx.Client, depot: Depot) -> None:
    by_put, by_form = (
        asked_of(api, filename="cat.jpg", contentType="image/jpeg", size=len(JPEG), purpose="faces") for _ in range(2)
    )
    assert parse_qs(urlsplit(by_put.url).query)["X-Amz-Security-Token"]
    assert by_form.post.fields["x-amz-security-token"]
    for upload in (by_put, by_form):
        assert put(upload, JPEG + b"!", Content_Length=str(len(JPEG) + 1)) == (403, "SignatureDoesNotMatch")
        assert post(upload.post, JPEG + b"!") == (400, "EntityTooLarge")
        assert put(upload, Content_Type="text/html") == (403, "SignatureDoesNotMatch")
        assert post(upload.post, fields={"key": "faces/other.jpg"}) == (403, "AccessDenied")
        assert depot.stored(upload.key) is None
    assert put(by_put) == (200, "")
    assert put(by_put) == (412, "PreconditionFailed")
    assert post(by_form.post) == (204, "")
    assert depot.stored(by_put.key) == depot.stored(by_form.key) == JPEG


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"filename": "drawing.svg"}, 415),
        ({"filename": "page.html", "contentType": "image/jpeg"}, 415),
        ({"filename": "cat.jpg", "contentType": "image/svg+xml"}, 415),
        ({"filename": "x" * 5_000}, 422),
        ({"filename": "../.."}, 422),
        ({"filename": "\u202e"}, 422),
        ({"filename": "cat"}, 422),
        ({"filename": "cat.jpg", "size": 0}, 422),
        ({"filename": "cat.jpg", "size": limits.IMAGE_BYTES + 1}, 413),
        ({"filename": "film.mp4"}, 415),
        ({"filename": "cat.jpg", "purpose": "results"}, 422),
    ],
)
def test_the_api_signs_nothing_that_it_does_not_take_and_says_the_fix(
    api: httpx.Client, body: dict[str, object], status: int
) -> None:
    answer = api.post("/uploads/presign", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["fix"]


def test_an_upload_of_a_name_full_of_tricks_works(api: httpx.Client, depot: Depot) -> None:
    upload = asked_of(api, filename="..\\..\x00/\u202egpj.Übermut (1).jpeg", size=len(JPEG))
    assert upload.key.endswith("-gpj.Ubermut-1.jpeg")
    assert put(upload) == (200, "")
    assert depot.stored(upload.key) == JPEG


# --- reading ----------------------------------------------------------------------------------------------------------


def test_the_link_to_an_object_reads_it_and_names_the_file(depot: Depot, sized: PresignedUpload) -> None:
    assert put(sized) == (200, "")
    url = depot.objects.presign_get(sized.key, lifetime=900_000, filename='Кот "1".jpg')
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, JPEG)
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%D0%9A%D0%BE%D1%82%20%221%22.jpg"
    connection.close()


def test_another_owner_cannot_name_the_upload(depot: Depot, sized: PresignedUpload) -> None:
    assert put(sized) == (200, "")
    with pytest.raises(ImageNotFoundError):
        depot.uploads.owned("other", [sized.key])
