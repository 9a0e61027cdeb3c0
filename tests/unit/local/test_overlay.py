"""The local overlay changes what the embedded AWS cannot take, and nothing else."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from local import overlay

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def template(tmp_path: Path) -> overlay.Template:
    path = tmp_path / "template.yaml"
    path.write_text(
        """
        Transform: AWS::Serverless-2016-10-31
        Globals: {Function: {Timeout: 5, Layers: [!Ref Code]}}
        Resources:
          Code: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: shared/}}
          Api:
            Type: AWS::Serverless::Api
            Properties: {StageName: dev, BinaryMediaTypes: [multipart~1form-data, image/png]}
          Read:
            Type: AWS::Serverless::Function
            Metadata: {BuildMethod: python-uv}
            Properties:
              CodeUri: functions/read/
              Handler: handler.handler
              Runtime: python3.13
              Layers: [!Ref Code]
              Environment: {Variables: {STAGE: !Sub "${Api}", ENGINE: auto}}
              Events:
                Any:
                  Type: Api
                  Properties: {RestApiId: !Ref Api, Path: /things, Method: any, Auth: {Authorizer: NONE}}
                Tick: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}
          Write:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: functions/write/
              Events:
                Post: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /things, Method: POST}}
                Other: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /others, Method: ANY}}
          See:
            Type: AWS::Serverless::Function
            Metadata: {DockerContext: ., Dockerfile: functions/see/Dockerfile}
            Properties: {PackageType: Image, ImageConfig: {Command: [see.handler]}, MemorySize: 1024}
          Hear:
            Type: AWS::Serverless::Function
            Metadata: {DockerContext: ., Dockerfile: functions/see/Dockerfile}
            Properties: {PackageType: Image, ImageConfig: {Command: [hear.handler]}}
        Outputs:
          CodeArn: {Value: !Ref Code}
          CodeName: {Value: !Sub "layer ${Code}"}
          ReadArn: {Value: !GetAtt Read.Arn}
        """
    )
    return overlay.load(path)


def localised(template: overlay.Template, **settings: str) -> dict[str, Any]:
    return overlay.localised(template, Path("/project"), settings)


def methods(function: dict[str, Any], path: str) -> set[str]:
    return {
        event["Properties"]["Method"]
        for event in function["Properties"]["Events"].values()
        if event["Type"] == "Api" and event["Properties"]["Path"] == path
    }


def test_short_tags_are_read_as_their_long_form(template: overlay.Template) -> None:
    assert template["Outputs"]["CodeArn"]["Value"] == {"Ref": "Code"}
    assert template["Outputs"]["CodeName"]["Value"] == {"Fn::Sub": "layer ${Code}"}
    assert template["Outputs"]["ReadArn"]["Value"] == {"Fn::GetAtt": ["Read", "Arn"]}


def test_the_given_template_is_left_as_it_was(template: overlay.Template) -> None:
    before = copy.deepcopy(template)
    localised(template, ENGINE="dlib")
    assert template == before


def test_layers_go_with_everything_that_names_them(template: overlay.Template) -> None:
    local = localised(template)
    assert "Code" not in local["Resources"]
    assert set(local["Outputs"]) == {"ReadArn"}
    assert "Layers" not in local["Resources"]["Read"]["Properties"]
    assert local["Globals"] == {"Function": {"Timeout": 5}}


def test_any_becomes_every_method_that_no_other_function_answers(template: overlay.Template) -> None:
    resources = localised(template)["Resources"]
    everything = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
    assert methods(resources["Read"], "/things") == everything - {"POST"}
    assert methods(resources["Write"], "/things") == {"POST"}
    assert methods(resources["Write"], "/others") == everything


def test_a_spelled_out_method_keeps_the_authorizer_of_its_any(template: overlay.Template) -> None:
    events = localised(template)["Resources"]["Read"]["Properties"]["Events"].values()
    assert all(event["Properties"]["Auth"] == {"Authorizer": "NONE"} for event in events if event["Type"] == "Api")


def test_events_that_are_no_routes_stay(template: overlay.Template) -> None:
    assert localised(template)["Resources"]["Read"]["Properties"]["Events"]["Tick"]["Type"] == "Schedule"


def test_a_container_function_becomes_a_zip_of_the_folder_that_its_command_names(template: overlay.Template) -> None:
    hear, see = (localised(template)["Resources"][name] for name in ("Hear", "See"))
    assert hear["Properties"]["CodeUri"] == "/project/functions/hear"
    assert see["Properties"] == {
        "CodeUri": "/project/functions/see",
        "Handler": "handler.handler",
        "Runtime": "python3.13",
        "MemorySize": 1024,
        "Environment": {"Variables": {"PYTHONPATH": "/project/shared"}},
    }
    assert "Metadata" not in see


def test_code_is_named_by_absolute_path_so_that_the_overlay_may_lie_elsewhere(template: overlay.Template) -> None:
    assert localised(template)["Resources"]["Read"]["Properties"]["CodeUri"] == "/project/functions/read"


def test_settings_reach_every_function_and_win(template: overlay.Template) -> None:
    resources = localised(template, ENGINE="dlib")["Resources"]
    read, see = (resources[name]["Properties"]["Environment"]["Variables"] for name in ("Read", "See"))
    assert read == {"STAGE": {"Fn::Sub": "${Api}"}, "ENGINE": "dlib", "PYTHONPATH": "/project/shared"}
    assert see == {"ENGINE": "dlib", "PYTHONPATH": "/project/shared"}


def test_binary_media_types_are_written_with_a_plain_slash(template: overlay.Template) -> None:
    assert localised(template)["Resources"]["Api"]["Properties"]["BinaryMediaTypes"] == [
        "multipart/form-data",
        "image/png",
    ]


def test_a_refusal_of_plain_http_goes_and_every_other_statement_of_its_policy_stays(
    template: overlay.Template,
) -> None:
    refusal = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    other = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"a": "b"}}}
    for name, statements in (("Both", [refusal, other]), ("Lone", [refusal])):
        template["Resources"][name] = {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": "b", "PolicyDocument": {"Statement": statements}},
        }
    resources = localised(template)["Resources"]
    assert resources["Both"]["Properties"]["PolicyDocument"]["Statement"] == [other]
    assert "Lone" not in resources


def test_an_alarm_on_an_expression_goes_and_one_on_a_metric_stays(template: overlay.Template) -> None:
    for name, told in (("Share", {"Metrics": []}), ("Errors", {"MetricName": "Errors"})):
        template["Resources"][name] = {"Type": overlay.ALARM, "Properties": told}
    resources = localised(template)["Resources"]
    assert "Errors" in resources
    assert "Share" not in resources


def test_a_number_parameter_of_an_event_source_becomes_its_number(template: overlay.Template) -> None:
    template["Parameters"] = {"Most": {"Type": "Number", "Default": 7}, "Name": {"Type": "String", "Default": "x"}}
    template["Resources"]["Mapping"] = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"ScalingConfig": {"MaximumConcurrency": {"Ref": "Most"}}, "FunctionName": {"Ref": "Name"}},
    }
    mapping = localised(template)["Resources"]["Mapping"]["Properties"]
    assert mapping == {"ScalingConfig": {"MaximumConcurrency": 7}, "FunctionName": {"Ref": "Name"}}


def themselves(told: Any) -> Any:
    """The same, with functions in the place of their aliases."""
    behind = r'\{"Ref": "(\w+)\.Alias"\}'
    return json.loads(re.sub(behind, r'{"Fn::GetAtt": ["\1", "Arn"]}', json.dumps(told)))


def test_of_our_own_template_no_route_no_permission_and_no_setting_is_lost() -> None:
    template = overlay.load(ROOT / "template.yaml")
    local = overlay.localised(template, ROOT, {})
    for name, resource in template["Resources"].items():
        if resource["Type"] in (overlay.LAYER, overlay.MAPPING, *overlay.POLICIES):
            continue
        if resource["Type"] == overlay.ALARM and "Metrics" in resource["Properties"]:
            continue
        kept, told = local["Resources"][name], themselves(resource)
        if resource["Type"] != overlay.FUNCTION:
            assert kept == told
            continue
        before, after = told["Properties"], kept["Properties"]
        assert after["Policies"] == before["Policies"]
        source = {"PYTHONPATH": str(ROOT / "shared")}
        assert after["Environment"]["Variables"] == before["Environment"]["Variables"] | source
        assert after.get("Timeout") == before.get("Timeout")
        assert Path(after["CodeUri"]).is_relative_to(ROOT / "functions")
        paths = {event["Properties"].get("Path") for event in before.get("Events", {}).values()}
        assert {event["Properties"].get("Path") for event in after.get("Events", {}).values()} == paths


def test_of_our_own_template_every_path_answers_every_method() -> None:
    functions = [
        resource
        for resource in overlay.localised(overlay.load(ROOT / "template.yaml"), ROOT, {})["Resources"].values()
        if resource["Type"] == overlay.FUNCTION
    ]
    routes = [
        (event["Properties"]["Path"], event["Properties"]["Method"])
        for function in functions
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "Api"
    ]
    assert len(routes) == len(set(routes))
    assert set(routes) == {(path, method) for path, _ in routes for method in overlay.METHODS}


def test_a_function_behind_an_alias_is_named_itself(template: overlay.Template) -> None:
    read = template["Resources"]["Read"]["Properties"]
    read |= {"AutoPublishAlias": "live", "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1}}
    template["Resources"]["Api"]["Properties"]["Auth"] = {
        "Authorizers": {"Keys": {"FunctionArn": {"Ref": "Read.Alias"}}}
    }

    resources = overlay.localised(template, ROOT, {})["Resources"]

    assert not {"AutoPublishAlias", "ProvisionedConcurrencyConfig"} & set(resources["Read"]["Properties"])
    keys = resources["Api"]["Properties"]["Auth"]["Authorizers"]["Keys"]
    assert keys == {"FunctionArn": {"Fn::GetAtt": ["Read", "Arn"]}}


def test_the_stage_is_one_that_no_deployment_may_have() -> None:
    template = overlay.load(ROOT / "template.yaml")
    deployed = template["Parameters"]["Stage"]
    local = overlay.localised(template, ROOT, {})["Parameters"]["Stage"]
    assert local == {"Type": "String", "Default": "local"}
    assert re.fullmatch(deployed["AllowedPattern"], deployed["Default"])
    assert not re.fullmatch(deployed["AllowedPattern"], local["Default"])


def test_keys_of_providers_are_looked_for_below_the_laptops_own_name() -> None:
    local = overlay.localised(overlay.load(ROOT / "template.yaml"), ROOT, {})
    assert local["Parameters"]["ProviderKeysPrefix"]["Default"] == overlay.keys_prefix("local") == "/darkroom/local"
