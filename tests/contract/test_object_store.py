"""One suite for every ObjectStore: S3's and its twin in memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws.objects import S3ObjectStore
from darkroom.adapters.memory.storage import MemoryObjectStore
from darkroom.errors import ImageNotFoundError, TooLargeError

if TYPE_CHECKING:
    from darkroom.ports import ObjectStore

    from tests.contract.conftest import Aws

KEY = "results/j-1/1.json"


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    if request.param == "memory":
        return MemoryObjectStore()
    aws: Aws = request.getfixturevalue("aws")
    return S3ObjectStore(aws.s3, aws.bucket())


@pytest.mark.parametrize("body", [b"", b"{}", bytes(range(256)) * 5_000])
def test_an_object_is_read_as_it_was_written(store: ObjectStore, body: bytes) -> None:
    store.write(KEY, body, content_type="application/json")
    assert store.read(KEY, limit=len(body)) == body
    info = store.head(KEY)
    assert info is not None
    assert (info.size, info.content_type) == (len(body), "application/json")
    assert info.etag == hashlib.md5(body).hexdigest()


def test_a_second_write_replaces_the_first(store: ObjectStore) -> None:
    store.write(KEY, b"one", content_type="text/plain")
    store.write(KEY, b"two", content_type="application/json")
    assert store.read(KEY, limit=10) == b"two"
    info = store.head(KEY)
    assert info is not None
    assert info.content_type == "application/json"


def test_what_is_not_there_has_no_head_and_cannot_be_read(store: ObjectStore) -> None:
    assert store.head(KEY) is None
    with pytest.raises(ImageNotFoundError):
        store.read(KEY, limit=10)


def test_an_object_above_the_limit_is_not_read(store: ObjectStore) -> None:
    store.write(KEY, b"12345", content_type="text/plain")
    with pytest.raises(TooLargeError) as refusal:
        store.read(KEY, limit=4)
    assert "5 bytes" in refusal.value.detail
    assert refusal.value.fix


def test_deleting_takes_what_is_there_and_minds_nothing_else(store: ObjectStore) -> None:
    for name in ("a", "b", "c"):
        store.write(f"results/{name}", b"", content_type="text/plain")
    store.delete(["results/a", "results/c", "results/never"])
    store.delete([])
    assert list(store.list("results/")) == ["results/b"]


def test_a_list_is_of_one_prefix_in_the_order_of_keys(store: ObjectStore) -> None:
    for key in ("results/j-2/1", "results/j-10/1", "uploads/x", "results/j-1/1"):
        store.write(key, b"", content_type="text/plain")
    assert list(store.list("results/")) == ["results/j-1/1", "results/j-10/1", "results/j-2/1"]
    assert list(store.list("results/j-1/")) == ["results/j-1/1"]
    assert list(store.list("nothing/")) == []


def test_more_than_a_thousand_objects_are_listed_and_deleted(store: ObjectStore) -> None:
    keys = [f"results/{number:04}" for number in range(1_001)]
    for key in keys:
        store.write(key, b"", content_type="text/plain")
    assert list(store.list("results/")) == keys
    store.delete(keys)
    assert list(store.list("results/")) == []


def test_a_put_names_every_header_that_it_signs(store: ObjectStore) -> None:
    url, headers = store.presign_put("uploads/a.jpg", content_type="image/jpeg", size=10, lifetime=900_000)
    assert "uploads/a.jpg" in url
    assert headers == {"Content-Type": "image/jpeg", "Content-Length": "10", "If-None-Match": "*"}
    _, headers = store.presign_put("uploads/a.jpg", content_type="image/jpeg", size=None, lifetime=900_000)
    assert headers == {"Content-Type": "image/jpeg"}


def test_a_form_carries_the_key_and_the_type(store: ObjectStore) -> None:
    post = store.presign_post("uploads/a.jpg", content_type="image/jpeg", size=None, maximum=99, lifetime=900_000)
    assert post.url.startswith("http")
    assert post.fields["key"] == "uploads/a.jpg"
    assert post.fields["Content-Type"] == "image/jpeg"


def test_a_link_names_the_object(store: ObjectStore) -> None:
    assert "results/j-1/1.json" in store.presign_get(KEY, lifetime=900_000)
