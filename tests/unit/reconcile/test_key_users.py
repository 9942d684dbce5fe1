"""Whose turn it is by the index, against what a look at every other user says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.passes.key_turns import KeyUser, judge_turn
from azure_vpn_operator.reconcile.facts.key_users import KeyUsers, begun_of
from azure_vpn_operator.reconcile.reading import CONNECTION, Reader, Store
from azure_vpn_operator.reconcile.records import ConnectionRecord, record_readers
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ObjectStore
from support.world.core import SUBSCRIPTION, site_spec

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRY = ("network", "keys", "sharedKey")
INSTALLATION = Installation(id="it", subscription_id=SUBSCRIPTION)
GATEWAYS = ("VNet1GW", "VNet2GW")


class World:
    """Users of a Secret, as they are stored. A digest is the key itself here."""

    def __init__(self) -> None:
        self.store: Store = ObjectStore(record_readers(INSTALLATION))
        self.reader = Reader(self.store, INSTALLATION)
        self.users = KeyUsers(self.store, self.reader)
        self.version = 0
        self.compared: list[str] = []

    def put(self, name: str, **given: Any) -> None:
        self.version += 1
        self.store.put(CONNECTION, a_user(name, self.version, **given))

    def turn(self, name: str, key: str) -> tuple[Reason | None, str | None]:
        unit = self.reader.unit_of(ObjectKey(CONNECTION, "network", name))

        def holds_another(half: ConnectionHalf) -> bool:
            self.compared.append(str(half.id))
            return holds_other_than(key, half)

        others = list(self.users.before(unit, ENTRY, key, holds_another))
        turn = judge_turn(self._own(unit), others)
        return turn.reason, turn.after

    def turn_by_all(self, name: str, key: str) -> tuple[Reason | None, str | None]:
        """The same, out of a look at everybody."""
        unit = self.reader.unit_of(ObjectKey(CONNECTION, "network", name))
        turn = judge_turn(self._own(unit), list(self._others(unit, key)))
        return turn.reason, turn.after

    def _own(self, unit: tuple[ObjectKey, ...]) -> KeyUser:
        records = [record for record in map(self.reader.record, unit) if record is not None]
        begun = [since for since in map(begun_of, records) if since is not None]
        return KeyUser(unit[0].name, due=True, since=min(begun, default=None))

    def _others(self, unit: tuple[ObjectKey, ...], key: str) -> Iterator[KeyUser]:
        for other in self.store.keys(CONNECTION):
            record = self.reader.record(other)
            assert record is not None
            spec = record.wanted.spec
            if spec is None or spec.shared_key_secret_ref is None or other in unit or not record.writable:
                continue
            if (spec.shared_key_secret_ref.name, spec.shared_key_secret_ref.key) != ENTRY[1:]:
                continue
            able = not spec.suspend and goes_on(record)
            due = able and any(holds_other_than(key, half) for half in record.status.halves)
            yield KeyUser(self.reader.unit_of(other)[0].name, due, begun_of(record))


def holds_other_than(key: str, half: ConnectionHalf) -> bool:
    return half.key is not None and half.key.digest is not None and half.key.digest != key


def goes_on(record: ConnectionRecord) -> bool:
    ready = record.condition("Ready")
    return ready is not None and (ready.status == "True" or ready.reason == "KeyRotationWaits")


def a_user(
    name: str,
    version: int = 1,
    *,
    held: str | None = "old",
    since: int | None = None,
    ready: str = "UpToDate",
    secret: str = "keys",
    way: int | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """An object; `way` 0 and 1 are the two directions between the same gateways."""
    ends: dict[str, Any] = {}
    if way is not None:
        own, peer = GATEWAYS[way], GATEWAYS[1 - way]
        ends = {
            "virtualNetworkGateway": {"name": own},
            "peerVirtualNetworkGateway": {"name": peer},
            "localNetworkGateway": None,
        }
    key = {"digest": held, "since": (NOW - timedelta(seconds=since)).isoformat() if since is not None else None}
    condition = {
        "type": "Ready",
        "status": "True" if ready == "UpToDate" else "False",
        "reason": ready,
        "lastTransitionTime": NOW.isoformat(),
    }
    return {
        "metadata": {"namespace": "network", "name": name, "uid": f"uid-{name}", "resourceVersion": str(version)},
        "spec": site_spec(azureName=name, sharedKeySecretRef={"name": secret}, **ends, **spec),
        "status": {"conditions": [condition], "halves": [{"role": "Forward", "id": f"/{name}", "key": key}]},
    }


NAMES = st.sampled_from("abcdef")
STATES = st.fixed_dictionaries(
    {
        "held": st.sampled_from(["old", "new", "newer", None]),
        "since": st.none() | st.integers(0, 1200),
        "ready": st.sampled_from(["UpToDate", "KeyRotationWaits", "Stuck"]),
        "secret": st.sampled_from(["keys", "keys", "others"]),
        "way": st.sampled_from([None, None, 0, 1]),
        "suspend": st.sampled_from([False, False, True]),
        "managementPolicy": st.sampled_from(["Enforce", "Enforce", "Observe"]),
    }
)
STEPS = st.lists(
    st.tuples(st.just("put"), NAMES, STATES)
    | st.tuples(st.just("remove"), NAMES, st.none())
    | st.tuples(st.just("ask"), NAMES, st.sampled_from(["new", "newer"])),
    min_size=3,
    max_size=25,
)


@given(STEPS)
def test_the_index_says_what_a_look_at_everybody_says(steps: list[tuple[str, str, Any]]):
    world = World()
    for what, name, given_ in steps:
        if what == "put":
            world.put(name, **given_)
        elif what == "remove":
            world.store.remove(ObjectKey(CONNECTION, "network", name), f"uid-{name}")
        else:
            assert world.turn(name, given_) == world.turn_by_all(name, given_)
    for name in "abcdef":
        for key in ("new", "newer", "new"):
            assert world.turn(name, key) == world.turn_by_all(name, key)


def test_each_user_is_compared_once_per_key_and_only_as_far_as_somebody_asks():
    world = World()
    names = [f"u{number:03}" for number in range(200)]
    for name in names:
        world.put(name)
    for name in reversed(names):
        world.turn(name, "new")
    assert world.compared == ["/u000"], "the first one is due: nobody else matters"
    for name in names[:100]:
        assert world.turn(name, "new") == (None, None)
        world.put(name, held="new")
    assert world.turn(names[-1], "new") == (Reason.KEY_ROTATION_WAITS, "u100")
    assert len(world.compared) <= 102, "once each, as its turn comes"


def test_nothing_is_kept_of_users_that_are_gone():
    world = World()
    for name in "abc":
        world.put(name, since=5)
        world.turn(name, "new")
    for name in "abc":
        world.store.remove(ObjectKey(CONNECTION, "network", name), f"uid-{name}")
    kept = world.users
    assert not any((kept._under_way, kept._candidates, kept._units))
    assert not kept._progress
