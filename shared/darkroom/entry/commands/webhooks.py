"""`darkroom webhooks`: what an owner needs in order to verify them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from darkroom import wiring
from darkroom.entry.commands import add_stack_options, named_stack

if TYPE_CHECKING:
    import argparse


def register(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands = groups.add_parser("webhooks", help="show an owner's signing secret").add_subparsers(
        dest="command", required=True, metavar="secret"
    )
    secret = commands.add_parser("secret", help="show what an owner verifies its webhooks' signatures with")
    secret.add_argument("--owner", required=True, help="as its keys were made for")
    secret.set_defaults(run=_secret)
    add_stack_options(secret)


def _secret(options: argparse.Namespace) -> int:
    print(wiring.operated_webhook_secret(*named_stack(options), owner=options.owner))
    print("Give it to the owner over a safe channel: who has it can sign in our name.", file=sys.stderr)
    return 0
