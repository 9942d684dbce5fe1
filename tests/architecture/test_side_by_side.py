"""The order of tests that run side by side: nothing may stop the event loop they share."""

from pathlib import Path
from typing import Any, cast

import pytest

from support.world.side_by_side import bring_together, side_by_side
from support.world.tenant import Tenant


@side_by_side
async def beside_others(tenant: Tenant) -> None: ...


async def alone() -> None: ...


class Item:
    """What of pytest.Item the order depends on."""

    def __init__(self, name: str, module: str, function: Any) -> None:
        self.name = name
        self.path = Path(module)
        self.function = function


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("Aa", "Aa", id="those that are together stay so"),
        pytest.param("AaA", "AAa", id="one with a loop of its own waits until the others have ended"),
        pytest.param("aAbA", "aAAb", id="what comes first stays first"),
        pytest.param("ABAB", "AABB", id="each module by itself"),
        pytest.param("ab", "ab", id="nothing to bring together"),
    ],
)
def test_tests_side_by_side_of_a_module_follow_each_other(before: str, after: str) -> None:
    """Capital letters: tests side by side of module a, b; small letters: others of that module."""
    items = [Item(letter, letter.lower(), beside_others if letter.isupper() else alone) for letter in before]

    ordered = bring_together(cast("list[pytest.Item]", items))

    assert "".join(item.name for item in ordered) == after
    assert sorted(map(id, ordered)) == sorted(map(id, items))
