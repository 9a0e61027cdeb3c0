"""Product pictures: the page of a product becomes a finished picture with its name, price and offer laid over it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import ai_models, cost, limits, prompts
from darkroom.domain.generation import JPEG, PNG, Ability, DrawRequest
from darkroom.domain.jobs import Cost, Kind, result_folder
from darkroom.domain.products import LOOKS, Fact, Overlay, Price, look_meant
from darkroom.domain.retry_after import retry_after
from darkroom.errors import (
    CONNECTION_FAILED,
    FETCH_TIMED_OUT,
    BadImageError,
    FetchFailedError,
    InvalidRequestError,
    NoProductError,
    PageUnavailableError,
    TooLargeError,
    UnacceptableUrlError,
    UnsupportedTypeError,
)
from darkroom.usecases.doodles import told
from darkroom.usecases.submission import Submission, check_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from darkroom.domain.jobs import Job
    from darkroom.domain.products import Product
    from darkroom.errors import DarkroomError
    from darkroom.ports import (
        Clock,
        Fetcher,
        ObjectStore,
        Overlayer,
        PictureEncoder,
        PictureReader,
        ProductReader,
    )
    from darkroom.usecases.generation import Generation
    from darkroom.usecases.running import Run
    from darkroom.usecases.submission import Submissions

OFFLINE: Final = ("studio",)
"""The chain of a request that names none."""
NEEDS: Final = frozenset({Ability.PRODUCT})
SIZE: Final = 1024
"""Pixels of each side of the finished picture."""
PICTURES_TRIED: Final = 3
MILLISECONDS: Final = 6_000
"""Page, picture, studio and text on one core, rounded up."""
TRIES: Final = 3
"""How often a job asks a shop that does not give the page now."""
LONGEST_WAIT: Final = 600
"""Seconds, of what a shop asks to wait."""
BUSY: Final = frozenset({408, 425, 429})
_CLOSED: Final = ("PAGE_FORBIDDEN", "Use the URL of a page that is open to everybody, without a login.")
_GONE: Final = ("PAGE_NOT_FOUND", "Open the URL in a browser, and use the one at which the product is now.")
REFUSALS: Final = {401: _CLOSED, 402: _CLOSED, 403: _CLOSED, 451: _CLOSED, 404: _GONE, 410: _GONE}
"""Code and fix of what a shop will answer the next time as well."""
HTML_TYPES: Final = ("text/html", "application/xhtml+xml", "")

log = logging.getLogger(__name__)


class ProductPages:
    """What a product's page says, read through the guarded fetcher."""

    def __init__(self, fetcher: Fetcher, reader: Callable[[], ProductReader], clock: Clock) -> None:
        self._fetcher = fetcher
        self._reader = reader
        self._clock = clock

    def read(self, url: str) -> Product:
        """Raises PageUnavailableError for what may pass, FetchFailedError for what will not, UnacceptableUrlError,
        TooLargeError, and UnsupportedTypeError for what is no page."""
        try:
            answer = self._fetcher.get(url, limit=limits.PAGE_BYTES)
        except TooLargeError as error:
            raise TooLargeError(error.detail, fix="Use the URL of one product's own page.") from error
        except FetchFailedError as error:
            if error.exact_code not in {CONNECTION_FAILED, FETCH_TIMED_OUT}:
                raise
            raise PageUnavailableError(error.detail, code=error.exact_code) from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status != 200:
            raise self._refusal(answer.status, headers)
        content_type = headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() not in HTML_TYPES:
            raise UnsupportedTypeError("The URL is no web page", fix="Use the URL of the product's page.")
        return self._reader().read(answer.body, url=answer.url, content_type=content_type)

    def _refusal(self, status: int, headers: Mapping[str, str]) -> DarkroomError:
        detail = f"The shop answered {status} instead of the page"
        if status in BUSY or status >= 500:
            return PageUnavailableError(
                detail,
                code="SHOP_BUSY" if status in BUSY else "SHOP_FAILING",
                retry_after=retry_after(headers, self._clock.now()),
            )
        code, fix = REFUSALS.get(status, (FetchFailedError.code, "Use the URL of the product's own page."))
        return FetchFailedError(detail, fix=fix, code=code)


class ProductImageRequests:
    """What `POST /generative-ai-images/generate` asks for."""

    def __init__(self, submissions: Submissions, fetcher: Fetcher, clock: Clock, *, gigabytes: float) -> None:
        """`gigabytes` is the size of the function that will do the work."""
        self._submissions = submissions
        self._fetcher = fetcher
        self._clock = clock
        self._gigabytes = gigabytes

    def submit(
        self,
        owner: str,
        product_url: str,
        *,
        provider: Any = None,
        model: str | None = None,
        style: str | None = None,
        seed: int | None = None,
        callback_url: str | None = None,
        max_cost: float | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """A job for this page.

        Raises UnacceptableUrlError for a URL that must not be fetched, InvalidRequestError for an engine that is
        unknown or makes no product pictures and for a style that nobody of the chain can do anything with, and what
        `Submissions.submit` raises.
        """
        named = ai_models.chain(provider, default=OFFLINE)
        chain = tuple(OFFLINE[0] if name in ai_models.OFFLINE else name for name in named)
        ai_models.check(chain, NEEDS, model=model, now=self._clock.now())
        if style is not None and set(chain) == set(OFFLINE) and look_meant(style) is None:
            raise _no_look(style)
        check_url(self._fetcher, product_url, "productUrl")
        if callback_url is not None:
            check_url(self._fetcher, callback_url, "callbackUrl")
        asked = {"productUrl": product_url, "chain": list(chain), "model": model, "style": style, "seed": seed}
        estimate = cost.compute(self._gigabytes, MILLISECONDS)
        if chain[0] not in ai_models.OFFLINE:
            estimate += ai_models.estimate(chain, model=model, needs=NEEDS, pixels=SIZE**2, reference=True)
        return self._submissions.submit(
            Submission(
                owner=owner,
                kind=Kind.PRODUCT_IMAGE,
                request={name: value for name, value in asked.items() if value is not None},
                items=1,
                estimate=estimate,
                max_cost=max_cost,
                callback_url=callback_url,
                idempotency_key=idempotency_key,
            )
        )


def _no_look(style: str) -> InvalidRequestError:
    names = ", ".join(LOOKS)
    return InvalidRequestError(
        "studio has no such style",
        problems=(("style", f"is {style!r}; studio has {names}"),),
        fix=f"Use one of: {names}. Words of your own are for providers.",
    )


class ProductImageWork:
    """The Work of a product picture."""

    def __init__(
        self,
        *,
        pages: ProductPages,
        generation: Generation,
        fetcher: Fetcher,
        reader: PictureReader,
        encoder: PictureEncoder,
        overlayer: Overlayer,
        objects: ObjectStore,
    ) -> None:
        self._pages = pages
        self._generation = generation
        self._fetcher = fetcher
        self._reader = reader
        self._encoder = encoder
        self._overlayer = overlayer
        self._objects = objects

    def run(self, run: Run) -> object:
        """Raises NoProductError before anything is spent, where the page has no product; PageUnavailableError to have
        the page tried again, and FetchFailedError with its code when that was done TRIES times."""
        request = run.job.request
        product = self._page(run)
        if not product.found:
            raise NoProductError("No product was found on the page")
        run.progress(0.2)
        run.check()
        reference = self._reference(run, product)
        run.progress(0.3)
        run.check()
        outcome = self._generation.draw(
            tuple(request["chain"]),
            DrawRequest(
                instruction=prompts.product(reference=reference is not None),
                material=material(product, style=request.get("style")),
                needs=NEEDS,
                style=request.get("style", ""),
                width=SIZE,
                height=SIZE,
                seed=request.get("seed"),
                reference=reference,
                model=request.get("model"),
            ),
            run=run,
            step="picture",
        )
        run.progress(0.8)
        run.check()
        picture, laid = self._overlayer.lay(outcome.drawn.pictures[0], overlay_of(product))
        key = f"{result_folder(run.job.job_id, run.job.leases)}{run.job.job_id}.jpg"
        self._objects.write(key, picture, content_type=JPEG)
        run.spend(Cost(bytes_out=len(picture)))
        return {
            "key": key,
            "fileName": f"{run.job.job_id}.jpg",
            "contentType": JPEG,
            "overlayText": overlay_text(laid),
            **told(outcome),
        }

    def _page(self, run: Run) -> Product:
        tried = run.job.leases - run.job.losses
        try:
            return self._pages.read(run.job.request["productUrl"])
        except PageUnavailableError as error:
            if tried >= TRIES:
                raise FetchFailedError(
                    f"{error.detail}, {tried} times in a row", fix=error.fix, code=error.exact_code
                ) from error
            if error.retry_after is not None:
                error.retry_after = min(error.retry_after, LONGEST_WAIT)
            raise

    def _reference(self, run: Run, product: Product) -> bytes | None:
        """The page's own picture as PNG of ours, None where none can be had: then the words must do."""
        for fact in product.pictures[:PICTURES_TRIED]:
            try:
                answer = self._fetcher.get(fact.value, limit=limits.IMAGE_BYTES)
                if answer.status != 200:
                    continue
                run.spend(Cost(bytes_in=len(answer.body)))
                return self._encoder.still(self._reader.frames(answer.body).pixels[0], PNG)
            except (BadImageError, FetchFailedError, TooLargeError, UnacceptableUrlError) as error:
                log.info("A product's picture was left out: %s", error.detail)
        return None


def material(product: Product, *, style: str | None = None) -> str:
    """What the page says, and the style that the request names, as JSON: data for an engine, never an instruction."""
    facts = {
        "name": _value(product.name),
        "brand": _value(product.brand),
        "price": _value(product.price),
        "offer": _value(product.offer),
        "style": f"{style}: {LOOKS[style].summary}" if style and style in LOOKS else style,
    }
    return json.dumps({name: value for name, value in facts.items() if value}, ensure_ascii=False)


def overlay_of(product: Product) -> Overlay:
    return Overlay(
        name=_value(product.name),
        price=_value(product.price),
        list_price=_value(product.list_price),
        offer=_value(product.offer),
        currency=product.price.currency if product.price else None,
    )


def _value(found: Fact | Price | None) -> str | None:
    """What a reader of the page sees, at the length that fits on a picture."""
    match found:
        case Fact():
            return found.value[: limits.OVERLAY_CHARACTERS]
        case Price():
            text = found.text or " ".join(part for part in (found.amount, found.currency) if part)
            return text[: limits.OVERLAY_CHARACTERS]
        case _:
            return None


def overlay_text(overlay: Overlay) -> dict[str, Any]:
    """As the wire shows it: what is missing is left out."""
    texts: Mapping[str, Any] = {
        "name": overlay.name,
        "price": overlay.price,
        "listPrice": overlay.list_price,
        "offer": overlay.offer,
        "leftOff": dict(overlay.left_off) or None,
    }
    return {name: value for name, value in texts.items() if value is not None}
