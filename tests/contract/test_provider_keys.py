"""One suite for every ProviderKeys: SSM, the environment, the one before the other, and the twin in memory."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.ai.keys import EnvironmentKeys
from darkroom.adapters.aws.parameters import NAMES, ParameterKeys
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.generation import MemoryKeys
from darkroom.domain.limits import MINUTE, SECOND
from darkroom.errors import ProviderRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.ports import ProviderKeys

    from tests.contract.conftest import Aws

    Make = Callable[[dict[str, str]], ProviderKeys]


@pytest.fixture
def prefix() -> str:
    """One that no test before had."""
    return f"/contract-{uuid.uuid4().hex}"


def store(aws: Aws, name: str, key: str) -> None:
    aws.ssm.put_parameter(Name=name, Value=key, Type="SecureString", Overwrite=True)


@pytest.fixture(params=["memory", "environment", "ssm", "environment before ssm"])
def make(request: pytest.FixtureRequest, prefix: str) -> Make:
    def fill(keys: dict[str, str]) -> ProviderKeys:
        if request.param == "memory":
            return MemoryKeys({provider: [key] for provider, key in keys.items()})
        if request.param == "environment":
            return EnvironmentKeys(keys)
        aws: Aws = request.getfixturevalue("aws")
        for provider, key in keys.items():
            store(aws, f"{prefix}/{provider}_api_key", key)
        stored = ParameterKeys(aws.ssm, prefix, MemoryClock())
        return stored if request.param == "ssm" else EnvironmentKeys({}, stored)

    return fill


def test_each_provider_has_its_own_key(make: Make) -> None:
    keys = make({"openai": "one", "gemini": "two"})
    assert (keys.get("openai"), keys.get("gemini"), keys.get("openai")) == ("one", "two", "one")


@pytest.mark.parametrize("provider", ["openai", "replicate", "a-provider-of-tomorrow"])
def test_who_has_none_is_told_what_to_do(make: Make, provider: str) -> None:
    with pytest.raises(ProviderRefusedError, match=f"no key for {provider}") as raised:
        make({"gemini": "two"}).get(provider)
    assert raised.value.exact_code == "PROVIDER_KEY"
    assert "make secrets" in raised.value.fix


def test_one_that_was_forgotten_and_not_replaced_is_the_same_again(make: Make) -> None:
    keys = make({"openai": "one"})
    keys.forget("openai", keys.get("openai"))
    assert keys.get("openai") == "one"


def test_forgetting_a_key_that_nobody_has_changes_nothing(make: Make) -> None:
    keys = make({"openai": "one"})
    keys.forget("gemini", "two")
    keys.forget("openai", "another")
    assert keys.get("openai") == "one"


def test_no_key_shows_when_it_is_printed(make: Make) -> None:
    assert "sesame" not in repr(make({"openai": "sesame"}))


# --- SSM alone -------------------------------------------------------------------------------------------------------


def test_a_key_is_kept_for_five_minutes_and_read_anew_when_it_was_refused(aws: Aws, prefix: str) -> None:
    clock = MemoryClock()
    keys = ParameterKeys(aws.ssm, prefix, clock)
    store(aws, f"{prefix}/openai_api_key", "old")
    assert keys.get("openai") == "old"
    store(aws, f"{prefix}/openai_api_key", "new")
    clock.advance(5 * MINUTE - 1)
    assert keys.get("openai") == "old"
    keys.forget("openai", "old")
    assert keys.get("openai") == "new"
    store(aws, f"{prefix}/openai_api_key", "newest")
    keys.forget("openai", "old")
    assert keys.get("openai") == "new", "another job had it read anew before"
    clock.advance(5 * MINUTE)
    assert keys.get("openai") == "newest"


def test_a_first_key_is_seen_within_half_a_minute(aws: Aws, prefix: str) -> None:
    clock = MemoryClock()
    keys = ParameterKeys(aws.ssm, prefix, clock)
    with pytest.raises(ProviderRefusedError):
        keys.get("gemini")
    store(aws, f"{prefix}/gemini_api_key", "two")
    clock.advance(29 * SECOND)
    with pytest.raises(ProviderRefusedError):
        keys.get("gemini")
    clock.advance(SECOND)
    assert keys.get("gemini") == "two"


@pytest.mark.parametrize(
    ("provider", "name"), [(provider, name) for provider, names in NAMES.items() for name in names]
)
def test_older_names_are_read_too(aws: Aws, prefix: str, provider: str, name: str) -> None:
    store(aws, f"{prefix}/{name}", "sesame")
    assert ParameterKeys(aws.ssm, prefix, MemoryClock()).get(provider) == "sesame"


def test_a_stack_that_is_given_the_prefix_of_another_reads_its_key(aws: Aws) -> None:
    store(aws, "/teadifyz/open_api_key", "sesame")
    assert ParameterKeys(aws.ssm, "/teadifyz/", MemoryClock()).get("openai") == "sesame"


def test_blanks_around_a_key_are_none_of_it(aws: Aws, prefix: str) -> None:
    store(aws, f"{prefix}/gemini_api_key", " two\n")
    assert ParameterKeys(aws.ssm, prefix, MemoryClock()).get("gemini") == "two"


def test_the_environment_goes_before_the_store(aws: Aws, prefix: str) -> None:
    store(aws, f"{prefix}/openai_api_key", "stored")
    store(aws, f"{prefix}/gemini_api_key", "stored")
    keys = EnvironmentKeys({"openai": "set"}, ParameterKeys(aws.ssm, prefix, MemoryClock()))
    assert (keys.get("openai"), keys.get("gemini")) == ("set", "stored")
