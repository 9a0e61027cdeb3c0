"""The provider that docs/providers.md adds really is one: its lines are run as they stand there."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.imaging.encode import PillowEncoder
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.memory.generation import MemoryKeys, png
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.domain import ai_models
from darkroom.domain.generation import DrawRequest, straight
from darkroom.errors import NotChargedError, ProviderAnswerError, ProviderRefusedError

from tests.conftest import ROOT
from tests.provider_engines import QuickClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.adapters.ai.provider import Provider

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "providers.md").read_text(), re.DOTALL)
REQUEST = DrawRequest("Draw.", "a cat", width=16, height=16)


class Acme(BaseHTTPRequestHandler):
    """The provider's side: it answers as its key says."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        status = int(self.headers["Authorization"].removeprefix("Bearer "))
        data = json.dumps({"pictures": [base64.b64encode(png(16, 16, 9)).decode()] * min(body["count"], 3)}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Acme.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Acme)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def make(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    module: dict[str, Any] = {}
    exec(BLOCKS[0], module)
    model = eval(BLOCKS[1], vars(ai_models))
    monkeypatch.setitem(ai_models.MODELS, model.name, model)
    monkeypatch.setitem(ai_models.ABILITIES, "acme", model.abilities)
    made: list[Provider] = []

    def of(key: str) -> Provider:
        made.append(
            module["Acme"](
                keys=MemoryKeys({"acme": [key]}),
                reader=PillowPictures(),
                encoder=PillowEncoder(),
                fetcher=MemoryFetcher({}),
                clock=QuickClock(),
                deadline=10_000,
                base_url=address,
            )
        )
        return made[-1]

    yield of
    for provider in made:
        for client in provider._clients.values():
            client.close()


def test_it_draws(make: Any) -> None:
    drawn = make("200").draw(REQUEST, trial=straight)
    assert (len(drawn.pictures), drawn.model, drawn.cost.usd) == (1, "acme-1", 0.01)
    assert Acme.asked[0]["prompt"].endswith('{"material": "a cat"}')


@pytest.mark.parametrize(
    ("key", "count", "error", "calls"),
    [
        ("429", 1, NotChargedError, 3),
        ("401", 1, ProviderRefusedError, 1),
        ("200", 4, ProviderAnswerError, 1),
    ],
)
def test_it_has_the_rules_of_all(make: Any, key: str, count: int, error: type[Exception], calls: int) -> None:
    with pytest.raises(error):
        make(key).draw(replace(REQUEST, count=count), trial=straight)
    assert len(Acme.asked) == calls


def test_the_line_is_one_of_wirings_kind() -> None:
    from darkroom import wiring

    names: dict[str, Any] = {**vars(wiring), "PROVIDERS": {}}
    exec(BLOCKS[2], names)
    known: Any = wiring.PROVIDERS["openai"]
    assert names["PROVIDERS"]["acme"].func is known.func
