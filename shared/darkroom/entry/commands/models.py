"""`darkroom models`: fetch the weights of object detectors and of faces, prepare packs, and show what is here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom import wiring
from darkroom.domain.faces import Licence
from darkroom.errors import InvalidRequestError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

LICENCES = [str(licence) for licence in Licence]


def register(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands = groups.add_parser("models", help="fetch, prepare and list weights").add_subparsers(
        dest="command", required=True, metavar="fetch|prepare|list"
    )

    fetch = commands.add_parser("fetch", help="fetch pinned weights with their licence")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="which of the list; the first detector without")
    fetch.add_argument("--all", action="store_true", help="every object detector of the list")
    fetch.add_argument("--to", type=Path, metavar="DIR", help="a folder in place of the cache")
    fetch.add_argument("--accept-licence", choices=LICENCES, help="that its terms are known and kept to")
    fetch.set_defaults(run=_fetch)

    prepare = commands.add_parser("prepare", help="make a pack of a folder with a face detector and a recogniser")
    prepare.add_argument("source", type=Path, metavar="DIR", help="the folder of .onnx files; nothing in it changes")
    prepare.add_argument("--to", type=Path, metavar="DIR", help="the pack's folder; one in the cache without")
    prepare.add_argument("--name", help="what its vectors are comparable by; the folder's name without")
    prepare.add_argument("--licence", choices=LICENCES, help="what the weights may be used for")
    prepare.add_argument("--licence-text", default="", metavar="TEXT", help="the same in words")
    prepare.add_argument("--licence-url", default="", metavar="URL", help="where the terms stand")
    prepare.add_argument("--threshold", type=float, help="the cosine from which two faces are one person's")
    prepare.set_defaults(run=_prepare)

    listing = commands.add_parser("list", help="show what can be fetched, its licence, and what is here")
    listing.add_argument("--to", type=Path, metavar="DIR", help="the folder to look into; the cache without")
    listing.set_defaults(run=_list)

    for parser in (fetch, listing):
        parser.add_argument("--list", type=Path, metavar="FILE", help="a list in place of the one that is shipped")


def _fetch(options: argparse.Namespace) -> int:
    library, packs = wiring.model_library(options.list), wiring.pack_library(options.list)
    detectors = {model.name: model for model in library.models}
    listed = {pack.name: pack for pack in packs.listed}
    unknown = [name for name in options.names if name not in detectors and name not in listed]
    if unknown:
        raise InvalidRequestError(
            f"The list has no model {unknown[0]!r}", fix=f"Name one of: {', '.join((*detectors, *listed))}; or --all."
        )
    for name in list(detectors) if options.all else options.names or list(detectors)[:1]:
        if name in detectors:
            model = detectors[name]
            path = library.fetch(model, to=options.to, progress=_progress(name, model.size))
            print(f"{path}  {model.licence}  {model.about}")
        else:
            entry = listed[name]
            accepted = Licence(options.accept_licence) if options.accept_licence else None
            to = options.to / name if options.to else None
            pack = packs.fetch(entry, accepted=accepted, to=to, progress=_progress(name, entry.size))
            print(f"{pack.folder}  {pack.licence}  {entry.about}")
    return 0


def _prepare(options: argparse.Namespace) -> int:
    if not options.licence:
        raise InvalidRequestError(
            "Nothing in weights says what they may be used for",
            fix="Look it up where they come from and say so: --licence commercial, or --licence non-commercial. "
            "InsightFace's own models are for non-commercial research alone.",
        )
    pack = wiring.pack_library().prepare(
        options.source,
        Licence(options.licence),
        to=options.to,
        name=options.name or "",
        text=options.licence_text,
        url=options.licence_url,
        threshold=options.threshold,
    )
    print(f"{pack.folder}  {pack.licence}  {pack.detector.file}, {pack.recogniser.file}: {pack.dimensions} dimensions")
    return 0


def _list(options: argparse.Namespace) -> int:
    library, packs = wiring.model_library(options.list), wiring.pack_library(options.list, folder=options.to)
    for model in library.models:
        state = library.state(model, options.to)
        print(f"{model.name:16}  {state:7}  {model.size / 1e6:6.1f} MB  {model.licence}  {model.about}")
    here = packs.here()
    for entry in packs.listed:
        pack = here.pop(entry.name, None)
        state = "missing" if pack is None else "damaged" if pack.damaged() else "here"
        print(f"{entry.name:16}  {state:7}  {entry.size / 1e6:6.1f} MB  {entry.licence}  {entry.about}")
    for pack in here.values():
        state = "damaged" if pack.damaged() else "here"
        size = sum(facts.size for facts in pack.files.values()) / 1e6
        print(f"{pack.name:16}  {state:7}  {size:6.1f} MB  {pack.licence}  {pack.dimensions} dimensions, prepared here")
    print(f"in {options.to or library.cache}, faces in {packs.folder}", file=sys.stderr)
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
