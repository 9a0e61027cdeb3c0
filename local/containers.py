"""The built artifacts in Lambda's containers by `sam local`, against an embedded AWS that the containers can reach.

`make start-api` serves the API so until Ctrl-C; `make test-sam` tests it. Any Docker engine will do. LAMBDA_BASE_IMAGE
names another base image than AWS's own, SAM_FLAGS is handed on to `sam local` (`--skip-pull-image` for an engine that
cannot pull), DETECT_MODEL_DIR and FACE_PACK_DIR are folders of weights for the vision image.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from darkroom.errors import DarkroomError

from local import overlay, port
from local.stack import EMULATOR, INTERPRETER, REGION, ROOT, SAM, Embedded, Stack, bring_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

COPIES: Final = {
    "DetectModelDir": ROOT / "functions" / "detect" / "models-local",
    "FacePackDir": ROOT / "functions" / "face_embed" / "packs-local",
}
"""Where a folder of weights is copied for the build, by the parameter that is then told: a container's context is below
the repository. Git ignores them."""
API_PORT: Final = 3000


class EngineError(DarkroomError):
    code = "NO_DOCKER_ENGINE"
    default_fix = "Install and start Docker (or any engine that answers `docker info`)."


def bridge() -> str:
    """The address that this machine has for its containers. Raises EngineError where no engine answers."""
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        raise EngineError("No Docker engine answers, so nothing can run in Lambda's containers")
    told = subprocess.run(
        ["docker", "network", "inspect", "bridge", "--format", "{{json (index .IPAM.Config 0)}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    addresses = json.loads(told.stdout)
    # An engine names the gateway only where it was configured; it is the subnet's first address otherwise.
    return str(addresses.get("Gateway") or next(ipaddress.ip_network(addresses["Subnet"]).hosts()))


def bring_up_for_containers(embedded: Embedded, say: Callable[[str], None]) -> Stack:
    """Tables, bucket and queues. The stack's own workers take no message, so that the containers can."""
    stack = bring_up(embedded, ROOT / "template.yaml", {}, say)
    client = stack.client("lambda")
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    return stack


@dataclass(frozen=True, slots=True)
class SamLocal:
    """`sam local` on one build, its functions' variables those of a deployed stack."""

    template: Path
    variables: Path
    environment: Mapping[str, str]
    flags: tuple[str, ...]

    def command(self, verb: str, *arguments: str) -> list[str]:
        common = ["--template-file", str(self.template), "--env-vars", str(self.variables), "--region", REGION]
        return [str(SAM), "local", verb, *arguments, *common, *self.flags]


def prepare(stack: Stack, folder: Path, weights: Mapping[str, Path]) -> SamLocal:
    """Build everything into the folder, and make it run against the stack.

    `weights` are folders for the vision image by names of COPIES; it is built to try it here, whatever their licence.
    """
    base = os.environ.get("LAMBDA_BASE_IMAGE")
    environment = {
        **os.environ,
        "PATH": f"{EMULATOR.parent}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(folder / "home"),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }
    _build(folder / "build", environment, weights, base)
    template = folder / "build" / "local.json"
    template.write_text(
        json.dumps(_for_sam_local(overlay.load(folder / "build" / "template.yaml"), stack.endpoint_url))
    )
    variables = folder / "variables.json"
    variables.write_text(json.dumps(_variables(stack)))
    flags = [*shlex.split(os.environ.get("SAM_FLAGS", "")), "--layer-cache-basedir", str(folder / "layers")]
    return SamLocal(template, variables, environment, (*flags, *(("--invoke-image", base) if base else ())))


def _build(target: Path, environment: Mapping[str, str], weights: Mapping[str, Path], base: str | None) -> None:
    parameters = ["AcceptModelLicence=yes", *([f"LambdaBaseImage={base}"] if base else [])]
    try:
        for parameter, folder in weights.items():
            shutil.rmtree(COPIES[parameter], ignore_errors=True)
            shutil.copytree(folder, COPIES[parameter])
            parameters.append(f"{parameter}={COPIES[parameter].relative_to(ROOT)}")
        command = [str(SAM), "build", "--build-dir", str(target), "--parameter-overrides", *parameters]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    finally:
        for copy in COPIES.values():
            shutil.rmtree(copy, ignore_errors=True)
    subprocess.run([INTERPRETER, ROOT / "layers" / "pack.py", "compile", target], env=environment, check=True)


def _for_sam_local(built: dict[str, Any], endpoint_url: str) -> dict[str, Any]:
    """The built template, less what `sam local` cannot read though AWS can."""
    # It sets only variables that the template declares.
    built["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = endpoint_url
    resources = built["Resources"]
    # It leaves out an authorizer that is named by an alias, or that has no identity source.
    authorizer = resources["Api"]["Properties"]["Auth"]["Authorizers"]["Keys"]
    authorizer["FunctionArn"] = f"arn:aws:lambda:{REGION}:123456789012:function:AuthorizerFunction"
    authorizer["Identity"]["Headers"] = ["x-api-key"]
    # It gives all methods of a path the authorizer of the one that stands last: none, where that is the preflight.
    for resource in resources.values():
        events = resource.get("Properties", {}).get("Events", {})
        for name in [name for name, event in events.items() if event["Properties"].get("Method") == "OPTIONS"]:
            del events[name]
    return built


def _variables(stack: Stack) -> dict[str, dict[str, str]]:
    """Each function's own variables on the embedded AWS, by its logical id, less those of running from source."""
    client = stack.client("lambda")
    configured = {
        logical: client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        for logical, name in stack.resources().items()
        if logical.endswith("Function")
    }
    return {
        logical: {name: value for name, value in variables.items() if name != "PYTHONPATH"}
        for logical, variables in configured.items()
    }


def main(_arguments: Sequence[str]) -> int:
    folder = ROOT / ".darkroom" / "containers"
    embedded = Embedded(folder, port.pick(), host=bridge())
    stack = bring_up_for_containers(embedded, print)
    try:
        named = {"DetectModelDir": "DETECT_MODEL_DIR", "FacePackDir": "FACE_PACK_DIR"}
        weights = {name: ROOT / os.environ[variable] for name, variable in named.items() if os.environ.get(variable)}
        sam = prepare(stack, folder, weights)
        number = port.pick(range(API_PORT, API_PORT + 100))
        print(f"\nThe API in containers: http://127.0.0.1:{number}   x-api-key: {stack.api_key}\n")
        return subprocess.run(
            sam.command("start-api", "--port", str(number), "--warm-containers", "LAZY"),
            env=dict(sam.environment),
            check=False,
        ).returncode
    finally:
        embedded.stop()
