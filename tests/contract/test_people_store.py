"""One suite for every PeopleStore: DynamoDB's and its twin in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws.people import DynamoPeopleStore
from darkroom.adapters.memory.people import MemoryPeopleStore
from darkroom.domain.faces import Quality
from darkroom.domain.people import WRITER_TIME, EnrolledFace, FaceState, Person, PersonState, crop_key, original_key
from darkroom.errors import (
    FaceExistsError,
    InvalidRequestError,
    LeaseLostError,
    PersonNotFoundError,
    TransientError,
)

from tests.contract.conftest import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.ports import PeopleStore

    from tests.contract.conftest import Aws

NOW = 1_767_323_045_678
PERSON = Person(
    owner="acme#1",
    person_id="ada",
    name="Ada Łęcka",
    metadata={"team": "Ångström", "since": 1.5, "tags": ["a", None]},
    consent="2026-01",
    state=PersonState.ACTIVE,
    created_at=NOW,
    updated_at=NOW,
)
FACE = EnrolledFace(
    owner=PERSON.owner,
    person_id="ada",
    face_id="f-1",
    state=FaceState.WRITING,
    digest="d" * 64,
    pack="dlib",
    consent="2026-01",
    bbox=(1.5, 2.0, 100.25, 120.0),
    score=0.987654321,
    quality=Quality(98.5, 321.0, -3.5, 2.0, 0.1, 0.5, 0.2, 1.0),
    original_key=original_key(PERSON.owner, "ada", "f-1"),
    crop_key=crop_key(PERSON.owner, "ada", "f-1"),
    source_key="uploads/2026/01/02/x.jpg",
    created_at=NOW,
    token="t1",
    until=NOW + WRITER_TIME,
)
OTHER = replace(FACE, token="t2")
OVERDUE = FACE.until


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> PeopleStore:
    if request.param == "memory":
        return MemoryPeopleStore()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoPeopleStore(aws.dynamodb, aws.table("pk", "sk"), pause=lambda _: None)


@pytest.fixture
def ada(store: PeopleStore) -> Person:
    return store.create(PERSON)


def count(store: PeopleStore) -> int:
    person = store.get(PERSON.owner, PERSON.person_id)
    assert person is not None
    return person.faces


def enrolled(store: PeopleStore, face: EnrolledFace = FACE) -> EnrolledFace:
    store.finish_face(store.begin_face(face, now=NOW))
    return replace(face, state=FaceState.ENROLLED, until=0)


# --- people -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [PERSON, replace(PERSON, name=None, metadata=None, consent=None)])
def test_a_person_comes_back_as_it_was_created(store: PeopleStore, person: Person) -> None:
    assert store.create(person) == person
    assert store.get(person.owner, person.person_id) == person


def test_a_second_person_of_one_id_is_the_first(store: PeopleStore, ada: Person) -> None:
    assert store.create(replace(PERSON, name="Another")) == ada
    assert store.get(PERSON.owner, "ada") == ada


def test_nobody_meets_another_owners_person(store: PeopleStore, ada: Person) -> None:
    for owner in ("acme", "1", "acme#1#ada"):
        assert store.get(owner, "ada") is None
        assert store.list(owner, cursor=None, limit=10).people == ()
        assert list(store.faces(owner, "ada")) == []


def test_people_are_listed_by_id_in_pages(store: PeopleStore) -> None:
    ids = [f"p{number}" for number in range(7)]
    for person_id in reversed(ids):
        store.create(replace(PERSON, person_id=person_id))
    store.begin_erasure(PERSON.owner, "p3", now=NOW)
    seen: list[str] = []
    cursor = None
    while True:
        page = store.list(PERSON.owner, cursor=cursor, limit=2)
        assert len(page.people) <= 2
        seen += [person.person_id for person in page.people]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [person_id for person_id in ids if person_id != "p3"]


def test_a_cursor_is_its_owners_alone(store: PeopleStore) -> None:
    for person_id in ("a", "b"):
        store.create(replace(PERSON, person_id=person_id))
    cursor = store.list(PERSON.owner, cursor=None, limit=1).cursor
    for owner, wrong in (("other", cursor), (PERSON.owner, "nonsense"), (PERSON.owner, "")):
        with pytest.raises(InvalidRequestError, match="cursor"):
            store.list(owner, cursor=wrong, limit=1)


@pytest.mark.parametrize("changed", [{"name": "A. L."}, {"name": None}, {"metadata": None, "consent": "2027"}])
def test_what_an_owner_says_of_a_person_is_replaced(
    store: PeopleStore, ada: Person, changed: dict[str, str | None]
) -> None:
    new = replace(ada, updated_at=NOW + 5, **changed)  # type: ignore[arg-type]
    assert store.update(new, seen=ada)
    assert store.get(PERSON.owner, "ada") == new
    assert store.update(new, seen=ada), "repeated, it was done already"


def test_a_change_of_what_is_no_longer_so_is_none(store: PeopleStore, ada: Person) -> None:
    assert store.update(replace(ada, name="First"), seen=ada)
    assert not store.update(replace(ada, name="Second"), seen=ada)
    person = store.get(PERSON.owner, "ada")
    assert person is not None
    assert person.name == "First"


def test_nobody_changes_a_person_that_is_being_erased_or_gone(store: PeopleStore, ada: Person) -> None:
    store.begin_erasure(PERSON.owner, "ada", now=NOW)
    assert not store.update(replace(ada, name="New"), seen=ada)
    store.finish_erasure(PERSON.owner, "ada")
    assert not store.update(replace(ada, name="New"), seen=ada)
    assert store.get(PERSON.owner, "ada") is None


# --- enrolling --------------------------------------------------------------------------------------------------------


def test_a_face_is_written_then_enrolled_then_counted(store: PeopleStore, ada: Person) -> None:
    assert store.begin_face(FACE, now=NOW) == FACE
    assert list(store.faces(PERSON.owner, "ada")) == [FACE]
    assert count(store) == 0
    store.finish_face(FACE)
    assert list(store.faces(PERSON.owner, "ada")) == [replace(FACE, state=FaceState.ENROLLED, until=0)]
    assert count(store) == 1


def test_a_finish_that_is_repeated_counts_once(store: PeopleStore, ada: Person) -> None:
    enrolled(store)
    store.finish_face(FACE)
    assert count(store) == 1


def test_a_worker_that_begins_again_what_it_finished_finds_it_finished(store: PeopleStore, ada: Person) -> None:
    face = enrolled(store)
    assert store.begin_face(FACE, now=NOW) == face
    store.finish_face(FACE)
    assert count(store) == 1


def test_faces_are_of_people_who_are_there(store: PeopleStore) -> None:
    with pytest.raises(PersonNotFoundError):
        store.begin_face(FACE, now=NOW)
    assert list(store.faces(PERSON.owner, "ada")) == []


def test_the_same_picture_under_the_same_id_is_the_same_face(store: PeopleStore, ada: Person) -> None:
    face = enrolled(store)
    assert store.begin_face(replace(OTHER, created_at=NOW + 9), now=NOW + 9) == face
    assert count(store) == 1


def test_another_picture_does_not_take_an_id_that_is_taken(store: PeopleStore, ada: Person) -> None:
    enrolled(store)
    with pytest.raises(FaceExistsError):
        store.begin_face(replace(OTHER, digest="e" * 64), now=OVERDUE + 1)


def test_a_face_is_written_by_one_worker_at_a_time(store: PeopleStore, ada: Person) -> None:
    store.begin_face(FACE, now=NOW)
    assert store.begin_face(FACE, now=NOW + 1) == FACE
    with pytest.raises(TransientError):
        store.begin_face(OTHER, now=OVERDUE - 1)
    taken = replace(OTHER, until=OVERDUE + WRITER_TIME)
    assert store.begin_face(taken, now=OVERDUE) == taken
    with pytest.raises(LeaseLostError):
        store.finish_face(FACE)
    store.finish_face(taken)
    assert list(store.faces(PERSON.owner, "ada")) == [replace(taken, state=FaceState.ENROLLED, until=0)]
    assert count(store) == 1


def test_many_writers_of_one_person_are_all_counted(store: PeopleStore, ada: Person) -> None:
    faces = [replace(FACE, face_id=f"f{number}", token=f"t{number}") for number in range(24)]
    at_once = 1 if isinstance(store, DynamoPeopleStore) and not ENDPOINT else 8  # moto is for one thread
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda face: enrolled(store, face), faces))
    assert count(store) == 24
    assert sorted(face.face_id for face in store.faces(PERSON.owner, "ada")) == sorted(face.face_id for face in faces)


def test_more_faces_than_a_page_holds_are_all_listed(store: PeopleStore, ada: Person) -> None:
    for number in range(60):
        store.begin_face(replace(FACE, face_id=f"f{number}", source_key="x" * 20_000), now=NOW)
    assert len(store.faces(PERSON.owner, "ada")) == 60


# --- taking back ------------------------------------------------------------------------------------------------------


def test_a_row_is_dropped_by_its_own_worker_alone(store: PeopleStore, ada: Person) -> None:
    store.begin_face(FACE, now=NOW)
    store.drop_face(OTHER)
    assert list(store.faces(PERSON.owner, "ada")) == [FACE]
    store.drop_face(FACE)
    store.drop_face(FACE)
    assert list(store.faces(PERSON.owner, "ada")) == []
    assert count(store) == 0


def test_an_enrolled_face_is_dropped_off_the_count(store: PeopleStore, ada: Person) -> None:
    face = enrolled(store)
    enrolled(store, replace(FACE, face_id="f-2", token="t3"))
    store.drop_face(face)
    assert count(store) == 1


def test_a_face_is_dropped_when_its_person_is_gone(store: PeopleStore, ada: Person) -> None:
    face = enrolled(store)
    store.begin_erasure(PERSON.owner, "ada", now=NOW)
    store.finish_erasure(PERSON.owner, "ada")
    store.drop_face(face)
    assert list(store.faces(PERSON.owner, "ada")) == []
    assert store.get(PERSON.owner, "ada") is None


def test_a_face_that_is_being_erased_is_counted_no_more_and_bars_its_id(store: PeopleStore, ada: Person) -> None:
    face = enrolled(store)
    erasing = replace(face, state=FaceState.ERASING)
    assert store.begin_face_erasure(PERSON.owner, "ada", "f-1") == erasing
    assert store.begin_face_erasure(PERSON.owner, "ada", "f-1") == erasing
    assert count(store) == 0
    with pytest.raises(TransientError):
        store.begin_face(OTHER, now=OVERDUE + 1)
    store.drop_face(erasing)
    assert count(store) == 0
    enrolled(store, OTHER)
    assert count(store) == 1


def test_a_worker_cannot_finish_a_face_that_is_being_erased_or_gone(store: PeopleStore, ada: Person) -> None:
    store.begin_face(FACE, now=NOW)
    erasing = store.begin_face_erasure(PERSON.owner, "ada", "f-1")
    assert erasing is not None
    with pytest.raises(PersonNotFoundError):
        store.finish_face(FACE)
    store.drop_face(erasing)
    with pytest.raises(PersonNotFoundError):
        store.finish_face(FACE)
    assert count(store) == 0


def test_a_face_that_is_unknown_is_not_erased(store: PeopleStore, ada: Person) -> None:
    assert store.begin_face_erasure(PERSON.owner, "ada", "f-1") is None


def test_an_id_is_barred_while_nothing_has_it(store: PeopleStore, ada: Person) -> None:
    bar = store.bar_face(PERSON.owner, "ada", "f-1", token="sweep", now=NOW)
    assert bar is not None
    with pytest.raises(TransientError):
        store.begin_face(FACE, now=NOW)
    again = store.bar_face(PERSON.owner, "ada", "f-1", token="another", now=NOW + 1)
    assert again == bar, "the bar of a sweep that was killed is found again"
    store.drop_face(bar)
    store.begin_face(FACE, now=NOW)
    assert store.bar_face(PERSON.owner, "ada", "f-1", token="sweep", now=NOW) is None
    store.finish_face(FACE)
    assert store.bar_face(PERSON.owner, "ada", "f-1", token="sweep", now=OVERDUE) is None


def test_an_id_is_barred_of_a_person_who_is_not_there(store: PeopleStore) -> None:
    bar = store.bar_face(PERSON.owner, "ada", "f-1", token="sweep", now=NOW)
    assert bar is not None
    store.drop_face(bar)
    assert list(store.faces(PERSON.owner, "ada")) == []


# --- erasing a person -------------------------------------------------------------------------------------------------


def test_of_a_person_who_is_being_erased_nothing_is_begun_or_finished(store: PeopleStore, ada: Person) -> None:
    store.begin_face(FACE, now=NOW)
    person = store.begin_erasure(PERSON.owner, "ada", now=NOW + 1)
    assert person.state is PersonState.ERASING
    assert store.begin_erasure(PERSON.owner, "ada", now=NOW + 2) == person
    assert store.get(PERSON.owner, "ada") == person
    with pytest.raises(PersonNotFoundError):
        store.finish_face(FACE)
    with pytest.raises(PersonNotFoundError):
        store.begin_face(replace(OTHER, face_id="f-2"), now=NOW + 2)
    store.drop_face(FACE)
    store.finish_erasure(PERSON.owner, "ada")
    store.finish_erasure(PERSON.owner, "ada")
    assert store.get(PERSON.owner, "ada") is None


def test_a_person_is_not_erased_unless_that_was_begun(store: PeopleStore, ada: Person) -> None:
    store.finish_erasure(PERSON.owner, "ada")
    assert store.get(PERSON.owner, "ada") == ada
    with pytest.raises(PersonNotFoundError):
        store.begin_erasure(PERSON.owner, "eve", now=NOW)


# --- packs ------------------------------------------------------------------------------------------------------------


def test_a_pack_is_chosen_once_and_changed_by_who_knows_it(store: PeopleStore) -> None:
    choose: Callable[..., str] = store.choose_pack
    assert store.pack("acme") is None
    assert choose("acme", "dlib", instead_of=None) == "dlib"
    assert choose("acme", "other", instead_of=None) == "dlib"
    assert choose("acme", "other", instead_of="antelope") == "dlib"
    assert choose("acme", "other", instead_of="dlib") == "other"
    assert choose("acme", "other", instead_of="dlib") == "other"
    assert store.pack("acme") == "other"
    assert store.pack("another") is None


def test_a_face_moves_to_another_pack_unless_it_is_not_that_face_any_more(store: PeopleStore, ada: Person) -> None:
    store.begin_face(FACE, now=NOW)
    assert not store.set_pack(FACE, "new")
    store.finish_face(FACE)
    assert store.set_pack(FACE, "new")
    assert [face.pack for face in store.faces(PERSON.owner, "ada")] == ["new"]
    assert not store.set_pack(OTHER, "newer")
    assert not store.set_pack(replace(FACE, face_id="unknown"), "newer")


def test_an_enrolled_face_is_held_while_its_further_vector_is_written(store: PeopleStore, ada: Person) -> None:
    face = enrolled(store)
    assert not face.is_written(NOW)
    assert store.hold_face(face, until=NOW + 5)
    (held,) = store.faces(PERSON.owner, "ada")
    assert held == replace(face, until=NOW + 5)
    assert held.is_written(NOW + 4)
    assert not held.is_written(NOW + 5)
    assert store.begin_face(OTHER, now=NOW) == held
    assert store.set_pack(face, "new")
    assert list(store.faces(PERSON.owner, "ada")) == [replace(face, pack="new")]


def test_a_face_is_not_held_once_it_or_its_person_is_being_erased(store: PeopleStore, ada: Person) -> None:
    one, two = enrolled(store), enrolled(store, replace(FACE, face_id="f-2"))
    assert not store.hold_face(replace(one, token="another"), until=NOW + 5)
    store.begin_face_erasure(PERSON.owner, "ada", "f-1")
    assert not store.hold_face(one, until=NOW + 5)
    store.begin_erasure(PERSON.owner, "ada", now=NOW)
    assert not store.hold_face(two, until=NOW + 5)
    assert not any(face.is_written(NOW) for face in store.faces(PERSON.owner, "ada"))


def test_who_is_being_erased_is_listed(store: PeopleStore, ada: Person) -> None:
    store.create(replace(PERSON, person_id="bob"))
    assert list(store.erasing(PERSON.owner)) == []
    person = store.begin_erasure(PERSON.owner, "ada", now=NOW + 3)
    assert list(store.erasing(PERSON.owner)) == [person]
    assert person.updated_at == NOW + 3
    assert list(store.erasing("acme")) == []
    store.finish_erasure(PERSON.owner, "ada")
    assert list(store.erasing(PERSON.owner)) == []
