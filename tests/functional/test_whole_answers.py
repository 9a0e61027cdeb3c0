"""An answer of AWS that broke off or was damaged is passing trouble, never an answer with nothing in it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session
from darkroom.adapters.aws.calls import is_transient
from darkroom.adapters.aws.clients import config, demanding_whole_answers
from darkroom.adapters.aws.keys import DynamoKeyStore
from darkroom.adapters.aws.objects import S3ObjectStore
from darkroom.adapters.aws.queues import SqsQueue
from darkroom.errors import TransientError

from tests.stub_web import response, serve

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

COUNT = b'{"Attributes": {"ApproximateNumberOfMessages": "3"}}'
NO_ROW = b"{}"


def client_of(service: str, port: int) -> Any:
    once = Config(retries={"mode": "standard", "total_max_attempts": 1}, s3={"addressing_style": "path"})
    return demanding_whole_answers(
        get_session().create_client(
            service,
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config(service).merge(once),
        )
    )


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def play(connection: socket.socket) -> None:
        connection.settimeout(5)
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        connection.sendall(answer)

    return play


def chunked(body: bytes, **headers: str) -> bytes:
    head = response(200, b"", content_length="0", **headers).replace(
        b"content-length: 0", b"transfer-encoding: chunked"
    )
    return head + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"


def waiting(port: int) -> int:
    return SqsQueue(client_of("sqs", port), f"http://127.0.0.1:{port}/1/queue").waiting()


def key(port: int) -> object:
    return DynamoKeyStore(client_of("dynamodb", port), "keys").get("0" * 64)


def listed(port: int) -> list[str]:
    return list(S3ObjectStore(client_of("s3", port), "media").list("results/"))


def read(port: int) -> bytes:
    return S3ObjectStore(client_of("s3", port), "media").read("results/a", limit=100)


LISTING = (
    b"<ListBucketResult><Contents><Key>results/a</Key></Contents><IsTruncated>false</IsTruncated></ListBucketResult>"
)


def crc32(body: bytes) -> str:
    return str(zlib.crc32(body))


@pytest.mark.parametrize(
    ("ask", "answer", "expected"),
    [
        (waiting, response(body=COUNT), 3),
        (waiting, chunked(COUNT), 3),
        (key, response(body=NO_ROW, x_amz_crc32=crc32(NO_ROW)), None),
        (key, response(body=NO_ROW), None),
        (listed, response(body=LISTING), ["results/a"]),
        (read, response(body=b"abc"), b"abc"),
    ],
    ids=["count", "count in chunks", "no row", "no row and no checksum", "list", "object"],
)
def test_a_whole_answer_is_taken(ask: Callable[[int], object], answer: bytes, expected: object) -> None:
    with serve(answering(answer)) as port:
        assert ask(port) == expected


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (waiting, response(body=COUNT)[:-20]),
        (waiting, response(body=COUNT)[: -len(COUNT)]),
        (waiting, chunked(COUNT[:-20])),
        (waiting, response(body=COUNT.replace(b"3", b"\xff"))),
        (key, response(body=b"", x_amz_crc32=crc32(NO_ROW))),
        (key, response(body=b'{"Item":', x_amz_crc32=crc32(NO_ROW))),
        (key, response(body=NO_ROW, content_length="99", x_amz_crc32=crc32(NO_ROW))),
        (key, response(body=b"{ }", x_amz_crc32=crc32(NO_ROW))),
        (key, response(body=b"\xff\xfe", x_amz_crc32=crc32(NO_ROW))),
        (key, response(400, b"", x_amz_crc32=crc32(b'{"__type": "ConditionalCheckFailedException"}'))),
        (listed, response(body=LISTING)[:-30]),
        (listed, chunked(LISTING[:-30])),
        (read, response(body=b"abc", content_length="4")),
    ],
    ids=[
        "count cut off",
        "count cut off before it begins",
        "count cut off in chunks",
        "count damaged",
        "row empty",
        "row cut off",
        "row short",
        "row changed",
        "row damaged",
        "refusal empty",
        "list cut off",
        "list cut off in chunks",
        "object cut off",
    ],
)
def test_a_broken_one_is_passing_trouble(ask: Callable[[int], object], answer: bytes) -> None:
    with serve(answering(answer)) as port, pytest.raises(TransientError):
        ask(port)


@pytest.mark.parametrize("code", ["RequestThrottled", "AWS.SimpleQueueService.RequestThrottled"])
def test_sqs_throttles_under_two_names(code: str) -> None:
    assert is_transient(ClientError({"Error": {"Code": code, "Message": ""}}, "SendMessage"))
    assert not is_transient(ClientError({"Error": {"Code": "AWS.SimpleQueueService.Other"}}, "SendMessage"))
