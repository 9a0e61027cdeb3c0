"""`darkroom models`: fetch the weights of object detectors, and show which are here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom import wiring
from darkroom.errors import InvalidRequestError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def register(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands = groups.add_parser("models", help="fetch and list the weights of object detectors").add_subparsers(
        dest="command", required=True, metavar="fetch|list"
    )

    fetch = commands.add_parser("fetch", help="fetch pinned weights with their licence")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="which of the list; the first one without")
    fetch.add_argument("--all", action="store_true", help="every model of the list")
    fetch.add_argument("--to", type=Path, metavar="DIR", help="a folder to use as DETECT_MODEL_DIR; the cache without")
    fetch.set_defaults(run=_fetch)

    listing = commands.add_parser("list", help="show what can be fetched, its licence, and what is here")
    listing.add_argument("--to", type=Path, metavar="DIR", help="the folder to look into; the cache without")
    listing.set_defaults(run=_list)

    for parser in (fetch, listing):
        parser.add_argument("--list", type=Path, metavar="FILE", help="a list in place of the one that is shipped")


def _fetch(options: argparse.Namespace) -> int:
    library = wiring.model_library(options.list)
    known = {model.name: model for model in library.models}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        raise InvalidRequestError(
            f"The list has no model {unknown[0]!r}", fix=f"Name one of: {', '.join(known)}; or --all."
        )
    names = list(known) if options.all else options.names or list(known)[:1]
    for name in names:
        model = known[name]
        path = library.fetch(model, to=options.to, progress=_progress(name, model.size))
        print(f"{path}  {model.licence}  {model.about}")
    return 0


def _list(options: argparse.Namespace) -> int:
    library = wiring.model_library(options.list)
    for model in library.models:
        state = library.state(model, options.to)
        print(f"{model.name:16}  {state:7}  {model.size / 1e6:6.1f} MB  {model.licence}  {model.about}")
    print(f"in {options.to or library.cache}", file=sys.stderr)
    return 0


def _progress(name: str, size: int) -> Callable[[int], None]:
    """One line that moves on a terminal, a line a quarter in a log."""
    told = -1

    def show(done: int) -> None:
        nonlocal told
        percent = 100 * done // size
        step = percent if sys.stderr.isatty() else percent // 25 * 25
        if step == told:
            return
        told = step
        line = f"{name}: {done / 1e6:.1f} of {size / 1e6:.1f} MB ({percent} %)"
        end = "\n" if done >= size or not sys.stderr.isatty() else ""
        print(f"\r{line}" if sys.stderr.isatty() else line, end=end or "", file=sys.stderr, flush=True)

    return show
