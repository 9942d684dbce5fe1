"""`kubectl azvpn peer-config`: prints the configuration of the device at the other end of a connection."""

import argparse
import sys

from azure_vpn_operator.azvpn import kubectl
from azure_vpn_operator.azvpn.peer_config.devices import render
from azure_vpn_operator.azvpn.peer_config.ends import Given, peer_side
from azure_vpn_operator.azvpn.peer_config.in_force import values_in_force
from azure_vpn_operator.azvpn.peer_config.objects import (
    Cluster,
    Files,
    Source,
    find_connection,
    find_policy,
    find_shared_key,
)


def run(options: argparse.Namespace) -> int:
    """Print the configuration; 1 if the device cannot do what Azure asks for. Raises ToolError."""
    source = _source(options)
    connection = find_connection(source, options.name)
    holds = values_in_force(connection, find_policy(source, connection), as_written=options.as_written)
    key = find_shared_key(source, connection) if options.show_key else None
    rendered = render(peer_side(connection, holds, _given(options), key), options.format)
    for refusal in rendered.refusals:
        sys.stderr.write(f"cannot: {refusal}\n")
    for note in rendered.notes:
        sys.stderr.write(f"note: {note}\n")
    if key is not None:
        sys.stderr.write(
            "warning: the output has the shared key in clear: keep it from logs, tickets and repositories\n"
        )
    sys.stdout.write(rendered.text)
    return 1 if rendered.refusals else 0


def _source(options: argparse.Namespace) -> Source:
    if options.filename:
        return Files(options.filename, options.namespace)
    return Cluster(kubectl.Kubectl(options))


def _given(options: argparse.Namespace) -> Given:
    return Given(
        azure_addresses=tuple(options.azure_address),
        device_address=options.peer_address,
        azure_prefixes=tuple(options.azure_prefix),
        device_prefixes=tuple(options.peer_prefix),
        azure_asn=options.azure_asn,
        azure_bgp_addresses=tuple(options.azure_bgp_address),
        device_asn=options.peer_asn,
        device_bgp_address=options.peer_bgp_address,
    )
