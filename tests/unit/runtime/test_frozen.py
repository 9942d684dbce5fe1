import copy
import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pydantic
import pytest

from azure_vpn_operator.runtime.frozen import freeze, thaw

PLAIN: dict[str, Any] = {"spec": {"tags": {"a": "1"}, "ranges": ["10.0.0.0/8", {"x": [1]}]}, "n": None}


def test_a_frozen_document_is_a_copy():
    source = copy.deepcopy(PLAIN)
    frozen = freeze(source)
    source["spec"]["tags"]["a"] = "changed"
    source["spec"]["ranges"].append("more")
    assert frozen == PLAIN


def test_foreign_mappings_and_tuples_become_dicts_and_lists():
    assert freeze(MappingProxyType({"a": (1, MappingProxyType({"b": 2}))})) == {"a": [1, {"b": 2}]}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d.update(a=1), id="update"),
        pytest.param(lambda d: d.__setitem__("a", 1), id="set an item"),
        pytest.param(lambda d: d.pop("n"), id="pop"),
        pytest.param(lambda d: d.setdefault("a", 1), id="setdefault"),
        pytest.param(lambda d: d["spec"].clear(), id="clear, nested"),
        pytest.param(lambda d: d["spec"]["tags"].__delitem__("a"), id="delete, nested"),
        pytest.param(lambda d: d["spec"]["ranges"].append(1), id="append"),
        pytest.param(lambda d: d["spec"]["ranges"].__setitem__(0, 1), id="set an element"),
        pytest.param(lambda d: d["spec"]["ranges"].sort(), id="sort"),
        pytest.param(lambda d: d["spec"]["ranges"].__iadd__([1]), id="add in place"),
        pytest.param(lambda d: d["spec"]["ranges"][1]["x"].pop(), id="pop, deep"),
        pytest.param(lambda d: d.__ior__({"a": 1}), id="merge in place"),
    ],
)
def test_every_change_is_refused(change: Callable[[dict[str, Any]], Any]):
    frozen = freeze(PLAIN)
    with pytest.raises(TypeError, match="frozen"):
        change(frozen)
    assert frozen == PLAIN


@pytest.mark.parametrize("copied", [thaw, copy.deepcopy], ids=["thaw", "deepcopy"])
def test_a_copy_may_be_changed(copied: Callable[[Any], Any]):
    frozen = freeze(PLAIN)
    mine = copied(frozen)
    mine["spec"]["ranges"][1]["x"].append(2)
    mine["spec"]["tags"]["b"] = "2"
    assert frozen == PLAIN


def test_shallow_copies_are_plain():
    frozen = freeze(PLAIN)
    assert frozen.copy() | {"a": 1} == PLAIN | {"a": 1}
    ranges = frozen["spec"]["ranges"].copy()
    ranges.append("more")
    assert len(frozen["spec"]["ranges"]) == 2


def test_json_and_pydantic_take_frozen_documents():
    class Model(pydantic.BaseModel):
        spec: dict[str, Any]

    frozen = freeze(PLAIN)
    assert json.loads(json.dumps(frozen)) == PLAIN
    assert Model.model_validate(frozen).spec == PLAIN["spec"]


def test_freezing_what_is_frozen_copies_nothing():
    frozen = freeze(PLAIN)
    assert freeze(frozen) is frozen
