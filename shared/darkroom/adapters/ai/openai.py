"""OpenAI's GPT Image models, and its models that look at pictures, by the SDK `openai`.

https://developers.openai.com/api/docs/guides/image-generation
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.ai.provider import (
    CREDIT,
    MODERATED,
    READING,
    Answer,
    Provider,
    by_status,
    counted,
    http_options,
    refused,
    told,
    unpacked,
)
from darkroom.domain.ai_models import Usage
from darkroom.domain.generation import SVG
from darkroom.domain.retry_after import retry_after
from darkroom.errors import ProviderAnswerError

if TYPE_CHECKING:
    from darkroom.domain.ai_models import Model
    from darkroom.domain.generation import AnalyseRequest, DrawRequest
    from darkroom.errors import DarkroomError

QUALITY: Final = "medium"
ANALYSIS_TOKENS: Final = 4_000
BLOCKED: Final = frozenset({"moderation_blocked", "content_policy_violation", "content_filter"})
UNPAID: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
LEAST, MOST = 1024 * 640, 2560 * 1440
"""Pixels of a still: below it the models draw none, above it they are experimental."""
LEAST_OF_GIF: Final = 384 * 384
MOST_OF_GIF: Final = {9: 768 * 768, 16: 512 * 512}
"""Pixels of a frame by the number of frames: all of them are drawn on one sheet."""


class OpenAI(Provider):
    name = "openai"

    def _connect(self, key: str) -> Any:
        import httpx2
        import openai

        return openai.OpenAI(
            api_key=key,
            base_url=self.base_url or None,
            max_retries=0,
            http_client=httpx2.Client(**http_options(httpx2, self.answer_bytes)),
        )

    def _draw_once(self, client: Any, model: Model, request: DrawRequest, seconds: float) -> Answer:
        instruction, material = told(request)
        asked: dict[str, Any] = {
            "model": model.name,
            "prompt": f"{instruction}\n{material}",
            "n": request.count,
            "size": size(request),
            "quality": QUALITY,
            "background": "transparent" if request.transparent else "opaque",
            "output_format": "svg" if request.media_type == SVG else "png",
            "timeout": seconds,
        }
        if request.frames > 1:
            duration = round(1000 / request.fps)
            asked |= {"output_format": "gif", "frame_count": request.frames, "frame_duration_ms": duration}
        if request.reference is None:
            answer = client.images.generate(**asked)
        else:
            answer = client.images.edit(image=("reference.png", request.reference, "image/png"), **asked)
        data = answer.data or ()
        if any(each.b64_json is None for each in data):
            raise ProviderAnswerError("openai sent something else than a picture in base64")
        return Answer([unpacked(self.name, each.b64_json) for each in data], usage=usage(answer))

    def _analyse_once(self, client: Any, model: Model, request: AnalyseRequest, seconds: float) -> Answer:
        picture = f"data:image/png;base64,{base64.b64encode(request.data).decode()}"
        answer = client.responses.create(
            model=model.name,
            instructions=request.instruction,
            input=[{"role": "user", "content": [{"type": "input_image", "image_url": picture, "detail": "auto"}]}],
            text={"format": {"type": "json_schema", "name": "reading", "strict": True, "schema": READING}},
            max_output_tokens=ANALYSIS_TOKENS,
            store=False,
            timeout=seconds,
        )
        said = [part for item in answer.output if item.type == "message" for part in item.content]
        if any(part.type == "refusal" for part in said):
            raise refused(self.name, MODERATED, "refuses to say anything about this picture")
        took = answer.usage
        return Answer(
            text=answer.output_text,
            usage=Usage(
                image_in=counted(getattr(took, "input_tokens", 0)), text_out=counted(getattr(took, "output_tokens", 0))
            ),
        )

    def _understood(self, error: Exception) -> DarkroomError | None:
        import openai

        if not isinstance(error, openai.APIStatusError):
            return None
        reason = error.code or error.type or ""
        if reason in UNPAID:
            return refused(self.name, CREDIT, f"wants to be paid first ({reason})")
        return by_status(
            self.name,
            error.status_code,
            reason=reason,
            retry_after=retry_after(error.response.headers, self._clock.now()),
            moderated=reason in BLOCKED,
        )


def size(request: DrawRequest) -> str:
    """The nearest size that the models draw, as WIDTHxHEIGHT: sides in sixteens, a shape of at most 3 to 1."""
    least, most = LEAST, MOST
    if request.frames > 1:
        least, most = LEAST_OF_GIF, next(pixels for frames, pixels in MOST_OF_GIF.items() if request.frames <= frames)
    width, height = min(request.width, 3 * request.height), min(request.height, 3 * request.width)
    scale = math.sqrt(min(max(width * height, least), most) / (width * height))
    round_up = math.ceil if scale >= 1 else math.floor
    sides = [max(16, 16 * round_up(round(side * scale / 16, 3))) for side in (width, height)]
    return f"{sides[0]}x{sides[1]}"


def usage(answer: Any) -> Usage:
    """Of an ImagesResponse; what writing an SVG took is text."""
    took, author = answer.usage, getattr(answer, "svg_usage", None)
    into, out = getattr(took, "input_tokens_details", None), getattr(took, "output_tokens_details", None)
    all_out = counted(getattr(took, "output_tokens", 0))
    text_out = min(all_out, counted(getattr(out, "text_tokens", 0)))
    return Usage(
        text_in=counted(getattr(into, "text_tokens", 0)) + counted(getattr(author, "input_tokens", 0)),
        image_in=counted(getattr(into, "image_tokens", 0)),
        text_out=text_out + counted(getattr(author, "output_tokens", 0)),
        image_out=all_out - text_out,
    )
