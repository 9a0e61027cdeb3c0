"""Who can draw and read pictures: the engines, their models, what each can do and costs, and until when it is there.

Pure data: a function that only takes requests checks a chain by it and loads no SDK. Names and dates are those that the
SDKs' own types and the providers' deprecation pages tell. Prices are estimates by list price, for a bill before the
call; nobody keeps them current but who edits this table. What was charged in the end is reckoned from the usage that a
provider reports, at the same list prices:
https://developers.openai.com/api/docs/pricing, https://ai.google.dev/gemini-api/docs/pricing, https://replicate.com/pricing
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import limits
from darkroom.domain.generation import SVG, Ability
from darkroom.domain.jobs import Cost
from darkroom.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from darkroom.domain.generation import DrawRequest

MEGAPIXEL: Final = 1024 * 1024
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took: tokens as the provider counted them, or, where it charges by the piece, pictures."""

    text_in: int = 0
    image_in: int = 0
    text_out: int = 0
    image_out: int = 0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars. `picture` is an estimate for one of up to a megapixel (or for one analysis), `reference` what a
    picture to go by adds; the others are per million tokens, 0 where the provider charges by the piece."""

    picture: float
    reference: float = 0.0
    text_in: float = 0.0
    image_in: float = 0.0
    text_out: float = 0.0
    image_out: float = 0.0

    def of(self, usage: Usage) -> float:
        tokens = (
            usage.text_in * self.text_in
            + usage.image_in * self.image_in
            + usage.text_out * self.text_out
            + usage.image_out * self.image_out
        ) / MILLION
        return round(tokens or usage.pictures * self.picture, 9)


@dataclass(frozen=True, slots=True)
class Model:
    """`most_pictures` and `most_frames` are what one call gives. From `retires_at` on it answers no more; `successor`
    is what to use instead. One without abilities is gone, and listed so that who still names it is told."""

    name: str
    provider: str
    abilities: frozenset[Ability] = frozenset()
    price: Price = field(default_factory=lambda: Price(0.0))
    most_pictures: int = 1
    most_frames: int = 1
    retires_at: date | None = None
    successor: str | None = None

    def is_retired(self, now: int) -> bool:
        if not self.abilities:
            return True
        return self.retires_at is not None and datetime.fromtimestamp(now / 1000, UTC).date() >= self.retires_at

    def pictures_a_call(self, request: DrawRequest) -> int:
        return 1 if request.media_type == SVG else self.most_pictures

    def estimate(self, *, pictures: int = 1, pixels: int = MEGAPIXEL, reference: bool = False) -> Cost:
        """Of one call for so many pictures of so many pixels, rounded up to a hundredth of a cent."""
        each = self.price.picture * max(1.0, pixels / MEGAPIXEL) + (self.price.reference if reference else 0.0)
        return Cost(usd=math.ceil(round(each * pictures * 10_000, 6)) / 10_000, provider_units=pictures)

    def estimate_of(self, request: DrawRequest) -> Cost:
        """Of what a DrawRequest asks for; the frames of an animation are drawn as one picture that holds them all."""
        return self.estimate(
            pictures=request.count,
            pixels=request.width * request.height * request.frames,
            reference=request.reference is not None,
        )

    def charged(self, usage: Usage, units: int) -> Cost:
        return Cost(usd=self.price.of(usage), provider_units=units)


DRAWS: Final = frozenset({Ability.DOODLE, Ability.PRODUCT})
READS: Final = frozenset({Ability.ANALYSE})

GPT_IMAGE: Final = Price(0.06, 0.015, text_in=5, image_in=8, text_out=10, image_out=30)
"""At medium quality: about 1,900 tokens a megapixel."""

MODELS: Final[Mapping[str, Model]] = {
    model.name: model
    for model in (
        Model(
            "gpt-image-2.6-flare",
            "openai",
            DRAWS | {Ability.ANIMATE, Ability.TRANSPARENT, Ability.VECTOR},
            GPT_IMAGE,
            most_pictures=10,
            most_frames=16,
        ),
        Model(
            "gpt-image-2.6-sunburst",
            "openai",
            DRAWS | {Ability.ANIMATE, Ability.TRANSPARENT, Ability.VECTOR},
            GPT_IMAGE,
            most_pictures=10,
            most_frames=16,
        ),
        Model("gpt-image-2.5-flare", "openai", DRAWS | {Ability.TRANSPARENT}, GPT_IMAGE, most_pictures=10),
        Model("gpt-image-2.5-sunburst", "openai", DRAWS | {Ability.TRANSPARENT}, GPT_IMAGE, most_pictures=10),
        Model("gpt-image-2", "openai", DRAWS, GPT_IMAGE, most_pictures=10),
        Model("gpt-5.4-mini", "openai", READS, Price(0.004, text_in=0.75, image_in=0.75, text_out=4.5)),
        Model(
            "gpt-4.1-mini",
            "openai",
            READS,
            Price(0.003, text_in=0.4, image_in=0.4, text_out=1.6),
            retires_at=date(2027, 1, 14),
            successor="gpt-5.4-mini",
        ),
        Model("gpt-image-1", "openai", retires_at=date(2026, 10, 23), successor="gpt-image-2.5-flare"),
        Model("dall-e-3", "openai", retires_at=date(2026, 5, 12), successor="gpt-image-2.6-flare"),
        Model("dall-e-2", "openai", retires_at=date(2026, 5, 12), successor="gpt-image-2.6-flare"),
        Model(
            "gemini-3.1-flash-image",
            "gemini",
            DRAWS,
            Price(0.068, 0.001, text_in=0.5, image_in=0.5, text_out=3, image_out=60),
        ),
        Model(
            "gemini-3-pro-image",
            "gemini",
            DRAWS,
            Price(0.135, 0.002, text_in=2, image_in=2, text_out=12, image_out=120),
        ),
        Model("gemini-3.8-flash", "gemini", READS, Price(0.006, text_in=1.5, image_in=1.5, text_out=7.5)),
        Model(
            "gemini-3.1-flash-lite",
            "gemini",
            READS,
            Price(0.002, text_in=0.25, image_in=0.25, text_out=1.5),
            retires_at=date(2027, 5, 7),
            successor="gemini-3.8-flash",
        ),
        Model("gemini-2.5-flash-image", "gemini", retires_at=date(2026, 10, 2), successor="gemini-3.1-flash-image"),
        Model(
            "gemini-3.1-flash-image-preview",
            "gemini",
            retires_at=date(2026, 6, 25),
            successor="gemini-3.1-flash-image",
        ),
        Model("gemini-3-pro-image-preview", "gemini", retires_at=date(2026, 6, 25), successor="gemini-3-pro-image"),
        Model("imagen-4.0-generate-001", "gemini", retires_at=date(2026, 8, 17), successor="gemini-3.1-flash-image"),
        Model(
            "imagen-4.0-fast-generate-001", "gemini", retires_at=date(2026, 8, 17), successor="gemini-3.1-flash-image"
        ),
        Model("imagen-4.0-ultra-generate-001", "gemini", retires_at=date(2026, 8, 17), successor="gemini-3-pro-image"),
        Model("imagen-3.0-generate-002", "gemini", retires_at=date(2025, 11, 10), successor="gemini-3.1-flash-image"),
        Model("black-forest-labs/flux-2-pro", "replicate", DRAWS | {Ability.SEED}, Price(0.03, 0.015)),
        Model(
            "black-forest-labs/flux-schnell",
            "replicate",
            frozenset({Ability.DOODLE, Ability.SEED}),
            Price(0.003),
            most_pictures=4,
        ),
    )
}
"""Of a provider, the first that can do what is asked is taken where a request names none."""

OFFLINE: Final[Mapping[str, frozenset[Ability]]] = {
    "sketch": frozenset(
        {Ability.DOODLE, Ability.ANIMATE, Ability.TRANSPARENT, Ability.VECTOR, Ability.SEED, Ability.ANALYSE}
    ),
    "studio": frozenset({Ability.PRODUCT, Ability.SEED}),
}
"""The engines of our own, which cost nothing and ask nobody, and what they can do."""
ALIASES: Final[Mapping[str, str]] = {"mock": "sketch"}


def models_of(provider: str) -> tuple[Model, ...]:
    return tuple(model for model in MODELS.values() if model.provider == provider)


def _abilities() -> dict[str, frozenset[Ability]]:
    found = dict(OFFLINE)
    for model in MODELS.values():
        found[model.provider] = found.get(model.provider, frozenset()) | model.abilities
    return found


ABILITIES: Final[Mapping[str, frozenset[Ability]]] = _abilities()
"""What each engine can do with one of its models."""


def chain(provider: Any, *, default: tuple[str, ...] = ("sketch",)) -> tuple[str, ...]:
    """The engines that a request's `provider` names, in its order: one name or a list of them, `default` for None.

    Aliases are resolved, and who is named twice is asked once. Raises InvalidRequestError, naming all engines.
    """
    if provider is None:
        return default
    names = [provider] if isinstance(provider, str) else provider
    if not isinstance(names, list | tuple) or not 1 <= len(names) <= limits.PROVIDERS_PER_CHAIN:
        raise _wrong("provider", f"is neither an engine nor a list of 1 to {limits.PROVIDERS_PER_CHAIN}", _one_of())
    found = []
    for name in names:
        known = ALIASES.get(name, name) if isinstance(name, str) else ""
        if known not in ABILITIES:
            raise _wrong("provider", f"names {str(name)[:40]!r}, which is no engine", _one_of())
        found.append(known)
    return tuple(dict.fromkeys(found))


def check(chain: tuple[str, ...], needs: frozenset[Ability], *, model: str | None = None, now: int) -> None:
    """Whether anybody of the chain can do it, by what is known without asking anybody.

    Raises InvalidRequestError: for a `model` that is unknown, retired (naming its successor) or of nobody in the chain;
    and where none of them has all that is needed, with the list of what each can do.
    """
    if model is not None:
        found = model_named(model, now=now)
        if found.provider not in chain:
            raise _wrong("model", f"is one of {found.provider}'s", f"Name {found.provider} as provider, or no model.")
        if not needs <= found.abilities and all(name == found.provider for name in chain):
            raise _unable(f"The model {model} cannot do this", needs, {model: found.abilities})
    if not any(can(name, needs, model=model, now=now) for name in chain):
        who = f"{chain[0]} cannot" if len(chain) == 1 else "None of these engines can"
        raise _unable(f"{who} do this", needs, {name: ABILITIES[name] for name in chain})


def can(provider: str, needs: frozenset[Ability], *, model: str | None = None, now: int) -> bool:
    """Whether the engine has all of these abilities in one model that is there: in the named one, if it is its own."""
    if provider in OFFLINE:
        return needs <= OFFLINE[provider]
    named = [each for each in models_of(provider) if each.name == model]
    return any(needs <= each.abilities and not each.is_retired(now) for each in named or models_of(provider))


def model_named(name: str, *, now: int) -> Model:
    """Raises InvalidRequestError for one that is unknown, or retired: then the message names its successor."""
    model = MODELS.get(name)
    if model is None:
        living = [each.name for each in MODELS.values() if not each.is_retired(now)]
        raise _wrong("model", f"is {name[:100]!r}, which is unknown here", f"Use one of: {', '.join(living)}.")
    if model.is_retired(now):
        raise InvalidRequestError(
            f"The model {name} was retired on {model.retires_at}; its successor is {model.successor}",
            problems=(("model", f"was retired; its successor is {model.successor}"),),
            fix=f"Use {model.successor}, or no model at all to get the provider's best.",
            code="MODEL_RETIRED",
        )
    return model


def model_for(provider: str, needs: frozenset[Ability], name: str | None, *, now: int) -> Model:
    """The provider's model for a request: the one that it names, else the first that is there and can do it.

    Raises InvalidRequestError.
    """
    if name is not None:
        named = model_named(name, now=now)
        if named.provider != provider:
            raise _wrong("model", f"is one of {named.provider}'s", f"Name {named.provider} as provider, or no model.")
        if not needs <= named.abilities:
            raise _unable(f"The model {name} cannot do this", needs, {name: named.abilities})
        return named
    for model in models_of(provider):
        if needs <= model.abilities and not model.is_retired(now):
            return model
    raise _unable(f"{provider} cannot do this", needs, {provider: ABILITIES.get(provider, frozenset())})


def estimate(
    chain: tuple[str, ...],
    *,
    model: str | None = None,
    pictures: int = 1,
    needs: frozenset[Ability] = frozenset(),
    pixels: int = MEGAPIXEL,
    reference: bool = False,
) -> Cost:
    """What the dearest of the chain is expected to charge: an estimate should not be too low. Ours are free."""
    dearest = Cost()
    wanted = needs or frozenset({Ability.DOODLE})
    for name in chain:
        able = [each for each in models_of(name) if wanted <= each.abilities]
        named = [each for each in able if each.name == model]
        for each in (named or able)[:1]:
            dearest = max(dearest, each.estimate(pictures=pictures, pixels=pixels, reference=reference), key=_usd)
    return dearest


def _usd(cost: Cost) -> float:
    return cost.usd


def _listed(abilities: Iterable[Ability]) -> str:
    return ", ".join(sorted(abilities)) or "nothing any more"


def _unable(detail: str, needs: frozenset[Ability], who: Mapping[str, frozenset[Ability]]) -> InvalidRequestError:
    can = "; ".join(f"{name}: {_listed(abilities)}" for name, abilities in who.items())
    everybody = [name for name, abilities in ABILITIES.items() if needs <= abilities]
    return InvalidRequestError(
        f"{detail}, which takes {_listed(needs)}. What each can do: {can}",
        problems=(("provider", f"cannot do what takes {_listed(needs)} ({can})"),),
        fix=f"Use one of: {', '.join(everybody)}." if everybody else "Ask for less in one request.",
        code="UNSUPPORTED",
    )


def _wrong(field: str, message: str, fix: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field}: {message}", problems=((field, message),), fix=fix)


def _one_of() -> str:
    return f"Use one of: {', '.join((*ABILITIES, *ALIASES))}."
