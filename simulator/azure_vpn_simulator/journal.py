"""Every request that was made, with keys masked."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from azure_vpn_simulator.masking import MASK

_SECRETS = {"sharedkey", "authorizationkey", "client_secret", "client_assertion", "password", "outboundauthcertificate"}
_READABLE_BYTES = 256 * 1024


class Journal:
    """An ever growing list; entry `seq` counts from 0 and goes on after a `clear`.

    Entries are kept as JSON texts: a long run has hundreds of thousands, which as objects would cost the garbage collector
    more with every request.
    """

    def __init__(self) -> None:
        self._entries: list[bytes] = []
        self._first = 0

    @property
    def next(self) -> int:
        """The number that the next entry will have."""
        return self._first + len(self._entries)

    def add(
        self,
        *,
        time: datetime,
        method: str,
        path: str,
        query: Mapping[str, str],
        status: int,
        principal: str | None,
        rights: Mapping[str, bool],
        body: bytes,
        form: bool = False,
    ) -> None:
        """Write one request down. `status` 0 means that it got no answer; `time` is the wall clock's at arrival.

        `rights`: the actions that it needed a right for, and whether the principal has it.
        """
        entry = {
            "seq": self.next,
            "time": time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "method": method,
            "path": path,
            "query": dict(query),
            "status": status,
            "principal": principal,
            "rights": dict(rights),
            "body": _readable(path, body, form=form),
        }
        self._entries.append(json.dumps(entry, separators=(",", ":")).encode())

    def since_json(self, number: int) -> bytes:
        """Return the entries from `number` on, and the number to ask with next time, as JSON."""
        entries = b",".join(self._entries[max(0, number - self._first) :])
        return b'{"next":%d,"entries":[%s]}' % (self.next, entries)

    def since(self, number: int) -> dict[str, Any]:
        """Return the same as a document."""
        document: dict[str, Any] = json.loads(self.since_json(number))
        return document

    def clear(self) -> None:
        """Forget every entry."""
        self._first = self.next
        self._entries = []


def _readable(path: str, body: bytes, *, form: bool) -> Any:
    if not body:
        return None
    if len(body) > _READABLE_BYTES:
        return f"<{len(body)} bytes>"
    if form:
        return {k: MASK if k.lower() in _SECRETS else v for k, v in parse_qsl(body.decode("latin-1"))}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return f"<{len(body)} bytes, not JSON>"
    secrets = {*_SECRETS, "value"} if path.lower().rstrip("/").endswith("/sharedkey") else _SECRETS
    return _masked(document, secrets)


def _masked(value: Any, secrets: set[str]) -> Any:
    if isinstance(value, dict):
        return {k: MASK if k.lower() in secrets and v is not None else _masked(v, secrets) for k, v in value.items()}
    if isinstance(value, list):
        return [_masked(each, secrets) for each in value]
    return value
