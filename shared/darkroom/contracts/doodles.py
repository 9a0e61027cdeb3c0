"""`POST /ai`: four actions on doodles, one in a request or several; and what each answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, RootModel, WithJsonSchema

from darkroom.contracts.detection import CallbackUrl
from darkroom.contracts.jobs import Cost, Count, JobAnswer, JobError
from darkroom.contracts.wire import JobId, Timestamp, Wire
from darkroom.domain import limits

Provider = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "maxLength": 40},
                {
                    "type": "array",
                    "items": {"type": "string", "maxLength": 40},
                    "minItems": 1,
                    "maxItems": limits.PROVIDERS_PER_CHAIN,
                },
                {"type": "null"},
            ],
            "examples": ["sketch", ["openai", "gemini", "sketch"]],
        }
    ),
]
"""A union, whose faults would read badly: `usecases/doodles.py` checks it (`domain/ai_models.py`)."""
Description = Annotated[
    str,
    Field(
        min_length=1,
        max_length=limits.DESCRIPTION_CHARACTERS,
        description="What to draw, in your words.",
        examples=["a small cat playing a guitar under a big tree"],
    ),
]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1, examples=[7])]
Model = Annotated[str, Field(min_length=1, max_length=100)]
MaxCost = Annotated[float, Field(ge=0, le=10_000, examples=[0.5])]
Base64 = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4 * -(-limits.INLINE_IMAGE_BYTES // 3),
        description="The picture in base64: no blanks, no line breaks, no data: prefix, with its padding.",
        json_schema_extra={"contentEncoding": "base64"},
    ),
]
MimeType = Literal["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"]
Background = Literal["paper", "transparent"]


class _Generated(Wire):
    """What every action that may be given to a provider takes beside its own fields."""

    provider: Provider = Field(default=None, description="An engine, or several to try in turn; `sketch` if missing.")
    model: Model | None = Field(default=None, description="One of the provider's models; its best if missing.")
    inline: bool = Field(default=False, description="Answer `imageData` beside each `url`, while it is small.")
    fresh: bool = Field(default=False, description="Do not answer an equal earlier request's result.")
    max_cost: MaxCost | None = Field(default=None, description="US dollars, at most.")
    callback_url: CallbackUrl | None = Field(default=None, description="Told of the end, where it becomes a job.")


class GenerateDoodle(_Generated):
    action: Literal["generate-doodle"]
    description: Description
    style: Literal["simple", "detailed", "cartoon", "minimalist"] = "simple"
    count: Annotated[int, Field(ge=1, le=limits.DOODLES_PER_REQUEST)] = 1
    format: Literal["png", "svg", "webp"] = "png"
    background: Background = "paper"
    size: Annotated[int, Field(ge=limits.DOODLE_SIZE_LEAST, le=limits.DOODLE_SIZE_MOST)] = Field(
        default=1024, description="Pixels of each side."
    )
    seed: Seed | None = None


class GenerateAnimation(_Generated):
    action: Literal["generate-animation"]
    description: Description
    style: Literal["simple", "detailed", "cartoon", "minimalist"] = "simple"
    frame_count: Annotated[int, Field(ge=2, le=limits.FRAMES_PER_ANIMATION)] = 24
    fps: Annotated[int, Field(ge=1, le=30)] = 12
    format: Literal["gif", "webp", "apng", "avif"] = "gif"
    background: Background = "paper"
    size: Annotated[int, Field(ge=limits.DOODLE_SIZE_LEAST, le=1024)] = Field(
        default=512, description="Pixels of each side."
    )
    seed: Seed | None = None


class AnalyzeDoodle(_Generated):
    action: Literal["analyze-doodle"]
    image_data: Base64
    mime_type: MimeType = Field(default="image/png", description="What the picture is; the bytes must agree.")


class OptimizeDoodle(Wire):
    action: Literal["optimize-doodle"]
    image_data: Base64
    mime_type: MimeType | None = Field(default=None, description="What the picture is; the bytes must agree.")
    width: Annotated[int, Field(ge=1, le=limits.OPTIMISED_SIZE_MOST, examples=[512])]
    height: Annotated[int, Field(ge=1, le=limits.OPTIMISED_SIZE_MOST, examples=[512])]
    formats: Annotated[list[Literal["png", "webp", "avif"]], Field(min_length=1, max_length=3)] = Field(
        default=["png", "webp", "avif"], description="What may be answered; the smallest is."
    )
    inline: bool = Field(default=False, description="Answer `imageData` beside `url`, while it is small.")
    fresh: bool = Field(default=False, description="Do not answer an equal earlier request's result.")
    max_cost: MaxCost | None = None
    callback_url: CallbackUrl | None = None


class AiRequest(
    RootModel[Annotated[GenerateDoodle | GenerateAnimation | AnalyzeDoodle | OptimizeDoodle, Discriminator("action")],]
):
    """One action."""


OneOfSeveral = Annotated[
    Any,
    Field(
        description="An AiRequest without `callbackUrl` and `maxCost`. Whatever is not one, is answered as this item's"
        " error.",
        examples=[{"action": "generate-doodle", "description": "a cat"}],
    ),
]


class AiBatch(Wire):
    """Several actions. Each is checked by itself: one that is wrong, or no object, fails alone."""

    actions: Annotated[list[OneOfSeveral], Field(min_length=1, max_length=limits.ACTIONS_PER_REQUEST)]
    callback_url: CallbackUrl | None = None
    max_cost: MaxCost | None = None


# --- answers ---------------------------------------------------------------------------------------------------------


class Stored(Wire):
    """A picture in storage; `url` works until `urlExpiresAt`, and is signed anew at each reading."""

    url: str
    url_expires_at: Timestamp
    content_type: str
    width: Count
    height: Count
    bytes: Count
    image_data: str | None = Field(default=None, description="The same in base64, where `inline` asked for it.")


class Doodle(Stored):
    seed: int | None = None


class PassedOver(Wire):
    """A provider of the chain that did not draw, and why."""

    provider: str
    code: str
    reason: str


class _Answer(Wire):
    provider: str
    model: str | None = None
    passed_over: list[PassedOver] | None = None
    cached: bool = Field(description="An equal earlier request made it: this one cost nothing.")
    cost: Cost


class DoodleAnswer(_Answer):
    action: Literal["generate-doodle"]
    doodles: list[Doodle]
    unmatched: list[str] = Field(description="Words that the engine could not draw.")


class AnimationAnswer(_Answer, Stored):
    action: Literal["generate-animation"]
    frame_count: Count
    fps: Annotated[float, Field(gt=0)]
    frames: list[Stored]
    seed: int | None = None
    unmatched: list[str] = Field(description="Words that the engine could not draw.")


class Colour(Wire):
    colour: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
    share: Annotated[float, Field(ge=0, le=1)]


class LabelFound(Wire):
    name: str
    confidence: Annotated[float, Field(ge=0, le=1)]


class Analysis(Wire):
    """`inkBox` is [x1, y1, x2, y2] in pixels; shares are from 0 to 1, lengths in pixels."""

    labels: list[LabelFound]
    caption: str
    text: str | None = None
    width: Count
    height: Count
    ink_box: Annotated[list[int], Field(min_length=4, max_length=4)] | None = None
    coverage: float
    stroke_width: float
    line_density: float
    symmetry: float
    parts: Count
    colours: list[Colour]
    background: str
    complexity: float


class AnalysisAnswer(_Answer):
    action: Literal["analyze-doodle"]
    analysis: Analysis


class OptimisedAnswer(Stored):
    action: Literal["optimize-doodle"]
    bytes_before: Count
    bytes_after: Count
    ssim: Annotated[float, Field(ge=-1, le=1)]
    cached: bool
    cost: Cost


Made = Annotated[DoodleAnswer | AnimationAnswer | AnalysisAnswer | OptimisedAnswer, Discriminator("action")]


class ActionOutcome(Wire):
    """One action of several: what it made, or why it failed."""

    index: Count
    result: Made | None = None
    error: JobError | None = None


class BatchAnswer(Wire):
    results: list[ActionOutcome]
    cost: Cost


class AiAnswer(RootModel[DoodleAnswer | AnimationAnswer | AnalysisAnswer | OptimisedAnswer | BatchAnswer | JobAnswer]):
    """What the action made; `results` for several; the job where it was waited for and did not complete."""


class AiAccepted(Wire):
    """The work goes on as a job: GET `statusUrl` until it is COMPLETED; its `result` is this route's answer."""

    job_id: JobId
    status: str
    message: str
    status_url: str
    estimate: Cost
