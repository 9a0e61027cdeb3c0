"""Presign records an owner, then hands out what uploads to that key; `owned` believes nothing but the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.storage import MemoryObjectStore, MemoryUploadStore
from darkroom.domain import limits, uploads
from darkroom.domain.uploads import Purpose, Upload
from darkroom.errors import (
    ImageNotFoundError,
    InvalidRequestError,
    TooLargeError,
    TransientError,
    UnsupportedTypeError,
)
from darkroom.usecases.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ID = "01234567-89ab-4cde-8f01-23456789abcd"


class WatchedUploadStore(MemoryUploadStore):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.down = False

    def put(self, upload: Upload) -> None:
        if self.down:
            raise TransientError("down")
        super().put(upload)

    def get(self, keys: Sequence[str]) -> Mapping[str, Upload]:
        self.asked += keys
        return super().get(keys)


class SigningObjectStore(MemoryObjectStore):
    """Notes which rows stood when it was asked to sign."""

    def __init__(self, store: MemoryUploadStore) -> None:
        super().__init__("media")
        self._store = store
        self.recorded: list[bool] = []

    def presign_put(
        self, key: str, *, content_type: str, size: int | None, lifetime: int
    ) -> tuple[str, Mapping[str, str]]:
        self.recorded.append(key in self._store.get([key]))
        return super().presign_put(key, content_type=content_type, size=size, lifetime=lifetime)


@dataclass
class Desk:
    clock: MemoryClock = field(default_factory=MemoryClock)  # 2026-01-02T03:04:05.678Z
    store: WatchedUploadStore = field(default_factory=WatchedUploadStore)

    def __post_init__(self) -> None:
        self.objects = SigningObjectStore(self.store)
        self.uploads = Uploads(self.objects, self.store, self.clock, new_id=lambda: ID)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(("purpose", "prefix"), [("process", "uploads"), ("library", "library"), ("faces", "faces")])
def test_the_key_is_made_of_purpose_day_id_and_safe_name(desk: Desk, purpose: str, prefix: str) -> None:
    upload = desk.uploads.presign("acme", "../My Cat.jpg", None, None, Purpose(purpose))
    assert upload.key == f"{prefix}/2026/01/02/{ID}-My-Cat.jpg"
    assert uploads.is_key(upload.key)
    assert upload.bucket == "media"
    assert upload.method == "PUT"


def test_the_day_is_that_of_utc(desk: Desk) -> None:
    desk.clock.advance(20 * limits.HOUR + 55 * limits.MINUTE + 54 * limits.SECOND)  # 23:59:59.678
    assert "/2026/01/02/" in desk.uploads.presign("acme", "cat.jpg").key
    desk.clock.advance(limits.SECOND)
    assert "/2026/01/03/" in desk.uploads.presign("acme", "cat.jpg").key


def test_with_a_size_the_put_is_bound_to_it_and_to_a_key_that_holds_nothing(desk: Desk) -> None:
    upload = desk.uploads.presign("acme", "cat.jpg", "image/jpeg", 12_345)
    assert upload.headers == {"Content-Type": "image/jpeg", "Content-Length": "12345", "If-None-Match": "*"}
    assert upload.post.fields["policy"] == "smallest=12345&largest=12345&expires=900"


def test_without_a_size_the_form_is_bound_to_the_limit_of_the_type(desk: Desk) -> None:
    upload = desk.uploads.presign("acme", "film.mp4", purpose=Purpose.LIBRARY)
    assert upload.headers == {"Content-Type": "video/mp4"}
    assert upload.post.fields["policy"] == f"smallest=1&largest={limits.VIDEO_BYTES}&expires=900"
    assert upload.post.fields["key"] == upload.key
    assert upload.post.fields["Content-Type"] == "video/mp4"


def test_both_ways_end_900_seconds_after_the_second_in_which_they_were_asked_for(desk: Desk) -> None:
    upload = desk.uploads.presign("acme", "cat.jpg")
    assert "expires=900" in upload.url
    assert upload.expires_at == desk.clock.now() - 678 + 900_000


def test_the_owner_is_recorded_before_anything_is_signed(desk: Desk) -> None:
    upload = desk.uploads.presign("acme", "Катя.jpg", size=10, purpose=Purpose.FACES)
    assert desk.objects.recorded == [True]
    assert desk.store.get([upload.key])[upload.key] == Upload(
        key=upload.key,
        owner="acme",
        purpose=Purpose.FACES,
        filename="Катя.jpg",
        content_type="image/jpeg",
        size=10,
        created_at=desk.clock.now(),
        expires_at=desk.clock.now() + limits.UPLOAD_KEPT,
    )


def test_nothing_is_signed_while_owners_cannot_be_recorded(desk: Desk) -> None:
    desk.store.down = True
    with pytest.raises(TransientError):
        desk.uploads.presign("acme", "cat.jpg")
    assert desk.objects.recorded == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"filename": "x" * 5_000}, InvalidRequestError),
        ({"filename": "../.."}, InvalidRequestError),
        ({"filename": "cat"}, InvalidRequestError),
        ({"filename": "cat.jpg", "size": 0}, InvalidRequestError),
        ({"filename": "cat.jpg", "size": limits.IMAGE_BYTES + 1}, TooLargeError),
        ({"filename": "cat.svg"}, UnsupportedTypeError),
        ({"filename": "cat.jpg", "content_type": "text/html"}, UnsupportedTypeError),
        ({"filename": "film.mp4"}, UnsupportedTypeError),
    ],
)
def test_a_refused_upload_leaves_nothing_behind(desk: Desk, arguments: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error) as refusal:
        desk.uploads.presign("acme", **arguments)  # type: ignore[arg-type]
    assert refusal.value.fix  # type: ignore[attr-defined]
    assert desk.objects.recorded == []
    assert desk.store._rows == {}


def test_ids_are_unguessable_and_never_twice_the_same() -> None:
    desk = Desk()
    real = Uploads(desk.objects, desk.store, desk.clock)
    keys = {real.presign("acme", "cat.jpg").key for _ in range(100)}
    assert len(keys) == 100
    assert all(uploads.is_key(key) for key in keys)


# --- whose is it? -----------------------------------------------------------------------------------------------------


def test_an_owner_gets_the_rows_of_its_keys_whatever_their_number_and_order(desk: Desk) -> None:
    real = Uploads(desk.objects, desk.store, desk.clock)
    keys = [real.presign("acme", f"{number}.jpg").key for number in range(3)]
    rows = desk.uploads.owned("acme", [keys[2], keys[0], keys[2]])
    assert set(rows) == {keys[0], keys[2]}
    assert rows[keys[0]].filename == "0.jpg"


def test_an_unknown_a_foreign_and_an_expired_key_are_refused_in_the_same_words(desk: Desk) -> None:
    mine = desk.uploads.presign("acme", "cat.jpg").key
    unknown = mine.replace(ID, "f" * 8 + ID[8:])
    words = set()
    for owner, key in (("acme", unknown), ("other", mine)):
        with pytest.raises(ImageNotFoundError) as refusal:
            desk.uploads.owned(owner, [key])
        words.add(refusal.value.detail.replace(key, "KEY"))
    desk.clock.advance(limits.UPLOAD_KEPT)
    with pytest.raises(ImageNotFoundError) as refusal:
        desk.uploads.owned("acme", [mine])
    words.add(refusal.value.detail.replace(mine, "KEY"))
    assert len(words) == 1


def test_one_foreign_key_among_own_ones_refuses_them_all(desk: Desk) -> None:
    real = Uploads(desk.objects, desk.store, desk.clock)
    keys = [real.presign("acme", "a.jpg").key, real.presign("other", "b.jpg").key]
    with pytest.raises(ImageNotFoundError, match=r"b\.jpg"):
        desk.uploads.owned("acme", keys)


@pytest.mark.parametrize("key", ["", "x" * 5_000, "results/secret.json", "uploads/../x", "\ud800", "uploads/cat.jpg"])
def test_what_presign_never_made_is_not_even_looked_up(desk: Desk, key: str) -> None:
    with pytest.raises(ImageNotFoundError) as refusal:
        desk.uploads.owned("acme", [key])
    assert desk.store.asked == []
    assert len(refusal.value.detail) < 1_300


def test_the_claim_outlives_the_url(desk: Desk) -> None:
    key = desk.uploads.presign("acme", "cat.jpg").key
    desk.clock.advance(limits.PRESIGN_LIFETIME + limits.DAY)
    assert key in desk.uploads.owned("acme", [key])
