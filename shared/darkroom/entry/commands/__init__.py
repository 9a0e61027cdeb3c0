"""One module a command; what they share is how an operator says which stack is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    stack = parser.add_argument_group("which stack (the one of `make up`, where none is named)")
    stack.add_argument("--stack-name", help="its CloudFormation name")
    stack.add_argument("--region", help="AWS_REGION without")
    stack.add_argument("--endpoint-url", help="an AWS other than AWS's own, such as the embedded one")


def named_stack(options: argparse.Namespace) -> tuple[str | None, str | None, str | None, Path]:
    """As `wiring.operated_*` takes it."""
    return options.stack_name, options.region, options.endpoint_url, Path.cwd()
