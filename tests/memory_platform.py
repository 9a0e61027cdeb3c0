"""The core of jobs on parts in memory, in virtual time, with a store that fails where a test says so."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.adapters.memory.messages import MemoryMeter, MemoryQueue
from darkroom.adapters.memory.storage import MemoryObjectStore
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.domain.jobs import Cost, Kind
from darkroom.domain.limits import MINUTE, SECOND
from darkroom.entry.queue import consume
from darkroom.errors import TransientError
from darkroom.ports import Fetched
from darkroom.usecases.endings import Endings
from darkroom.usecases.jobs import Jobs
from darkroom.usecases.running import Disposition, JobRunner
from darkroom.usecases.submission import Submission, Submissions
from darkroom.usecases.sweeping import Sweeper
from darkroom.usecases.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.domain.jobs import Job
    from darkroom.usecases.running import Run, Work
    from darkroom.usecases.sweeping import Swept

OWNER = "owner"
HOOK = "https://hooks.example/darkroom"


class FlakyJobStore(MemoryJobStore):
    """`trouble["claim"] = 2` has the next two claims fail before they change anything; in `unheard` they fail after."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: Counter[str] = Counter()
        self.unheard: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        method = super().__getattribute__(name)
        if name.startswith("_") or name in {"trouble", "unheard"}:
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.trouble[name] > 0:
                self.trouble[name] -= 1
                raise TransientError("The table did not answer")
            answer = method(*args, **kwargs)
            if self.unheard[name] > 0:
                self.unheard[name] -= 1
                raise TransientError("The table's answer was lost")
            return answer

        return call


class Doing:
    """A work that is one function of its run."""

    def __init__(self, do: Callable[[Run], object]) -> None:
        self._do = do

    def run(self, run: Run) -> object:
        return self._do(run)


class Platform:
    def __init__(self) -> None:
        self.clock = MemoryClock()
        self.store = FlakyJobStore()
        self.objects = MemoryObjectStore()
        self.queue = MemoryQueue(self.clock, visibility=30 * MINUTE)
        self.hooks = MemoryQueue(self.clock)
        self.meter = MemoryMeter()
        self.web = MemoryFetcher({HOOK: Fetched(HOOK, 200, {}, b"")})
        self.endings = Endings(store=self.store, webhooks=self.hooks, clock=self.clock, meter=self.meter)
        self.submissions = Submissions(store=self.store, queues={Kind.DETECTION: self.queue}, clock=self.clock)
        self.jobs = Jobs(store=self.store, objects=lambda: self.objects, endings=lambda: self.endings, clock=self.clock)
        self.webhooks = Webhooks(
            jobs=self.store,
            fetcher=self.web,
            queue=self.hooks,
            master=lambda: "master",
            clock=self.clock,
            meter=self.meter,
        )

    def submit(self, **fields: Any) -> Job:
        given: dict[str, Any] = {
            "owner": OWNER,
            "kind": Kind.DETECTION,
            "request": {"imageUrls": ["s3://media/a.jpg"]},
            "items": 1,
            "estimate": Cost(usd=0.001),
            **fields,
        }
        return self.submissions.submit(Submission(**given))

    def runner(self) -> JobRunner:
        """A process of its own."""
        return JobRunner(
            store=self.store,
            objects=self.objects,
            endings=self.endings,
            clock=self.clock,
            heartbeat=lambda _: nullcontext(),
            gigabytes=1.0,
        )

    def run(self, job: Job, work: Work | Callable[[Run], object], receive_count: int = 1) -> Disposition:
        doing = Doing(work) if callable(work) else work
        return self.runner().run(job.job_id, doing, receive_count)

    def work_off(self, work: Callable[[Run], object]) -> int:
        """Hand what the queue has now to a worker; how many messages that were."""

        def handle(job_id: str, receive_count: int) -> bool:
            return self.runner().run(job_id, Doing(work), receive_count) is Disposition.DONE

        return self.queue.pump(lambda event: consume(event, handle, queue=lambda: self.queue))

    def sweeper(self) -> Sweeper:
        return Sweeper(
            store=self.store,
            objects=self.objects,
            queues={Kind.DETECTION: self.queue},
            endings=self.endings,
            webhooks=self.webhooks,
            clock=self.clock,
        )

    def sweep(self) -> Swept:
        return self.sweeper().sweep(until=self.clock.now() + 35 * SECOND)

    def read(self, job: Job) -> Job:
        found = self.store.get(job.job_id)
        assert found is not None
        return found
