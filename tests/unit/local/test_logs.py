"""What a developer sees of the functions' logs: their words, without the platform's lines and without metrics."""

from __future__ import annotations

import json

import pytest

from local.logs import Line, read


def test_a_structured_line_shows_its_message_and_what_is_its_own() -> None:
    record = {
        "level": "INFO",
        "location": "submit:12",
        "message": "job created",
        "timestamp": "2026-01-02T03:04:05Z",
        "service": "receiver",
        "cold_start": True,
        "function_name": "darkroom-local-receiver",
        "xray_trace_id": "1-2",
        "job_id": "j1",
    }
    assert read(json.dumps(record), 7, "receiver") == Line(7, "receiver", "INFO", "job created job_id=j1")


@pytest.mark.parametrize(
    "message",
    [
        "START RequestId: 1",
        "END RequestId: 1",
        "REPORT RequestId: 1\tDuration: 3 ms",
        "",
        "\n",
        '{"_aws": {}, "jobs": 1}',
    ],
)
def test_the_platforms_lines_and_metrics_are_left_out(message: str) -> None:
    assert read(message, 0, "status") is None


@pytest.mark.parametrize("message", ["Traceback (most recent call last):", "[1, 2]", "3", "null", "{broken"])
def test_whatever_else_a_function_prints_is_shown_as_it_is(message: str) -> None:
    assert read(message + "\n", 0, "status") == Line(0, "status", "", message)
