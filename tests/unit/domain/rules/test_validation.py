from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.domain.rules.connection import CONNECTION_RULES, CONNECTION_TRANSITIONS
from azure_vpn_operator.domain.rules.policy import POLICY_RULES
from azure_vpn_operator.domain.rules.validation import check_connection_update, read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid, Violation
from support.cases.connections import CONNECTION_CASES
from support.cases.objects import Case, UpdateCase, connection, observed, params, policy
from support.cases.policies import POLICY_CASES
from support.cases.updates import UPDATE_CASES


def _violations(read: Any) -> tuple[Violation, ...]:
    return read.violations if isinstance(read, Invalid) else ()


def _assert_verdict(case: Case, violations: tuple[Violation, ...]) -> None:
    assert sorted((found.rule, found.field) for found in violations) == sorted(case.refused), "\n".join(
        map(str, violations)
    )
    assert not case.hint or any(case.hint in (found.hint or "") for found in violations)


@pytest.mark.parametrize("case", params(POLICY_CASES))
def test_policy_has_the_verdict_of_the_table(case: Case):
    _assert_verdict(case, _violations(read_policy(case.document)))


@pytest.mark.parametrize("case", params(CONNECTION_CASES))
def test_connection_has_the_verdict_of_the_table(case: Case):
    _assert_verdict(case, _violations(read_connection(case.document)))


@pytest.mark.parametrize("case", params(UPDATE_CASES))
def test_update_has_the_verdict_of_the_table(case: UpdateCase):
    old = case.old | ({"status": case.status} if case.status else {})

    violations = check_connection_update(case.new, old)

    assert sorted((found.rule, found.field) for found in violations) == sorted(case.refused)


def test_every_rule_is_broken_by_some_case():
    broken = {rule for case in (*POLICY_CASES, *CONNECTION_CASES, *UPDATE_CASES) for rule, _ in case.refused}

    assert {rule.id for rule in (*POLICY_RULES, *CONNECTION_RULES, *CONNECTION_TRANSITIONS)} <= broken


def test_policy_is_read_with_its_defaults_and_its_metadata():
    document = policy({"generation": 3, "uid": "u"}, saLifeTimeSeconds=None, saDataSizeKilobytes=0)

    read = read_policy(document)

    assert not isinstance(read, Invalid)
    assert (read.metadata.name, read.metadata.namespace, read.metadata.generation, read.metadata.uid) == (
        "site6",
        "network",
        3,
        "u",
    )
    assert (read.spec.dh_group, read.spec.sa_life_time_seconds, read.spec.sa_data_size_kilobytes) == (
        "DHGroup24",
        27000,
        0,
    )
    assert read.status.observed_generation == -1


def test_connection_is_read_with_defaults_only_where_the_crd_publishes_them():
    read = read_connection(connection())

    assert not isinstance(read, Invalid)
    assert read.spec.shared_key_secret_ref is not None
    assert read.spec.shared_key_secret_ref.key == "sharedKey"
    assert read.spec.connection_protocol is None
    assert read.spec.dpd_timeout_seconds is None
    assert read.spec.management_policy is None
    assert read.spec.traffic_selector_policies == ()


def test_status_is_read():
    condition = {"type": "Ready", "status": "True", "reason": "UpToDate", "lastTransitionTime": "2026-01-02T03:04:05Z"}
    halves = [{"role": "Forward", "id": "/x", "tunnels": [{"name": "t", "status": "Connected"}]}]

    read = read_connection(
        connection() | {"status": {"observedGeneration": 4, "conditions": [condition], "halves": halves}}
    )

    assert not isinstance(read, Invalid)
    assert read.status.observed_generation == 4
    assert read.status.conditions[0].reason == "UpToDate"
    assert read.status.halves[0].tunnels[0].status == "Connected"


@pytest.mark.parametrize(
    "status",
    [
        "x",
        [],
        {"conditions": {}},
        {"observedGeneration": "many"},
        {"conditions": [{"type": "Ready"}]},
        {"halves": [{"role": "Sideways"}]},
        {"conditions": [{"type": "Ready", "status": "True", "reason": "x", "lastTransitionTime": "yesterday"}]},
    ],
)
def test_unreadable_status_is_an_empty_one(status: Any):
    read = read_connection(connection() | {"status": status})

    assert not isinstance(read, Invalid)
    assert read.status.observed_generation == -1
    assert read.status.conditions == ()


def test_invalid_object_keeps_what_can_be_read_of_its_metadata():
    document = {
        "metadata": {"name": "x", "namespace": "network", "generation": "no", "labels": {"a": "b", "c": 1}},
        "spec": {},
    }

    read = read_policy(document)

    assert isinstance(read, Invalid)
    assert (read.metadata.name, read.metadata.namespace, read.metadata.generation) == ("x", "network", 0)
    assert read.metadata.labels == {"a": "b"}


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        (None, "metadata"),
        ("x", "metadata"),
        ({}, "metadata.name"),
        ({"name": 5}, "metadata.name"),
        ({"name": "a" * 10_000}, "metadata.name"),
        ({"name": "a\n"}, "metadata.name"),
        ({"name": "a", "namespace": "../b"}, "metadata.namespace"),
        ({"name": "a", "namespace": "a.b"}, "metadata.namespace"),
        ({"name": "a", "namespace": 7}, "metadata.namespace"),
    ],
)
def test_hostile_metadata_is_refused(metadata: Any, field: str):
    read = read_policy(policy() | {"metadata": metadata})

    assert isinstance(read, Invalid)
    assert field in {found.field for found in read.violations}


@pytest.mark.parametrize(
    "field", ["sharedKeySecretRef", "azureName", "tags", "virtualNetworkGateway", "dpdTimeoutSeconds"]
)
def test_value_of_the_wrong_type_is_never_quoted(field: str):
    wrong = ["Top.Secret.42"] if field == "azureName" else "Top.Secret.42"

    read = read_connection(connection(**{field: wrong}))

    assert isinstance(read, Invalid)
    assert "Top.Secret.42" not in repr(read)
    assert "Top.Secret.42" not in "".join(map(str, read.violations))


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"trafficSelectorPolicies": [{}] * 10_000}, id="10,000 items"),
        pytest.param({"ingressNatRules": [None] * 10_000}, id="10,000 nulls"),
        pytest.param({"azureName": "a" * 1_000_000}, id="a name of a million characters"),
        pytest.param({"connectionMode": "a" * 1_000_000}, id="an enum of a million characters"),
        pytest.param({"virtualNetworkGateway": {"id": "/" * 1_000_000}}, id="an id of a million slashes"),
        pytest.param({"tags": {str(i): "x" for i in range(10_000)}}, id="10,000 tags"),
        pytest.param({"tags": {"x" * 1_000_000: "x"}}, id="a tag's name of a million characters"),
        pytest.param({"dpdTimeoutSeconds": 10**400}, id="a number of 400 digits"),
        pytest.param({"dpdTimeoutSeconds": float("nan")}, id="not a number"),
        pytest.param({"dpdTimeoutSeconds": float("inf")}, id="an infinite number"),
        pytest.param({1: 2, None: 3}, id="names that are no texts"),
    ],
)
def test_huge_and_odd_values_are_refused_in_few_and_short_words(spec: dict[Any, Any]):
    read = read_connection({"metadata": {"name": "x"}, "spec": spec})

    assert isinstance(read, Invalid)
    assert len(read.violations) < 10
    assert all(len(str(found)) < 1024 for found in read.violations)


def test_an_update_of_something_that_was_never_valid_is_not_judged():
    assert check_connection_update(connection(), {"spec": 5}) == ()
    assert check_connection_update(None, None) == ()


def test_a_broken_field_hides_no_other_change_of_identity():
    violations = check_connection_update(connection(azureName=5, resourceGroup="elsewhere"), connection())

    assert {found.rule for found in violations} == {"resource-group-stays", "gateway-stays", "local-gateway-stays"}


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_FIELDS = sorted(
    {
        *policy()["spec"],
        *connection()["spec"],
        "trafficSelectorPolicies",
        "localAddressRanges",
        "tags",
        "id",
        "name",
        "status",
    }
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(document=_JSON)
def test_no_document_makes_reading_raise(document: Any):
    for read in (read_policy(document), read_connection(document)):
        assert not isinstance(read, Invalid) or read.violations


@given(spec=_JSON, status=_JSON, metadata=_JSON)
def test_no_object_makes_reading_raise(spec: Any, status: Any, metadata: Any):
    document = {"metadata": metadata, "spec": spec, "status": status}

    for read in (read_policy(document), read_connection(document)):
        assert not isinstance(read, Invalid) or read.violations


@given(changes=st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=3), status=_JSON)
def test_no_update_makes_comparing_raise(changes: dict[str, Any], status: Any):
    for old in (connection(), observed()):
        new = {**old, "spec": {**old["spec"], **changes}}
        violations = check_connection_update(new, old | {"status": status})
        assert all(found.message for found in violations)
