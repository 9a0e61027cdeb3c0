"""`python -m local <command>`: what the Makefile calls.

`doctor` has to run on a machine that has nothing yet, so nothing is imported before the command is known.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

COMMANDS = {
    "demo": "local.tour",
    "dev": "local.dev",
    "up": "local.up",
    "down": "local.down",
    "doctor": "local.doctor",
    "deploy": "local.deploy",
    "destroy": "local.destroy",
    "secrets": "local.secrets",
    "test": "local.suite",
    "limits": "local.limits",
    "start-api": "local.containers",
}

ON_AWS = ("deploy", "destroy", "secrets")
"""The commands that are meant for AWS itself, with the user's own credentials."""


def read_dotenv(path: Path) -> None:
    """Take the settings of a `.env` file that the environment does not have yet: NAME=value, `#` starts a comment."""
    for line in path.read_text().splitlines() if path.exists() else ():
        name, separator, value = line.partition("=")
        if separator and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("'\""))


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print("usage: python -m local {" + ",".join(COMMANDS) + "}", file=sys.stderr)
        return 2
    read_dotenv(Path(__file__).resolve().parent.parent / ".env")
    command = importlib.import_module(COMMANDS[sys.argv[1]])
    if sys.argv[1] == "doctor":
        return int(command.main(sys.argv[2:]))

    from botocore.exceptions import BotoCoreError, ClientError
    from darkroom.errors import DarkroomError

    try:
        return int(command.main(sys.argv[2:]))
    except DarkroomError as error:
        print(f"\n{error.detail}", file=sys.stderr)
        if error.fix:
            print(f"{error.fix}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        if sys.argv[1] not in ON_AWS:
            raise  # the embedded AWS's, and so a fault of ours
        print(f"\n{error}", file=sys.stderr)
        print("Log in to AWS; check AWS_PROFILE, AWS_REGION and what that user may do.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
