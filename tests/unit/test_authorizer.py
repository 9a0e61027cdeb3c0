"""The authorizer keeps API Gateway's contract: a policy for the whole stage, or exactly `Unauthorized`."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.access import MemoryKeyStore, MemoryTokenVerifier
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.domain.callers import Caller
from darkroom.entry import authorizer
from darkroom.errors import TransientError
from darkroom.usecases.access import Access, Keys
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from darkroom.domain.callers import ApiKey

    from tests.conftest import Event

ROOT = Path(__file__).resolve().parents[2]
BEARER = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2lnbmF0dXJl"
TOKEN_CALLER = Caller(owner="oidc-1", key_id="oidc-1", scopes=frozenset({"jobs:read"}), requests_per_minute=60)
HEADERS = st.dictionaries(
    st.one_of(st.sampled_from(["x-api-key", "X-Api-Key", "authorization", "Authorization"]), st.text()),
    st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text(), max_size=2)),
    max_size=4,
)


class DownKeyStore(MemoryKeyStore):
    def get(self, digest: str) -> ApiKey | None:
        raise TransientError("DynamoDB did not answer GetItem")


@dataclass
class Parts:
    store: MemoryKeyStore

    def access(self) -> Access:
        return Access(
            self.store,
            MemoryClock(),
            stage="dev",
            requests_per_minute=60,
            tokens=MemoryTokenVerifier({BEARER: TOKEN_CALLER}),
        )


@pytest.fixture
def parts() -> Parts:
    """Knows the key of `events/authorizer/key.json`, which was made from 32 zero bytes."""
    store = MemoryKeyStore()
    Keys(store, MemoryClock(), stage="dev", entropy=bytes).create("acme", requests_per_minute=7)
    return Parts(store)


def test_a_key_gets_a_policy_for_the_whole_stage_and_a_context_of_strings(parts: Parts, event: Event) -> None:
    (key,) = parts.store.list()
    assert authorizer.decide(event("authorizer/key.json"), parts) == {
        "principalId": key.key_id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "execute-api:Invoke",
                    "Resource": "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/dev/*",
                }
            ],
        },
        "context": {
            "owner": "acme",
            "keyId": key.key_id,
            "scopes": "faces:read faces:write jobs:read jobs:write uploads:write",
            "rate": "7",
        },
    }


def test_the_arn_of_another_partition_stays_there(parts: Parts, event: Event) -> None:
    asked = event("authorizer/key.json") | {"methodArn": "arn:aws-cn:execute-api:cn-north-1:1:api/prod/POST/a/b/c"}
    policy = authorizer.decide(asked, parts)
    assert policy is not None
    assert policy["policyDocument"]["Statement"][0]["Resource"] == "arn:aws-cn:execute-api:cn-north-1:1:api/prod/*"


@pytest.mark.parametrize("name", ["key", "key-upper-case"])
def test_a_header_is_known_however_it_is_spelled(parts: Parts, event: Event, name: str) -> None:
    policy = authorizer.decide(event(f"authorizer/{name}.json"), parts)
    assert policy is not None
    assert policy["context"]["owner"] == "acme"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_known_whatever_the_case_of_its_scheme(parts: Parts, event: Event, scheme: str) -> None:
    asked = event("authorizer/bearer.json")
    asked["headers"]["Authorization"] = f"{scheme} {BEARER}"
    policy = authorizer.decide(asked, parts)
    assert policy is not None
    assert policy["context"]["owner"] == "oidc-1"


@pytest.mark.parametrize("name", ["nobody", "no-headers", "mistyped-key"])
def test_nobody_and_a_mistyped_key_get_no_policy(parts: Parts, event: Event, name: str) -> None:
    assert authorizer.decide(event(f"authorizer/{name}.json"), parts) is None


@pytest.mark.parametrize("value", ["Basic YWNtZTpzZWNyZXQ=", BEARER, f"Bearer{BEARER}", "Bearer", "Bearer ", ""])
def test_an_authorization_header_that_is_no_bearer_token_is_nobodys(parts: Parts, event: Event, value: str) -> None:
    asked = event("authorizer/bearer.json")
    asked["headers"]["Authorization"] = value
    assert authorizer.decide(asked, parts) is None


@given(st.one_of(st.none(), HEADERS, st.lists(st.text()), st.text()))
def test_no_header_can_be_so_wrong_that_it_is_more_than_a_refusal(headers: object) -> None:
    assert authorizer.decide({"methodArn": "arn:x/dev/GET/a", "headers": headers}, Parts(MemoryKeyStore())) is None


@given(st.one_of(st.none(), st.text(), st.lists(st.integers()), st.dictionaries(st.text(), st.text())))
def test_an_event_that_is_none_is_refused(asked: object) -> None:
    assert authorizer.decide(asked, Parts(MemoryKeyStore())) is None


def test_the_reason_of_a_refusal_is_logged_without_the_credential(
    parts: Parts, event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "darkroom")
    asked = event("authorizer/mistyped-key.json")
    authorizer.decide(asked, parts)
    assert "its checksum is wrong" in caplog.text
    assert asked["headers"]["x-api-key"] not in caplog.text


def test_trouble_of_the_store_is_not_an_answer(event: Event) -> None:
    with pytest.raises(TransientError):
        authorizer.decide(event("authorizer/key.json"), Parts(DownKeyStore()))


# --- the handler ------------------------------------------------------------------------------------------------------


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch, parts: Parts) -> Callable[[object, object], Any]:
    """The function as Lambda loads it, with parts of ours in the place of the wiring."""
    spec = importlib.util.spec_from_file_location("authorizer_handler", ROOT / "functions/authorizer/handler.py")
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "wiring", parts)
    function: Callable[[object, object], Any] = module.handler
    return function


def test_the_function_answers_a_known_caller_with_the_policy(
    handler: Callable[[object, object], Any], event: Event
) -> None:
    assert handler(event("authorizer/key.json"), None)["context"]["owner"] == "acme"


def test_the_function_fails_with_exactly_unauthorized_for_anybody_else(
    handler: Callable[[object, object], Any], event: Event
) -> None:
    for name in ("nobody", "no-headers", "mistyped-key"):
        with pytest.raises(Exception, match=r"^Unauthorized$") as refusal:
            handler(event(f"authorizer/{name}.json"), None)
        assert type(refusal.value) is Exception
        assert refusal.value.__cause__ is refusal.value.__context__ is None


def test_a_warmup_is_answered_without_asking_who_calls(handler: Callable[[object, object], Any], event: Event) -> None:
    assert handler(event("authorizer/warmup.json"), None) == {"warm": True}
