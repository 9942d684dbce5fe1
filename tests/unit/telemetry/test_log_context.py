import asyncio

import pytest

from azure_vpn_operator.telemetry.log_context import current_log_context, log_context


def test_inner_blocks_add_and_win_and_give_back():
    with log_context(controller="connections", name="a"):
        with log_context(name="b", reconcile_id="r1"):
            assert current_log_context() == {"controller": "connections", "name": "b", "reconcile_id": "r1"}
        assert current_log_context() == {"controller": "connections", "name": "a"}
    assert current_log_context() == {}


def test_an_exception_does_not_leave_keys_behind():
    with pytest.raises(RuntimeError), log_context(name="a"):
        raise RuntimeError
    assert current_log_context() == {}


async def test_passes_side_by_side_do_not_see_each_other_but_their_tasks_inherit():
    async def one_pass(name: str) -> tuple[object, object]:
        with log_context(name=name):
            await asyncio.sleep(0)
            child = await asyncio.create_task(read())
            return current_log_context()["name"], child

    async def read() -> object:
        return current_log_context().get("name")

    assert await asyncio.gather(one_pass("a"), one_pass("b")) == [("a", "a"), ("b", "b")]
