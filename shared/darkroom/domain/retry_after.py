"""What a server says in Retry-After."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def retry_after(headers: Mapping[str, str], now: int) -> int | None:
    """Seconds, rounded up, that the header asks to wait: it holds them, or a date (RFC 9110, section 10.2.3)."""
    said = (headers.get("retry-after") or "").strip()
    if said.isascii() and said.isdigit() and len(said) <= 9:
        return int(said)
    try:
        at = parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0, -(-round((at - datetime.fromtimestamp(now / 1000, UTC)).total_seconds() * 1000) // 1000))
