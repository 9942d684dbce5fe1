import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.runtime.frozen import Document, freeze
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import Change, ChangeKind, ObjectStore

A, B = ObjectKey("Connection", "network", "a"), ObjectKey("Connection", "network", "b")


def an_object(
    name: str = "a", version: str = "10", uid: str = "u1", namespace: str = "network", **spec: Any
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": version}
    return {"metadata": metadata, "spec": spec}


Documents = ObjectStore[Document]
"""A store whose records are the documents themselves."""


def keep(document: Document, _before: Document | None) -> Document:
    kept: Document = freeze(document)
    return kept


def take_list(store: Documents, kind: str, documents: list[dict[str, Any]]) -> dict[str, ChangeKind]:
    listing = store.begin_list(kind)
    return go_on_with_list(store, listing, documents)


def go_on_with_list(store: Documents, listing: Any, documents: list[dict[str, Any]]) -> dict[str, ChangeKind]:
    changes = [store.take_listed(listing, document) for document in documents] + list(store.end_list(listing))
    return {change.key.name: change.kind for change in changes if change.happened}


@pytest.fixture
def store() -> Documents:
    return ObjectStore({"Connection": keep, "Policy": keep})


def version_of(store: Documents, key: ObjectKey = A) -> tuple[str, str] | None:
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
    store: Documents,
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


def test_a_change_has_both_records_but_does_not_print_them(store: Documents):
    store.put("Connection", an_object(version="1", key="old-secret"))
    change = store.put("Connection", an_object(version="2", key="new-secret"))
    assert change.old is not None
    assert change.new is not None
    assert (change.old["spec"], change.new["spec"]) == ({"key": "old-secret"}, {"key": "new-secret"})
    assert "secret" not in repr(change)


def test_a_document_is_read_once_with_the_record_before_at_hand():
    readings: list[tuple[str, str | None]] = []

    def read(document: Document, before: str | None) -> str:
        readings.append((document["metadata"]["resourceVersion"], before))
        return f"record {document['metadata']['resourceVersion']}"

    store = ObjectStore({"Connection": read})
    for version in ("1", "1", "2", "1"):
        store.put("Connection", an_object(version=version))
    assert readings == [("1", None), ("2", "record 1")]
    assert store.get(A) == "record 2"


def test_who_listens_hears_of_what_happened_once_it_is_so(store: Documents):
    heard: list[tuple[Change[Document], tuple[str, str] | None]] = []
    store.listen(lambda change: heard.append((change, version_of(store))))
    store.put("Connection", an_object(version="1"))
    store.put("Connection", an_object(version="1"))
    store.remove(A, "u1")
    assert [(change.kind, version) for change, version in heard] == [
        (ChangeKind.ADDED, ("u1", "1")),
        (ChangeKind.REMOVED, None),
    ]


def test_removing_takes_the_object_with_that_uid_only(store: Documents):
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
    store: Documents, reading: tuple[str, str], kind: ChangeKind
):
    store.put("Connection", an_object(uid="u1", version="10"))
    store.remove(A, "u1", resource_version="12")
    assert store.put("Connection", an_object(uid=reading[0], version=reading[1])).kind is kind


def test_memory_of_deleted_objects_is_bounded(store: Documents):
    for n in range(10_100):
        store.remove(ObjectKey("Connection", "network", f"gone-{n}"), "u")
    assert len(store._tombstones) == 10_000


def test_a_list_adds_changes_and_drops(store: Documents):
    for name in ("same", "changed", "gone"):
        store.put("Connection", an_object(name, "10"))
    store.put("Policy", an_object("other-kind"))
    changes = take_list(
        store, "Connection", [an_object("same", "10"), an_object("changed", "11"), an_object("new", "12")]
    )
    assert changes == {"changed": ChangeKind.MODIFIED, "gone": ChangeKind.REMOVED, "new": ChangeKind.ADDED}
    assert [key.name for key in store.keys("Connection")] == ["changed", "new", "same"]
    assert store.count("Policy") == 1


def test_a_list_does_not_drop_what_the_watch_brought_after_it_began(store: Documents):
    listing = store.begin_list("Connection")
    store.put("Connection", an_object("a", "50"))
    assert go_on_with_list(store, listing, []) == {}
    assert version_of(store) == ("u1", "50")


def test_a_list_does_not_bring_back_what_the_watch_removed_after_it_began(store: Documents):
    store.put("Connection", an_object("a", "10"))
    listing = store.begin_list("Connection")
    store.remove(A, "u1")
    assert go_on_with_list(store, listing, [an_object("a", "10")]) == {}
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
    store: Documents, watched: tuple[str, str], listed: tuple[str, str], kept: tuple[str, str]
):
    listing = store.begin_list("Connection")
    store.put("Connection", an_object(uid=watched[0], version=watched[1]))
    go_on_with_list(store, listing, [an_object(uid=listed[0], version=listed[1])])
    assert version_of(store) == kept


def test_a_cluster_restored_from_a_backup_is_believed(store: Documents):
    store.put("Connection", an_object("a", "900"))
    store.put("Connection", an_object("b", "901"))
    store.remove(B, "u1")
    take_list(store, "Connection", [an_object("a", "500"), an_object("b", "501")])
    assert version_of(store, A) == ("u1", "500")
    assert version_of(store, B) == ("u1", "501")


def test_listing_is_sorted_and_by_namespace(store: Documents):
    for namespace, name in (("z", "a"), ("a", "b"), ("a", "a")):
        store.put("Connection", an_object(name, namespace=namespace))
    store.put("Policy", {"metadata": {"name": "cluster-scoped", "uid": "u", "resourceVersion": "1"}})
    assert [str(key) for key in store.keys("Connection")] == ["Connection/a/a", "Connection/a/b", "Connection/z/a"]
    assert [d["metadata"]["name"] for d in store.list("Connection", "a")] == ["a", "b"]
    assert store.keys("Policy") == (ObjectKey("Policy", "", "cluster-scoped"),)


def gateways_of(document: Document) -> list[tuple[str]]:
    return [(gateway,) for gateway in document["spec"].get("gateways", ())]


def found(store: Documents, value: str) -> list[str]:
    return [key.name for key in store.find("gateway", (value,))]


def test_an_index_follows_every_change(store: Documents):
    store.put("Connection", an_object("a", "1", gateways=["g1", "g2"]))
    store.add_index("gateway", "Connection", gateways_of)
    store.put("Connection", an_object("b", "2", gateways=["g2"]))
    store.put("Policy", an_object("c", "2", gateways=["g2"]))
    assert found(store, "g2") == ["a", "b"]
    store.put("Connection", an_object("a", "3", gateways=["g3"]))
    assert found(store, "g2") == ["b"]
    assert found(store, "g1") == []
    store.remove(B, "u1")
    assert found(store, "g2") == []
    take_list(store, "Connection", [])
    assert found(store, "g3") == []
    assert not store._indexes["gateway"].entries


def test_an_index_counts_and_shows_the_first_ones(store: Documents):
    store.add_index("gateway", "Connection", gateways_of)
    for name in ("d", "b", "a", "c"):
        store.put("Connection", an_object(name, gateways=["g1", "g"]))
    assert store.count_found("gateway", ("g1",)) == 4
    assert store.count_found("gateway", ("g",)) == 4
    assert store.count_found("gateway", ("g2",)) == 0
    assert [key.name for key in store.find_first("gateway", ("g",), 2)] == ["a", "b"]


def test_an_index_that_fails_changes_nothing(store: Documents):
    store.put("Connection", an_object("a", "1", gateways=["g1"]))
    store.add_index("gateway", "Connection", lambda document: [(document["spec"]["gateways"][0],)])
    with pytest.raises(KeyError):
        store.put("Connection", an_object("a", "2"))
    assert version_of(store) == ("u1", "1")
    assert found(store, "g1") == ["a"]


def test_an_index_has_one_definition(store: Documents):
    store.add_index("x", "Connection", lambda _: ())
    with pytest.raises(ValueError, match="index x already"):
        store.add_index("x", "Policy", lambda _: ())


def test_an_unknown_kind_is_a_mistake(store: Documents):
    with pytest.raises(KeyError):
        store.put("Secret", an_object())
    with pytest.raises(KeyError):
        store.mark_synced("Secret")


async def test_workers_wait_until_every_kind_was_listed(store: Documents):
    waiting = asyncio.create_task(store.wait_all_synced())
    store.mark_synced("Policy")
    await asyncio.sleep(0)
    assert not store.all_synced()
    assert not waiting.done()
    take_list(store, "Connection", [])
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
    store = ObjectStore({"Connection": keep})
    store.add_index("value", "Connection", lambda document: [(str(document["spec"]["value"]),)])
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
        assert [key.name for key in store.find("value", (str(value),))] == names
