"""Every outside thing, as a Protocol named by its role. Adapters implement them; tests hand in the twins of
`adapters/memory.py`, which pass the same contract tests (`tests/contract/`).

All raise TransientError where the same call may succeed later; what else a call raises is said beside it.
Times are epoch milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.domain.callers import ApiKey, Caller
    from darkroom.domain.detection import Detection
    from darkroom.domain.doodles import Measures
    from darkroom.domain.faces import Face, FaceSpace, Quality
    from darkroom.domain.generation import Ability, AnalyseRequest, Drawn, DrawRequest, Picture, Reading, Trial
    from darkroom.domain.jobs import Attempt, Cost, Delivery, Failure, Job, Kind, Result, State
    from darkroom.domain.people import EnrolledFace, FaceTable, Match, Person
    from darkroom.domain.products import Overlay, Product
    from darkroom.domain.uploads import Upload


class Clock(Protocol):
    def now(self) -> int: ...

    def sleep(self, milliseconds: int) -> None: ...


# --- jobs ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `cursor` is opaque and None on the last page."""

    jobs: tuple[Job, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a kind of work has gone lately: moving averages of the wait in the queue and of the time per item, None
    before the first job has ended.

    `waiting_since` is when the oldest job was created that the sweeper found waiting; None once a job has ended since.
    """

    wait: int | None = None
    per_item: int | None = None
    waiting_since: int | None = None

    def after(self, *, wait: int, per_item: int) -> Pulse:
        """With one more job that ended folded in, at weight 1/8."""
        if self.wait is None or self.per_item is None:
            return Pulse(wait, per_item)
        return Pulse(self.wait + round((wait - self.wait) / 8), self.per_item + round((per_item - self.per_item) / 8))


class JobStore(Protocol):
    """The jobs, their attempt ledgers and their webhooks. Every change is one conditional write.

    `token` is the lease's: a method that takes one raises LeaseLostError when another worker has claimed the
    job since, or when it ended.
    """

    def create(self, job: Job) -> Job:
        """Store a new job and return it; where a job of that id stands already, return that one, unchanged.

        The caller compares `write_id` to tell its own write from another's. Raises TooLargeError above 400 KiB.
        """
        ...

    def get(self, job_id: str) -> Job | None:
        """A consistent read."""
        ...

    def inline_result(self, job_id: str) -> str | None:
        """The JSON that was stored in the row of a completed job; None where its result is an object, or gone."""
        ...

    def list(
        self, owner: str, *, since: int, state: State | None, kind: Kind | None, cursor: str | None, limit: int
    ) -> Page:
        """Newest first, those created at `since` or later. A page may be short, even empty, and still have a cursor.

        Raises InvalidRequestError for a cursor that is not one of ours for this owner.
        """
        ...

    def mark_sent(self, job_id: str, *, due_at: int) -> None:
        """The queue took the message. Does nothing to a job that was claimed or ended meanwhile."""
        ...

    def claim(self, job_id: str, *, token: str, now: int, until: int) -> Job:
        """PENDING, or PROCESSING and lost (`Job.was_lost`), to PROCESSING under this token.

        Counts one more of `leases`, and of `losses` where a lost one is taken over. A claim repeated with the same
        token (its acknowledgement was lost) returns the same job and counts once. Raises LeaseLostError when the
        job is held or ended, JobNotFoundError when there is none.
        """
        ...

    def renew(self, job_id: str, *, token: str, until: int, progress: int, cost: Cost, now: int) -> None: ...

    def release(self, job_id: str, *, token: str, now: int, due_at: int, cost: Cost) -> None:
        """Back to PENDING, for another worker at `due_at`. `cost` is what the job has taken so far."""
        ...

    def end(
        self,
        job_id: str,
        *,
        state: State,
        now: int,
        token: str | None = None,
        result: Result | None = None,
        failure: Failure | None = None,
        cost: Cost | None = None,
        delivery: Delivery | None = None,
        due_at: int | None = None,
    ) -> None:
        """To a terminal state, once, together with its inline result and its webhook's row in one transaction.

        Without a token, from any state that is not terminal. Repeated after a lost acknowledgement (same
        state, same digest, same token) it does nothing. Raises JobEndedError (no token) or LeaseLostError
        (token) otherwise.
        """
        ...

    def entomb(self, job_id: str) -> None:
        """Of an ended job keep only who owned it, when, and how it ended: no request, no result, no place in a list."""
        ...

    def due(self, now: int, limit: int) -> Sequence[str]:
        """Ids of jobs whose `due_at` has come, oldest first. May lag; every mend is conditional again."""
        ...

    def postpone(self, job_id: str, *, seen_due_at: int, due_at: int | None) -> bool:
        """Move `due_at` on, if nobody has since it was read. False where somebody has."""
        ...

    def begin_attempt(self, job_id: str, step: str, *, token: str, now: int, until: int, cost: Cost) -> Attempt:
        """Count one more attempt of a paid step, in one transaction with the check of the lease.

        The same write renews the lease to `until` and sets the job's `cost`, the price of the attempt included, so
        that an interrupted one is on the bill. Returns the row as it stands: one with an `outcome` was NOT counted
        again and must not be paid again. Raises AttemptsExhaustedError at PAID_ATTEMPTS_PER_STEP without an outcome.
        """
        ...

    def finish_attempt(self, job_id: str, step: str, *, token: str, outcome: str) -> None:
        """Record what a begun attempt gave, even if the lease ran out meanwhile: it was paid for.

        Raises LeaseLostError when another worker has begun the step since.
        """
        ...

    def cancel_attempt(self, job_id: str, step: str, *, token: str, now: int, cost: Cost) -> None:
        """Take back what `begin_attempt` counted: the call cost nothing. `cost` is the job's without its price.

        One transaction with the check of the lease. Raises LeaseLostError, also where the attempt has an outcome.
        """
        ...

    def attempts(self, job_id: str) -> Sequence[Attempt]: ...

    def delivery(self, job_id: str) -> Delivery | None: ...

    def put_delivery(self, delivery: Delivery, *, seen: Delivery) -> bool:
        """Replace the row if it still is `seen` (state, message id and `round_tries`). False otherwise."""
        ...

    def due_deliveries(self, now: int, limit: int) -> Sequence[str]: ...

    def pulse(self, kind: Kind) -> Pulse | None: ...

    def beat(self, kind: Kind, *, wait: int, per_item: int) -> None:
        """Fold one job that ended into the kind's moving averages (weight 1/8); nothing is known to wait any more."""
        ...

    def note_waiting(self, kind: Kind, *, since: int) -> None:
        """The oldest job of the kind that is known to wait was created then. It stands until the next beat."""
        ...


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered to an idempotent request: HTTP status, headers worth replaying, JSON body."""

    status: int
    headers: Mapping[str, str]
    body: str


class IdempotencyStore(Protocol):
    """The answers of idempotent requests, per owner and key."""

    def begin(self, owner: str, key: str, *, digest: str, now: int, until: int, expires_at: int) -> StoredAnswer | None:
        """Open the key, or return what was answered.

        A key left open past its `until` (its request was killed) is opened again. Raises
        RequestInFlightError while it is open, IdempotencyMismatchError for another body's digest.
        """
        ...

    def finish(self, owner: str, key: str, *, digest: str, answer: StoredAnswer) -> None: ...

    def abandon(self, owner: str, key: str, *, digest: str) -> None:
        """The request was refused and cost nothing: the key may be used again at once."""
        ...

    def lapse(self, owner: str, key: str, *, digest: str) -> None:
        """Nobody knows what the request did: the same body may be sent again at once, another may not."""
        ...


# --- storage and messages --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    size: int
    content_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class PresignedPost:
    url: str
    fields: Mapping[str, str]


class ObjectStore(Protocol):
    """One bucket."""

    bucket: str

    def head(self, key: str) -> ObjectInfo | None: ...

    def read(self, key: str, *, limit: int) -> bytes:
        """The whole object. Raises ImageNotFoundError for none, TooLargeError above `limit` bytes, before reading."""
        ...

    def write(self, key: str, body: bytes, *, content_type: str) -> None: ...

    def delete(self, keys: Sequence[str]) -> None: ...

    def list(self, prefix: str) -> Iterable[str]: ...

    def presign_get(self, key: str, *, lifetime: int, filename: str | None = None) -> str: ...

    def presign_put(
        self, key: str, *, content_type: str, size: int | None, lifetime: int
    ) -> tuple[str, Mapping[str, str]]:
        """The URL, and the headers that the caller must send with it: the signed ones."""
        ...

    def presign_post(
        self, key: str, *, content_type: str, size: int | None, maximum: int, lifetime: int
    ) -> PresignedPost: ...


class UploadStore(Protocol):
    def put(self, upload: Upload) -> None: ...

    def get(self, keys: Sequence[str]) -> Mapping[str, Upload]:
        """The rows that exist, by key; up to IMAGES_PER_JOB keys in one call."""
        ...


class MessageQueue(Protocol):
    def send(self, body: str, *, delay: int = 0) -> None:
        """`delay` is in milliseconds. A message may arrive twice, late, or after its sender saw an error."""
        ...

    def put_off(self, receipt: str, *, delay: int) -> None:
        """Hand a received message out again after `delay` milliseconds, not after the queue's visibility timeout.

        Does nothing to a message that is no longer held under this receipt.
        """
        ...

    def waiting(self) -> int:
        """About how many messages could be received now."""
        ...


class DeadLetters(Protocol):
    """The messages that were received too often, and the queue that they came from."""

    def waiting(self) -> int:
        """How many there are. SQS counts roughly."""
        ...

    def move_back(self, progress: Callable[[int], None]) -> int:
        """Send each to its queue again; how many. `progress` is told how many so far.

        One that dies again meanwhile is not taken along a second time. Interrupted, a message may be in both queues,
        and is never in neither.
        """
        ...


class Meter(Protocol):
    """What operators watch: counts and sums by kind, never by owner or job. Never raises."""

    def job_ended(self, job: Job) -> None: ...

    def engine_used(self, engine: str, *, items: int, usd: float) -> None:
        """One call of an engine or provider, after it answered."""
        ...

    def webhook_tried(self, outcome: str) -> None:
        """`delivered`, `retried` or `failed`."""
        ...


# --- callers ---------------------------------------------------------------------------------------------------------


class KeyStore(Protocol):
    def get(self, digest: str) -> ApiKey | None: ...

    def put(self, key: ApiKey) -> None: ...

    def list(self) -> Sequence[ApiKey]: ...

    def revoke(self, key_id: str, *, now: int) -> ApiKey:
        """Raises NotFoundError for an unknown id."""
        ...

    def count(self, key_id: str, *, window: int, now: int) -> int:
        """Count one request in the caller's current window of `window` milliseconds; the count, this one included."""
        ...


class TokenVerifier(Protocol):
    def verify(self, token: str) -> Caller:
        """Raises UnauthenticatedError for a token that is not the issuer's, not ours, or out of date."""
        ...


class Secrets(Protocol):
    def get(self, name: str) -> str:
        """Cached for five minutes. Raises SettingsError for a secret that is not there."""
        ...


# --- the outside world -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of the guarded fetcher. `url` is where the redirects ended; `body` is decoded."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetcher(Protocol):
    """The only way to a URL that a user handed in.

    Raises UnacceptableUrlError (before any connection is made), TooLargeError, or FetchFailedError.
    """

    def check(self, url: str) -> None:
        """The rules that need no network: scheme, host form, port, credentials, length."""
        ...

    def get(self, url: str, *, limit: int) -> Fetched: ...

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str], limit: int, timeout: int) -> Fetched:
        """Never follows a redirect. With a limit of 0 the answer's body is left unread, whatever it is."""
        ...


# --- vision ----------------------------------------------------------------------------------------------------------


class ImageReader(Protocol):
    def read(self, data: bytes) -> NDArray[np.uint8]:
        """Upright RGB pixels, shape (height, width, 3). Raises BadImageError or TooLargeError before a full decode."""
        ...


class ObjectDetector(Protocol):
    """One engine with its weights loaded. `paid` engines are called through the attempt ledger."""

    engine: str
    model: str
    paid: bool
    usd_per_image: float

    def detect(self, pixels: NDArray[np.uint8]) -> Sequence[Detection]:
        """`pixels` is what ImageReader gives: upright RGB. Boxes are in its pixels, most confident first.

        A paid engine raises NotChargedError where it knows that the call cost nothing and may succeed later.
        """
        ...


# --- faces and people -------------------------------------------------------------------------------------------------


class FaceModel(Protocol):
    """One engine with its pack loaded: a detector with five landmarks, and a recogniser."""

    space: FaceSpace

    def faces(self, pixels: NDArray[np.uint8]) -> Sequence[Face]:
        """The faces in upright RGB pixels of shape (height, width, 3), most confident first."""
        ...


class FaceMeter(Protocol):
    def measure(self, pixels: NDArray[np.uint8], face: Face) -> Quality: ...


class FacePictures(Protocol):
    def crop(self, pixels: NDArray[np.uint8], face: Face) -> bytes:
        """The face with some of what surrounds it, upright, as a JPEG without metadata."""
        ...

    def drawn(self, pixels: NDArray[np.uint8], faces: Sequence[Face]) -> bytes:
        """The picture, scaled down where it is large, with boxes, landmarks and numbers drawn on it, as a JPEG."""
        ...


class FaceReader(Protocol):
    """Where the faces of a picture come from, for functions that hold no model: the function that does."""

    def read(self, owner: str, source: Mapping[str, Any], *, pack: str | None = None) -> Mapping[str, Any]:
        """What is found in one picture, as `usecases/faces.py` tells it as plain data: `{model, results: [one]}`, with
        embeddings, and with a `crop` (JPEG in base64) where there is one face alone.

        `source` is {"imageData" | "s3Uri" | "url": ...}, or {"key": ...} of the media bucket; `pack` names one of
        several that the function has, and its own choice is taken without. Raises PackMismatchError for one that it
        has not, NoModelError, and what is wrong with the picture (`sources.ITEM_ERRORS`).
        """
        ...

    def model(self, pack: str | None = None) -> Mapping[str, Any]:
        """What finds them: `{engine, pack, dimensions, licence, threshold}`, as in the answer of `read`."""
        ...


@dataclass(frozen=True, slots=True)
class PeoplePage:
    people: tuple[Person, ...]
    cursor: str | None


class PeopleStore(Protocol):
    """Who is known to an owner, and the rows of their faces. Every change is one conditional write."""

    def create(self, person: Person) -> Person:
        """Store a new person and return it; where one of that id stands already, return that one, unchanged."""
        ...

    def get(self, owner: str, person_id: str) -> Person | None:
        """A consistent read; also of one that is being erased."""
        ...

    def list(self, owner: str, *, cursor: str | None, limit: int) -> PeoplePage:
        """By id, the active ones. A page may be short, even empty, and still have a cursor.

        Raises InvalidRequestError for a cursor that is not one of ours for this owner.
        """
        ...

    def update(self, person: Person, *, seen: Person) -> bool:
        """Replace name, metadata and consent, if the person is active and still is `seen`. False otherwise."""
        ...

    def begin_face(self, face: EnrolledFace, *, now: int) -> EnrolledFace:
        """Write the row of a face that its worker begins to enrol, in one transaction with a check of its person.

        Where a row of that id stands: the one that is ENROLLED with the same digest is returned, unchanged; one that is
        WRITING and overdue, or of the same token, is taken over. Raises PersonNotFoundError unless the person is
        active, FaceExistsError for another picture's face of that id, TransientError while another worker writes it
        or it is being erased.
        """
        ...

    def finish_face(self, face: EnrolledFace) -> None:
        """WRITING under this token to ENROLLED, if the person still is active; counts it, and nobody writes it any
        more. Repeated, it does nothing.

        Raises PersonNotFoundError where the person or the face is not: what was written of it must go again.
        LeaseLostError where another worker has taken it over, whose files and vector these are now.
        """
        ...

    def drop_face(self, face: EnrolledFace) -> None:
        """Remove the row, if it still is this one (token); takes an enrolled one off the count."""
        ...

    def begin_face_erasure(self, owner: str, person_id: str, face_id: str) -> EnrolledFace | None:
        """To ERASING, from which there is no way back but `drop_face`; takes an enrolled one off the count.

        The row as it is now, None where there is none. Repeated, it does nothing.
        """
        ...

    def bar_face(self, owner: str, person_id: str, face_id: str, *, token: str, now: int) -> EnrolledFace | None:
        """Put a row that is ERASING where there is none, so that nobody can begin a face of that id meanwhile, nor of a
        person who is not there. It is to be dropped again. None where a row stands that is not of this sort.
        """
        ...

    def hold_face(self, face: EnrolledFace, *, until: int) -> bool:
        """Somebody writes a further vector of this enrolled face, until then: an erasure waits for it.

        False where the row is not this enrolled one any more (token), or its person is not active.
        """
        ...

    def set_pack(self, face: EnrolledFace, pack: str) -> bool:
        """The face's vector stands in the table of this pack too, and nobody writes any more. False where the row is
        not this enrolled one any more (token)."""
        ...

    def faces(self, owner: str, person_id: str) -> Sequence[EnrolledFace]:
        """All of a person's, a consistent read."""
        ...

    def begin_erasure(self, owner: str, person_id: str, *, now: int) -> Person:
        """To ERASING, from which there is no way back. Repeated, it does nothing. Raises PersonNotFoundError."""
        ...

    def finish_erasure(self, owner: str, person_id: str) -> None:
        """Remove the person's row, once none of a face is left."""
        ...

    def erasing(self, owner: str) -> Iterable[Person]:
        """Those whose erasure was begun and not finished."""
        ...

    def pack(self, owner: str) -> str | None:
        """The pack whose vectors this owner's searches are answered with; None before the first enrolment."""
        ...

    def choose_pack(self, owner: str, pack: str, *, instead_of: str | None) -> str:
        """Change it if it is `instead_of`; the one that holds then."""
        ...


class FaceIndex(Protocol):
    """The vectors of enrolled faces, one table an owner and pack. Durable, and safe with many writers at once."""

    def put(
        self, owner: str, pack: str, rows: Sequence[tuple[str, str, NDArray[np.float32]]], *, at: int, until: int
    ) -> None:
        """Store (person id, face id, unit vector) each. Of a face that is put twice, the one of the later `at` holds.

        No write is begun at `until` or later: then TransientError. Raises InvalidRequestError for a vector of another
        length than the others there.
        """
        ...

    def search(
        self,
        owner: str,
        pack: str,
        vector: NDArray[np.float32],
        *,
        limit: int,
        threshold: float,
        people: Sequence[str] | None = None,
    ) -> Sequence[Match]:
        """The `limit` most similar faces of at least `threshold`, best first; of `people` alone where given.

        What was put or erased before the call is seen.
        """
        ...

    def erase(self, owner: str, pack: str, *, person_id: str, face_ids: Sequence[str] | None = None, at: int) -> None:
        """Remove a person's vectors (or those faces' alone) for good: no file of the table holds them any more, those
        that were left by killed writers included. What was put at a time later than `at` stays."""
        ...

    def faces(self, owner: str, pack: str) -> Iterable[tuple[str, str]]:
        """(person id, face id) of all that is there."""
        ...

    def compact(self, owner: str, pack: str) -> None:
        """Make few files of many where they are many, and remove what killed writers left; harmless beside writers."""
        ...

    def drop(self, owner: str, pack: str) -> None:
        """The whole table."""
        ...

    def packs(self, owner: str) -> Iterable[str]:
        """Of the owner's tables."""
        ...

    def tables(self) -> Iterable[tuple[str, str]]:
        """(owner, pack) of every table."""
        ...


class FaceTables(Protocol):
    """Which generation of each table of vectors holds (`domain/people.py`). Every change is one conditional write."""

    def get(self, owner: str, pack: str) -> FaceTable | None:
        """A consistent read."""
        ...

    def open(self, owner: str, pack: str, *, maker: str) -> FaceTable:
        """The table as it stands; where there was none, its first generation, which `maker` has made."""
        ...

    def touch(self, owner: str, pack: str) -> FaceTable:
        """Count a change, for readers to notice; the table as it is then. Whoever wrote to its generation before has
        written to where every later move looks."""
        ...

    def doom(self, owner: str, pack: str, entries: frozenset[str]) -> FaceTable | None:
        """Name what the next move leaves behind; None where there is no table."""
        ...

    def move(self, seen: FaceTable, *, token: str, now: int, until: int) -> FaceTable | None:
        """To the next generation, which `token` has made, with the ones before as its sources, unless the table has
        moved since it was seen, or another mover is at it until later than `now`: then None. Repeated under one token,
        it moves once."""
        ...

    def renew(self, table: FaceTable, *, until: int) -> bool:
        """The mover needs more time. False where another has moved the table on."""
        ...

    def settle(self, table: FaceTable, *, filled: bool) -> bool:
        """The sources are nobody's from now on, and the doomed that were known at the move are done with. `filled`: the
        generation's base holds, which has what is kept of them.

        Repeated, it does nothing. False where another has moved the table on: then nothing is settled.
        """
        ...

    def of(self, owner: str) -> Iterable[FaceTable]: ...

    def all(self) -> Iterable[FaceTable]: ...


# --- generation ------------------------------------------------------------------------------------------------------


class ImageGenerator(Protocol):
    """One engine that draws: ours, or a provider's behind its SDK.

    `draw` and `analyse` own limits, timeout, retries, circuit, cost and errors; every single call of the provider goes
    through the `trial` that is handed in. Both raise
    NotChargedError       refused before anything was charged, and may succeed later (429, unavailable, circuit open);
    InterruptedCallError  nobody knows whether it was charged (a timeout, a connection that broke, a 5xx);
    ProviderRefusedError  it will never be done (moderation, a bad request, a key that is not accepted);
    ProviderAnswerError   it was charged, and what came is no picture that we accept;
    InvalidRequestError   none of its models can do this, or not the one that is named; nothing was asked.
    """

    name: str
    abilities: frozenset[Ability]

    def price(self, request: DrawRequest) -> Cost:
        """What one call is expected to be charged at, rounded up; nothing for an engine of ours."""
        ...

    def draw(self, request: DrawRequest, *, trial: Trial[Drawn]) -> Drawn: ...


class ImageAnalyser(Protocol):
    """One engine that says what a picture shows, by the same rules as an ImageGenerator."""

    name: str
    abilities: frozenset[Ability]

    def price_to_analyse(self, request: AnalyseRequest) -> Cost: ...

    def analyse(self, request: AnalyseRequest, *, trial: Trial[Reading]) -> Reading: ...


class ProviderKeys(Protocol):
    """The secret keys of AI providers, by the provider's name. They go into no log and no error."""

    def get(self, provider: str) -> str:
        """Cached. Raises ProviderRefusedError (PROVIDER_KEY) where there is none."""
        ...

    def forget(self, provider: str, key: str) -> None:
        """The provider did not accept this key: unless it was replaced meanwhile, the next `get` reads it anew."""
        ...


class PictureReader(Protocol):
    """The way in for every encoded picture that comes from outside: a user's, a page's, a provider's."""

    def extent(self, data: bytes) -> tuple[int, int, int]:
        """Width and height in pixels, and the number of frames, as the headers say: no pixel is decoded.

        Raises BadImageError, TooLargeError (IMAGE_PIXELS over all frames).
        """
        ...

    def frames(self, data: bytes) -> Frames:
        """Upright RGBA. Raises BadImageError, TooLargeError (IMAGE_PIXELS over all frames) before a full decode."""
        ...


@dataclass(frozen=True, slots=True)
class Frames:
    """Pixels of one picture, or of an animation: each (height, width, 4), RGBA, not premultiplied, all of one size.

    `durations` are the milliseconds that each frame is shown; a still has none.
    """

    pixels: tuple[NDArray[np.uint8], ...]
    media_type: str
    durations: tuple[int, ...] = ()


class PictureEncoder(Protocol):
    def still(self, pixels: NDArray[np.uint8], media_type: str, *, longest: int | None = None) -> bytes:
        """(height, width, 4) RGBA to PNG, WebP, AVIF, or JPEG (laid on white). Nothing but pixels goes in.

        A picture with a side of more than `longest` pixels is scaled down to no more first, its shape kept.
        """
        ...

    def animation(self, frames: Sequence[NDArray[np.uint8]], *, fps: int, media_type: str) -> bytes:
        """A loop without end: GIF, WebP, APNG or AVIF."""
        ...

    def rate(self, fps: int, media_type: str) -> float:
        """Frames a second that such an animation really shows where `fps` are asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Optimised:
    data: bytes
    media_type: str
    width: int
    height: int
    ssim: float


class PictureOptimiser(Protocol):
    def optimise(
        self,
        pixels: NDArray[np.uint8],
        *,
        width: int,
        height: int,
        original: bytes,
        allowed: Sequence[str],
    ) -> Optimised:
        """Trimmed, fitted into width by height and quantised: the smallest encoding at an SSIM of at least 0.98.

        `pixels` is `original` decoded, RGBA. The original itself is a candidate where it fits already, so that doing it
        again changes nothing.
        """
        ...


class DoodleMeter(Protocol):
    def measure(self, pixels: NDArray[np.uint8]) -> Measures:
        """What can be said of a drawing, (height, width, 4) RGBA, by measuring it."""
        ...


class ProductReader(Protocol):
    def read(self, html: bytes, *, url: str, content_type: str) -> Product:
        """What a product page says, each fact with its source and confidence. Never raises for a hostile page."""
        ...


class Overlayer(Protocol):
    def lay(self, picture: Picture, overlay: Overlay) -> tuple[bytes, Overlay]:
        """The picture as JPEG with the texts laid over it, and what of them was laid (the rest has its reason)."""
        ...
