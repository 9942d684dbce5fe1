"""Attempts at a tunnel, as the simulator puts them to whoever decides."""

import itertools
import time
from typing import Any

from azure_vpn_simulator.devices import Device
from azure_vpn_simulator.ipsec import DEFAULT_SUITES, suite
from azure_vpn_simulator.tunnels.judging import Attempt, Judge, Verdict
from azure_vpn_simulator.tunnels.state import LiveConfig

KEY = "Tests.only.1234567890"
POLICY: dict[str, object] = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "None",
}
_numbers = itertools.count()


def in_force(policy: dict[str, Any] | None = POLICY, **changes: Any) -> LiveConfig:
    """The settings of a connection; `policy` None is Azure's Default policy."""
    settings: dict[str, Any] = {
        "type": "IPsec",
        "protocol": "IKEv2",
        "mode": "Default",
        "suites": DEFAULT_SUITES if policy is None else frozenset({suite(policy)}),
        "sa_seconds": 27000,
        "sa_kilobytes": 102400000,
        "policy_based_selectors": False,
        "selectors": (),
        "own_gateway": "gateway",
        "peer": "site",
        "key": KEY,
    }
    return LiveConfig(**{**settings, **changes})


def a_device(takes: dict[str, Any] | None = None, **changes: Any) -> Device:
    """A device that takes one policy; anything without it."""
    proposals: Any = "any" if takes is None else [takes]
    return Device.model_validate({"key": KEY, "proposals": proposals, **changes})


def an_attempt(live: LiveConfig, far: Device | LiveConfig | None, *, answers: bool = True) -> Attempt:
    """A new attempt at the same tunnel."""
    return Attempt("c1", 0, (next(_numbers), 0), live, far, answers, ("198.18.0.1", "203.0.113.1"))


def decide(judge: Judge, attempt: Attempt, *, rekey: bool = False, seconds: float = 60) -> Verdict:
    """Ask until there is an answer."""
    deadline = time.monotonic() + seconds
    while (verdict := (judge.rekey if rekey else judge.negotiate)(attempt)) is None:
        assert time.monotonic() < deadline, "there is no answer"
        time.sleep(0.01)
    return verdict
