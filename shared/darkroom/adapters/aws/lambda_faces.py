"""Faces by the function that has the model, invoked by those that have none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.aws.calls import translated
from darkroom.domain.faces import pack_mismatch
from darkroom.errors import NoModelError, PackMismatchError, TooLargeError, TransientError
from darkroom.usecases.sources import picture_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.errors import DarkroomError

REQUEST_BYTES: Final = 6_291_456
"""Of one synchronous invocation's payload: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
SERVICE: Final = "Lambda"


class LambdaFaceReader:
    """A FaceReader. The client has to be patient: a cold function takes seconds to answer."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function
        self._models: dict[str | None, Mapping[str, Any]] = {}

    def read(self, owner: str, source: Mapping[str, Any], *, pack: str | None = None) -> Mapping[str, Any]:
        """Raises TransientError, too, where the function failed: it says nothing about the picture."""
        found = self._invoke({"owner": owner, "images": [source], "crops": True}, pack)
        results = found["results"]
        if not (isinstance(results, list) and len(results) == 1):
            raise TransientError("The function that finds faces answered for another number of pictures")
        error = results[0].get("error")
        if error is not None:
            raise picture_error(error)
        return found

    def model(self, pack: str | None = None) -> Mapping[str, Any]:
        """Kept for the life of the process: the function that is replaced changes what is unnamed alone, and what it
        then answers names its pack."""
        if pack not in self._models:
            self._models[pack] = self._invoke({"images": []}, pack)["model"]
        return self._models[pack]

    def _invoke(self, request: Mapping[str, Any], pack: str | None) -> Mapping[str, Any]:
        body = json.dumps(request if pack is None else {**request, "pack": pack}).encode()
        if len(body) > REQUEST_BYTES:
            raise TooLargeError(
                "The picture is too large to be handed on", fix="Upload it with POST /uploads/presign, and name it."
            )
        with translated(SERVICE):
            answer = self._client.invoke(FunctionName=self._function, Payload=body)
            raw = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise TransientError("The function that finds faces failed")
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        if isinstance(found, dict) and {"model", "results"} <= found.keys():
            return found
        raise self._refusal(found, pack)

    @staticmethod
    def _refusal(found: Any, pack: str | None) -> DarkroomError:
        """The function's problem details, as an error of ours."""
        told = found if isinstance(found, dict) else {}
        detail, fix = str(told.get("detail", "")), told.get("fix")
        match told.get("code"):
            case PackMismatchError.code:
                return PackMismatchError(detail, fix=fix) if detail else pack_mismatch(str(pack), "the function's pack")
            case NoModelError.code:
                return NoModelError(detail, fix=fix)
            case _:
                return TransientError("The function that finds faces gave no answer")
