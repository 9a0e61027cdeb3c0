"""Every call of an enrolment, an erasure and a re-embedding, struck once by every fault, and met by an erasure.

What is struck is a worker: killed before or after the call was carried out, told of trouble before it, or of trouble
after it was carried out all the same. Whatever befell, jobs are then run to their end, as queue and sweeper would have
it, and once more (a message may come twice), and the world must be as if nothing had happened.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.faces import MemoryFaces
from darkroom.adapters.memory.people import MemoryFaceIndex, MemoryFaceTables, MemoryPeopleStore
from darkroom.adapters.memory.storage import MemoryObjectStore
from darkroom.adapters.vectors.lance import LanceFaceIndex
from darkroom.domain.jobs import Kind
from darkroom.domain.limits import CLOCK_SKEW, LEASE, MINUTE
from darkroom.domain.people import WRITER_TIME, EnrolledFace, FaceState
from darkroom.errors import TransientError
from darkroom.usecases import enrolment, erasure
from darkroom.usecases.erasure import Swept

from tests.enrolling import OWNER, PACK, Enrolling, picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from darkroom.domain.jobs import Job

FAR = 1 << 50
NEW = "newer"


class Fault(StrEnum):
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    TROUBLE = "trouble"
    UNHEARD = "carried out and not heard"


class KilledError(BaseException):
    """The process of a worker is gone; no handler of its runs."""


class Calls:
    """Counts the calls of the ports that are struck, and does at one of them what a test wants."""

    def __init__(self) -> None:
        self.count = 0
        self.armed = False
        self.at: dict[int, Callable[[str, Callable[[], Any]], Any]] = {}
        self.dead = False
        self.made: list[str] = []

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        if self.dead:
            raise KilledError
        if not self.armed:
            return call()
        self.count += 1
        self.made.append(name)
        strike = self.at.pop(self.count, None)
        return call() if strike is None else strike(name, call)


class Struck:
    """A port of which every call may be struck."""

    def __init__(self, port: Any, calls: Calls) -> None:
        self._port = port
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        return lambda *args, **more: self._calls.around(
            f"{type(self._port).__name__}.{name}", lambda: found(*args, **more)
        )


class World(Enrolling):
    """Ada, of whom two faces are enrolled at once, and Bob, who was there before and stays."""

    def __init__(self, folder: Path | None = None) -> None:
        clock = MemoryClock()
        self.calls = Calls()
        self.rows, self.bucket = MemoryPeopleStore(), MemoryObjectStore("media")
        self.vectors = (
            MemoryFaceIndex(clock) if folder is None else LanceFaceIndex(str(folder), MemoryFaceTables(), clock)
        )
        super().__init__(
            clock=clock,
            people=Struck(self.rows, self.calls),
            index=Struck(self.vectors, self.calls),
            objects=Struck(self.bucket, self.calls),
        )
        self.reader = Struck(self.reader, self.calls)
        self.models[NEW] = MemoryFaces(pack=NEW)
        self.enrol(240, "old", "bob")
        self.person()

    def two_faces(self) -> Job:
        return self.enrolment_job(self.sent(picture(10), "a"), self.sent(picture(120), "b"))

    def struck(self, job: Job, number: int, fault: Fault) -> None:
        """A worker's turn at the job, whose call of this number is struck."""

        def strike(_name: str, call: Callable[[], Any]) -> Any:
            if fault in {Fault.KILLED_AFTER, Fault.UNHEARD}:
                call()
            if fault in {Fault.KILLED_AFTER, Fault.KILLED_BEFORE}:
                self.calls.dead = True
                raise KilledError
            raise TransientError("Struck")

        self.calls.at = {number: strike}
        self.turn(job)

    def turn(self, job: Job) -> None:
        self.calls.count, self.calls.armed = 0, True
        try:
            self.runner().run(job.job_id, self.work, 1)
        except KilledError:
            pass
        finally:
            self.calls.armed = self.calls.dead = False

    def finish(self, *jobs: Job) -> None:
        """What queue and sweeper bring about: turns at what has not ended, once leases have run out."""
        self.calls.at = {}
        for job in jobs:
            for _ in range(10):
                self.run(job)
                found = self.jobs.get(job.job_id)
                assert found is not None
                if found.state.terminal:
                    break
                self.clock.advance(LEASE + CLOCK_SKEW)
            else:
                pytest.fail(f"{job.kind} did not end")
            self.run(job)

    def is_bob_untouched(self) -> bool:
        return (
            self.alike(240) == [("bob", "old")]
            and self.stored("bob") == ["old/crop.jpg", "old/original"]
            and [face.state for face in self.people.faces(OWNER, "bob")] == [FaceState.ENROLLED]
        )

    def is_ada_enrolled_once(self, pack: str = PACK) -> bool:
        person = self.people.get(OWNER, "ada")
        return (
            person is not None
            and person.faces == 2
            and [(face.face_id, face.state, face.until) for face in self.people.faces(OWNER, "ada")]
            == [("a", FaceState.ENROLLED, 0), ("b", FaceState.ENROLLED, 0)]
            and [key for key in self.indexed(pack) if key[0] == "ada"] == [("ada", "a"), ("ada", "b")]
            and (self.alike(10, pack), self.alike(120, pack)) == ([("ada", "a")], [("ada", "b")])
            and self.stored() == ["a/crop.jpg", "a/original", "b/crop.jpg", "b/original"]
        )


def calls_of(make: Callable[[World], Job], folder: Path | None = None) -> int:
    """How many calls an untroubled turn makes."""
    world = World(folder)
    world.turn(make(world))
    assert world.calls.count >= 5
    return world.calls.count


def enrolled(world: World) -> None:
    world.finish(world.two_faces())
    assert world.is_ada_enrolled_once()


def erasing(world: World) -> Job:
    enrolled(world)
    return world.job(Kind.ERASURE, personId="ada")


def erasing_a_face(world: World) -> Job:
    enrolled(world)
    return world.job(Kind.ERASURE, personId="ada", faceId="a")


def reembedding(world: World) -> Job:
    enrolled(world)
    return world.job(Kind.REEMBEDDING, items=3, model=NEW)


def each(make: Callable[[World], Job], fault: Fault) -> list[tuple[World, Job, int]]:
    """A world for each call of the job, with that call struck and the job run to its end after it."""
    worlds = []
    for number in range(1, calls_of(make) + 1):
        world = World()
        job = make(world)
        world.struck(job, number, fault)
        worlds.append((world, job, number))
    return worlds


@pytest.mark.parametrize("fault", list(Fault))
def test_an_enrolment_that_is_struck_anywhere_enrols_each_face_once(fault: Fault) -> None:
    for world, job, number in each(World.two_faces, fault):
        world.finish(job)
        assert world.is_ada_enrolled_once(), number
        assert world.is_bob_untouched(), number
        assert world.sweeper.sweep(until=FAR) == Swept(), number


@pytest.mark.parametrize("fault", list(Fault))
def test_of_a_person_who_is_erased_after_an_enrolment_was_struck_nothing_is_left(fault: Fault) -> None:
    for world, job, number in each(World.two_faces, fault):
        began = world.clock.now()
        world.finish(world.job(Kind.ERASURE, personId="ada"))
        assert world.is_nothing_left(), number
        assert world.clock.now() - began <= MINUTE, number
        world.finish(job)
        assert world.is_nothing_left(), number
        assert world.is_bob_untouched(), number
        assert world.sweeper.sweep(until=FAR) == Swept(), number


@pytest.mark.parametrize("fault", list(Fault))
def test_an_erasure_that_is_struck_anywhere_leaves_nothing(fault: Fault) -> None:
    for world, job, number in each(erasing, fault):
        world.finish(job)
        assert world.is_nothing_left(), number
        assert world.is_bob_untouched(), number


@pytest.mark.parametrize("fault", list(Fault))
def test_the_erasure_of_a_face_that_is_struck_anywhere_leaves_the_other(fault: Fault) -> None:
    for world, job, number in each(erasing_a_face, fault):
        world.finish(job)
        assert world.stored() == ["b/crop.jpg", "b/original"], number
        assert world.indexed() == [("ada", "b"), ("bob", "old")], number
        person = world.people.get(OWNER, "ada")
        assert person is not None
        assert person.faces == len(world.people.faces(OWNER, "ada")) == 1, number


@pytest.mark.parametrize("fault", list(Fault))
def test_a_reembedding_that_is_struck_anywhere_embeds_each_face_and_drops_the_old(fault: Fault) -> None:
    for world, job, number in each(reembedding, fault):
        world.finish(job)
        assert world.is_ada_enrolled_once(NEW), number
        assert world.alike(240, NEW) == [("bob", "old")], number
        assert list(world.index.packs(OWNER)) == [NEW], number
        assert world.sweeper.sweep(until=FAR) == Swept(), number


# --- met by another worker --------------------------------------------------------------------------------------------


def met(make: Callable[[World], Job], other: Callable[[World], None]) -> list[tuple[World, Job, int]]:
    """A world for each call of the job, before which another worker does all that it has to do.

    To the job's worker it looks as if it had been asleep for that long.
    """
    worlds = []
    for number in range(1, calls_of(make) + 1):
        world = World()
        job = make(world)

        def meanwhile(_name: str, call: Callable[[], Any], world: World = world) -> Any:
            world.calls.armed = False
            other(world)
            world.calls.armed = True
            return call()

        world.calls.at = {number: meanwhile}
        world.turn(job)
        worlds.append((world, job, number))
    return worlds


def erase_ada(world: World) -> None:
    began = world.clock.now()
    world.erasure.erase_person(OWNER, "ada")
    assert world.is_nothing_left()
    assert world.clock.now() - began <= MINUTE


def test_an_erasure_at_any_point_of_an_enrolment_leaves_nothing_behind_but_what_the_sweep_finds() -> None:
    """A worker that sleeps through an erasure, which waits for it as long as it may write, is a zombie after it. The
    one call that it was about to make goes through; whatever it then finds, it undoes or leaves to the sweep."""
    for world, job, number in met(World.two_faces, erase_ada):
        world.finish(job)
        world.sweeper.sweep(until=FAR)
        assert world.is_nothing_left(), number
        assert world.is_bob_untouched(), number
        assert not list(world.rows.faces(OWNER, "ada")), number


def test_an_erasure_that_begins_at_any_point_of_an_enrolment_is_final_when_it_ends() -> None:
    """The worker is not asleep: the erasure begins at one of its calls, waits, and ends when the worker is done."""
    for number in range(1, calls_of(World.two_faces) + 1):
        world = World()
        job = world.two_faces()

        def begun(_name: str, call: Callable[[], Any], world: World = world) -> Any:
            world.rows.begin_erasure(OWNER, "ada", now=world.clock.now())
            return call()

        world.calls.at = {number: begun}
        world.turn(job)
        world.finish(world.job(Kind.ERASURE, personId="ada"))
        assert world.is_nothing_left(), number
        assert world.sweeper.sweep(until=FAR) == Swept(), number
        world.finish(job)
        assert world.is_nothing_left(), number


def test_the_erasure_of_a_face_at_any_point_of_its_enrolment_leaves_all_of_it_or_nothing() -> None:
    for world, job, number in met(World.two_faces, lambda world: world.erasure.erase_face(OWNER, "ada", "a")):
        world.finish(job)
        world.sweeper.sweep(until=FAR)
        rows = {face.face_id for face in world.people.faces(OWNER, "ada")}
        assert {face for person, face in world.indexed() if person == "ada"} == rows, number
        assert {name.split("/")[0] for name in world.stored()} == rows, number
        assert "b" in rows, number
        person = world.people.get(OWNER, "ada")
        assert person is not None
        assert person.faces == len(rows), number


def test_another_workers_enrolment_of_the_same_faces_at_any_point_leaves_each_once() -> None:
    def other(world: World) -> None:
        job = world.two_faces()
        world.clock.advance(MINUTE)  # the first one's time is over
        world.finish(job)

    for world, job, number in met(World.two_faces, other):
        world.finish(job)
        assert world.is_ada_enrolled_once(), number
        assert world.sweeper.sweep(until=FAR) == Swept(), number


def test_an_enrolment_at_any_point_of_a_reembedding_is_found_after_it() -> None:
    def enrols(world: World) -> None:
        world.finish(world.enrolment_job(world.sent(picture(60), "c", "bob"), person_id="bob"))

    for world, job, number in met(reembedding, enrols):
        world.finish(job)
        pack = world.people.pack(OWNER)
        assert pack == NEW, number
        assert world.alike(60, NEW) == [("bob", "c")], number
        assert world.is_ada_enrolled_once(NEW), number


def test_an_erasure_at_any_point_of_a_reembedding_leaves_nothing_behind_but_what_the_sweep_finds() -> None:
    for world, job, number in met(reembedding, erase_ada):
        world.finish(job)
        world.sweeper.sweep(until=FAR)
        assert world.is_nothing_left(), number
        assert world.alike(240, NEW) == [("bob", "old")], number


def test_what_a_worker_writes_in_its_time_while_an_erasure_waits_is_erased() -> None:
    """The write is on its way when the erasure begins, is carried out seconds later, and is the worker's last."""
    quiet = World()
    quiet.turn(quiet.two_faces())
    writes = [number for number, name in enumerate(quiet.calls.made, 1) if name.endswith((".put", ".write"))]
    assert len(writes) == 6
    for number in writes:
        world = World()
        job = world.two_faces()

        def erased(_name: str, call: Callable[[], Any], world: World = world) -> Any:
            world.calls.armed = False
            sleep, left = world.clock.sleep, [call]

            def meanwhile(milliseconds: int) -> None:
                sleep(milliseconds)
                while left:
                    left.pop()()

            world.clock.sleep = meanwhile
            erase_ada(world)
            while left:
                left.pop()()
            world.calls.dead = True
            raise KilledError

        world.calls.at = {number: erased}
        world.turn(job)
        assert world.is_nothing_left(), number


@pytest.mark.parametrize("slow", [False, True])
def test_a_switch_of_packs_at_any_point_of_an_enrolment_loses_no_face(slow: bool) -> None:
    """A worker whose time is over when the old model has answered is not waited for, and goes on."""

    def switches(world: World) -> None:
        world.result(world.job(Kind.REEMBEDDING, items=3, model=NEW))

    def begins(world: World) -> Job:
        read = world.models[PACK].faces

        def slowly(pixels: Any) -> Any:
            world.clock.advance(WRITER_TIME)
            return read(pixels)

        if slow:
            world.models[PACK].faces = slowly  # type: ignore[method-assign]
        return world.two_faces()

    for world, job, number in met(begins, switches):
        world.finish(job)
        assert world.is_ada_enrolled_once(NEW), number
        assert world.alike(240, NEW) == [("bob", "old")], number


# --- on LanceDB -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.KILLED_AFTER, Fault.UNHEARD])
def test_the_same_on_lancedb(tmp_path: Path, fault: Fault) -> None:
    total = calls_of(World.two_faces, tmp_path / "quiet")
    for number in range(1, total + 1, 3):
        world = World(tmp_path / f"{number}")
        job = world.two_faces()
        world.struck(job, number, fault)
        if number % 2:
            world.finish(job)
            assert world.is_ada_enrolled_once(), number
        world.finish(world.job(Kind.ERASURE, personId="ada"))
        assert world.is_nothing_left(), number
        assert world.is_bob_untouched(), number


# --- planted bugs -----------------------------------------------------------------------------------------------------


def test_an_erasure_that_does_not_wait_for_writers_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure.ErasureWork, "_unwritten", lambda _self, rows, _check: rows())
    with pytest.raises(AssertionError):
        test_what_a_worker_writes_in_its_time_while_an_erasure_waits_is_erased()


def test_rows_that_fence_nobody_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def unfenced(self: MemoryPeopleStore, face: EnrolledFace) -> None:
        """Finishes a face whoever its person is by now."""
        rows = self._faces.setdefault((face.owner, face.person_id), {})
        rows[face.face_id] = replace(face, state=FaceState.ENROLLED, until=0)

    monkeypatch.setattr(MemoryPeopleStore, "finish_face", unfenced)
    with pytest.raises(AssertionError):
        test_an_erasure_at_any_point_of_an_enrolment_leaves_nothing_behind_but_what_the_sweep_finds()


def test_a_worker_that_does_not_look_at_the_pack_again_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(self: enrolment.EnrolmentWork, *arguments: Any) -> EnrolledFace:
        """Believes what it was told first for as long as a face takes."""
        people = self._people
        self._people = Believing(people)
        try:
            return completed(self, *arguments)
        finally:
            self._people = people

    completed = enrolment.EnrolmentWork._completed
    monkeypatch.setattr(enrolment.EnrolmentWork, "_completed", once)
    with pytest.raises(AssertionError):
        test_a_switch_of_packs_at_any_point_of_an_enrolment_loses_no_face(slow=True)


class Believing:
    """A store that for ever says the pack that it said when one was chosen."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._pack: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def pack(self, _owner: str) -> str | None:
        return self._pack

    def choose_pack(self, owner: str, pack: str, *, instead_of: str | None) -> str:
        self._pack = self._pack or self._store.choose_pack(owner, pack, instead_of=instead_of)
        return self._pack
