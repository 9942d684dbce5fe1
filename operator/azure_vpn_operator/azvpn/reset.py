"""`kubectl azvpn reset NAME`: has the operator ask Azure to bring a connection's tunnels down and up again.

It reads documents and not models, which take longer to load than all the rest of it.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from azure_vpn_operator.azvpn import kubectl
from azure_vpn_operator.azvpn.columns import printable
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import CONNECTIONS, Document
from azure_vpn_operator.domain.passes.annotations import RESET

EXAMPLES = """\
  kubectl azvpn reset to-site6                     ask for it, and follow it until the tunnel is up; 1 if it is not
  kubectl azvpn reset to-site6 --no-wait           only ask for it"""

FIELD_MANAGER = "kubectl-azvpn"
LOOK_SECONDS = 1.0
TIME_TO_COME_BACK = timedelta(seconds=60)
"""So long after the reset a tunnel that is down counts as on its way."""
_OVER = {"Done", "Refused", "Failed"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request has come."""

    line: str
    """For people."""
    code: int | None = None
    """The exit code, once it is over."""


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
    sys.stdout.write(describe(reach.get(CONNECTIONS, name)))
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
        found = progress_of(reach.get(CONNECTIONS, name), token, datetime.now(UTC))
        if found.line != shown:
            sys.stdout.write(f"{found.line}\n")
            sys.stdout.flush()
            shown = found.line
        if found.code is not None:
            return found.code
        if time.monotonic() >= deadline:
            raise ToolError(f"{name} is not back in time; the request stands: {found.line}")
        time.sleep(LOOK_SECONDS)


def describe(document: Document) -> str:
    """What is about to happen."""
    status = document.get("status", {})
    names = [half["id"].rpartition("/")[2] for half in status.get("halves", ()) if "id" in half]
    what = " and then ".join(names) or document["metadata"]["name"]
    tunnel = status.get("summary", {}).get("tunnel")
    tunnels = f" Now {tunnel} tunnels are up." if tunnel is not None else ""
    return f"Azure is asked to reset {what}: the tunnel goes down for a moment, and no value changes.{tunnels}\n"


def progress_of(document: Document, token: str, now: datetime) -> Progress:
    """How the request of this token stands."""
    status = document.get("status", {})
    halves = 1 if document["spec"].get("reverse") is None else 2
    own = [record for record in status.get("resets", ()) if record["token"] == token]
    if not own:
        if document["metadata"].get("annotations", {}).get(RESET) != token:
            return Progress("Taken back: the annotation was removed, or asks for another one by now.", 1)
        return Progress("The operator has not taken it up yet.")
    if len(own) < halves or any(record["state"] not in _OVER for record in own):
        return Progress(_under_way(status, own, halves))
    for record in own:
        if record["state"] != "Done":
            return Progress(f"{record['state']}: {printable(record.get('message', ''))}", 1)
    return _afterwards(status, max(datetime.fromisoformat(record["time"]) for record in own), now)


def _under_way(status: Document, own: Sequence[Document], halves: int) -> str:
    if any(record["state"] == "Sent" for record in own):
        number = 1 + sum(record["state"] in _OVER for record in own)
        return "Sent: Azure carries it out" + (f", {number} of {halves}." if halves > 1 else ".")
    ready = _condition(status, "Ready")
    if not ready or ready["status"] == "True":
        return "Waits"
    return f"Waits ({ready['reason']}: {printable(ready['message'])})"


def _afterwards(status: Document, done: datetime, now: datetime) -> Progress:
    connected = _condition(status, "Connected")
    message = printable(connected.get("message", "nothing is known of the tunnel"))
    if connected.get("status") == "True":
        return Progress(f"Done, and up: {message}.", 0)
    if now - done < TIME_TO_COME_BACK:
        return Progress("Done; the tunnel is not back yet.")
    return Progress(f"Done, and not up: {message}", 1)


def _condition(status: Document, kind: str) -> Document:
    """The condition; empty if it is not there."""
    found: Document = next((each for each in status.get("conditions", ()) if each["type"] == kind), {})
    return found
