"""Where AWS is stricter than the embedded AWS, its contract is held here, by what the functions really did."""

from __future__ import annotations

import fnmatch
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from PIL import Image

from local import overlay
from local.stack import ROOT
from tests.e2e.test_embedded import descendants

if TYPE_CHECKING:
    import httpx

    from local.stack import Embedded, Stack

TEMPLATE: Final = overlay.load(ROOT / "template.yaml")
FUNCTIONS: Final = {
    name: resource["Properties"]
    for name, resource in TEMPLATE["Resources"].items()
    if resource["Type"] == overlay.FUNCTION
}
HUGE: Final = (7_000, 7_100)
"""Pixels of a picture just below the limit of fifty million."""


# AWS fails the whole batch where an item is reported that was not in it; the emulator deletes the message.
@pytest.mark.parametrize("function", ["DetectFunction", "WebhooksFunction"])
def test_a_batch_reports_only_messages_that_were_in_it(stack: Stack, function: str) -> None:
    name = stack.resources()[function]
    bodies = ["", "{}", "[]", "null", '{"jobId": 7}', '{"jobId": "00000000-0000-4000-8000-000000000000"}', "é\ud800"]
    records = [
        {"messageId": f"m{number}", "receiptHandle": "", "body": body, "attributes": {}}
        for number, body in enumerate(bodies)
    ]
    answer = stack.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"Records": records}))
    assert "FunctionError" not in answer
    told = json.loads(answer["Payload"].read())
    assert set(told) == {"batchItemFailures"}
    identifiers = [failure["itemIdentifier"] for failure in told["batchItemFailures"]]
    assert set(identifiers) <= {record["messageId"] for record in records}
    assert len(identifiers) == len(set(identifiers))


# The emulator lets a function take all the memory of the machine.
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc, which this system does not have")
def test_no_function_needs_more_memory_than_the_template_gives_it(
    stack: Stack, embedded: Embedded, api: httpx.Client, storage: httpx.Client
) -> None:
    held = io.BytesIO()
    Image.effect_noise((HUGE[0] // 20, HUGE[1] // 20), 90).convert("RGB").resize(HUGE).save(held, "JPEG", quality=70)
    urls = []
    for _ in range(4):
        signed = api.post("/uploads/presign", json={"filename": "huge.jpg", "size": len(held.getvalue())}).json()
        sent = storage.put(signed["url"], content=held.getvalue(), headers=signed["headers"])
        assert sent.status_code == 200
        urls.append(f"s3://{signed['bucket']}/{signed['key']}")
    job = api.post("/process", json={"imageUrls": urls, "callbackUrl": "https://hooks.invalid/x"}).json()["jobId"]
    for _ in range(12):
        answer = api.get(f"/jobs/{job}", headers={"Prefer": "wait=20"}).json()
        if answer["status"] not in ("PENDING", "PROCESSING"):
            break
    assert answer["status"] == "COMPLETED"
    assert [seen["imageWidth"] for seen in answer["detections"]] == [HUGE[0]] * 4

    given = TEMPLATE["Globals"]["Function"]["MemorySize"]
    peaks = peak_megabytes(embedded)
    assert {"DetectFunction", "ReceiverFunction", "StatusFunction", "PresignFunction"} <= set(peaks)
    for function, peak in peaks.items():
        size = FUNCTIONS[function].get("MemorySize", given)
        if isinstance(size, dict):
            size = TEMPLATE["Parameters"][size["Ref"]]["Default"]
        assert peak < size, f"{function} took {peak:.0f} MB"


def peak_megabytes(embedded: Embedded) -> dict[str, float]:
    """The most that any process of a function has held at once, by the function's name in the template."""
    pid = embedded.running()
    assert pid is not None
    peaks: dict[str, float] = {}
    for process in descendants(pid):
        folder = Path(f"/proc/{process}")
        try:
            environment = dict(
                pair.split("=", 1) for pair in (folder / "environ").read_text().split("\0") if "=" in pair
            )
            status = (folder / "status").read_text()
        except OSError:
            continue
        for name, properties in FUNCTIONS.items():
            named = properties["FunctionName"]["Fn::Sub"].replace("${AWS::StackName}", "darkroom-local")
            if environment.get("AWS_LAMBDA_FUNCTION_NAME") == named:
                (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
                peaks[name] = max(peaks.get(name, 0), int(peak) / 1024)
    return peaks


# The emulator does not look at dynamodb:LeadingKeys: a row under another key would be refused on AWS alone.
@pytest.mark.parametrize("table", ["KeysTable", "JobsTable"])
def test_every_row_has_a_key_that_some_role_may_touch(stack: Stack, api: httpx.Client, table: str) -> None:
    once = {"Idempotency-Key": "gaps"}
    assert api.post("/process", json={"imageUrls": ["https://gaps.invalid/x.jpg"]}, headers=once).status_code == 202
    patterns = leading_keys(table)
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.resources()[table])
    keys = {row["pk"]["S"] for page in pages for row in page["Items"]}
    used = {pattern for pattern in patterns for key in keys if fnmatch.fnmatchcase(key, pattern)}
    assert used == patterns
    if table == "KeysTable":
        assert all(any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns) for key in keys)


def leading_keys(table: str) -> set[str]:
    """The patterns of keys that statements on the table are narrowed to."""
    return {
        pattern
        for properties in FUNCTIONS.values()
        for policy in properties["Policies"]
        for statement in policy["Statement"]
        if statement["Resource"] == {"Fn::GetAtt": [table, "Arn"]}
        for condition in statement.get("Condition", {}).values()
        for pattern in as_list(condition.get("dynamodb:LeadingKeys", []))
    }


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
