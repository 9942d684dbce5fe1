"""Shared keys are written when their bytes change, one connection after the other, and at no other time."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.keys.digest import DigestKey
from support.world.core import CONNECTION, KEY, OWNER, CoreHarness, Interference, connection_id, wire_connection

pytestmark = pytest.mark.slow

NEW = "ANewCanaryKey"
FORBIDDEN = Fault(FaultKind.FORBIDDEN, "SharedKeyNotReadable", "The key may not be read.")
LOST = Fault(FaultKind.UNAVAILABLE, "ReadTimeout", "No answer.")


def keys_may_not_be_read(_number: int, verb: str, _what: str) -> Interference | None:
    return Interference(fault=FORBIDDEN) if verb == "get_shared_key" else None


def record(world: CoreHarness, name: str = "site6", half: int = 0) -> dict[str, Any]:
    document = world.document(name)
    assert document is not None
    return dict(document["status"]["halves"][half].get("key", {}))


def reads(world: CoreHarness) -> int:
    return sum(verb == "get_shared_key" for verb, _ in world.calls)


async def look(world: CoreHarness, name: str = "site6") -> None:
    world.annotate(name, reconcile_at=str(len(world.calls)))
    await world.settle()


@pytest.fixture
async def three(site: CoreHarness) -> CoreHarness:
    """Three connections that use one Secret, made and in peace."""
    site.add_site("Site8")
    site.set_up_site("Site7", "site7")
    site.set_up_site("Site8", "site8")
    await site.settle()
    site.forget_journals()
    return site


async def test_after_creation_the_digest_is_known_and_azures_key_is_not_read(site: CoreHarness):
    assert set(record(site)) == {"digest", "setTime"}
    assert KEY not in str(site.cluster.documents)
    site.forget_journals()
    await site.advance(1800)
    await site.restart()
    await site.advance(60)
    assert reads(site) <= 1, "once an hour at most"


async def test_changed_bytes_are_written_by_the_call_for_keys_alone(site: CoreHarness):
    before = record(site)["digest"]
    site.put_key(NEW)
    await site.settle()
    assert site.accepted() == {"put_shared_key": 1}
    assert site.live("VNet1toSite6").key == NEW
    assert record(site)["digest"] != before
    assert site.ready() == ("True", "UpToDate")


async def test_when_a_key_was_set_is_known_until_another_one_is(site: CoreHarness):
    created = record(site)["setTime"]
    await site.advance(7200)
    await site.restart()
    await site.settle()
    assert record(site)["setTime"] == created
    site.put_key(NEW)
    await site.settle()
    assert datetime.fromisoformat(record(site)["setTime"]) > datetime.fromisoformat(created) + timedelta(seconds=7200)


async def test_how_old_a_key_is_that_was_there_before_is_not_known(world: CoreHarness):
    world.put_key()
    world.azure.add_connection(connection_id("VNet1toSite6"), wire_connection(), key=KEY)
    world.set_up_site()
    await world.settle()
    assert set(record(world)) == {"digest"}


@pytest.mark.parametrize("readable", [True, False])
async def test_what_is_no_change_of_bytes_writes_nothing(site: CoreHarness, readable: bool):
    if not readable:
        site.interfere = keys_may_not_be_read
    for _ in range(3):
        site.put_key(KEY)  # another resourceVersion, as after an edit of labels
        await site.settle()
        await site.restart()
        await site.advance(4000)
        await look(site)
    assert site.sent == []


async def test_a_rebuilt_installation_compares_and_writes_nothing(site: CoreHarness):
    site.cluster.digest_key = DigestKey(b"another digest key, made after the namespace was lost")
    await site.restart()
    await site.settle()
    assert site.sent == []
    assert site.ready() == ("True", "UpToDate")


async def test_a_rebuilt_installation_that_may_not_read_keys_waits_to_be_asked(site: CoreHarness):
    site.interfere = keys_may_not_be_read
    site.cluster.digest_key = DigestKey(b"another digest key, made after the namespace was lost")
    await site.restart()
    await site.settle()
    assert site.condition("site6", "CredentialsResolved") == ("True", "KeyUnverified")
    site.put_key(NEW)
    await look(site)
    assert site.sent == [], "what cannot be compared is not written"

    site.annotate("site6", rotate_key="now")
    await site.settle()
    assert site.accepted() == {"put_shared_key": 1}
    assert site.live("VNet1toSite6").key == NEW
    assert site.condition("site6", "CredentialsResolved") == ("True", "KeyNotReadable")

    site.put_key("Yet.Another.Key")
    await site.settle()
    assert site.live("VNet1toSite6").key == "Yet.Another.Key", "from now on the digest is known"


async def test_without_the_right_to_read_keys_a_change_is_written_once(site: CoreHarness):
    site.interfere = keys_may_not_be_read
    site.put_key(NEW)
    await site.settle()
    await site.restart()
    await site.advance(7300)
    assert site.accepted() == {"put_shared_key": 1}
    assert site.ready() == ("True", "UpToDate")


async def test_without_digests_keys_are_compared_as_far_as_they_may_be_read(site: CoreHarness):
    site.cluster.digest_key = FORBIDDEN
    await site.restart()
    site.put_key(NEW)
    await site.settle()
    assert site.accepted() == {"put_shared_key": 1}
    assert site.ready() == ("True", "UpToDate")


async def test_rotate_key_acts_once_per_token(site: CoreHarness):
    for token in ("a", "b"):
        site.forget_journals()
        site.annotate("site6", rotate_key=token)
        await site.settle()
        await site.restart()
        await site.settle()
        assert site.accepted() == {"put_shared_key": 1}
        document = site.document("site6")
        assert document is not None
        assert document["status"]["lastHandled"]["rotateKey"] == token


@pytest.mark.parametrize("carried_out", [False, True])
async def test_a_request_is_recorded_before_the_call_so_a_crash_does_not_repeat_it_for_ever(
    site: CoreHarness, carried_out: bool
):
    def crash(_number: int, verb: str, _what: str) -> Interference | None:
        return (
            Interference(crash=True, carried_out=carried_out) if verb == "put_shared_key" and not site.crashes else None
        )

    site.interfere = crash
    site.annotate("site6", rotate_key="a")
    await site.advance(1)
    document = site.document("site6")
    assert document is not None
    assert document["status"]["lastHandled"]["rotateKey"] == "a"
    await site.settle()
    assert sum(site.accepted().values()) <= 1
    assert site.ready() == ("True", "UpToDate")


async def test_a_lost_answer_is_repeated_at_most_once(site: CoreHarness):
    site.interfere = lambda _n, verb, _w: (
        keys_may_not_be_read(_n, verb, _w)
        or (
            Interference(fault=LOST, carried_out=True)
            if verb == "put_shared_key" and not site.accepted()["put_shared_key"]
            else None
        )
    )
    site.put_key(NEW)
    await site.settle()
    assert site.live("VNet1toSite6").key == NEW
    assert site.accepted()["put_shared_key"] <= 2
    assert set(record(site)) - {"setTime"} == {"digest"}


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"labels": {"team": "x"}}, id="a label"),
        pytest.param({"spec": {"routingWeight": 7}}, id="another configuration"),
    ],
)
async def test_a_status_that_meets_an_edit_and_then_a_crash_does_not_make_the_key_go_twice(
    site: CoreHarness, edit: dict[str, Any]
):
    """Keys may not be read here, so nothing but the status says that Azure has the new one."""
    told = 0

    def interfere(number: int, verb: str, what: str) -> Interference | None:
        nonlocal told
        if verb == "put_shared_key":
            # The edit is made while Azure takes the key, and the watch has not brought it yet when the status is written.
            if "spec" in edit:
                document = site.document("site6")
                assert document is not None
                site.cluster.edit(CONNECTION, "network", "site6", document["spec"] | edit["spec"])
            else:
                metadata = site.cluster.documents[CONNECTION, "network", "site6"]["metadata"]
                metadata |= edit | {"resourceVersion": site.cluster._version()}
        if verb == "write_status" and site.accepted()["put_shared_key"] and not told:
            told = 1
            return Interference(crash=True, carried_out=True)
        return keys_may_not_be_read(number, verb, what)

    site.interfere = interfere
    site.put_key(NEW)
    await site.settle()

    assert site.crashes == 1
    assert site.accepted()["put_shared_key"] == 1
    assert site.live("VNet1toSite6").key == NEW
    assert set(record(site)) - {"setTime"} == {"digest"}
    assert site.held()["routingWeight"] == edit.get("spec", {}).get("routingWeight", 0)
    assert site.ready() == ("True", "UpToDate")


async def test_an_edit_that_a_status_has_passed_over_is_carried_out_at_once(site: CoreHarness):
    def interfere(_number: int, verb: str, _what: str) -> Interference | None:
        if verb == "put_shared_key":
            document = site.document("site6")
            assert document is not None
            site.cluster.edit(CONNECTION, "network", "site6", document["spec"] | {"routingWeight": 7})
        return None

    site.interfere = interfere
    site.put_key(NEW)
    site.annotate("site6", reconcile_at="now")

    await site.advance(150)

    assert site.accepted() == {"put_shared_key": 1, "put": 1}
    assert site.held()["routingWeight"] == 7


async def test_the_key_counts_as_held_only_when_the_connection_is_settled(site: CoreHarness):
    site.put_key(NEW)
    site.annotate("site6", reconcile_at="1")
    await site.advance(5)
    assert record(site)["sent"] is True
    await site.settle()
    assert set(record(site)) - {"setTime"} == {"digest"}


async def test_a_call_that_fails_later_is_repeated(site: CoreHarness):
    site.azure.operation_fault = Fault(FaultKind.UNAVAILABLE, "InternalServerError", "Try again.")
    site.put_key(NEW)
    site.annotate("site6", reconcile_at="1")
    await site.advance(5)
    site.azure.operation_fault = None
    site.live("VNet1toSite6").key = KEY  # Azure did not do it
    await site.settle()
    assert site.live("VNet1toSite6").key == NEW
    assert site.ready() == ("True", "UpToDate")


@pytest.mark.parametrize(
    ("policy", "tunnel", "mended"),
    [("Correct", "Connected", True), ("CorrectSafe", "NotConnected", True), ("CorrectSafe", "Connected", False)],
)
async def test_a_key_that_somebody_changed_in_azure_is_found_named_and_mended_by_the_drift_policy(
    world: CoreHarness, policy: str, tunnel: str, mended: bool
):
    world.set_up_site(driftPolicy=policy)
    await world.settle()
    world.live("VNet1toSite6").tunnel = tunnel
    world.live("VNet1toSite6").key = "changed in the portal"
    await world.advance(2 * 3600)
    assert (world.live("VNet1toSite6").key == KEY) is mended
    if mended:
        assert "DriftCorrected" in world.reasons_of_events()
        return
    assert world.ready() == ("False", "DriftDetected")
    assert "VNet1toSite6" in world.message("site6", "Ready")
    await world.restart()
    await world.settle()
    assert world.ready() == ("False", "DriftDetected"), "also after a restart"


async def test_users_of_a_secret_get_the_key_one_after_the_other(three: CoreHarness):
    three.put_key(NEW)
    three.annotate("site8", reconcile_at="1")
    await three.advance(5)
    assert [sent.name for sent in three.sent] == ["VNet1toSite6"], "the first by name, whoever saw the change first"
    assert three.ready("site8") == ("False", "KeyRotationWaits")
    assert "site6" in three.message("site8", "Ready") or "site7" in three.message("site8", "Ready")
    await three.settle()
    assert [sent.name for sent in three.sent] == ["VNet1toSite6", "VNet1toSite7", "VNet1toSite8"]
    assert three.ready("site8") == ("True", "UpToDate")


@pytest.mark.parametrize("restarts", [False, True])
async def test_it_stops_at_the_first_tunnel_that_does_not_come_back(three: CoreHarness, restarts: bool):
    three.put_key(NEW)
    three.annotate("site6", reconcile_at="1")
    await three.advance(5)
    three.live("VNet1toSite6").tunnel = "NotConnected"
    for _ in range(4):
        await three.advance(300)
        if restarts:
            await three.restart()
    assert [sent.name for sent in three.sent] == ["VNet1toSite6"]
    for name in ("site7", "site8"):
        assert three.ready(name) == ("False", "KeyRotationStopped")
        assert three.condition(name, "Stalled") is None
        assert "site6" in three.message(name, "Ready")

    three.live("VNet1toSite6").tunnel = "Connected"
    await three.settle()
    assert [sent.name for sent in three.sent] == ["VNet1toSite6", "VNet1toSite7", "VNet1toSite8"]


async def test_a_tunnel_that_was_down_before_is_not_waited_for(three: CoreHarness):
    three.live("VNet1toSite6").tunnel = "NotConnected"
    await three.advance(900)
    three.put_key(NEW)
    await three.settle()
    assert len(three.sent) == 3


async def test_one_that_waits_goes_at_once_if_a_person_asks(three: CoreHarness):
    three.put_key(NEW)
    three.annotate("site6", reconcile_at="1")
    await three.advance(5)
    three.live("VNet1toSite6").tunnel = "NotConnected"
    await three.advance(900)
    three.annotate("site8", rotate_key="go")
    await three.advance(120)
    assert three.live("VNet1toSite8").key == NEW
    assert three.live("VNet1toSite7").key == KEY


async def test_one_that_cannot_change_holds_nobody(three: CoreHarness):
    three.edit(CONNECTION, "site6", suspend=True)
    three.put_key(NEW)
    await three.settle()
    assert [sent.name for sent in three.sent] == ["VNet1toSite7", "VNet1toSite8"]
    three.edit(CONNECTION, "site6", suspend=False)
    await three.settle()
    assert three.live("VNet1toSite6").key == NEW


async def test_a_watched_secret_is_seen_at_once():
    world = CoreHarness(watch_secrets=True)
    await world.start()
    world.set_up_site()
    world.cluster.watched.add(("network", "keys"))
    await world.settle()
    world.put_key(NEW)
    await world.advance(6)
    assert world.accepted()["put_shared_key"] == 1
    await world.stop()


async def test_a_secret_that_is_deleted_first_blocks_no_deletion(site: CoreHarness):
    site.cluster.secrets.clear()
    await look(site)
    site.delete(CONNECTION, "site6")
    await site.settle()
    assert site.document("site6") is None
    assert site.accepted() == {"delete": 1}


async def test_a_secret_that_is_gone_leaves_the_connection_as_it_is(site: CoreHarness):
    site.cluster.secrets.clear()
    site.edit(CONNECTION, "site6", routingWeight=7)
    await site.settle()
    assert site.accepted() == {"put": 1}
    assert site.condition("site6", "CredentialsResolved") == ("False", "SecretNotFound")


async def test_a_key_that_is_seen_to_have_arrived_is_not_sent_again_if_that_could_not_be_stored(site: CoreHarness):
    def lose_the_answer(_number: int, verb: str, _what: str) -> Interference | None:
        return Interference(fault=LOST, carried_out=True) if verb == "put_shared_key" else None

    compared: list[str] = []

    def crash_after_the_comparison(_number: int, verb: str, what: str) -> Interference | None:
        if verb == "get_shared_key":
            compared.append(what)
        return Interference(crash=True) if compared and verb == "write_status" and not site.crashes else None

    site.interfere = lose_the_answer
    site.put_key(NEW)
    site.annotate("site6", reconcile_at="now")
    await site.advance(5)
    site.interfere = crash_after_the_comparison
    await site.settle()
    assert site.crashes == 1
    assert site.accepted() == {"put_shared_key": 1}


async def test_looks_by_time_share_the_reads_of_a_secret_and_a_new_key_is_found_by_time():
    world = CoreHarness(recent_interval=30.0)
    await world.start()
    sites = [f"S{number}" for number in range(24)]
    for site in sites:
        world.add_site(site)
        world.set_up_site(site, site.lower())
    await world.settle()
    world.forget_journals()
    await world.advance(600.0)
    assert sum(verb == "get" for verb, _ in world.calls) >= 1.5 * len(sites), "each was looked at by time, about twice"
    assert sum(verb == "read" for verb, _ in world.calls) <= 600 / 30 + 1
    world.put_key(NEW)
    await world.advance(330.0 + len(sites) * 60.0)
    assert {world.live(f"VNet1to{site}").key for site in sites} == {NEW}
    await world.stop()


async def test_passes_that_begin_together_all_record_the_key_that_they_found():
    world = CoreHarness(workers=4)
    world.latency = lambda verb, _what: 2.0 if verb == "obtain" else 0.0
    sites = [f"S{number}" for number in range(4)]
    for site in sites:
        world.add_site(site)
        world.set_up_site(site, site.lower())
        body = wire_connection(site, tags={"azvpn-owner": f"{OWNER}/{site.lower()}"})
        world.azure.add_connection(connection_id(f"VNet1to{site}"), body, key=KEY)
    await world.start()
    await world.advance(20.0)
    assert [set(record(world, site.lower())) - {"setTime"} for site in sites] == [{"digest"}] * len(sites)
    assert not world.sent
    await world.stop()
