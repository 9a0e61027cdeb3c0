"""Erasure: of a person or a face nothing is left, whoever is at it; and the sweep finds what killed writers left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.domain.jobs import Kind, State
from darkroom.domain.limits import HOUR, MINUTE, SECOND
from darkroom.domain.people import WRITER_TIME, FaceState, original_key
from darkroom.domain.uploads import Purpose, Upload
from darkroom.errors import TransientError
from darkroom.usecases.erasure import FORGOTTEN, Swept

from tests.enrolling import OWNER, PACK, Enrolling, picture, vector

if TYPE_CHECKING:
    from darkroom.domain.people import EnrolledFace

FAR = 1 << 50
UPLOAD = "faces/2026/01/02/01234567-89ab-4cde-8f01-23456789abcd-me.png"


@pytest.fixture
def world() -> Enrolling:
    """Ada with two faces, one of an upload, and Bob with one."""
    world = Enrolling()
    world.enrol(10, "front")
    world.enrol(200, "front", "bob")
    now = world.clock.now()
    world.uploads.put(Upload(UPLOAD, OWNER, Purpose.FACES, "me.png", "image/png", None, now, now + HOUR))
    world.objects.write(UPLOAD, picture(30), content_type="image/png")
    world.result(world.enrolment_job({"faceId": "side", "s3Uri": f"s3://media/{UPLOAD}"}))
    return world


def writing(world: Enrolling, face_id: str = "new") -> EnrolledFace:
    """The row of a face that a worker has just begun, with what it has written so far."""
    now = world.clock.now()
    row = replace(
        world.people.faces(OWNER, "bob")[0],
        person_id="ada",
        face_id=face_id,
        digest="d" * 64,
        original_key=original_key(OWNER, "ada", face_id),
        state=FaceState.WRITING,
        token="writer",
        until=now + WRITER_TIME,
    )
    world.people.begin_face(row, now=now)
    world.objects.write(row.original_key, b"x", content_type="image/png")
    return row


def erase(world: Enrolling, **request: Any) -> Any:
    return world.result(world.job(Kind.ERASURE, **{"personId": "ada", **request}))


def test_of_a_person_nothing_is_left(world: Enrolling) -> None:
    world.sent(picture(40), "waits")
    assert erase(world) == {"personId": "ada"}
    assert world.is_nothing_left()
    assert world.objects.head(UPLOAD) is None
    assert world.alike(10) == []
    assert world.indexed() == [("bob", "front")]
    assert world.stored("bob") == ["front/crop.jpg", "front/original"]
    assert erase(world) == {"personId": "ada"}, "repeated, there is nothing to do"


def test_a_person_without_faces_is_erased_too(world: Enrolling) -> None:
    world.person("cleo")
    erase(world, personId="cleo")
    assert world.people.get(OWNER, "cleo") is None


def test_a_writer_that_has_begun_is_waited_for_and_no_longer_than_it_may_write(world: Enrolling) -> None:
    writing(world)
    began = world.clock.now()
    erase(world)
    assert WRITER_TIME <= world.clock.now() - began <= WRITER_TIME + SECOND
    assert world.is_nothing_left()


def test_a_writer_that_is_done_is_not_waited_for(world: Enrolling) -> None:
    row = writing(world)
    sleep, began = world.clock.sleep, world.clock.now()

    def meanwhile(milliseconds: int) -> None:
        sleep(milliseconds)
        world.people.drop_face(row)

    world.clock.sleep = meanwhile
    erase(world)
    assert world.clock.now() - began <= SECOND
    assert world.is_nothing_left()


def test_one_face_is_erased_and_its_person_stays(world: Enrolling) -> None:
    assert erase(world, faceId="side") == {"personId": "ada", "faceId": "side"}
    assert world.indexed() == [("ada", "front"), ("bob", "front")]
    assert world.stored() == ["front/crop.jpg", "front/original"]
    assert world.objects.head(UPLOAD) is None
    person = world.people.get(OWNER, "ada")
    assert person is not None
    assert person.faces == 1
    assert [face.face_id for face in world.people.faces(OWNER, "ada")] == ["front"]
    assert erase(world, faceId="side") == {"personId": "ada", "faceId": "side"}
    assert world.enrol(90, "side")["enrolled"] == 1


def test_one_face_that_is_being_written_is_waited_for(world: Enrolling) -> None:
    writing(world)
    began = world.clock.now()
    erase(world, faceId="new")
    assert world.clock.now() - began >= WRITER_TIME
    assert "new/original" not in world.stored()


def test_a_picture_that_waits_for_another_enrolment_of_the_id_stays(world: Enrolling) -> None:
    image = world.sent(picture(44), "side")
    erase(world, faceId="side")
    assert world.result(world.enrolment_job(image))["enrolled"] == 1


def test_an_erasure_that_met_trouble_goes_on_where_it_was(world: Enrolling) -> None:
    delete = world.objects.delete

    def throttled(_keys: object) -> None:
        world.objects.delete = delete  # type: ignore[method-assign]
        raise TransientError("Throttled")

    world.objects.delete = throttled  # type: ignore[method-assign, assignment]
    job = world.job(Kind.ERASURE, personId="ada")
    assert world.run(job).state is State.PENDING
    assert not world.is_nothing_left()
    world.result(job)
    assert world.is_nothing_left()


# --- the sweep --------------------------------------------------------------------------------------------------------


def sweep(world: Enrolling) -> Swept:
    return world.sweeper.sweep(until=FAR)


def test_where_nothing_is_amiss_nothing_is_swept(world: Enrolling) -> None:
    world.sent(picture(40), "waits")
    writing(world)
    before = world.stored(), world.indexed()
    assert sweep(world) == Swept()
    assert (world.stored(), world.indexed()) == before


def test_what_a_writer_that_was_thought_dead_still_wrote_is_swept(world: Enrolling) -> None:
    erase(world)
    now = world.clock.now()
    world.index.put(OWNER, PACK, [("ada", "zombie", vector(10))], at=now, until=FAR)
    world.index.put(OWNER, PACK, [("bob", "zombie", vector(11))], at=now, until=FAR)
    world.objects.write(original_key(OWNER, "ada", "zombie"), b"x", content_type="image/png")
    world.objects.write(original_key(OWNER, "bob", "other"), b"x", content_type="image/png")
    assert sweep(world) == Swept(vectors=2, objects=2)
    assert world.is_nothing_left()
    assert world.indexed() == [("bob", "front")]
    assert world.stored("bob") == ["front/crop.jpg", "front/original"]
    assert [face.face_id for face in world.people.faces(OWNER, "bob")] == ["front"]
    assert sweep(world) == Swept()


def test_a_face_that_is_begun_while_its_stray_is_swept_is_not_lost(world: Enrolling) -> None:
    world.index.put(OWNER, PACK, [("bob", "new", vector(10))], at=world.clock.now(), until=FAR)
    faces = world.people.faces
    met: list[Any] = []

    def begun_after_the_look(owner: str, person_id: str) -> Any:
        found = faces(owner, person_id)
        if person_id == "bob" and not met:
            met.append(world.enrol(60, "new", "bob"))
        return found

    world.people.faces = begun_after_the_look  # type: ignore[method-assign]
    sweep(world)
    assert met[0]["enrolled"] == 1
    assert world.alike(60) == [("bob", "new")]
    assert "new/original" in world.stored("bob")


def test_a_sweep_that_was_killed_is_finished_by_the_next(world: Enrolling) -> None:
    world.index.put(OWNER, PACK, [("bob", "new", vector(10))], at=world.clock.now(), until=FAR)
    erase_face = world.erasure.erase_face

    def killed(*_arguments: object, **_more: object) -> None:
        raise KeyboardInterrupt

    world.erasure.erase_face = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        sweep(world)
    assert world.indexed() == [("ada", "front"), ("ada", "side"), ("bob", "front"), ("bob", "new")]
    world.erasure.erase_face = erase_face  # type: ignore[method-assign]
    assert sweep(world) == Swept(vectors=1)
    assert world.enrol(60, "new", "bob")["enrolled"] == 1


def test_an_erasure_that_came_to_nothing_is_finished_by_the_sweep(world: Enrolling) -> None:
    world.people.begin_erasure(OWNER, "ada", now=world.clock.now())
    assert sweep(world) == Swept()
    assert not world.is_nothing_left()
    world.clock.advance(FORGOTTEN)
    assert sweep(world) == Swept(erasures=1)
    assert world.is_nothing_left()


def test_one_owner_that_makes_trouble_keeps_no_other_waiting(world: Enrolling) -> None:
    world.index.put("another", PACK, [("eve", "zombie", vector(10))], at=world.clock.now(), until=FAR)
    erasing = world.people.erasing

    def trouble(owner: str) -> Any:
        if owner == OWNER:
            raise TransientError("Throttled")
        return erasing(owner)

    world.people.erasing = trouble  # type: ignore[method-assign]
    assert sweep(world) == Swept(vectors=1, failed=1)


def test_a_sweep_ends_when_its_time_is_up(world: Enrolling) -> None:
    world.index.put(OWNER, PACK, [("bob", "new", vector(10))], at=world.clock.now(), until=FAR)
    assert world.sweeper.sweep(until=world.clock.now()) == Swept()
    assert world.sweeper.sweep(until=world.clock.now() + MINUTE) == Swept(vectors=1)
