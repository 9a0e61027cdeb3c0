"""`make demo`: a stack of its own, a tour of what it does on real pictures, a page of what was seen, and the end.

Each capability is one module of `local/chapters/`; a new one adds its name to CHAPTERS.
"""

from __future__ import annotations

import importlib
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx
from rich.console import Console
from rich.markup import escape

from local import page, port
from local.engine import choose
from local.shop import Shop
from local.stack import ROOT, Embedded, Stack, StackError, bring_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CHAPTERS: Final = ("uploads", "detection", "doodles", "products", "faces", "trust")
FOLDER: Final = ROOT / ".darkroom" / "demo"
PAGE: Final = ROOT / "out" / "demo" / "index.html"
OWNER: Final = "demo"
PATIENCE_SECONDS: Final = 90
LOOK: Final = f"The functions' log is in {FOLDER.relative_to(ROOT)}/embedded.log."


@dataclass(slots=True)
class Tour:
    """What a chapter works with. `found` carries what one chapter leaves for the next."""

    stack: Stack
    api: httpx.Client
    console: Console
    shop: Shop
    exchanges: list[page.Exchange] = field(default_factory=list)
    steps: list[tuple[str, float]] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """One line on the terminal: what is being done, then how long it took."""
        began = time.monotonic()
        with self.console.status(escape(what)):
            yield
        took = time.monotonic() - began
        self.steps.append((what, took))
        self.console.print(f"  [green]✓[/green] {escape(what)} [dim]{took:.2f} s[/dim]")

    def say(self, what: str) -> None:
        self.console.print(f"    [dim]{escape(what)}[/dim]")

    def call(
        self,
        title: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        expect: int | Sequence[int],
    ) -> httpx.Response:
        """One request to the API, kept as a transcript. Another status than `expect` ends the tour with its body."""
        began = time.monotonic()
        answer = self.api.request(method, path, json=body, headers=headers)
        self.keep(title, f"{method} {path}", body, answer, began)
        return self._expected(answer, expect)

    def send(
        self,
        title: str,
        path: str,
        files: Sequence[tuple[str, bytes]],
        fields: dict[str, str],
        *,
        expect: int | Sequence[int],
    ) -> httpx.Response:
        """The same for a form with JPEGs, (name, bytes) each, and `fields` beside them."""
        began = time.monotonic()
        form = [("files", (name, data, "image/jpeg")) for name, data in files]
        answer = self.api.post(path, files=form, data=fields)
        sent = {"files": [f"{name}, {len(data):,} bytes" for name, data in files], **fields}
        self.keep(title, f"POST {path}", sent, answer, began)
        return self._expected(answer, expect)

    def _expected(self, answer: httpx.Response, expect: int | Sequence[int]) -> httpx.Response:
        kept = self.exchanges[-1]
        allowed = (expect,) if isinstance(expect, int) else tuple(expect)
        if answer.status_code not in allowed:
            raise StackError(
                f"{kept.title}: {kept.request} answered {answer.status_code}, not {' or '.join(map(str, allowed))}: "
                f"{answer.text[:400]}",
                fix=LOOK,
            )
        return answer

    def wait(self, title: str, path: str, *, until: str) -> dict[str, Any]:
        """What stands at `path` once its status is `until`. Another end, or none in time, ends the tour."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        shown = None
        while time.monotonic() < deadline:
            answer = self.call(title, "GET", path, headers={"Prefer": "wait=2"}, expect=200)
            found: dict[str, Any] = answer.json()
            status, progress = found["status"], found.get("progress")
            if progress is not None and progress != shown:
                shown = progress
                self.say(f"{status} {progress}%")
            if status == until:
                return found
            if status.lower() not in ("pending", "processing"):
                raise StackError(f"{title}: it ended as {status}: {found.get('error')}", fix=LOOK)
            time.sleep(0.1)
        raise StackError(f"{title}: it did not end within {PATIENCE_SECONDS} s", fix=LOOK)

    def keep(self, title: str, request: str, sent: Any, answer: httpx.Response, began: float) -> None:
        received: Any = None
        if answer.content:
            received = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
        took = (time.monotonic() - began) * 1000
        self.exchanges.append(page.Exchange(title, request, sent, answer.status_code, received, took))

    def last(self, count: int = 1) -> list[page.Exchange]:
        return self.exchanges[-count:]


def main(arguments: list[str]) -> int:
    del arguments
    console = Console(highlight=False, soft_wrap=True)
    console.print("[bold red]●[/bold red] [bold]Darkroom[/bold], a tour on this machine. Nothing leaves it.\n")
    began = time.monotonic()
    embedded = Embedded(FOLDER, port.pick())
    embedded.stop()  # of a tour that was killed
    with Shop() as shop:
        return _toured(embedded, shop, console, began)


def _toured(embedded: Embedded, shop: Shop, console: Console, began: float) -> int:
    try:
        settings = choose(os.environ, lambda what: console.print(f"  {escape(what)}"))
        settings["FETCH_ALLOW_LOOPBACK"] = shop.place
        stack = bring_up(embedded, ROOT / "template.yaml", settings, lambda what: console.print(f"  {what}"))
        deployed = time.monotonic() - began
        console.print(f"  [green]✓[/green] A stack of its own answers [dim]{deployed:.1f} s[/dim]")
        with httpx.Client(
            base_url=stack.api_url,
            headers={"x-api-key": stack.make_key(OWNER)},
            timeout=60,
            trust_env=False,
        ) as api:
            tour = Tour(stack, api, console, shop)
            chapters = [_chapter(name, tour, number) for number, name in enumerate(CHAPTERS, 1)]
    finally:
        embedded.stop()
    _write(tour, chapters, deployed, time.monotonic() - began)
    console.print(
        f"\nAll stopped after {time.monotonic() - began:.0f} s. The page: [bold]{PAGE.relative_to(ROOT)}[/bold]"
    )
    return 0


def _chapter(name: str, tour: Tour, number: int) -> page.Chapter:
    module = importlib.import_module(f"local.chapters.{name}")
    tour.console.print(f"\n[bold red]{number}[/bold red] [bold]{module.TITLE}[/bold]")
    chapter: page.Chapter = module.run(tour)
    return chapter


def _timing(tour: Tour, deployed: float) -> page.Chapter:
    return page.Chapter(
        "Where the time went",
        "Everything that the tour did, in order. A function's first request starts its process; later ones do not.",
        [page.Bars([("Start the embedded AWS and deploy to it", deployed), *tour.steps])],
    )


def _write(tour: Tour, chapters: Sequence[page.Chapter], deployed: float, took: float) -> Path:
    answers = sorted(exchange.milliseconds for exchange in tour.exchanges)
    facts = [
        (f"{took:.0f} s", "from nothing to this page"),
        (f"{deployed:.1f} s", "of them to deploy the whole template"),
        (str(len(answers)), "requests, as a client sends them"),
        (f"{answers[len(answers) // 2]:.0f} ms", "the median answer"),
        *tour.found.get("facts", ()),
    ]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(
        page.Page(
            title="Darkroom",
            lede="Uploads straight to storage, jobs that can be trusted, objects found in pictures, doodles drawn from "
            "words, pictures of products made from their pages, faces told apart. This page is what a client saw of a "
            "stack that was deployed from template.yaml to an embedded AWS on this machine: no account, no key, no "
            "Docker.",
            facts=facts,
            chapters=[*chapters, _timing(tour, deployed)],
            next_steps=(
                ("make dev", "keeps the stack running; edits take effect in under two seconds"),
                ("make test", "runs everything that CI runs"),
                ("make deploy STAGE=dev", "puts the same template on AWS"),
            ),
        ).html()
    )
    return PAGE
