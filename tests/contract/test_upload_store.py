"""One suite for every UploadStore: DynamoDB's and its twin in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws.uploads import DynamoUploadStore
from darkroom.adapters.memory.storage import MemoryUploadStore
from darkroom.domain.limits import IMAGES_PER_JOB
from darkroom.domain.uploads import Purpose, Upload

if TYPE_CHECKING:
    from darkroom.ports import UploadStore

    from tests.contract.conftest import Aws

UPLOAD = Upload(
    key="uploads/2026/01/02/01234567-89ab-4cde-8f01-23456789abcd-cat.jpg",
    owner="acme",
    purpose=Purpose.PROCESS,
    filename="Кот 🐈.jpg",
    content_type="image/jpeg",
    size=12_345,
    created_at=1_767_323_045_678,
    expires_at=1_767_927_845_678,
)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> UploadStore:
    if request.param == "memory":
        return MemoryUploadStore()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoUploadStore(aws.dynamodb, aws.table("key"))


@pytest.mark.parametrize("upload", [UPLOAD, replace(UPLOAD, size=None, purpose=Purpose.LIBRARY, filename="x")])
def test_a_row_comes_back_as_it_was_put(store: UploadStore, upload: Upload) -> None:
    store.put(upload)
    assert store.get([upload.key]) == {upload.key: upload}


def test_a_put_that_is_repeated_changes_nothing(store: UploadStore) -> None:
    store.put(UPLOAD)
    store.put(UPLOAD)
    assert store.get([UPLOAD.key]) == {UPLOAD.key: UPLOAD}


def test_no_keys_are_no_rows(store: UploadStore) -> None:
    assert store.get([]) == {}


def test_keys_without_rows_are_left_out_and_doubles_are_harmless(store: UploadStore) -> None:
    store.put(UPLOAD)
    assert store.get([UPLOAD.key, "uploads/other", UPLOAD.key]) == {UPLOAD.key: UPLOAD}


def test_as_many_keys_as_a_job_has_images_are_read_in_one_call(store: UploadStore) -> None:
    uploads = [replace(UPLOAD, key=f"{UPLOAD.key}{number}") for number in range(IMAGES_PER_JOB)]
    for upload in uploads:
        store.put(upload)
    assert store.get([upload.key for upload in uploads]) == {upload.key: upload for upload in uploads}
