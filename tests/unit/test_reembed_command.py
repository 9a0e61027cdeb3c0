"""`darkroom faces reembed`: each owner's job is begun or joined, followed, and told of."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.faces import MemoryFaces
from darkroom.adapters.memory.messages import MemoryQueue
from darkroom.adapters.memory.people import MemoryFaceTables
from darkroom.domain.jobs import Kind, State
from darkroom.entry.cli import main
from darkroom.entry.commands.faces import reembed
from darkroom.errors import TransientError
from darkroom.usecases.endings import Endings
from darkroom.usecases.jobs import Jobs
from darkroom.usecases.reembedding import Reembeddings
from darkroom.usecases.submission import Submissions

from tests.enrolling import OWNER, Enrolling, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEW = "newer"


class Operated:
    """An operator's terminal, while a worker looks at the queue whenever the operator waits."""

    def __init__(self) -> None:
        self.world = world = Enrolling()
        for hue in (10, 120, 240):
            world.enrol(hue, f"f{hue}")
        world.models[NEW] = MemoryFaces(pack=NEW)
        self.queue = MemoryQueue(world.clock)
        self.tables = MemoryFaceTables()
        self.tables.open(OWNER, "colours", maker="x")
        self.work: Callable[[], None] = self.turn
        sleep = world.clock.sleep
        self._asleep = False

        def meanwhile(milliseconds: int) -> None:
            sleep(milliseconds)
            if not self._asleep:
                self._asleep = True
                self.work()
                self._asleep = False

        world.clock.sleep = meanwhile
        self.reembeddings = Reembeddings(
            jobs=Jobs(
                store=world.jobs,
                objects=lambda: world.objects,
                endings=lambda: Endings(
                    store=world.jobs, webhooks=world.webhooks, clock=world.clock, meter=world.meter
                ),
                clock=world.clock,
            ),
            submissions=Submissions(store=world.jobs, queues={Kind.REEMBEDDING: self.queue}, clock=world.clock),
            people=world.people,
            tables=self.tables,
            clock=world.clock,
        )

    def jobs(self) -> list[Any]:
        return [job for job in self.world.jobs._jobs.values() if job.kind is Kind.REEMBEDDING]

    def turn(self) -> None:
        for job in self.jobs():
            if not job.state.terminal:
                self.world.run(job)


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """The worker runs elsewhere, and its log is none of what the terminal shows."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def operated() -> Operated:
    return Operated()


def test_an_owners_faces_are_embedded_and_it_is_told(operated: Operated, capsys: pytest.CaptureFixture[str]) -> None:
    assert reembed(operated.reembeddings, NEW, [OWNER]) == 0
    out, err = capsys.readouterr()
    assert out == f"{OWNER}  {NEW}\n"
    assert err.splitlines() == [f"{OWNER}: 0 % of 3 faces", f"{OWNER}: 100 % of 3 faces"]
    assert operated.world.people.pack(OWNER) == NEW


def test_everybody_is_whoever_has_vectors(operated: Operated, capsys: pytest.CaptureFixture[str]) -> None:
    operated.tables.open("another", "colours", maker="x")
    assert reembed(operated.reembeddings, NEW, None) == 0
    assert capsys.readouterr().out == f"{OWNER}  {NEW}\nanother  {NEW}\n"


def test_a_job_that_is_under_way_is_joined(operated: Operated) -> None:
    job = operated.world.job(Kind.REEMBEDDING, items=3, model=NEW)
    assert reembed(operated.reembeddings, NEW, [OWNER]) == 0
    assert [each.job_id for each in operated.jobs()] == [job.job_id]


def test_a_job_that_ran_out_of_time_is_followed_by_another(operated: Operated) -> None:
    turns: list[int] = []

    def tired() -> None:
        turns.append(1)
        if len(turns) == 1:
            for job in operated.jobs():
                operated.world.jobs.end(job.job_id, state=State.EXPIRED, now=operated.world.clock.now())
        else:
            operated.turn()

    operated.work = tired
    assert reembed(operated.reembeddings, NEW, [OWNER]) == 0
    assert sorted(job.state for job in operated.jobs()) == [State.COMPLETED, State.EXPIRED]


def test_faces_that_the_new_model_does_not_find_are_told_one_by_one(
    operated: Operated, capsys: pytest.CaptureFixture[str]
) -> None:
    row = operated.world.people.faces(OWNER, "ada")[1]
    operated.world.objects.write(row.original_key, picture(), content_type="image/png")
    assert reembed(operated.reembeddings, NEW, [OWNER]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{OWNER}  {NEW}, 1 faces without a vector"
    assert out[1].startswith("  ada f120: NO_FACE, ")


def test_a_pack_that_is_not_there_is_told_with_its_fix(operated: Operated, capsys: pytest.CaptureFixture[str]) -> None:
    assert reembed(operated.reembeddings, "unknown", [OWNER]) == 1
    assert capsys.readouterr().out.startswith(f"{OWNER}  failed: PACK_MISMATCH, ")


def test_trouble_while_looking_stops_the_command_and_not_the_job(operated: Operated) -> None:
    def down() -> None:
        raise TransientError("Throttled")

    operated.work = down
    with pytest.raises(TransientError):
        reembed(operated.reembeddings, NEW, [OWNER])
    operated.turn()
    assert operated.world.people.pack(OWNER) == NEW


@pytest.mark.parametrize("arguments", [["--model", "x"], ["--owner", "a"], ["--model", "x", "--owner", "a", "--all"]])
def test_whose_faces_and_which_model_have_to_be_said(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["faces", "reembed", *arguments])
