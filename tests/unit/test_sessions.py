"""The lean session is botocore's own as far as the services go that we call."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.handlers import BUILTIN_HANDLERS
from botocore.session import Session, get_session
from darkroom.adapters.aws.sessions import SERVICES, lean_session

from layers.pack import OPERATIONS

EVENTS = sorted({event.split(".")[0] for event, *_ in BUILTIN_HANDLERS} - {"docs"})


def client(session: Session, service: str) -> Any:
    return session.create_client(
        service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def handlers(made: Any, event: str) -> list[str]:
    """Who of botocore's would be called for an event, in order; botocore tells nobody, so its trie is asked.

    Powertools, once another test has imported it, adds a word to the user agent through a handler of its own.
    """
    emitter = made.meta.events._emitter
    called = [one for one in emitter._handlers.prefix_search(event) if "powertools" not in str(one)]
    return [str(getattr(one, "__qualname__", one)) for one in called]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_an_operation_meets_the_handlers_that_it_meets_in_any_session(service: str) -> None:
    stock, lean = client(get_session(), service), client(lean_session(), service)
    name = stock.meta.service_model.service_id.hyphenize()
    asked = [f"{event}.{name}" for event in EVENTS]
    asked += [f"{one}.{operation}" for one in asked for operation in sorted(OPERATIONS[service])]

    assert any(handlers(stock, event) for event in asked)
    assert {event: handlers(lean, event) for event in asked} == {event: handlers(stock, event) for event in asked}


def test_the_session_knows_the_services_that_the_layer_holds() -> None:
    assert set(OPERATIONS) == SERVICES
