"""`darkroom jobs`: look at jobs, and send what landed in a dead-letter queue again."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from darkroom import wiring
from darkroom.domain.jobs import State, is_job_id
from darkroom.domain.limits import JOB_KEPT, PAGE_MAXIMUM
from darkroom.domain.redaction import redacted
from darkroom.domain.times import iso
from darkroom.entry.commands import add_stack_options, named_stack
from darkroom.errors import NotFoundError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from darkroom.domain.jobs import Job
    from darkroom.ports import JobStore

QUEUES: Final = {
    "detect": ("DeadLetterQueueUrl", "QueueUrl"),
    "generation": ("GenerationDeadLetterQueueUrl", "GenerationQueueUrl"),
    "face": ("FaceDeadLetterQueueUrl", "FaceQueueUrl"),
    "face-upload": ("FaceUploadsDeadLetterQueueUrl", "FaceUploadsQueueUrl"),
    "index": ("IndexDeadLetterQueueUrl", "IndexQueueUrl"),
    "webhook": ("WebhookDeadLetterQueueUrl", "WebhookQueueUrl"),
}
"""The stack's outputs that hold the URLs of a dead-letter queue and of the queue that it belongs to."""


def register(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands = groups.add_parser("jobs", help="look at jobs, and redrive dead letters").add_subparsers(
        dest="command", required=True, metavar="redrive|show|list"
    )

    redrive = commands.add_parser("redrive", help="send the messages of a dead-letter queue again")
    redrive.add_argument("--queue", choices=QUEUES, action="append", help="which one, repeatable; all without")
    redrive.set_defaults(run=_redrive)

    show = commands.add_parser("show", help="show everything about one job but what it was asked and what it made")
    show.add_argument("job_id")
    show.set_defaults(run=_show)

    listing = commands.add_parser("list", help="show an owner's jobs of the last day, newest first")
    listing.add_argument("--owner", required=True)
    listing.add_argument("--status", type=State, choices=list(State), help="only those in this state")
    listing.add_argument("--limit", type=int, default=20, metavar="N", help="how many; 20 without")
    listing.set_defaults(run=_list)

    for parser in (redrive, show, listing):
        add_stack_options(parser)


def _redrive(options: argparse.Namespace) -> int:
    for name in options.queue or QUEUES:
        dead, queue = QUEUES[name]
        letters = wiring.operated_dead_letters(*named_stack(options), dead=dead, queue=queue)
        waiting = letters.waiting()
        moved = 0
        if waiting:
            print(f"{name}: about {waiting} to move", file=sys.stderr)
            moved = letters.move_back(partial(_tell, name))
        print(f"{name}  {moved}")
    return 0


def _tell(name: str, so_far: int) -> None:
    print(f"{name}: {so_far} moved", file=sys.stderr)


def _show(options: argparse.Namespace) -> int:
    return show(wiring.operated_jobs(*named_stack(options)), options.job_id)


def show(store: JobStore, job_id: str) -> int:
    """Print one job. Raises NotFoundError."""
    job = store.get(job_id) if is_job_id(job_id) else None
    if job is None:
        raise NotFoundError(
            "Job not found",
            fix="Check the id and the stack; `darkroom jobs list --owner OWNER` shows the jobs of the last day.",
        )
    lines = [*_facts(job), *_steps(store, job.job_id), *_webhook(store, job.job_id)]
    width = max(len(name) for name, _ in lines)
    print("\n".join(f"{name:{width}}  {redacted(value)}" for name, value in lines))
    return 0


def _facts(job: Job) -> Iterator[tuple[str, str]]:
    yield "job", job.job_id
    yield "owner", job.owner
    yield "kind", job.kind
    yield "state", f"{job.state}, {job.progress} % of {job.items}"
    yield "created", iso(job.created_at)
    yield "updated", iso(job.updated_at)
    if job.ended_at is not None:
        yield "ended", iso(job.ended_at)
    if job.lease is not None:
        yield "lease", f"until {iso(job.lease.until)}"
    yield "workers", f"{job.leases}, of which {job.losses} lost"
    if job.due_at is not None:
        yield "sweeper", f"looks at it {iso(job.due_at)}"
    yield "cost", f"{job.cost.usd:.6f} USD, estimated at {job.estimate.usd:.6f}"
    if job.result is not None:
        yield "result", f"{job.result.size} bytes in {job.result.key or 'the table'}"
    if job.failure is not None:
        yield "failure", f"{job.failure.code}: {job.failure.message}"


def _steps(store: JobStore, job_id: str) -> Iterator[tuple[str, str]]:
    for attempt in store.attempts(job_id):
        outcome = "no outcome" if attempt.outcome is None else "done"
        yield f"step {attempt.step}", f"begun {attempt.attempts} times, {outcome}"


def _webhook(store: JobStore, job_id: str) -> Iterator[tuple[str, str]]:
    delivery = store.delivery(job_id)
    if delivery is None:
        return
    again = "" if delivery.due_at is None else f", looked at again {iso(delivery.due_at)}"
    yield "webhook", f"{delivery.state}, {delivery.message_id}{again}"
    for made in delivery.log:
        yield f"webhook {iso(made.at)}", f"{made.status or '-'} in {made.duration} ms: {made.note}"


def _list(options: argparse.Namespace) -> int:
    since = wiring.clock().now() - JOB_KEPT
    store = wiring.operated_jobs(*named_stack(options))
    return list_jobs(store, options.owner, since=since, state=options.status, most=options.limit)


def list_jobs(store: JobStore, owner: str, *, since: int, state: State | None, most: int) -> int:
    """Print an owner's jobs, or that there are none, which is no failure."""
    shown, cursor = 0, None
    while shown < most:
        page = store.list(
            owner, since=since, state=state, kind=None, cursor=cursor, limit=min(most - shown, PAGE_MAXIMUM)
        )
        for job in page.jobs:
            print(f"{job.job_id}  {iso(job.created_at)}  {job.kind:10}  {job.state:10}  {job.progress:3} %")
        shown, cursor = shown + len(page.jobs), page.cursor
        if cursor is None:
            break
    if not shown:
        print(f"{owner} has no {f'{state} ' if state else ''}jobs of the last day", file=sys.stderr)
    return 0
