"""The template as its rules see it: what was written, what CloudFormation gets, and the files that belong to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Resource = dict[str, Any]

FUNCTION: Final = "AWS::Lambda::Function"
QUEUE: Final = "AWS::SQS::Queue"
MAPPING: Final = "AWS::Lambda::EventSourceMapping"
ROLE: Final = "AWS::IAM::Role"
ALARM: Final = "AWS::CloudWatch::Alarm"
ANY: Final = "x-amazon-apigateway-any-method"


@dataclass(frozen=True)
class Stack:
    """`written` is template.yaml, `translated` the same after SAM; short tags of both are in their long form.

    `files` are the paths below the repository's root, with slashes; `tested` the folders of functions that a test
    names.
    """

    written: dict[str, Any]
    translated: dict[str, Any]
    files: frozenset[str]
    tested: frozenset[str]

    @property
    def resources(self) -> dict[str, Resource]:
        resources: dict[str, Resource] = self.translated["Resources"]
        return resources

    def named(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties of the resources of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def value(self, told: Any) -> Any:
        """A reference to a parameter as the default of that parameter, as a number where it is one."""
        parameter = self.translated["Parameters"].get(told["Ref"]) if isinstance(told, dict) and "Ref" in told else None
        if parameter is None:
            return told
        return float(parameter["Default"]) if parameter["Type"] == "Number" else parameter["Default"]

    # --- queues ------------------------------------------------------------------------------------------------------

    @property
    def dead_letters(self) -> set[str]:
        """Logical ids of the queues that another queue's messages end in."""
        return {
            target(queue.get("RedrivePolicy", {}).get("deadLetterTargetArn")) for queue in self.named(QUEUE).values()
        }

    @property
    def working_queues(self) -> dict[str, dict[str, Any]]:
        return {name: queue for name, queue in self.named(QUEUE).items() if name not in self.dead_letters}

    def mappings_of(self, queue: str) -> dict[str, dict[str, Any]]:
        return {name: told for name, told in self.named(MAPPING).items() if target(told["EventSourceArn"]) == queue}

    def reader(self, mapping: Mapping[str, Any]) -> str:
        """Logical id of the function that a mapping calls, by its alias or not."""
        return self.behind(target(mapping["FunctionName"]))

    # --- functions ---------------------------------------------------------------------------------------------------

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        return self.named(FUNCTION)

    def folder(self, function: str) -> str:
        """The last part of its name, which is the name of its folder: `presign` of `<stack>-presign`."""
        name = self.functions[function].get("FunctionName", {})
        return str(name.get("Fn::Sub", "")).removeprefix("${AWS::StackName}-") if isinstance(name, dict) else ""

    def role(self, function: str) -> str:
        return target(self.functions[function].get("Role"))

    def statements(self, role: str) -> list[dict[str, Any]]:
        policies = self.resources[role]["Properties"].get("Policies", [])
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    @property
    def images(self) -> dict[str, dict[str, Any]]:
        """The container functions, as template.yaml has them: with how they are built."""
        return {
            name: resource
            for name, resource in self.written["Resources"].items()
            if resource.get("Properties", {}).get("PackageType") == "Image"
        }

    def environment(self, function: str) -> dict[str, Any]:
        variables: dict[str, Any] = self.functions[function].get("Environment", {}).get("Variables", {})
        return variables

    # --- the API -----------------------------------------------------------------------------------------------------

    @property
    def api(self) -> dict[str, Any]:
        """The OpenAPI body of the one REST API."""
        (api,) = self.named("AWS::ApiGateway::RestApi").values()
        body: dict[str, Any] = api["Body"]
        return body

    @property
    def stage(self) -> dict[str, Any]:
        (stage,) = self.named("AWS::ApiGateway::Stage").values()
        return stage

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(method, path, operation), the method in capitals: GET, OPTIONS, ANY ..."""
        for path, methods in self.api["paths"].items():
            for method, operation in methods.items():
                yield "ANY" if method == ANY else method.upper(), path, operation

    @property
    def answering(self) -> set[str]:
        """Logical ids of the functions that somebody is waiting for: those of the API, and its authorizer."""
        return {self.answers(operation) for _, _, operation in self.operations()} | {self.authorizer}

    def answers(self, operation: Mapping[str, Any]) -> str:
        """Logical id of the function behind an operation, reached through its alias or not."""
        return self._function_in(operation["x-amazon-apigateway-integration"]["uri"])

    @property
    def authorizer(self) -> str:
        (scheme,) = self.api["components"]["securitySchemes"].values()
        return self._function_in(scheme["x-amazon-apigateway-authorizer"]["authorizerUri"])

    def _function_in(self, uri: Any) -> str:
        return next(
            (name for name in references(uri) for name in [self.behind(name)] if name in self.functions),
            "",
        )

    def behind(self, name: str) -> str:
        """The function of an alias; any other name as it is."""
        if self.resources.get(name, {}).get("Type") == "AWS::Lambda::Alias":
            return target(self.resources[name]["Properties"]["FunctionName"])
        return name


def anonymous(operation: Mapping[str, Any]) -> bool:
    return "Keys" not in {name for scheme in operation.get("security", []) for name in scheme}


def target(told: Any) -> str:
    """The first logical id that a value names; empty for one that names none."""
    return next(references(told), "")


def references(told: Any) -> Iterator[str]:
    """Every logical id that a value names through Ref, Fn::GetAtt or Fn::Sub."""
    if isinstance(told, list):
        for item in told:
            yield from references(item)
    elif isinstance(told, dict):
        for key, item in told.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.split(".")[0]
            elif key == "Fn::Sub":
                text = item if isinstance(item, str) else item[0]
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([A-Za-z0-9:.]+)\}", text))
                if isinstance(item, list):
                    yield from references(item[1])
            else:
                yield from references(item)


def several(told: Any) -> list[Any]:
    """IAM's one-or-many."""
    return told if isinstance(told, list) else [told]
