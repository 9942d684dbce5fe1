"""The connection that is asked about, among the objects of its namespace."""

from collections.abc import Sequence
from dataclasses import dataclass

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole
from azure_vpn_operator.azvpn.fleet import Fleet
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.reconcile.records import ConnectionRecord


@dataclass(frozen=True, slots=True)
class Subject:
    """A connection among the objects of its namespace."""

    record: ConnectionRecord
    neighbours: Sequence[ConnectionRecord]
    policies: Sequence[IpsecPolicy]

    @property
    def name(self) -> str:
        """Namespace and name."""
        return f"{self.record.metadata.namespace}/{self.record.metadata.name}"

    @property
    def target(self) -> Target | None:
        """Its resources in Azure, if its names lead to any."""
        return self.record.wanted.target if isinstance(self.record.wanted.target, Target) else None

    @property
    def connection(self) -> VpnConnection | None:
        """The object with its status; None if it breaks a rule."""
        return whole(self.record)

    @property
    def half(self) -> ConnectionHalf:
        """What its status says of its own half."""
        return forward_half(self.record)

    @property
    def is_down(self) -> bool:
        """Whether its status says that a tunnel is down."""
        connected = find_condition(self.record.status.conditions, ConditionType.CONNECTED)
        if connected is None or connected.reason == Reason.NOT_CREATED:
            return False
        return connected.status is ConditionStatus.FALSE or connected.reason == Reason.REDUNDANCY_LOST


def subjects_of(fleet: Fleet) -> Sequence[Subject]:
    """All connections, in the order of their namespaces and names."""
    policies = [record.subject for record in fleet.policies if isinstance(record.subject, IpsecPolicy)]
    return [
        Subject(
            record,
            [item for item in fleet.connections if _shares_namespace(item, record) and item is not record],
            [
                policy.model_copy(update={"status": item.status})
                for item in fleet.policies
                for policy in policies
                if policy is item.subject and policy.metadata.namespace == record.metadata.namespace
            ],
        )
        for record in fleet.connections
    ]


def _shares_namespace(one: ConnectionRecord, other: ConnectionRecord) -> bool:
    return one.metadata.namespace == other.metadata.namespace


def whole(record: ConnectionRecord) -> VpnConnection | None:
    """The object with its status; None if it breaks a rule."""
    if record.wanted.spec is None:
        return None
    return VpnConnection(metadata=record.metadata, spec=record.wanted.spec, status=record.status)


def forward_half(record: ConnectionRecord) -> ConnectionHalf:
    """What the status says of the object's own half; empty if it says nothing."""
    halves = record.status.halves
    return next((half for half in halves if half.role is HalfRole.FORWARD), ConnectionHalf(role=HalfRole.FORWARD))
