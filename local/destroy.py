"""`make destroy STAGE=...`: the stack, and what it leaves when it goes: every version of every object, every table.

The template retains its buckets and tables, so that no mistake with a stack takes the data along. Here that is meant,
so a name has to be typed first; and the stack goes first, so that nothing writes any more when the rest is emptied.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from local.deploy import region, stack_name, stage_parser
from local.stack import StackError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

BUCKET = "AWS::S3::Bucket"
TABLE = "AWS::DynamoDB::Table"
DELETED_AT_ONCE = 1_000


def main(arguments: list[str], ask: Callable[[str], str] = input) -> int:
    options = stage_parser("make destroy").parse_args(arguments)
    name = stack_name(options.stage)
    cloudformation = boto3.client("cloudformation", region_name=region())
    buckets, tables = holdings(cloudformation, name)
    print(f"This ends the stack {name} in {region()} for good, with all that these hold:")
    print("\n".join(f"  {one}" for one in (*buckets, *tables)))
    try:
        typed = ask(f"Type {name} to go on: ")
    except EOFError:
        typed = ""
    if typed.strip() != name:
        raise StackError("Nothing was deleted", fix=f"Type the stack's name, {name}, when asked.")
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name)
    s3 = boto3.client("s3", region_name=region())
    for bucket in buckets:
        print(f"Deleted {bucket} with {delete_bucket(s3, bucket)} versions of objects")
    dynamodb = boto3.client("dynamodb", region_name=region())
    for table in tables:
        delete_table(dynamodb, table)
        print(f"Deleted {table}")
    print(f"{name} is gone.")
    return 0


def holdings(cloudformation: CloudFormationClient, name: str) -> tuple[list[str], list[str]]:
    """Buckets and tables of the stack. Raises StackError where there is no such stack."""
    try:
        cloudformation.describe_stacks(StackName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise StackError(
            f"There is no stack {name} in {region()}", fix="Check STAGE, AWS_REGION, AWS_PROFILE."
        ) from None
    found: dict[str, list[str]] = {BUCKET: [], TABLE: []}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name):
        for resource in page["StackResourceSummaries"]:
            found.setdefault(resource["ResourceType"], []).append(resource.get("PhysicalResourceId", ""))
    return found[BUCKET], found[TABLE]


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
