"""Run by the budget test in an interpreter of its own: one handler, one event, and which modules that took.

`python cold_request.py <function> <event file>` prints the answer and the modules as JSON. AWS is answered here, below
botocore: so the whole of it is loaded as in production, and no socket is opened.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

ANSWERS = {
    "UpdateItem": {"Attributes": {"requests": {"N": "1"}}},
    "GetItem": {},
    "PutItem": {},
    "Query": {"Items": [], "Count": 0},
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "SendMessage": {"MessageId": "1", "MD5OfMessageBody": "0" * 32},
}


def answered(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """What a table or a queue says in the JSON protocols, and a bucket that holds nothing and takes everything."""
    from io import BytesIO

    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders
    from urllib3 import HTTPResponse

    target = request.headers.get("X-Amz-Target")
    if request.method == "PUT":
        return AWSResponse(request.url, 200, HTTPHeaders(), HTTPResponse(body=BytesIO(b""), preload_content=False))
    if target is None:
        raw = HTTPResponse(body=BytesIO(b"<Error><Code>NoSuchKey</Code></Error>"), preload_content=False)
        return AWSResponse(request.url, 404, HTTPHeaders(), raw)
    name = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
    body = json.dumps(ANSWERS[name]).encode()
    raw = HTTPResponse(body=BytesIO(body), preload_content=False)
    headers = HTTPHeaders.from_dict({"content-type": "application/x-amz-json-1.0"})
    return AWSResponse(request.url, 200, headers, raw)


class Context:
    aws_request_id = "1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 10_000


def main(function: str, event_file: str) -> None:
    event = json.loads(Path(event_file).read_text())
    handler = import_module(f"functions.{function}.handler").handler
    imported = set(sys.modules)
    from darkroom.adapters.aws.clients import session

    session().register("before-send", answered)  # type: ignore[arg-type] # the stubs know no handler that answers
    try:
        answer = handler(event, Context())
    except Exception as error:  # noqa: BLE001 - how an authorizer says no
        answer = str(error)
    json.dump({"answer": answer, "at_import": sorted(imported), "modules": sorted(sys.modules)}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
