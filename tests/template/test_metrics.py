"""The template watches metrics that the functions write, under the dimensions that they write them with."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from darkroom.domain.jobs import Job, Kind, State
from darkroom.observability import NAMESPACE, EmfMeter, emit

from tests.template.stack import ALARM, FUNCTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from tests.template.stack import Stack

Watched = tuple[str, frozenset[str]]
JOB = Job("j", "o", Kind.DETECTION, {}, created_at=1, deadline=2, write_id="w", state=State.COMPLETED)


def written(capsys: pytest.CaptureFixture[str]) -> set[Watched]:
    """Every metric of the functions: its name and one of its sets of dimensions."""
    EmfMeter().job_ended(replace(JOB, ended_at=2))
    EmfMeter().engine_used("onnx", items=1, usd=0.0)
    EmfMeter().webhook_tried("delivered")
    for name in ("ColdStart", "UnhandledErrors", "UnreadableMessages", "RowsMended", "RowsNotMended"):
        emit({name: (1, "Count")}, {"function": "x"})
    found = set()
    for line in capsys.readouterr().out.splitlines():
        (directive,) = json.loads(line)["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == NAMESPACE
        found |= {
            (metric["Name"], frozenset(dimensions))
            for metric in directive["Metrics"]
            for dimensions in directive["Dimensions"]
        }
    return found


def watched(stack: Stack) -> Iterator[Watched]:
    """What alarms and the dashboard of the template look at in our namespace."""
    for resource in stack.resources.values():
        properties = resource.get("Properties", {})
        if resource["Type"] == ALARM:
            stats = [query.get("MetricStat", {}).get("Metric", {}) for query in properties.get("Metrics", [])]
            for metric in (properties, *stats):
                if metric.get("Namespace") == NAMESPACE:
                    yield metric["MetricName"], frozenset(each["Name"] for each in metric["Dimensions"])
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            body = json.dumps(properties["DashboardBody"]).replace("\\", "")
            for dimensions, name in re.findall(r"{Darkroom,([a-z,]+)} MetricName=\"(\w+)\"", body):
                yield name, frozenset(dimensions.split(","))
            for name, rest in re.findall(r"\"Darkroom\", \"(\w+)\", ([^{\]]*)", body):
                yield name, frozenset(re.findall(r"\"(\w+)\"", rest)[::2])


def test_what_is_watched_is_written(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    names = {name for name, _ in watched(stack)}
    assert {"JobsEnded", "JobCost", "JobDuration", "ColdStart", "EngineCost", "WebhookTries"} <= names
    assert set(watched(stack)) - written(capsys) == set()


def test_a_function_is_watched_under_the_name_that_lambda_tells_it(stack: Stack) -> None:
    functions = {name for name, resource in stack.resources.items() if resource["Type"] == FUNCTION}
    watched = [
        dimension["Value"]
        for resource in stack.resources.values()
        if resource["Type"] == ALARM and resource["Properties"].get("Namespace") == NAMESPACE
        for dimension in resource["Properties"]["Dimensions"]
        if dimension["Name"] == "function"
    ]
    assert watched
    assert [value for value in watched if value not in [{"Ref": name} for name in functions]] == []
