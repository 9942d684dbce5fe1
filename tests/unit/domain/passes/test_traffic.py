"""What the byte counters of successive reads say of a tunnel."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.api.vpn_connection_status import Traffic
from azure_vpn_operator.domain.passes.traffic import TrafficRecord, find_traffic, record_traffic
from support.builders import NOW, a_live_connection

STEADY = 300.0


def read(ingress: int | None, *, status: str | None = "Connected", seconds: float = STEADY) -> dict[str, Any]:
    """One read: the counter (None: Azure does not show it), the tunnel, and the time since the read before."""
    return {"ingress": ingress, "status": status, "seconds": seconds}


def play(reads: list[dict[str, Any]], stored: dict[str, Any] | None = None) -> list[tuple[str, float] | None]:
    """State and `since` (in seconds from the first read) after each read, as a process without memory sees them."""
    traffic = Traffic.model_validate(stored) if stored is not None else None
    record: TrafficRecord | None = None
    now, said = NOW - timedelta(seconds=reads[0]["seconds"]), list[tuple[str, float] | None]()
    for one in reads:
        now += timedelta(seconds=one["seconds"])
        counters = {"ingressBytesTransferred": one["ingress"]} if one["ingress"] is not None else {}
        live = a_live_connection(connectionStatus=one["status"], **counters)
        record = record_traffic(record, live, now)
        traffic = find_traffic(traffic, record, now, STEADY)
        said.append((traffic.state.value, (traffic.since - NOW).total_seconds()) if traffic is not None else None)
    return said


@pytest.mark.parametrize(
    ("why", "reads", "said"),
    [
        pytest.param(*case, id=case[0])
        for case in [
            ("one read tells nothing: the bytes may be old", [read(5)], [None]),
            ("more bytes than before", [read(5), read(6)], [None, ("Flowing", 300)]),
            ("since stays while it flows", [read(5), read(6), read(7)], [None, ("Flowing", 300), ("Flowing", 300)]),
            ("a short silence changes nothing", [read(5), read(6), read(6), read(6)], [None, *[("Flowing", 300)] * 3]),
            (
                "three intervals without a byte, counted from the last one that came",
                [read(5), read(6), read(6), read(6), read(6)],
                [None, *[("Flowing", 300)] * 3, ("Idle", 300)],
            ),
            (
                "none has come in at all: since the first read",
                [read(0), read(0), read(0), read(0), read(0)],
                [None, None, None, ("Idle", 0), ("Idle", 0)],
            ),
            (
                "many reads in a short time are no long silence",
                [read(5), *[read(5, seconds=10)] * 20],
                [None] * 21,
            ),
            ("bytes come again", [read(0), *[read(0)] * 3, read(9)], [None] * 3 + [("Idle", 0), ("Flowing", 1200)]),
            ("a counter that begins anew has counted new bytes", [read(500), read(20)], [None, ("Flowing", 300)]),
            ("a counter that is back at zero has not", [read(500), read(0)], [None, None]),
            (
                "a tunnel that is down for a moment changes nothing: a policy that is edited costs no more writes",
                [read(5), read(6), read(6, status="NotConnected"), read(7)],
                [None, *[("Flowing", 300)] * 3],
            ),
            (
                "through a tunnel that stays down nothing comes in, since it went down",
                [read(5), read(6), *[read(6, status="NotConnected")] * 3, read(7)],
                [None, *[("Flowing", 300)] * 3, ("Idle", 300), ("Flowing", 1500)],
            ),
            (
                "a read during an operation tells nothing, and the last word stands",
                [read(5), read(6), read(None, status=None), read(None, status=None), read(7)],
                [None, *[("Flowing", 300)] * 4],
            ),
        ]
    ],
)
def test_traffic(why: str, reads: list[dict[str, Any]], said: list[tuple[str, float] | None]):
    assert play(reads) == said, why


@pytest.mark.parametrize(
    ("why", "stored", "reads", "said"),
    [
        pytest.param(*case, id=case[0])
        for case in [
            ("a restart forgets nothing of an idle tunnel", "Idle", [read(5)] * 5, [("Idle", -9000)] * 5),
            ("nor of one that flows", "Flowing", [read(5), read(6)], [("Flowing", -9000)] * 2),
            ("bytes end the silence", "Idle", [read(5), read(6)], [("Idle", -9000), ("Flowing", 300)]),
            (
                "and it is noticed that none come any more",
                "Flowing",
                [read(5)] * 4,
                [("Flowing", -9000)] * 3 + [("Idle", 0)],
            ),
        ]
    ],
)
def test_traffic_after_a_restart(
    why: str, stored: str, reads: list[dict[str, Any]], said: list[tuple[str, float] | None]
):
    since = (NOW - timedelta(seconds=9000)).isoformat()

    assert play(reads, {"state": stored, "since": since}) == said, why


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["Connected", "NotConnected", None])), min_size=2))
def test_status_changes_only_with_the_state(steps: list[tuple[int, str | None]]):
    """Else each read of a busy tunnel would be a write to the API server."""
    counter, reads = 0, []
    for more, status in steps:
        counter += more
        reads.append(read(counter, status=status))
    said = play(reads)

    for before, after in itertools.pairwise(said):
        if before is not None and after is not None and before[0] == after[0]:
            assert before == after


def test_counters_of_the_tunnels_count_where_the_connection_has_none():
    tunnels = [{"tunnel": name, "connectionStatus": "Connected", "ingressBytesTransferred": 4} for name in "ab"]

    record = record_traffic(None, a_live_connection(connectionStatus="Connected", tunnelConnectionStatus=tunnels), NOW)

    assert record is not None
    assert record.ingress_bytes == 8
