"""`make secrets STAGE=...`: keys of AI providers into SSM as SecureString.

A key comes from the environment or from a prompt that shows nothing. It is never printed, and never an argument of a
command, where every user of the machine could read it.
"""

from __future__ import annotations

import getpass
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final

import boto3

from local.deploy import region, stage_parser
from local.overlay import keys_prefix
from local.stack import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.stack import Stack

PROVIDER_KEYS: Final = ("OPENAI_API_KEY", "GEMINI_API_KEY", "REPLICATE_API_TOKEN")
OLDER: Final = ("REPLICATE_API_KEY",)
"""Names that people use besides."""
PREFIX: Final = r"(/[A-Za-z0-9_.-]+)+"


def main(
    arguments: list[str],
    environment: Mapping[str, str] = os.environ,
    ask: Callable[[str], str] | None = None,
) -> int:
    parser = stage_parser("make secrets")
    parser.add_argument("--prefix", help="of the parameters' names; /darkroom/<stage> unless given")
    options = parser.parse_args(arguments)
    prefix = options.prefix or keys_prefix(options.stage)
    if not re.fullmatch(PREFIX, prefix):
        raise StackError(f"{prefix!r} is no prefix of SSM parameters", fix="Write it like /darkroom/dev.")
    if ask is None:
        ask = getpass.getpass if sys.stdin.isatty() else lambda _: ""
    ssm = boto3.client("ssm", region_name=region())
    stored = 0
    for name in PROVIDER_KEYS:
        key = environment.get(name) or ask(f"{name} (empty to leave it as it is): ")
        if key := key.strip():
            print(f"{store(ssm, prefix, name, key)} stored")
            stored += 1
    print(f"{stored} of {len(PROVIDER_KEYS)} keys stored under {prefix} in {region()}.")
    return 0


def store(ssm: Any, prefix: str, name: str, key: str) -> str:
    """The parameter that now holds this key."""
    parameter = f"{prefix}/{name.lower()}"
    ssm.put_parameter(Name=parameter, Value=key, Type="SecureString", Overwrite=True)
    return parameter


def lend(stack: Stack, environment: Mapping[str, str]) -> list[str]:
    """Store the keys that this laptop's environment holds in its embedded AWS, where functions find them as on AWS:
    no function has a key in its environment. The variables that were set."""
    keys = {name: environment.get(name, "").strip() for name in (*PROVIDER_KEYS, *OLDER)}
    held = {name: key for name, key in keys.items() if key}
    for name, key in held.items():
        store(stack.client("ssm"), keys_prefix(stack.stage), name, key)
    return list(held)
