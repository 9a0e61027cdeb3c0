"""`make dev`: the stack in the foreground. Edits take effect, functions are heard, Ctrl-C stops it all."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape
from watchfiles import PythonFilter, watch

from local import overlay
from local.engine import choose
from local.logs import Tail
from local.reload import WATCHED, Functions
from local.secrets import lend
from local.stack import ROOT, Embedded, Stack, StackError, bring_up
from local.up import FOLDER, chosen_port, curls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.logs import Line

TEMPLATE = ROOT / "template.yaml"
POLL_MILLISECONDS = 250
COLOURS = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow", "DEBUG": "dim"}


def main(arguments: list[str]) -> int:
    del arguments
    console = Console(highlight=False, soft_wrap=True)
    embedded = Embedded(FOLDER, chosen_port(os.environ))
    ours = embedded.running() is None
    for number in (signal.SIGINT, signal.SIGTERM):  # the first is ignored where a shell put us into the background
        signal.signal(number, signal.default_int_handler)
    try:
        if ours:
            stack = bring_up(embedded, TEMPLATE, choose(os.environ, console.print), console.print)
            lend(stack, os.environ)
        else:
            stack = embedded.wait_until_described()
        console.print(f"\n[bold]{stack.api_url}[/bold]\n\n{escape(curls(stack))}\n")
        follow(embedded, stack, console)
    except KeyboardInterrupt:
        console.print()
    else:
        console.print("The stack was stopped by somebody else, such as `make down`.")
        return 0
    finally:
        if ours:
            embedded.stop()
    console.print("Stopped." if ours else "The stack that `make up` started runs on; `make down` stops it.")
    return 0


def follow(embedded: Embedded, stack: Stack, console: Console) -> None:
    """Until interrupted: reload what was edited, show what was logged. Returns when the emulator is gone."""
    functions = Functions(stack, overlay.load(TEMPLATE), ROOT)
    tail = Tail(stack)
    places = [*(ROOT / place for place in WATCHED), TEMPLATE]
    watching = False
    for changes in watch(
        *places,
        watch_filter=PythonFilter(extra_extensions=(".json", ".yaml")),
        step=20,
        debounce=200,
        rust_timeout=POLL_MILLISECONDS,
        yield_on_timeout=True,
    ):
        if not watching:  # said when it is true: the first round is over once the watch stands
            console.print("Watching functions/, shared/darkroom/ and template.yaml; Ctrl-C ends.\n")
            watching = True
        changed = sorted({Path(path) for _, path in changes})
        try:
            if TEMPLATE in changed:
                functions = _redeploy(embedded, stack, console)
            elif changed:
                _reload(functions, changed, console)
            show(tail.poll(), console)
        except (BotoCoreError, ClientError) as error:
            if embedded.running() is None:
                return
            console.print(f"[red]{escape(str(error))}[/red]")


def _reload(functions: Functions, changed: list[Path], console: Console) -> None:
    began = time.monotonic()
    names = functions.concerned(changed)
    if fault := functions.import_fault(names):
        console.print(f"[red]{escape(fault)}[/red]\nthe code before it stays")
        return
    functions.reload(names)
    edited = ", ".join(str(path.relative_to(ROOT)) for path in changed)
    took = (time.monotonic() - began) * 1000
    console.print(f"[cyan]reloaded[/cyan] {len(names)} function(s) in {took:.0f} ms: {escape(edited)}")


def _redeploy(embedded: Embedded, stack: Stack, console: Console) -> Functions:
    console.print("[cyan]deploying[/cyan] template.yaml")
    try:
        embedded.deploy(TEMPLATE, choose(os.environ, console.print))
    except StackError as error:
        console.print(f"[red]{escape(error.detail)}[/red]\n{escape(error.fix)}")
    return Functions(stack, overlay.load(TEMPLATE), ROOT)


def show(lines: Iterable[Line], console: Console) -> None:
    for line in lines:
        at = datetime.fromtimestamp(line.at / 1000).astimezone()
        colour = COLOURS.get(line.level, "default")
        console.print(
            f"[dim]{at:%H:%M:%S}[/dim] [bold]{line.function:<11}[/bold] [{colour}]{escape(line.text)}[/{colour}]"
        )
