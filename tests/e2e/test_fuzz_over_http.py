"""A thousand generated requests over HTTP, through gateway, authorizer and functions: no 5xx, every answer documented.

DARKROOM_HTTP_FUZZ_REQUESTS says how many; each shard asserts that our functions answered its part. What the gateway
answers by itself does not count, and has to be one of the answers in BY_GATEWAY.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import pytest
import requests
from darkroom.contracts.routes import ROUTES
from hypothesis import reject
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from tests import fuzzing
from tests.unit.api.test_generation_shapes import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack import Stack
    from tests.e2e.loopback import Loopback
    from tests.fuzzing import AnyCase

REQUESTS: Final = int(os.environ.get("DARKROOM_HTTP_FUZZ_REQUESTS", "1000"))
OF_REAL_FACES: Final = frozenset({"compareFaces", "eraseFace", "searchFaces"})
"""Nothing that is made up has a face or an embedding of the engine's own: test_people.py reaches these."""
SHARDS: Final = fuzzing.shards(REQUESTS)


def leads_nowhere(path: str) -> bool:
    """Whether no route has this path."""
    return not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path.rstrip("/")) for route in ROUTES)


def breaks_a_line(path: str) -> bool:
    """On AWS the star of the authorizer's policy stands for a line break too."""
    return "\n" in path


FEW: Final = 2
"""Of the gateway's own answers, beyond a twentieth of ours: what a shard of twenty requests may meet by chance."""
BY_GATEWAY: Final[dict[tuple[str | None, int], tuple[dict[str, str], Callable[[str], bool]]]] = {
    ("MissingAuthenticationTokenException", 403): ({"message": "Missing Authentication Token"}, leads_nowhere),
    ("AccessDeniedException", 403): ({"Message": "User is not authorized to access this resource"}, breaks_a_line),
}
"""What the embedded gateway answers by itself to a caller with a key, in a shape of its own: for each sort and status
the body, and which paths may have it. The status and shape that AWS's has are rules of tests/template."""


def told_by_gateway(answer: requests.Response, path: str) -> str | None:
    """Which sort of the gateway's own answers this is, None for an answer of ours. Fails for one that is neither."""
    if "x-request-id" in answer.headers:
        return None
    kind = answer.headers.get("x-amzn-errortype")
    assert (kind, answer.status_code) in BY_GATEWAY, f"{path!r}: {answer.status_code} {kind} {answer.text}"
    body, fits = BY_GATEWAY[kind, answer.status_code]
    assert json.loads(answer.text) == body
    assert fits(unquote(path)), f"{path!r}: {kind}"
    return kind


class Wire:
    """Sends generated cases to the stack, as an owner who has uploads and jobs."""

    def __init__(self, session: requests.Session, url: str, page: str) -> None:
        self.sent: Counter[int] = Counter()
        """Requests that our functions answered, by status."""
        self.by_gateway: Counter[str] = Counter()
        self._session = session
        self._url = url
        # Presigned and never uploaded: a job of theirs is accepted, and ends at once.
        signed = [self._post("/uploads/presign", {"filename": "a.png"}) for _ in range(3)]
        uploads = [f"s3://{each['bucket']}/{each['key']}" for each in signed]
        hooks: list[dict[str, Any]] = [{}, {"callbackUrl": "https://example.com/hook"}]
        generate, product = "/generative-ai-images/generate", {"productUrl": f"{page}-that-is-gone"}
        self._targets = fuzzing.Targets(
            jobs=[self._post("/process", {"imageUrls": uploads} | hook)["jobId"] for hook in hooks * 3],
            pictures=[self._post(generate, product)["jobId"] for _ in range(2)],
            uploads=uploads,
            page=page,
            people=[(self._person("fuzz-known"), "face-1")],
            doomed=[(self._person(f"fuzz-{uuid.uuid4()}"), "face-1") for _ in range(2)],
        )

    def _person(self, person_id: str) -> str:
        """Somebody who is known, from now on or from another test."""
        asked = {"personId": person_id, "consentVersion": "2026-01"}
        answer = self._session.post(f"{self._url}/people", json=asked, timeout=30)
        assert answer.status_code in {201, 409}, answer.text
        return person_id

    def check(self, case: AnyCase) -> None:
        fuzzing.aim(case, self.sent.total(), self._targets)
        sending = case.as_transport_kwargs(base_url=self._url)
        answer = self._session.request(**sending, timeout=60, allow_redirects=False)
        kind = told_by_gateway(answer, sending["url"].removeprefix(self._url))
        if kind:
            self.by_gateway[kind] += 1
            reject()  # another case is made in its place
        self.sent[answer.status_code] += 1
        case.validate_response(Response.from_requests(answer, verify=False), checks=fuzzing.checks(case))

    def get(self, path: str, key: str | None = None) -> requests.Response:
        headers = {} if key is None else {"x-api-key": key}
        return self._session.get(f"{self._url}{path}", headers=headers, timeout=30)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._session.post(f"{self._url}{path}", json=body, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())


@pytest.fixture
def wire(stack: Stack, loopback: Loopback) -> Iterator[Wire]:
    loopback.pages["/mug"] = PAGE
    with requests.Session() as session:
        session.trust_env = False
        session.headers["x-api-key"] = stack.make_key("fuzz", requests_per_minute=100_000)
        yield Wire(session, stack.api_url, loopback.url("/mug"))


def test_the_shards_make_up_what_was_asked_for() -> None:
    assert sum(SHARDS.values()) >= REQUESTS


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/jobs", None),
        ("/jobs/a%20b", None),
        ("/jobs/a/b", "MissingAuthenticationTokenException"),
        ("/nowhere", "MissingAuthenticationTokenException"),
        ("/jobs/a%0Ab", "AccessDeniedException"),
    ],
)
def test_an_answer_of_the_gateway_is_known_from_one_of_ours(wire: Wire, path: str, kind: str | None) -> None:
    assert told_by_gateway(wire.get(path), path) == kind


def test_an_answer_that_the_gateway_should_not_give_is_a_failure(wire: Wire) -> None:
    with pytest.raises(AssertionError, match="401 UnauthorizedException"):
        told_by_gateway(wire.get("/jobs", key="nobody's"), "/jobs")
    with pytest.raises(AssertionError, match="'/jobs': MissingAuthenticationTokenException"):
        told_by_gateway(wire.get("/nowhere"), "/jobs")


@pytest.mark.parametrize(("operation", "mode"), SHARDS, ids=lambda value: getattr(value, "value", value))
@pytest.mark.timeout(600)
def test_no_generated_request_breaks_its_operation(wire: Wire, operation: str, mode: GenerationMode) -> None:
    fuzzing.run(operation, mode, SHARDS[operation, mode], wire.check)
    assert wire.sent.total() >= SHARDS[operation, mode]
    assert wire.by_gateway.total() <= FEW + wire.sent.total() // 20, wire.by_gateway
    if mode is GenerationMode.POSITIVE and operation not in OF_REAL_FACES:
        # 409: an owner's job that has ended by the time it is cancelled or its webhook replayed.
        assert any(status < 300 or status == 409 for status in wire.sent), f"nothing was reached: {wire.sent}"
