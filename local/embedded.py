"""MiniStack, told to run functions on the application's interpreter, and to end with whoever started it.

`python -P local/embedded.py <interpreter> [--lasting]`, by the Python of `.venv-aws`; it imports nothing of ours.

MiniStack starts a function with `sys.executable`, which would be the emulator's own environment: a dependency that only
the emulator has would be found here and missed on Lambda. And one whose starter was killed (a test run, a tour) would
run on unseen; only `--lasting`, for `make up`, lets it. Where a function's code is replaced, MiniStack kills what still
answers; on AWS, and so here, that ends first.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
import time
from typing import Any


def end_with(parent: int) -> None:
    """Kill this process's group, which the functions are in, once its parent is another."""
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)


def end_when_idle(kill: Any, workers: list[Any]) -> None:
    """Kill the idle workers at once, and each that answers once it has, or once its time is up."""
    busy = [worker for worker in workers if worker.in_use]
    kill([worker for worker in workers if worker not in busy])

    def end(worker: Any) -> None:
        deadline = time.monotonic() + worker.config["Timeout"]
        while worker.in_use and time.monotonic() < deadline:
            time.sleep(0.05)
        kill([worker])

    for worker in busy:
        threading.Thread(target=end, args=(worker,), daemon=True).start()


if __name__ == "__main__":
    sys.executable = sys.argv.pop(1)
    if sys.argv[1:] == ["--lasting"]:
        sys.argv.pop()
    else:
        threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()

    from ministack.app import main  # type: ignore[import-not-found]
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]

    # After each call it waits 50 ms for a function that logs nothing, as an authorizer that lets in does.
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.005, 0.005, 0.25)  # noqa: SLF001
    lambda_runtime.kill_workers = functools.partial(end_when_idle, lambda_runtime.kill_workers)

    main()
