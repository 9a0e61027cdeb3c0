"""A deployed stack as an operator names it: on AWS by its name, or the one that `make up` left running here."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from darkroom.adapters.aws.calls import code, translated
from darkroom.adapters.aws.clients import config
from darkroom.errors import SettingsError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mypy_boto3_cloudformation.client import CloudFormationClient

RUNNING: Final = ".darkroom/stack.json"
"""Where `make up` describes its stack, from the checkout's root."""
EMBEDDED_KEY: Final = "test"
"""Id and secret of the embedded AWS's root key, the same on every machine."""


@dataclass(frozen=True, slots=True)
class Stack:
    name: str
    region: str
    endpoint_url: str | None
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    def client(self, service: str) -> Any:
        return _client(service, self.region, self.endpoint_url)

    def need(self, kind: Mapping[str, str], name: str) -> str:
        """One of its `parameters` or `outputs`. Raises SettingsError where the stack is another template's."""
        if name not in kind:
            raise SettingsError(f"The stack {self.name} has no {name}", fix="Name a stack that `make deploy` made.")
        return kind[name]


def find(name: str | None, *, region: str | None, endpoint_url: str | None, folder: Path) -> Stack:
    """The stack of that name; without a name, the one that runs from `folder`.

    Raises SettingsError where there is none, or no region or credentials to look for it.
    """
    running: Mapping[str, Any] = {}
    if name is None:
        running = _running(folder)
        name = str(running["stackName"])
    # botocore knows AWS_DEFAULT_REGION and the profile, and not AWS_REGION, which the other SDKs read.
    region = region or running.get("region") or os.environ.get("AWS_REGION")
    region = region or get_session().get_config_variable("region")
    if not region:
        raise SettingsError("No region is set", fix="Give --region, or set AWS_REGION.")
    endpoint_url = endpoint_url or running.get("endpointUrl")
    try:
        cloudformation: CloudFormationClient = _client("cloudformation", region, endpoint_url)
        with translated("CloudFormation"):
            described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except TransientError as error:
        if not running or endpoint_url != running["endpointUrl"]:
            raise
        raise SettingsError(
            f"The stack that {RUNNING} describes does not run", fix="Start it with `make up`."
        ) from error
    except ClientError as error:
        if code(error) == "ValidationError":
            raise SettingsError(
                f"There is no stack {name} in {region}", fix="Check --stack-name, --region and AWS_PROFILE."
            ) from error
        raise SettingsError(
            f"CloudFormation refused: {code(error)}", fix="Check AWS_PROFILE, or log in to AWS again."
        ) from error
    except BotoCoreError as error:
        raise SettingsError(str(error), fix="Check AWS_PROFILE and the AWS configuration that it names.") from error
    return Stack(
        name=name,
        region=region,
        endpoint_url=endpoint_url,
        parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in described.get("Parameters", [])},
        outputs={each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])},
    )


def _running(folder: Path) -> Mapping[str, Any]:
    try:
        described = json.loads((folder / RUNNING).read_text())
        return {name: described[name] for name in ("stackName", "region", "endpointUrl")}
    except FileNotFoundError:
        raise SettingsError(
            "No stack is named and none runs here", fix="Give --stack-name, or start one with `make up`."
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{RUNNING} is damaged", fix="Run `make down` and `make up`.") from error


def _client(service: str, region: str, endpoint_url: str | None) -> Any:
    """Of this user's session; the embedded AWS is shown its own key and never the user's."""
    embedded = endpoint_url is not None and _is_loopback(endpoint_url)
    key = EMBEDDED_KEY if embedded else None
    return get_session().create_client(
        service,
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key=key,
        config=config(service),
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
