"""One way in for every function that answers the API: from an event to an operation's answer and back.

`serve` takes what API Gateway's REST proxy sends, what `aws lambda invoke` sends (`direct.py`), and a warmup. In this
order a request is routed (404, 405), its caller known (401, 403), counted (429), read (400, 413, 415) and checked
(422); only then does its operation run. Every refusal leaves as problem details. Hostile content costs a 4xx; a 5xx is
always our own fault, and is logged with its traceback.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from darkroom.contracts.routes import FORM, JSON, PROBLEM, Route
from darkroom.domain import limits
from darkroom.entry import direct, gate, views
from darkroom.entry.envelope import Envelope
from darkroom.entry.errors import problem
from darkroom.errors import (
    FaceNotFoundError,
    ForbiddenError,
    JobExpiredError,
    JobNotFoundError,
    MethodNotAllowedError,
    PersonNotFoundError,
    RouteNotFoundError,
    TransientError,
    UnauthenticatedError,
)
from darkroom.observability import bound, emit, function_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from darkroom.domain.callers import Caller
    from darkroom.domain.jobs import Job
    from darkroom.settings import Settings
    from darkroom.usecases.access import Access
    from darkroom.usecases.detection import DetectionRequests
    from darkroom.usecases.doodles import DoodleRequests
    from darkroom.usecases.face_matching import FaceComparison, FaceSearch
    from darkroom.usecases.faces import FaceRequests
    from darkroom.usecases.health import Health
    from darkroom.usecases.idempotency import Idempotency
    from darkroom.usecases.jobs import Jobs
    from darkroom.usecases.people import EnrolmentRequests, People
    from darkroom.usecases.product_images import ProductImageRequests, ProductPages
    from darkroom.usecases.shelf import Shelf
    from darkroom.usecases.uploads import Uploads
    from darkroom.usecases.webhooks import Webhooks

log = logging.getLogger(__name__)

IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
BACKGROUND: Final = re.compile(r"(?:^|,)\s*respond-async\s*(?=$|[,;])", re.IGNORECASE)
WAIT: Final = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)
SPARED: Final = 2 * limits.SECOND
"""What a waiting request leaves of its function's own time, to write the answer in."""
PREFLIGHT_SECONDS: Final = 600
REQUEST_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, Prefer, X-Api-Key"
ANSWER_HEADERS: Final = "Location, Preference-Applied, Retry-After, X-Request-Id"


class Parts(Protocol):
    """What functions of the API are made of. The module `wiring` is one; a test has its own."""

    def settings(self) -> Settings: ...

    def access(self) -> Access: ...

    def idempotency(self) -> Idempotency: ...

    def uploads(self) -> Uploads: ...

    def detection_requests(self) -> DetectionRequests: ...

    def doodle_requests(self) -> DoodleRequests: ...

    def product_image_requests(self) -> ProductImageRequests: ...

    def product_pages(self) -> ProductPages: ...

    def face_requests(self) -> FaceRequests: ...

    def face_comparison(self) -> FaceComparison: ...

    def face_search(self) -> FaceSearch: ...

    def people(self) -> People: ...

    def enrolment_requests(self) -> EnrolmentRequests: ...

    def shelf(self) -> Shelf: ...

    def jobs(self) -> Jobs: ...

    def webhooks(self) -> Webhooks: ...

    def health(self) -> Health: ...


@dataclass(frozen=True, slots=True)
class Request:
    """One routed request whose caller is known and whose content is checked; `caller` is None where anybody may ask.

    `path` is as the route names it; `query` and `body` are by Python names, with defaults filled, and `sent` are the
    names on the wire of what the body did hold; `files` are a form's, as (name, bytes). `wait` is for how
    many seconds the caller wants the answer held, `in_background` that it wants a job in any case. `prefix` is what
    stands before the route's path in a URL: the stage.
    """

    route: Route
    caller: Caller | None
    headers: Mapping[str, str]
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    sent: frozenset[str]
    files: tuple[tuple[str, bytes], ...]
    prefix: str
    wait: int
    in_background: bool
    idempotency_key: str | None

    @property
    def owner(self) -> str:
        """Raises UnauthenticatedError on a route that is open to anybody."""
        if self.caller is None:
            raise UnauthenticatedError("The request carries neither a key nor a bearer token")
        return self.caller.owner


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is JSON data, or text that is already of the `content_type`."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON

    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)

    def bare(self) -> Any:
        """What a direct invoke gets: data where it is JSON, else the text."""
        return json.loads(self.body) if isinstance(self.body, str) and self.content_type == JSON else self.body


def accepted(request: Request, parts: Parts, job: Job, path: str, body: Any) -> Answer:
    """202 for work that goes on as a job, with where to read it (a path without the stage) and when to look again."""
    headers = {
        "Location": f"{request.prefix}{path}",
        "Retry-After": str(parts.jobs().forecast(job).retry_after_seconds),
    }
    return Answer(202, body, headers)


Operation = Callable[[Request, Parts], Answer]


@dataclass(frozen=True, slots=True)
class Show:
    """How an operation's 200 is shown, at each sending anew: what it stores may hold keys, and URLs do not keep.

    `body` shows what the operation answered, `job` the ended job that was waited for in place of a 202.
    """

    body: Callable[[Any, Parts], Any] = lambda body, _: body
    job: Callable[[Job, Parts], Any] = lambda job, parts: views.job_with_result(job, parts.jobs(), parts.shelf)


AS_IT_IS: Final = Show()


def serve(
    function: str,
    operations: Mapping[str, Operation],
    event: object,
    context: object,
    parts: Parts,
    *,
    shows: Mapping[str, Show] = MappingProxyType({}),
) -> Any:
    """Answer one event with the operations of this function, by their ids in the route table.

    Returns API Gateway's response for its envelope, the bare result for a direct invoke; errors as problem details.
    """
    if isinstance(event, dict) and event.get("warmup") is True:
        return {"warm": True}
    bare = not (isinstance(event, dict) and "httpMethod" in event)
    request_id = _request_id(event, context)
    with bound(requestId=request_id):
        call = _Call(function, parts, request_id, context, shows)
        answer = call.answer(event, operations, bare=bare)
        told = {"operation": call.operation, "status": answer.status}
        if answer.content_type == PROBLEM:
            told["code"] = answer.body["code"]
        log.info("Answered", extra=told)
    return answer.bare() if bare else call.response(answer)


class _Call:
    """One event on its way through; it remembers how far it came, so that a refusal can be told in the right shape."""

    def __init__(
        self, function: str, parts: Parts, request_id: str, context: object, shows: Mapping[str, Show]
    ) -> None:
        self._function = function
        self._shows = shows
        self._parts = parts
        self._request_id = request_id
        self._context = context
        self._method = ""
        self._cors: dict[str, str] = {}
        self._route: Route | None = None

    @property
    def operation(self) -> str | None:
        return self._route.operation if self._route else None

    def answer(self, event: object, operations: Mapping[str, Operation], *, bare: bool) -> Answer:
        try:
            envelope = direct.envelope(self._function, event) if bare else event
            return self._answer(Envelope(envelope), operations, counted=not bare)
        except Exception as error:  # noqa: BLE001 - the border of the process: every error becomes an answer
            return self._refusal(error)

    def _answer(self, envelope: Envelope, operations: Mapping[str, Operation], *, counted: bool) -> Answer:
        self._method = envelope.method
        self._cors = _cors(envelope.headers.get("origin"), self._parts.settings().allowed_origins)
        on_path = envelope.routes()
        if not on_path:
            raise RouteNotFoundError("There is no such path")
        allowed = _methods(on_path)
        if self._method == "OPTIONS":
            return self._preflight(allowed)
        wanted = "GET" if self._method == "HEAD" else self._method
        route = next((route for route in on_path if route.method == wanted and route.operation in operations), None)
        if route is None:
            raise MethodNotAllowedError(allowed)
        self._route = route
        caller = self._admit(envelope, route, counted=counted) if route.scope else envelope.caller()
        request = self._read(envelope, route, caller)
        answer = self._perform(operations[route.operation], request)
        applied = [f"wait={request.wait}"] if request.wait and WAIT.search(envelope.headers.get("prefer", "")) else []
        if request.in_background and answer.status == 202:
            applied.append("respond-async")
        if not applied:
            return answer
        return replace(answer, headers={**answer.headers, "Preference-Applied": ", ".join(applied)})

    def _admit(self, envelope: Envelope, route: Route, *, counted: bool) -> Caller:
        caller = envelope.caller()
        if caller is None:
            raise UnauthenticatedError("The request carries neither a key nor a bearer token")
        if route.scope not in caller.scopes:
            raise ForbiddenError(f"This needs a key with the scope {route.scope}")
        if counted:
            self._parts.access().admit(caller)
        return caller

    def _read(self, envelope: Envelope, route: Route, caller: Caller | None) -> Request:
        path = envelope.path_parameters(route)
        _check_ids(path)
        query = gate.query(route.query, envelope.query)
        body, sent, files = _content(envelope, route)
        prefer = envelope.headers.get("prefer", "")
        key = envelope.headers.get("idempotency-key") if route.idempotent else None
        if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
            raise gate.one_problem("Idempotency-Key", "takes 1 to 255 printable ASCII characters and no space")
        return Request(
            route=route,
            caller=caller,
            headers=envelope.headers,
            path=path,
            query=query,
            body=body,
            sent=sent,
            files=files,
            prefix=envelope.prefix(route),
            wait=self._seconds_to_wait(prefer, route) if route.waits else 0,
            in_background=route.defers and BACKGROUND.search(prefer) is not None,
            idempotency_key=key,
        )

    def _perform(self, operation: Operation, request: Request) -> Answer:
        show = self._shows.get(request.route.operation, AS_IT_IS)
        answer = self._once(operation, request) if request.idempotency_key else operation(request, self._parts)
        if answer.status == 202 and request.wait:
            try:
                return self._ended(answer, request, show) or answer
            except TransientError:  # the job is accepted all the same: a refusal would have it sent again
                log.warning("An accepted job could not be waited for", exc_info=True)
        return replace(answer, body=show.body(answer.body, self._parts)) if answer.status == 200 else answer

    def _ended(self, accepted: Answer, request: Request, show: Show) -> Answer | None:
        """The job in place of its acceptance, if it ends while the caller waits."""
        jobs = self._parts.jobs()
        job = jobs.wait(request.owner, accepted.body["jobId"], request.wait)
        if not job.state.terminal:
            return None
        try:
            shown = show.job(job, self._parts)
        except JobExpiredError:
            return None  # whoever reads the job is told
        return Answer(200, shown, {"Location": accepted.headers["Location"]})

    def _once(self, operation: Operation, request: Request) -> Answer:
        """Through the stored answers, so that a request sent again is answered as the first was.

        Waiting is left out: it belongs to each sending, not to the answer.
        """

        from darkroom.ports import StoredAnswer

        def produce() -> StoredAnswer:
            answer = operation(request, self._parts)
            return StoredAnswer(answer.status, answer.headers, answer.text())

        told = json.dumps([request.route.operation, request.path, request.body, _digests(request)], sort_keys=True)
        digest = hashlib.sha256(told.encode()).hexdigest()
        key = str(request.idempotency_key)
        stored = self._parts.idempotency().answer(request.owner, key, digest, produce)
        return Answer(stored.status, json.loads(stored.body), stored.headers)

    def _seconds_to_wait(self, prefer: str, route: Route) -> int:
        """What `Prefer: wait=N` asks for, within our limit and the time that this invocation has left (RFC 7240).

        Who asks for nothing waits as long as the route holds; who wants to be answered in the background, not at all.
        """
        found = WAIT.search(prefer)
        wanted = int(found[1]) if found else 0 if BACKGROUND.search(prefer) else route.holds
        if not wanted:
            return 0
        remaining = getattr(self._context, "get_remaining_time_in_millis", None)
        left = (int(remaining()) - SPARED) // limits.SECOND if callable(remaining) else limits.WAIT_SECONDS
        return max(0, min(wanted, limits.WAIT_SECONDS, left))

    # --- what goes back -----------------------------------------------------------------------------------------------

    def _preflight(self, allowed: Sequence[str]) -> Answer:
        methods = ", ".join(allowed)
        headers = {"Allow": methods}
        if "Access-Control-Allow-Origin" in self._cors:
            headers |= {
                "Access-Control-Allow-Methods": methods,
                "Access-Control-Allow-Headers": REQUEST_HEADERS,
                "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            }
        return Answer(204, "", headers)

    def _refusal(self, error: Exception) -> Answer:
        status, headers, body = problem(error, self._request_id, seed=self._route is not None and self._route.seed)
        if status == 500:
            log.error("The request failed", exc_info=error)
            emit({"UnhandledErrors": (1, "Count")}, {"function": function_name()})
        elif status > 500:
            log.warning("The request could not be answered", exc_info=error)
        return Answer(status, body, headers, PROBLEM)

    def response(self, answer: Answer) -> dict[str, Any]:
        headers = {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": self._request_id,
            "Vary": "Origin",
            **self._cors,
            **answer.headers,
        }
        if answer.status != 204:
            headers["Content-Type"] = answer.content_type
        return {
            "statusCode": answer.status,
            "headers": headers,
            "body": "" if self._method == "HEAD" else answer.text(),
            "isBase64Encoded": False,
        }


def _check_ids(path: Mapping[str, str]) -> None:
    """What cannot be an id of ours is unknown, without a look into any table."""
    if "jobId" in path:
        # Imported here: an upload starts without the model of jobs, whose types take 4 % of a cold start to make.
        from darkroom.domain.jobs import is_job_id

        if not is_job_id(path["jobId"]):
            raise JobNotFoundError
    if "personId" in path:
        from darkroom.domain.people import is_id

        if not is_id(path["personId"]):
            raise PersonNotFoundError
        if "faceId" in path and not is_id(path["faceId"]):
            raise FaceNotFoundError


def _content(envelope: Envelope, route: Route) -> tuple[dict[str, Any], frozenset[str], tuple[tuple[str, bytes], ...]]:
    """The checked body, the names of what it held, and the files of a form."""
    if not route.request:
        if envelope.body:
            raise gate.one_problem("body", "is not taken by this path")
        return {}, frozenset(), ()
    content_type, packed = (envelope.headers.get(name, "") for name in ("content-type", "content-encoding"))
    if route.form and gate.media_type(content_type)[0] == FORM:
        from darkroom.entry import forms  # for who sends one

        form = forms.read(envelope.body, encoded=envelope.encoded, content_type=content_type, content_encoding=packed)
        return gate.form(route.form, form.fields), frozenset(form.fields), form.files
    content = gate.json_body(
        envelope.body, encoded=envelope.encoded, content_type=content_type, content_encoding=packed
    )
    return gate.fields(route.model_of(content), content), frozenset(content), ()


def _digests(request: Request) -> list[tuple[str, str]]:
    return [(name, hashlib.sha256(data).hexdigest()) for name, data in request.files]


def _request_id(event: object, context: object) -> str:
    """The gateway's, which its access log has too; the invocation's where no gateway was involved."""
    said = event.get("requestContext") if isinstance(event, dict) else None
    by_gateway = said.get("requestId") if isinstance(said, dict) else None
    return str(by_gateway or getattr(context, "aws_request_id", "") or "none")


def _methods(routes: Sequence[Route]) -> tuple[str, ...]:
    methods = {route.method for route in routes} | {"OPTIONS"}
    return tuple(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _cors(origin: str | None, allowed: Sequence[str]) -> dict[str, str]:
    if origin is None or not (origin in allowed or "*" in allowed):
        return {}
    return {
        "Access-Control-Allow-Origin": "*" if "*" in allowed else origin,
        "Access-Control-Expose-Headers": ANSWER_HEADERS,
    }
