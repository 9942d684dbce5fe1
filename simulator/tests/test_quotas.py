"""Token buckets, and the headers that tell of them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.options import BucketOptions
from azure_vpn_simulator.testing import ArmDriver
from azure_vpn_simulator.throttling import FixedWindows, TokenBuckets

Make = Callable[..., ArmDriver]


@given(
    size=st.integers(1, 20),
    refill=st.floats(0.1, 10),
    waits=st.lists(st.floats(0, 5), max_size=60),
)
def test_no_bucket_ever_gives_more_than_it_held_and_got(size: int, refill: float, waits: list[float]) -> None:
    buckets, options = TokenBuckets(), BucketOptions(size=size, refill_per_second=refill)
    now, given_out = 0.0, 0
    for wait in waits:
        now += wait
        given_out += not buckets.take(("x",), options, now).wait
        assert given_out <= size + now * refill + 1e-6


@given(size=st.integers(1, 5), refill=st.floats(0.1, 10))
def test_waiting_as_long_as_told_is_enough(size: int, refill: float) -> None:
    buckets, options = TokenBuckets(), BucketOptions(size=size, refill_per_second=refill)
    while not (wait := buckets.take(("x",), options, 0.0).wait):
        pass
    assert buckets.take(("x",), options, wait + 1e-6).wait == 0


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "connections", "subscription-reads"),
        ("PUT", "localNetworkGateways/Site", "subscription-writes"),
        ("POST", "virtualNetworkGateways/GwA/getbgppeerstatus", "subscription-writes"),
        ("DELETE", "connections/C1", "subscription-deletes"),
        ("GET", "/subscriptions", "tenant-reads"),
    ],
)
def test_every_answer_says_what_remains(arm: ArmDriver, method: str, path: str, kind: str) -> None:
    body = {"location": "eastus", "properties": {"fqdn": "site.example"}}
    first, second = arm.call(method, path, body), arm.call(method, path, body)
    assert first.status < 300
    name = f"x-ms-ratelimit-remaining-{kind}"
    assert int(second.headers[name]) == int(first.headers[name]) - 1
    everyone = name.replace("subscription-", "subscription-global-").replace("tenant-", "tenant-global-")
    assert int(second.headers[everyone]) == int(first.headers[everyone]) - 1


def limits(**changes: Any) -> dict[str, Any]:
    return {"throttling": changes}


def test_an_empty_bucket_says_how_long_to_wait_and_is_right(make_arm: Make) -> None:
    arm = make_arm(options=limits(reads={"size": 3, "refillPerSecond": 0.1}))
    assert [arm.get("connections").status for _ in range(4)] == [200, 200, 200, 429]
    refused = arm.get("connections")
    assert (refused.code, refused.headers["Retry-After"]) == (invented.QUOTA.code, "10")
    assert refused.headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"
    assert arm.put("connections/C1", arm.site("GwA", "Site", "k1")).status == 201
    arm.wait(10)
    assert arm.get("connections").status == 200


def test_each_principal_has_a_bucket_of_its_own(make_arm: Make, document: dict[str, Any]) -> None:
    other = {**document["principals"][0], "name": "other", "clientId": "55555555-5555-4555-8555-555555555555"}
    options = limits(reads={"size": 1, "refillPerSecond": 0.001})
    arm = make_arm(options=options, principals=[*document["principals"], other])
    assert [arm.get("connections").status for _ in range(2)] == [200, 429]
    arm.principal = "other"
    assert arm.get("connections").status == 200


def test_the_providers_own_limit_is_a_window(make_arm: Make) -> None:
    arm = make_arm(options=limits(providerLimits=True, providerReads=2))
    assert [arm.get("connections").status for _ in range(3)] == [200, 200, 429]
    assert arm.get("connections").code == invented.PROVIDER_QUOTA.code
    arm.wait(300)
    assert arm.get("connections").status == 200


@given(limit=st.integers(1, 5), times=st.lists(st.floats(0, 1000), max_size=50).map(sorted))
def test_no_window_lets_more_through_than_its_limit(limit: int, times: list[float]) -> None:
    windows = FixedWindows()
    passed = [t for t in times if not windows.take(("x",), limit, 100.0, t)]
    assert all(sum(t // 100 == i for t in passed) <= limit for i in range(11))
