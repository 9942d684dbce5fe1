from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from azure_vpn_operator.api.base import Advice, Condition, ObjectMeta
from azure_vpn_operator.api.ipsec_policy import IpsecPolicyStatus
from azure_vpn_operator.api.vpn_connection import VpnConnection, VpnConnectionSpec

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _condition(moment: Any) -> Condition:
    return Condition(type="Ready", status="True", reason="UpToDate", last_transition_time=moment)


@pytest.mark.parametrize(
    ("moment", "wire"),
    [
        (datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC), "2026-11-23T10:00:00Z"),
        (datetime(2026, 11, 23, 10, 0, 0, 999_999, tzinfo=UTC), "2026-11-23T10:00:00Z"),
        (datetime(2026, 11, 23, 11, 0, 0, tzinfo=timezone(timedelta(hours=1))), "2026-11-23T10:00:00Z"),
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
    ],
)
def test_moment_is_written_as_kubernetes_writes_it(moment: Any, wire: str):
    assert _condition(moment).wire()["lastTransitionTime"] == wire


def test_wire_has_azures_names_and_no_absent_fields():
    spec = VpnConnectionSpec(azure_name="a", dpd_timeout_seconds=30, gateway_custom_bgp_ip_addresses=())

    wire = spec.wire()

    assert wire["azureName"] == "a"
    assert wire["dpdTimeoutSeconds"] == 30
    assert wire["gatewayCustomBgpIpAddresses"] == []
    assert wire["usePolicyBasedTrafficSelectors"] is False
    assert "connectionProtocol" not in wire


def test_status_survives_the_wire():
    condition = _condition("2026-11-23T10:00:00Z")
    status = IpsecPolicyStatus(
        observed_generation=2, conditions=(condition,), warnings=(Advice(id="i", field="f", message="m"),)
    )

    assert IpsecPolicyStatus.model_validate(status.wire()) == status


def test_models_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        _condition("2026-11-23T10:00:00Z").reason = "Other"  # type: ignore[misc]


def test_error_does_not_quote_the_input():
    with pytest.raises(ValidationError) as caught:
        VpnConnectionSpec.model_validate({"sharedKeySecretRef": "Top.Secret.42"})

    assert "Top.Secret.42" not in str(caught.value)


def test_field_of_a_newer_version_is_ignored():
    read = VpnConnection.model_validate({"metadata": {"name": "x", "managedFields": []}, "spec": {"confirm": {}}})

    assert read.metadata.name == "x"


def test_metadata_is_read():
    metadata = ObjectMeta.salvage(
        {
            "name": "site6",
            "namespace": "network",
            "uid": "u",
            "resourceVersion": "7",
            "generation": 3,
            "labels": {"a": "b"},
            "annotations": {"azvpn.dev/reconcile-at": "now"},
            "finalizers": ["azvpn.dev/policy"],
            "deletionTimestamp": "2026-11-23T10:00:00Z",
            "creationTimestamp": "2026-11-22T10:00:00Z",
        }
    )

    assert metadata == ObjectMeta(
        name="site6",
        namespace="network",
        uid="u",
        resource_version="7",
        generation=3,
        labels={"a": "b"},
        annotations={"azvpn.dev/reconcile-at": "now"},
        finalizers=("azvpn.dev/policy",),
        deletion_timestamp=datetime(2026, 11, 23, 10, tzinfo=UTC),
        creation_timestamp=datetime(2026, 11, 22, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize("moment", ["yesterday", "", 5, None, [], "2026-13-01T00:00:00Z"])
def test_moment_that_is_none_is_absent(moment: Any):
    assert ObjectMeta.salvage({"name": "x", "deletionTimestamp": moment}).deletion_timestamp is None


def test_moment_without_zone_is_utc():
    assert ObjectMeta.salvage({"creationTimestamp": "2026-11-22T10:00:00"}).creation_timestamp == datetime(
        2026, 11, 22, 10, tzinfo=UTC
    )


@given(
    metadata=_JSON
    | st.dictionaries(st.sampled_from(["name", "labels", "finalizers", "generation", "deletionTimestamp"]), _JSON)
)
def test_any_metadata_can_be_salvaged(metadata: Any):
    assert isinstance(ObjectMeta.salvage(metadata).name, str)
