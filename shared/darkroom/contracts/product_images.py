"""`/generative-ai-images/...`: a product's page to a finished picture, and how it stands."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from darkroom.contracts.detection import CallbackUrl
from darkroom.contracts.doodles import MaxCost, Model, PassedOver, Provider, Seed
from darkroom.contracts.jobs import Cost
from darkroom.contracts.wire import JobId, Wire
from darkroom.domain import limits
from darkroom.domain.products import LOOKS

ProductUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=limits.URL_CHARACTERS,
        description="The page of one product.",
        examples=["https://shop.example/products/blue-mug"],
    ),
]
_TEMPLATES: Final = "; ".join(f"`{name}`, {look.summary}" for name, look in LOOKS.items())
STYLE: Final = (
    f"A template, by its name or a word that means it: {_TEMPLATES}. A provider takes any words for the look of the"
    " scene. Words that mean no template are refused where `studio` alone would draw; in a chain with a provider"
    " `studio` chooses one, as it does where nothing is said."
)
EpochSeconds = Annotated[int, Field(ge=0, description="Seconds since 1970.")]


class GenerateRequest(Wire):
    product_url: ProductUrl
    provider: Provider = Field(default=None, description="An engine, or several to try in turn; `studio` if missing.")
    model: Model | None = Field(default=None, description="One of the provider's models; its best if missing.")
    style: Annotated[str, Field(min_length=1, max_length=40, examples=["podium"])] | None = Field(
        default=None, description=STYLE
    )
    seed: Seed | None = None
    max_cost: MaxCost | None = Field(default=None, description="US dollars, at most.")
    callback_url: CallbackUrl | None = Field(
        default=None, description="Where the end of the job is posted, by Standard Webhooks."
    )


class GenerateAnswer(Wire):
    job_id: JobId
    message: Literal["Image generation started"]
    status_url: str


class PreviewRequest(Wire):
    product_url: ProductUrl


class FactFound(Wire):
    value: str
    source: str
    confidence: Annotated[float, Field(ge=0, le=1)]


class PriceFound(Wire):
    """`amount` is a plain decimal number, `currency` ISO 4217 where the page tells it, `text` as it writes it."""

    amount: str
    currency: str | None = None
    text: str
    source: str
    confidence: Annotated[float, Field(ge=0, le=1)]


class OverlayText(Wire):
    """What stands over the picture; `leftOff` says, by field, why something does not, or which words of it do not."""

    name: str | None = None
    price: str | None = None
    list_price: str | None = None
    offer: str | None = None
    left_off: dict[str, str] | None = None


class PreviewAnswer(Wire):
    """What was read from the page, each thing with its source. `found` is whether a picture could be made of it."""

    product_url: str
    found: bool
    name: FactFound | None = None
    price: PriceFound | None = None
    list_price: PriceFound | None = None
    offer: FactFound | None = None
    availability: FactFound | None = None
    brand: FactFound | None = None
    pictures: list[FactFound]
    language: str | None = None
    overlay_text: OverlayText


class ImageStatus(Wire):
    """Lower-case status and epoch seconds, as these routes have always answered."""

    job_id: JobId
    status: Literal["pending", "processing", "completed", "failed"]
    created_at: EpochSeconds
    message: str | None = None
    completed_at: EpochSeconds | None = None
    image_url: str | None = None
    url_expires_at: EpochSeconds | None = None
    file_name: str | None = None
    content_type: str | None = None
    overlay_text: OverlayText | None = None
    provider: str | None = None
    passed_over: list[PassedOver] | None = None
    cost: Cost | None = None
    failed_at: EpochSeconds | None = None
    error: str | None = None
    error_code: str | None = None
