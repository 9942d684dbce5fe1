"""Two installations on one cluster: where each works, and when that is too much."""

from datetime import UTC, datetime, timedelta

import pytest

from azure_vpn_operator.app.sharding import find_overlap
from azure_vpn_operator.ports import LeaseClaim

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALIVE = NOW + timedelta(seconds=20)
LONG_DEAD = NOW - timedelta(hours=1)


def claim(namespaces: str, lease: str = "own", until: datetime | None = ALIVE) -> LeaseClaim:
    return LeaseClaim(lease, f"of-{lease}", frozenset(namespaces.split()), until)


@pytest.mark.parametrize(
    ("own", "others", "where"),
    [
        pytest.param("a b", [claim("c", "south")], None, id="each has its own"),
        pytest.param("a b", [claim("b c", "south")], "in b,", id="one namespace is in both"),
        pytest.param("", [claim("b c", "south")], "in b, c,", id="this one works everywhere"),
        pytest.param("a", [claim("", "south")], "in a,", id="the other one works everywhere"),
        pytest.param("", [claim("", "south")], "in all namespaces", id="both work everywhere"),
        pytest.param("a", [claim("a", "own")], None, id="another replica of this one"),
        pytest.param("a", [claim("a", "south", LONG_DEAD)], None, id="one that has been gone for long"),
        pytest.param("a", [claim("a", "south", None)], None, id="one that has let go"),
        pytest.param("a", [claim("a", "south", NOW - timedelta(minutes=1))], "in a,", id="one that may be restarting"),
        pytest.param("a", [], None, id="there is no other"),
    ],
)
def test_where_two_would_work(own: str, others: list[LeaseClaim], where: str | None):
    found = find_overlap(claim(own), others, NOW)
    assert (found is None) is (where is None)
    if found is not None and where is not None:
        assert where in found
        assert "of-south (Lease south)" in found
