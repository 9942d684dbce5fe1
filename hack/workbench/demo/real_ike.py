"""The third act: two real IKE daemons for each tunnel, five mishaps at a device, and what the operator makes of the daemon's words."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from workbench.algorithms import ALGORITHMS
from workbench.control_plane import manifests
from workbench.demo.acts import API, LOOK_SECONDS, Act, Demo, IncompleteError
from workbench.rest import Document, call
from workbench.stack import ROOT, SUBSCRIPTION

CONNECTION: Final = "vnet1-to-site6"
GROUP: Final = "TestRG1"
SITE: Final = "Site6"
KEY: Final = "Demo.Site6.Key.not.for.use"
QUOTE: Final = "the gateway's log"
UNANSWERED: Final = "does not answer"
"""What the operator says when the log has only messages that went out."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """What is wrong at the device, and the reason that the operator has to find."""

    title: str
    device: Document
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the operator said of a mishap."""

    mishap: Mishap
    message: str


def _device(**changes: Any) -> Document:
    """Everything that a mishap changes is said each time: what is left out stays as it is."""
    return {"key": KEY, "proposals": [ALGORITHMS], "saLifeTimeSeconds": None, "outage": False, **changes}


MISHAPS: Final = (
    Mishap("The device has another key", _device(key="Another.Key.not.for.use"), "KeyMismatch"),
    Mishap(
        "The device takes another Diffie-Hellman group in phase 1",
        _device(proposals=[ALGORITHMS | {"dhGroup": "ECP256"}]),
        "PolicyMismatch",
    ),
    Mishap(
        "The device takes another cipher in phase 2",
        _device(proposals=[ALGORITHMS | {"ipsecEncryption": "AES128"}]),
        "PolicyMismatch",
    ),
    Mishap(
        "The device wants perfect forward secrecy, which shows at the first rekey",
        _device(proposals=[ALGORITHMS | {"pfsGroup": "PFS24"}], saLifeTimeSeconds=60),
        "PfsMismatchAtRekey",
    ),
    Mishap("The device is switched off", _device(outage=True), "UnknownPeerSide"),
)


def _topology(device: Document, **more: Any) -> Document:
    group = {"name": GROUP, "localNetworkGateways": [{"name": SITE, "device": device}]}
    return {"subscriptions": [{"id": SUBSCRIPTION, "resourceGroups": [group]}], **more}


def real_ike() -> Act:
    """The act. Raises ManifestError if a sample cannot be read."""
    return Act(
        stage="Samples: a site and a VNet-to-VNet pair; two strongSwans negotiate each tunnel, and traffic has to pass",
        objects=tuple(
            manifest
            for name in ("site-to-site", "vnet-to-vnet")
            for manifest in manifests.load(ROOT / "manifests" / "samples" / name)
        ),
        complete="Each time a real IKE daemon had its reason, and the operator read it from what the daemon wrote.",
        steps=(
            ("kubectl azvpn explain vnet1-to-site6", "what is known of the tunnel"),
            ("kubectl get events", "the story as the operator told it"),
            ("pgrep -a charon", "the daemons"),
        ),
        # The first lines of a log come minutes late, and nobody wants to wait for that five times.
        topology=_topology(_device(), options={"logIngestionSeconds": 5}),
        dataplane="strongswan",
    )


async def play(demo: Demo, limit_seconds: float) -> list[Finding]:
    """Let each mishap happen and pass; returns what the operator said of each.

    Raises IncompleteError if one of them has not got its reason, or has not passed, after `limit_seconds`.
    """
    return [await _play(demo, mishap, limit_seconds) for mishap in MISHAPS]


def tell(findings: Sequence[Finding]) -> list[str]:
    """What happened, in sentences."""
    told = []
    for finding in findings:
        told += [f"{finding.mishap.title}: {finding.mishap.reason}", f"    {finding.message}"]
    return told


async def _play(demo: Demo, mishap: Mishap, limit_seconds: float) -> Finding:
    demo.screen.stage(mishap.title)
    await demo.control("PUT", "/topology", _topology(mishap.device))
    # In each of them the daemon has said something, if only that nobody answers.
    found = await _wait(demo, limit_seconds, f"{CONNECTION} says {mishap.reason}", mishap.reason)
    await demo.control("PUT", "/topology", _topology(_device()))
    await _wait(demo, limit_seconds, f"{CONNECTION} is up again", None)
    return Finding(mishap, found)


async def _wait(demo: Demo, limit_seconds: float, hope: str, reason: str | None) -> str:
    """Wait for the tunnel to be down for that reason, with the log quoted, or to be up if there is none; returns the message."""
    deadline = time.monotonic() + limit_seconds
    while True:
        condition = await _connected(demo)
        message = str(condition.get("message", ""))
        if _is_it(condition, reason):
            await demo.look()
            return message
        if time.monotonic() >= deadline:
            raise IncompleteError(
                f"It was to happen within {limit_seconds:g} s that {hope}. It says {condition.get('reason')}: {message}"
            )
        demo.screen.show(demo.fleet, [])
        await asyncio.sleep(LOOK_SECONDS)


def _is_it(condition: Document, reason: str | None) -> bool:
    if reason is None:
        return bool(condition.get("status") == "True")
    is_told = condition.get("status") == "False" and condition.get("reason") == reason
    return is_told and (QUOTE in condition["message"] or UNANSWERED in condition["message"])


async def _connected(demo: Demo) -> Document:
    await demo.read()
    async with demo.stack.plane.client() as admin:
        found = await call(admin, "GET", f"{API}/vpnconnections/{CONNECTION}")
    conditions = found.get("status", {}).get("conditions", [])
    return next((condition for condition in conditions if condition["type"] == "Connected"), {})
