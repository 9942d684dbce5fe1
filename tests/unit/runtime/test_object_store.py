import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ChangeKind, ObjectStore

A, B = ObjectKey("Connection", "network", "a"), ObjectKey("Connection", "network", "b")


def an_object(
    name: str = "a", version: str = "10", uid: str = "u1", namespace: str = "network", **spec: Any
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": version}
    return {"metadata": metadata, "spec": spec}


@pytest.fixture
def store() -> ObjectStore:
    return ObjectStore(["Connection", "Policy"])


def version_of(store: ObjectStore, key: ObjectKey = A) -> tuple[str, str] | None:
    document = store.get(key)
    return (document["metadata"]["uid"], document["metadata"]["resourceVersion"]) if document else None


@pytest.mark.parametrize(
    ("stored", "reading", "kind", "kept"),
    [
        pytest.param(None, ("u1", "10"), ChangeKind.ADDED, ("u1", "10"), id="the first reading is added"),
        pytest.param(("u1", "9"), ("u1", "10"), ChangeKind.MODIFIED, ("u1", "10"), id="9 is older than 10"),
        pytest.param(("u1", "10"), ("u1", "9"), ChangeKind.STALE, ("u1", "10"), id="an older version is ignored"),
        pytest.param(("u1", "10"), ("u1", "10"), ChangeKind.UNCHANGED, ("u1", "10"), id="the same version is no news"),
        pytest.param(("u1", "10"), ("u2", "20"), ChangeKind.REPLACED, ("u2", "20"), id="a successor replaces"),
        pytest.param(("u1", "10"), ("u2", "5"), ChangeKind.REPLACED, ("u2", "5"), id="another uid always replaces"),
        pytest.param(("u1", "x"), ("u1", "b"), ChangeKind.MODIFIED, ("u1", "b"), id="not numeric: the last one wins"),
        pytest.param(("u1", "10"), ("u1", "b"), ChangeKind.MODIFIED, ("u1", "b"), id="half numeric: likewise"),
    ],
)
def test_an_older_version_never_replaces_a_newer_one(
    store: ObjectStore,
    stored: tuple[str, str] | None,
    reading: tuple[str, str],
    kind: ChangeKind,
    kept: tuple[str, str],
):
    if stored:
        store.put("Connection", an_object(uid=stored[0], version=stored[1]))
    change = store.put("Connection", an_object(uid=reading[0], version=reading[1]))
    assert (change.key, change.kind) == (A, kind)
    assert change.happened == (stored != kept)
    assert version_of(store) == kept


def test_a_change_has_both_documents_but_does_not_print_them(store: ObjectStore):
    store.put("Connection", an_object(version="1", key="old-secret"))
    change = store.put("Connection", an_object(version="2", key="new-secret"))
    assert change.old is not None
    assert change.new is not None
    assert (change.old["spec"], change.new["spec"]) == ({"key": "old-secret"}, {"key": "new-secret"})
    assert "secret" not in repr(change)


def test_documents_are_frozen_copies(store: ObjectStore):
    document = an_object(tags=["x"])
    store.put("Connection", document)
    document["spec"]["tags"].append("y")
    stored = store.get(A)
    assert stored is not None
    assert stored["spec"] == {"tags": ["x"]}
    with pytest.raises(TypeError):
        stored["spec"]["tags"].append("z")


def test_removing_takes_the_object_with_that_uid_only(store: ObjectStore):
    store.put("Connection", an_object(uid="u2", version="20"))
    assert store.remove(A, "u1").kind is ChangeKind.STALE
    assert version_of(store) == ("u2", "20")
    assert store.remove(A, "u2").kind is ChangeKind.REMOVED
    assert store.get(A) is None
    assert store.remove(A, "u2").kind is ChangeKind.UNCHANGED


@pytest.mark.parametrize(
    ("reading", "kind"),
    [
        pytest.param(("u1", "10"), ChangeKind.STALE, id="a late reading of what was deleted"),
        pytest.param(("u1", "12"), ChangeKind.STALE, id="a version up to the deletion"),
        pytest.param(("u1", "13"), ChangeKind.ADDED, id="it left the watch's selector and came back"),
        pytest.param(("u2", "11"), ChangeKind.ADDED, id="a new object of the same name"),
    ],
)
def test_a_deleted_object_is_not_brought_back_by_a_late_reading(
    store: ObjectStore, reading: tuple[str, str], kind: ChangeKind
):
    store.put("Connection", an_object(uid="u1", version="10"))
    store.remove(A, "u1", resource_version="12")
    assert store.put("Connection", an_object(uid=reading[0], version=reading[1])).kind is kind


def test_memory_of_deleted_objects_is_bounded(store: ObjectStore):
    for n in range(10_100):
        store.remove(ObjectKey("Connection", "network", f"gone-{n}"), "u")
    assert len(store._tombstones) == 10_000


def test_a_list_adds_changes_and_drops(store: ObjectStore):
    for name in ("same", "changed", "gone"):
        store.put("Connection", an_object(name, "10"))
    store.put("Policy", an_object("other-kind"))
    marker = store.begin_list()
    changes = store.replace_all(
        "Connection", [an_object("same", "10"), an_object("changed", "11"), an_object("new", "12")], marker
    )
    assert {change.key.name: change.kind for change in changes} == {
        "changed": ChangeKind.MODIFIED,
        "gone": ChangeKind.REMOVED,
        "new": ChangeKind.ADDED,
    }
    assert [key.name for key in store.keys("Connection")] == ["changed", "new", "same"]
    assert store.count("Policy") == 1


def test_a_list_does_not_drop_what_the_watch_brought_after_it_began(store: ObjectStore):
    marker = store.begin_list()
    store.put("Connection", an_object("a", "50"))
    assert store.replace_all("Connection", [], marker) == ()
    assert version_of(store) == ("u1", "50")


def test_a_list_does_not_bring_back_what_the_watch_removed_after_it_began(store: ObjectStore):
    store.put("Connection", an_object("a", "10"))
    marker = store.begin_list()
    store.remove(A, "u1")
    assert store.replace_all("Connection", [an_object("a", "10")], marker) == ()
    assert store.get(A) is None


@pytest.mark.parametrize(
    ("watched", "listed", "kept"),
    [
        pytest.param(("u1", "50"), ("u1", "40"), ("u1", "50"), id="the watch was ahead of the list"),
        pytest.param(("u1", "50"), ("u1", "60"), ("u1", "60"), id="the list was ahead of the watch"),
        pytest.param(("u2", "50"), ("u1", "40"), ("u2", "50"), id="the watch brought the successor"),
        pytest.param(("u1", "50"), ("u2", "60"), ("u2", "60"), id="the list brought the successor"),
    ],
)
def test_between_list_and_watch_the_newer_one_wins(
    store: ObjectStore, watched: tuple[str, str], listed: tuple[str, str], kept: tuple[str, str]
):
    marker = store.begin_list()
    store.put("Connection", an_object(uid=watched[0], version=watched[1]))
    store.replace_all("Connection", [an_object(uid=listed[0], version=listed[1])], marker)
    assert version_of(store) == kept


def test_a_cluster_restored_from_a_backup_is_believed(store: ObjectStore):
    store.put("Connection", an_object("a", "900"))
    store.put("Connection", an_object("b", "901"))
    store.remove(B, "u1")
    marker = store.begin_list()
    store.replace_all("Connection", [an_object("a", "500"), an_object("b", "501")], marker)
    assert version_of(store, A) == ("u1", "500")
    assert version_of(store, B) == ("u1", "501")


def test_listing_is_sorted_and_by_namespace(store: ObjectStore):
    for namespace, name in (("z", "a"), ("a", "b"), ("a", "a")):
        store.put("Connection", an_object(name, namespace=namespace))
    store.put("Policy", {"metadata": {"name": "cluster-scoped", "uid": "u", "resourceVersion": "1"}})
    assert [str(key) for key in store.keys("Connection")] == ["Connection/a/a", "Connection/a/b", "Connection/z/a"]
    assert [d["metadata"]["name"] for d in store.list("Connection", "a")] == ["a", "b"]
    assert store.keys("Policy") == (ObjectKey("Policy", "", "cluster-scoped"),)


def test_an_index_follows_every_change(store: ObjectStore):
    store.put("Connection", an_object("a", "1", gateways=["g1", "g2"]))
    store.add_index("gateway", "Connection", lambda document: document["spec"].get("gateways", ()))
    store.put("Connection", an_object("b", "2", gateways=["g2"]))
    store.put("Policy", an_object("c", "2", gateways=["g2"]))
    assert store.keys_by_index("gateway", "g2") == (A, B)
    store.put("Connection", an_object("a", "3", gateways=["g3"]))
    assert store.keys_by_index("gateway", "g2") == (B,)
    assert store.keys_by_index("gateway", "g1") == ()
    store.remove(B, "u1")
    assert store.keys_by_index("gateway", "g2") == ()
    store.replace_all("Connection", [], store.begin_list())
    assert store.keys_by_index("gateway", "g3") == ()
    assert store._indexes["gateway"].keys == {}


def test_an_index_that_fails_changes_nothing(store: ObjectStore):
    store.put("Connection", an_object("a", "1", gateway="g1"))
    store.add_index("gateway", "Connection", lambda document: [document["spec"]["gateway"]])
    with pytest.raises(KeyError):
        store.put("Connection", an_object("a", "2"))
    assert version_of(store) == ("u1", "1")
    assert store.keys_by_index("gateway", "g1") == (A,)


def test_an_index_has_one_definition(store: ObjectStore):
    store.add_index("x", "Connection", lambda _: ())
    with pytest.raises(ValueError, match="index x already"):
        store.add_index("x", "Policy", lambda _: ())


def test_an_unknown_kind_is_a_mistake(store: ObjectStore):
    with pytest.raises(KeyError):
        store.put("Secret", an_object())
    with pytest.raises(KeyError):
        store.mark_synced("Secret")


async def test_workers_wait_until_every_kind_was_listed(store: ObjectStore):
    waiting = asyncio.create_task(store.wait_all_synced())
    store.mark_synced("Policy")
    await asyncio.sleep(0)
    assert not store.all_synced()
    assert not waiting.done()
    store.replace_all("Connection", [], store.begin_list())
    assert store.is_synced("Connection")
    assert store.all_synced()
    await asyncio.wait_for(waiting, 1)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["put", "remove"]), st.integers(1, 3)), max_size=30
    ),
    st.randoms(use_true_random=False),
)
def test_any_order_of_readings_ends_with_the_newest_and_indexes_agree(history: list[tuple[str, str, int]], random: Any):
    """Readings of one lifetime per name: puts in any order; a removal is the last word."""
    store = ObjectStore(["Connection"])
    store.add_index("value", "Connection", lambda document: [document["spec"]["value"]])
    readings = [(name, what, version, value) for version, (name, what, value) in enumerate(history, 1)]
    expected: dict[str, tuple[int, int] | None] = {}
    lifetime: list[tuple[str, str, int, int]] = []
    for name, what, version, value in readings:
        if expected.get(name, ()) is None:
            continue  # deleted for good
        expected[name] = (version, value) if what == "put" else None
        lifetime.append((name, what, version, value))
    random.shuffle(lifetime)
    for name, what, version, value in lifetime:
        if what == "put":
            store.put("Connection", an_object(name, str(version), value=value))
        else:
            store.remove(ObjectKey("Connection", "network", name), "u1", resource_version=str(version))
    alive = {name: last for name, last in expected.items() if last}
    assert {
        d["metadata"]["name"]: (int(d["metadata"]["resourceVersion"]), d["spec"]["value"])
        for d in store.list("Connection")
    } == alive
    for value in (1, 2, 3):
        names = sorted(name for name, (_, of) in alive.items() if of == value)
        assert [key.name for key in store.keys_by_index("value", value)] == names
