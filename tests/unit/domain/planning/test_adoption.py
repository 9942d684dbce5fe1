"""Whether a connection that Azure already has may be taken over."""

from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection import AdoptionPolicy
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.passes.steps import PatchTags, Put, Step
from azure_vpn_operator.domain.planning.plan import plan
from support.builders import CONNECTION_ID, OWNER, a_connection, a_live_connection, a_snapshot, an_installation

ANOTHER = "prod/network/vnet1-to-site6"
EQUAL: dict[str, Any] = {}
DIFFERENT: dict[str, Any] = {"routingWeight": 9}
OWNERS = {"unowned": {}, "ours": {"azvpn-owner": OWNER}, "another's": {"azvpn-owner": ANOTHER}}


def plan_adoption(policy: str, owner: str, live: dict[str, Any]) -> Step:
    handed_over = owner == "handed over"
    subject = a_connection(adoptionPolicy=policy, annotations={"azvpn.dev/adopt-from": ANOTHER} if handed_over else {})
    tags = OWNERS["another's" if handed_over else owner]
    return plan(a_snapshot(subject, live=a_live_connection(tags={"x": "1", **tags}, **live)))


@pytest.mark.parametrize(
    ("policy", "owner", "live", "step", "reason"),
    [
        ("Never", "unowned", EQUAL, "Refuse", "AdoptionRefused"),
        ("Never", "unowned", DIFFERENT, "Refuse", "AdoptionRefused"),
        ("Never", "ours", EQUAL, "Settled", "UpToDate"),
        ("Never", "ours", DIFFERENT, "Put", "Updating"),
        ("Never", "another's", EQUAL, "Refuse", "OwnedByAnother"),
        ("Never", "another's", DIFFERENT, "Refuse", "OwnedByAnother"),
        ("Never", "handed over", EQUAL, "PatchTags", "Adopting"),
        ("Never", "handed over", DIFFERENT, "Refuse", "AdoptionRefused"),
        ("WhenEqual", "unowned", EQUAL, "PatchTags", "Adopting"),
        ("WhenEqual", "unowned", DIFFERENT, "Refuse", "AdoptionRefused"),
        ("WhenEqual", "ours", EQUAL, "Settled", "UpToDate"),
        ("WhenEqual", "ours", DIFFERENT, "Put", "Updating"),
        ("WhenEqual", "another's", EQUAL, "Refuse", "OwnedByAnother"),
        ("WhenEqual", "another's", DIFFERENT, "Refuse", "OwnedByAnother"),
        ("WhenEqual", "handed over", EQUAL, "PatchTags", "Adopting"),
        ("WhenEqual", "handed over", DIFFERENT, "Refuse", "AdoptionRefused"),
        ("Always", "unowned", EQUAL, "PatchTags", "Adopting"),
        ("Always", "unowned", DIFFERENT, "Put", "Adopting"),
        ("Always", "ours", EQUAL, "Settled", "UpToDate"),
        ("Always", "ours", DIFFERENT, "Put", "Updating"),
        ("Always", "another's", EQUAL, "Refuse", "OwnedByAnother"),
        ("Always", "another's", DIFFERENT, "Refuse", "OwnedByAnother"),
        ("Always", "handed over", EQUAL, "PatchTags", "Adopting"),
        ("Always", "handed over", DIFFERENT, "Put", "Adopting"),
    ],
)
def test_adoption(policy: str, owner: str, live: dict[str, Any], step: str, reason: str):
    found = plan_adoption(policy, owner, live)
    assert (type(found).__name__, getattr(found, "reason", None)) == (step, reason)


def test_the_setting_holds_for_an_object_without_a_wish():
    installation = an_installation(adoption_policy=AdoptionPolicy.NEVER)
    step = plan(a_snapshot(installation=installation, live=a_live_connection(tags={})))
    assert getattr(step, "reason", None) == "AdoptionRefused"


def test_adopting_an_equal_connection_writes_our_tag_and_keeps_the_others():
    step = plan_adoption("WhenEqual", "unowned", EQUAL)
    assert isinstance(step, PatchTags)
    assert step.tags == {"x": "1", "azvpn-owner": OWNER}


def test_taking_over_replaces_the_owner_whatever_the_case_of_the_tag():
    live = a_live_connection(tags={"AZVPN-Owner": ANOTHER})
    step = plan(a_snapshot(a_connection(annotations={"azvpn.dev/adopt-from": ANOTHER}), live=live))
    assert isinstance(step, PatchTags)
    assert step.tags == {"azvpn-owner": OWNER}


@pytest.mark.parametrize("named", ["prod/network", ANOTHER.upper(), f" {ANOTHER}", "", "*"])
def test_adopt_from_must_name_the_owner_exactly(named: str):
    subject = a_connection(adoptionPolicy="Always", annotations={"azvpn.dev/adopt-from": named})
    step = plan(a_snapshot(subject, live=a_live_connection(tags={"azvpn-owner": ANOTHER})))
    assert getattr(step, "reason", None) == "OwnedByAnother"
    assert ANOTHER in str(step), "the message says what the annotation has to be"


def test_refusal_shows_the_differences_without_the_missing_owner_tag():
    step = plan_adoption("WhenEqual", "unowned", DIFFERENT)
    assert [d.path for d in getattr(step, "differences", ())] == ["routingWeight"]


@pytest.mark.parametrize("policy", ["Never", "WhenEqual"])
def test_connection_that_azure_shows_as_failed_is_not_an_equal_one(policy: str):
    step = plan_adoption(policy, "unowned", {"provisioningState": "Failed"})
    assert getattr(step, "reason", None) == "AdoptionRefused"


def test_tags_of_the_spec_count_as_a_difference():
    subject = a_connection(tags={"x": "2"}, adoptionPolicy="WhenEqual")
    step = plan(a_snapshot(subject, live=a_live_connection(tags={"x": "1"})))
    assert getattr(step, "reason", None) == "AdoptionRefused"


def test_lost_owner_tag_of_a_connection_that_we_wrote_is_put_back_and_not_adopted():
    half = ConnectionHalf(role=HalfRole.FORWARD, id=CONNECTION_ID, managed_tags=("azvpn-owner",))
    subject = a_connection(adoptionPolicy="Never")
    step = plan(
        a_snapshot(subject, previous=VpnConnectionStatus(halves=(half,)), live=a_live_connection(tags={"x": "1"}))
    )
    assert isinstance(step, PatchTags)
    assert (step.reason, step.tags) == ("Updating", {"x": "1", "azvpn-owner": OWNER})


def test_adoption_puts_no_key():
    step = plan_adoption("Always", "unowned", DIFFERENT)
    assert isinstance(step, Put)
    assert not step.with_key
