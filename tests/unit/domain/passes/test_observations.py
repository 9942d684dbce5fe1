"""Whether the IKE SAs that a gateway tells prove that the tunnels came up after a change."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.tunnel_change import TunnelBefore
from azure_vpn_operator.domain.azure.ike_sas import IkeSa
from azure_vpn_operator.domain.passes.observations import (
    BYTES_COME_IN,
    YOUNG_IKE_SA,
    IkeSasTold,
    Observations,
    add_ike_sas,
    observe,
)
from support.builders import NOW, a_live_connection

IN_FORCE = NOW - timedelta(seconds=60)
ASKED = NOW - timedelta(seconds=10)
"""Fifty seconds after the change came into force."""


def sa(age: float | None, local: str = "198.18.0.1", remote: str = "203.0.113.6", *, child: bool = True) -> IkeSa:
    return IkeSa(local, remote, age, has_child=child)


def proofs(
    *sas: IkeSa,
    names: tuple[str, ...] = (),
    before: tuple[str, ...] = ("",),
    up: bool = True,
    count: int | None = 1,
    known: str = "",
) -> dict[str, str]:
    """The proof of each tunnel after the answer; `names` are the tunnels that Azure lists."""
    status = "Connected" if up else "NotConnected"
    listed = [{"tunnel": name, "connectionStatus": status} for name in names]
    live = a_live_connection(connectionStatus=status, tunnelConnectionStatus=listed)
    tunnels = [TunnelBefore(name=name) for name in before]
    seen = observe(None, IN_FORCE, tunnels, live, now=IN_FORCE, counters_after=30.0)
    if known:
        seen = replace(seen, tunnels=tuple((name, replace(found, proof=known)) for name, found in seen.tunnels))
    return {name: found.proof for name, found in added(seen, live, sas, count).tunnels}


def added(seen: Observations, live: Any, sas: tuple[IkeSa, ...], count: int | None = 1) -> Observations:
    return add_ike_sas(seen, live, IkeSasTold(ASKED, sas), in_force_since=IN_FORCE, tunnel_count=count, now=NOW)


TWO = ("c1_0", "c1_1")
BY_ADDRESS = ("c1_198.18.0.1", "c1_198.18.0.2")
OTHER = "198.18.0.2"


@pytest.mark.parametrize(
    ("sas", "more", "proven"),
    [
        pytest.param([sa(20)], {}, [True], id="it began half a minute after the change came into force"),
        pytest.param([sa(45)], {}, [True], id="five seconds after it"),
        pytest.param([sa(46)], {}, [False], id="four seconds after it: too near to be believed"),
        pytest.param([sa(50)], {}, [False], id="with it"),
        pytest.param([sa(20_000)], {}, [False], id="long before"),
        pytest.param([sa(None)], {}, [False], id="an age that is not told"),
        pytest.param([sa(1e15)], {}, [False], id="an age that no SA has"),
        pytest.param([], {}, [False], id="no SA proves nothing"),
        pytest.param([sa(20, child=False)], {}, [False], id="one that carries no traffic: phase 2 was refused"),
        pytest.param([sa(20), sa(20_000)], {}, [False], id="an old one beside it: nobody knows which one is used"),
        pytest.param([sa(20), sa(10)], {}, [True], id="two of one tunnel, both young"),
        pytest.param([sa(20), sa(20, child=False)], {}, [False], id="one of them carries no traffic"),
        pytest.param([sa(20)], {"up": False}, [False], id="Azure shows the tunnel down"),
        pytest.param([sa(20)], {"names": ("c1_0",), "before": ("c1_0",)}, [True], id="one tunnel by name"),
        pytest.param([sa(20)], {"count": 2}, [False], id="one SA of two tunnels that Azure does not list"),
        pytest.param([sa(20), sa(20, OTHER)], {"count": 2}, [True], id="an SA for each of them"),
        pytest.param([sa(20)], {"count": None}, [False], id="how many tunnels there are is not known"),
        pytest.param([sa(20), sa(20, OTHER)], {"names": TWO, "before": TWO}, [True, True], id="two, two young SAs"),
        pytest.param([sa(20)], {"names": TWO, "before": TWO}, [False, False], id="two, one SA: whose is it?"),
        pytest.param(
            [sa(20), sa(20_000, OTHER)], {"names": TWO, "before": TWO}, [False, False], id="two, one old: whose is it?"
        ),
        pytest.param([sa(20), sa(10)], {"names": TWO, "before": TWO}, [False, False], id="two, both SAs of one"),
        pytest.param([sa(20)], {"names": TWO, "before": TWO[:1]}, [False], id="two, one of them was down before"),
        pytest.param(
            [sa(20), sa(20_000, OTHER)],
            {"names": BY_ADDRESS, "before": BY_ADDRESS},
            [True, False],
            id="names with addresses tell whose is young",
        ),
        pytest.param([sa(20)], {"names": BY_ADDRESS, "before": BY_ADDRESS}, [True, False], id="and whose is missing"),
        pytest.param(
            [sa(20)],
            {"names": ("c1_203.0.113.6", "c1-203.0.113.6"), "before": ("c1_203.0.113.6", "c1-203.0.113.6")},
            [False, False],
            id="names with the other end's address only tell nothing apart",
        ),
        pytest.param(
            [sa(20, "8.18.0.1")],
            {"names": BY_ADDRESS, "before": BY_ADDRESS},
            [False, False],
            id="an address that ends like another one is another one",
        ),
    ],
)
def test_young_ike_sas_prove_tunnels(sas: list[IkeSa], more: dict[str, Any], proven: list[bool]):
    assert list(proofs(*sas, **more).values()) == [YOUNG_IKE_SA if known else "" for known in proven]


def test_ike_sa_is_a_stronger_proof_than_counters_and_replaces_no_other():
    assert proofs(sa(20), known=BYTES_COME_IN) == {"": YOUNG_IKE_SA}
    assert proofs(sa(20), known="it was established anew") == {"": "it was established anew"}
    assert proofs(sa(20_000), known=BYTES_COME_IN) == {"": BYTES_COME_IN}


def test_tunnel_is_up_since_its_youngest_ike_sa_began():
    live = a_live_connection(connectionStatus="Connected")
    seen = observe(None, IN_FORCE, [TunnelBefore(name="")], live, now=IN_FORCE, counters_after=30.0)
    found = added(seen, live, (sa(30), sa(10))).of("")
    assert found is not None
    assert found.proven_since == ASKED - timedelta(seconds=10)


def test_proof_stays_until_the_tunnel_is_seen_down():
    live, down = (a_live_connection(connectionStatus=status) for status in ("Connected", "NotConnected"))
    tunnels = [TunnelBefore(name="")]
    seen = added(observe(None, IN_FORCE, tunnels, live, now=IN_FORCE, counters_after=30.0), live, (sa(20),))
    kept = observe(seen, IN_FORCE, tunnels, live, now=NOW, counters_after=30.0)
    lost = observe(kept, IN_FORCE, tunnels, down, now=NOW, counters_after=30.0)
    assert [found.proof for later in (kept, lost) for _, found in later.tunnels] == [YOUNG_IKE_SA, ""]
