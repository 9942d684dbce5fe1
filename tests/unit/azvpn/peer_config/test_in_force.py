"""Which values hold: by the status, whatever the manifests have become since; by the manifests where there is no status."""

from typing import Any

import pytest

from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.peer_config.in_force import InForce, values_in_force
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.rules.validation import read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid
from support.builders import SITE6_POLICY, a_document
from support.cases.objects import DROP, policy

WHEN = "2026-03-01T12:00:00Z"
OLD = {**SITE6_POLICY, "dhGroup": "DHGroup14"}
"""What the policy was before an edit to Site6's values."""
OLD_HASH = canonical_policy(OLD).hash
HASH = canonical_policy(SITE6_POLICY).hash
NEW = canonical_policy(SITE6_POLICY)


def settings(*policies: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"ipsecPolicies": list(policies), **values}


def a_change(state: str) -> dict[str, Any]:
    return {
        "state": state,
        "cause": "Policy",
        "startTime": WHEN,
        "from": settings(OLD, dpdTimeoutSeconds=30),
        "to": settings(SITE6_POLICY, dpdTimeoutSeconds=40),
    }


def assigned(hash_: str, name: str = "site6") -> dict[str, Any]:
    return {"policy": {"name": name, "hash": hash_, "source": "Custom"}}


def holds(
    status: dict[str, Any] | None = None,
    *,
    revisions: tuple[dict[str, Any], ...] = (),
    has_policy: bool = True,
    as_written: bool = False,
    **spec: Any,
) -> InForce:
    document = a_document(**{"ipsecPolicyRef": {"name": "site6"}, **spec})
    connection = read_connection(document | {"status": status or {}})
    assert not isinstance(connection, Invalid)
    written = policy()
    written["metadata"]["name"] = "site6"
    found = read_policy(written | {"status": {"revisions": list(revisions)}}) if has_policy else None
    assert not isinstance(found, Invalid)
    return values_in_force(connection, found, as_written=as_written)


def a_revision(values: dict[str, Any]) -> dict[str, Any]:
    hash_ = canonical_policy(values).hash
    return {"hash": hash_, "values": values, "generation": 1, "state": "Superseded", "since": WHEN}


@pytest.mark.parametrize(
    ("status", "dh_group", "remarked"),
    [
        pytest.param(None, "DHGroup24", False, id="not seen yet: as written"),
        pytest.param(assigned(HASH), "DHGroup24", False, id="the policy is in force"),
        pytest.param(assigned(OLD_HASH), "DHGroup14", True, id="an edit has not reached this connection yet"),
        pytest.param({"change": a_change("Sent")}, "DHGroup24", False, id="a change is on its way"),
        pytest.param({"change": a_change("Confirming")}, "DHGroup24", False, id="a change is in force"),
        pytest.param({"change": a_change("Provisional")}, "DHGroup24", False, id="and seems to work"),
        pytest.param({"change": a_change("Failed")}, "DHGroup24", False, id="a change that failed and stays"),
        pytest.param({"change": a_change("RollingBack")}, "DHGroup14", True, id="a change that is being undone"),
        pytest.param({"change": a_change("RolledBack")}, "DHGroup14", True, id="a change that was undone"),
    ],
)
def test_algorithms_are_those_that_azure_holds(status: dict[str, Any] | None, dh_group: str, *, remarked: bool):
    found = holds(status, revisions=(a_revision(OLD),))

    assert found.policy is not None
    assert found.policy.dh_group == dh_group
    assert any("--as-written" in remark for remark in found.remarks) == remarked


@pytest.mark.parametrize("state", ["Sent", "RolledBack"])
def test_manifests_can_be_asked_for_whatever_azure_holds(state: str):
    found = holds({"change": a_change(state), **assigned(OLD_HASH)}, as_written=True)

    assert found.policy == NEW


def test_other_values_of_a_change_hold_with_it():
    assert holds({"change": a_change("Sent")}).settings.dpd_timeout_seconds == 40
    assert holds({"change": a_change("RolledBack")}).settings.dpd_timeout_seconds == 30


def test_values_that_the_policy_has_forgotten_are_those_last_known_to_work():
    good = {"lastKnownGood": {"time": WHEN, "settings": settings(OLD)}}

    found = holds({**assigned(OLD_HASH), **good}, has_policy=False)

    assert found.policy == canonical_policy(OLD)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param({"status": None, "has_policy": False}, "IpsecPolicy site6 was not found", id="never seen"),
        pytest.param({"status": assigned("f" * 12)}, "not known any more (hash ffffffffffff)", id="forgotten"),
    ],
)
def test_values_that_nobody_knows_are_no_guess(arguments: dict[str, Any], says: str):
    with pytest.raises(ToolError) as error:
        holds(**arguments)

    assert str(error.value).startswith("VpnConnection vnet1-to-site6: ")
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("status", "spec"),
    [
        pytest.param(None, {"ipsecPolicyRef": DROP}, id="no policy is named"),
        pytest.param({"policy": {"source": "Default"}}, {"ipsecPolicyRef": DROP}, id="and none is in force"),
        pytest.param({"policy": {"source": "Default"}}, {}, id="one is named, and not in force yet"),
    ],
)
def test_default_policy(status: dict[str, Any] | None, spec: dict[str, Any]):
    found = holds(status, **spec)

    assert found.policy is None
    assert "Default policy" in found.origin
    assert bool(found.remarks) == (not spec)
