"""Every limit that a caller can meet, in one table. `docs/limits.md` is generated from it."""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB
SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
"""Durations are milliseconds everywhere inside; only the wire and DynamoDB's TTL know seconds."""

IMAGES_PER_JOB: Final = 100
METADATA_BYTES: Final = 4 * KIB
REQUEST_BYTES: Final = 256 * KIB
"""Of a job's request as JSON in UTF-8. A row of DynamoDB holds 400 KB, and its job has more to keep than this."""
FILENAME_CHARACTERS: Final = 255
URL_CHARACTERS: Final = 2_048
BODY_BYTES: Final = 6 * MIB - 64 * KIB
"""What Lambda takes in one payload, less the envelope that API Gateway adds."""
BODY_DEPTH: Final = 32
FORM_PARTS: Final = 220
"""Of a form: the files of a whole job, an id for each, and what else a path takes."""
FORM_FIELD_BYTES: Final = 8 * KIB
"""Of one field that is no file."""
NUMBER_DIGITS: Final = 40
"""Longest number literal in a JSON body; CPython itself refuses 4,300 digits, with an error of its own kind."""

FACES_PER_IMAGE: Final = 500
"""The most confident ones; how many there were is told all the same."""
FACES_PER_PERSON: Final = 1_000
FACES_FOUND_DEFAULT: Final = 10
FACES_FOUND_MOST: Final = 100
"""Matches that one search answers."""
EMBEDDING_MOST: Final = 4_096
"""Numbers of one embedding that a request may hold."""

IMAGE_BYTES: Final = 50 * MIB
INLINE_IMAGE_BYTES: Final = 4 * MIB
"""Of one image within a JSON body, and of all that come with one request about faces; larger ones are uploaded."""
IMAGE_PIXELS: Final = 50_000_000
"""Over all frames of the image."""
VIDEO_BYTES: Final = 2 * GIB
VIDEO_DURATION: Final = 2 * HOUR

DESCRIPTION_CHARACTERS: Final = 1_000
OVERLAY_CHARACTERS: Final = 300
"""Of each field of a product that is laid over its picture."""
DOODLES_PER_REQUEST: Final = 10
FRAMES_PER_ANIMATION: Final = 60
DOODLE_SIZE_LEAST: Final = 64
DOODLE_SIZE_MOST: Final = 2_048
OPTIMISED_SIZE_MOST: Final = 4_096
"""Pixels of a side."""
ACTIONS_PER_REQUEST: Final = 10
PROVIDERS_PER_CHAIN: Final = 4
INLINE_ANSWER_BYTES: Final = 1 * MIB
"""Of all pictures that one answer holds in base64; beyond it there is the URL alone."""
PAGE_BYTES: Final = 10 * MIB
"""Of a product's page, decoded."""

PRESIGN_LIFETIME: Final = 900 * SECOND
UPLOAD_KEPT: Final = 7 * DAY
"""How long an upload waits to be used; its row and its object go then."""
REQUESTS_PER_MINUTE: Final = 60
KEY_CACHED: Final = 30 * SECOND
"""How long an authorizer may go on believing a key that it has looked up: a revoked one is dead after it."""
PULSE_EVERY: Final = 5 * SECOND
"""How often one process reports to the moving averages of its kind, or looks them up."""
WAIT_SECONDS: Final = 25
"""Largest `Prefer: wait=N` that is honoured; API Gateway itself gives up at 29 s."""
FACES_WAIT_SECONDS: Final = 20
"""For so long requests about faces are answered late rather than with a job, unless `Prefer` says otherwise."""

INLINE_RESULT_BYTES: Final = 200 * KIB
"""A larger result lives in S3 and the row holds its key."""
LEASE: Final = 60 * SECOND
HEARTBEAT: Final = 15 * SECOND
CLOCK_SKEW: Final = 60 * SECOND
"""How far two machines' clocks may differ: so much late are leases taken over and deadlines enforced from outside."""
LEASES_PER_JOB: Final = 5
"""How many workers may die on a job before it fails; as many may give it back for trouble that should have passed."""
RECEIVES_PER_MESSAGE: Final = 5
"""The queues' maxReceiveCount: a message received so often and not dealt with is moved to the dead-letter queue."""
PAID_ATTEMPTS_PER_STEP: Final = 3
SUBMISSION_GRACE: Final = 30 * SECOND
"""How long a job's message may stay unsent before the sweeper sends it."""
RESEND_AFTER: Final = 10 * MINUTE
"""How long a sent message may go without a worker before the sweeper sends another."""
TAKEOVER_RESEND: Final = 2 * MINUTE
"""The same for a message that the sweeper sent because a lease ran out."""
SETBACK_BACKOFF: Final = tuple(seconds * SECOND for seconds in (15, 30, 60, 120))
"""Waits before a job that met trouble is tried again."""
TIDY_AFTER: Final = 20 * MINUTE
"""From a job's end until what lost workers left is removed: no worker outlives its function's 15 minutes."""
JOB_DEADLINE: Final = 1 * HOUR
JOB_KEPT: Final = 24 * HOUR
TOMBSTONE_KEPT: Final = 7 * DAY
"""From creation: the full record for a day, then 410 until the seventh day ends."""
IDEMPOTENCY_KEPT: Final = 24 * HOUR
IDEMPOTENCY_IN_FLIGHT: Final = 60 * SECOND

PAGE_DEFAULT: Final = 20
PAGE_MAXIMUM: Final = 100

WEBHOOK_BACKOFF: Final = tuple(minutes * MINUTE for minutes in (1, 2, 5, 10, 30, 60, 120, 240, 360, 612))
"""Waits between the deliveries of one webhook: eleven tries over 24 hours."""
WEBHOOK_TIMEOUT: Final = 10 * SECOND

FETCH_REDIRECTS: Final = 3
FETCH_DEADLINE: Final = 20 * SECOND
