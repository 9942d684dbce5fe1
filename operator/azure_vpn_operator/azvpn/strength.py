"""`kubectl azvpn strength`: how strong the policies of a cluster are, and which floor each would pass."""

import argparse
import sys
from collections import Counter

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.azvpn import kubectl
from azure_vpn_operator.azvpn.columns import columns
from azure_vpn_operator.azvpn.fleet import Fleet, read_fleet
from azure_vpn_operator.domain.rules.crypto_floor import CryptoFloor, check_floor
from azure_vpn_operator.domain.rules.strength import Strength, strength, weakest_fields

_ORDER = tuple(Strength)
DEFAULT_POLICY = "Azure's Default policy"


def run(options: argparse.Namespace) -> int:
    """Print it; returns the exit code."""
    fleet = read_fleet(kubectl.Kubectl(options), everywhere=options.all_namespaces)
    sys.stdout.write(report_on(fleet))
    return int(options.floor is not None and is_below(fleet, CryptoFloor(options.floor)))


def report_on(fleet: Fleet) -> str:
    """One line for each policy, the weakest first, and the connections without one."""
    uses = _uses(fleet)
    policies = sorted(_valid(fleet), key=lambda policy: _ORDER.index(strength(policy.spec.wire())))
    rows = [
        (
            policy.metadata.namespace,
            policy.metadata.name,
            strength(policy.spec.wire()).value,
            *("yes" if not _findings(policy, floor) else "no" for floor in CryptoFloor),
            str(uses[policy.metadata.namespace, policy.metadata.name]),
            ", ".join(f"{field}={policy.spec.wire()[field]}" for field in weakest_fields(policy.spec.wire())),
        )
        for policy in policies
    ]
    floors = tuple(floor.value.upper() for floor in CryptoFloor)
    text = (
        columns(("NAMESPACE", "POLICY", "STRENGTH", *floors, "USED BY", "WEAKEST"), rows) if rows else "No policies.\n"
    )
    without = sum(record.wanted.policy is None for record in fleet.connections)
    if without:
        use = "connection uses" if without == 1 else "connections use"
        text += f"\n{without} {use} {DEFAULT_POLICY}, which has Diffie-Hellman group 2: below every floor.\n"
    return text


def is_below(fleet: Fleet, floor: CryptoFloor) -> bool:
    """Whether a policy that a connection uses is below the floor, or a connection has none."""
    uses = _uses(fleet)
    return any(record.wanted.policy is None for record in fleet.connections) or any(
        _findings(policy, floor) for policy in _valid(fleet) if uses[policy.metadata.namespace, policy.metadata.name]
    )


def _findings(policy: IpsecPolicy, floor: CryptoFloor) -> bool:
    return bool(check_floor(floor, {"kind": IpsecPolicy.KIND, "spec": policy.spec.wire()}))


def _valid(fleet: Fleet) -> list[IpsecPolicy]:
    return [record.subject for record in fleet.policies if isinstance(record.subject, IpsecPolicy)]


def _uses(fleet: Fleet) -> Counter[tuple[str, str]]:
    return Counter(
        (record.metadata.namespace, record.wanted.policy)
        for record in fleet.connections
        if record.wanted.policy is not None
    )
