"""Re-embedding: every face has a vector of the new pack before anybody is answered with it, and none is forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.faces import MemoryFaces
from darkroom.domain.jobs import Kind, State
from darkroom.domain.limits import MINUTE
from darkroom.domain.people import WRITER_TIME
from darkroom.errors import TransientError
from darkroom.usecases.reembedding import overlap

from tests.enrolling import OWNER, PACK, Enrolling, picture, vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from darkroom.domain.faces import Face
    from numpy.typing import NDArray

NEW = "newer"


class Mirrored(MemoryFaces):
    """Another model: its vectors are the negatives of the first one's."""

    def faces(self, pixels: NDArray[np.uint8]) -> Sequence[Face]:
        return [replace(face, embedding=-face.embedding) for face in super().faces(pixels)]


@pytest.fixture(params=[1, 4])
def world(request: pytest.FixtureRequest) -> Enrolling:
    world = Enrolling(at_once=request.param)
    for person in range(5):
        for face in range(2):
            world.enrol(person * 50 + face * 25, f"f{face}", f"p{person}")
    world.models[NEW] = Mirrored(pack=NEW)
    return world


ALL = [(f"p{person}", f"f{face}") for person in range(5) for face in range(2)]


def reembed(world: Enrolling) -> Any:
    return world.result(world.job(Kind.REEMBEDDING, items=10, model=NEW))


def packs(world: Enrolling) -> set[str]:
    return {face.pack for person, _ in ALL for face in world.people.faces(OWNER, person)}


def test_every_face_gets_a_vector_of_the_new_pack_and_the_old_table_goes(world: Enrolling) -> None:
    assert reembed(world) == {"model": NEW, "faces": 10, "failed": []}
    assert world.people.pack(OWNER) == NEW
    assert world.indexed(NEW) == ALL
    assert list(world.index.packs(OWNER)) == [NEW]
    assert packs(world) == {NEW}
    found = world.index.search(OWNER, NEW, -vector(75), limit=1, threshold=0.9999)
    assert [(match.person_id, match.face_id) for match in found] == [("p1", "f1")]
    assert world.enrol(240, "late", "p0")["model"]["pack"] == NEW


def test_repeated_it_embeds_nothing_again(world: Enrolling) -> None:
    reembed(world)
    model = world.models[NEW]
    assert isinstance(model, MemoryFaces)
    calls = model.calls
    assert reembed(world) == {"model": NEW, "faces": 0, "failed": []}
    assert model.calls == calls


def test_the_old_vectors_are_served_until_the_switch_and_a_killed_job_goes_on(world: Enrolling) -> None:
    put = world.index.put
    met: list[int] = []

    def dies_at_the_fifth(*arguments: Any, **more: Any) -> None:
        met.append(1)
        if len(met) == 5:
            raise TransientError("Throttled")
        put(*arguments, **more)

    world.index.put = dies_at_the_fifth  # type: ignore[method-assign]
    job = world.job(Kind.REEMBEDDING, items=10, model=NEW)
    assert world.run(job).state is State.PENDING
    assert world.people.pack(OWNER) == PACK
    assert world.indexed() == ALL
    assert world.alike(75) == [("p1", "f1")]
    before = len(world.indexed(NEW))
    assert 4 <= before < 10
    result = world.result(job)
    assert result["faces"] == 10 - before
    assert world.indexed(NEW) == ALL


def test_enrolments_meanwhile_go_to_the_old_pack_and_are_caught_up(world: Enrolling) -> None:
    choose, put = world.people.choose_pack, world.index.put
    met: list[str] = []

    def enrols_meanwhile(*arguments: Any, **more: Any) -> None:
        put(*arguments, **more)
        if not met:
            met.append("p9")
            assert world.enrol(130, "x", "p9")["model"]["pack"] == PACK

    def enrols_just_before(owner: str, pack: str, *, instead_of: str | None) -> str:
        if pack == NEW and "p8" not in met:
            met.append("p8")
            assert world.enrol(140, "x", "p8")["model"]["pack"] == PACK
        return choose(owner, pack, instead_of=instead_of)

    world.index.put = enrols_meanwhile  # type: ignore[method-assign]
    world.people.choose_pack = enrols_just_before  # type: ignore[method-assign]
    assert reembed(world)["faces"] == 12
    assert world.indexed(NEW) == [*ALL, ("p8", "x"), ("p9", "x")]


def test_a_face_that_is_being_written_at_the_switch_is_waited_for(world: Enrolling) -> None:
    """A worker that had looked up the old pack and is past its last look at it."""
    (row, _) = world.people.faces(OWNER, "p0")
    now = world.clock.now()
    row = replace(row, face_id="slow", token="slow", state=row.state.WRITING, until=now + WRITER_TIME)
    world.people.begin_face(row, now=now)
    world.objects.write(row.original_key.replace("f0", "slow"), picture(5), content_type="image/png")
    row = replace(row, original_key=row.original_key.replace("f0", "slow"))
    world.people.begin_face(row, now=now)
    sleep = world.clock.sleep

    def ends(milliseconds: int) -> None:
        sleep(milliseconds)
        if world.people.pack(OWNER) == NEW and ("p0", "slow") not in world.indexed():
            world.index.put(OWNER, PACK, [("p0", "slow", vector(5))], at=world.clock.now(), until=1 << 50)
            world.people.finish_face(row)

    world.clock.sleep = ends
    assert reembed(world)["faces"] == 11
    assert ("p0", "slow") in world.indexed(NEW)


def test_a_writer_that_died_before_the_switch_is_not_waited_for_for_ever(world: Enrolling) -> None:
    (row, _) = world.people.faces(OWNER, "p0")
    now = world.clock.now()
    world.people.begin_face(
        replace(row, face_id="dead", token="dead", state=row.state.WRITING, until=now + WRITER_TIME), now=now
    )
    assert reembed(world)["faces"] == 10
    assert world.clock.now() - now <= WRITER_TIME + MINUTE


def test_a_face_that_the_new_model_does_not_find_is_told_and_stops_nothing(world: Enrolling) -> None:
    (row, _) = world.people.faces(OWNER, "p2")
    world.objects.write(row.original_key, picture(), content_type="image/png")
    (gone, _) = world.people.faces(OWNER, "p3")
    world.objects.delete([gone.original_key])
    result = reembed(world)
    assert result["faces"] == 8
    assert sorted((each["personId"], each["faceId"], each["error"]["code"]) for each in result["failed"]) == [
        ("p2", "f0", "NO_FACE"),
        ("p3", "f0", "IMAGE_NOT_FOUND"),
    ]
    assert len(world.indexed(NEW)) == 8


def test_of_several_faces_the_one_that_stands_where_the_old_one_stood(world: Enrolling) -> None:
    (row, _) = world.people.faces(OWNER, "p2")
    world.objects.write(row.original_key, picture(100, 7), content_type="image/png")
    reembed(world)
    found = world.index.search(OWNER, NEW, -vector(100), limit=1, threshold=0.9999)
    assert [(match.person_id, match.face_id) for match in found] == [("p2", "f0")]


def test_of_a_person_who_is_erased_meanwhile_nothing_is_left(world: Enrolling) -> None:
    put = world.index.put
    met: list[int] = []

    def erased_meanwhile(*arguments: Any, **more: Any) -> None:
        if not met:
            met.append(1)
            world.people.begin_erasure(OWNER, "p0", now=world.clock.now())
        put(*arguments, **more)

    world.index.put = erased_meanwhile  # type: ignore[method-assign]
    job = world.job(Kind.ERASURE, personId="p0")
    reembed(world)
    world.result(job)
    assert world.is_nothing_left("p0")
    assert {person for person, _ in world.indexed(NEW)} == {"p1", "p2", "p3", "p4"}


@pytest.mark.parametrize("model", ["unknown"])
def test_a_pack_that_the_function_has_not_is_refused_and_changes_nothing(world: Enrolling, model: str) -> None:
    ended = world.run(world.job(Kind.REEMBEDDING, model=model))
    assert ended.failure is not None
    assert ended.failure.code == "PACK_MISMATCH"
    assert (world.people.pack(OWNER), world.indexed()) == (PACK, ALL)


def test_two_new_packs_at_once_are_a_conflict_for_one(world: Enrolling) -> None:
    choose = world.people.choose_pack

    def another_first(owner: str, pack: str, *, instead_of: str | None) -> str:
        if pack == NEW:
            choose(owner, "third", instead_of=PACK)
        return choose(owner, pack, instead_of=instead_of)

    world.people.choose_pack = another_first  # type: ignore[method-assign]
    ended = world.run(world.job(Kind.REEMBEDDING, model=NEW))
    assert ended.failure is not None
    assert ended.failure.code == "CONFLICT"
    assert world.indexed() == ALL, "nothing is dropped"


def test_a_turn_that_takes_too_long_leaves_the_rest_to_the_next(world: Enrolling) -> None:
    read = world.reader.read

    def slowly(owner: str, source: Any, *, pack: str | None = None) -> Any:
        world.clock.advance(3 * MINUTE)
        return read(owner, source, pack=pack)

    world.reader.read = slowly  # type: ignore[method-assign]
    job = world.job(Kind.REEMBEDDING, items=10, model=NEW)
    assert world.run(job).state is State.PENDING
    before = len(world.indexed(NEW))
    assert 4 <= before < 10
    world.reader.read = read  # type: ignore[method-assign]
    assert world.result(job)["faces"] == 10 - before


def test_an_owner_without_faces_has_the_new_pack_from_now_on() -> None:
    world = Enrolling()
    world.models[NEW] = Mirrored(pack=NEW)
    assert reembed(world) == {"model": NEW, "faces": 0, "failed": []}
    assert world.people.pack(OWNER) == NEW


def test_boxes_overlap_by_what_they_share() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1.0
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0.0
