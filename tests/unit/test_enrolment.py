"""Enrolment: what becomes a face of a person, what does not and why, and what is left behind: nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from darkroom.adapters.memory.faces import MemoryFaceReader, MemoryFaces
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.domain.jobs import Kind, State
from darkroom.domain.limits import MINUTE
from darkroom.domain.people import WRITER_TIME, FaceState, PersonState
from darkroom.domain.uploads import Purpose, Upload
from darkroom.errors import TransientError
from darkroom.ports import Fetched

from tests.enrolling import CONSENT, OWNER, PACK, Enrolling, picture, vector


@pytest.fixture
def world() -> Enrolling:
    world = Enrolling(at_once=4)
    world.person()
    return world


def page(status: int, body: bytes) -> Fetched:
    return Fetched("", status, {}, body)


def codes(result: dict[str, object]) -> list[str | None]:
    faces = result["faces"]
    assert isinstance(faces, list)
    return [face["error"]["code"] if "error" in face else None for face in faces]


def test_a_picture_becomes_a_face_that_is_found(world: Enrolling) -> None:
    result = world.result(world.enrolment_job(world.sent(picture(10), "front")))
    (face,) = result["faces"]
    assert result | {"faces": []} == {
        "personId": "ada",
        "model": {
            "engine": "memory",
            "pack": PACK,
            "dimensions": 3,
            "licence": "commercial",
            "threshold": 0.5,
        },
        "enrolled": 1,
        "faces": [],
    }
    assert face["faceId"] == "front"
    assert face["bbox"] == [20.0, 20.0, 100.0, 100.0]
    assert face["quality"]["size"] == 80.0
    (row,) = world.people.faces(OWNER, "ada")
    assert (row.state, row.consent, row.pack, row.bbox, row.until) == (
        FaceState.ENROLLED,
        CONSENT,
        PACK,
        (20.0, 20.0, 100.0, 100.0),
        0,
    )
    assert world.stored() == ["front/crop.jpg", "front/original"]
    assert world.objects.read(row.original_key, limit=10**6) == picture(10)
    assert world.alike(10) == [("ada", "front")]
    assert world.people.pack(OWNER) == PACK
    person = world.people.get(OWNER, "ada")
    assert person is not None
    assert person.faces == 1


def test_each_picture_is_enrolled_or_told_why_not_and_none_stops_the_others(world: Enrolling) -> None:
    pictures = {
        "good": picture(10),
        "nobody": picture(),
        "two": picture(10, 20),
        "tiny": picture(10, patch=30),
        "broken": picture(10)[:-30],
        "text": b"hello",
        "also": picture(200),
    }
    job = world.enrolment_job(*(world.sent(data, face_id) for face_id, data in pictures.items()))
    result = world.result(job)
    assert result["enrolled"] == 2
    kinds = dict(zip(pictures, codes(result), strict=True))
    assert kinds["good"] is kinds["also"] is None
    assert (kinds["nobody"], kinds["two"], kinds["tiny"]) == ("NO_FACE", "SEVERAL_FACES", "LOW_QUALITY")
    assert None not in (kinds["broken"], kinds["text"])
    told = result["faces"][3]["error"]["message"]
    assert "30 pixels wide; 64 is the least" in told
    assert [face["imageIndex"] for face in result["faces"]] == list(range(7))
    assert [face.face_id for face in world.people.faces(OWNER, "ada")] == ["also", "good"]
    assert world.indexed() == [("ada", "also"), ("ada", "good")]
    assert {name.split("/")[0] for name in world.stored()} == {"good", "also"}


def test_an_upload_and_a_web_picture_are_copied_and_the_upload_is_remembered() -> None:
    url = "https://example.com/me.png"
    world = Enrolling(fetcher=MemoryFetcher({url: page(200, picture(60)), url + "2": page(404, b"")}))
    world.person()
    key = "faces/2026/01/02/01234567-89ab-4cde-8f01-23456789abcd-me.png"
    now = world.clock.now()
    world.uploads.put(Upload(key, OWNER, Purpose.FACES, "me.png", "image/png", None, now, now + MINUTE))
    world.objects.write(key, picture(30), content_type="image/png")
    job = world.enrolment_job(
        {"faceId": "a", "s3Uri": f"s3://media/{key}"},
        {"faceId": "b", "url": url},
        {"faceId": "c", "url": url + "2"},
        {"faceId": "d", "s3Uri": "s3://media/" + key.replace("me", "you")},
    )
    result = world.result(job)
    assert codes(result) == [None, None, "FETCH_FAILED", "IMAGE_NOT_FOUND"]
    a, b = world.people.faces(OWNER, "ada")
    assert (a.source_key, b.source_key) == (key, None)
    assert world.stored() == ["a/crop.jpg", "a/original", "b/crop.jpg", "b/original"]
    assert world.objects.read(b.original_key, limit=10**6) == picture(60)


def test_the_same_picture_under_the_same_id_is_the_same_face(world: Enrolling) -> None:
    first = world.enrol(10, "front")
    model = world.models[PACK]
    assert isinstance(model, MemoryFaces)
    calls = model.calls
    again = world.enrol(10, "front")
    assert again["faces"] == first["faces"]
    assert model.calls == calls, "a face that is there is not looked at again"
    assert world.stored() == ["front/crop.jpg", "front/original"]
    person = world.people.get(OWNER, "ada")
    assert person is not None
    assert person.faces == 1


def test_another_picture_does_not_take_the_id_of_a_face(world: Enrolling) -> None:
    world.enrol(10, "front")
    assert codes(world.enrol(200, "front")) == ["FACE_EXISTS"]
    assert world.alike(10) == [("ada", "front")]
    assert world.stored() == ["front/crop.jpg", "front/original"]
    assert world.objects.read(world.people.faces(OWNER, "ada")[0].original_key, limit=10**6) == picture(10)


@pytest.mark.parametrize("gone", [False, True])
def test_nothing_is_enrolled_of_a_person_who_is_going_or_gone(world: Enrolling, gone: bool) -> None:
    job = world.enrolment_job(world.sent(picture(10), "front"), world.sent(picture(20), "side"))
    world.people.begin_erasure(OWNER, "ada", now=world.clock.now())
    if gone:
        world.people.finish_erasure(OWNER, "ada")
    ended = world.run(job)
    assert ended.state is State.FAILED
    assert ended.failure is not None
    assert ended.failure.code == "PERSON_NOT_FOUND"
    assert world.stored() == []
    assert world.indexed() == []
    assert list(world.people.faces(OWNER, "ada")) == []


def test_a_model_of_another_pack_than_the_owners_is_refused_with_the_command(world: Enrolling) -> None:
    world.enrol(10, "front")
    world.models.clear()
    world.models["newer"] = MemoryFaces(pack="newer")
    ended = world.run(world.enrolment_job(world.sent(picture(20), "side")))
    assert ended.failure is not None
    assert ended.failure.code == "PACK_MISMATCH"
    assert world.stored() == ["front/crop.jpg", "front/original"]
    assert [face.face_id for face in world.people.faces(OWNER, "ada")] == ["front"]


def test_a_pack_that_is_changed_while_a_face_is_read_is_the_faces_pack(world: Enrolling) -> None:
    world.enrol(10, "front")
    world.models["newer"] = MemoryFaces(pack="newer")
    begin = world.people.begin_face

    def switch_before(face, *, now):  # type: ignore[no-untyped-def]
        if face.pack == PACK and face.score:  # it was read already
            world.people.choose_pack(OWNER, "newer", instead_of=PACK)
        return begin(face, now=now)

    world.people.begin_face = switch_before  # type: ignore[method-assign]
    result = world.enrol(20, "side")
    assert result["model"]["pack"] == "newer"
    assert world.indexed("newer") == [("ada", "side")]
    assert world.indexed() == [("ada", "front")]
    assert {face.face_id: face.pack for face in world.people.faces(OWNER, "ada")} == {"front": PACK, "side": "newer"}


def test_the_first_enrolments_of_two_workers_are_of_one_pack(world: Enrolling) -> None:
    world.models["other"] = MemoryFaces(pack="other")
    job = world.enrolment_job(world.sent(picture(20), "side"))
    choose, pack = world.people.choose_pack, world.people.pack

    def after_the_look(owner, chosen, *, instead_of):  # type: ignore[no-untyped-def]
        world.people.pack = pack  # type: ignore[method-assign]
        return choose(owner, chosen, instead_of=instead_of)

    choose(OWNER, "other", instead_of=None)
    world.people.pack = {}.get  # type: ignore[method-assign, assignment]
    world.people.choose_pack = after_the_look  # type: ignore[method-assign]
    world.result(job)
    assert world.indexed("other") == [("ada", "side")]
    assert world.indexed() == []


def test_trouble_sets_the_job_back_and_the_next_worker_goes_on_at_once(world: Enrolling) -> None:
    reader = world.reader
    assert isinstance(reader, MemoryFaceReader)
    reader._trouble = iter([None, TransientError("Throttled"), None, None])
    job = world.enrolment_job(world.sent(picture(10), "a"), world.sent(picture(20), "b"))
    single = Enrolling(clock=world.clock, people=world.people, index=world.index, objects=world.objects, reader=reader)
    single.jobs = world.jobs
    assert single.run(job).state is State.PENDING
    assert {face.face_id: face.is_written(world.clock.now()) for face in world.people.faces(OWNER, "ada")} == {
        "a": False,
        "b": False,
    }
    result = single.result(job)
    assert result["enrolled"] == 2
    assert world.stored() == ["a/crop.jpg", "a/original", "b/crop.jpg", "b/original"]


def test_a_face_that_another_worker_writes_is_waited_for(world: Enrolling) -> None:
    job = world.enrolment_job(world.sent(picture(10), "front"))
    other = world.enrolment_job(world.sent(picture(10), "front"))
    world.enrol(99, "side")
    row = replace(
        world.people.faces(OWNER, "ada")[0],
        face_id="front",
        state=FaceState.WRITING,
        token="another",
        until=world.clock.now() + WRITER_TIME,
    )
    world.people.begin_face(row, now=world.clock.now())
    assert world.run(job).state is State.PENDING
    world.clock.advance(WRITER_TIME)
    assert world.result(other)["enrolled"] == 1


def test_a_write_is_not_begun_when_it_may_end_too_late(world: Enrolling) -> None:
    reader, read = world.reader, world.reader.read

    def slowly(owner, source, *, pack=None):  # type: ignore[no-untyped-def]
        world.clock.advance(WRITER_TIME * 2)
        return read(owner, source, pack=pack)

    reader.read = slowly  # type: ignore[method-assign]
    write = world.objects.write

    def late(key, body, *, content_type):  # type: ignore[no-untyped-def]
        write(key, body, content_type=content_type)
        world.clock.advance(WRITER_TIME // 2 + 1 if key.endswith("original") else 0)

    world.objects.write = late  # type: ignore[method-assign]
    job = world.enrolment_job(world.sent(picture(10), "front"))
    assert world.run(job).state is State.PENDING
    assert world.indexed() == []
    assert "front/crop.jpg" not in world.stored()
    world.objects.write = write  # type: ignore[method-assign]
    assert world.result(job)["enrolled"] == 1, "a reader that is slow alone delays nothing but itself"


def test_the_time_of_a_turn_is_told_to_the_pictures_that_it_was_too_short_for() -> None:
    world = Enrolling()
    world.person()
    read = world.reader.read

    def slowly(owner, source, *, pack=None):  # type: ignore[no-untyped-def]
        world.clock.advance(6 * MINUTE)
        return read(owner, source, pack=pack)

    world.reader.read = slowly  # type: ignore[method-assign]
    result = world.result(world.enrolment_job(*(world.sent(picture(hue), f"f{hue}") for hue in (10, 20, 30))))
    assert codes(result) == [None, None, "OUT_OF_TIME"]


def test_no_vector_stands_in_a_result_or_a_row(world: Enrolling) -> None:
    result = world.enrol(77, "front")
    (row,) = world.people.faces(OWNER, "ada")
    for number in vector(77):
        assert f"{number:.4f}"[:6] not in f"{result}{row}"


def test_a_job_that_is_done_is_not_done_again(world: Enrolling) -> None:
    job = world.enrolment_job(world.sent(picture(10), "front"))
    world.result(job)
    world.people.begin_erasure(OWNER, "ada", now=world.clock.now())
    assert world.run(job).state is State.COMPLETED
    person = world.people.get(OWNER, "ada")
    assert person is not None
    assert person.state is PersonState.ERASING
    assert job.kind is Kind.ENROLMENT
