from typing import Any

import pytest

from workbench.bench.blast_radius import summarize
from workbench.bench.fleet import Fleet
from workbench.bench.promises import missed_promises


def outage(name: str, start: float, end: float | None, now: float = 1000.0) -> dict[str, Any]:
    return {
        "connection": name,
        "from": {"seconds": start},
        "to": None if end is None else {"seconds": end},
        "seconds": (now if end is None else end) - start,
    }


def test_figures_count_tunnels_once_and_time_from_the_edit():
    spells = [outage("a", 145, 800), outage("b", 150, 700), outage("a", 900, 950)]
    found = summarize({"outages": spells, "mostAtOnce": 2, "secondsLost": 1255.0}, ["a", "b", "a"], edited=100)

    assert found == {
        "tunnelsDown": 2,
        "mostAtOnce": 2,
        "tunnelSecondsLost": 1255.0,
        "longestSeconds": 655.0,
        "downAtTheEnd": 0,
        "secondsUntilAllUp": 850.0,
        "puts": 3,
        "connectionsWritten": 2,
    }


def test_a_tunnel_that_stays_down_is_counted():
    found = summarize({"outages": [outage("a", 145, None)], "mostAtOnce": 1, "secondsLost": 855.0}, ["a"], edited=100)

    assert (found["downAtTheEnd"], found["longestSeconds"], found["secondsUntilAllUp"]) == (1, 855.0, 0.0)


@pytest.mark.parametrize(
    ("run", "most", "missed"),
    [
        pytest.param("Staged", 1, 0, id="only the canary"),
        pytest.param("Staged", 2, 1, id="a second one beside it"),
        pytest.param("policyRefs", 10, 0, id="as many as the budget allows"),
        pytest.param("policyRefs", 11, 1, id="more than the budget allows"),
        pytest.param("AllAtOnce", 99, 0, id="whoever asks for all at once gets it"),
    ],
)
def test_the_number_of_tunnels_down_at_once_is_promised(run: str, most: int, missed: int):
    runs = {name: {"mostAtOnce": 1, "downAtTheEnd": 0} for name in ("Staged", "AllAtOnce", "policyRefs")}
    runs[run]["mostAtOnce"] = most

    assert len(missed_promises({"blastRadius": {"runs": runs}})) == missed


def test_devices_of_a_strict_fleet_take_what_azure_has_and_nothing_else():
    group = Fleet(2, 1, strict=True).topology("bench")["subscriptions"][0]["resourceGroups"][0]
    held = group["connections"][0]["properties"]["ipsecPolicies"][0]

    for site in group["localNetworkGateways"]:
        (proposal,) = site["device"]["proposals"]
        assert proposal == {name: held[name] for name in proposal}
