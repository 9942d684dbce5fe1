from copy import deepcopy
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader, Store
from azure_vpn_operator.reconcile.records import Record, record_readers
from azure_vpn_operator.reconcile.triggers import COUNT_AFTER_SECONDS, Look, looks_after
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import Change, ObjectStore
from azure_vpn_operator.runtime.priority import Priority
from support.world.core import POLICY_SPEC, SUBSCRIPTION, site_spec

ONE, BACK = (ObjectKey(CONNECTION, "network", name) for name in ("one", "back"))
SITE = ObjectKey(CONNECTION, "network", "site")
P, Q = (ObjectKey(POLICY, "network", name) for name in ("p", "q"))
ENDS = {"name": "VNet1GW"}, {"name": "VNet2GW"}


def document(key: ObjectKey, spec: dict[str, Any], version: int = 1, **metadata: Any) -> dict[str, Any]:
    meta = {
        "namespace": key.namespace,
        "name": key.name,
        "uid": f"uid-{key.name}",
        "generation": 1,
        "resourceVersion": str(version),
    }
    return {"metadata": meta | metadata, "spec": spec, "status": {"observedGeneration": -1}}


def half(own: dict[str, str], peer: dict[str, str], policy: str = "p") -> dict[str, Any]:
    ends = {"virtualNetworkGateway": own, "peerVirtualNetworkGateway": peer, "localNetworkGateway": None}
    return site_spec(azureName=own["name"], ipsecPolicyRef={"name": policy}, **ends)


class World:
    """Two halves of a pair with policy p, and a site with policy q."""

    def __init__(self) -> None:
        installation = Installation(id="it", subscription_id=SUBSCRIPTION)
        self.store: Store = ObjectStore(record_readers(installation))
        self.reader = Reader(self.store, installation)
        self.documents = {
            ONE: document(ONE, half(*ENDS)),
            BACK: document(BACK, half(*reversed(ENDS))),
            SITE: document(SITE, site_spec(ipsecPolicyRef={"name": "q"})),
            P: document(P, dict(POLICY_SPEC)),
            Q: document(Q, dict(POLICY_SPEC)),
        }
        for key, made in self.documents.items():
            self.store.put(key.kind, made)

    def change(self, key: ObjectKey, **changes: Any) -> list[ObjectKey]:
        return self.keys(self.put(key, **changes))

    def put(self, key: ObjectKey, **changes: Any) -> Change[Record]:
        changed = deepcopy(self.documents[key])
        for path, value in changes.items():
            place, name = changed, path
            for part in path.split("__")[:-1]:
                place = place.setdefault(part, {})
            name = path.split("__")[-1]
            place[name] = value
        changed["metadata"]["resourceVersion"] = "2"
        return self.store.put(key.kind, changed)

    def looks(self, change: Change[Record]) -> list[Look]:
        return list(dict.fromkeys(looks_after(change, self.reader)))

    def keys(self, change: Change[Record]) -> list[ObjectKey]:
        return list(dict.fromkeys(look.key for look in self.looks(change)))


SYNCED = [{"type": "Synced", "status": "True", "reason": "UpToDate", "lastTransitionTime": "2026-01-01T00:00:00Z"}]


@pytest.mark.parametrize(
    ("key", "changes", "expected"),
    [
        pytest.param(ONE, {"metadata__generation": 2}, [ONE, P, BACK], id="a spec: itself, its policy, its partner"),
        pytest.param(SITE, {"metadata__generation": 2}, [SITE, Q], id="a spec without a pair"),
        pytest.param(
            SITE,
            {"metadata__generation": 2, "spec__ipsecPolicyRef": {"name": "p"}},
            [SITE, Q, P],
            id="another policy: the old and the new",
        ),
        pytest.param(SITE, {"metadata__deletionTimestamp": "2026-01-01T00:00:00Z"}, [SITE, Q], id="a deletion begins"),
        pytest.param(
            SITE, {"metadata__annotations": {"azvpn.dev/reconcile-at": "1"}}, [SITE, Q], id="an annotation of ours"
        ),
        pytest.param(SITE, {"metadata__finalizers": ["azvpn.dev/connection"]}, [SITE, Q], id="our finalizer"),
        pytest.param(SITE, {"metadata__annotations": {"x/y": "1"}}, [], id="an annotation of others"),
        pytest.param(SITE, {"metadata__labels": {"x": "1"}}, [], id="a label"),
        pytest.param(SITE, {"metadata__finalizers": ["x/y"]}, [], id="a finalizer of others"),
        pytest.param(SITE, {"status__warnings": [{"id": "x"}]}, [], id="a status that nobody looks at"),
        pytest.param(SITE, {"status__conditions": SYNCED}, [Q], id="in sync now: its policy"),
        pytest.param(ONE, {"status__conditions": SYNCED}, [P, BACK], id="in sync now: its policy and its partner"),
        pytest.param(
            ONE, {"status__policy": {"hash": "x", "source": "Custom"}}, [P, BACK], id="another policy is held: likewise"
        ),
        pytest.param(P, {"metadata__generation": 2}, [P, BACK, ONE], id="a policy: itself and who names it"),
        pytest.param(P, {"status__strength": "Weak"}, [], id="a policy's status"),
        pytest.param(P, {"metadata__labels": {"x": "1"}}, [], id="a policy's label"),
    ],
)
def test_who_is_looked_at_after_a_change(key: ObjectKey, changes: dict[str, Any], expected: list[ObjectKey]):
    assert World().change(key, **changes) == expected


def test_a_reading_that_is_no_news_concerns_nobody():
    world = World()
    assert world.keys(world.store.put(CONNECTION, world.documents[ONE])) == []
    older = deepcopy(world.documents[ONE])
    older["metadata"]["resourceVersion"] = "0"
    assert world.keys(world.store.put(CONNECTION, older)) == []


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(SITE, [SITE, Q], id="a connection: its policy may be let go"),
        pytest.param(ONE, [ONE, P, BACK], id="a half: its partner is told"),
        pytest.param(P, [P, BACK, ONE], id="a policy: who names it is told"),
    ],
)
def test_who_is_looked_at_after_a_removal(key: ObjectKey, expected: list[ObjectKey]):
    world = World()
    assert world.keys(world.store.remove(key, f"uid-{key.name}")) == expected


@pytest.mark.parametrize(
    "spec", [{}, {"ipsecPolicyRef": "p"}, {"ipsecPolicyRef": {"name": 5}}, {"virtualNetworkGateway": []}]
)
def test_a_malformed_object_concerns_itself_at_least(spec: dict[str, Any]):
    world = World()
    odd = ObjectKey(CONNECTION, "network", "odd")
    assert world.keys(world.store.put(CONNECTION, document(odd, spec)))[0] == odd


def test_an_invalid_connection_still_counts_as_a_user_of_its_policy():
    world = World()
    world.change(SITE, spec__dpdTimeoutSeconds="soon")
    assert list(world.reader.users_of_policy("network", "q")) == [SITE]


# -- how urgently, and when


def test_an_edit_of_an_object_is_urgent_and_what_it_shares_with_others_is_not():
    world = World()
    assert world.looks(world.put(P, metadata__generation=2)) == [
        Look(P),
        Look(BACK, Priority.ROLLOUT),
        Look(ONE, Priority.ROLLOUT),
    ]
    assert world.looks(world.put(SITE, metadata__generation=2))[0] == Look(SITE)


@pytest.mark.parametrize(
    ("finalizers", "after"),
    [
        pytest.param(["azvpn.dev/policy"], COUNT_AFTER_SECONDS, id="it has its finalizer: it counts a little later"),
        pytest.param([], 0.0, id="its finalizer has to come first, so that nobody deletes it meanwhile"),
    ],
)
def test_a_policy_gathers_changes_of_its_connections(finalizers: list[str], after: float):
    world = World()
    world.put(Q, metadata__finalizers=finalizers)
    assert world.looks(world.put(SITE, status__conditions=SYNCED)) == [Look(Q, after=after)]


def test_a_policy_that_lost_its_last_connection_is_let_go_at_once():
    world = World()
    world.put(Q, metadata__finalizers=["azvpn.dev/policy"])
    assert world.looks(world.store.remove(SITE, "uid-site"))[1] == Look(Q)
