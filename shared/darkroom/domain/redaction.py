"""What may leave in a log line or an error: secrets, signatures and e-mail addresses are taken out of any text.

The rule is that nothing of the kind is written in the first place; this is the net under it. It errs towards taking
out too much. Every pattern is linear in the length of the text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from darkroom.errors import DarkroomError

GONE: Final = "[redacted]"
TEXT_CHARACTERS: Final = 4_096
"""Longest text that a log field keeps; what comes after is cut."""
DEPTH: Final = 8
ENTRIES: Final = 64
"""How deep and how wide a structure is logged; the rest is left out."""

_NAMES: Final = (
    r"x-amz-(?:signature|security-token|credential)|awsaccesskeyid|aws_(?:secret_)?access_key(?:_id)?"
    r"|[\w-]{0,32}(?:password|passwd|secret|token|signature|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)"
    r"|policy"
)
_SAID: Final = r"(?:is|must|stands|has) "


@cache
def _name() -> re.Pattern[str]:
    return re.compile(rf"(?:{_NAMES}|(?:proxy-)?authorization|(?:set-)?cookie)", re.IGNORECASE)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled on the first line that is logged, not on import."""
    edge = r"(?<![A-Za-z0-9])"
    return (
        # The query, fragment and credentials of any URL: presigned signatures, callback tokens.
        (re.compile(r"(\b[a-z][a-z0-9+.-]{0,16}://)[^\s/?#@\"'<>]{1,256}@", re.IGNORECASE), rf"\1{GONE}@"),
        (re.compile(r"(\b[a-z][a-z0-9+.-]{0,16}://[^\s?#\"'<>]{0,2048})[?#][^\s\"'<>]+", re.IGNORECASE), rf"\1?{GONE}"),
        # Credentials of an Authorization header; but "a bearer token" in prose stays.
        (
            re.compile(
                r"\b(bearer|basic|aws4-hmac-sha256)\s+(?!(?-i:[a-z]{1,15})(?:[\s,;:]|\.?\Z|\.\s))[^\"'<>\r\n]+",
                re.IGNORECASE,
            ),
            rf"\1 {GONE}",
        ),
        # Headers that are secret to the end of their line.
        (
            re.compile(
                r"\b((?:proxy-)?authorization|(?:set-)?cookie)([\\\"']{0,8}\s?[=:]\s?[\\\"']{0,8})[^\r\n\"']+",
                re.IGNORECASE,
            ),
            rf"\1\2{GONE}",
        ),
        # name=value, name: value and "name": "value", as in a query, a header, JSON or a repr; but what a problem says
        # of a field ("token: is not a known field") stays.
        (
            re.compile(
                rf"{edge}({_NAMES})([\\\"']{{0,8}}\s?[=:]\s?(?!{_SAID})[\\\"']{{0,8}})[^\s\"'&,;<>\\]+", re.IGNORECASE
            ),
            rf"\1\2{GONE}",
        ),
        # Secrets known by their shape: webhook secrets, our keys, the providers', AWS's key ids, JWTs and policies.
        (re.compile(rf"{edge}(?:whsec|sk|rk|pk|dk|r8|gh[pousr])[_-][A-Za-z0-9+/=_-]{{8,}}"), GONE),
        (re.compile(rf"{edge}(?:AIza[A-Za-z0-9_-]{{16,}}|A[KS]IA[A-Z0-9]{{12,}})"), GONE),
        (re.compile(rf"{edge}eyJ[A-Za-z0-9_=+/.-]{{8,}}"), GONE),
        # Session tokens and whatever else is long and without a word in it.
        (re.compile(rf"{edge}[A-Za-z0-9+/=_-]{{100,}}"), GONE),
        (re.compile(r"[^\s@<>\"'(),:;=?&/\[\]{}\\|]{1,64}(?:@|%40)[^\s@<>\"'(),:;=?&/\[\]{}\\|]{1,253}"), GONE),
    )


def told(error: DarkroomError) -> dict[str, str]:
    """An error as jobs and answers show it for one of several things."""
    return {"code": error.exact_code, "message": redacted(error.detail)}


def redacted(text: str) -> str:
    """The text without secrets, signatures and addresses, at most TEXT_CHARACTERS long."""
    window = TEXT_CHARACTERS * 4
    if len(text) > window:
        # A secret that the cut went through would no longer look like one: its stump goes as well.
        text = re.sub(r"\S{0,4096}\Z", "", text[:window])
    for pattern, replacement in _patterns():
        text = pattern.sub(replacement, text)
    return text if len(text) <= TEXT_CHARACTERS else f"{text[:TEXT_CHARACTERS]}…"


def redacted_value(value: Any, depth: int = 0) -> Any:
    """A JSON-like value with every text in it redacted and every field of a telling name emptied."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= DEPTH:
        return "…"
    if isinstance(value, dict):
        return {
            redacted(str(name)): GONE if _name().fullmatch(str(name)) else redacted_value(entry, depth + 1)
            for name, entry in list(value.items())[:ENTRIES]
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted_value(entry, depth + 1) for entry in list(value)[:ENTRIES]]
    try:
        return redacted(str(value))
    except Exception:  # noqa: BLE001 - a hostile or broken __str__ must not break logging
        return f"[{type(value).__name__}]"
