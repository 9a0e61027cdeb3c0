"""One botocore session a process and one client a service, all with the same patience.

botocore reads AWS_ENDPOINT_URL and the credentials from the environment itself; the region is ours. boto3 is not
imported: it would add a sixth to every cold start (docs/decisions.md). Clients may be used from many threads.
"""

from __future__ import annotations

import json
import os
import zlib
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.exceptions import IncompleteReadError
from botocore.parsers import ResponseParserError

from darkroom.adapters.aws.sessions import lean_session
from darkroom.settings import settings

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel
    from botocore.session import Session

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
SLOW_SERVICES: Final = {"lambda": 20, "s3": 10, "rekognition": 15}
"""Seconds without a byte before a try is given up, for services that take longer than READ_SECONDS to begin."""
ATTEMPTS: Final = 3
"""Of one call, the first included. botocore's legacy mode makes ten over 25 s on a permanent fault."""


def config(service: str) -> Config:
    """Standard retries and explicit timeouts; for S3 signatures of version 4 on the regional host.

    An endpoint of our own (the embedded AWS) is a bare host, so its buckets are in the path. Checksums are left to
    where S3 demands them, because a presigned PUT would otherwise sign one that the uploader has to know.
    """
    s3: dict[str, Any] = {}
    if service == "s3":
        own_endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        s3 = {
            "signature_version": "s3v4",
            "s3": {
                "addressing_style": "path" if own_endpoint else "virtual",
                "us_east_1_regional_endpoint": "regional",
            },
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
    return Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=SLOW_SERVICES.get(service, READ_SECONDS),
        # A sixth of a call's time in process, to check rows that rows.py typed and DynamoDB checks anyway.
        parameter_validation=service != "dynamodb",
        **s3,
    )


_making = Lock()
"""botocore's session makes one client at a time; a batch that is handled in parallel asks for several at once."""


@cache
def session() -> Session:
    return lean_session()


@cache
def client(service: str, region: str | None = None) -> Any:
    """The process's client of a service, in the settings' region unless told. Assign it to its typed name."""
    with _making:
        made = session().create_client(service, region_name=region or settings().region, config=config(service))
    return demanding_whole_answers(made)


@cache
def paid_client(service: str, region: str) -> Any:
    """A client that makes each call once: a try that timed out may have been charged, and the ledger counts tries."""
    once = config(service).merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
    with _making:
        made = session().create_client(service, region_name=region, config=once)
    return demanding_whole_answers(made)


def demanding_whole_answers(client: Any) -> Any:
    """The client, raising IncompleteReadError or ResponseParserError for an answer that broke off or was damaged.

    botocore alone takes one for an answer with nothing in it, and a missing Item for no such row: it switches urllib3's
    check of the length off, reads a JSON object that does not end as one without fields, and returns what failed
    DynamoDB's checksum once its retries are used up.
    """
    client.meta.events.register("after-call", _check_whole)
    return client


def _check_whole(http_response: AWSResponse, model: OperationModel, **_more: object) -> None:
    if model.has_streaming_output or model.http["method"] == "HEAD":
        return  # a stream checks its length itself, as it is read
    body, headers = http_response.content, http_response.headers
    announced, checksum = headers.get("content-length"), headers.get("x-amz-crc32")
    if announced is not None and len(body) < int(announced):
        raise IncompleteReadError(actual_bytes=len(body), expected_bytes=int(announced))
    if checksum is not None:
        sound = zlib.crc32(body) == int(checksum)
    else:
        sound = not body or model.service_model.resolved_protocol != "json" or _is_json(body)
    if not sound:
        raise ResponseParserError(f"The answer to {model.name} was damaged on its way")


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
