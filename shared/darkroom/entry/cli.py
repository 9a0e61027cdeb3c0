"""The `darkroom` command: what an operator does from a terminal.

Each module of `entry/commands/` adds its own subcommands through `register(subparsers)`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import TYPE_CHECKING

from darkroom.errors import DarkroomError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = ("keys", "jobs", "models", "faces", "webhooks")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what was asked, 1 with a message and its mend when it could not."""
    parser = argparse.ArgumentParser(prog="darkroom", description="Operate a Darkroom stack.")
    groups = parser.add_subparsers(dest="group", required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"darkroom.entry.commands.{name}").register(groups)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except DarkroomError as error:
        print(f"darkroom: {error.detail}", file=sys.stderr)
        if error.fix:
            print(f"darkroom: {error.fix}", file=sys.stderr)
        return 1
