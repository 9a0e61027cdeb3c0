"""`make destroy STAGE=...`: the stack, and what it leaves when it goes: every version of every object, every table,
the secret, the repository of its image.

The template retains its data, so that no mistake with a stack takes it along. Here that is meant, so a name has to be
typed first; and the stack goes first, so that nothing writes any more when the rest is emptied. What is left is found
by the names that the template gives, so a run that was interrupted is finished by the next.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import WaiterError

from local import overlay
from local.deploy import region, stack_name, stage_parser
from local.stack import ROOT, StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

BUCKET: Final = "AWS::S3::Bucket"
TABLE: Final = "AWS::DynamoDB::Table"
SECRET: Final = "AWS::SecretsManager::Secret"  # noqa: S105  the name of a type
NAMED_BY: Final = {BUCKET: "BucketName", TABLE: "TableName", SECRET: "Description"}
"""What tells a retained resource of ours. The secret has no name of its own: one being deleted blocks it for weeks."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What there is to delete of a stage: its stacks (its own first), buckets, tables, secrets by their ARN."""

    stacks: tuple[str, ...]
    buckets: tuple[str, ...]
    tables: tuple[str, ...]
    secrets: tuple[str, ...]

    def __bool__(self) -> bool:
        return any((self.stacks, self.buckets, self.tables, self.secrets))


def client(service: str) -> Any:
    return boto3.client(service, region_name=region())  # type: ignore[call-overload]


def main(arguments: list[str], ask: Callable[[str], str] = input) -> int:
    options = stage_parser("make destroy").parse_args(arguments)
    name = stack_name(options.stage)
    held = holdings(name)
    if not held:
        raise StackError(f"There is no stack {name} in {region()}", fix="Check STAGE, AWS_REGION, AWS_PROFILE.")
    print(f"This ends {name} in {region()} for good:")
    print("\n".join(f"  {one}" for one in (*held.stacks, *held.buckets, *held.tables, *held.secrets)))
    try:
        typed = ask(f"Type {name} to go on: ")
    except EOFError:
        typed = ""
    if typed.strip() != name:
        raise StackError("Nothing was deleted", fix=f"Type the stack's name, {name}, when asked.")
    for stack in held.stacks:
        delete_stack(stack)
        print(f"Deleted the stack {stack}")
    for bucket in held.buckets:
        print(f"Deleted {bucket} with {delete_bucket(client('s3'), bucket)} versions of objects")
    for table in held.tables:
        delete_table(client("dynamodb"), table)
        print(f"Deleted {table}")
    for secret in held.secrets:
        client("secretsmanager").delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
        print(f"Deleted {secret}")
    print(f"{name} is gone.")
    return 0


def holdings(name: str) -> Holdings:
    """What AWS has of the names that the template gives to what it retains, and the stack's own stacks."""
    named = retained(name, str(client("sts").get_caller_identity()["Account"]))
    secrets = client("secretsmanager").get_paginator("list_secrets").paginate()
    return Holdings(
        stacks=tuple(stacks_of(name)),
        buckets=tuple(one["Name"] for one in client("s3").list_buckets()["Buckets"] if one["Name"] in named[BUCKET]),
        tables=tuple(
            table
            for page in client("dynamodb").get_paginator("list_tables").paginate()
            for table in page["TableNames"]
            if table in named[TABLE]
        ),
        secrets=tuple(
            one["ARN"] for page in secrets for one in page["SecretList"] if one.get("Description") in named[SECRET]
        ),
    )


def retained(name: str, account: str) -> dict[str, set[str]]:
    """What the template names its retained buckets, tables and secrets in a stack of that name."""
    known = {"AWS::StackName": name, "AWS::AccountId": account, "AWS::Region": region()}
    found: dict[str, set[str]] = {kind: set() for kind in NAMED_BY}
    for resource in overlay.load(ROOT / "template.yaml")["Resources"].values():
        if resource["Type"] in NAMED_BY and resource.get("DeletionPolicy", "").startswith("Retain"):
            text = resource["Properties"][NAMED_BY[resource["Type"]]]["Fn::Sub"]
            for variable, value in known.items():
                text = text.replace("${" + variable + "}", value)
            found[resource["Type"]].add(text)
    return found


def stacks_of(name: str) -> Iterator[str]:
    """The stack, and the one that SAM made beside it for the image's repository."""
    for page in client("cloudformation").get_paginator("list_stacks").paginate():
        for stack in page["StackSummaries"]:
            companion = stack["StackName"].startswith(f"{name}-") and stack["StackName"].endswith("-CompanionStack")
            if stack["StackStatus"] != "DELETE_COMPLETE" and (stack["StackName"] == name or companion):
                yield stack["StackName"]


def delete_stack(name: str) -> None:
    """Raises StackError with CloudFormation's reasons where it cannot."""
    cloudformation = client("cloudformation")
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name):
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::ECR::Repository" and resource["ResourceStatus"] != "DELETE_COMPLETE":
                # CloudFormation does not delete a repository that holds an image.
                client("ecr").delete_repository(repositoryName=resource["PhysicalResourceId"], force=True)
    cloudformation.delete_stack(StackName=name)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name)
    except WaiterError as error:
        told = cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("StackStatusReason", str(error))
        raise StackError(
            f"The stack {name} could not be deleted: {told}", fix="Mend what it names, then run this again."
        ) from error


def delete_bucket(s3: S3Client, bucket: str) -> int:
    """Delete every version, delete marker and unfinished upload, then the bucket; how many versions and markers."""
    gone = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        held = itertools.chain(page.get("Versions", ()), page.get("DeleteMarkers", ()))
        doomed: list[ObjectIdentifierTypeDef] = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in held]
        if doomed:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
            for refused in answer.get("Errors", ()):
                raise StackError(
                    f"{bucket} keeps {refused.get('Key')}: {refused.get('Message')}",
                    fix="Lift what protects the object (a lock, a policy), then delete the bucket by hand.",
                )
            gone += len(doomed)
    for uploads in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in uploads.get("Uploads", ()):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    s3.delete_bucket(Bucket=bucket)
    return gone


def delete_table(dynamodb: DynamoDBClient, table: str) -> None:
    if dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        dynamodb.get_waiter("table_exists").wait(TableName=table)
    dynamodb.delete_table(TableName=table)
