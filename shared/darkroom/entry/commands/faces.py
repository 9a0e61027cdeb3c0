"""`darkroom faces`: how well this machine's models tell people apart; another model for a stack's faces."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from darkroom import wiring
from darkroom.domain.jobs import State
from darkroom.entry.commands import add_stack_options, named_stack
from darkroom.errors import InvalidRequestError
from darkroom.settings import FACE_ENGINES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from darkroom.domain.jobs import Job
    from darkroom.domain.verification import Curve
    from darkroom.usecases.reembedding import Reembeddings

ROWS: Final = 20
BAR: Final = 30
CHARTS: Final = (".svg", ".png")


def register(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands = groups.add_parser("faces", help="calibrate models of faces, embed faces anew").add_subparsers(
        dest="command", required=True, metavar="calibrate|reembed"
    )
    calibrate = commands.add_parser(
        "calibrate",
        help="find the threshold of a model: from which cosine on two faces are one person's",
        description="Compares the faces on pictures, and variations of each, and shows how well the model tells them "
        "apart. A folder in DIR holds the pictures of one person; each picture beside them shows somebody else.",
    )
    calibrate.add_argument("pictures", type=Path, metavar="DIR", help="pictures of two people or more")
    calibrate.add_argument(
        "--same", action="append", default=[], metavar="A,B", help="pictures of DIR that show one person; repeatable"
    )
    calibrate.add_argument("--engine", choices=FACE_ENGINES, help="FACE_ENGINE without")
    calibrate.add_argument("--pack", metavar="NAME", help="FACE_PACK without")
    calibrate.add_argument("--chart", type=Path, metavar="FILE", help="draw the curve, as .svg or .png")
    calibrate.add_argument("--write", action="store_true", help="write the threshold into the pack's manifest")
    calibrate.set_defaults(run=_calibrate)
    reembed = commands.add_parser(
        "reembed",
        help="give all enrolled faces of an owner a vector of another model",
        description="Searches go on with the old model until every face has its new vector. Interrupted, the command "
        "goes on where it stopped when it is run again; so does a job that ran out of time.",
    )
    reembed.add_argument(
        "--model", required=True, metavar="PACK", help="the pack, as the function that finds faces has it"
    )
    whose = reembed.add_mutually_exclusive_group(required=True)
    whose.add_argument("--owner", help="whose faces")
    whose.add_argument("--all", action="store_true", help="everybody's, one owner after the other")
    add_stack_options(reembed)
    reembed.set_defaults(run=_reembed)


def _calibrate(options: argparse.Namespace) -> int:
    if options.chart and options.chart.suffix.lower() not in CHARTS:
        raise InvalidRequestError(
            f"{options.chart} is no chart that can be drawn", fix=f"End its name in {' or '.join(CHARTS)}."
        )
    calibration = wiring.face_calibration(options.engine, options.pack)
    space = calibration.space
    if options.write and space.engine == "dlib":
        raise InvalidRequestError(
            "dlib has no manifest to write to", fix="Its threshold is THRESHOLD of adapters/vision/faces/dlib_model.py."
        )
    tell = partial(print, file=sys.stderr, flush=True)
    done = calibration.measure(_pictures(options.pictures, options.same), tell)
    threshold = round(done.curve.threshold, 3)
    print(f"{space.pack} on {space.engine}: {done.people} people on {done.faces} pictures; none seen on {done.missed}")
    _show(done.curve, threshold)
    print(f"area under the curve {done.curve.area:.6f}")
    print(f"threshold {threshold:.3f}, which was {space.threshold:.3f}")
    if options.chart:
        as_png = options.chart.suffix.lower() == ".png"
        options.chart.write_bytes(wiring.calibration_chart(done.curve, space, threshold, as_png=as_png))
        print(options.chart)
    if options.write:
        pack = wiring.pack_library().find(space.pack).calibrated(threshold)
        print(f"written to {pack.folder}")
    return 0


def _reembed(options: argparse.Namespace) -> int:
    return reembed(
        wiring.operated_reembeddings(*named_stack(options)), options.model, [options.owner] if options.owner else None
    )


def reembed(reembeddings: Reembeddings, pack: str, owners: Sequence[str] | None) -> int:
    """Embed these owners' faces, or everybody's; 1 where a job failed or a face was not found by the new model."""
    incomplete = 0
    for owner in reembeddings.owners() if owners is None else owners:
        shown: list[int] = []

        def tell(job: Job, owner: str = owner, shown: list[int] = shown) -> None:
            if shown[-1:] != [job.progress]:
                shown.append(job.progress)
                print(f"{owner}: {job.progress} % of {job.items} faces", file=sys.stderr, flush=True)

        job = reembeddings.embed(owner, pack, tell)
        if job.state is not State.COMPLETED:
            incomplete += 1
            why = f": {job.failure.code}, {job.failure.message}" if job.failure else ""
            print(f"{owner}  {job.state}{why}")
            continue
        failed = reembeddings.failed(job)
        incomplete += bool(failed)
        print(f"{owner}  {pack}" + (f", {len(failed)} faces without a vector" if failed else ""))
        for each in failed:
            print(f"  {each['personId']} {each['faceId']}: {each['error']['code']}, {each['error']['message']}")
    return 1 if incomplete else 0


def _pictures(folder: Path, same: list[str]) -> Iterator[tuple[str, bytes]]:
    """(who it shows, the picture) of every file."""
    if not folder.is_dir():
        raise InvalidRequestError(f"{folder} is no folder", fix="Name one with pictures of people.")
    together = {name.strip(): names.split(",")[0].strip() for names in same for name in names.split(",")}
    missing = [name for name in together if not (folder / name).is_file()]
    if missing:
        raise InvalidRequestError(f"There is no {missing[0]} in {folder}", fix="Name files of that folder in --same.")
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            inside = path.relative_to(folder).parts
            who = f"{inside[0]}/" if len(inside) > 1 else together.get(path.name, path.name)
            yield who, path.read_bytes()


def _show(curve: Curve, threshold: float) -> None:
    """The curve as a table: what each threshold would get wrong."""
    low, high = min(curve.different[0], curve.same[0]), curve.same[-1]
    # Where they meet is told more finely than the ends, at which nothing happens.
    start = max(low, min(threshold - (high - threshold), curve.same[0]))
    thresholds = sorted({round(start + (high - start) * row / ROWS, 3) for row in range(ROWS + 1)} | {threshold})
    print(f"{'threshold':>9}  {'two taken for one':>17}  {'one taken for two':>17}")
    for each in thresholds:
        accepts, rejects = curve.false_accepts(each), curve.false_rejects(each)
        bars = ("x" * round(BAR * accepts)).ljust(BAR) + ("o" * round(BAR * rejects)).rjust(BAR)
        mark = " <-" if each == threshold else ""
        print(f"{each:9.3f}  {accepts:17.3%}  {rejects:17.3%}  |{bars}|{mark}")
