"""One suite for every KeyStore: DynamoDB's and its twin in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws.keys import DynamoKeyStore
from darkroom.adapters.memory.access import MemoryKeyStore
from darkroom.domain.callers import ApiKey
from darkroom.domain.limits import MINUTE
from darkroom.errors import NotFoundError

if TYPE_CHECKING:
    from darkroom.ports import KeyStore

    from tests.contract.conftest import Aws

NOW = 1_767_323_045_678
KEY = ApiKey(
    digest="0123456789abcdef" + "0" * 48,
    owner="acme",
    label="the web app",
    scopes=frozenset({"jobs:read", "uploads:write"}),
    requests_per_minute=90,
    created_at=NOW,
)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> KeyStore:
    if request.param == "memory":
        return MemoryKeyStore()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoKeyStore(aws.dynamodb, aws.table("pk"))


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        replace(KEY, label="", scopes=frozenset(), requests_per_minute=None),
        replace(KEY, label="日本 🗝", revoked_at=NOW + 1),
    ],
)
def test_a_key_comes_back_as_it_was_put(store: KeyStore, key: ApiKey) -> None:
    store.put(key)
    assert store.get(key.digest) == key
    assert list(store.list()) == [key]


def test_an_unknown_digest_is_none(store: KeyStore) -> None:
    store.put(KEY)
    assert store.get("f" * 64) is None


def test_a_revoked_key_stays_with_the_time_of_its_first_revocation(store: KeyStore) -> None:
    store.put(KEY)
    revoked = replace(KEY, revoked_at=NOW + 5)
    assert store.revoke(KEY.key_id, now=NOW + 5) == revoked
    assert store.revoke(KEY.key_id, now=NOW + 9) == revoked
    assert store.get(KEY.digest) == revoked


@pytest.mark.parametrize("key_id", ["", "0", KEY.key_id[:-1], KEY.digest, "f" * 16, "x#y"])
def test_only_a_whole_id_revokes(store: KeyStore, key_id: str) -> None:
    store.put(KEY)
    with pytest.raises(NotFoundError):
        store.revoke(key_id, now=NOW)
    assert store.get(KEY.digest) == KEY


def test_counts_are_no_keys(store: KeyStore) -> None:
    store.put(KEY)
    store.count(KEY.key_id, window=MINUTE, now=NOW)
    assert list(store.list()) == [KEY]


def test_requests_are_counted_from_one_by_caller_and_window(store: KeyStore) -> None:
    start = NOW // MINUTE * MINUTE
    assert [store.count("a", window=MINUTE, now=start + offset) for offset in (0, 1, MINUTE - 1)] == [1, 2, 3]
    assert store.count("b", window=MINUTE, now=start) == 1
    assert store.count("a", window=MINUTE, now=start + MINUTE) == 1
    assert store.count("a", window=MINUTE, now=start) == 4  # a clock that is behind counts where it believes to be


def test_functions_that_count_at_once_are_each_counted_once(aws: Aws) -> None:
    store = DynamoKeyStore(aws.dynamodb, aws.table("pk"))
    with ThreadPoolExecutor(8) as pool:
        counts = pool.map(lambda _: store.count("a", window=MINUTE, now=NOW), range(40))
    assert sorted(counts) == list(range(1, 41))


def test_every_key_is_listed_however_many_pages_they_fill(store: KeyStore) -> None:
    keys = [replace(KEY, digest=f"{number:064x}", label="x" * 100_000) for number in range(25)]
    for key in keys:
        store.put(key)
    assert sorted(store.list(), key=lambda key: key.digest) == keys
