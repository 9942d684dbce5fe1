from pathlib import Path

import pytest
from kubernetes.aio.client import ApiClient

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.cluster.event_recorder import EventRecorder
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.cluster.settings import ClusterSettings
from azure_vpn_operator.domain.passes.events import EventNote
from support.fakes.clock import FakeClock
from workbench.rest import call

EVENTS = "/apis/events.k8s.io/v1/namespaces/{}/events"
CREATED = EventNote(warning=False, reason=Reason.CREATED, action="Create", note="created VNet1toSite6")
DOWN = EventNote(warning=True, reason=Reason.TUNNEL_DOWN, action="Observe", note="the tunnel is down")


def regarding(namespace: str, uid: str = "11111111-2222-4333-8444-555555555555", name: str = "vnet1-to-site6"):
    return {
        "apiVersion": "azvpn.dev/v1alpha1",
        "kind": "VpnConnection",
        "metadata": {"namespace": namespace, "name": name, "uid": uid, "resourceVersion": "7"},
    }


async def events(admin: ApiClient, namespace: str):
    return (await call(admin, "GET", EVENTS.format(namespace)))["items"]


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def recorder(session: ClusterSession, clock: FakeClock):
    return EventRecorder(session, clock=clock, instance="operator-0")


async def test_event_says_what_who_and_about_which_object(recorder: EventRecorder, admin: ApiClient, namespace: str):
    await recorder.record(regarding(namespace), [CREATED, DOWN])
    first, second = sorted(await events(admin, namespace), key=lambda event: event["reason"])
    assert (first["type"], first["reason"], first["action"], first["note"]) == (
        "Normal",
        "Created",
        "Create",
        "created VNet1toSite6",
    )
    assert (second["type"], second["reason"]) == ("Warning", "TunnelDown")
    assert (first["reportingController"], first["reportingInstance"]) == ("azvpn.dev/azure-vpn-operator", "operator-0")
    assert first["regarding"] == {
        "apiVersion": "azvpn.dev/v1alpha1",
        "kind": "VpnConnection",
        "namespace": namespace,
        "name": "vnet1-to-site6",
        "uid": "11111111-2222-4333-8444-555555555555",
        "resourceVersion": "7",
    }
    assert first["eventTime"] == "2026-01-01T00:00:00.000000Z"


async def test_repeats_are_one_event_with_a_count(
    recorder: EventRecorder, admin: ApiClient, namespace: str, clock: FakeClock
):
    for _ in range(3):
        await recorder.record(regarding(namespace), [DOWN])
        await clock.advance(60)
    (event,) = await events(admin, namespace)
    assert event["series"] == {"count": 3, "lastObservedTime": "2026-01-01T00:02:00.000000Z"}


async def test_another_text_or_another_object_is_another_event(
    recorder: EventRecorder, admin: ApiClient, namespace: str
):
    await recorder.record(regarding(namespace), [DOWN])
    await recorder.record(regarding(namespace), [EventNote(True, Reason.TUNNEL_DOWN, "Observe", "still down")])
    await recorder.record(regarding(namespace, uid="another"), [DOWN])
    found = await events(admin, namespace)
    assert len(found) == 3
    assert all("series" not in event for event in found)


async def test_after_ten_minutes_a_new_series_begins(
    recorder: EventRecorder, admin: ApiClient, namespace: str, clock: FakeClock
):
    await recorder.record(regarding(namespace), [DOWN])
    await clock.advance(601)
    await recorder.record(regarding(namespace), [DOWN])
    assert len(await events(admin, namespace)) == 2


async def test_event_that_the_server_dropped_meanwhile_is_made_again(
    recorder: EventRecorder, admin: ApiClient, namespace: str
):
    await recorder.record(regarding(namespace), [DOWN])
    (event,) = await events(admin, namespace)
    await call(admin, "DELETE", f"{EVENTS.format(namespace)}/{event['metadata']['name']}")
    await recorder.record(regarding(namespace), [DOWN])
    assert len(await events(admin, namespace)) == 1


async def test_one_object_cannot_flood_the_server_and_does_not_silence_others(
    recorder: EventRecorder, admin: ApiClient, namespace: str, clock: FakeClock
):
    for number in range(40):
        note = EventNote(warning=True, reason=Reason.TUNNEL_DOWN, action="Observe", note=f"number {number}")
        await recorder.record(regarding(namespace), [note])
    await recorder.record(regarding(namespace, uid="another"), [CREATED])
    assert len(await events(admin, namespace)) == 26
    await clock.advance(300)
    await recorder.record(regarding(namespace), [CREATED, DOWN])
    assert len(await events(admin, namespace)) == 27


async def test_long_note_is_cut_to_what_the_server_takes(recorder: EventRecorder, admin: ApiClient, namespace: str):
    await recorder.record(regarding(namespace), [EventNote(True, Reason.TUNNEL_DOWN, "Observe", "ü" * 2000)])
    (event,) = await events(admin, namespace)
    assert event["note"].endswith("…")
    assert 1000 < len(event["note"].encode()) <= 1024


async def test_longest_name_of_an_object_still_has_events(recorder: EventRecorder, admin: ApiClient, namespace: str):
    await recorder.record(regarding(namespace, name="n" * 63), [CREATED])
    assert len(await events(admin, namespace)) == 1


async def test_trouble_with_events_is_nobody_elses_trouble(clock: FakeClock, tmp_path: Path):
    async with ClusterSession(ClusterSettings(kubeconfig=str(tmp_path / "missing")), clock=clock) as session:
        await EventRecorder(session, clock=clock, instance="").record(regarding("somewhere"), [DOWN])
