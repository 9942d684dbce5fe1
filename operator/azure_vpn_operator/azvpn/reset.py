"""`kubectl azvpn reset NAME`: has the operator ask Azure to bring a connection's tunnels down and up again."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.vpn_connection_status import ResetRecord, ResetState, VpnConnectionStatus
from azure_vpn_operator.azvpn import kubectl
from azure_vpn_operator.azvpn.columns import printable
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.fleet import CONNECTIONS, fleet_of
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.requests import RESET
from azure_vpn_operator.reconcile.records import ConnectionRecord

EXAMPLES = """\
  kubectl azvpn reset to-site6                     ask for it, and follow it until the tunnel is up; 1 if it is not
  kubectl azvpn reset to-site6 --no-wait           only ask for it"""

FIELD_MANAGER = "kubectl-azvpn"
LOOK_SECONDS = 1.0
TIME_TO_COME_BACK = timedelta(seconds=60)
"""So long after the reset a tunnel that is down counts as on its way."""
_OVER = {ResetState.DONE, ResetState.REFUSED, ResetState.FAILED}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request has come."""

    line: str
    """For people."""
    code: int | None = None
    """The exit code, once it is over."""
    taken_up: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments the command takes."""
    parser.add_argument("connection", metavar="NAME", help="name of the VpnConnection")
    parser.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="follow it until the tunnel is up"
    )
    parser.add_argument(
        "--timeout", type=float, default=300.0, metavar="SECONDS", help="follow it no longer than that (300)"
    )
    kubectl.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Ask, and follow; returns the exit code."""
    reach, name = kubectl.Kubectl(options), options.connection
    record = _read(reach, name)
    sys.stdout.write(describe(record))
    sys.stdout.flush()
    token = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    reach("annotate", CONNECTIONS, name, f"{RESET}={token}", "--overwrite", f"--field-manager={FIELD_MANAGER}")
    if not options.wait:
        sys.stdout.write(f"Asked for. Follow it: kubectl get vpnconn {name} --watch\n")
        return 0
    return _follow(reach, name, token, time.monotonic() + options.timeout)


def _follow(reach: kubectl.Kubectl, name: str, token: str, deadline: float) -> int:
    shown = ""
    while True:
        record = _read(reach, name)
        found = progress_of(record.status, halves_of(record), token, datetime.now(UTC))
        if found.code is None and not found.taken_up and record.metadata.annotations.get(RESET) != token:
            found = Progress("Taken back: the annotation was removed, or asks for another one by now.", 1)
        if found.line != shown:
            sys.stdout.write(f"{found.line}\n")
            sys.stdout.flush()
            shown = found.line
        if found.code is not None:
            return found.code
        if time.monotonic() >= deadline:
            raise ToolError(f"{name} is not back in time; the request stands: {found.line}")
        time.sleep(LOOK_SECONDS)


def describe(record: ConnectionRecord) -> str:
    """What is about to happen."""
    names = [half.id.rpartition("/")[2] for half in record.status.halves if half.id is not None]
    what = " and then ".join(names) or record.metadata.name
    summary = record.status.summary
    tunnels = f" Now {summary.tunnel} tunnels are up." if summary is not None and summary.tunnel is not None else ""
    return f"Azure is asked to reset {what}: the tunnel goes down for a moment, and no value changes.{tunnels}\n"


def halves_of(record: ConnectionRecord) -> int:
    """How many connections in Azure are to be reset."""
    return 1 if record.wanted.reverse is None else 2


def progress_of(status: VpnConnectionStatus, halves: int, token: str, now: datetime) -> Progress:
    """How the request of this token stands."""
    own = [record for record in status.resets if record.token == token]
    if not own:
        return Progress("The operator has not taken it up yet.", taken_up=False)
    if len(own) < halves or any(record.state not in _OVER for record in own):
        return Progress(_under_way(status, own, halves))
    for record in own:
        if record.state is not ResetState.DONE:
            return Progress(f"{record.state}: {printable(record.message or '')}", 1)
    return _afterwards(status, max(record.time for record in own), now)


def _under_way(status: VpnConnectionStatus, own: Sequence[ResetRecord], halves: int) -> str:
    if any(record.state is ResetState.SENT for record in own):
        number = 1 + sum(record.state in _OVER for record in own)
        return "Sent: Azure carries it out" + (f", {number} of {halves}." if halves > 1 else ".")
    ready = find_condition(status.conditions, ConditionType.READY)
    why = f" ({ready.reason}: {printable(ready.message)})" if ready is not None and ready.status != "True" else ""
    return f"Waits{why}"


def _afterwards(status: VpnConnectionStatus, done: datetime, now: datetime) -> Progress:
    connected = find_condition(status.conditions, ConditionType.CONNECTED)
    if connected is not None and connected.status is ConditionStatus.TRUE:
        return Progress(f"Done, and up: {printable(connected.message)}.", 0)
    if now - done < TIME_TO_COME_BACK:
        return Progress("Done; the tunnel is not back yet.")
    message = printable(connected.message) if connected is not None else "nothing is known of the tunnel"
    return Progress(f"Done, and not up: {message}", 1)


def _read(reach: kubectl.Kubectl, name: str) -> ConnectionRecord:
    (record,) = fleet_of([reach.get(CONNECTIONS, name)], []).connections
    return record
