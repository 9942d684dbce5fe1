"""Which namespace may use what in Azure, and as whom. Rules of the operator's administrators; objects have no say in them.

A namespace follows the first entry that fits its name. What an entry does not mention is not restricted; an empty list allows nothing.
"""

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from azure_vpn_operator.api.vpn_connection import VpnConnection, VpnConnectionSpec
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.azure.target import Target

ACTION = "ask the operator's administrators to allow it, or name something else"


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom Azure is used: one of the ways, or the managed identity if no file is named. Files hold what is secret."""

    name: str
    tenant_id: str = ""
    client_id: str = ""
    federated_token_file: str = ""
    client_secret_file: str = ""
    certificate_file: str = ""
    certificate_password_file: str = ""


@dataclass(frozen=True, slots=True)
class NamespaceEntry:
    """What some namespaces may use. None means any; texts are compared without regard to case."""

    names: tuple[str, ...]
    """Exact names, or patterns with `*` and `?`."""
    identity: Identity | None = None
    """None: the operator's own."""
    subscriptions: frozenset[str] | None = None
    """In lower case."""
    resource_groups: frozenset[str] | None = None
    """In lower case."""
    gateways: tuple[str, ...] | None = None
    """In lower case: ids, each of which allows that one gateway wherever it lies; or names and patterns of names, which count only for
    gateways in the subscriptions and groups of this entry."""

    def fits(self, namespace: str) -> bool:
        """Whether the entry is about the namespace."""
        return any(name == namespace or (_is_pattern(name) and fnmatchcase(namespace, name)) for name in self.names)


@dataclass(frozen=True, slots=True)
class AccessRules:
    """All entries, in order."""

    entries: tuple[NamespaceEntry, ...] = ()
    allow_others: bool = False
    """Whether a namespace without an entry may use everything that the operator's own identity may."""

    def entry_of(self, namespace: str) -> tuple[int, NamespaceEntry] | None:
        """The first entry that fits, with its place."""
        return next(((place, entry) for place, entry in enumerate(self.entries) if entry.fits(namespace)), None)

    def identity_of(self, namespace: str) -> Identity | None:
        """As whom Azure is used for the namespace; None: as the operator itself."""
        found = self.entry_of(namespace)
        return found[1].identity if found is not None else None

    @property
    def identities(self) -> frozenset[Identity]:
        """The identities in use, beside the operator's own."""
        return frozenset(entry.identity for entry in self.entries if entry.identity is not None)


EVERYTHING = AccessRules(allow_others=True)
"""As if there were no rules."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What reading or writing a connection touches in Azure."""

    connection: ArmId
    gateways: tuple[ArmId, ...] = ()
    """Virtual network gateways: the own one and the peer."""
    local_gateways: tuple[ArmId, ...] = ()
    found: frozenset[str] = frozenset()
    """Gateways of both kinds, in lower case, that the object does not name and the connection in Azure uses."""


@dataclass(frozen=True, slots=True)
class Denial:
    """The rule that forbids it. Says what the object asks for, and nothing of what others may use or of what there is in Azure."""

    rule: str
    """Where in the file: `namespaces[1].resourceGroups`, or `default`."""
    message: str


def touched_by(connection: ArmId, subject: object, target: object, live: object = None) -> Touched:
    """What is touched: all that the object names, and what the connection in Azure is seen to use, if it has been read."""
    named = (target.gateway, target.peer_gateway) if isinstance(target, Target) else ()
    parts = _named_parts(subject.spec) if isinstance(subject, VpnConnection) else ()
    local = (target.local_gateway,) if isinstance(target, Target) else ()
    used = live.value if isinstance(live, Present) else None
    gateways = _by_key(*named, *parts)
    gateways_found = _by_key(ArmId.find(used.gateway_id), ArmId.find(used.peer_gateway_id)) if used is not None else {}
    sites = _by_key(*local)
    sites_found = _by_key(ArmId.find(used.local_gateway_id)) if used is not None else {}
    return Touched(
        connection,
        tuple((gateways | gateways_found).values()),
        tuple((sites | sites_found).values()),
        frozenset((gateways_found.keys() - gateways.keys()) | (sites_found.keys() - sites.keys())),
    )


def check_access(rules: AccessRules, namespace: str, touched: Touched) -> Denial | None:
    """The first rule against it; None if all that is touched is allowed."""
    match = rules.entry_of(namespace)
    if match is None:
        if rules.allow_others:
            return None
        return _deny("default", namespace, "use Azure: no entry of the access file is about it")
    place, entry = match
    path = f"namespaces[{place}]"
    what = f"for the connection {touched.connection.name}"
    if (rule := _misplaced(entry, touched.connection)) is not None:
        return _deny(f"{path}.{rule}", namespace, f"use {_place(rule, touched.connection)} {what}")
    for gateway in touched.gateways:
        if (rule := _refused_gateway(entry, gateway)) is not None:
            return _deny(f"{path}.{rule}", namespace, f"use {_name(touched, gateway, f'the gateway {gateway}')}")
    for local in touched.local_gateways:
        if (rule := _misplaced(entry, local)) is not None:
            named = f"{_place(rule, local)} for the local network gateway {local.name}"
            return _deny(f"{path}.{rule}", namespace, f"use {_name(touched, local, named)}")
    return None


def _refused_gateway(entry: NamespaceEntry, gateway: ArmId) -> str | None:
    if entry.gateways is not None and gateway.key in entry.gateways:
        return None
    if entry.gateways is not None and not any(fnmatchcase(gateway.name.lower(), item) for item in entry.gateways):
        return "gateways"
    return _misplaced(entry, gateway)


def _misplaced(entry: NamespaceEntry, resource: ArmId) -> str | None:
    if entry.subscriptions is not None and resource.subscription.lower() not in entry.subscriptions:
        return "subscriptions"
    if entry.resource_groups is not None and resource.resource_group.lower() not in entry.resource_groups:
        return "resourceGroups"
    return None


def _name(touched: Touched, gateway: ArmId, text: str) -> str:
    """What the object does not name itself is not told either."""
    return f"a gateway that {touched.connection.name} uses in Azure" if gateway.key in touched.found else text


def _place(rule: str, resource: ArmId) -> str:
    if rule == "subscriptions":
        return f"the subscription {resource.subscription}"
    return f"the resource group {resource.resource_group}"


def _deny(rule: str, namespace: str, what: str) -> Denial:
    return Denial(rule, f"the namespace {namespace} may not {what} ({rule}): {ACTION}")


def _named_parts(spec: VpnConnectionSpec) -> tuple[ArmId | None, ...]:
    """The gateways whose NAT rules and IP configurations are named by id."""
    rules = (rule.id for rule in (*spec.ingress_nat_rules, *spec.egress_nat_rules))
    addresses = (address.ip_configuration_id for address in spec.gateway_custom_bgp_ip_addresses)
    found = (ArmId.find(text) for text in (*rules, *addresses))
    return tuple(replace(part, types=part.types[:1]) if part is not None else None for part in found)


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _by_key(*gateways: ArmId | None) -> dict[str, ArmId]:
    return {gateway.key: gateway for gateway in gateways if gateway is not None}
