"""What the functions of a running stack write, as they write it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PLATFORM: Final = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START", "INIT_REPORT")
LATE_MILLISECONDS: Final = 30_000
EVERY_LINE_HAS: Final = frozenset(
    {"level", "message", "timestamp", "service", "function", "location", "cold_start", "sampling_rate", "xray_trace_id"}
)


@dataclass(frozen=True, slots=True)
class Line:
    at: int
    function: str
    level: str
    text: str


class Tail:
    """Follows the log groups of one stack from now on."""

    def __init__(self, stack: Stack) -> None:
        self._logs = stack.client("logs")
        self._prefix = f"/aws/lambda/{stack.stack_name}-"
        self._start = int(time.time() * 1000)
        self._seen: set[tuple[str, int, str]] = set()

    def poll(self) -> list[Line]:
        """Lines that are new since the last poll, oldest first; metrics and the platform's own lines left out."""
        lines = []
        for group in self._logs.describe_log_groups(logGroupNamePrefix=self._prefix)["logGroups"]:
            name = group["logGroupName"]
            for event in self._events(name):
                # The emulator's events have no ids.
                told = (event["logStreamName"], event["timestamp"], event["message"])
                if told in self._seen:
                    continue
                self._seen.add(told)
                if line := read(event["message"], event["timestamp"], name.removeprefix(self._prefix)):
                    lines.append(line)
        return sorted(lines, key=lambda line: line.at)

    def _events(self, group: str) -> Iterator[dict[str, Any]]:
        # A line may arrive a while after the time that it bears: the last seconds are asked for each time anew.
        since = max(self._start, int(time.time() * 1000) - LATE_MILLISECONDS)
        asked: dict[str, Any] = {"logGroupName": group, "startTime": since}
        while True:
            page = self._logs.filter_log_events(**asked)
            yield from page["events"]
            if not page.get("nextToken"):
                return
            asked["nextToken"] = page["nextToken"]


def read(message: str, at: int, function: str) -> Line | None:
    """One log event as a line to show; None for what nobody watching wants to see."""
    text = message.rstrip()
    if not text or text.startswith(PLATFORM):
        return None
    try:
        record = json.loads(text)
    except ValueError:
        return Line(at, function, "", text)
    if not isinstance(record, dict) or "_aws" in record:
        return None if isinstance(record, dict) else Line(at, function, "", text)
    rest = " ".join(
        f"{name}={value}"
        for name, value in record.items()
        if name not in EVERY_LINE_HAS and not name.startswith("function_")
    )
    return Line(at, function, str(record.get("level", "")), f"{record.get('message', '')} {rest}".strip())
