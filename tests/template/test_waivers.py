"""A check that is not kept to has its reason beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("file", "check"), [(".cfnlintrc", r"[A-Z]{1,2}\d{4}"), (".checkov.yaml", r"CKV2?_AWS_\d+")])
def test_every_waiver_has_a_reason(file: str, check: str) -> None:
    waived = [line for line in (ROOT / file).read_text().splitlines() if re.match(rf"\s+- {check}\b", line)]
    assert waived
    assert [line for line in waived if not re.search(r"# .{30,}\.$", line)] == []
