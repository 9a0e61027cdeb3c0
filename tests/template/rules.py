"""What the template must keep to. A rule looks at a stack and says what is wrong with it, one line a fault.

Rules hold AWS's contract where the embedded AWS does not: it takes a queue that is shorter than its function, and
knows neither GatewayResponses nor metric filters.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from darkroom.contracts.routes import ROUTES
from darkroom.domain import faces, generation, people
from darkroom.domain.detection import FUNCTION_GIGABYTES
from darkroom.domain.uploads import Purpose
from darkroom.settings import LOCAL_STAGE, VARIABLES

from tests.template.stack import ALARM, MAPPING, QUEUE, ROLE, Stack, anonymous, references, several, target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RULES: Final[dict[str, Callable[[Stack], Iterator[str]]]] = {}

GATEWAY_SECONDS: Final = 29
PUBLIC_PATHS: Final = {"/health", "/openapi.json", "/docs"}
STARS: Final = {
    "AskRekognition": "Rekognition has no resources of DetectLabels to name: the picture is in the call",
}
"""The statements that may name every resource, each with its reason."""
BELOW: Final = re.compile(r"\$\{(?P<owner>\w+)\.Arn\}/[^*]+/\*")
"""`${MediaBucket.Arn}/results/*`: the one place of a star in the name of a resource of ours."""
PARAMETERS: Final = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${ProviderKeysPrefix}/*"
"""The keys of AI providers, which an operator puts below a prefix of this account's parameter store."""
MANAGED: Final = {
    "service-role/AWSLambdaBasicExecutionRole": "logs; the group's own name is in LoggingConfig",
    "AWSXrayWriteOnlyAccess": "traces, which have no resources to name",
    "AWSXRayDaemonWriteAccess": "the same under its newer name",
}
GATEWAY_ANSWERS: Final = {
    "ACCESS_DENIED": 403,
    "AUTHORIZER_FAILURE": 503,
    "INTEGRATION_FAILURE": 502,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_SIGNATURE": 404,
    "MISSING_AUTHENTICATION_TOKEN": 404,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
}
"""What this API's gateway can answer by itself, and with which status; the two defaults catch the rest."""
BUCKET_ARN: Final = "arn:${AWS::Partition}:s3:::"
PROBLEM_FIELDS: Final = {"type", "title", "detail", "code", "requestId", "fix", "message"}
DATA: Final = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret")
PROVISIONED: Final = {"face_embed": "FaceProvisionedConcurrency"}
"""The functions behind an alias that are too large to be kept ready with all others, each with its own parameter."""
LASTING: Final = {"PeopleTable": "nobody ends by time: a person goes, with all of theirs, when they are erased"}
"""The tables whose rows do not expire, each with its reason."""
KEPT: Final = ("people/", "vectors/")
"""What is below these stays in the bucket until its person is erased."""
DAY: Final = 86_400
MEGABYTES_OF_GENERATION: Final = round(generation.FUNCTION_GIGABYTES * 1024)
LAPTOP_ONLY: Final = VARIABLES["fetch_loopback"]


def rule(check: Callable[[Stack], Iterator[str]]) -> Callable[[Stack], Iterator[str]]:
    RULES[check.__name__] = check
    return check


# --- queues and mappings ---------------------------------------------------------------------------------------------


@rule
def a_queue_hides_a_message_for_six_times_its_functions_timeout(stack: Stack) -> Iterator[str]:
    for mapping, told in stack.named(MAPPING).items():
        queue = stack.named(QUEUE).get(target(told["EventSourceArn"]))
        if queue is not None:
            timeout = stack.functions[stack.reader(told)]["Timeout"]
            if queue.get("VisibilityTimeout", 30) < 6 * timeout:
                yield f"{mapping}: {queue.get('VisibilityTimeout', 30)} s of visibility for {timeout} s of work"


@rule
def a_queue_gives_up_after_five_receives(stack: Stack) -> Iterator[str]:
    for name, queue in stack.working_queues.items():
        policy = queue.get("RedrivePolicy", {})
        if policy.get("maxReceiveCount") != 5 or target(policy.get("deadLetterTargetArn")) not in stack.named(QUEUE):
            yield f"{name}: {policy}"


@rule
def a_queue_keeps_messages_for_four_days(stack: Stack) -> Iterator[str]:
    for name, queue in stack.working_queues.items():
        if queue.get("MessageRetentionPeriod") != 4 * DAY:
            yield f"{name}: {queue.get('MessageRetentionPeriod')}"


@rule
def dead_letters_are_kept_for_two_weeks(stack: Stack) -> Iterator[str]:
    for name in stack.dead_letters & set(stack.named(QUEUE)):
        if stack.named(QUEUE)[name].get("MessageRetentionPeriod") != 14 * DAY:
            yield name


@rule
def a_queue_is_polled_long(stack: Stack) -> Iterator[str]:
    for name, queue in stack.named(QUEUE).items():
        if queue.get("ReceiveMessageWaitTimeSeconds") != 20:
            yield name


@rule
def a_queue_is_encrypted(stack: Stack) -> Iterator[str]:
    for name, queue in stack.named(QUEUE).items():
        if queue.get("SqsManagedSseEnabled") is not True:
            yield name


@rule
def a_queue_has_one_reader(stack: Stack) -> Iterator[str]:
    for name in stack.named(QUEUE):
        readers, wanted = len(stack.mappings_of(name)), 0 if name in stack.dead_letters else 1
        if readers != wanted:
            yield f"{name}: {readers} mappings instead of {wanted}"


@rule
def a_mapping_reports_each_failure(stack: Stack) -> Iterator[str]:
    for name, mapping in stack.named(MAPPING).items():
        if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
            yield name


@rule
def a_mapping_is_bounded(stack: Stack) -> Iterator[str]:
    for name, mapping in stack.named(MAPPING).items():
        most = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        if most is None or not 2 <= stack.value(most) <= 1000:
            yield f"{name}: {most}"


@rule
def a_function_may_read_the_queues_of_its_mappings_and_no_other(stack: Stack) -> Iterator[str]:
    reading = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    own: dict[str, set[str]] = {}
    for mapping in stack.named(MAPPING).values():
        own.setdefault(stack.reader(mapping), set()).add(target(mapping["EventSourceArn"]))
    for name, queues in own.items():
        granted: dict[str, set[str]] = {}
        for statement in stack.statements(stack.role(name)):
            for action in several(statement["Action"]):
                granted.setdefault(action, set()).update(references(statement["Resource"]))
        if any(granted.get(action) != queues for action in reading):
            yield f"{name}: { {action: granted.get(action) for action in reading} }"


# --- the API ---------------------------------------------------------------------------------------------------------


@rule
def a_route_asks_who_is_calling(stack: Stack) -> Iterator[str]:
    for method, path, operation in stack.operations():
        if anonymous(operation) and method != "OPTIONS" and path not in PUBLIC_PATHS:
            yield f"{method} {path} is open to anybody"


@rule
def health_docs_and_preflight_are_open(stack: Stack) -> Iterator[str]:
    for method, path, operation in stack.operations():
        if not anonymous(operation) and (method == "OPTIONS" or path in PUBLIC_PATHS):
            yield f"{method} {path} asks for a key"


@rule
def every_method_of_a_path_reaches_us(stack: Stack) -> Iterator[str]:
    methods: dict[str, set[str]] = {}
    for method, path, _ in stack.operations():
        methods.setdefault(path, set()).add(method)
    for path, told in methods.items():
        if "ANY" not in told:
            yield f"{path} has {sorted(told)}: another method is answered by the gateway, and not with 405"


@rule
def a_preflight_is_answered_by_the_paths_own_function(stack: Stack) -> Iterator[str]:
    behind = {(method, path): stack.answers(operation) for method, path, operation in stack.operations()}
    for (method, path), function in behind.items():
        if method == "ANY" and path not in PUBLIC_PATHS and behind.get(("OPTIONS", path)) != function:
            yield f"OPTIONS {path} goes to {behind.get(('OPTIONS', path))}"


@rule
def every_contracted_route_reaches_its_function(stack: Stack) -> Iterator[str]:
    behind = {(method, path): stack.answers(operation) for method, path, operation in stack.operations()}
    for route in ROUTES:
        function = behind.get((route.method, route.path)) or behind.get(("ANY", route.path))
        if function is None or stack.folder(function) != route.function:
            yield f"{route.method} {route.path} goes to {function}, not to {route.function}"


@rule
def every_route_of_the_template_is_contracted(stack: Stack) -> Iterator[str]:
    contracted = {(route.method, route.path) for route in ROUTES}
    paths = {route.path for route in ROUTES}
    for method, path, _ in stack.operations():
        if path not in paths or (method not in {"ANY", "OPTIONS"} and (method, path) not in contracted):
            yield f"{method} {path}"


@rule
def the_authorizer_is_asked_each_time_and_for_any_header(stack: Stack) -> Iterator[str]:
    for name, scheme in stack.api["components"]["securitySchemes"].items():
        told = scheme["x-amazon-apigateway-authorizer"]
        if told.get("type") != "request" or told.get("authorizerResultTtlInSeconds") != 0 or "identitySource" in told:
            yield f"{name}: {told}"


@rule
def the_gateway_has_a_problem_for_whatever_it_answers(stack: Stack) -> Iterator[str]:
    answers = stack.api.get("x-amazon-apigateway-gateway-responses", {})
    for kind, status in GATEWAY_ANSWERS.items():
        if str(answers.get(kind, {}).get("statusCode")) != str(status):
            yield f"{kind} is not answered with {status}"
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        if kind not in answers:
            yield kind


@rule
def an_answer_of_the_gateway_has_the_shape_of_ours(stack: Stack) -> Iterator[str]:
    for kind, answer in stack.api.get("x-amazon-apigateway-gateway-responses", {}).items():
        templates = answer.get("responseTemplates", {})
        if set(templates) != {"application/problem+json"}:
            yield f"{kind}: {sorted(templates)}"
            continue
        body = json.loads(templates["application/problem+json"])
        status = {"status"} if "statusCode" in answer else set()
        if set(body) != PROBLEM_FIELDS | status or not all(body.values()):
            yield f"{kind}: {sorted(body)}"
        elif status and str(body["status"]) != str(answer["statusCode"]):
            yield f"{kind}: {body['status']} in the body of a {answer['statusCode']}"
        elif body["requestId"] != "$context.requestId" or body["type"].rsplit(":", 1)[1] != slug(body["code"]):
            yield f"{kind}: {body}"


def slug(code: str) -> str:
    return code.lower().replace("_", "-")


@rule
def an_answer_of_the_gateway_is_readable_by_a_browser(stack: Stack) -> Iterator[str]:
    for kind, answer in stack.api.get("x-amazon-apigateway-gateway-responses", {}).items():
        if "gatewayresponse.header.Access-Control-Allow-Origin" not in answer.get("responseParameters", {}):
            yield kind


@rule
def multipart_bodies_alone_are_binary(stack: Stack) -> Iterator[str]:
    if stack.api.get("x-amazon-apigateway-binary-media-types") != ["multipart/form-data"]:
        yield f"{stack.api.get('x-amazon-apigateway-binary-media-types')}"


@rule
def access_is_logged_without_what_a_log_must_not_hold(stack: Stack) -> Iterator[str]:
    setting = stack.stage.get("AccessLogSetting", {})
    if stack.resources.get(target(setting.get("DestinationArn")), {}).get("Type") != "AWS::Logs::LogGroup":
        yield "no log group"
        return
    for name in json.loads(setting["Format"]).values():
        if re.search(r"header|querystring|\.path$|authorizer\.(?!owner$|keyId$)", name):
            yield name


@rule
def the_stage_is_throttled_and_traced(stack: Stack) -> Iterator[str]:
    settings = stack.stage.get("MethodSettings", [])
    for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        if not any(setting["ResourcePath"] == "/*" and stack.value(setting.get(limit, 0)) > 0 for setting in settings):
            yield limit
    if stack.stage.get("TracingEnabled") is not True:
        yield "no tracing"


@rule
def a_function_answers_before_the_gateway_gives_up(stack: Stack) -> Iterator[str]:
    for name in stack.answering:
        if not stack.functions[name].get("Timeout", 3) < GATEWAY_SECONDS:
            yield f"{name}: {stack.functions[name]['Timeout']} s"


@rule
def the_api_calls_functions_through_their_alias(stack: Stack) -> Iterator[str]:
    aliased = {target(alias["FunctionName"]) for alias in stack.named("AWS::Lambda::Alias").values()}
    for name in stack.answering:
        if name not in aliased:
            yield f"{name} has no alias"
    for method, path, operation in stack.operations():
        if stack.answers(operation) in set(references(operation["x-amazon-apigateway-integration"]["uri"])):
            yield f"{method} {path}"


@rule
def a_new_layer_makes_new_versions(stack: Stack) -> Iterator[str]:
    everywhere = stack.written.get("Globals", {}).get("LayerVersion", {}).get("PublishLambdaVersion", False)
    for name, resource in stack.written["Resources"].items():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            if resource["Properties"].get("PublishLambdaVersion", everywhere) is not True:
                yield name
        elif (
            "AutoPublishAlias" in resource.get("Properties", {})
            and resource["Properties"].get("AutoPublishAliasAllProperties") is not True
        ):
            yield name


@rule
def concurrency_of_what_is_waited_for_is_a_parameter(stack: Stack) -> Iterator[str]:
    for name in stack.answering:
        if "ReservedConcurrency" not in references(stack.functions[name].get("ReservedConcurrentExecutions")):
            yield f"{name}: reserved"
    for name, alias in stack.named("AWS::Lambda::Alias").items():
        wanted = PROVISIONED.get(stack.folder(target(alias["FunctionName"])), "ProvisionedConcurrency")
        if wanted not in references(alias.get("ProvisionedConcurrencyConfig")):
            yield f"{name}: provisioned"


# --- functions -------------------------------------------------------------------------------------------------------


@rule
def a_function_has_a_readable_name_and_a_folder(stack: Stack) -> Iterator[str]:
    for name in stack.functions:
        folder = stack.folder(name)
        if not folder or f"functions/{folder}/handler.py" not in stack.files:
            yield f"{name}: {folder or 'no name'}"


@rule
def a_function_has_events(stack: Stack) -> Iterator[str]:
    for name in stack.functions:
        if not any(re.fullmatch(f"events/{stack.folder(name)}/[^/]+\\.json", file) for file in stack.files):
            yield f"{name}: no events/{stack.folder(name)}/*.json"


@rule
def a_function_has_tests(stack: Stack) -> Iterator[str]:
    for name in stack.functions:
        if stack.folder(name) not in stack.tested:
            yield f"{name}: no test names functions/{stack.folder(name)}"


@rule
def a_function_runs_the_python_that_is_built_for(stack: Stack) -> Iterator[str]:
    for name, function in stack.functions.items():
        told = (function.get("Runtime"), function.get("Handler"))
        if told != ((None, None) if function.get("PackageType") == "Image" else ("python3.13", "handler.handler")):
            yield f"{name}: {told}"
        elif function.get("Architectures") != ["x86_64"]:
            yield f"{name}: {function.get('Architectures')}"


@rule
def a_container_function_is_the_command_that_its_folder_is_named_by(stack: Stack) -> Iterator[str]:
    for name, function in stack.functions.items():
        command = function.get("ImageConfig", {}).get("Command")
        if function.get("PackageType") == "Image" and command != [f"{stack.folder(name)}.handler"]:
            yield f"{name}: {command}"


@rule
def an_image_is_built_once_for_all_its_functions(stack: Stack) -> Iterator[str]:
    built: dict[str, Any] = {}
    for name, function in stack.images.items():
        first = built.setdefault(function["Metadata"]["Dockerfile"], function["Metadata"])
        if function["Metadata"] != first:
            yield f"{name}: {function['Metadata']}"
        if function["Metadata"]["Dockerfile"] not in stack.files or function["Metadata"]["DockerContext"] != ".":
            yield f"{name}: {function['Metadata']['Dockerfile']}"


@rule
def a_zip_function_has_our_code_and_at_most_five_layers(stack: Stack) -> Iterator[str]:
    for name, function in stack.functions.items():
        layers = list(references(function.get("Layers", [])))
        if function.get("PackageType") != "Image" and not (
            any(layer.startswith("CodeLayer") for layer in layers) and len(layers) <= 5
        ):
            yield f"{name}: {layers}"


@rule
def a_function_is_traced(stack: Stack) -> Iterator[str]:
    for name, function in stack.functions.items():
        if function.get("TracingConfig", {}).get("Mode") != "Active":
            yield name


@rule
def a_function_logs_json_to_a_group_of_its_own(stack: Stack) -> Iterator[str]:
    for name, function in stack.functions.items():
        config = function.get("LoggingConfig", {})
        group = stack.named("AWS::Logs::LogGroup").get(target(config.get("LogGroup")), {})
        own = f"/aws/lambda/${{AWS::StackName}}-{stack.folder(name)}"
        if group.get("LogGroupName", {}).get("Fn::Sub") != own:
            yield f"{name}: {group.get('LogGroupName')}"
        elif (config.get("LogFormat"), config.get("SystemLogLevel")) != ("JSON", "INFO"):
            yield f"{name}: its memory could not be read from {config}"


@rule
def a_log_is_not_kept_for_ever(stack: Stack) -> Iterator[str]:
    for name, group in stack.named("AWS::Logs::LogGroup").items():
        if not 1 <= stack.value(group.get("RetentionInDays", 0)) <= 400:
            yield name


@rule
def an_environment_names_settings_only(stack: Stack) -> Iterator[str]:
    for name in stack.functions:
        for variable in sorted(set(stack.environment(name)) - set(VARIABLES.values())):
            yield f"{name}: {variable} is not in settings.py"


@rule
def no_deployed_function_fetches_from_its_own_machine(stack: Stack) -> Iterator[str]:
    for name in stack.functions:
        if LAPTOP_ONLY in stack.environment(name):
            yield f"{name}: {LAPTOP_ONLY}"
    if re.fullmatch(stack.translated["Parameters"]["Stage"].get("AllowedPattern", ".*"), LOCAL_STAGE):
        yield f"a deployment may call its stage {LOCAL_STAGE}"


@rule
def an_environment_holds_no_secret(stack: Stack) -> Iterator[str]:
    for name in stack.functions:
        for variable, told in stack.environment(name).items():
            literal = told if isinstance(told, str) else ""
            if (
                re.search(r"PASSWORD|TOKEN|API_KEY|SECRET(?!_ID$)", variable)
                or re.search(r"[A-Za-z0-9+/_=-]{20,}", literal)
                or "resolve:" in json.dumps(told)
            ):
                yield f"{name}: {variable}"


@rule
def the_price_of_detection_is_of_its_real_memory(stack: Stack) -> Iterator[str]:
    for name, function in stack.functions.items():
        if stack.folder(name) == "detect" and function.get("MemorySize") != FUNCTION_GIGABYTES * 1024:
            yield f"{name}: {function.get('MemorySize')} MB"


@rule
def the_price_of_generation_is_of_its_real_memory(stack: Stack) -> Iterator[str]:
    for name, function in stack.functions.items():
        if stack.folder(name) in {"worker", "doodle"} and function.get("MemorySize", 0) != MEGABYTES_OF_GENERATION:
            yield f"{name}: {function.get('MemorySize')} MB"


@rule
def the_price_of_faces_is_of_the_real_memory_of_who_finds_and_who_enrols_them(stack: Stack) -> Iterator[str]:
    wanted = {"face_embed": faces.FUNCTION_GIGABYTES * 1024, "index": people.FUNCTION_GIGABYTES * 1024}
    for name, function in stack.functions.items():
        megabytes = stack.value(function.get("MemorySize"))
        if megabytes != wanted.get(stack.folder(name), megabytes):
            yield f"{name}: {megabytes} MB"


@rule
def the_sweeper_runs_each_minute_and_the_index_is_tidied_each_hour(stack: Stack) -> Iterator[str]:
    schedules = {
        stack.folder(target(aim["Arn"])): rule["ScheduleExpression"]
        for rule in stack.named("AWS::Events::Rule").values()
        for aim in rule["Targets"]
    }
    if schedules != {"sweeper": "rate(1 minute)", "index": "rate(1 hour)"}:
        yield f"{schedules}"


# --- permissions -----------------------------------------------------------------------------------------------------


@rule
def a_function_has_a_role_of_its_own(stack: Stack) -> Iterator[str]:
    roles = [stack.role(name) for name in stack.functions]
    for name in stack.functions:
        if roles.count(stack.role(name)) != 1 or stack.role(name) not in stack.named(ROLE):
            yield f"{name}: {stack.role(name)}"


@rule
def no_statement_has_a_star_among_its_actions(stack: Stack) -> Iterator[str]:
    for role in stack.named(ROLE):
        for statement in stack.statements(role):
            if any("*" in action for action in several(statement["Action"])):
                yield f"{role} {statement.get('Sid')}: {statement['Action']}"


@rule
def a_star_stands_below_a_part_of_a_resource_of_ours(stack: Stack) -> Iterator[str]:
    for role in stack.named(ROLE):
        for statement in stack.statements(role):
            for resource in several(statement["Resource"]):
                if "*" not in json.dumps(resource) or (resource == "*" and statement.get("Sid") in STARS):
                    continue
                named = resource.get("Fn::Sub") if isinstance(resource, dict) else None
                below = BELOW.fullmatch(named) if isinstance(named, str) else None
                if named != PARAMETERS and (below is None or below["owner"] not in stack.resources):
                    yield f"{role} {statement.get('Sid')}: {resource}"


@rule
def a_statement_has_a_name_within_its_role(stack: Stack) -> Iterator[str]:
    for role in {stack.role(name) for name in stack.functions} & set(stack.named(ROLE)):
        names = [statement.get("Sid") for statement in stack.statements(role)]
        if None in names or len(set(names)) != len(names):
            yield f"{role}: {names}"


@rule
def no_managed_policy_gives_more_than_logs_and_traces(stack: Stack) -> Iterator[str]:
    for role in {stack.role(name) for name in stack.functions} & set(stack.named(ROLE)):
        for policy in stack.named(ROLE)[role].get("ManagedPolicyArns", []):
            if str(policy).split(":policy/")[-1] not in MANAGED:
                yield f"{role}: {policy}"


# --- what is stored --------------------------------------------------------------------------------------------------


@rule
def a_bucket_is_encrypted(stack: Stack) -> Iterator[str]:
    for name, bucket in stack.named("AWS::S3::Bucket").items():
        rules = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        if not any(rule.get("ServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules):
            yield name


@rule
def a_bucket_is_closed_to_the_public(stack: Stack) -> Iterator[str]:
    closed = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
    for name, bucket in stack.named("AWS::S3::Bucket").items():
        block = bucket.get("PublicAccessBlockConfiguration", {})
        if {setting for setting, on in block.items() if on is True} != closed:
            yield name


@rule
def a_bucket_speaks_tls_only(stack: Stack) -> Iterator[str]:
    policies = {
        target(policy["Bucket"]): policy["PolicyDocument"]["Statement"]
        for policy in stack.named("AWS::S3::BucketPolicy").values()
    }
    for name in stack.named("AWS::S3::Bucket"):
        if not any(
            statement["Effect"] == "Deny"
            and statement["Principal"] == "*"
            and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
            for statement in policies.get(name, [])
        ):
            yield name


@rule
def what_is_left_in_a_bucket_goes_after_a_week(stack: Stack) -> Iterator[str]:
    for name, bucket in stack.named("AWS::S3::Bucket").items():
        rules = [r for r in bucket.get("LifecycleConfiguration", {}).get("Rules", []) if r["Status"] == "Enabled"]
        for prefix in (*(f"{purpose.prefix}/" for purpose in Purpose), "results/"):
            if not any(rule.get("Prefix") == prefix and rule.get("ExpirationInDays") == 7 for rule in rules):
                yield f"{name}: {prefix}"
        if not any("AbortIncompleteMultipartUpload" in rule and "Prefix" not in rule for rule in rules):
            yield f"{name}: multiparts"


@rule
def what_belongs_to_a_person_does_not_expire(stack: Stack) -> Iterator[str]:
    for name, bucket in stack.named("AWS::S3::Bucket").items():
        for told in bucket.get("LifecycleConfiguration", {}).get("Rules", []):
            expires = {key for key in told if key.startswith(("Expiration", "Noncurrent"))}
            prefix = told.get("Prefix", "")
            if expires and any(kept.startswith(prefix) or prefix.startswith(kept) for kept in KEPT):
                yield f"{name}: {told['Id']}"


@rule
def a_queue_that_a_bucket_tells_takes_from_that_bucket_alone(stack: Stack) -> Iterator[str]:
    policies = {
        target(queue): (policy, told["PolicyDocument"]["Statement"])
        for policy, told in stack.named("AWS::SQS::QueuePolicy").items()
        for queue in told["Queues"]
    }
    for name, bucket in stack.named("AWS::S3::Bucket").items():
        for told in bucket.get("NotificationConfiguration", {}).get("QueueConfigurations", []):
            queue = target(told["Queue"])
            policy, statements = policies.get(queue, ("", []))
            wanted = {
                "ArnEquals": {
                    "aws:SourceArn": {"Fn::Sub": BUCKET_ARN + bucket.get("BucketName", {}).get("Fn::Sub", "")}
                },
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            }
            if [statement.get("Condition") for statement in statements] != [wanted]:
                yield f"{name} {queue}: {statements}"
            # S3 asks the queue when it is told of it; a policy that named the bucket by reference would wait for it.
            if policy not in several(stack.resources[name].get("DependsOn", [])):
                yield f"{name} may be made before {policy}"


@rule
def a_bucket_takes_uploads_from_configured_origins(stack: Stack) -> Iterator[str]:
    for name, bucket in stack.named("AWS::S3::Bucket").items():
        for cors in bucket.get("CorsConfiguration", {}).get("CorsRules", [{}]):
            if set(cors.get("AllowedMethods", [])) != {"PUT", "POST", "GET"}:
                yield f"{name}: {cors.get('AllowedMethods')}"
            if cors.get("AllowedOrigins") != {"Ref": "AllowedOrigins"}:
                yield f"{name}: {cors.get('AllowedOrigins')}"
            if cors.get("AllowedHeaders") != ["*"] or "ETag" not in cors.get("ExposedHeaders", []):
                yield f"{name}: {cors.get('AllowedHeaders')} in, {cors.get('ExposedHeaders')} out"


@rule
def a_bucket_has_a_fixed_name(stack: Stack) -> Iterator[str]:
    for name, bucket in stack.named("AWS::S3::Bucket").items():
        parts = set(references(bucket.get("BucketName", {})))
        if not {"AWS::StackName", "AWS::AccountId", "AWS::Region"} <= parts or parts & set(stack.resources):
            yield f"{name}: {bucket.get('BucketName')}"


@rule
def no_function_writes_where_a_write_starts_one(stack: Stack) -> Iterator[str]:
    starting = [
        next((part["Value"] for part in told["Filter"]["S3Key"]["Rules"] if part["Name"] == "prefix"), "")
        if "Filter" in told
        else ""
        for bucket in stack.named("AWS::S3::Bucket").values()
        for kinds in [bucket.get("NotificationConfiguration", {})]
        for kind in ("QueueConfigurations", "LambdaConfigurations", "TopicConfigurations")
        for told in kinds.get(kind, [])
    ]
    for name in stack.functions:
        if stack.folder(name) == "presign":  # it signs what clients write
            continue
        for statement in stack.statements(stack.role(name)) if stack.role(name) in stack.named(ROLE) else []:
            if "s3:PutObject" in several(statement["Action"]):
                for resource in several(statement["Resource"]):
                    prefix = str(resource.get("Fn::Sub", "")).partition("/")[2].rstrip("*")
                    if any(prefix.startswith(start) or start.startswith(prefix) for start in starting):
                        yield f"{name} writes {prefix}, which starts a function"


@rule
def rows_of_a_table_expire(stack: Stack) -> Iterator[str]:
    for name, table in stack.named("AWS::DynamoDB::Table").items():
        wanted = None if name in LASTING else {"AttributeName": "expires_at", "Enabled": True}
        if table.get("TimeToLiveSpecification") != wanted:
            yield name


@rule
def a_table_can_be_put_back_to_any_second(stack: Stack) -> Iterator[str]:
    for name, table in stack.named("AWS::DynamoDB::Table").items():
        if table.get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
            yield name


@rule
def a_table_costs_nothing_while_idle(stack: Stack) -> Iterator[str]:
    for name, table in stack.named("AWS::DynamoDB::Table").items():
        if table.get("BillingMode") != "PAY_PER_REQUEST":
            yield name


@rule
def data_outlives_the_stack(stack: Stack) -> Iterator[str]:
    for name, resource in stack.resources.items():
        if resource["Type"] in DATA:
            if resource.get("DeletionPolicy") != "RetainExceptOnCreate":
                yield f"{name} on deletion"
            if resource.get("UpdateReplacePolicy") != "Retain":
                yield f"{name} on replacement"


@rule
def a_secret_is_generated(stack: Stack) -> Iterator[str]:
    for name, secret in stack.named("AWS::SecretsManager::Secret").items():
        if "SecretString" in secret or secret.get("GenerateSecretString", {}).get("PasswordLength", 32) < 64:
            yield name


# --- what is watched -------------------------------------------------------------------------------------------------


def _alarms(stack: Stack, namespace: str, metric: str, dimension: str) -> dict[str, dict[str, Any]]:
    """The alarms on a metric by the resource that their dimension names."""
    return {
        target(told["Value"]): alarm
        for alarm in stack.named(ALARM).values()
        if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric)
        for told in alarm.get("Dimensions", [])
        if told["Name"] == dimension
    }


@rule
def dead_letters_raise_an_alarm(stack: Stack) -> Iterator[str]:
    alarms = _alarms(stack, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName")
    for name in stack.dead_letters & set(stack.named(QUEUE)):
        if alarms.get(name, {}).get("Threshold") != 0:
            yield name


@rule
def messages_that_wait_raise_an_alarm(stack: Stack) -> Iterator[str]:
    alarms = _alarms(stack, "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName")
    for name in stack.working_queues:
        if name not in alarms:
            yield name


@rule
def failures_of_a_function_raise_an_alarm(stack: Stack) -> Iterator[str]:
    rates = _alarms(stack, "AWS/Lambda", "Errors", "FunctionName")
    own = _alarms(stack, "Darkroom", "UnhandledErrors", "function")
    for name in stack.functions:
        # To Lambda a refusal is an error of the authorizer, so only its own count means anything.
        alarm = own.get(name) if name == stack.authorizer else rates.get(name)
        if alarm is None or (name in rates and alarm["Statistic"] != "Average") or not alarm["Threshold"] <= 0.01:
            yield name


@rule
def a_function_near_its_timeout_raises_an_alarm(stack: Stack) -> Iterator[str]:
    alarms = _alarms(stack, "AWS/Lambda", "Duration", "FunctionName")
    for name, function in stack.functions.items():
        limit = function["Timeout"] * 1000
        if not 0.9 * limit <= alarms.get(name, {}).get("Threshold", 0) < limit:
            yield f"{name}: {alarms.get(name, {}).get('Threshold')} of {limit} ms"


@rule
def a_function_near_its_memory_raises_an_alarm(stack: Stack) -> Iterator[str]:
    limits = {alarm["MetricName"]: alarm["Threshold"] for alarm in stack.named(ALARM).values() if "MetricName" in alarm}
    shares = _shares(stack)
    measured = {
        target(told["LogGroupName"]): change["MetricName"]
        for told in stack.named("AWS::Logs::MetricFilter").values()
        for change in told["MetricTransformations"]
        if told["FilterPattern"] == '{ $.type = "platform.report" }'
        and change["MetricValue"] == "$.record.metrics.maxMemoryUsedMB"
    }
    for name, function in stack.functions.items():
        metric = measured.get(target(function.get("LoggingConfig", {}).get("LogGroup")), "")
        if isinstance(function["MemorySize"], dict):
            if not 80 <= shares.get((metric, target(function["MemorySize"])), 0) < 100:
                yield f"{name}: {shares}"
        elif not 0.8 * function["MemorySize"] <= limits.get(metric, 0) < function["MemorySize"]:
            yield f"{name}: {limits.get(metric)} of {function['MemorySize']} MB"


def _shares(stack: Stack) -> dict[tuple[str, str], float]:
    """The thresholds, in percent, of the alarms on a share: by the metric and the parameter that it is a share of."""
    found = {}
    for alarm in stack.named(ALARM).values():
        metrics = {told["Id"]: told for told in alarm.get("Metrics", [])}
        expression = metrics.get("share", {}).get("Expression", {}).get("Fn::Sub", "")
        if match := re.fullmatch(r"100 \* (\w+) / \$\{(\w+)\}", expression):
            measured = metrics[match[1]]["MetricStat"]["Metric"]["MetricName"]
            found[measured, match[2]] = alarm["Threshold"]
    return found


@rule
def failures_cost_and_silence_raise_an_alarm(stack: Stack) -> Iterator[str]:
    watched = {
        f"{alarm['Namespace']} {alarm['MetricName']}": alarm
        for alarm in stack.named(ALARM).values()
        if "MetricName" in alarm
    }
    silence = watched.get("AWS/Lambda Invocations", {})
    yield from {"AWS/ApiGateway 5XXError", "Darkroom JobCost", "AWS/Lambda Invocations"} - set(watched)
    if silence and silence.get("TreatMissingData") != "breaching":
        yield "a sweeper that never runs is no silence"


@rule
def an_alarm_tells_somebody(stack: Stack) -> Iterator[str]:
    topics = set(stack.named("AWS::SNS::Topic"))
    for name, alarm in stack.named(ALARM).items():
        if not set(references(alarm.get("AlarmActions", []))) & topics:
            yield name


@rule
def the_dashboard_shows_every_function_and_queue(stack: Stack) -> Iterator[str]:
    (dashboard,) = stack.named("AWS::CloudWatch::Dashboard").values()
    shown = set(references(dashboard["DashboardBody"]))
    json.loads(dashboard["DashboardBody"]["Fn::Sub"])
    yield from {*stack.functions, *stack.named(QUEUE)} - shown


# --- what is told ----------------------------------------------------------------------------------------------------


@rule
def a_parameter_has_a_default(stack: Stack) -> Iterator[str]:
    for name, parameter in stack.translated["Parameters"].items():
        if "Default" not in parameter:
            yield name


@rule
def outputs_tell_what_a_client_needs(stack: Stack) -> Iterator[str]:
    yield from {"ApiUrl", "QueueUrl", "QueueArn", "TableName", "BucketName"} - set(stack.translated["Outputs"])


@rule
def outputs_tell_every_functions_name(stack: Stack) -> Iterator[str]:
    told = {target(output["Value"]) for output in stack.translated["Outputs"].values()}
    yield from set(stack.functions) - told
