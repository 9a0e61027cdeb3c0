"""What a job of 20 images costs beside a bare ONNX Runtime loop over them: ratios from one run.

    python benchmarks/detection.py [folder of pictures]

Both sides decode with Pillow, scale with the same code and run the same session on the same bytes, turn about. The
job does everything else besides: it is submitted, claimed and leased, its images are fetched, checked, turned upright,
their boxes decoded and suppressed, its result stored. Weights: DETECT_MODEL_DIR, else the cache, else the material.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from darkroom.adapters.clock import SystemClock
from darkroom.adapters.heartbeat import ThreadedHeartbeat
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.adapters.memory.messages import MemoryMeter, MemoryQueue
from darkroom.adapters.memory.storage import MemoryObjectStore, MemoryUploadStore
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.adapters.vision.images import PillowImages
from darkroom.adapters.vision.inputs import placed
from darkroom.adapters.vision.models import ModelLibrary, Weights
from darkroom.adapters.vision.onnx_detector import OnnxDetector
from darkroom.adapters.vision.session import open_session
from darkroom.domain.jobs import Kind, State
from darkroom.domain.limits import HEARTBEAT
from darkroom.errors import NoModelError
from darkroom.settings import settings
from darkroom.usecases.detection import DetectionRequests, DetectionWork
from darkroom.usecases.endings import Endings
from darkroom.usecases.running import JobRunner
from darkroom.usecases.submission import Submissions
from darkroom.usecases.uploads import Uploads
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from darkroom.adapters.vision.session import Session

IMAGES = 20
ROUNDS = 11
MATERIAL = Path(os.environ.get("DARKROOM_TESTDATA") or Path(__file__).parents[2] / "shared" / "testdata")
PICTURES = (
    *("detect/chelsea.png", "detect/coffee.png", "detect/japanese-shop.jpg"),
    *("faces/t1.jpg", "faces/obama.jpg", "faces/astronaut.png"),
    *("photos/el_torcal_rocks.jpg", "photos/prairie_falcon.jpg", "photos/tanners_ridge.jpg", "formats/denali.webp"),
)


def pictures(folder: Path | None) -> list[bytes]:
    """Twenty pictures: those of a folder, of the material, or those that scikit-image brings."""
    if folder:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    elif MATERIAL.exists():
        files = [MATERIAL / name for name in PICTURES]
    else:
        import skimage

        files = [
            Path(skimage.__file__).parent / "data" / name for name in ("astronaut.png", "coffee.png", "chelsea.png")
        ]
    found = [path.read_bytes() for path in files]
    return [found[number % len(found)] for number in range(IMAGES)]


def weights() -> Weights:
    folder = settings().detect_model_dir
    library = ModelLibrary(
        folder=Path(folder) if folder else None,
        cache=Path(settings().model_cache).expanduser(),
        wanted=settings().detect_model,
    )
    try:
        return library.find()
    except NoModelError:
        if folder or not (MATERIAL / "models/yolox").exists():
            raise
        return ModelLibrary(folder=MATERIAL / "models/yolox", cache=library.cache).find()


def bare(session: Session, images: list[bytes]) -> None:
    given = session.get_inputs()[0]
    height, width = given.shape[2:]
    for data in images:
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        letter, _ = placed(pixels, width, height)
        session.run(None, {given.name: letter})


class Job:
    """Object detection on ports in memory, with the real clock, the real heartbeat and the real engine."""

    def __init__(self, detector: OnnxDetector, images: list[bytes]) -> None:
        clock = SystemClock()
        self._store = MemoryJobStore()
        queue = MemoryQueue(clock)
        objects = MemoryObjectStore("media")
        rows = MemoryUploadStore()
        fetcher = MemoryFetcher({})
        uploads = Uploads(objects, rows, clock)
        self._requests = DetectionRequests(
            Submissions(store=self._store, queues={Kind.DETECTION: queue}, clock=clock),
            uploads,
            fetcher,
            bucket="media",
            engine="onnx",
            gigabytes=3.0,
        )
        self._work = DetectionWork(
            lambda: detector, PillowImages(), objects=objects, uploads=rows, fetcher=fetcher, clock=clock
        )
        endings = Endings(store=self._store, webhooks=MemoryQueue(clock), clock=clock, meter=MemoryMeter())
        heartbeat: Callable[[Callable[[], None]], AbstractContextManager[None]] = ThreadedHeartbeat(HEARTBEAT)
        self._runner = JobRunner(
            store=self._store, objects=objects, endings=endings, clock=clock, heartbeat=heartbeat, gigabytes=3.0
        )
        self._urls = []
        for data in images:
            made = uploads.presign("ann", "picture.png", "image/png")
            objects.write(made.key, data, content_type="image/png")
            self._urls.append(f"s3://media/{made.key}")

    def __call__(self) -> None:
        job = self._requests.submit("ann", self._urls)
        self._runner.run(job.job_id, self._work, 1)
        ended = self._store.get(job.job_id)
        if ended is None or ended.state is not State.COMPLETED:
            raise RuntimeError(f"The job did not complete: {ended}")


def timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def turn_about(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call, made in turns, so that a busy machine is busy for all of them."""
    for call in calls.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(timed(call))
    return taken


def report(title: str, taken: dict[str, list[float]], per: int) -> None:
    """Medians, and the median of the ratios of each round to the first row of that round."""
    print(title)
    first = next(iter(taken.values()))
    for name, seconds in taken.items():
        ratio = statistics.median(one / base for one, base in zip(seconds, first, strict=True))
        print(f"  {name:44} {statistics.median(seconds) / per * 1000:8.2f} ms   {ratio:5.2f}")


def main() -> None:
    images = pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    chosen = weights()
    session = open_session(chosen.path, threads=settings().detect_threads)
    detector = OnnxDetector(session, chosen.labels, model=chosen.name, confidence=settings().detect_confidence)
    print(f"{chosen.name} from {chosen.path.parent}, {len(os.sched_getaffinity(0))} cores, {ROUNDS} rounds, medians")

    taken = turn_about({"bare loop": lambda: bare(session, images), "job": Job(detector, images)}, ROUNDS)
    report(f"{IMAGES} images in one job, per image (goal: at most 1.30)", taken, IMAGES)

    reader = PillowImages()
    read = [reader.read(data) for data in images]
    letters = [placed(pixels, *session.get_inputs()[0].shape[:1:-1])[0] for pixels in read]
    name = session.get_inputs()[0].name

    def run() -> None:
        for letter in letters:
            session.run(None, {name: letter})

    def scale_and_run() -> None:
        for pixels in read:
            session.run(None, {name: placed(pixels, *session.get_inputs()[0].shape[:1:-1])[0]})

    def detect() -> None:
        for pixels in read:
            detector.detect(pixels)

    taken = turn_about(
        {"session.run alone": run, "placing and session.run": scale_and_run, "detect: boxes as well": detect}, ROUNDS
    )
    report("The engine alone, on decoded pixels, per image", taken, IMAGES)

    def variant(threads: int, spinning: bool) -> Callable[[], None]:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
        made = onnxruntime.InferenceSession(str(chosen.path), options, providers=["CPUExecutionProvider"])
        other = OnnxDetector(made, chosen.labels, model=chosen.name, confidence=settings().detect_confidence)
        return Job(other, images)

    taken = turn_about(
        {
            f"threads {threads or 'default'}, spinning {'on' if spinning else 'off'}": variant(threads, spinning)
            for threads in (0, 1, 2)
            for spinning in (False, True)
        },
        ROUNDS,
    )
    report("Session options, whole job, per image", taken, IMAGES)


if __name__ == "__main__":
    main()
