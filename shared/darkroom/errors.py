"""One tree of errors. The core raises them; `entry/errors.py` alone knows which HTTP status each one is.

DarkroomError
├── MalformedRequestError        the bytes are not what they claim to be
├── InvalidRequestError          well-formed, but a field is missing, unknown or out of range
├── UnauthenticatedError         nobody we know
├── ForbiddenError               somebody we know, without the scope
│   └── ConsentMissingError      a face that nobody has consented to keep
├── NotFoundError
│   ├── JobNotFoundError         unknown, or another owner's: the caller cannot tell
│   ├── ImageNotFoundError       a foreign bucket, another owner's object, or none
│   ├── PersonNotFoundError      unknown, another owner's, or being erased
│   ├── FaceNotFoundError        a person has no enrolled face of that id
│   └── RouteNotFoundError
├── MethodNotAllowedError        carries the methods that are allowed
├── ConflictError
│   ├── JobEndedError            a terminal state never changes
│   ├── FaceExistsError          a face of that id, from another picture
│   ├── PackMismatchError        vectors of two models, which say nothing about each other
│   └── RequestInFlightError     the first request with this Idempotency-Key has not answered yet
├── IdempotencyMismatchError     the same key with another body
├── JobExpiredError              past its deadline or its keeping time: asking again will not help
├── TooLargeError
├── UnsupportedTypeError
├── UnacceptableUrlError         a URL that the guarded fetcher will not touch
├── CostLimitError               the estimate or the running cost is above the request's maxCost
├── TooManyRequestsError         carries the seconds until the next chance
├── BadImageError                bytes that are not an image we accept; fails its item, never its batch
├── NoModelError                 the engine has no weights; the message names the command that gets them
├── FetchFailedError             the far side answered badly, slowly or not at all
├── TransientError               the same call may succeed later: throttled, timed out, unavailable
│   ├── PageUnavailableError     a shop that gives its page to nobody now: busy, failing, silent
│   ├── NotChargedError          a provider refused a paid call before it charged for it
│   └── InterruptedCallError     a paid call broke, and nobody knows whether it was charged
├── ProviderRefusedError         a provider will never do this: moderation, a bad request, a key it does not accept
├── ProviderAnswerError          a provider was paid, and its answer is nothing that we accept
├── NoProductError               a page on which no product is found
├── UnhealthyError               a deep health check found dependencies that do not answer
├── LeaseLostError               another worker holds the job now, or it ended: stop without a trace
├── AttemptsExhaustedError       a paid step was interrupted as often as we are willing to pay for
└── SettingsError                the environment is incomplete or contradicts itself
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class DarkroomError(Exception):
    """Base of all. `code` is stable and for machines; `detail` and `fix` are plain words for people.

    `code` is the class's own unless the raiser has a more exact one (`UPLOAD_EXPIRED`, `TOO_MANY_PIXELS` ...).
    """

    code: ClassVar[str] = "INTERNAL"
    default_fix: ClassVar[str] = ""

    def __init__(self, detail: str, *, fix: str | None = None, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = self.default_fix if fix is None else fix
        self.exact_code = code or self.code


class MalformedRequestError(DarkroomError):
    code = "MALFORMED_REQUEST"


class InvalidRequestError(DarkroomError):
    """`problems` lists every fault as (path of the field, what is wrong with it)."""

    code = "INVALID_REQUEST"

    def __init__(
        self,
        detail: str,
        *,
        problems: tuple[tuple[str, str], ...] = (),
        fix: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(detail, fix=fix, code=code)
        self.problems = problems


class UnauthenticatedError(DarkroomError):
    code = "UNAUTHENTICATED"
    default_fix = "Send a valid key in the x-api-key header, or a bearer token from the configured issuer."


class ForbiddenError(DarkroomError):
    code = "FORBIDDEN"
    default_fix = "Ask for a key with the scope that the message names."


class ConsentMissingError(ForbiddenError):
    code = "CONSENT_MISSING"
    default_fix = "Send `consentVersion`: the version of the text that the person consented to."


class NotFoundError(DarkroomError):
    code = "NOT_FOUND"


class RouteNotFoundError(NotFoundError):
    code = "ROUTE_NOT_FOUND"
    default_fix = "GET /openapi.json lists every path."


class JobNotFoundError(NotFoundError):
    code = "JOB_NOT_FOUND"
    default_fix = "Check the id, and that the key is the one that created the job."

    def __init__(self) -> None:
        super().__init__("Job not found")


class ImageNotFoundError(NotFoundError):
    code = "IMAGE_NOT_FOUND"
    default_fix = "Upload the image with a URL from POST /uploads/presign first, using the same key."


class PersonNotFoundError(NotFoundError):
    code = "PERSON_NOT_FOUND"
    default_fix = "Check the id, and that the key is the one that created the person."

    def __init__(self) -> None:
        super().__init__("Person not found")


class FaceNotFoundError(NotFoundError):
    code = "FACE_NOT_FOUND"
    default_fix = "GET /people/{personId}/faces lists the ids of a person's faces."

    def __init__(self) -> None:
        super().__init__("Face not found")


class MethodNotAllowedError(DarkroomError):
    code = "METHOD_NOT_ALLOWED"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"This path answers {', '.join(allowed)} only")
        self.allowed = allowed


class ConflictError(DarkroomError):
    code = "CONFLICT"


class JobEndedError(ConflictError):
    code = "JOB_ENDED"
    default_fix = "A job that has ended stays as it is; create a new one."


class RequestInFlightError(ConflictError):
    code = "REQUEST_IN_FLIGHT"
    default_fix = "Wait for the first request with this Idempotency-Key to answer, then repeat it."


class FaceExistsError(ConflictError):
    code = "FACE_EXISTS"
    default_fix = "Choose another faceId, or delete that face first."


class PackMismatchError(ConflictError):
    """The message names both packs, and the command that re-embeds."""

    code = "PACK_MISMATCH"


class IdempotencyMismatchError(DarkroomError):
    code = "IDEMPOTENCY_MISMATCH"
    default_fix = "Use a new Idempotency-Key for a new request; repeat an old key with the old body only."


class JobExpiredError(DarkroomError):
    code = "JOB_EXPIRED"
    default_fix = "Do not retry; create the job again if its result is still wanted."


class TooLargeError(DarkroomError):
    code = "TOO_LARGE"


class UnsupportedTypeError(DarkroomError):
    code = "UNSUPPORTED_TYPE"


class UnacceptableUrlError(DarkroomError):
    code = "UNACCEPTABLE_URL"
    default_fix = "Use an http or https URL of a public host on port 80 or 443."


class CostLimitError(DarkroomError):
    code = "COST_LIMIT"
    default_fix = "Raise maxCost or send fewer items."


class TooManyRequestsError(DarkroomError):
    code = "TOO_MANY_REQUESTS"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, fix=f"Wait {retry_after} s and send the request again.")
        self.retry_after = retry_after


class BadImageError(DarkroomError):
    code = "BAD_IMAGE"


class NoModelError(DarkroomError):
    code = "NO_MODEL"
    default_fix = "Run `make models`, or point DETECT_MODEL_DIR at a folder that holds the model."


CONNECTION_FAILED: Final = "CONNECTION_FAILED"
FETCH_TIMED_OUT: Final = "FETCH_TIMED_OUT"
"""What an attempt at the same URL may not meet again."""


class FetchFailedError(DarkroomError):
    """`exact_code` may say which: HOST_NOT_FOUND, FETCH_TIMED_OUT, CONNECTION_FAILED."""

    code = "FETCH_FAILED"


class TransientError(DarkroomError):
    """`retry_after` is the seconds until the next chance, None where nobody said."""

    code = "TEMPORARILY_UNAVAILABLE"
    default_fix = "Send the request again in a few seconds."

    def __init__(
        self, detail: str, *, fix: str | None = None, code: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(detail, fix=fix, code=code)
        self.retry_after = retry_after


class PageUnavailableError(TransientError):
    """`exact_code` says which: SHOP_BUSY, SHOP_FAILING, FETCH_TIMED_OUT, CONNECTION_FAILED."""

    code = "SHOP_FAILING"
    default_fix = "Try again later, or use a page of another shop that sells the product."


class NotChargedError(TransientError):
    """The one error after which nothing was paid, so that a call may be repeated freely."""


class InterruptedCallError(TransientError):
    code = "PROVIDER_INTERRUPTED"


class ProviderRefusedError(DarkroomError):
    """`exact_code` says which: MODERATED, PROVIDER_KEY, PROVIDER_CREDIT, PROVIDER_BAD_REQUEST."""

    code = "PROVIDER_REFUSED"


class ProviderAnswerError(DarkroomError):
    code = "PROVIDER_ANSWER"


class NoProductError(DarkroomError):
    code = "NO_PRODUCT_DATA"
    default_fix = "Use the URL of one product's own page; POST /generative-ai-images/preview shows what is read."


class UnhealthyError(DarkroomError):
    """`checks` is how each dependency stands, by name, as the health answer shows it."""

    code = "DEPENDENCY_FAILING"
    default_fix = "Look at the named dependency's alarms and the function's log."

    def __init__(self, checks: Mapping[str, Mapping[str, object]]) -> None:
        failing = ", ".join(name for name, check in checks.items() if check["status"] != "ok")
        super().__init__(f"These dependencies do not answer: {failing}")
        self.checks = checks


class LeaseLostError(DarkroomError):
    code = "LEASE_LOST"


class AttemptsExhaustedError(DarkroomError):
    code = "ATTEMPTS_EXHAUSTED"


class SettingsError(DarkroomError):
    code = "SETTINGS"
