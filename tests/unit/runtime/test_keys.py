from azure_vpn_operator.runtime.keys import ObjectKey


def test_keys_sort_by_kind_namespace_and_name():
    keys = [ObjectKey("B", "a", "a"), ObjectKey("A", "b", "a"), ObjectKey("A", "a", "b"), ObjectKey("A", "a", "a")]
    assert [str(key) for key in sorted(keys)] == ["A/a/a", "A/a/b", "A/b/a", "B/a/a"]


def test_equal_keys_are_one_key():
    assert len({ObjectKey("A", "a", "a"), ObjectKey("A", "a", "a")}) == 1
