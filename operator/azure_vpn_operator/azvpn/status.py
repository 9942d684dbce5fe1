"""`kubectl azvpn status`: the fleet as a table, as a map, or as the JSON document that the status page draws."""

import argparse
import json
import sys
from collections import Counter
from datetime import UTC, datetime

from azure_vpn_operator.azvpn import kubectl
from azure_vpn_operator.azvpn.columns import age, columns
from azure_vpn_operator.azvpn.fleet import read_fleet
from azure_vpn_operator.azvpn.terminal_map import draw_in_text
from azure_vpn_operator.domain.overview.model import Activity, Attention, FleetMap, Link, TunnelState

_ORDER = tuple(Attention)


def run(options: argparse.Namespace) -> int:
    """Print it; returns the exit code."""
    fleet = read_fleet(kubectl.Kubectl(options), everywhere=options.all_namespaces).draw()
    now = datetime.now(UTC)
    if options.output == "json":
        document = fleet.wire()
        del document["facts"]
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    elif options.map:
        sys.stdout.write(draw_in_text(fleet, now))
    else:
        sys.stdout.write(table_of(fleet, now))
    return int(options.exit_code and _problems(fleet) > 0)


def table_of(fleet: FleetMap, now: datetime) -> str:
    """One line for each tunnel, those first that need a look; then policies that are on their way; then a summary."""
    if not fleet.links:
        return f"No connections.{' There are policies: kubectl get ipsecpol.' if fleet.policies else ''}\n"
    links = sorted(fleet.links, key=lambda link: _ORDER.index(link.attention))
    text = columns(
        ("NAMESPACE", "CONNECTION", "TUNNEL", "SINCE", "POLICY", "DOES", "WHY"),
        (
            (
                link.namespace,
                named(link),
                tunnel_words(link),
                age(link.since, now),
                link.policy,
                _does(link),
                _why(link),
            )
            for link in links
        ),
    )
    moving = [policy for policy in fleet.policies if policy.attention is not Attention.WELL]
    if moving:
        text += "\n" + columns(
            ("NAMESPACE", "POLICY", "ROLLOUT", "UPDATED", "WHY"),
            (
                (
                    policy.namespace,
                    policy.name,
                    policy.phase.value,
                    f"{policy.updated}/{policy.connections}",
                    policy.message or policy.reason,
                )
                for policy in moving
            ),
        )
    return f"{text}\n{summary_of(fleet)}\n"


def summary_of(fleet: FleetMap) -> str:
    """How many tunnels are in which state, and how many need a look, in a sentence."""
    states = Counter(link.tunnel for link in fleet.links)
    counted = ", ".join(f"{states[state]} {state.value.lower()}" for state in TunnelState if states[state])
    looks = _problems(fleet)
    total = len(fleet.links)
    ask = (
        f"{looks} should be looked at: kubectl azvpn status --map, kubectl describe vpnconn NAME"
        if looks
        else "nothing to look at"
    )
    return f"{total} connection{'s' * (total != 1)}: {counted}; {ask}."


def _problems(fleet: FleetMap) -> int:
    links = sum(link.attention is Attention.PROBLEM for link in fleet.links)
    return links + sum(policy.attention is Attention.PROBLEM for policy in fleet.policies)


def named(link: Link) -> str:
    """The names of its objects; a pair in one object says so."""
    both = " + ".join(link.objects)
    return f"{both} (pair)" if len(link.objects) == 1 and len(link.halves) > 1 else both


def tunnel_words(link: Link) -> str:
    """Its state, and how many of its tunnels are up."""
    return f"{link.tunnel.value} {link.up}/{link.total}" if link.total else link.tunnel.value


def _does(link: Link) -> str:
    if link.activity is not Activity.NONE:
        return link.activity.value
    return "Observed" if link.observed else ""


def _why(link: Link) -> str:
    if link.attention in {Attention.WELL, Attention.UNKNOWN} and not link.differences:
        return "" if link.attention is Attention.WELL else link.reason
    return f"{link.reason}: {link.message}" if link.message else link.reason
