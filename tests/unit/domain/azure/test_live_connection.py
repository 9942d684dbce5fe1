"""Azure's document, read into a value or refused without quoting it."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.domain.azure.live_connection import (
    KNOWN_PROPERTIES,
    UnreadableDocumentError,
    read_live_connection,
)
from support.builders import CONNECTION_ID, a_live_connection, a_wire_connection
from support.cases.objects import DROP


def test_a_whole_document():
    live = a_live_connection(routingWeight=7, ingressBytesTransferred=5, egressBytesTransferred=6)
    assert str(live.id) == CONNECTION_ID
    assert (live.location, live.provisioning_state, live.connection_type) == ("westeurope", "Succeeded", "IPsec")
    assert (live.routing_weight, live.ingress_bytes, live.egress_bytes) == (7, 5, 6)
    assert live.policies[0].dh_group == "DHGroup24"
    assert live.settled


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00.1234567Z", datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("03/01/2026 10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("3/1/2026 1:02:03 PM", datetime(2026, 3, 1, 13, 2, 3, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_of_tunnels_in_all_of_azures_forms(text: str, moment: datetime | None):
    tunnel = {"tunnel": "a", "connectionStatus": "Connected", "lastConnectionEstablishedUtcTime": text}
    assert a_live_connection(tunnelConnectionStatus=[tunnel]).tunnels[0].last_established == moment


@pytest.mark.parametrize("state", ["Succeeded", "Failed", "Canceled"])
def test_settled_states(state: str):
    assert a_live_connection(provisioningState=state).settled


@pytest.mark.parametrize("state", ["Updating", "Deleting", "", "succeeded", "Accepted"])
def test_any_other_state_is_an_operation_under_way(state: str):
    assert not a_live_connection(provisioningState=state).settled


@pytest.mark.parametrize(
    "change",
    [
        {"virtualNetworkGateway1": DROP},
        {"virtualNetworkGateway1": {}},
        {"virtualNetworkGateway1": "x"},
        {"provisioningState": DROP},
        {"connectionType": 7},
        {"routingWeight": "10"},
        {"routingWeight": True},
        {"routingWeight": 1.5},
        {"enableBgp": "false"},
        {"ipsecPolicies": "none"},
        {"ipsecPolicies": [{"ikeEncryption": "AES256"}]},
        {"ipsecPolicies": ["AES256"]},
        {"trafficSelectorPolicies": [{"localAddressRanges": "10.0.0.0/8"}]},
        {"gatewayCustomBgpIpAddresses": [{}]},
        {"ingressNatRules": [{}]},
        {"connectionStatus": {"code": "Connected"}},
        {"tunnelConnectionStatus": [{"tunnel": 5}]},
    ],
)
def test_wrong_types_are_refused(change: dict[str, Any]):
    with pytest.raises(UnreadableDocumentError):
        a_live_connection(**change)


@pytest.mark.parametrize(
    "document", [None, [], "<html>", 7, {}, {"properties": []}, {**a_wire_connection(), "id": "x"}]
)
def test_what_is_no_connection_is_refused(document: object):
    with pytest.raises(UnreadableDocumentError):
        read_live_connection(document)


@pytest.mark.parametrize("value", [{"kind": "EAP"}, ["Certificate"], "Certificate", 7])
def test_a_property_in_use_that_no_field_expresses_is_noticed_whatever_its_form(value: object):
    assert a_live_connection(authenticationType=value).inexpressible == ("authenticationType",)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from([*a_wire_connection()["properties"], "authenticationType", "peer"]), _json, max_size=4
    )
)
def test_no_document_does_anything_worse_than_being_refused(changes: dict[str, Any]):
    with suppress(UnreadableDocumentError):
        assert a_live_connection(**changes).configuration


def test_the_message_names_the_property_and_never_its_value():
    with pytest.raises(UnreadableDocumentError) as caught:
        a_live_connection(connectionStatus={"sharedKey": "s3cret"})
    assert "connectionStatus" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"connectionStatus": "NotConnected"}, True),
        ({"ingressBytesTransferred": 9}, True),
        ({"tunnelConnectionStatus": [{"tunnel": "a", "connectionStatus": "Connected"}]}, True),
        ({"routingWeight": 1}, False),
        ({"tags": {}}, False),
        ({"provisioningState": "Updating"}, False),
        ({"ipsecPolicies": []}, False),
    ],
)
def test_configuration_is_what_somebody_can_change(change: dict[str, Any], same: bool):
    assert (a_live_connection(**change).configuration == a_live_connection().configuration) is same


class Recorded(dict[str, Any]):
    """A document that knows what it was asked for."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def test_every_property_that_is_read_is_known():
    """An import names what it does not know, and must not name what is read."""
    document = a_wire_connection()
    properties = Recorded(document["properties"])

    read_live_connection({**document, "properties": properties})

    assert len(properties.asked) > 20
    assert properties.asked <= KNOWN_PROPERTIES
    assert "sharedKey" not in KNOWN_PROPERTIES
