"""Messages, secrets, metrics and idempotent answers, in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain.limits import MINUTE, SECOND
from darkroom.errors import IdempotencyMismatchError, RequestInFlightError, SettingsError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from darkroom.domain.jobs import Job
    from darkroom.ports import Clock, StoredAnswer

LONGEST_DELAY: Final = 15 * MINUTE


@dataclass(slots=True)
class _Message:
    message_id: str
    receipt: str
    body: str
    visible_at: int
    receives: int = 0


class MemoryQueue:
    """Twin of SqsQueue with the queue itself: visibility, receive counts, dead letters after `max_receives`.

    `failing` makes that many sends fail on purpose; with `lost_acknowledgements` the message is kept all the same, as
    where only SQS's answer is lost. `duplicate` hands a message out a second time, as SQS may.
    """

    def __init__(self, clock: Clock, *, visibility: int = 6 * MINUTE, max_receives: int = 5) -> None:
        self._clock = clock
        self._visibility = visibility
        self._max_receives = max_receives
        self._messages: list[_Message] = []
        self._sent = 0
        self.dead: list[str] = []
        self.failing = 0
        self.lost_acknowledgements = False

    def send(self, body: str, *, delay: int = 0) -> None:
        fails = self.failing > 0
        self.failing -= fails
        if not fails or self.lost_acknowledgements:
            self._sent += 1
            name = f"message-{self._sent}"
            wait = min(-(-delay // SECOND) * SECOND, LONGEST_DELAY)
            self._messages.append(_Message(name, name, body, self._clock.now() + wait))
        if fails:
            raise TransientError("The queue did not answer")

    def put_off(self, receipt: str, *, delay: int) -> None:
        now = self._clock.now()
        for held in self._messages:
            if held.receipt == receipt and held.visible_at > now:
                held.visible_at = now + -(-delay // SECOND) * SECOND

    def waiting(self) -> int:
        now = self._clock.now()
        return sum(message.visible_at <= now for message in self._messages)

    @property
    def bodies(self) -> list[str]:
        """Of every message that is not deleted or dead, visible or not, oldest first."""
        return [message.body for message in self._messages]

    def duplicate(self, index: int = 0) -> None:
        original = self._messages[index]
        self._sent += 1
        copy = replace(original, receipt=f"copy-{self._sent}", visible_at=self._clock.now())
        self._messages.append(copy)

    def receive(self, limit: int = 10) -> dict[str, Any]:
        """The event that Lambda hands a function for the messages which are visible now, `limit` at most."""
        now = self._clock.now()
        visible = [message for message in self._messages if message.visible_at <= now]
        for message in [message for message in visible if message.receives >= self._max_receives]:
            self._messages.remove(message)
            visible.remove(message)
            self.dead.append(message.body)
        for message in visible[:limit]:
            message.receives += 1
            message.visible_at = now + self._visibility
        return {
            "Records": [
                {
                    "messageId": message.message_id,
                    "receiptHandle": message.receipt,
                    "body": message.body,
                    "attributes": {"ApproximateReceiveCount": str(message.receives)},
                    "eventSource": "aws:sqs",
                }
                for message in visible[:limit]
            ]
        }

    def settle(self, event: dict[str, Any], answer: Mapping[str, Any] | None) -> None:
        """Delete what the function's answer does not report; None stands for a function that was killed."""
        taken = {record["messageId"] for record in event["Records"]}
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]} if answer is not None else taken
        if failed - taken:  # AWS takes an unknown identifier as the failure of the whole batch
            failed = taken
        done = {record["receiptHandle"] for record in event["Records"] if record["messageId"] not in failed}
        self._messages = [message for message in self._messages if message.receipt not in done]

    def pump(self, consume: Callable[[dict[str, Any]], Mapping[str, Any]], *, limit: int = 10) -> int:
        """Hand what is visible to a function, as its event source mapping does; how many messages it got."""
        event = self.receive(limit)
        if event["Records"]:
            self.settle(event, consume(event))
        return len(event["Records"])


class MemoryDeadLetters:
    """Twin of SqsDeadLetters."""

    def __init__(self, queue: MemoryQueue) -> None:
        self._queue = queue

    def waiting(self) -> int:
        return len(self._queue.dead)

    def move_back(self, progress: Callable[[int], None]) -> int:
        moved = 0
        while self._queue.dead:
            self._queue.send(self._queue.dead[0])
            del self._queue.dead[0]
            moved += 1
            progress(moved)
        return moved


class MemorySecrets:
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def get(self, name: str) -> str:
        try:
            return self._values[name]
        except KeyError:
            raise SettingsError("There is no secret of the configured name") from None


class MemoryMeter:
    """Twin of EmfMeter: `counts` by (metric, dimensions ...), and the sums of what was spent."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.usd = 0.0

    def job_ended(self, job: Job) -> None:
        self.counts["JobsEnded", job.kind.value, job.state.value] += 1

    def engine_used(self, engine: str, *, items: int, usd: float) -> None:
        self.counts["EngineItems", engine] += items
        self.usd += usd

    def webhook_tried(self, outcome: str) -> None:
        self.counts["WebhookTries", outcome] += 1


@dataclass(slots=True)
class _Opened:
    digest: str
    until: int
    expires_at: int
    answer: StoredAnswer | None = None


class MemoryIdempotencyStore:
    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], _Opened] = {}

    def begin(self, owner: str, key: str, *, digest: str, now: int, until: int, expires_at: int) -> StoredAnswer | None:
        row = self._rows.get((owner, key))
        if row is not None and row.expires_at > now:
            if row.digest != digest:
                raise IdempotencyMismatchError("This Idempotency-Key was used with another body")
            if row.answer is not None:
                return row.answer
            if row.until > now:
                raise RequestInFlightError("The first request with this Idempotency-Key has not been answered yet")
        self._rows[owner, key] = _Opened(digest, until, expires_at)
        return None

    def finish(self, owner: str, key: str, *, digest: str, answer: StoredAnswer) -> None:
        row = self._open(owner, key, digest)
        if row is not None:
            row.answer = answer

    def lapse(self, owner: str, key: str, *, digest: str) -> None:
        row = self._open(owner, key, digest)
        if row is not None:
            row.until = 0

    def abandon(self, owner: str, key: str, *, digest: str) -> None:
        if self._open(owner, key, digest) is not None:
            del self._rows[owner, key]

    def _open(self, owner: str, key: str, digest: str) -> _Opened | None:
        row = self._rows.get((owner, key))
        return row if row is not None and row.digest == digest and row.answer is None else None
