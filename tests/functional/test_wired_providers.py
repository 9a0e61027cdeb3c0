"""The providers as a worker has them: by the environment alone, through the composition root."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT
from tests.stub_providers import providers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stub_providers import Providers

PROGRAM = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from darkroom import wiring
from darkroom.domain.generation import Ability, DrawRequest

request = DrawRequest("A drawing.", "a cat", needs=frozenset({Ability.DOODLE}), width=64, height=64)
chains = json.loads(sys.argv[1])
with ThreadPoolExecutor(10) as pool:
    drawn = list(pool.map(lambda chain: wiring.generation().draw(chain, request), chains))
told = [[each.provider, len(each.drawn.pictures), [over.code for over in each.passed_over]] for each in drawn]
print(json.dumps(told))
print(repr(wiring.settings()) + repr(wiring.provider_keys()))
"""


@pytest.fixture(scope="module")
def stub() -> Iterator[Providers]:
    with providers() as running:
        yield running


def run(stub: Providers, chains: list[list[str]], **keys: str) -> tuple[list[Any], str]:
    """What each chain drew, in one process at the same time, and how its settings and keys print."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT / "shared"),
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BUCKET_NAME": "media",
        "STAGE": "local",
        "FETCH_ALLOW_LOOPBACK": f"127.0.0.1:{stub.port}",
        "POWERTOOLS_METRICS_DISABLED": "true",
        "PROVIDER_TIMEOUT": "5",
        **{f"{name.upper()}_BASE_URL": stub.base_url(name) for name in ("openai", "gemini", "replicate")},
        **keys,
    }
    command = [sys.executable, "-c", PROGRAM, json.dumps(chains)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=90)
    assert ran.returncode == 0, ran.stderr
    *_, drawn, printed = ran.stdout.splitlines()
    return json.loads(drawn), printed + ran.stderr


def test_a_key_and_a_word_are_all_that_a_provider_takes(stub: Providers) -> None:
    keys = {
        "OPENAI_API_KEY": stub.key(),
        "GEMINI_API_KEY": stub.key(),
        "REPLICATE_API_KEY": stub.key(),
    }
    drawn, printed = run(stub, [["openai"], ["gemini"], ["replicate"], ["sketch"]], **keys)
    assert drawn == [[name, 1, []] for name in ("openai", "gemini", "replicate", "sketch")]
    assert [len(stub.calls(key)) for key in keys.values()] == [1, 1, 1]
    assert not any(key in printed for key in keys.values())


def test_without_keys_a_chain_ends_with_who_needs_none(stub: Providers) -> None:
    drawn, _ = run(stub, [["openai", "gemini", "replicate", "sketch"]])
    assert drawn == [["sketch", 1, ["PROVIDER_KEY"] * 3]]


def test_ten_at_once_share_one_engine_from_the_first_call_on(stub: Providers) -> None:
    key = stub.key("500")
    drawn, _ = run(stub, [["openai", "sketch"]] * 10, OPENAI_API_KEY=key)
    assert {each[0] for each in drawn} == {"sketch"}
    assert len(stub.calls(key)) < 10 * 3, "one circuit for all"
