from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.template.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
SAM_PYTHON = ROOT / ".venv-aws" / "bin" / "python"
TRANSLATE = Path(__file__).with_name("translate.py")
NAMED = re.compile(r"\bfunctions[./](\w+)")


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Stack:
    """template.yaml and what SAM makes of it, which is kept as long as neither the template nor SAM changes."""
    template = ROOT / "template.yaml"
    parts = (template, TRANSLATE, ROOT / "constraints-aws.txt")
    key = "template/" + hashlib.sha256(b"\0".join(part.read_bytes() for part in parts)).hexdigest()
    assert pytestconfig.cache is not None
    told = pytestconfig.cache.get(key, None)
    if told is None:
        environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
        run = subprocess.run(
            [SAM_PYTHON, TRANSLATE, template], env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        told = json.loads(run.stdout)
        pytestconfig.cache.set(key, told)
    folders = ("functions", "events", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    tests = (path for path in files if path.suffix == ".py" and path.is_relative_to(ROOT / "tests"))
    return Stack(
        written=told["written"],
        translated=told["translated"],
        files=frozenset(str(path.relative_to(ROOT)) for path in files),
        tested=frozenset(name for path in tests for name in NAMED.findall(path.read_text())),
    )
