"""When two sides have a combination in common."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_simulator.ipsec import ALGORITHMS, DEFAULT_SUITES, Suite, match, suite

policies = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in ALGORITHMS.items()})


@given(policies)
def test_every_policy_fits_itself_and_a_device_that_takes_anything(policy: dict[str, Any]) -> None:
    own = frozenset({suite(policy)})
    for other in (own, None):
        found = match(own, other)
        assert found is not None
        assert found.pfs_fits
        assert found.suite == suite(policy)


@given(policies, policies)
def test_it_does_not_matter_which_side_asks(one: dict[str, Any], other: dict[str, Any]) -> None:
    a, b = frozenset({suite(one)}), frozenset({suite(other)})
    there, back = match(a, b), match(b, a)
    assert (there is None) == (back is None)
    assert there is None or back is None or there.pfs_fits == back.pfs_fits


@given(policies, policies)
def test_two_policies_fit_if_they_differ_in_pfs_at_most(one: dict[str, Any], other: dict[str, Any]) -> None:
    a, b = suite(one), suite(other)
    found = match(frozenset({a}), frozenset({b}))
    if (a.ike, a.esp) != (b.ike, b.esp):
        assert found is None
    else:
        assert found is not None
        assert found.pfs_fits == (a.pfs == b.pfs)


@given(policies)
def test_aliases_are_one_value(policy: dict[str, Any]) -> None:
    names = {"DHGroup14": "DHGroup2048", "DHGroup2048": "DHGroup14", "PFS14": "PFS2048", "PFS2048": "PFS14"}
    renamed = {k: names.get(v, v) for k, v in policy.items()}
    assert suite(renamed) == suite(policy)


@pytest.mark.parametrize(("group", "pfs"), [("DHGroup24", "PFS24"), ("DHGroup14", "PFS2048"), ("ECP384", "ECP384")])
def test_pfsmm_means_the_group_of_main_mode(group: str, pfs: str) -> None:
    rest = {name: values[0] for name, values in ALGORITHMS.items()} | {"dhGroup": group}
    assert suite(rest | {"pfsGroup": "PFSMM"}) == suite(rest | {"pfsGroup": pfs})


def test_the_default_policy_has_six_main_modes_of_group_2_and_26_quick_modes() -> None:
    assert {s.ike.group for s in DEFAULT_SUITES} == {"DHGroup2"}
    assert len({s.ike for s in DEFAULT_SUITES}) == 6
    assert len({(s.esp, s.pfs) for s in DEFAULT_SUITES}) == 26


def test_two_default_policies_agree_on_something_strong_rather_than_something_weak() -> None:
    found = match(DEFAULT_SUITES, DEFAULT_SUITES)
    assert found is not None
    assert found.suite.esp.encryption == "GCMAES256"
    assert isinstance(found.suite, Suite)
