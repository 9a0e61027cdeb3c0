"""A thousand generated requests over HTTP, through gateway, authorizer and functions: no 5xx, every answer documented.

DARKROOM_HTTP_FUZZ_REQUESTS says how many; each shard asserts that it sent its part.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from tests import fuzzing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack
    from tests.fuzzing import AnyCase

REQUESTS: Final = int(os.environ.get("DARKROOM_HTTP_FUZZ_REQUESTS", "1000"))
SHARDS: Final = fuzzing.shards(REQUESTS)


class Wire:
    """Sends generated cases to the stack, as an owner who has uploads and jobs."""

    def __init__(self, session: requests.Session, url: str) -> None:
        self.sent: Counter[int] = Counter()
        self.by_gateway = 0
        self._session = session
        self._url = url
        # Presigned and never uploaded: a job of theirs is accepted, and ends at once.
        signed = [self._post("/uploads/presign", {"filename": "a.png"}) for _ in range(3)]
        self._uploads = [f"s3://{each['bucket']}/{each['key']}" for each in signed]
        hooks: list[dict[str, Any]] = [{}, {"callbackUrl": "https://example.com/hook"}]
        self._jobs = [self._post("/process", {"imageUrls": self._uploads} | hook)["jobId"] for hook in hooks * 3]

    def check(self, case: AnyCase) -> None:
        fuzzing.aim(case, self.sent.total(), jobs=self._jobs, uploads=self._uploads)
        sending = case.as_transport_kwargs(base_url=self._url)
        answer = self._session.request(**sending, timeout=60, allow_redirects=False)
        self.sent[answer.status_code] += 1
        if "x-request-id" in answer.headers:
            case.validate_response(Response.from_requests(answer, verify=False), checks=fuzzing.CHECKED)
        else:
            # A path that the gateway turns down by itself, which the embedded one does in a shape of its own.
            assert answer.status_code < 500, answer.text
            self.by_gateway += 1

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._session.post(f"{self._url}{path}", json=body, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())


@pytest.fixture
def wire(stack: Stack) -> Iterator[Wire]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["x-api-key"] = stack.make_key("fuzz", requests_per_minute=100_000)
        yield Wire(session, stack.api_url)


def test_the_shards_make_up_what_was_asked_for() -> None:
    assert sum(SHARDS.values()) >= REQUESTS


@pytest.mark.parametrize(("operation", "mode"), SHARDS, ids=lambda value: getattr(value, "value", value))
@pytest.mark.timeout(600)
def test_no_generated_request_breaks_its_operation(wire: Wire, operation: str, mode: GenerationMode) -> None:
    fuzzing.run(operation, mode, SHARDS[operation, mode], wire.check)
    assert wire.sent.total() >= SHARDS[operation, mode]
    assert wire.by_gateway * 4 < wire.sent.total()
    if mode is GenerationMode.POSITIVE:
        # 409: an owner's job that has ended by the time it is cancelled or its webhook replayed.
        assert any(status < 300 or status == 409 for status in wire.sent), f"nothing was reached: {wire.sent}"
