"""An SDK is loaded by the call of its provider, and by nothing before it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SDKS = ["openai", "google.genai", "replicate", "httpx", "httpx2", "PIL", "numpy", "pydantic"]
PROGRAM = f"""
import json, sys
{{statement}}
print(json.dumps([name for name in {SDKS!r} if name in sys.modules]))
"""
WORKING = """
from darkroom.adapters.ai.openai import OpenAI
from darkroom.adapters.ai.gemini import Gemini
from darkroom.adapters.ai.replicate import Replicate
from darkroom.domain.generation import DrawRequest
from darkroom.adapters.memory.clock import MemoryClock
parts = dict(keys=None, reader=None, encoder=None, fetcher=None, clock=MemoryClock(), deadline=1)
for kind in (OpenAI, Gemini, Replicate):
    kind(**parts).price(DrawRequest("", ""))
"""


def loaded_by(statement: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(statement=statement)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "shared")},
    )
    assert ran.returncode == 0, ran.stderr
    found: list[str] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize(
    "statement",
    [
        "import darkroom.adapters.ai.provider",
        "import darkroom.domain.ai_models",
        "import darkroom.usecases.generation",
        "import darkroom.wiring",
        WORKING,
    ],
    ids=["provider", "ai_models", "generation", "wiring", "every adapter, priced"],
)
def test_nothing_is_loaded_before_a_provider_is_called(statement: str) -> None:
    assert loaded_by(statement) == []


@pytest.mark.parametrize(
    ("provider", "kind", "sdk"),
    [("openai", "OpenAI", "openai"), ("gemini", "Gemini", "google.genai"), ("replicate", "Replicate", "replicate")],
)
def test_a_provider_loads_its_own_sdk_and_no_other(provider: str, kind: str, sdk: str) -> None:
    loaded = loaded_by(
        f"from darkroom.adapters.ai.{provider} import {kind}\n"
        f"{kind}(keys=None, reader=None, encoder=None, fetcher=None, clock=None, deadline=1)._connect('key')"
    )
    assert sdk in loaded
    assert not {"openai", "google.genai", "replicate"} - {sdk} & set(loaded)
