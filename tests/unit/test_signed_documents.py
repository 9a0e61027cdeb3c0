"""What S3 is made to hold an upload to, read from the signed documents themselves, as AWS will read them."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.session import get_session
from darkroom.adapters.aws.clients import config
from darkroom.adapters.aws.objects import S3ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

KEY = "uploads/2026/01/02/01234567-89ab-4cde-8f01-23456789abcd-cat.jpg"
LIFETIME = 900_000


@pytest.fixture(params=["us-east-1", "eu-central-1"])
def region(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(region: str, monkeypatch: pytest.MonkeyPatch) -> S3ObjectStore:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    client: S3Client = get_session().create_client(  # type: ignore[assignment]
        "s3",
        region_name=region,
        aws_access_key_id="ASIAEXAMPLE",
        aws_secret_access_key="secret",
        aws_session_token="session/token+of=role",
        config=config("s3"),
    )
    return S3ObjectStore(client, "media-bucket")


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.mark.parametrize("size", [None, 12_345])
def test_a_put_is_signed_version_4_on_the_regional_host_with_every_header_that_it_needs(
    store: S3ObjectStore, region: str, size: int | None
) -> None:
    url, headers = store.presign_put(KEY, content_type="image/jpeg", size=size, lifetime=LIFETIME)
    assert urlsplit(url).hostname == f"media-bucket.s3.{region}.amazonaws.com"
    assert urlsplit(url).path == f"/{KEY}"
    signed = query(url)
    assert set(signed) == {
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
    }  # nothing about checksums, which an uploader would have to know
    assert signed["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert signed["X-Amz-Expires"] == "900"
    assert signed["X-Amz-Credential"].split("/")[2:] == [region, "s3", "aws4_request"]
    assert signed["X-Amz-Security-Token"] == "session/token+of=role"
    # All that is signed is told, and all that is told is signed.
    assert signed["X-Amz-SignedHeaders"].split(";") == sorted({"host", *(name.lower() for name in headers)})


def test_a_put_with_a_size_signs_its_length_and_that_the_key_holds_nothing(store: S3ObjectStore) -> None:
    url, headers = store.presign_put(KEY, content_type="image/jpeg", size=12_345, lifetime=LIFETIME)
    assert query(url)["X-Amz-SignedHeaders"] == "content-length;content-type;host;if-none-match"
    assert headers == {"Content-Type": "image/jpeg", "Content-Length": "12345", "If-None-Match": "*"}


@pytest.mark.parametrize("field", ["size", "content_type", "key", "lifetime"])
def test_whatever_is_agreed_changes_the_signature(store: S3ObjectStore, field: str) -> None:
    agreed: dict[str, Any] = {"key": KEY, "content_type": "image/jpeg", "size": 1, "lifetime": LIFETIME}
    other = {"key": f"{KEY}x", "content_type": "image/png", "size": 2, "lifetime": LIFETIME + 1_000}
    signatures = {
        query(store.presign_put(**agreed)[0])["X-Amz-Signature"],
        query(store.presign_put(**{**agreed, field: other[field]})[0])["X-Amz-Signature"],
    }
    assert len(signatures) == 2


@pytest.mark.parametrize(("size", "lengths"), [(None, [1, 99]), (12, [12, 12])])
def test_a_form_is_held_to_one_bucket_key_and_type_to_a_length_and_an_end(
    store: S3ObjectStore, region: str, size: int | None, lengths: list[int]
) -> None:
    before = dt.datetime.now(dt.UTC)
    form = store.presign_post(KEY, content_type="image/jpeg", size=size, maximum=99, lifetime=LIFETIME)
    assert form.url == f"https://media-bucket.s3.{region}.amazonaws.com/"
    fields = dict(form.fields)
    policy = json.loads(base64.b64decode(fields.pop("policy")))
    assert len(fields.pop("x-amz-signature")) == 64
    ends = dt.datetime.fromisoformat(policy["expiration"])
    assert dt.timedelta(seconds=898) < ends - before < dt.timedelta(seconds=902)
    conditions = policy["conditions"]
    assert ["content-length-range", *lengths] in conditions
    # Each other condition is an exact value, and each field of the form has one: no more can be sent.
    exact = {name: value for each in conditions if isinstance(each, dict) for name, value in each.items()}
    assert len(exact) == len(conditions) - 1
    assert exact == {**fields, "bucket": "media-bucket"}
    assert fields["key"] == KEY
    assert fields["Content-Type"] == "image/jpeg"
    assert fields["x-amz-security-token"] == "session/token+of=role"


def test_a_link_downloads_under_the_name_that_people_know(store: S3ObjectStore) -> None:
    signed = query(store.presign_get(KEY, lifetime=LIFETIME, filename='Кот "1"\r\nX: y.jpg'))
    assert signed["response-content-disposition"] == (
        "attachment; filename*=UTF-8''%D0%9A%D0%BE%D1%82%20%221%22%0D%0AX%3A%20y.jpg"
    )
    assert "response-content-disposition" not in query(store.presign_get(KEY, lifetime=LIFETIME))
