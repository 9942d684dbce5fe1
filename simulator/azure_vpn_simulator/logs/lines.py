"""The rows that a gateway writes into AzureDiagnostics: one for each tunnel that comes up or goes down, some for each IKE attempt.

A failure is tried every ten seconds for as long as it lasts. Of a long one only the beginning and the newest minutes are
written, which is simpler than the real thing and hides nothing that a client looks for.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.tunnels.failures import Failure
from azure_vpn_simulator.tunnels.marks import Mark, Marks

RETRY_SECONDS = 10.0
_FIRST_SECONDS = 60.0
_NEWEST_SECONDS = 300.0
_STEP_SECONDS = 0.1
"""From one message of an attempt to the next."""

TUNNEL, IKE = "TunnelDiagnosticLog", "IKEDiagnosticLog"

_CREDENTIALS = "[ErrorCode] 0x35E9 [ErrorMessage] IKE authentication credentials are unacceptable"
_POLICY = "[ErrorCode] 0x362C [ErrorMessage] Policy match error"
_TIMED_OUT = "[ErrorCode] 0x35ED [ErrorMessage] Negotiation timed out"
"""Azure's own words, from its guide for connections that do not come up."""

_IKEV2 = {
    Failure.NO_ANSWER: (invented.INIT_SENT.text, f"[LOCAL] {_TIMED_OUT}"),
    Failure.IKE_VERSION: (invented.INIT_SENT.text, invented.VERSION_REFUSED.text),
    Failure.IKE_PROPOSAL: (invented.INIT_SENT.text, invented.INIT_REFUSED.text, f"[LOCAL] {_POLICY}"),
    Failure.AUTHENTICATION: (invented.AUTH_SENT.text, invented.AUTH_REFUSED.text, f"[LOCAL] {_CREDENTIALS}"),
    Failure.ESP_PROPOSAL: (invented.AUTH_SENT.text, invented.CHILD_REFUSED.text, f"[LOCAL] {_POLICY}"),
    Failure.SELECTORS: (invented.AUTH_SENT.text, invented.SELECTORS_REFUSED.text),
    Failure.PFS: (invented.REKEY_SENT.text, invented.REKEY_REFUSED.text, f"[LOCAL] {_POLICY}"),
    Failure.PFS_GROUP: (invented.REKEY_SENT.text, invented.GROUP_REFUSED.text),
}
_IKEV1 = {
    Failure.NO_ANSWER: (invented.MAIN_SENT.text, f"[LOCAL] {_TIMED_OUT}"),
    Failure.IKE_VERSION: (invented.MAIN_SENT.text, invented.VERSION_REFUSED.text),
    Failure.IKE_PROPOSAL: (invented.MAIN_SENT.text, invented.MAIN_REFUSED.text, f"[LOCAL] {_POLICY}"),
    Failure.AUTHENTICATION: (invented.MAIN_SENT.text, invented.KEY_REFUSED.text, f"[LOCAL] {_CREDENTIALS}"),
    Failure.ESP_PROPOSAL: (invented.QUICK_SENT.text, invented.QUICK_REFUSED.text, f"[LOCAL] {_POLICY}"),
    Failure.SELECTORS: (invented.QUICK_SENT.text, invented.IDS_REFUSED.text),
    Failure.PFS: (invented.QUICK_SENT.text, invented.QUICK_REFUSED.text, f"[LOCAL] {_POLICY}"),
    Failure.PFS_GROUP: (invented.QUICK_SENT.text, invented.QUICK_REFUSED.text, f"[LOCAL] {_POLICY}"),
}


@dataclass(frozen=True, slots=True)
class Ends:
    """Who writes of which tunnel: a connection's key, the tunnel's index, and the public addresses at its ends."""

    connection: str
    tunnel: int
    local: str
    remote: str


class Row(NamedTuple):
    """A row before it has a gateway: when it happened, in simulated seconds, and the columns that differ."""

    seconds: float
    category: str
    operation: str
    message: str
    remote: str
    tunnel: int
    status: str = ""
    reason: str = ""


def rows(marks: Marks, ends: Ends, now: float) -> Iterator[Row]:
    """Return what a gateway has written of one tunnel up to now, oldest first."""
    for mark, end in marks.of(ends.connection, ends.tunnel):
        if mark.up or mark.down is not None:
            yield _changed(mark, ends)
        elif mark.failure is not None:
            yield from _attempts(mark, now if end is None else min(end, now), ends)


def _changed(mark: Mark, ends: Ends) -> Row:
    word = "Connected" if mark.up else "Disconnected"
    reason = "" if mark.up else invented.WENT_DOWN.text
    return Row(mark.seconds, TUNNEL, f"Tunnel{word}", "", ends.remote, ends.tunnel, word, reason)


def _attempts(mark: Mark, end: float, ends: Ends) -> Iterator[Row]:
    known = _IKEV1 if mark.protocol == "IKEv1" else _IKEV2
    messages = mark.said or known.get(mark.failure or Failure.NOBODY_BEGINS, ())
    count = int((end - mark.seconds) // RETRY_SECONDS) + 1
    first, newest = int(_FIRST_SECONDS // RETRY_SECONDS), count - int(_NEWEST_SECONDS // RETRY_SECONDS)
    for number in (n for n in range(count) if n < first or n >= newest):
        seconds = mark.seconds + number * RETRY_SECONDS
        session = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{ends.connection}/{ends.tunnel}/{seconds}")).upper()
        head = f"SESSION_ID :{{{session}}} Remote {ends.remote}:500: Local {ends.local}:500: "
        for step, message in enumerate(messages):
            yield Row(seconds + step * _STEP_SECONDS, IKE, "IKELogEvent", head + message, ends.remote, ends.tunnel)
