"""Azure's answers as values: status, headers and the JSON document, with the odd forms of Retry-After understood."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

DEFAULT_RETRY_AFTER: Final = 10.0
"""Seconds; what Azure itself sends with most operations."""
_LONGEST_RETRY_AFTER: Final = 3600.0
_SHORTEST_RETRY_AFTER: Final = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a status below 300. `document` is the parsed JSON, None for an empty body or the JSON `null`."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    document: object = field(repr=False)
    retry_after: float | None = None

    @property
    def request_id(self) -> str:
        """Azure's id of the request; for logs."""
        return request_id(self.headers)

    @property
    def wait(self) -> float:
        """Seconds until the next look at a running operation makes sense; never 0."""
        return max(_SHORTEST_RETRY_AFTER, DEFAULT_RETRY_AFTER if self.retry_after is None else self.retry_after)


def request_id(headers: Mapping[str, str]) -> str:
    """Azure's id of the request, or an empty text."""
    return headers.get("x-ms-request-id") or headers.get("x-ms-correlation-request-id") or ""


def read_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read Retry-After (whole or broken seconds, or an HTTP date) into seconds within 0 and an hour; None without a usable one."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    seconds = _seconds(text)
    if seconds is None:
        then, there = _date(text), _date(headers.get("date", "")) or now
        if then is None:
            return None
        seconds = (then - there).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def parse_json(body: bytes) -> object:
    """Parse a body; raises `ValueError` for anything that is not JSON in UTF-8."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
