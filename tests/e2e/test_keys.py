"""Keys on the deployed stack: made and revoked from a terminal, honoured by the gateway, counted behind it."""

from __future__ import annotations

import json
import re
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws import stacks
from darkroom.adapters.aws.keys import DynamoKeyStore
from darkroom.domain import api_keys, limits

from tests.e2e.conftest import api_of

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from darkroom.domain.callers import ApiKey

    from local.stack import Embedded, Stack
    from tests.e2e.conftest import Command


@pytest.fixture
def run(darkroom: Command) -> Command:
    """`darkroom keys ...`"""
    return partial(darkroom, "keys")


def keys_of(stack: Stack, owner: str) -> list[ApiKey]:
    store = DynamoKeyStore(stack.client("dynamodb"), stack.outputs["KeysTableName"])
    return [key for key in store.list() if key.owner == owner]


# --- the terminal -----------------------------------------------------------------------------------------------------


def test_a_key_is_printed_once_and_alone_on_standard_output(run: Command, named: tuple[str, ...], stack: Stack) -> None:
    status, out, err = run("create", "--owner", "printed", "--label", "ci", "--rate", "9", *named)
    assert status == 0
    secret = out.strip()
    assert re.fullmatch(r"dk_local_[A-Za-z0-9]{49}", secret)
    assert "cannot be shown again" in err
    assert secret not in err
    (key,) = keys_of(stack, "printed")
    assert key.digest == api_keys.digest(secret)
    assert (key.label, key.requests_per_minute) == ("ci", 9)
    assert key.scopes == {"uploads:write", "jobs:write", "jobs:read", "faces:write", "faces:read"}


def test_without_a_name_it_is_the_stack_that_make_up_left_running_here(
    run: Command, stack: Stack, embedded: Embedded, tmp_path: Path
) -> None:
    described = tmp_path / stacks.RUNNING
    described.parent.mkdir()
    described.write_bytes(embedded.description.read_bytes())
    assert run("create", "--owner", "unnamed", "--scope", "jobs:read", "--scope", "admin")[0] == 0
    (key,) = keys_of(stack, "unnamed")
    assert key.scopes == {"jobs:read", "admin"}


def test_the_list_shows_everything_but_the_secret(run: Command, named: tuple[str, ...]) -> None:
    first = run("create", "--owner", "listed", "--label", "the web app", *named)[1].strip()
    second = run("create", "--owner", "listed", "--scope", "jobs:read", "--rate", "9", *named)[1].strip()
    status, out, _ = run("list", *named)
    assert status == 0
    lines = [line for line in out.splitlines() if " listed " in line]
    shown = r"{}  \d{{4}}-\d\d-\d\d  active +  {} +  listed +  {}"
    ids = [api_keys.digest(secret)[:16] for secret in (first, second)]
    usual = "faces:read faces:write jobs:read jobs:write uploads:write  the web app"
    assert re.fullmatch(shown.format(ids[0], "default", usual), lines[0])
    assert re.fullmatch(shown.format(ids[1], "9/min", "jobs:read"), lines[1])
    assert first[7:] not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--owner", "A/B"), "owner"),
        (("create", "--owner", "refused", "--scope", "everything"), "scope"),
        (("create", "--owner", "refused", "--rate", "0"), "rate"),
        (("revoke", "0123456789abcdef"), "darkroom keys list"),
        (("list", "--stack-name", "nowhere"), "no stack nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_mend_and_status_1(
    run: Command, named: tuple[str, ...], stack: Stack, arguments: tuple[str, ...], said: str
) -> None:
    command, *options = arguments
    status, out, err = run(command, *named, *options)
    assert (status, out) == (1, "")
    assert said in err
    assert keys_of(stack, "refused") == []


def test_a_stack_of_another_template_is_told(run: Command, named: tuple[str, ...], stack: Stack) -> None:
    stack.client("cloudformation").create_stack(
        StackName="another",
        TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
    )
    status, _, err = run("list", *named, "--stack-name", "another")
    assert status == 1
    assert "KeysTableName" in err


def test_a_stack_must_be_named_or_run_here_in_a_region(run: Command, stack: Stack, named: tuple[str, ...]) -> None:
    status, _, err = run("list")
    assert status == 1
    assert "--stack-name" in err
    assert "make up" in err
    status, _, err = run("list", "--stack-name", stack.stack_name, "--endpoint-url", stack.endpoint_url)
    assert status == 1
    assert "--region" in err


@pytest.mark.parametrize("content", ["", "{}", "[]", "nonsense", '{"stackName": "x"}'])
def test_a_damaged_description_of_the_running_stack_is_told(run: Command, tmp_path: Path, content: str) -> None:
    described = tmp_path / stacks.RUNNING
    described.parent.mkdir()
    described.write_text(content)
    status, _, err = run("list")
    assert status == 1
    assert "make down" in err


def test_an_aws_that_cannot_be_used_is_told(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    status, _, err = run("list", "--stack-name", "x", "--region", "us-east-1")
    assert status == 1
    assert "AWS_PROFILE" in err


# --- the gateway ------------------------------------------------------------------------------------------------------


def test_nobody_and_a_bad_key_are_401(stack: Stack, api: httpx.Client) -> None:
    good = api.headers["x-api-key"]
    for headers in (
        {},
        {"x-api-key": ""},
        {"x-api-key": "password"},
        {"x-api-key": f"{good[:-1]}{'0' if good[-1] != '0' else '1'}"},
        {"x-api-key": api_keys.mint(stack.stage, bytes(32))},
        {"authorization": "Bearer x.y.z"},
        {"authorization": f"Bearer {good}"},
    ):
        with api_of(stack, "") as client:
            client.headers = headers
            assert client.get("/jobs").status_code == 401


def test_a_key_works_at_once_and_is_dead_within_a_minute_of_its_revocation(
    run: Command, named: tuple[str, ...], stack: Stack
) -> None:
    secret = run("create", "--owner", "revoked", "--rate", "1000", *named)[1].strip()
    with api_of(stack, secret) as api:
        assert api.get("/jobs").status_code == 200
        assert run("revoke", api_keys.digest(secret)[:16], *named)[0] == 0
        revoked = time.monotonic()
        while api.get("/jobs").status_code == 200:
            assert time.monotonic() - revoked < 60
            time.sleep(0.5)
        assert api.get("/jobs").status_code == 401
    assert time.monotonic() - revoked < limits.KEY_CACHED / limits.SECOND + 5


def test_a_key_is_held_to_its_own_rate(run: Command, named: tuple[str, ...], stack: Stack) -> None:
    secret = run("create", "--owner", "hasty", "--rate", "3", *named)[1].strip()
    with api_of(stack, secret) as api:
        while time.time() % 60 > 50:  # not across the end of a minute
            time.sleep(0.5)
        answers = [api.get("/jobs") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    problem = answers[-1].json()
    assert problem["code"] == "TOO_MANY_REQUESTS"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers["retry-after"] in problem["fix"]


def test_a_key_may_do_what_its_scopes_say_and_no_more(run: Command, named: tuple[str, ...], stack: Stack) -> None:
    secret = run("create", "--owner", "reader", "--scope", "jobs:read", *named)[1].strip()
    with api_of(stack, secret) as api:
        assert api.get("/jobs").status_code == 200
        refusal = api.post("/uploads/presign", json={"filename": "cat.jpg"})
        assert refusal.status_code == 403
        assert "uploads:write" in refusal.text
