"""The one form of a message between our functions: the id of a job and nothing else.

So no queue and no dead-letter queue ever holds what a user sent, and a message is only a hint: the row is the truth.
"""

from __future__ import annotations

import json
from typing import Final

from darkroom.domain.jobs import is_job_id
from darkroom.errors import MalformedRequestError

MESSAGE_CHARACTERS: Final = 256


def message(job_id: str) -> str:
    """The body of a message about this job."""
    return json.dumps({"jobId": job_id})


def job_id_of(body: object) -> str:
    """The job that a message names. Raises MalformedRequestError for a body that is not exactly one of ours."""
    if not isinstance(body, str) or len(body) > MESSAGE_CHARACTERS:
        raise MalformedRequestError("The message is no text, or longer than one of ours")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or set(content) != {"jobId"}:
        raise MalformedRequestError("The message is not an object with jobId alone")
    job_id = content["jobId"]
    if not isinstance(job_id, str) or not is_job_id(job_id):
        raise MalformedRequestError("The message's jobId is not an id")
    return job_id
