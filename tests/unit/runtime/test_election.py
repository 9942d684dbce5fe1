"""Who leads, by one record: what a replica does about each that it reads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from azure_vpn_operator.runtime.election import Election, LeaseRecord

NOW = datetime(2026, 1, 1, tzinfo=UTC)
THEIRS = LeaseRecord("b", 30.0, NOW, NOW, transitions=3, version="7")
MINE = replace(THEIRS, holder="a")


@pytest.mark.parametrize(
    ("reads", "holder", "transitions"),
    [
        pytest.param([(0, None)], "a", 0, id="there is none yet"),
        pytest.param([(0, MINE)], "a", 3, id="it is mine: renewed"),
        pytest.param([(0, replace(THEIRS, holder=""))], "a", 4, id="the last leader has let go"),
        pytest.param([(0, THEIRS)], None, None, id="somebody else leads, and may have renewed just now"),
        pytest.param([(0, THEIRS), (29.9, THEIRS)], None, None, id="still"),
        pytest.param([(0, THEIRS), (30.0, THEIRS)], "a", 4, id="not renewed for as long as it holds"),
        pytest.param(
            [(0, THEIRS), (20, replace(THEIRS, version="8")), (40, replace(THEIRS, version="8"))],
            None,
            None,
            id="a renewal counts from when it was seen",
        ),
        pytest.param(
            [(0, replace(THEIRS, duration=60.0)), (40, replace(THEIRS, duration=60.0))],
            None,
            None,
            id="the holder says for how long it holds",
        ),
        pytest.param(
            [(0, replace(THEIRS, renewed=NOW - timedelta(days=1)))],
            None,
            None,
            id="the clocks of two machines are not compared: it may be theirs that is wrong",
        ),
    ],
)
def test_what_a_replica_writes(
    reads: list[tuple[float, LeaseRecord | None]], holder: str | None, transitions: int | None
):
    election = Election("a", 30.0)
    bids = [election.bid(record, at, NOW + timedelta(seconds=at)) for at, record in reads]
    last = bids[-1]
    assert (last.holder if last else None, last.transitions if last else None) == (holder, transitions)
    if last is not None and reads[-1][1] is not None:
        assert last.version == reads[-1][1].version, "a write names the version that was read"
        assert last.renewed == NOW + timedelta(seconds=reads[-1][0])


def test_a_renewal_keeps_when_the_leadership_began():
    bid = Election("a", 45.0).bid(MINE, 0.0, NOW + timedelta(seconds=5))
    assert bid == replace(MINE, duration=45.0, renewed=NOW + timedelta(seconds=5))


def test_only_the_holder_lets_go():
    election = Election("a", 30.0)
    assert election.release(THEIRS, NOW) is None
    free = election.release(MINE, NOW)
    assert free is not None
    assert (free.holder, free.version) == ("", "7")
