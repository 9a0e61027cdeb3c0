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

    Damage = Callable[[Stack], Stack | None]

GATEWAY: Final = "x-amazon-apigateway-gateway-responses"
HEADER: Final = "gatewayresponse.header"
READING: Final = frozenset({"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"})
WIDER: Final[set[int]] = set()
"""The damages, by identity, that other rules see as well."""


@pytest.mark.parametrize("name", RULES)
def test_the_template_keeps(name: str, stack: Stack) -> None:
    assert list(RULES[name](stack)) == []


@pytest.fixture(scope="module")
def already_broken(stack: Stack) -> set[str]:
    """Rules that the template itself breaks, which `test_the_template_keeps` says once."""
    return {rule for rule, check in RULES.items() if list(check(stack))}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each damage, numbered within its rule."""
    if "damage" in metafunc.fixturenames:
        damages = [(name, damage, f"{name}-{n}") for name in RULES for n, damage in enumerate(DAMAGE[name])]
        metafunc.parametrize(("name", "damage"), [each[:2] for each in damages], ids=[each[2] for each in damages])


def test_a_template_that_breaks_a_part_of_a_rule_is_told_by_that_rule_alone(
    name: str, damage: Damage, stack: Stack, already_broken: set[str]
) -> None:
    broken = replace(stack, written=copy.deepcopy(stack.written), translated=copy.deepcopy(stack.translated))
    broken = damage(broken) or broken
    told = {rule for rule, check in RULES.items() if list(check(broken))}
    assert name in told
    assert told - already_broken <= {name} or id(damage) in WIDER


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


def inside(name: str, part: str, **told: Any) -> Callable[[Stack], None]:
    """Damage: these values of a property of that resource."""
    return lambda stack: properties(stack, name)[part].update(told)


def written(stack: Stack, name: str) -> dict[str, Any]:
    """Properties of a resource as template.yaml has it."""
    told: dict[str, Any] = stack.written["Resources"][name]["Properties"]
    return told


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def wider(damage: Damage) -> Damage:
    """The same damage, which is so large that other rules see it too."""
    WIDER.add(id(damage))
    return damage


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


def environment(function: str, **told: Any) -> Callable[[Stack], None]:
    """Damage: these variables of a function."""
    return lambda stack: stack.environment(function).update(told)


def losing(name: str, policy: str) -> Callable[[Stack], None]:
    """Damage: what happens to that resource when it goes is left to CloudFormation."""
    return lambda stack: stack.resources[name].pop(policy) and None


def untold(name: str) -> Callable[[Stack], None]:
    """Damage: this output is gone."""
    return lambda stack: stack.translated["Outputs"].pop(name) and None


def access_log(**told: Any) -> Callable[[Stack], None]:
    return lambda stack: stack.stage["AccessLogSetting"].update(told)


def unanswered(kind: str) -> Callable[[Stack], None]:
    """Damage: the gateway answers this by itself, in its own words."""
    return lambda stack: stack.api[GATEWAY].pop(kind) and None


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
        change(stack.api[GATEWAY][kind])

    return damage


def body(answer: dict[str, Any], **told: Any) -> None:
    """The problem that an answer of the gateway holds says this; a field of None is gone."""
    templates = answer["responseTemplates"]
    changed = json.loads(templates["application/problem+json"]) | told
    kept = {name: value for name, value in changed.items() if value is not None}
    templates["application/problem+json"] = json.dumps(kept)


def _forbidden(answer: dict[str, Any]) -> None:
    answer["statusCode"] = 403
    body(answer, status=403)


def _third_reader(stack: Stack) -> None:
    stack.resources["Second"] = copy.deepcopy(stack.resources["DetectMapping"])


def _reader_of_the_dead(stack: Stack) -> None:
    dead = copy.deepcopy(stack.resources["DetectMapping"])
    dead["Properties"]["EventSourceArn"] = arn("DetectDeadLetters")
    stack.resources["OfTheDead"] = dead


def notification(to: dict[str, str], kind: str, prefix: str | None) -> Callable[[Stack], None]:
    """Damage: what is stored in the bucket, below a prefix or anywhere, starts something."""
    told: dict[str, Any] = {**to, "Event": "s3:ObjectCreated:*"}
    if prefix is not None:
        told["Filter"] = {"S3Key": {"Rules": [{"Name": "prefix", "Value": prefix}]}}
    return having("MediaBucket", NotificationConfiguration={kind: [told]})


def lifecycle(rule: str, **told: Any) -> Callable[[Stack], None]:
    """Damage: a lifecycle rule of the bucket says this."""

    def damage(stack: Stack) -> None:
        rules = properties(stack, "MediaBucket")["LifecycleConfiguration"]["Rules"]
        next(each for each in rules if each["Id"] == rule).update(told)

    return damage


def cors(**told: Any) -> Callable[[Stack], None]:
    return lambda stack: properties(stack, "MediaBucket")["CorsConfiguration"]["CorsRules"][0].update(told)


def policy(**told: Any) -> Callable[[Stack], None]:
    """Damage: the bucket's one statement says this."""
    return lambda stack: properties(stack, "MediaBucketPolicy")["PolicyDocument"]["Statement"][0].update(told)


def authorizer(**told: Any) -> Callable[[Stack], None]:
    def damage(stack: Stack) -> None:
        (scheme,) = stack.api["components"]["securitySchemes"].values()
        scheme["x-amazon-apigateway-authorizer"].update(told)

    return damage


def _authorizer_without_alias(stack: Stack) -> None:
    uri = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${AuthorizerFunction.Arn}/invocations"
    authorizer(authorizerUri={"Fn::Sub": uri})(stack)
    del stack.resources["AuthorizerFunctionAliaslive"]


def _shared_role(stack: Stack) -> None:
    properties(stack, "StatusFunction")["Role"] = copy.deepcopy(properties(stack, "ReceiverFunction")["Role"])


def _method_of_its_own(stack: Stack) -> None:
    stack.api["paths"]["/jobs"]["post"] = copy.deepcopy(stack.api["paths"]["/jobs"][ANY])


def _path_of_its_own(stack: Stack) -> None:
    stack.api["paths"]["/secrets"] = copy.deepcopy(stack.api["paths"]["/jobs"])


def _chosen(told: dict[str, Any], beginning: str) -> dict[str, Any]:
    """A copy of the properties whose names begin so."""
    return {name: copy.deepcopy(value) for name, value in told.items() if name.startswith(beginning)}


def built(function: str, **told: Any) -> Callable[[Stack], None]:
    """Damage: how template.yaml has a container function built."""
    return lambda stack: stack.written["Resources"][function]["Metadata"].update(told)


def notified(**told: Any) -> Callable[[Stack], None]:
    """Damage: the one statement of the policy of the queue that the bucket tells says this."""
    return lambda stack: properties(stack, "FaceUploadsQueuePolicy")["PolicyDocument"]["Statement"][0].update(told)


def _dashboard_without(name: str) -> Callable[[Stack], None]:
    def damage(stack: Stack) -> None:
        body = properties(stack, "Dashboard")["DashboardBody"]
        body["Fn::Sub"] = body["Fn::Sub"].replace(f"${{{name}", "${AWS::StackName")

    return damage


DAMAGE: Final[dict[str, list[Callable[[Stack], Stack | None]]]] = {
    "a_queue_hides_a_message_for_six_times_its_functions_timeout": [
        having("DetectQueue", VisibilityTimeout=1799),
        having("FaceUploadsQueue", VisibilityTimeout=1800),
        lacking("WebhookQueue", "VisibilityTimeout"),
    ],
    "a_queue_gives_up_after_five_receives": [
        inside("WebhookQueue", "RedrivePolicy", maxReceiveCount=6),
        lacking("DetectQueue", "RedrivePolicy", "maxReceiveCount"),
        wider(inside("WebhookQueue", "RedrivePolicy", deadLetterTargetArn="arn:aws:sqs:us-east-1:1:another")),
        wider(lacking("DetectQueue", "RedrivePolicy")),
    ],
    "a_queue_keeps_messages_for_four_days": [
        having("WebhookQueue", MessageRetentionPeriod=86_400),
        lacking("DetectQueue", "MessageRetentionPeriod"),
    ],
    "dead_letters_are_kept_for_two_weeks": [
        lacking("DetectDeadLetters", "MessageRetentionPeriod"),
        having("WebhookDeadLetters", MessageRetentionPeriod=345_600),
    ],
    "a_queue_is_polled_long": [
        lacking("DetectQueue", "ReceiveMessageWaitTimeSeconds"),
        having("WebhookDeadLetters", ReceiveMessageWaitTimeSeconds=0),
    ],
    "a_queue_is_encrypted": [
        having("WebhookDeadLetters", SqsManagedSseEnabled=False),
        lacking("DetectQueue", "SqsManagedSseEnabled"),
    ],
    "a_queue_has_one_reader": [_third_reader, without("DetectMapping"), wider(_reader_of_the_dead)],
    "a_mapping_reports_each_failure": [
        lacking("WebhooksMapping", "FunctionResponseTypes"),
        having("DetectMapping", FunctionResponseTypes=[]),
    ],
    "a_mapping_is_bounded": [
        lacking("DetectMapping", "ScalingConfig"),
        having("WebhooksMapping", ScalingConfig={"MaximumConcurrency": 1}),
        having("WebhooksMapping", ScalingConfig={"MaximumConcurrency": 1001}),
    ],
    "a_function_may_read_the_queues_of_its_mappings_and_no_other": [
        *(
            statement("DetectFunctionRole", "TakeMessages", Action=sorted(READING - {missing}))
            for missing in sorted(READING)
        ),
        statement("WebhooksFunctionRole", "TakeMessages", Resource=[arn("WebhookQueue"), arn("DetectQueue")]),
        statement("WebhooksFunctionRole", "TakeMessages", Resource=arn("DetectQueue")),
        statement("FaceEmbedFunctionRole", "TakeMessages", Resource=arn("FaceQueue")),
    ],
    "a_route_asks_who_is_calling": [
        operation(ANY, "/jobs/{jobId}", security="NONE"),
        operation("delete", "/jobs/{jobId}", security="NONE"),
        lambda stack: stack.api["paths"]["/process"][ANY].pop("security") and None,
    ],
    "health_docs_and_preflight_are_open": [
        operation("options", "/process", security="Keys"),
        *(operation(ANY, path, security="Keys") for path in ("/health", "/openapi.json", "/docs")),
    ],
    "every_method_of_a_path_reaches_us": [
        lambda stack: stack.api["paths"]["/health"].update(get=stack.api["paths"]["/health"].pop(ANY)) or None
    ],
    "a_preflight_is_answered_by_the_paths_own_function": [
        moved("options", "/jobs", "ReceiverFunctionAliaslive"),
        lambda stack: stack.api["paths"]["/jobs"].pop("options") and None,
    ],
    "every_contracted_route_reaches_its_function": [
        moved("delete", "/jobs/{jobId}", "StatusFunctionAliaslive"),
        lambda stack: stack.api["paths"].pop("/docs") and None,
    ],
    "every_route_of_the_template_is_contracted": [_method_of_its_own, _path_of_its_own],
    "the_authorizer_is_asked_each_time_and_for_any_header": [
        authorizer(identitySource="method.request.header.x-api-key"),
        authorizer(type="token"),
        authorizer(authorizerResultTtlInSeconds=300),
    ],
    "the_gateway_has_a_problem_for_whatever_it_answers": [
        *(unanswered(kind) for kind in ("THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX")),
        gateway("UNAUTHORIZED", _forbidden),
    ],
    "an_answer_of_the_gateway_has_the_shape_of_ours": [
        gateway("UNAUTHORIZED", lambda told: body(told, fix=None)),
        gateway("UNAUTHORIZED", lambda told: body(told, fix="")),
        gateway("UNAUTHORIZED", lambda told: body(told, status=None)),
        gateway("UNAUTHORIZED", lambda told: body(told, status=403)),
        gateway("DEFAULT_4XX", lambda told: body(told, status=400)),
        gateway("THROTTLED", lambda told: body(told, requestId="1")),
        gateway("THROTTLED", lambda told: body(told, code="THROTTLED")),
        gateway("THROTTLED", lambda told: told["responseTemplates"].update({"application/json": "{}"})),
        gateway("THROTTLED", lambda told: told["responseTemplates"].clear()),
    ],
    "an_answer_of_the_gateway_is_readable_by_a_browser": [
        gateway("DEFAULT_5XX", lambda told: told.pop("responseParameters")),
        gateway("UNAUTHORIZED", lambda told: told["responseParameters"].pop(f"{HEADER}.Access-Control-Allow-Origin")),
    ],
    "multipart_bodies_alone_are_binary": [
        lambda stack: stack.api.update({"x-amazon-apigateway-binary-media-types": ["*/*"]}),
        lambda stack: stack.api.pop("x-amazon-apigateway-binary-media-types") and None,
    ],
    "access_is_logged_without_what_a_log_must_not_hold": [
        *(
            access_log(Format=json.dumps({"it": held}))
            for held in (
                "$context.requestOverride.header.x-api-key",
                "$context.requestOverride.querystring.cursor",
                "$context.path",
                "$context.authorizer.principalId",
            )
        ),
        access_log(DestinationArn="arn:aws:logs:us-east-1:1:log-group:x"),
        lacking("ApiStage", "AccessLogSetting"),
    ],
    "the_stage_is_throttled_and_traced": [
        lacking("ApiStage", "TracingEnabled"),
        lambda stack: stack.stage["MethodSettings"][0].update(ThrottlingRateLimit=0),
        lambda stack: stack.stage["MethodSettings"][0].pop("ThrottlingBurstLimit") and None,
        lambda stack: stack.stage["MethodSettings"][0].update(ResourcePath="/health"),
    ],
    "a_function_answers_before_the_gateway_gives_up": [
        lambda stack: (
            properties(stack, "StatusFunction").update(Timeout=29)
            or properties(stack, "StatusNearTimeout").update(Threshold=28_000)
        ),
        lambda stack: (
            properties(stack, "AuthorizerFunction").update(Timeout=30)
            or properties(stack, "AuthorizerNearTimeout").update(Threshold=29_000)
        ),
    ],
    "the_api_calls_functions_through_their_alias": [moved(ANY, "/docs", "StatusFunction"), _authorizer_without_alias],
    "a_new_layer_makes_new_versions": [
        lambda stack: stack.written["Globals"].pop("LayerVersion") and None,
        lambda stack: written(stack, "CoreLayer").update(PublishLambdaVersion=False),
        lambda stack: written(stack, "StatusFunction").pop("AutoPublishAliasAllProperties") and None,
    ],
    "concurrency_of_what_is_waited_for_is_a_parameter": [
        lacking("ReceiverFunction", "ReservedConcurrentExecutions"),
        having("AuthorizerFunction", ReservedConcurrentExecutions=5),
        lacking("PresignFunctionAliaslive", "ProvisionedConcurrencyConfig"),
        having("PresignFunctionAliaslive", ProvisionedConcurrencyConfig={"ProvisionedConcurrentExecutions": 1}),
        lambda stack: having(
            "FaceEmbedFunctionAliaslive", **_chosen(properties(stack, "PresignFunctionAliaslive"), "Provisioned")
        )(stack),
    ],
    "a_function_has_a_readable_name_and_a_folder": [
        without_files("functions/sweeper/"),
        wider(lacking("SweeperFunction", "FunctionName")),
    ],
    "a_function_has_events": [without_files("events/webhooks/")],
    "a_function_has_tests": [lambda stack: replace(stack, tested=stack.tested - {"presign"})],
    "a_function_runs_the_python_that_is_built_for": [
        having("PresignFunction", Runtime="python3.12"),
        having("PresignFunction", Handler="app.handler"),
        having("PresignFunction", Architectures=["arm64"]),
        having("DetectFunction", Runtime="python3.13"),
        lacking("DetectFunction", "Architectures"),
    ],
    "a_container_function_is_the_command_that_its_folder_is_named_by": [
        having("DetectFunction", ImageConfig={"Command": ["face_embed.handler"]}),
        lacking("SearchFunction", "ImageConfig"),
    ],
    "an_image_is_built_once_for_all_its_functions": [
        built("FaceEmbedFunction", DockerBuildArgs={}),
        built("SearchFunction", DockerTag="search"),
        lambda stack: (
            built("SearchFunction", DockerContext="functions")(stack)
            or built("IndexFunction", DockerContext="functions")(stack)
        ),
        without_files("functions/index/Dockerfile"),
    ],
    "a_zip_function_has_our_code_and_at_most_five_layers": [
        lambda stack: properties(stack, "SweeperFunction")["Layers"].pop(0) and None,
        lambda stack: properties(stack, "SweeperFunction")["Layers"].extend([{"Ref": "CoreLayer"}] * 4),
        lacking("SweeperFunction", "Layers"),
    ],
    "a_function_is_traced": [
        lacking("WebhooksFunction", "TracingConfig"),
        having("DetectFunction", TracingConfig={"Mode": "PassThrough"}),
    ],
    "a_function_logs_json_to_a_group_of_its_own": [
        inside("StatusFunction", "LoggingConfig", LogFormat="Text"),
        inside("StatusFunction", "LoggingConfig", SystemLogLevel="WARN"),
        inside("PresignFunction", "LoggingConfig", LogGroup={"Ref": "StatusLogs"}),
        having("PresignLogs", LogGroupName={"Fn::Sub": "/aws/lambda/${AWS::StackName}-sign"}),
    ],
    "a_log_is_not_kept_for_ever": [
        lacking("ApiLogs", "RetentionInDays"),
        having("StatusLogs", RetentionInDays=3653),
    ],
    "an_environment_names_settings_only": [environment("DetectFunction", COLOUR="red")],
    "no_deployed_function_fetches_from_its_own_machine": [
        environment("WebhooksFunction", FETCH_ALLOW_LOOPBACK="127.0.0.1:8080"),
        lambda stack: stack.translated["Parameters"]["Stage"].pop("AllowedPattern") and None,
        lambda stack: stack.translated["Parameters"]["Stage"].update(AllowedPattern="[a-z]+"),
    ],
    "an_environment_holds_no_secret": [
        environment("WebhooksFunction", STAGE="{{resolve:secretsmanager:master}}"),
        environment("WebhooksFunction", STAGE={"Fn::Sub": "{{resolve:ssm-secure:key}}"}),
        environment("WebhooksFunction", STAGE="sk-0123456789abcdefghijklmn"),
        *(
            wider(environment("WebhooksFunction", **{name: "x"}))
            for name in ("MASTER_PASSWORD", "ACCESS_TOKEN", "SOME_API_KEY", "WEBHOOK_SECRET")
        ),
    ],
    "the_price_of_detection_is_of_its_real_memory": [
        lambda stack: (
            properties(stack, "DetectFunction").update(MemorySize=4096)
            or properties(stack, "DetectNearMemory").update(Threshold=3_700)
        )
    ],
    "the_price_of_generation_is_of_its_real_memory": [
        lambda stack: (
            properties(stack, "WorkerFunction").update(MemorySize=1024)
            or properties(stack, "WorkerNearMemory").update(Threshold=930)
        )
    ],
    "the_price_of_faces_is_of_the_real_memory_of_who_finds_and_who_enrols_them": [
        lambda stack: stack.translated["Parameters"]["FaceMemory"].update(Default=2048),
        lambda stack: (
            properties(stack, "IndexFunction").update(MemorySize=1024)
            or properties(stack, "IndexNearMemory").update(Threshold=930)
        ),
    ],
    "the_sweeper_runs_each_minute_and_the_index_is_tidied_each_hour": [
        having("SweeperFunctionEachMinute", ScheduleExpression="rate(5 minutes)"),
        without("SweeperFunctionEachMinute"),
        having("SweeperFunctionEachMinute", Targets=[{"Arn": arn("WebhooksFunction")}]),
        without("IndexFunctionEachHour"),
    ],
    "a_function_has_a_role_of_its_own": [_shared_role, having("StatusFunction", Role="arn:aws:iam::1:role/admin")],
    "no_statement_has_a_star_among_its_actions": [
        statement("SweeperFunctionRole", "DropResults", Action="s3:Delete*"),
        statement("SweeperFunctionRole", "DropResults", Action=["s3:DeleteObject", "*"]),
    ],
    "a_star_stands_below_a_part_of_a_resource_of_ours": [
        statement("SweeperFunctionRole", "DropResults", Resource="arn:aws:s3:::*"),
        statement("SweeperFunctionRole", "DropResults", Resource="*"),
        statement("SweeperFunctionRole", "DropResults", Resource={"Fn::Sub": "${Elsewhere.Arn}/results/*"}),
    ],
    "a_statement_has_a_name_within_its_role": [
        statement("PresignFunctionRole", "RecordUploads", Sid="SignUploads"),
        statement("PresignFunctionRole", "RecordUploads", Sid=None),
    ],
    "no_managed_policy_gives_more_than_logs_and_traces": [
        having("StatusFunctionRole", ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"])
    ],
    "a_bucket_is_encrypted": [
        lacking("MediaBucket", "BucketEncryption"),
        having("MediaBucket", BucketEncryption={"ServerSideEncryptionConfiguration": [{}]}),
    ],
    "a_bucket_is_closed_to_the_public": [
        *(
            inside("MediaBucket", "PublicAccessBlockConfiguration", **{setting: False})
            for setting in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        ),
        lacking("MediaBucket", "PublicAccessBlockConfiguration"),
    ],
    "a_bucket_speaks_tls_only": [
        without("MediaBucketPolicy"),
        policy(Effect="Allow"),
        policy(Principal={"AWS": "arn:aws:iam::1:root"}),
        policy(Condition={"Bool": {"aws:SecureTransport": "true"}}),
        lambda stack: properties(stack, "MediaBucketPolicy").update(Bucket="another"),
    ],
    "what_is_left_in_a_bucket_goes_after_a_week": [
        *(
            lifecycle(rule, **change)
            for rule in ("leftover-uploads", "leftover-library", "leftover-faces", "old-results")
            for change in ({"Status": "Disabled"}, {"ExpirationInDays": 30}, {"Prefix": "elsewhere/"})
        ),
        lifecycle("broken-multiparts", Status="Disabled"),
        lifecycle("broken-multiparts", Prefix="uploads/"),
        lambda stack: properties(stack, "MediaBucket")["LifecycleConfiguration"]["Rules"].pop() and None,
    ],
    "what_belongs_to_a_person_does_not_expire": [
        lifecycle("broken-multiparts", ExpirationInDays=7),
        lifecycle("broken-multiparts", NoncurrentVersionExpiration={"NoncurrentDays": 1}),
        lambda stack: properties(stack, "MediaBucket")["LifecycleConfiguration"]["Rules"].append(
            {"Id": "old-people", "Status": "Enabled", "Prefix": "people/", "ExpirationInDays": 7}
        ),
    ],
    "a_queue_that_a_bucket_tells_takes_from_that_bucket_alone": [
        without("FaceUploadsQueuePolicy"),
        notified(Condition={}),
        notified(Condition={"ArnEquals": {"aws:SourceArn": arn("MediaBucket")}}),
        lambda stack: stack.resources["MediaBucket"].pop("DependsOn") and None,
    ],
    "a_bucket_takes_uploads_from_configured_origins": [
        cors(AllowedOrigins=["*"]),
        cors(AllowedMethods=["PUT", "POST"]),
        cors(AllowedMethods=["PUT", "POST", "GET", "DELETE"]),
        cors(AllowedHeaders=["content-type"]),
        cors(ExposedHeaders=[]),
        lacking("MediaBucket", "CorsConfiguration"),
    ],
    "a_bucket_has_a_fixed_name": [
        wider(lacking("MediaBucket", "BucketName")),
        wider(having("MediaBucket", BucketName={"Fn::Sub": "${AWS::StackName}-media-${AWS::AccountId}"})),
        wider(
            having("MediaBucket", BucketName={"Fn::Sub": "${Alarms}${AWS::StackName}${AWS::AccountId}${AWS::Region}"})
        ),
    ],
    "no_function_writes_where_a_write_starts_one": [
        wider(notification({"Queue": "arn"}, "QueueConfigurations", "results/")),
        notification({"Function": "arn"}, "LambdaConfigurations", "results/1/"),
        notification({"Topic": "arn"}, "TopicConfigurations", None),
    ],
    "rows_of_a_table_expire": [
        lacking("UploadsTable", "TimeToLiveSpecification"),
        inside("JobsTable", "TimeToLiveSpecification", Enabled=False),
        inside("KeysTable", "TimeToLiveSpecification", AttributeName="ttl"),
        having("PeopleTable", TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": True}),
    ],
    "a_table_can_be_put_back_to_any_second": [
        lacking("JobsTable", "PointInTimeRecoverySpecification"),
        inside("KeysTable", "PointInTimeRecoverySpecification", PointInTimeRecoveryEnabled=False),
    ],
    "a_table_costs_nothing_while_idle": [
        having("KeysTable", BillingMode="PROVISIONED"),
        lacking("JobsTable", "BillingMode"),
    ],
    "data_outlives_the_stack": [
        losing(name, kind)
        for name in ("MediaBucket", "KeysTable", "WebhookSecret")
        for kind in ("DeletionPolicy", "UpdateReplacePolicy")
    ],
    "a_secret_is_generated": [
        having("WebhookSecret", SecretString="chosen"),
        inside("WebhookSecret", "GenerateSecretString", PasswordLength=32),
        lacking("WebhookSecret", "GenerateSecretString"),
    ],
    "dead_letters_raise_an_alarm": [
        without("WebhookDeadLettersArrived"),
        having("DetectDeadLettersArrived", Threshold=5),
    ],
    "messages_that_wait_raise_an_alarm": [without("DetectQueueOld"), without("WebhookQueueOld")],
    "failures_of_a_function_raise_an_alarm": [
        without("ReceiverErrors"),
        having("ReceiverErrors", Statistic="Sum"),
        having("ReceiverErrors", Threshold=0.05),
        without("AuthorizerErrors"),
        having("AuthorizerErrors", Namespace="AWS/Lambda", MetricName="Errors"),
        having("AuthorizerErrors", Threshold=5),
    ],
    "a_function_near_its_timeout_raises_an_alarm": [
        having("WebhooksNearTimeout", Threshold=60_000),
        having("WebhooksNearTimeout", Threshold=120_000),
        without("AuthorizerNearTimeout"),
    ],
    "a_function_near_its_memory_raises_an_alarm": [
        without("StatusMemory"),
        without("StatusNearMemory"),
        having("StatusNearMemory", Threshold=300),
        having("StatusNearMemory", Threshold=512),
        having("FaceEmbedNearMemory", Threshold=100),
        lambda stack: properties(stack, "FaceEmbedNearMemory")["Metrics"][0].update(Expression={"Fn::Sub": "used"}),
        having("StatusMemory", FilterPattern='{ $.type = "platform.start" }'),
        having("StatusMemory", LogGroupName={"Ref": "PresignLogs"}),
        lambda stack: properties(stack, "StatusMemory")["MetricTransformations"][0].update(MetricValue="1"),
    ],
    "failures_cost_and_silence_raise_an_alarm": [
        without("DailyCost"),
        without("ApiFailures"),
        without("SweeperSilent"),
        having("SweeperSilent", TreatMissingData="notBreaching"),
    ],
    "an_alarm_tells_somebody": [
        lacking("DailyCost", "AlarmActions"),
        having("DailyCost", AlarmActions=[{"Ref": "DetectQueue"}]),
    ],
    "the_dashboard_shows_every_function_and_queue": [
        _dashboard_without("SweeperFunction"),
        _dashboard_without("WebhookDeadLetters"),
    ],
    "a_parameter_has_a_default": [lambda stack: stack.translated["Parameters"]["Stage"].pop("Default") and None],
    "outputs_tell_what_a_client_needs": [
        untold(name) for name in ("ApiUrl", "QueueUrl", "QueueArn", "TableName", "BucketName")
    ],
    "outputs_tell_every_functions_name": [untold("SweeperFunctionName")],
}
"""For each rule the smallest changes of the real template that break it, one for each part that it has."""
