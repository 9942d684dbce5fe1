"""Which namespace works with which identity, and whether it may: asked anew at each step, since the rules may change at any time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from azure_vpn_operator.domain.access import AccessRules, Denial, Identity, Touched, check_access
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.ports import ConnectionsPort
from azure_vpn_operator.reconcile.facts.bgp_sessions import BgpSessions
from azure_vpn_operator.reconcile.facts.gateway_logs import GatewayLogs
from azure_vpn_operator.reconcile.facts.gateways import CrossingDirectory, GatewayDirectory
from azure_vpn_operator.reconcile.facts.group_lists import GroupLists
from azure_vpn_operator.reconcile.facts.ike_sas import IkeSas
from azure_vpn_operator.runtime.keys import ObjectKey


@dataclass(frozen=True, slots=True)
class AzurePorts:
    """Azure as one identity sees it. What is read through one is never shown to who works with another."""

    identity: Identity | None
    """None: the operator's own."""
    connections: ConnectionsPort
    listed: GroupLists[LiveConnection]
    """Connections as lists show them, for the first look at each."""
    gateways: GatewayDirectory
    crossing: CrossingDirectory
    bgp: BgpSessions
    ike: IkeSas
    logs: GatewayLogs | None = None
    """None: gateways' logs are not read."""


class Tenancy:
    """The access rules in force, and Azure for each namespace."""

    def __init__(self, rules: AccessRules, connect: Callable[[Identity | None], AzurePorts]) -> None:
        """Take how to reach Azure as an identity; that is done when it is first needed."""
        self._rules = rules
        self._connect = connect
        self._ports: dict[Identity | None, AzurePorts] = {}

    @property
    def rules(self) -> AccessRules:
        """The rules in force."""
        return self._rules

    def replace(self, rules: AccessRules) -> None:
        """Let these rules hold from now on; what was read as an identity that they no longer name is forgotten."""
        self._rules = rules
        for identity in [known for known in self._ports if known is not None and known not in rules.identities]:
            del self._ports[identity]

    def check(self, namespace: str, touched: Touched) -> Denial | None:
        """Why the namespace may not touch it; None if it may."""
        return check_access(self._rules, namespace, touched)

    def identity_of(self, namespace: str) -> Identity | None:
        """The identity that the namespace works with by the rules in force; None: the operator's own."""
        return self._rules.identity_of(namespace)

    def ports_for(self, namespace: str) -> AzurePorts:
        """Azure as the namespace's identity sees it; the same for as long as the rules name that identity."""
        identity = self.identity_of(namespace)
        if identity not in self._ports:
            self._ports[identity] = self._connect(identity)
        return self._ports[identity]

    def routes_received(self) -> Mapping[ObjectKey, int]:
        """Routes learned by BGP over each connection, as far as Azure has told; each seen by its namespace's identity."""
        found: dict[ObjectKey, int] = {}
        for identity, ports in self._ports.items():
            told = ports.bgp.routes_received()
            found |= {key: routes for key, routes in told.items() if self.identity_of(key.namespace) == identity}
        return found

    def connections_for(self, namespace: str) -> ConnectionsPort:
        """The connections in Azure as the namespace's identity sees them."""
        return self.ports_for(namespace).connections
