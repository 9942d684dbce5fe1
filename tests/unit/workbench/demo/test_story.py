from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workbench.demo.story import Edit, Story
from workbench.demo.timeline import draw

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAMES = ("site-01", "site-02", "site-03")
EDIT = Edit("fleet", "DHGroup24", "ECP384", T0, since=100)


def at(seconds: float) -> dict[str, Any]:
    return {"time": (T0 + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")}


def request(
    seq: int, seconds: float, name: str, group: str, *, method: str = "PUT", status: int = 200
) -> dict[str, Any]:
    return {
        "seq": seq,
        "method": method,
        "path": f"/subscriptions/s/resourceGroups/FleetRG/providers/Microsoft.Network/connections/{name}",
        "status": status,
        "body": {"properties": {"ipsecPolicies": [{"dhGroup": group}]}},
        **at(seconds),
    }


CREATED = [request(number, -60, name, "DHGroup24", status=201) for number, name in enumerate(NAMES)]
CHANGED = request(101, 0.8, "site-01", "ECP384")
UNDONE = request(140, 25.7, "site-01", "DHGroup24")


def transition(name: str, *, up: bool) -> dict[str, Any]:
    return {"connection": f"/subscriptions/s/connections/{name}", "tunnel": 0, "up": up}


def outage(name: str, start: float, end: float | None) -> dict[str, Any]:
    found = at(end) if end is not None else None
    return {"connection": f"/subscriptions/s/connections/{name}", "cause": "Settings", "from": at(start), "to": found}


def story(**changes: Any) -> Story:
    known: dict[str, Any] = {
        "journal": [*CREATED, CHANGED, UNDONE],
        "tunnels": {"entries": [transition(name, up=up) for name in NAMES for up in (False, True)]},
        "outages": {"outages": [outage("site-01", 5.3, 30.7)], "now": at(34)},
        "most_at_once": 1,
        "reasons": dict.fromkeys(NAMES, "RolloutStopped"),
        "policy_reason": "RolloutFailed",
    }
    return Story.of(EDIT, **(known | changes))


def test_a_story_that_went_as_promised_is_told_with_its_times() -> None:
    told = story()

    assert told.faults() == []
    assert told.tell(20) == [
        "At 0.8 s after the edit site-01 alone, the canary, was given ECP384.",
        "At 5.3 s Azure had it in force: the tunnel went down, and its device refused the new group.",
        "At 25.7 s the 20 s for coming back were over, and the operator sent the old values.",
        "At 30.7 s the tunnel was up again: 25.4 s down.",
        "The other 2 connections were never touched: no write, and no tunnel down.",
        "The policy says RolloutFailed, and Azure holds DHGroup24 for all 3 connections.",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"journal": CREATED}, "It got: nothing", id="no write at all"),
        pytest.param({"journal": [*CREATED, CHANGED]}, "site-01 ECP384", id="an edit without an undo"),
        pytest.param(
            {"journal": [*CREATED, CHANGED, UNDONE, request(150, 26, "site-02", "DHGroup24")]},
            "PUT site-02 DHGroup24",
            id="a write for one that was not to be touched",
        ),
        pytest.param(
            {"journal": [*CREATED, CHANGED, UNDONE, request(150, 26, "site-02", "x", method="PATCH")]},
            "PATCH site-02",
            id="a write of another kind",
        ),
        pytest.param({"most_at_once": 2}, "and 2 were at the same time", id="two tunnels down at once"),
        pytest.param(
            {"outages": {"outages": [outage("site-01", 5, 30), outage("site-03", 40, 41)], "now": at(44)}},
            "not the canary's went down: site-03",
            id="another tunnel down later",
        ),
        pytest.param(
            {"tunnels": {"entries": [transition(name, up=name != "site-02") for name in NAMES]}},
            "tunnels are down: site-02",
            id="a tunnel that is down at the end",
        ),
        pytest.param(
            {"journal": [*CREATED[:2], CHANGED, UNDONE]}, "does not hold DHGroup24 for site-03", id="one never written"
        ),
        pytest.param({"policy_reason": "RollingOut"}, "says RollingOut", id="a rollout that goes on"),
        pytest.param(
            {"reasons": {**dict.fromkeys(NAMES, "RolloutStopped"), "site-02": "Updating"}},
            "site-02 (Updating)",
            id="an object that is not at rest",
        ),
    ],
)
def test_what_should_not_have_happened_is_named(changes: dict[str, Any], words: str) -> None:
    assert any(words in fault for fault in story(**changes).faults())


def test_a_refused_write_changes_nothing() -> None:
    refused = request(120, 20, "site-02", "ECP384", status=409)

    assert story(journal=[*CREATED, CHANGED, refused, UNDONE]).faults() == []


def test_the_picture_has_a_row_for_each_and_the_time_without_a_tunnel() -> None:
    picture = draw(story(), 10)

    assert [picture.count(f">{name}<") for name in NAMES] == [1, 1, 1]
    assert "down for 25.4 s" in picture
    assert "http://" not in picture.replace("http://www.w3.org/2000/svg", "")


def test_the_picture_of_a_tunnel_that_is_still_down_ends_with_the_run() -> None:
    told = story(outages={"outages": [outage("site-01", 5, None)], "now": at(34)})

    assert "down for 29.0 s" in draw(replace(told, writes=()), 10)
