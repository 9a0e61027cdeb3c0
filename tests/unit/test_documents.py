"""The page that shows the API is whole in itself, and its policy lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import json
import re

from darkroom.contracts import openapi
from darkroom.domain import limits
from darkroom.entry import documents

ELEMENTS = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def test_the_page_loads_nothing_from_elsewhere() -> None:
    html, _ = documents.page()
    around = ELEMENTS.sub("", html)
    assert around == (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Darkroom API</title>'
        '</head><body><div id="docs"></div></body></html>'
    )


def test_the_policy_names_exactly_what_is_inline() -> None:
    html, policy = documents.page()
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for element, rule in (("script", "script-src"), ("style", "style-src")):
        inline = [text for kind, text in ELEMENTS.findall(html) if kind == element]
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline]
        assert rules[rule].split() == [f"'sha256-{digest}'" for digest in hashes]
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert "unsafe" not in policy
    assert "http" not in policy


def test_no_script_text_can_be_taken_for_html() -> None:
    html, _ = documents.page()
    for kind, text in ELEMENTS.findall(html):
        assert "\r" not in text
        assert f"</{kind}" not in text
        assert kind == "style" or not re.search("<!--|<script", text)


def test_the_page_fits_lambdas_payload_with_room() -> None:
    html, _ = documents.page()
    assert limits.MIB < len(json.dumps(html).encode()) < 3 * limits.MIB


def test_the_document_is_the_committed_one() -> None:
    assert json.loads(documents.openapi()) == openapi.document()


def test_the_page_reads_the_document_beside_it() -> None:
    html, _ = documents.page()
    assert 'new URL("openapi.json", window.location.href)' in html
