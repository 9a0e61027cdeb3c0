"""MiniStack, told to run functions on the application's interpreter: `python -P local/embedded.py <interpreter>`.

It starts a function with `sys.executable`, which would be the emulator's own environment: a dependency that only the
emulator has would be found here and missed on Lambda. Run by the Python of `.venv-aws`; imports nothing of ours.
"""

import sys

if __name__ == "__main__":
    sys.executable = sys.argv.pop(1)

    from ministack.app import main  # type: ignore[import-not-found]

    main()
