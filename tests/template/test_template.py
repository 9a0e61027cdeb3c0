"""The template keeps every rule, and every rule is the only one to see the template that was made to break it."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.template.rules import RULES
from tests.template.stack import ANY, Stack

if TYPE_CHECKING:
    from collections.abc import Callable

Damage = "Callable[[Stack], Stack | None]"


@pytest.mark.parametrize("name", RULES)
def test_the_template_keeps(name: str, stack: Stack) -> None:
    assert list(RULES[name](stack)) == []


@pytest.mark.parametrize("name", RULES)
def test_a_template_that_breaks_a_rule_is_told_by_that_rule_alone(name: str, stack: Stack) -> None:
    broken = replace(stack, written=copy.deepcopy(stack.written), translated=copy.deepcopy(stack.translated))
    broken = DAMAGE[name](broken) or broken
    assert [rule for rule, check in RULES.items() if list(check(broken))] == [name]


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        ["arn:aws:s3:::*"],
        {"Fn::Sub": "arn:aws:s3:::${AWS::StackName}-*"},
        {"Fn::Sub": "${MediaBucket.Arn}*"},
        {"Fn::Sub": "${MediaBucket.Arn}/*"},
        {"Fn::Sub": "${MediaBucket.Arn}/re*lts/*"},
        {"Fn::Sub": "${Elsewhere.Arn}/results/*"},
        [
            {"Fn::Sub": "${MediaBucket.Arn}/results/*"},
            {"Fn::Join": ["", [{"Fn::GetAtt": ["MediaBucket", "Arn"]}, "/*"]]},
        ],
    ],
)
def test_a_star_that_reaches_further_is_told(resource: Any, stack: Stack) -> None:
    broken = replace(stack, translated=copy.deepcopy(stack.translated))
    statement("SweeperFunctionRole", "DropResults", Resource=resource)(broken)
    (told,) = RULES["a_star_stands_below_a_part_of_a_resource_of_ours"](broken)
    assert told.startswith("SweeperFunctionRole DropResults")


def properties(stack: Stack, name: str) -> dict[str, Any]:
    told: dict[str, Any] = stack.resources[name]["Properties"]
    return told


def having(name: str, **told: Any) -> Callable[[Stack], None]:
    """Damage: these properties of that resource."""
    return lambda stack: properties(stack, name).update(told)


def lacking(name: str, *path: str) -> Callable[[Stack], None]:
    """Damage: a property of that resource is gone, or one inside it."""

    def damage(stack: Stack) -> None:
        told = properties(stack, name)
        for part in path[:-1]:
            told = told[part]
        del told[path[-1]]

    return damage


def without(*names: str) -> Callable[[Stack], None]:
    """Damage: these resources are gone."""

    def damage(stack: Stack) -> None:
        for name in names:
            del stack.resources[name]

    return damage


def without_files(beginning: str) -> Callable[[Stack], Stack]:
    """Damage: no file of this folder is there."""
    return lambda stack: replace(stack, files=frozenset(f for f in stack.files if not f.startswith(beginning)))


def statement(role: str, name: str, **told: Any) -> Callable[[Stack], None]:
    """Damage: a statement of a function's role says this."""
    return lambda stack: next(s for s in stack.statements(role) if s["Sid"] == name).update(told)


def operation(method: str, path: str, *, security: str) -> Callable[[Stack], None]:
    return lambda stack: stack.api["paths"][path][method].update(security=[{security: []}])


def moved(method: str, path: str, to: str) -> Callable[[Stack], None]:
    """Damage: a method of a path is answered by another function."""

    def damage(stack: Stack) -> None:
        uri = f"arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{to}}}/invocations"
        stack.api["paths"][path][method]["x-amazon-apigateway-integration"]["uri"] = {"Fn::Sub": uri}

    return damage


def gateway(kind: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Stack], None]:
    def damage(stack: Stack) -> None:
        change(stack.api["x-amazon-apigateway-gateway-responses"][kind])

    return damage


def _without_fix(answer: dict[str, Any]) -> None:
    templates = answer["responseTemplates"]
    body = json.loads(templates["application/problem+json"])
    del body["fix"]
    templates["application/problem+json"] = json.dumps(body)


def _third_reader(stack: Stack) -> None:
    stack.resources["Second"] = copy.deepcopy(stack.resources["DetectMapping"])


def _notification(stack: Stack) -> None:
    told = {"Queue": "arn", "Event": "s3:ObjectCreated:*"}
    told |= {"Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "results/"}]}}}  # type: ignore[dict-item]
    properties(stack, "MediaBucket")["NotificationConfiguration"] = {"QueueConfigurations": [told]}


def _shared_role(stack: Stack) -> None:
    properties(stack, "StatusFunction")["Role"] = copy.deepcopy(properties(stack, "ReceiverFunction")["Role"])


def _route_of_its_own(stack: Stack) -> None:
    stack.api["paths"]["/jobs"]["post"] = copy.deepcopy(stack.api["paths"]["/jobs"][ANY])


def _dashboard_without(name: str) -> Callable[[Stack], None]:
    def damage(stack: Stack) -> None:
        body = properties(stack, "Dashboard")["DashboardBody"]
        body["Fn::Sub"] = body["Fn::Sub"].replace(f"${{{name}", "${AWS::StackName")

    return damage


DAMAGE: Final[dict[str, Callable[[Stack], Stack | None]]] = {
    "a_queue_hides_a_message_for_six_times_its_functions_timeout": having("DetectQueue", VisibilityTimeout=1799),
    "a_queue_gives_up_after_five_receives": lambda stack: properties(stack, "WebhookQueue")["RedrivePolicy"].update(
        maxReceiveCount=6
    ),
    "a_queue_keeps_messages_for_four_days": having("WebhookQueue", MessageRetentionPeriod=86_400),
    "dead_letters_are_kept_for_two_weeks": lacking("DetectDeadLetters", "MessageRetentionPeriod"),
    "a_queue_is_polled_long": lacking("DetectQueue", "ReceiveMessageWaitTimeSeconds"),
    "a_queue_is_encrypted": having("WebhookDeadLetters", SqsManagedSseEnabled=False),
    "a_queue_has_one_reader": _third_reader,
    "a_mapping_reports_each_failure": lacking("WebhooksMapping", "FunctionResponseTypes"),
    "a_mapping_is_bounded": lacking("DetectMapping", "ScalingConfig"),
    "a_mapping_may_read_its_own_queue_and_no_other": statement(
        "DetectFunctionRole", "TakeMessages", Action=["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    ),
    "a_route_asks_who_is_calling": operation(ANY, "/jobs/{jobId}", security="NONE"),
    "health_docs_and_preflight_are_open": operation("options", "/process", security="Keys"),
    "every_method_of_a_path_reaches_us": lambda stack: (
        stack.api["paths"]["/health"].update(get=stack.api["paths"]["/health"].pop(ANY)) or None
    ),
    "a_preflight_is_answered_by_the_paths_own_function": moved("options", "/jobs", "ReceiverFunctionAliaslive"),
    "every_contracted_route_reaches_its_function": moved("delete", "/jobs/{jobId}", "StatusFunctionAliaslive"),
    "every_route_of_the_template_is_contracted": _route_of_its_own,
    "the_authorizer_is_asked_each_time_and_for_any_header": lambda stack: stack.api["components"]["securitySchemes"][
        "Keys"
    ]["x-amazon-apigateway-authorizer"].update(identitySource="method.request.header.x-api-key"),
    "the_gateway_has_a_problem_for_whatever_it_answers": lambda stack: (
        stack.api["x-amazon-apigateway-gateway-responses"].pop("THROTTLED") and None
    ),
    "an_answer_of_the_gateway_has_the_shape_of_ours": gateway("UNAUTHORIZED", _without_fix),
    "an_answer_of_the_gateway_is_readable_by_a_browser": gateway(
        "DEFAULT_5XX", lambda told: told.pop("responseParameters")
    ),
    "multipart_bodies_alone_are_binary": lambda stack: stack.api.update(
        {"x-amazon-apigateway-binary-media-types": ["*/*"]}
    ),
    "access_is_logged_without_what_a_log_must_not_hold": lambda stack: stack.stage["AccessLogSetting"].update(
        Format='{"key": "$context.requestOverride.header.x-api-key"}'
    ),
    "the_stage_is_throttled_and_traced": lacking("ApiStage", "TracingEnabled"),
    "a_function_answers_before_the_gateway_gives_up": lambda stack: (
        properties(stack, "StatusFunction").update(Timeout=29)
        or properties(stack, "StatusNearTimeout").update(Threshold=28_000)
    ),
    "the_api_calls_functions_through_their_alias": moved(ANY, "/docs", "StatusFunction"),
    "a_new_layer_makes_new_versions": lambda stack: stack.written["Globals"].pop("LayerVersion") and None,
    "concurrency_of_the_api_is_a_parameter": lacking("ReceiverFunction", "ReservedConcurrentExecutions"),
    "a_function_has_a_readable_name_and_a_folder": without_files("functions/sweeper/"),
    "a_function_has_events": without_files("events/webhooks/"),
    "a_function_has_tests": lambda stack: replace(stack, tested=stack.tested - {"presign"}),
    "a_function_runs_the_python_that_is_built_for": having("PresignFunction", Runtime="python3.12"),
    "a_zip_function_has_our_code_and_at_most_five_layers": lambda stack: (
        properties(stack, "SweeperFunction")["Layers"].pop(0) and None
    ),
    "a_function_is_traced": lacking("WebhooksFunction", "TracingConfig"),
    "a_function_logs_json_to_a_group_of_its_own": lambda stack: properties(stack, "StatusFunction")[
        "LoggingConfig"
    ].update(LogFormat="Text"),
    "a_log_is_not_kept_for_ever": lacking("ApiLogs", "RetentionInDays"),
    "an_environment_names_settings_only": lambda stack: stack.environment("DetectFunction").update(DETECT_COLOUR="red"),
    "no_deployed_function_fetches_from_its_own_machine": lambda stack: stack.environment("WebhooksFunction").update(
        FETCH_ALLOW_LOOPBACK="127.0.0.1:8080"
    ),
    "an_environment_holds_no_secret": lambda stack: stack.environment("WebhooksFunction").update(
        STAGE="{{resolve:secretsmanager:master}}"
    ),
    "the_price_of_detection_is_of_its_real_memory": lambda stack: (
        properties(stack, "DetectFunction").update(MemorySize=4096)
        or properties(stack, "DetectNearMemory").update(Threshold=3_700)
    ),
    "the_sweeper_runs_each_minute": having("SweeperFunctionEachMinute", ScheduleExpression="rate(5 minutes)"),
    "a_function_has_a_role_of_its_own": _shared_role,
    "no_statement_has_a_star_among_its_actions": statement("SweeperFunctionRole", "DropResults", Action="s3:Delete*"),
    "a_star_stands_below_a_part_of_a_resource_of_ours": statement(
        "SweeperFunctionRole", "DropResults", Resource="arn:aws:s3:::*"
    ),
    "a_statement_has_a_name_within_its_role": statement("PresignFunctionRole", "RecordUploads", Sid="SignUploads"),
    "no_managed_policy_gives_more_than_logs_and_traces": having(
        "StatusFunctionRole", ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
    ),
    "a_bucket_is_encrypted": lacking("MediaBucket", "BucketEncryption"),
    "a_bucket_is_closed_to_the_public": lacking("MediaBucket", "PublicAccessBlockConfiguration", "BlockPublicPolicy"),
    "a_bucket_speaks_tls_only": without("MediaBucketPolicy"),
    "what_is_left_in_a_bucket_goes_after_a_week": lambda stack: (
        properties(stack, "MediaBucket")["LifecycleConfiguration"]["Rules"].pop() and None
    ),
    "a_bucket_takes_uploads_from_configured_origins": lambda stack: properties(stack, "MediaBucket")[
        "CorsConfiguration"
    ]["CorsRules"][0].update(AllowedOrigins=["*"]),
    "a_bucket_has_a_fixed_name": lacking("MediaBucket", "BucketName"),
    "no_function_writes_where_a_write_starts_one": _notification,
    "rows_of_a_table_expire": lacking("UploadsTable", "TimeToLiveSpecification"),
    "a_table_can_be_put_back_to_any_second": lacking("JobsTable", "PointInTimeRecoverySpecification"),
    "a_table_costs_nothing_while_idle": having("KeysTable", BillingMode="PROVISIONED"),
    "data_outlives_the_stack": lambda stack: stack.resources["KeysTable"].pop("DeletionPolicy") and None,
    "a_secret_is_generated": having("WebhookSecret", SecretString="chosen"),
    "dead_letters_raise_an_alarm": without("WebhookDeadLettersArrived"),
    "messages_that_wait_raise_an_alarm": without("DetectQueueOld"),
    "failures_of_a_function_raise_an_alarm": without("ReceiverErrors"),
    "a_function_near_its_timeout_raises_an_alarm": having("WebhooksNearTimeout", Threshold=60_000),
    "a_function_near_its_memory_raises_an_alarm": without("StatusMemory"),
    "failures_cost_and_silence_raise_an_alarm": without("DailyCost"),
    "an_alarm_tells_somebody": lacking("DailyCost", "AlarmActions"),
    "the_dashboard_shows_every_function_and_queue": _dashboard_without("SweeperFunction"),
    "a_parameter_has_a_default": lambda stack: stack.translated["Parameters"]["Stage"].pop("Default") and None,
    "outputs_tell_what_a_client_needs": lambda stack: stack.translated["Outputs"].pop("QueueArn") and None,
    "outputs_tell_every_functions_name": lambda stack: stack.translated["Outputs"].pop("SweeperFunctionName") and None,
}
"""For each rule the smallest change of the real template that breaks it."""
