"""MiniStack, told to run functions on the application's interpreter, and to end with whoever started it.

`python -P local/embedded.py <interpreter> [--lasting]`, by the Python of `.venv-aws`; it imports nothing of ours.

MiniStack starts a function with `sys.executable`, which would be the emulator's own environment: a dependency that only
the emulator has would be found here and missed on Lambda. And one whose starter was killed (a test run, a tour) would
run on unseen; only `--lasting`, for `make up`, lets it.
"""

import os
import signal
import sys
import threading
import time


def end_with(parent: int) -> None:
    """Kill this process's group, which the functions are in, once its parent is another."""
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.executable = sys.argv.pop(1)
    if sys.argv[1:] == ["--lasting"]:
        sys.argv.pop()
    else:
        threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()

    from ministack.app import main  # type: ignore[import-not-found]
    from ministack.core.lambda_runtime import Worker  # type: ignore[import-not-found]

    # After each call it waits 50 ms for a function that logs nothing, as an authorizer that lets in does.
    Worker._drain_stderr_bounded.__defaults__ = (0.005, 0.005, 0.25)  # noqa: SLF001

    main()
