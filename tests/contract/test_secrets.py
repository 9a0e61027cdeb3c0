"""One suite for every Secrets: Secrets Manager and its twin in memory."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws.secrets import SecretsManager
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.messages import MemorySecrets
from darkroom.domain.limits import MINUTE, SECOND
from darkroom.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.ports import Secrets

    from tests.contract.conftest import Aws

    Make = Callable[[dict[str, str]], Secrets]


@pytest.fixture
def master() -> str:
    """A name that no test before had."""
    return f"contract-{uuid.uuid4().hex}"


@pytest.fixture(params=["memory", "secrets manager"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "memory":
        return MemorySecrets

    def fill(values: dict[str, str]) -> Secrets:
        aws: Aws = request.getfixturevalue("aws")
        for name, value in values.items():
            aws.secretsmanager.create_secret(Name=name, SecretString=value)
        return SecretsManager(aws.secretsmanager, MemoryClock())

    return fill


def test_a_secret_is_read_by_its_name(make: Make, master: str) -> None:
    secrets = make({master: "sesame", f"{master}-other": "x"})
    assert secrets.get(master) == "sesame"
    assert secrets.get(master) == "sesame"


def test_one_that_is_not_there_is_a_fault_of_the_settings(make: Make, master: str) -> None:
    with pytest.raises(SettingsError) as raised:
        make({}).get(master)
    assert raised.value.detail


# --- Secrets Manager alone -------------------------------------------------------------------------------------------


def test_it_is_read_again_after_five_minutes_and_not_sooner(aws: Aws, master: str) -> None:
    clock = MemoryClock()
    secrets = SecretsManager(aws.secretsmanager, clock)
    aws.secretsmanager.create_secret(Name=master, SecretString="old")
    assert secrets.get(master) == "old"
    aws.secretsmanager.put_secret_value(SecretId=master, SecretString="new")
    clock.advance(5 * MINUTE - SECOND)
    assert secrets.get(master) == "old"
    clock.advance(SECOND)
    assert secrets.get(master) == "new"


def test_a_clock_that_was_set_back_keeps_nothing_for_ever(aws: Aws, master: str) -> None:
    clock = MemoryClock()
    secrets = SecretsManager(aws.secretsmanager, clock)
    aws.secretsmanager.create_secret(Name=master, SecretString="old")
    secrets.get(master)
    aws.secretsmanager.put_secret_value(SecretId=master, SecretString="new")
    clock.advance(-60 * MINUTE)
    assert secrets.get(master) == "new"


def test_a_secret_may_be_named_by_its_arn(aws: Aws, master: str) -> None:
    arn = aws.secretsmanager.create_secret(Name=master, SecretString="sesame")["ARN"]
    assert SecretsManager(aws.secretsmanager, MemoryClock()).get(arn) == "sesame"


def test_one_that_holds_bytes_instead_of_text_is_a_fault_of_the_settings(aws: Aws, master: str) -> None:
    aws.secretsmanager.create_secret(Name=master, SecretBinary=b"sesame")
    with pytest.raises(SettingsError, match="no text"):
        SecretsManager(aws.secretsmanager, MemoryClock()).get(master)


def test_one_that_is_about_to_be_deleted_is_a_fault_of_the_settings(aws: Aws, master: str) -> None:
    aws.secretsmanager.create_secret(Name=master, SecretString="sesame")
    aws.secretsmanager.delete_secret(SecretId=master)
    with pytest.raises(SettingsError):
        SecretsManager(aws.secretsmanager, MemoryClock()).get(master)
