"""Google's Gemini models that draw and look at pictures, by the SDK `google-genai`: `generate_content` alone.

The Imagen models and their calls were shut down on 17 August 2026 (https://ai.google.dev/gemini-api/docs/deprecations).
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.ai.provider import (
    MODERATED,
    READING,
    Answer,
    Provider,
    by_status,
    counted,
    http_options,
    refused,
    told,
)
from darkroom.domain.ai_models import MEGAPIXEL, Usage
from darkroom.domain.retry_after import retry_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.domain.ai_models import Model
    from darkroom.domain.generation import AnalyseRequest, DrawRequest
    from darkroom.errors import DarkroomError

SHAPES: Final = {
    "1:1": 1.0,
    "2:3": 2 / 3,
    "3:2": 3 / 2,
    "3:4": 3 / 4,
    "4:3": 4 / 3,
    "9:16": 9 / 16,
    "16:9": 16 / 9,
    "21:9": 21 / 9,
}
ANALYSIS_TOKENS: Final = 4_000
BLOCKED: Final = frozenset(
    {
        "BLOCKLIST",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_SAFETY",
        "PROHIBITED_CONTENT",
        "RECITATION",
        "SAFETY",
        "SPII",
    }
)
"""Reasons of an end, of a refused prompt, or of an error."""


class Gemini(Provider):
    name = "gemini"

    def _connect(self, key: str) -> Any:
        import httpx2
        from google import genai

        return genai.Client(
            api_key=key,
            vertexai=False,
            http_options=genai.types.HttpOptions(
                base_url=self.base_url or None, httpx_client=httpx2.Client(**http_options(httpx2, self.answer_bytes))
            ),
        )

    def _draw_once(self, client: Any, model: Model, request: DrawRequest, seconds: float) -> Answer:
        from google.genai import types

        parts = [types.Part(text=text) for text in told(request)]
        if request.reference is not None:
            parts.append(types.Part(inline_data=types.Blob(data=request.reference, mime_type="image/png")))
        answer = client.models.generate_content(
            model=model.name,
            contents=types.Content(role="user", parts=parts),
            config=types.GenerateContentConfig(
                response_modalities=["IMAGE"],
                image_config=types.ImageConfig(
                    aspect_ratio=shape(request),
                    image_size="1K" if request.width * request.height <= 1.5 * MEGAPIXEL else "2K",
                ),
                **_once(types, seconds),
            ),
        )
        # A model that thinks shows its drafts, too.
        shown = [part.inline_data for part in _parts(answer) if part.inline_data and not part.thought]
        if not shown:
            self._refuse_if_blocked(answer)
        return Answer([each.data or b"" for each in shown], usage=usage(answer))

    def _analyse_once(self, client: Any, model: Model, request: AnalyseRequest, seconds: float) -> Answer:
        from google.genai import types

        answer = client.models.generate_content(
            model=model.name,
            contents=types.Content(
                role="user", parts=[types.Part(inline_data=types.Blob(data=request.data, mime_type="image/png"))]
            ),
            config=types.GenerateContentConfig(
                system_instruction=request.instruction,
                response_mime_type="application/json",
                response_json_schema=READING,
                max_output_tokens=ANALYSIS_TOKENS,
                **_once(types, seconds),
            ),
        )
        text = "".join(part.text for part in _parts(answer) if part.text and not part.thought)
        if not text:
            self._refuse_if_blocked(answer)
        return Answer(text=text, usage=usage(answer))

    def _refuse_if_blocked(self, answer: Any) -> None:
        feedback = answer.prompt_feedback
        reasons = {_name(feedback.block_reason)} if feedback else set()
        reasons |= {_name(candidate.finish_reason) for candidate in answer.candidates or ()}
        if reasons & BLOCKED or (feedback and feedback.block_reason):
            raise refused(self.name, MODERATED, "refuses this by its rules on content")

    def _understood(self, error: Exception) -> DarkroomError | None:
        from google.genai import errors

        if not isinstance(error, errors.APIError):
            return None
        reasons, wait = _details(error.details)
        headers = getattr(error.response, "headers", None) or {}
        said = retry_after(headers, self._clock.now())
        # Who has a wrong key is told of a bad request.
        status = 401 if "API_KEY_INVALID" in reasons else error.code
        return by_status(
            self.name,
            status,
            reason=str(error.status or ""),
            retry_after=wait if said is None else said,
            moderated=bool(reasons & BLOCKED),
        )


def shape(request: DrawRequest) -> str:
    """The nearest of the shapes that the models draw."""
    wanted = math.log(request.width / request.height)
    return min(SHAPES, key=lambda name: abs(math.log(SHAPES[name]) - wanted))


def usage(answer: Any) -> Usage:
    """Of a GenerateContentResponse; what a model thinks is charged as text."""
    took = answer.usage_metadata
    if took is None:
        return Usage()
    image_in = _of_images(took.prompt_tokens_details)
    image_out = _of_images(took.candidates_tokens_details)
    return Usage(
        text_in=max(0, counted(took.prompt_token_count) - image_in),
        image_in=image_in,
        text_out=max(0, counted(took.candidates_token_count) - image_out) + counted(took.thoughts_token_count),
        image_out=image_out,
    )


def _of_images(details: Any) -> int:
    return sum(counted(each.token_count) for each in details or () if _name(each.modality) == "IMAGE")


def _once(types: Any, seconds: float) -> dict[str, Any]:
    """One request a call: left alone, the SDK sends further ones that are charged, to continue an answer."""
    return {
        "automatic_continuation": False,
        "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True),
        "http_options": types.HttpOptions(timeout=max(1, round(seconds * 1000))),
    }


def _parts(answer: Any) -> Iterator[Any]:
    for candidate in answer.candidates or ():
        if candidate.content is not None:
            yield from candidate.content.parts or ()


def _name(value: Any) -> str:
    """Of a member of one of the SDK's enumerations, also of one that it does not know."""
    return str(getattr(value, "value", value))


def _details(body: Any) -> tuple[set[str], int | None]:
    """The reasons that an error gives in machine's words, and the seconds that it asks to wait
    (https://google.aip.dev/193: ErrorInfo and RetryInfo)."""
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    known = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    reasons = {str(each["reason"]) for each in known if "reason" in each}
    for each in known:
        delay = re.fullmatch(r"([0-9]{1,6})(?:\.[0-9]{1,9})?s", str(each.get("retryDelay", "")))
        if delay:
            return reasons, int(delay[1]) + ("." in delay[0])
    return reasons, None
