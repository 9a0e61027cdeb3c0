"""`darkroom keys`: make, list and revoke the API keys of a stack."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from darkroom import wiring
from darkroom.domain.callers import Scope
from darkroom.domain.limits import SECOND
from darkroom.entry.commands import add_stack_options, named_stack

if TYPE_CHECKING:
    import argparse

    from darkroom.domain.callers import ApiKey
    from darkroom.usecases.access import Keys


def register(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands = groups.add_parser("keys", help="make, list and revoke API keys").add_subparsers(
        dest="command", required=True, metavar="create|list|revoke"
    )

    create = commands.add_parser("create", help="make a key and show it, once")
    create.add_argument("--owner", required=True, help="whom its uploads and jobs belong to: a-z 0-9 . _ -")
    create.add_argument("--label", default="", help="a word to know it by in the list")
    create.add_argument(
        "--scope",
        action="append",
        default=[],
        metavar="SCOPE",
        help=f"what it may do, repeatable: {', '.join(Scope)}; all but {Scope.ADMIN} without",
    )
    create.add_argument("--rate", type=int, metavar="N", help="requests a minute; the stage's default without")
    create.set_defaults(run=_create)

    listing = commands.add_parser("list", help="show every key but its secret, oldest first")
    listing.set_defaults(run=_list)

    revoke = commands.add_parser("revoke", help="kill a key; it is refused everywhere within a minute")
    revoke.add_argument("key_id", help="its id in the list")
    revoke.set_defaults(run=_revoke)

    for parser in (create, listing, revoke):
        add_stack_options(parser)


def _keys(options: argparse.Namespace) -> Keys:
    return wiring.operated_keys(*named_stack(options))


def _create(options: argparse.Namespace) -> int:
    secret, key = _keys(options).create(
        options.owner, label=options.label, scopes=options.scope, requests_per_minute=options.rate
    )
    print(secret)
    print(f"key {key.key_id} of {key.owner}: keep it now, it is not stored and cannot be shown again.", file=sys.stderr)
    return 0


def _list(options: argparse.Namespace) -> int:
    for key in _keys(options).list():
        print(_line(key))
    return 0


def _revoke(options: argparse.Namespace) -> int:
    print(_line(_keys(options).revoke(options.key_id)))
    return 0


def _line(key: ApiKey) -> str:
    """Columns with two spaces between, for people and for `awk`."""
    state = "active" if key.revoked_at is None else f"revoked {_day(key.revoked_at)}"
    rate = "default" if key.requests_per_minute is None else f"{key.requests_per_minute}/min"
    scopes = " ".join(sorted(key.scopes))
    return (
        f"{key.key_id}  {_day(key.created_at)}  {state:18}  {rate:10}  {key.owner:20}  {scopes}  {key.label}".rstrip()
    )


def _day(time: int) -> str:
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%Y-%m-%d")
