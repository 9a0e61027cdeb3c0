"""`make deploy STAGE=...`: what `make build` left, put on AWS with this user's own credentials."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path
from typing import Final

import boto3

from local.overlay import keys_prefix
from local.stack import ROOT, SAM, StackError

STAGES: Final = ("dev", "staging", "prod")
BUILT: Final = ROOT / ".aws-sam" / "build" / "template.yaml"
REGION: Final = "us-east-1"
"""Where neither AWS_REGION nor the profile names one."""


MODELS: Final = ROOT / "functions" / "detect" / "models"
NO_WEIGHTS: Final = (
    "The container image carries no weights, so jobs will fail with NO_MODEL. Run\n"
    '`make models TO=functions/detect/models` and deploy again, or deploy with PARAMETERS="DetectEngine=rekognition".'
)


PACKS: Final = ROOT / "packs"
NO_PACK: Final = (
    "The vision image carries no pack of face models, so jobs about faces will fail with NO_MODEL. Put one into\n"
    'packs/ (its README says how) and deploy again, or deploy with PARAMETERS="FaceEngine=dlib FaceEngines=dlib".'
)


def packless(parameters: str, packs: Path = PACKS) -> bool:
    """Whether a deployment would find no faces: no pack in the folder, and neither another one nor dlib chosen."""
    chosen = dict(pair.partition("=")[::2] for pair in parameters.split())
    dlib = chosen.get("FaceEngine") == "dlib" and "dlib" in chosen.get("FaceEngines", "").split(",")
    return not (dlib or "FacePackDir" in chosen or any(packs.rglob("pack.json")))


def weightless(parameters: str, weights: Path = MODELS) -> bool:
    """Whether a deployment would have a detector without weights: none in the folder, and nothing else chosen."""
    chosen = dict(pair.partition("=")[::2] for pair in parameters.split())
    needless = chosen.get("DetectEngine") in ("rekognition", "dlib") or "DetectModelDir" in chosen
    return not needless and not any(weights.glob("*.onnx"))


def stage_parser(what: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=what)
    parser.add_argument("--stage", choices=STAGES, required=True)
    return parser


def stack_name(stage: str) -> str:
    return f"darkroom-{stage}"


def overrides(stage: str, parameters: str) -> list[str]:
    """What `sam deploy` sets: the stage and what follows from it, unless the operator says otherwise."""
    named = {"Stage": stage, "ProviderKeysPrefix": keys_prefix(stage)}
    chosen = parameters.split()
    own = {pair.partition("=")[0] for pair in chosen}
    return [f"{name}={value}" for name, value in named.items() if name not in own] + chosen


def region() -> str:
    # botocore knows AWS_DEFAULT_REGION and the profile, and not this one, which the other SDKs read.
    return os.environ.get("AWS_REGION") or boto3.Session().region_name or REGION


def main(arguments: list[str]) -> int:
    parser = stage_parser("make deploy")
    parser.add_argument("--template", type=Path, default=BUILT)
    parser.add_argument("--parameters", default="", help="Name=Value ... of the template, besides Stage")
    options = parser.parse_args(arguments)
    if not options.template.exists():
        raise StackError(f"There is nothing built at {options.template}", fix="Run `make build` first.")
    stack = stack_name(options.stage)
    command = [SAM, "deploy", "--template-file", options.template, "--config-file", ROOT / "samconfig.toml"]
    command += ["--stack-name", stack, "--s3-prefix", stack, "--region", region()]
    command += ["--parameter-overrides", *overrides(options.stage, options.parameters)]
    if subprocess.run(command, check=False).returncode != 0:
        raise StackError(f"sam deploy of {stack} failed", fix="Mend what it says above, then deploy again.")
    described = boto3.client("cloudformation", region_name=region()).describe_stacks(StackName=stack)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0].get("Outputs", [])}
    print("\n".join(f"{name:<28}{value}" for name, value in outputs.items()))
    if weightless(options.parameters):
        print(f"\n{NO_WEIGHTS}")
    if packless(options.parameters):
        print(f"\n{NO_PACK}")
    print(f"\nMake a key: .venv/bin/darkroom keys create --stack-name {stack} --owner NAME")
    return 0
