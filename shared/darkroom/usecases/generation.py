"""Pictures from the first engine of a chain that makes them, each call of a provider paid for through the ledger."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol

from darkroom.domain import ai_models, cost, limits
from darkroom.domain.generation import SUFFIXES, Drawn, Label, Made, Picture, Reading, straight
from darkroom.domain.jobs import Cost, results_prefix
from darkroom.domain.redaction import redacted
from darkroom.errors import (
    AttemptsExhaustedError,
    CostLimitError,
    ImageNotFoundError,
    InterruptedCallError,
    InvalidRequestError,
    NotChargedError,
    ProviderAnswerError,
    ProviderRefusedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from darkroom.domain.generation import AnalyseRequest, DrawRequest, Trial
    from darkroom.errors import DarkroomError
    from darkroom.ports import Clock, ImageAnalyser, ImageGenerator, Meter, ObjectStore
    from darkroom.usecases.running import Run

AT_ONCE: Final = 4
"""Calls of one provider that one request makes at the same time, where a call gives fewer pictures than it wants."""
MODERATED: Final = "MODERATED"
PASSED_OVER: Final = (
    AttemptsExhaustedError,
    CostLimitError,
    InterruptedCallError,
    InvalidRequestError,
    NotChargedError,
    ProviderAnswerError,
    ProviderRefusedError,
)
"""What says something of one engine and nothing of the next one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An engine of the chain that did not do it, and why."""

    provider: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What was drawn, by which engine, and who was passed over before it."""

    provider: str
    drawn: Drawn
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def model(self) -> str:
        return self.drawn.model


@dataclass(frozen=True, slots=True)
class Analysis:
    provider: str
    reading: Reading
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def model(self) -> str:
        return self.reading.model


class Generation:
    def __init__(
        self,
        generators: Mapping[str, Callable[[], ImageGenerator]],
        analysers: Mapping[str, Callable[[], ImageAnalyser]],
        *,
        objects: ObjectStore,
        clock: Clock,
        meter: Meter,
    ) -> None:
        """Engines by name; each is made, and its SDK loaded, when its turn comes."""
        self._generators = generators
        self._analysers = analysers
        self._objects = objects
        self._clock = clock
        self._meter = meter

    def draw(
        self, chain: Sequence[str], request: DrawRequest, *, run: Run | None = None, step: str = "draw"
    ) -> Drawing:
        """By the first engine of the chain that does. `step` names this request within its job, the same in each turn.

        An engine that is out of order, has no key, is too dear for the job's maxCost, or cannot do it is passed over.
        A refusal for what the request is about is the end: nobody else is asked to draw it. Where none is left, raises
        what the only engine raised; of several, the first trouble that may pass, else the last error, with the reasons
        of them all. A `run` keeps the ledger; without one, whatever is charged is charged.
        """

        def by(name: str) -> Drawn:
            return self._drawn(name, replace(request, model=_own(name, request.model)), run, step)

        name, drawn, passed_over = self._first(chain, self._able(request), by, run)
        return Drawing(name, drawn, passed_over)

    def analyse(
        self, chain: Sequence[str], request: AnalyseRequest, *, run: Run | None = None, step: str = "analyse"
    ) -> Analysis:
        """The same for what a picture shows."""

        def by(name: str) -> Reading:
            engine, asked = self._analysers[name](), replace(request, model=_own(name, request.model))
            if name in ai_models.OFFLINE:
                return self._metered(name, engine.analyse(asked, trial=straight))
            ledger = self._ledger(_Readings(), run, f"{step}-{name}", engine.price_to_analyse(asked), name)
            return engine.analyse(asked, trial=ledger)

        def able(name: str) -> bool:
            can = ai_models.can(name, ai_models.READS, model=request.model, now=self._clock.now())
            return can and name in self._analysers

        name, reading, passed_over = self._first(chain, able, by, run)
        return Analysis(name, reading, passed_over)

    # --- the chain ---------------------------------------------------------------------------------------------------

    def _able(self, request: DrawRequest) -> Callable[[str], bool]:
        def able(name: str) -> bool:
            can = ai_models.can(name, request.needs, model=request.model, now=self._clock.now())
            return can and name in self._generators

        return able

    @staticmethod
    def _first(
        chain: Sequence[str], able: Callable[[str], bool], by: Callable[[str], Made], run: Run | None
    ) -> tuple[str, Made, tuple[PassedOver, ...]]:
        passed_over: list[PassedOver] = []
        errors: list[DarkroomError] = []
        for name in chain:
            if run is not None:
                run.check()
            try:
                if not able(name):
                    raise InvalidRequestError(f"{name} cannot do this", code="UNSUPPORTED")
                return name, by(name), tuple(passed_over)
            except PASSED_OVER as error:
                if error.exact_code == MODERATED:
                    raise
                log.info("%s is passed over: %s", name, error.detail, extra={"code": error.exact_code})
                passed_over.append(PassedOver(name, error.exact_code, redacted(error.detail)))
                errors.append(error)
        final = next((error for error in errors if isinstance(error, TransientError)), errors[-1])
        if len(errors) > 1:
            final.detail = "; ".join(each.reason for each in passed_over)
        raise final

    # --- one engine --------------------------------------------------------------------------------------------------

    def _drawn(self, name: str, request: DrawRequest, run: Run | None, step: str) -> Drawn:
        engine = self._generators[name]()
        if name in ai_models.OFFLINE:
            return self._metered(name, engine.draw(request, trial=straight))
        parts = self._parts(name, request)

        def one(place: int) -> Drawn:
            part = parts[place]
            pictures = _Pictures(self._objects, run, f"{step}-{name}-{place}")
            ledger = self._ledger(pictures, run, f"{step}-{name}-{place}", engine.price(part), name)
            return engine.draw(part, trial=ledger)

        if len(parts) == 1:
            return one(0)
        if run is not None and run.job.leases == 1:  # a later worker finds some of them paid
            whole = sum((engine.price(part) for part in parts), run.cost)
            cost.cap(whole, run.job.max_cost, f"With {len(parts)} calls of {name} the work would cost")
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(AT_ONCE, len(parts))) as pool:
            drawn = list(pool.map(one, range(len(parts))))
        return Drawn(
            tuple(picture for each in drawn for picture in each.pictures),
            drawn[0].model,
            sum((each.cost for each in drawn), Cost()),
            tuple(dict.fromkeys(word for each in drawn for word in each.unmatched)),
        )

    def _parts(self, name: str, request: DrawRequest) -> list[DrawRequest]:
        """The request as calls of a model, each for as many pictures as it gives in one; seeds go on from one to the
        next."""
        model = ai_models.model_for(name, request.needs, request.model, now=self._clock.now())
        most = model.pictures_a_call(request)
        if request.frames > 1 or request.count <= most:
            return [request]
        return [
            replace(
                request,
                count=min(most, request.count - done),
                seed=None if request.seed is None else request.seed + done,
            )
            for done in range(0, request.count, most)
        ]

    def _metered(self, name: str, made: Made) -> Made:
        self._meter.engine_used(
            name, items=max(1, len(made.pictures) if isinstance(made, Drawn) else 1), usd=made.cost.usd
        )
        return made

    def _ledger(self, records: Records[Made], run: Run | None, step: str, price: Cost, name: str) -> Trial[Made]:
        """The Trial that has each call of the provider counted before it is made, and its end recorded.

        A refusal and a bad answer are ends like any other: who comes later asks for neither again. The bill, on which
        the price stands from before the call on, is then corrected by what was truly charged; for a refusal, nothing.
        """
        if run is None:
            return lambda call: self._metered(name, call())

        def trial(call: Callable[[], Made]) -> Made:
            made: list[Made] = []
            ended: list[DarkroomError] = []

            def paid() -> dict[str, Any]:
                try:
                    made.append(call())
                except (ProviderRefusedError, ProviderAnswerError) as error:
                    ended.append(error)
                    return {"error": _plain(error)}
                return records.written(made[0])

            outcome = run.pay(step, paid, price=price)
            if ended:
                if isinstance(ended[0], ProviderRefusedError):
                    run.spend(Cost() - price)
                else:
                    self._meter.engine_used(name, items=1, usd=price.usd)
                raise ended[0]
            if made:
                run.spend(made[0].cost - price)
                return self._metered(name, made[0])
            if "error" in outcome:
                raise _again(outcome["error"])
            return records.read(outcome)

        return trial


def _own(provider: str, model: str | None) -> str | None:
    """The model that a request names, for whose it is; the others of a chain take their best."""
    known = ai_models.MODELS.get(model or "")
    return None if known is not None and known.provider != provider else model


# --- what the ledger records -----------------------------------------------------------------------------------------


class Records(Protocol, Generic[Made]):
    """What a call made, as JSON data for the ledger, and back."""

    def written(self, made: Made) -> dict[str, Any]: ...

    def read(self, outcome: Mapping[str, Any]) -> Made:
        """Raises AttemptsExhaustedError for what was made and lost."""
        ...


class _Pictures:
    """Drawings: their bytes stand in storage before the ledger names them. Each worker writes under keys of its own,
    so that one which lost its lease changes nothing that another's record names."""

    def __init__(self, objects: ObjectStore, run: Run | None, step: str) -> None:
        self._objects = objects
        self._run = run
        self._step = step

    def written(self, made: Drawn) -> dict[str, Any]:
        pictures = []
        for place, picture in enumerate(made.pictures):
            key = f"{self._folder()}{place}.{SUFFIXES[picture.media_type]}"
            try:
                self._objects.write(key, picture.data, content_type=picture.media_type)
            except TransientError as error:
                # It was paid and is at hand: go on. Only a worker that dies before the end has lost it.
                log.warning("A picture that was paid for was not stored: %s", error.detail, extra={"step": self._step})
                return {"lost": True}
            told = {name: value for name, value in asdict(picture).items() if name != "data"}
            pictures.append({**told, "key": key})
        return {
            "pictures": pictures,
            "model": made.model,
            "cost": asdict(made.cost),
            "unmatched": list(made.unmatched),
        }

    def read(self, outcome: Mapping[str, Any]) -> Drawn:
        if outcome.get("lost"):
            raise _lost()
        return Drawn(
            tuple(self._picture(told) for told in outcome["pictures"]),
            outcome["model"],
            Cost(**outcome["cost"]),
            tuple(outcome["unmatched"]),
        )

    def _picture(self, told: Mapping[str, Any]) -> Picture:
        rest = dict(told)
        subject = rest.pop("subject")
        try:
            data = self._objects.read(rest.pop("key"), limit=limits.IMAGE_BYTES)
        except ImageNotFoundError:
            raise _lost() from None
        return Picture(data, subject=None if subject is None else tuple(subject), **rest)

    def _folder(self) -> str:
        assert self._run is not None  # only a run has a ledger
        return f"{results_prefix(self._run.job.job_id)}steps/{self._step}/{self._run.job.leases}-"


class _Readings:
    def written(self, made: Reading) -> dict[str, Any]:
        return asdict(made)

    def read(self, outcome: Mapping[str, Any]) -> Reading:
        labels = tuple(Label(**label) for label in outcome["labels"])
        return Reading(labels, outcome["caption"], outcome["model"], outcome["text"], Cost(**outcome["cost"]))


def _plain(error: DarkroomError) -> dict[str, Any]:
    return {
        "refused": isinstance(error, ProviderRefusedError),
        "code": error.exact_code,
        "detail": error.detail,
        "fix": error.fix,
    }


def _again(told: Mapping[str, Any]) -> DarkroomError:
    kind = ProviderRefusedError if told["refused"] else ProviderAnswerError
    return kind(told["detail"], code=told["code"], fix=told["fix"])


def _lost() -> AttemptsExhaustedError:
    return AttemptsExhaustedError("What was paid for was lost before it could be used, and is not paid for again")
