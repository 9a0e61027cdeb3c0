"""OpenAI, Gemini and Replicate as one HTTP server on loopback, in a process of its own: `with providers() as stub`.

What it answers to a key is that key's script: names of scenarios, one a call that would be charged, the last of which
stays. It logs every request, so what a client really sent, and how often, is what a test counts.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import socket
import struct
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
HUGE = 200 * 1024 * 1024
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20" onload="steal()"><script>steal()</script>'
    '<image href="http://169.254.169.254/"/><circle cx="20" cy="10" r="5" fill="#123456" onclick="steal()"/></svg>'
)
READING = {
    "labels": [{"name": "cat", "confidence": 0.5}, {"name": "tree", "confidence": 0.9}],
    "caption": "A cat under a tree",
    "text": "",
}


# --- the client's side -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Providers:
    """The server that runs. `base_url` by provider is what its SDK takes."""

    port: int

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def base_url(self, provider: str) -> str:
        return f"{self.root}/openai/v1" if provider == "openai" else f"{self.root}/{provider}"

    def key(self, *script: str, delay: float = 0.0) -> str:
        """A new key, and what is answered to it; each answer takes `delay` seconds."""
        key = f"sk-stub{uuid.uuid4().hex}"
        self._control(key, {"script": list(script) or ["ok"], "delay": delay})
        return key

    def requests(self, key: str) -> list[dict[str, Any]]:
        """All that came with this key: method, path, headers in lower case, body as text."""
        found: list[dict[str, Any]] = self._control(key)
        return found

    def calls(self, key: str) -> list[dict[str, Any]]:
        """Of those, the ones that a provider charges for."""
        return [each for each in self.requests(key) if each["charged"]]

    def bodies(self, key: str) -> list[dict[str, Any]]:
        return [json.loads(call["body"]) for call in self.calls(key)]

    def _control(self, key: str, told: dict[str, Any] | None = None) -> Any:
        data = None if told is None else json.dumps(told).encode()
        with urlopen(Request(f"{self.root}/_stub/{key}", data=data), timeout=10) as answer:
            return json.load(answer)


@contextmanager
def providers() -> Iterator[Providers]:
    command = [sys.executable, str(Path(__file__).resolve())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Providers(int(process.stdout.readline()))
        finally:
            process.kill()


# --- the server's side -----------------------------------------------------------------------------------------------


class State:
    def __init__(self) -> None:
        self.lock = Lock()
        self.scripts: dict[str, list[str]] = {}
        self.delays: dict[str, float] = {}
        self.log: dict[str, list[dict[str, Any]]] = {}
        self.predictions: dict[str, dict[str, Any]] = {}

    def next(self, key: str) -> str:
        with self.lock:
            script = self.scripts.get(key, ["401"])
            return script.pop(0) if len(script) > 1 else script[0]


STATE = State()


@cache
def picture(size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", size, (90, 120, 60, 255)).save(buffer, "PNG")
    return buffer.getvalue()


@cache
def photo(size: tuple[int, int]) -> bytes:
    """As hard to pack as a photograph: a gradient with noise in each colour."""
    gradient = Image.linear_gradient("L").resize(size)
    bands = [Image.blend(gradient, Image.effect_noise(size, 12), 0.3) for _ in range(3)]
    buffer = io.BytesIO()
    Image.merge("RGB", bands).save(buffer, "PNG")
    return buffer.getvalue()


def gif(size: tuple[int, int], frames: int) -> bytes:
    pages = [Image.new("RGB", size, (place * 9 % 256, 0, 0)) for place in range(frames)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "GIF", save_all=True, append_images=pages[1:], duration=100, loop=0)
    return buffer.getvalue()


def drawn_by(scenario: str) -> Callable[[tuple[int, int]], bytes]:
    return photo if scenario == "photo" else picture


def spoilt(scenario: str, data: bytes) -> str:
    """The picture in base64, as this scenario has it."""
    text = base64.b64encode(data).decode()
    match scenario:
        case "truncated":
            return text[: len(text) // 2 // 4 * 4 - 1]
        case "half":
            return base64.b64encode(data[: len(data) // 2]).decode()
        case "wrong-type":
            return base64.b64encode(b"This is a poem, and no picture at all. " * 20).decode()
        case "bomb":
            return base64.b64encode(bomb()).decode()
        case _:
            return text


@cache
def bomb() -> bytes:
    """A PNG of few bytes and 400 megapixels."""
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _handle(self, body: bytes) -> None:
        if self.path.startswith("/_stub/"):
            self._told(self.path.rpartition("/")[2], body)
        elif self.path.startswith("/files/"):
            self._file()
        else:
            self._provider(body)

    def _told(self, key: str, body: bytes) -> None:
        if body:
            told = json.loads(body)
            STATE.scripts[key], STATE.delays[key] = told["script"], told["delay"]
        self._json(200, STATE.log.get(key, []))

    def _file(self) -> None:
        name = self.path.rpartition("/")[2]
        if name == "huge":
            self._stream({"Content-Type": "image/png", "Content-Length": str(HUGE)}, HUGE)
        elif name == "gone":
            self._json(404, {})
        else:
            self._send(200, photo((1024, 1024)) if name == "photo" else picture((64, 64)), "image/png")

    def _provider(self, body: bytes) -> None:
        key = self.headers.get("x-goog-api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        charged = self.command == "POST" and not self.path.endswith("/cancel")
        with STATE.lock:
            STATE.log.setdefault(key, []).append(
                {
                    "method": self.command,
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": body.decode("utf-8", "replace"),
                    "charged": charged,
                }
            )
        if not charged:
            self._prediction()
            return
        time.sleep(STATE.delays.get(key, 0))
        scenario = STATE.next(key)
        if not self._trouble(scenario, key):
            provider = self.path.split("/")[1]
            self._answer(provider, scenario, body)

    # --- trouble of every provider -----------------------------------------------------------------------------------

    def _trouble(self, scenario: str, key: str) -> bool:  # noqa: PLR0912 - a table
        """Answer, where it is trouble that has nothing to do with pictures."""
        provider = self.path.split("/")[1]
        name, _, after = scenario.partition(":")
        headers = {"Retry-After": after} if after else {}
        match name:
            case "400" | "401" | "402" | "403" | "404" | "429" | "500" | "503":
                self._json(int(name), refusal(provider, int(name), key), headers)
            case "moderated":
                self._json(422 if provider == "replicate" else 400, refusal(provider, 403, key))
            case "no-quota":
                self._json(
                    429, {"error": {"message": "Pay", "type": "insufficient_quota", "code": "insufficient_quota"}}
                )
            case "invalid-key":
                self._json(400, google(400, {"@type": "ErrorInfo", "reason": "API_KEY_INVALID"}))
            case "retry-info":
                self._json(429, google(429, {"@type": "RetryInfo", "retryDelay": "2.5s"}))
            case "timeout":
                self.connection.settimeout(20)
                self.connection.recv(1)  # returns when the client has gone
                self.close_connection = True
            case "drip":
                self._drip()
            case "reset":
                self._reset()
            case "reset-midway":
                self.wfile.write(
                    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{"da'
                )
                self.wfile.flush()
                self._reset()
            case "huge":
                self._stream({"Content-Type": "application/json", "Content-Length": str(HUGE)}, HUGE)
            case "huge-chunked":
                self._stream({"Content-Type": "application/json", "Transfer-Encoding": "chunked"}, HUGE)
            case "packed":
                self._send(200, gzip.compress(b"[]"), "application/json", {"Content-Encoding": "gzip"})
            case "nonsense":
                self._send(200, b"<html>It works!</html>", "text/html")
            case "list":
                self._json(200, [1, 2, 3])
            case _:
                return False
        return True

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        try:
            for _ in range(400):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _stream(self, headers: dict[str, str], size: int) -> None:
        part = b" " * 1024 * 1024
        chunked = "Transfer-Encoding" in headers
        try:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for _ in range(size // len(part)):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
            if chunked:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    # --- pictures ----------------------------------------------------------------------------------------------------

    def _answer(self, provider: str, scenario: str, body: bytes) -> None:
        asked = fields(self.headers.get("Content-Type", ""), body)
        match provider, self.path.rpartition("/")[2]:
            case "openai", "responses":
                self._json(200, openai_reading(scenario))
            case "openai", _:
                self._json(200, openai_pictures(scenario, asked))
            case "gemini", _:
                self._json(200, gemini_answer(scenario, asked))
            case _:
                self._predict(scenario, asked)

    def _predict(self, scenario: str, asked: dict[str, Any]) -> None:
        told = asked["input"]
        output = replicate_output(scenario, told, f"http://{self.headers['Host']}/files/")
        done = {"status": "succeeded", "output": output, "error": None}
        if scenario == "failed":
            done = {"status": "failed", "output": None, "error": "CUDA out of memory"}
        elif scenario == "flagged":
            done = {"status": "failed", "output": None, "error": "The input or output was flagged as sensitive. (E005)"}
        looks = {"slow": 2, "never": 10_000}.get(scenario, 0)
        prediction = {
            "id": uuid.uuid4().hex,
            "model": "owner/name",
            "version": "hidden",
            "input": told,
            "logs": "",
            "created_at": "2026-11-25T00:00:00Z",
            "urls": {},
        }
        with STATE.lock:
            STATE.predictions[prediction["id"]] = {"prediction": prediction, "done": done, "looks": looks}
        running = {"status": "processing", "output": None, "error": None}
        self._json(201, prediction | (running if looks else done))

    def _prediction(self) -> None:
        parts = self.path.split("/")
        known = STATE.predictions[parts[-2] if parts[-1] == "cancel" else parts[-1]]
        if parts[-1] == "cancel":
            known["done"], known["looks"] = {"status": "canceled", "output": None, "error": None}, 0
        known["looks"] = max(0, known["looks"] - 1)
        running = {"status": "processing", "output": None, "error": None}
        self._json(200, known["prediction"] | (running if known["looks"] else known["done"]))

    # --- HTTP --------------------------------------------------------------------------------------------------------

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), "application/json", headers)

    def _send(self, status: int, data: bytes, media_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        pass


def fields(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a request: JSON, or a form whose files are left out."""
    if content_type.startswith("application/json"):
        read: dict[str, Any] = json.loads(body)
        return read
    parts = re.findall(rb'name="(\w+)"\r\n\r\n(.*?)\r\n--', body, re.DOTALL)
    return {name.decode(): value.decode() for name, value in parts}


def refusal(provider: str, status: int, key: str) -> dict[str, Any]:
    """The body of an error; it repeats the key, as careless services do."""
    said = f"Something is wrong with {key}"
    moderated = status == 403
    if provider == "openai":
        code = {401: "invalid_api_key", 403: "moderation_blocked", 429: "rate_limit_exceeded"}.get(status)
        return {"error": {"message": said, "type": "image_generation_user_error", "param": None, "code": code}}
    if provider == "gemini":
        reason = "PROHIBITED_CONTENT" if moderated else "OTHER_REASON"
        return google(status, {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}, said)
    detail = "The input was flagged as sensitive. (E005)" if moderated else said
    return {"title": "Wrong", "detail": detail, "status": status}


def google(status: int, detail: dict[str, Any], said: str = "Something is wrong") -> dict[str, Any]:
    return {"error": {"code": status, "message": said, "status": "INVALID_ARGUMENT", "details": [detail]}}


def openai_pictures(scenario: str, asked: dict[str, Any]) -> dict[str, Any]:
    count = int(asked.get("n", 1)) - (scenario == "fewer")
    width, height = (int(side) for side in asked["size"].split("x"))
    match asked["output_format"]:
        case "svg":
            data = SVG.encode()
        case "gif":
            data = gif((width, height), int(asked["frame_count"]))
        case _:
            data = drawn_by(scenario)((width, height))
    each: dict[str, Any] = {"b64_json": spoilt(scenario, data)}
    if scenario == "metadata-url":
        each = {"url": METADATA}
    usage = {
        "input_tokens": 110,
        "input_tokens_details": {"text_tokens": 100, "image_tokens": 10},
        "output_tokens": 1000,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": 1000},
        "total_tokens": 1110,
    }
    return {"created": 1, "data": [] if scenario == "empty" else [each] * count, "usage": usage}


def openai_reading(scenario: str) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "text": json.dumps(READING), "annotations": []}
    if scenario == "refusal":
        part = {"type": "refusal", "refusal": "I cannot help with that"}
    elif scenario == "wrong-type":
        part["text"] = '{"labels": "many", "caption": 5}'
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "gpt",
        "output": []
        if scenario == "empty"
        else [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 1000,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 100,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 1100,
        },
    }


def gemini_answer(scenario: str, asked: dict[str, Any]) -> dict[str, Any]:
    if "IMAGE" in asked.get("generationConfig", {}).get("responseModalities", ()):
        draft = {"inlineData": {"mimeType": "image/png", "data": spoilt("wrong-type", b"")}, "thought": True}
        drawn = {"inlineData": {"mimeType": "image/png", "data": spoilt(scenario, drawn_by(scenario)((1024, 1024)))}}
        parts: list[dict[str, Any]] = [draft, drawn]
    else:
        parts = [{"text": json.dumps(READING) if scenario != "wrong-type" else '{"labels": [{}]}'}]
    reason = "STOP"
    match scenario:
        case "fewer" | "empty":
            parts = []
        case "metadata-url":
            parts = [{"fileData": {"mimeType": "image/png", "fileUri": METADATA}}]
        case "refusal":
            parts, reason = [], "IMAGE_SAFETY"
        case "continued":
            reason = "CONTINUATION"
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": reason, "index": 0}
    usage = {
        "promptTokenCount": 100,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100}],
        "candidatesTokenCount": 1120,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
        "thoughtsTokenCount": 10,
        "totalTokenCount": 1230,
    }
    if scenario == "continued":
        candidate["continuationToken"] = base64.b64encode(b"more").decode()
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "stub"}


def replicate_output(scenario: str, told: dict[str, Any], files: str) -> Any:
    count = int(told.get("num_outputs", 1)) - (scenario == "fewer")
    data = f"data:image/png;base64,{spoilt(scenario, picture((64, 64)))}"
    spoiled = {"truncated", "half", "wrong-type", "bomb"}
    if scenario in spoiled:
        return [data] * count
    listed = [f"{files}{place}.png" for place in range(count)]
    odd = {
        "empty": None,
        "metadata-url": METADATA,
        "huge-file": f"{files}huge",
        "gone": f"{files}gone",
        "photo": f"{files}photo",
        "object": {"picture": f"{files}a.png"},
    }
    return odd.get(scenario, listed if "num_outputs" in told else next(iter(listed), None))


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
