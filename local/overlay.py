"""The local overlay: the same template, changed only where the embedded AWS cannot take it as it is.

- Functions run from source on the application's interpreter: the layers, which are compiled for Lambda's Python, are
  dropped, and `shared/` is on the path.
- A container function becomes a zip of its folder, which its image's command names: the emulator would want Docker for
  an image.
- `ANY` is spelled out: the emulator drops a method of that name.
- No versions behind an alias: an edit would reach $LATEST and never be seen.
- A refusal of plain HTTP is left out: the emulator speaks nothing else.
- A queue's concurrency that is a parameter is written as that parameter's number: the emulator takes it for text.
- An alarm on an expression is left out: the emulator knows metrics alone.
- Binary media types are written with a plain slash: the emulator does not read SAM's `~1` form.
- The stage is `local`, which no deployment may have, so that a setting can be for a laptop alone; keys of AI providers
  are looked for below its name.
- Settings of this laptop (an engine, a model folder) are added to the functions' environments.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import yaml
from darkroom.settings import LOCAL_STAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
LAYER: Final = "AWS::Serverless::LayerVersion"
FUNCTION: Final = "AWS::Serverless::Function"
API: Final = "AWS::Serverless::Api"
MAPPING: Final = "AWS::Lambda::EventSourceMapping"
ALARM: Final = "AWS::CloudWatch::Alarm"
POLICIES: Final = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
HANDLER: Final = "handler.handler"
PUBLISHED: Final = (
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "ProvisionedConcurrencyConfig",
    "VersionDeletionPolicy",
)
RUNTIME: Final = "python3.13"

Template = dict[str, Any]

_SUBSTITUTED: Final = re.compile(r"\$\{([A-Za-z0-9.]+)\}")


def load(path: Path) -> Template:
    """A template as plain data, its short tags (`!Sub`) in their long form (`Fn::Sub`)."""
    template: Template = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506  a SafeLoader with tags added
    return template


def localised(template: Template, root: Path, settings: Mapping[str, str]) -> Template:
    """The overlay of a template whose relative paths start at `root`; the given template is left as it was.

    `settings` are environment variables for every function; one that a function sets itself is replaced.
    """
    local = copy.deepcopy(template)
    resources: dict[str, Any] = local["Resources"]
    layers = {name for name, resource in resources.items() if resource["Type"] == LAYER}
    for name in layers:
        del resources[name]
    local["Outputs"] = {
        name: output for name, output in local.get("Outputs", {}).items() if not layers & set(_references(output))
    }
    if "Stage" in local.get("Parameters", {}):
        local["Parameters"]["Stage"] = {"Type": "String", "Default": LOCAL_STAGE}
    if "ProviderKeysPrefix" in local.get("Parameters", {}):
        local["Parameters"]["ProviderKeysPrefix"]["Default"] = keys_prefix(LOCAL_STAGE)
    for resource in resources.values():
        properties = resource.get("Properties", {})
        if resource["Type"] == FUNCTION:
            _run_from_source(resource, root, settings)
        elif resource["Type"] in POLICIES:
            document = properties["PolicyDocument"]
            document["Statement"] = [one for one in document["Statement"] if not _refuses_plain_http(one)]
        elif resource["Type"] == MAPPING:
            resource["Properties"] = _numbered(properties, local.get("Parameters", {}))
        elif resource["Type"] == API and "BinaryMediaTypes" in properties:
            properties["BinaryMediaTypes"] = [kind.replace("~1", "/") for kind in properties["BinaryMediaTypes"]]
    local["Resources"] = resources = {
        name: resource
        for name, resource in resources.items()
        if (resource["Type"] not in POLICIES or resource["Properties"]["PolicyDocument"]["Statement"])
        and not (resource["Type"] == ALARM and "Metrics" in resource["Properties"])
    }
    _spell_out_any(resources)
    _name_functions_themselves(resources)
    local.get("Globals", {}).get("Function", {}).pop("Layers", None)
    return local


def keys_prefix(stage: str) -> str:
    """Below which SSM keeps the keys of AI providers, unless an operator names another place."""
    return f"/darkroom/{stage}"


def source(function: Mapping[str, Any]) -> PurePosixPath:
    """The folder of a function's own code, relative to the template: its CodeUri; of a container function the folder
    that its command names (`detect.handler`), beside the folder that holds the Dockerfile, which may be another's.
    """
    properties = function["Properties"]
    if properties.get("PackageType") == "Image":
        (command,) = properties["ImageConfig"]["Command"]
        functions = PurePosixPath(function["Metadata"]["Dockerfile"]).parent.parent
        return functions / str(command).removesuffix(".handler")
    return PurePosixPath(properties["CodeUri"])


def _run_from_source(function: dict[str, Any], root: Path, settings: Mapping[str, str]) -> None:
    properties = function["Properties"]
    properties["CodeUri"] = str(root.resolve() / source(function))
    function.pop("Metadata", None)
    for name in ("Layers", *PUBLISHED):
        properties.pop(name, None)
    if properties.pop("PackageType", "Zip") == "Image":
        properties.pop("ImageConfig", None)
        properties |= {"Handler": HANDLER, "Runtime": RUNTIME}
    variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
    variables |= {"PYTHONPATH": str(root.resolve() / "shared"), **settings}


def _refuses_plain_http(statement: Mapping[str, Any]) -> bool:
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    return bool(statement["Effect"] == "Deny" and statement.get("Condition") == plain_http)


def _numbered(value: Any, parameters: Mapping[str, Any]) -> Any:
    """The same, with each reference to a number parameter replaced by that parameter's default."""
    if isinstance(value, list):
        return [_numbered(item, parameters) for item in value]
    if not isinstance(value, dict):
        return value
    parameter = parameters.get(value.get("Ref", ""), {})
    if parameter.get("Type") == "Number":
        return parameter["Default"]
    return {name: _numbered(item, parameters) for name, item in value.items()}


def _spell_out_any(resources: Mapping[str, Any]) -> None:
    """Each `ANY` becomes the methods that no other event declares for the same path of the same API."""
    routes = [
        (event["Properties"], events, name)
        for resource in resources.values()
        if resource["Type"] == FUNCTION
        for events in [resource["Properties"].get("Events", {})]
        for name, event in list(events.items())
        if event["Type"] == "Api"
    ]

    def place(route: Mapping[str, Any]) -> str:
        return f"{route.get('RestApiId')} {route['Path']}"

    declared = {(place(route), route["Method"].upper()) for route, _, _ in routes}
    for route, events, name in routes:
        if route["Method"].upper() == "ANY":
            del events[name]
            for method in METHODS:
                if (place(route), method) not in declared:
                    events[f"{name}{method.capitalize()}"] = {"Type": "Api", "Properties": {**route, "Method": method}}


def _name_functions_themselves(value: Any) -> None:
    """SAM's `!Ref Function.Alias` becomes the ARN of the function."""
    for key, item in list(value.items()) if isinstance(value, dict) else enumerate(value):
        if isinstance(item, dict) and str(item.get("Ref", "")).endswith(".Alias"):
            value[key] = {"Fn::GetAtt": [item["Ref"].removesuffix(".Alias"), "Arn"]}
        elif isinstance(item, dict | list):
            _name_functions_themselves(item)


def _references(value: Any) -> Iterator[str]:
    """Logical ids that a value names through Ref, Fn::GetAtt or Fn::Sub."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item[0]
            elif key == "Fn::Sub":
                text = item if isinstance(item, str) else item[0]
                yield from (name.split(".")[0] for name in _SUBSTITUTED.findall(text))
            yield from _references(item)


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, read as their long form."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)
