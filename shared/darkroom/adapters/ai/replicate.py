"""Models on Replicate, by the SDK `replicate`: a prediction that is waited for, asked after, and cancelled in the end.

The SDK repeats reads ten times by itself and keeps no header of an error, so its transport is ours, which raises for
every status of an error; and it never fetches a file: their addresses are a stranger's, and go to the guarded fetcher.
https://replicate.com/docs/reference/http
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.ai.provider import (
    MODERATED,
    Answer,
    Provider,
    by_status,
    http_options,
    refused,
    told,
    unpacked,
)
from darkroom.domain import limits
from darkroom.domain.retry_after import retry_after
from darkroom.errors import (
    DarkroomError,
    FetchFailedError,
    InterruptedCallError,
    ProviderAnswerError,
    TooLargeError,
    UnacceptableUrlError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from darkroom.domain.ai_models import Model
    from darkroom.domain.generation import DrawRequest

WAIT_MOST: Final = 60
"""Seconds that the service holds the answer for a prediction."""
CANCEL_LEAST: Final = 5
"""Seconds after which it may be asked to cancel a prediction by itself."""
POLL: Final = 500
FETCHES: Final = 3
REFERENCE_SIDE: Final = 1_024
REFERENCE_BYTES: Final = 256 * limits.KIB
"""Of a picture within a request; larger ones would be uploaded first."""
ERROR_BYTES: Final = 64 * limits.KIB
BLOCKED: Final = re.compile(r"\(E005\)|flagged as sensitive|nsfw|moderation", re.IGNORECASE)
DATA_URL: Final = re.compile(r"data:image/[\w.+-]{1,40};base64,")


class AnsweredError(Exception):
    """The service answered with the status of an error."""

    def __init__(self, status: int, headers: Mapping[str, str], body: str) -> None:
        super().__init__(f"The service answered {status}")
        self.status = status
        self.headers = headers
        self.body = body


class Replicate(Provider):
    name = "replicate"

    def _connect(self, key: str) -> Any:
        import httpx
        from replicate.client import Client

        options = http_options(httpx, self.answer_bytes)
        options["headers"]["Cancel-After"] = f"{max(CANCEL_LEAST, self.deadline // limits.SECOND)}s"
        return Client(
            api_token=key,
            base_url=self.base_url or None,
            transport=transport(httpx),
            timeout=httpx.Timeout(10),
            **options,
        )

    def _draw_once(self, client: Any, model: Model, request: DrawRequest, seconds: float) -> Answer:
        until = self._clock.now() + round(seconds * limits.SECOND)
        # Not client.predictions.create, which drops `wait` where a model is named.
        prediction = client.models.predictions.create(
            model=model.name,
            input=INPUTS[model.name](request),
            wait=max(1, min(WAIT_MOST, int(seconds) - 1)),
        )
        while prediction.status not in {"succeeded", "failed", "canceled"}:
            if self._clock.now() >= until:
                self._cancel(prediction)
                raise InterruptedCallError("replicate did not end the prediction in time; it was cancelled")
            self._clock.sleep(POLL)
            self._look_again(prediction)
        if prediction.status != "succeeded":
            if BLOCKED.search(str(prediction.error)):
                raise refused(self.name, MODERATED, "refuses to draw this by its rules on content")
            raise InterruptedCallError(f"The prediction on replicate {prediction.status}")
        return Answer([self._fetched(place) for place in places(prediction.output)[: request.count]])

    @staticmethod
    def _look_again(prediction: Any) -> None:
        """It is under way and charged for: that it cannot be asked after now changes nothing."""
        import httpx

        try:
            prediction.reload()
        except (AnsweredError, httpx.TransportError):
            return

    @staticmethod
    def _cancel(prediction: Any) -> None:
        import httpx

        try:
            prediction.cancel()
        except (AnsweredError, httpx.TransportError):
            return  # the service cancels it by itself before long

    def _fetched(self, place: str) -> bytes:
        if DATA_URL.match(place):
            return unpacked(self.name, place.partition(",")[2])
        for left in reversed(range(FETCHES)):
            try:
                answer = self.fetcher.get(place, limit=limits.IMAGE_BYTES)
                if answer.status == 200:
                    return answer.body
            except (UnacceptableUrlError, TooLargeError) as error:
                raise ProviderAnswerError(f"What replicate drew is not fetched: {error.detail}") from error
            except FetchFailedError:
                pass
            if left:
                self._clock.sleep(POLL)
        raise ProviderAnswerError("What replicate drew could not be fetched from where it says that it is")

    def _understood(self, error: Exception) -> DarkroomError | None:
        if not isinstance(error, AnsweredError):
            return None
        return by_status(
            self.name,
            error.status,
            retry_after=retry_after(error.headers, self._clock.now()),
            moderated=error.status in {400, 403, 422} and BLOCKED.search(error.body) is not None,
        )


def places(output: Any) -> list[str]:
    """Where the pictures of a prediction are: it has one or a list of them, as text or as the SDK's FileOutput."""
    listed = output if isinstance(output, list | tuple) else [output]
    found = [each if isinstance(each, str) else getattr(each, "url", None) for each in listed]
    if not all(isinstance(place, str) for place in found):
        raise ProviderAnswerError("The prediction on replicate has something else than pictures")
    return [place for place in found if place]


def transport(httpx: Any) -> Any:
    """The transport below the SDK's own, which never sees the status of an error: AnsweredError is raised instead."""

    class Answering(httpx.HTTPTransport):  # type: ignore[misc] # of a package that is handed in
        def handle_request(self, request: Any) -> Any:
            response = super().handle_request(request)
            if response.status_code < 400:
                return response
            body = b""
            try:
                for part in response.stream:
                    body += part
                    if len(body) >= ERROR_BYTES:
                        break
            finally:
                response.close()
            raise AnsweredError(response.status_code, response.headers, body[:ERROR_BYTES].decode("utf-8", "replace"))

    return Answering()


# --- what each model takes -------------------------------------------------------------------------------------------


def _flux_2(request: DrawRequest) -> dict[str, Any]:
    """https://replicate.com/black-forest-labs/flux-2-pro/api/schema"""
    asked = {
        "prompt": "\n".join(told(request)),
        "aspect_ratio": "custom",
        **{name: _side(value) for name, value in (("width", request.width), ("height", request.height))},
        "output_format": "png",
        **_seed(request),
    }
    if request.reference is not None:
        from darkroom.adapters.ai.pictures import small_jpeg

        jpeg = small_jpeg(request.reference, longest=REFERENCE_SIDE, most_bytes=REFERENCE_BYTES)
        asked["input_images"] = [f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"]
    return asked


def _flux_schnell(request: DrawRequest) -> dict[str, Any]:
    """https://replicate.com/black-forest-labs/flux-schnell/api/schema"""
    shapes = {"1:1": 1.0, "3:2": 1.5, "2:3": 2 / 3, "16:9": 16 / 9, "9:16": 9 / 16}
    return {
        "prompt": "\n".join(told(request)),
        "aspect_ratio": min(shapes, key=lambda name: abs(shapes[name] - request.width / request.height)),
        "num_outputs": request.count,
        "output_format": "png",
        **_seed(request),
    }


def _side(pixels: int) -> int:
    return max(256, min(2048, round(pixels / 32) * 32))


def _seed(request: DrawRequest) -> dict[str, int]:
    return {} if request.seed is None else {"seed": request.seed % 2**31}


INPUTS: Final[Mapping[str, Callable[[DrawRequest], dict[str, Any]]]] = {
    "black-forest-labs/flux-2-pro": _flux_2,
    "black-forest-labs/flux-schnell": _flux_schnell,
}
"""One line for each of replicate's models in domain/ai_models.py."""
