"""Where made pictures stand: keys of content and owner, links that run out, answers that are believed for a while."""

from __future__ import annotations

import hashlib
import json

import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.storage import MemoryObjectStore
from darkroom.domain import limits
from darkroom.errors import ImageNotFoundError, TransientError
from darkroom.usecases.shelf import BELIEVED, Shelf

PNG = "image/png"
MADE = {"doodles": [{"key": "results/ai/x.png"}], "description": "Zoë"}


class BrokenObjects(MemoryObjectStore):
    def read(self, key: str, *, limit: int) -> bytes:
        raise TransientError("Storage did not answer")

    def write(self, key: str, body: bytes, *, content_type: str) -> None:
        raise TransientError("Storage did not answer")


@pytest.fixture
def objects() -> MemoryObjectStore:
    return MemoryObjectStore("media")


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def shelf(objects: MemoryObjectStore, clock: MemoryClock) -> Shelf:
    return Shelf(objects, clock)


def test_equal_pictures_of_an_owner_are_one_object(shelf: Shelf, objects: MemoryObjectStore) -> None:
    keys = [shelf.keep("ann", b"one", PNG), shelf.keep("ann", b"one", PNG), shelf.keep("ann", b"two", PNG)]
    assert keys[0] == keys[1] != keys[2]
    assert sorted(objects.list("results/")) == sorted(set(keys))
    assert shelf.read(keys[0]) == b"one"


def test_a_key_tells_the_content_and_not_the_owner(shelf: Shelf) -> None:
    ann, ben = (shelf.keep(owner, b"one", PNG) for owner in ("ann@example.com", "../../ben"))
    assert ann != ben
    for key in (ann, ben):
        folder, name = key.rsplit("/", 1)
        assert folder.startswith("results/ai/")
        assert name == f"{hashlib.sha256(b'one').hexdigest()}.png"
        assert not any(part in key for part in ("ann", "ben", ".."))


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [(PNG, "png"), ("image/svg+xml", "svg"), ("image/apng", "png"), ("image/avif", "avif"), ("image/jpeg", "jpg")],
)
def test_a_key_ends_by_its_type(shelf: Shelf, media_type: str, suffix: str) -> None:
    assert shelf.keep("ann", b"one", media_type).endswith(f".{suffix}")


def test_what_was_never_kept_is_not_found(shelf: Shelf) -> None:
    with pytest.raises(ImageNotFoundError):
        shelf.read("results/ai/none.png")


def test_a_link_says_when_it_stops_working(shelf: Shelf, clock: MemoryClock) -> None:
    key = shelf.keep("ann", b"one", PNG)
    url, expires_at = shelf.link(key)
    assert key in url
    assert expires_at == clock.now() // 1000 * 1000 + limits.PRESIGN_LIFETIME


def test_an_answer_is_recalled_for_its_owner_and_its_request_alone(shelf: Shelf) -> None:
    shelf.remember("ann", "d1", MADE)
    assert shelf.recall("ann", "d1") == MADE
    assert shelf.recall("ann", "d2") is None
    assert shelf.recall("ben", "d1") is None


def test_an_answer_is_believed_for_less_time_than_its_pictures_are_kept(shelf: Shelf, clock: MemoryClock) -> None:
    shelf.remember("ann", "d1", MADE)
    clock.advance(BELIEVED)
    assert shelf.recall("ann", "d1") == MADE
    clock.advance(1)
    assert shelf.recall("ann", "d1") is None
    # A job that recalls it at the last moment shows it for a day, and the pictures are stored for seven.
    assert BELIEVED + limits.JOB_KEPT <= limits.UPLOAD_KEPT


def test_an_answer_too_large_to_be_quick_is_not_remembered(shelf: Shelf, objects: MemoryObjectStore) -> None:
    shelf.remember("ann", "d1", {"x": "x" * limits.INLINE_RESULT_BYTES})
    assert list(objects.list("results/")) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"at": 1}', b'{"at": "x", "made": {}}', b"\xff"])
def test_what_is_no_answer_is_none(shelf: Shelf, objects: MemoryObjectStore, body: bytes) -> None:
    shelf.remember("ann", "d1", MADE)
    (key,) = objects.list("results/")
    objects.write(key, body, content_type="application/json")
    assert shelf.recall("ann", "d1") is None


def test_an_answer_lies_beside_its_pictures_and_is_json(shelf: Shelf, objects: MemoryObjectStore) -> None:
    shelf.remember("ann", "d1", MADE)
    (key,) = objects.list("results/")
    assert key.endswith("/answers/d1.json")
    assert json.loads(objects.read(key, limit=10_000))["made"] == MADE


def test_trouble_costs_the_memory_and_not_the_request(clock: MemoryClock, caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf(BrokenObjects("media"), clock)
    assert shelf.recall("ann", "d1") is None
    shelf.remember("ann", "d1", MADE)
    assert "was not remembered" in caplog.text
