"""Which IKE version a connection gets whose spec leaves it to Azure."""

from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.lookups import Absent
from azure_vpn_operator.domain.passes.protocol import choose_protocol
from support.builders import a_half, a_live_connection, a_snapshot, a_vnet_connection


def _status(**halves: str) -> VpnConnectionStatus:
    return VpnConnectionStatus.model_validate(
        {"halves": [{"role": role.capitalize(), "connectionProtocol": protocol} for role, protocol in halves.items()]}
    )


def _live(protocol: str) -> Any:
    return a_live_connection(connectionProtocol=protocol)


@pytest.mark.parametrize(
    ("why", "spec", "facts", "protocol"),
    [
        pytest.param(*case, id=case[0])
        for case in [
            ("a new connection is IKEv2", {}, {"live": Absent()}, "IKEv2"),
            ("the spec decides", {"connectionProtocol": "IKEv1"}, {"live": Absent()}, "IKEv1"),
            ("the spec decides against Azure too", {"connectionProtocol": "IKEv2"}, {"live": "IKEv1"}, "IKEv2"),
            ("what Azure has cannot change", {}, {"live": "IKEv1"}, "IKEv1"),
            (
                "what was deleted in Azure comes back as it was",
                {},
                {"live": Absent(), "previous": _status(forward="IKEv1")},
                "IKEv1",
            ),
            (
                "what Azure has counts more than what it had",
                {},
                {"live": "IKEv2", "previous": _status(forward="IKEv1")},
                "IKEv2",
            ),
            (
                "the other half of an owned pair is the same",
                {},
                {"live": Absent(), "previous": _status(reverse="IKEv1")},
                "IKEv1",
            ),
            (
                "the partner of an adopted half is the same",
                {},
                {"live": Absent(), "partners": (a_half("b", protocol=None, known_protocol="IKEv1"),)},
                "IKEv1",
            ),
            (
                "a partner that says more than this half is not followed: the two objects disagree",
                {},
                {"live": Absent(), "partners": (a_half("b", protocol="IKEv1", known_protocol="IKEv1"),)},
                "IKEv2",
            ),
        ]
    ],
)
def test_ike_version(why: str, spec: dict[str, Any], facts: dict[str, Any], protocol: str):
    subject = a_vnet_connection(**spec)
    if isinstance(facts["live"], str):
        facts = facts | {"live": _live(facts["live"])}

    assert choose_protocol(subject.spec, a_snapshot(subject, **facts)) == protocol, why
