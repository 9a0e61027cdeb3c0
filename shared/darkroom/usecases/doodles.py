"""Doodles: four actions that are done while the caller waits where that is quick and costs nothing, else as a job."""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import ai_models, cost, descriptions, doodles, prompts, redaction
from darkroom.domain.doodles import Action, Style
from darkroom.domain.generation import PNG, SVG, Ability, AnalyseRequest, DrawRequest, Picture
from darkroom.domain.jobs import Cost, Job, Kind
from darkroom.errors import (
    AttemptsExhaustedError,
    BadImageError,
    DarkroomError,
    ImageNotFoundError,
    InvalidRequestError,
    ProviderAnswerError,
    ProviderRefusedError,
    TooLargeError,
)
from darkroom.usecases.submission import Submission, check_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from darkroom.ports import (
        Clock,
        DoodleMeter,
        Fetcher,
        PictureEncoder,
        PictureOptimiser,
        PictureReader,
    )
    from darkroom.usecases.generation import Analysis, Drawing, Generation
    from darkroom.usecases.running import Run
    from darkroom.usecases.shelf import Shelf
    from darkroom.usecases.submission import Submissions

OFFLINE: Final[tuple[str, ...]] = ("sketch",)
"""The chain of a request that names none."""
ITEM_ERRORS: Final = (
    AttemptsExhaustedError,
    BadImageError,
    ImageNotFoundError,
    InvalidRequestError,
    ProviderAnswerError,
    ProviderRefusedError,
    TooLargeError,
)
"""What is wrong with one action and says nothing about the others."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """One action that was checked: by whom it may be done, and what tells it from others.

    `action` is plain JSON data. A picture that came with it is in `image`; a job's stands on the shelf instead, under
    the action's `imageKey`. `offline` says that an engine of ours will do it: nothing is paid and nobody else is asked.
    `milliseconds` are what that engine is expected to take.
    """

    action: Mapping[str, Any]
    chain: tuple[str, ...]
    digest: str
    image: tuple[bytes, str] | None = None
    offline: bool = False
    milliseconds: int = 0


class DoodleActions:
    """Does one action: draws, encodes, measures, and keeps what was made."""

    def __init__(
        self,
        *,
        generation: Generation,
        reader: PictureReader,
        encoder: PictureEncoder,
        optimiser: PictureOptimiser,
        meter: DoodleMeter,
        shelf: Shelf,
    ) -> None:
        self._generation = generation
        self._reader = reader
        self._encoder = encoder
        self._optimiser = optimiser
        self._meter = meter
        self._shelf = shelf

    def perform(self, owner: str, asked: Asked, *, run: Run | None = None, step: str = "0") -> dict[str, Any]:
        """What the action made, as plain data with the keys of its pictures. `step` names it within its job.

        Raises what the engines and the readers raise.
        """
        match asked.action["action"]:
            case Action.GENERATE:
                return self._draw(owner, asked, run, step)
            case Action.ANIMATE:
                return self._animate(owner, asked, run, step)
            case Action.ANALYSE:
                return self._analyse(asked, run, step)
            case _:
                return self._optimise(owner, asked)

    def _draw(self, owner: str, asked: Asked, run: Run | None, step: str) -> dict[str, Any]:
        action = asked.action
        wanted = doodles.MEDIA_TYPES[action["format"]]
        media_type = SVG if wanted == SVG else PNG
        request = _request(asked, _seed(asked, run, step), prompts.doodle, count=action["count"], media_type=media_type)
        outcome = self._generation.draw(asked.chain, request, run=run, step=step)
        return {
            "action": action["action"],
            **told(outcome),
            "doodles": [self._kept(owner, self._as(picture, wanted)) for picture in outcome.drawn.pictures],
            "unmatched": list(outcome.drawn.unmatched),
        }

    def _as(self, picture: Picture, media_type: str) -> Picture:
        if picture.media_type == media_type:
            return picture
        pixels = self._reader.frames(picture.data).pixels[0]
        height, width = pixels.shape[:2]
        return Picture(self._encoder.still(pixels, media_type), media_type, width, height, picture.seed)

    def _animate(self, owner: str, asked: Asked, run: Run | None, step: str) -> dict[str, Any]:
        action = asked.action
        count = action["frame_count"]
        instruct = partial(prompts.animation, frames=count)
        request = _request(asked, _seed(asked, run, step), instruct, frames=count, fps=action["fps"])
        outcome = self._generation.draw(asked.chain, request, run=run, step=step)
        pictures = outcome.drawn.pictures
        frames = [self._reader.frames(picture.data).pixels[0] for picture in pictures]
        media_type = doodles.MEDIA_TYPES[action["format"]]
        moving = self._encoder.animation(frames, fps=action["fps"], media_type=media_type)
        rate = self._encoder.rate(action["fps"], media_type)
        height, width = frames[0].shape[:2]
        return {
            "action": action["action"],
            **told(outcome),
            **self._kept(owner, Picture(moving, media_type, width, height, pictures[0].seed)),
            "frameCount": len(frames),
            "fps": int(rate) if rate.is_integer() else rate,
            "frames": [self._kept(owner, replace(picture, seed=None)) for picture in pictures],
            "unmatched": list(outcome.drawn.unmatched),
        }

    def _analyse(self, asked: Asked, run: Run | None, step: str) -> dict[str, Any]:
        pixels = self._reader.frames(self._image(asked)).pixels[0]
        request = AnalyseRequest(
            data=self._encoder.still(pixels, PNG, longest=doodles.ANALYSED_SIDE),
            instruction=prompts.ANALYSIS,
            model=asked.action["model"],
        )
        outcome = self._generation.analyse(asked.chain, request, run=run, step=step)
        reading, measures = outcome.reading, self._meter.measure(pixels)
        analysis = {
            "labels": [{"name": label.name, "confidence": round(label.confidence, 4)} for label in reading.labels],
            "caption": reading.caption,
            "text": reading.text or None,
            "width": measures.width,
            "height": measures.height,
            "inkBox": None if measures.ink_box is None else list(measures.ink_box),
            "coverage": round(measures.coverage, 4),
            "strokeWidth": round(measures.stroke_width, 2),
            "lineDensity": round(measures.line_density, 4),
            "symmetry": round(measures.symmetry, 4),
            "parts": measures.parts,
            "colours": [{"colour": colour, "share": round(share, 4)} for colour, share in measures.colours],
            "background": measures.background,
            "complexity": round(measures.complexity, 4),
        }
        shown = {name: value for name, value in analysis.items() if value is not None}
        return {"action": asked.action["action"], **told(outcome), "analysis": shown}

    def _optimise(self, owner: str, asked: Asked) -> dict[str, Any]:
        action = asked.action
        original = self._image(asked)
        made = self._optimiser.optimise(
            self._reader.frames(original).pixels[0],
            width=action["width"],
            height=action["height"],
            original=original,
            allowed=tuple(doodles.MEDIA_TYPES[name] for name in action["formats"]),
        )
        return {
            "action": action["action"],
            **self._kept(owner, Picture(made.data, made.media_type, made.width, made.height)),
            "bytesBefore": len(original),
            "bytesAfter": len(made.data),
            "ssim": round(made.ssim, 4),
        }

    def _image(self, asked: Asked) -> bytes:
        return self._shelf.read(asked.action["imageKey"]) if asked.image is None else asked.image[0]

    def _kept(self, owner: str, picture: Picture) -> dict[str, Any]:
        made: dict[str, Any] = {
            "key": self._shelf.keep(owner, picture.data, picture.media_type),
            "contentType": picture.media_type,
            "width": picture.width,
            "height": picture.height,
            "bytes": len(picture.data),
        }
        return made if picture.seed is None else made | {"seed": picture.seed}


def told(outcome: Drawing | Analysis) -> dict[str, Any]:
    """Which engine did it, and which were passed over."""
    passed_over = [asdict(each) for each in outcome.passed_over]
    return {"provider": outcome.provider, "model": outcome.model} | ({"passedOver": passed_over} if passed_over else {})


def needs(action: Mapping[str, Any]) -> frozenset[Ability]:
    """What an engine must be able to do for this action."""
    if action["action"] == Action.ANALYSE:
        return frozenset({Ability.ANALYSE})
    wanted = {Ability.DOODLE}  # what cannot animate by itself draws a sheet of frames
    if action["background"] == "transparent":
        wanted.add(Ability.TRANSPARENT)
    if action["format"] == "svg":
        wanted.add(Ability.VECTOR)
    return frozenset(wanted)


def _seed(asked: Asked, run: Run | None, step: str) -> int:
    """The caller's seed. Without one, the digest gives it: equal requests are drawn equally, remembered or not. What is
    to be drawn anew gets one by chance, which a job's id decides, so that another attempt draws the same."""
    seed: int | None = asked.action["seed"]
    if seed is not None:
        return seed
    if not asked.action["fresh"]:
        return int(asked.digest[:8], 16)
    if run is None:
        return secrets.randbits(32)
    told_apart = f"{asked.digest} {run.job.job_id} {step}"
    return int(hashlib.sha256(told_apart.encode()).hexdigest()[:8], 16)


def _request(asked: Asked, seed: int, instruct: Callable[..., str], **rest: Any) -> DrawRequest:
    """What both kinds of drawing ask of an engine."""
    action = asked.action
    style, transparent = Style(action["style"]), action["background"] == "transparent"
    return DrawRequest(
        instruction=instruct(style, transparent=transparent),
        material=action["description"],
        needs=needs(action),
        style=style,
        width=action["size"],
        height=action["size"],
        transparent=transparent,
        seed=seed,
        model=action["model"],
        **rest,
    )


Results = tuple[dict[str, Any], ...]
"""What each action made, or its error, in their order."""


class DoodleRequests:
    """What `POST /ai` asks for."""

    def __init__(
        self,
        *,
        actions: Callable[[], DoodleActions],
        reader: Callable[[], PictureReader],
        submissions: Submissions,
        shelf: Shelf,
        fetcher: Callable[[], Fetcher],
        clock: Clock,
        gigabytes: float,
    ) -> None:
        """`actions` is made on the first work, `reader` for the first picture, `fetcher` for the first webhook: a
        description that becomes a job loads no imaging."""
        self._actions = actions
        self._reader = reader
        self._fetcher = fetcher
        self._submissions = submissions
        self._shelf = shelf
        self._clock = clock
        self._gigabytes = gigabytes

    def asked(self, action: Mapping[str, Any], *, alone: bool = True) -> Asked:
        """The action as it can be done: its chain known and able, its picture read. One that is not `alone` in its
        request leaves it to the request to say who is told of the end and what all may cost.

        Raises InvalidRequestError (a description that is none, an unknown engine, one that cannot do this, a retired
        model, a faulty picture), BadImageError and TooLargeError.
        """
        rest = dict(action)
        callback_url, max_cost = rest.pop("callback_url"), rest.pop("max_cost")
        if not alone and not (callback_url is None and max_cost is None):
            raise InvalidRequestError(
                "callbackUrl and maxCost are of the whole request", fix="Put them beside actions, not into one."
            )
        if "description" in rest:
            descriptions.check(rest["description"])
        chain, offline = (OFFLINE, True) if rest["action"] == Action.OPTIMISE else self._chain(rest)
        image, pixels, plain = None, 0, False
        if "image_data" in rest:
            image = doodles.image_bytes(rest.pop("image_data"), rest.pop("mime_type"))
            width, height, frames = self._reader().extent(image[0])
            if rest["action"] == Action.OPTIMISE:
                doodles.check_still(frames)
            pixels = width * height * frames
            plain = doodles.is_plain(image[1], len(image[0]), pixels)
            rest["image"] = hashlib.sha256(image[0]).hexdigest()
        return Asked(
            rest,
            chain,
            doodles.digest(rest, chain),
            image,
            offline,
            milliseconds=doodles.milliseconds(rest, pixels, plain=plain),
        )

    def _chain(self, action: dict[str, Any]) -> tuple[tuple[str, ...], bool]:
        """The chain as far as somebody of it may be asked, and whether that is an engine of ours alone: those never
        fail, so who stands behind the first of them that is able has no turn."""
        chain = ai_models.chain(action.pop("provider"), default=OFFLINE)
        wanted, model, now = needs(action), action["model"], self._clock.now()
        ai_models.check(chain, wanted, model=model, now=now)
        able = [name for name in chain if ai_models.can(name, wanted, model=model, now=now)]
        ours = next((name for name in able if name in ai_models.OFFLINE), None)
        return (chain if ours is None else chain[: chain.index(ours) + 1]), able[0] == ours

    def answer(
        self,
        owner: str,
        asked: Sequence[Asked | DarkroomError],
        *,
        several: bool,
        in_background: bool = False,
        callback_url: str | None = None,
        max_cost: float | None = None,
        idempotency_key: str | None = None,
    ) -> Results | Job:
        """What the actions made, or the job that will make it.

        An action that was made before is recalled, free of charge. Where all that is left is quick and offline, it is
        done here and now, unless the caller wants a job (`in_background`, or a `callback_url`, which tells of jobs).
        `several` has an action that fails leave the others alone; a single one raises. Raises UnacceptableUrlError for
        a `callback_url` that must not be called, and what `Submissions.submit` raises.
        """
        if callback_url is not None:
            check_url(self._fetcher(), callback_url, "callbackUrl")
        recalled = {
            place: made
            for place, each in enumerate(asked)
            if isinstance(each, Asked)
            and not each.action["fresh"]
            and (made := self._shelf.recall(owner, each.digest)) is not None
        }
        left = [each for place, each in enumerate(asked) if isinstance(each, Asked) and place not in recalled]
        estimate = self._estimate(left)
        if left and (in_background or callback_url is not None or not self._quick(left)):
            return self._submissions.submit(
                Submission(
                    owner=owner,
                    kind=Kind.DOODLE,
                    request={"several": several, "actions": [self._plain(owner, each) for each in asked]},
                    items=len(asked),
                    estimate=estimate,
                    max_cost=max_cost,
                    callback_url=callback_url,
                    idempotency_key=idempotency_key,
                )
            )
        cost.cap(estimate, max_cost, "The work is estimated at")
        return tuple(
            _recalled(recalled[place], each) if place in recalled else self._now(owner, each, several=several)
            for place, each in enumerate(asked)
        )

    def _now(self, owner: str, each: Asked | DarkroomError, *, several: bool) -> dict[str, Any]:
        begun = self._clock.now()
        try:
            if isinstance(each, DarkroomError):
                raise each
            made = self._actions().perform(owner, each)
        except ITEM_ERRORS as error:
            if not several:
                raise
            return {"error": redaction.told(error)}
        self._shelf.remember(owner, each.digest, made)
        spent = cost.compute(self._gigabytes, self._clock.now() - begun)
        return {**made, "cached": False, "cost": asdict(spent), "inline": each.action["inline"]}

    @staticmethod
    def _quick(asked: Sequence[Asked]) -> bool:
        offline = all(each.offline for each in asked)
        return offline and sum(each.milliseconds for each in asked) <= doodles.QUICK

    def _estimate(self, asked: Sequence[Asked]) -> Cost:
        total = Cost()
        for each in asked:
            total += cost.compute(self._gigabytes, each.milliseconds)
            if not each.offline:
                total += ai_models.estimate(
                    each.chain,
                    model=each.action["model"],
                    pictures=each.action.get("count", 1),
                    needs=needs(each.action),
                    pixels=each.action.get("size", 0) ** 2 * each.action.get("frame_count", 1),
                )
        return total

    def _plain(self, owner: str, asked: Asked | DarkroomError) -> dict[str, Any]:
        """The action as its job's row holds it; its picture, which would not fit, goes on the shelf."""
        if isinstance(asked, DarkroomError):
            return {"error": redaction.told(asked)}
        action = dict(asked.action)
        if asked.image is not None:
            action["imageKey"] = self._shelf.keep(owner, *asked.image)
        return {"action": action, "chain": list(asked.chain), "digest": asked.digest}


def _recalled(made: Mapping[str, Any], asked: Asked | DarkroomError) -> dict[str, Any]:
    inline = isinstance(asked, Asked) and asked.action.get("inline", False)
    return {**made, "cached": True, "cost": asdict(Cost()), "inline": inline}


class DoodleWork:
    """The Work of a doodle job: its actions one after another."""

    def __init__(self, actions: Callable[[], DoodleActions], *, shelf: Shelf) -> None:
        self._actions = actions
        self._shelf = shelf

    def run(self, run: Run) -> object:
        request = run.job.request
        results = []
        for place, told_of in enumerate(request["actions"]):
            run.check()
            results.append(self._one(run, told_of, place, several=request["several"]))
            run.progress(place + 1)
        return {"several": request["several"], "results": results}

    def _one(self, run: Run, told_of: Mapping[str, Any], place: int, *, several: bool) -> dict[str, Any]:
        if "error" in told_of:
            return dict(told_of)
        asked = Asked(told_of["action"], tuple(told_of["chain"]), told_of["digest"])
        owner = run.job.owner
        if not asked.action["fresh"] and (made := self._shelf.recall(owner, asked.digest)) is not None:
            return _recalled(made, asked)
        before = run.cost
        try:
            made = self._actions().perform(owner, asked, run=run, step=str(place))
        except ITEM_ERRORS as error:
            if not several:
                raise
            return {"error": redaction.told(error)}
        self._shelf.remember(owner, asked.digest, made)
        return {**made, "cached": False, "cost": asdict(run.cost - before), "inline": asked.action["inline"]}
