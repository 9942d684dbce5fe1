"""What `explain` makes of the words that a real IKE daemon wrote: the true cause, or that it is not known, and never another one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.arm.kql import LINES
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.gateway_log import IKE_LOG, GatewayLogLine
from azure_vpn_operator.domain.diagnosis.diagnose import diagnose
from azure_vpn_operator.domain.diagnosis.evidence import DefaultPolicy, Device, End, Evidence, GatewayState
from azure_vpn_operator.domain.diagnosis.findings import Diagnosis
from azure_vpn_simulator.strongswan.judge import StrongSwan
from azure_vpn_simulator.tunnels.judging import Refusal
from support.attempts import POLICY, a_device, an_attempt, decide, in_force

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AZURE_BEGINS, DEVICE_BEGINS = "Default", "ResponderOnly"


@dataclass(frozen=True)
class Mishap:
    """What is wrong at the device, what IKE's daemon on Azure's side makes of it, and what has to be read from that."""

    why: str
    device: dict[str, Any]
    reason: Reason | None
    """None: the words do not tell, and then nothing may be claimed."""
    takes: dict[str, Any] = field(default_factory=dict)
    mode: str = AZURE_BEGINS
    protocol: str = "IKEv2"
    default_policy: bool = False
    at_rekey: bool = False
    answers: bool = True


KEY = {"key": "Another.key"}
GROUP, CIPHER, PFS = {"dhGroup": "ECP256"}, {"ipsecEncryption": "AES128"}, {"pfsGroup": "PFS24"}
MISHAPS = [
    Mishap("another key", KEY, Reason.KEY_MISMATCH),
    Mishap("another key, and the device begins", KEY, None, mode=DEVICE_BEGINS),
    Mishap("IKEv1, another key", KEY, None, protocol="IKEv1"),
    Mishap("another group in phase 1", {}, Reason.POLICY_MISMATCH, GROUP),
    Mishap("another group in phase 1, and the device begins", {}, None, GROUP, mode=DEVICE_BEGINS),
    Mishap("another cipher in phase 1", {}, Reason.POLICY_MISMATCH, {"ikeEncryption": "AES128"}),
    Mishap("no IKEv2, which looks like phase 1", {"protocols": ["IKEv1"]}, Reason.POLICY_MISMATCH),
    Mishap("IKEv1, another group in phase 1", {}, Reason.POLICY_MISMATCH, GROUP, protocol="IKEv1"),
    Mishap("another cipher in phase 2", {}, Reason.POLICY_MISMATCH, CIPHER),
    Mishap("another cipher in phase 2, and the device begins", {}, None, CIPHER, mode=DEVICE_BEGINS),
    Mishap("IKEv1, another cipher in phase 2", {}, Reason.POLICY_MISMATCH, CIPHER, protocol="IKEv1"),
    Mishap("IKEv1, another PFS group", {}, Reason.POLICY_MISMATCH, PFS, protocol="IKEv1"),
    Mishap("another PFS group, at the rekey", {}, Reason.PFS_MISMATCH_AT_REKEY, PFS, at_rekey=True),
    Mishap("Azure's Default policy, and a device without group 2", {}, Reason.POLICY_MISMATCH, {}, default_policy=True),
    Mishap("a device that is off", {}, Reason.UNKNOWN_PEER_SIDE, answers=False),
]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.why)
def test_real_words_are_read_for_what_they_say(daemons: StrongSwan, mishap: Mishap):
    found = diagnose(evidence_of(mishap, play(daemons, mishap)))

    assert [cause.reason for cause in found.known] == ([mishap.reason] if _is_known(mishap) else []), said(found)
    if "protocols" in mishap.device:
        assert "or this version of IKE" in found.causes[0].summary
    if mishap.answers is False:
        (cause,) = found.causes
        assert "does not answer" in cause.summary


def _is_known(mishap: Mishap) -> bool:
    return mishap.reason not in {None, Reason.UNKNOWN_PEER_SIDE}


def play(daemons: StrongSwan, mishap: Mishap) -> Refusal:
    live = in_force(None if mishap.default_policy else POLICY, mode=mishap.mode, protocol=mishap.protocol)
    attempt = an_attempt(live, a_device(POLICY | mishap.takes, **mishap.device), answers=mishap.answers)
    verdict = decide(daemons, attempt)
    if mishap.at_rekey:
        assert not isinstance(verdict, Refusal)
        verdict = decide(daemons, attempt, rekey=True)
    assert isinstance(verdict, Refusal)
    return verdict


def evidence_of(mishap: Mishap, refusal: Refusal) -> Evidence:
    gateway = GatewayState("VNet1GW", "Succeeded")
    values = {**POLICY, "saLifeTimeSeconds": 27000, "saDataSizeKilobytes": 102400000}
    policy = DefaultPolicy() if mishap.default_policy else canonical_policy(values)
    return Evidence(
        NOW,
        own=End("C1", policy, mishap.protocol, mishap.mode, gateway=gateway, provisioning_state="Succeeded"),
        other=Device("Site6", "203.0.113.1"),
        status="NotConnected",
        down_since=NOW - timedelta(minutes=5),
        last_established=NOW - timedelta(hours=8) if mishap.at_rekey else None,
        log=tuple(lines_of(refusal.said)),
    )


def lines_of(said: Sequence[str]) -> list[GatewayLogLine]:
    """The newest lines, as many as the operator asks for."""
    head = "SESSION_ID :{1} Remote 203.0.113.1:500: Local 198.18.0.1:500: "
    lines = [
        GatewayLogLine(NOW - timedelta(seconds=60 - number / 10), IKE_LOG, "IKELogEvent", head + text)
        for number, text in enumerate(said)
    ]
    return lines[-LINES:]


def said(found: Diagnosis) -> str:
    return "\n".join(text for cause in found.causes for text in (str(cause.reason), cause.summary, *cause.evidence))
