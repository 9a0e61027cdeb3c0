"""A benchmark that cannot be run any more tells nothing, and its figures in the docs are of a program that was."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT


def test_warm_handlers_are_measured_to_the_end() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.warm_handlers", "--calls", "20"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [line.partition("  ")[0] for line in ran.stdout.splitlines() if line.endswith(("met", "MISSED"))]
    assert rows == [
        "presign",
        "status: GET job",
        "receiver: POST",
        "authorizer: known key",
        "authorizer: other key",
    ], ran.stderr
