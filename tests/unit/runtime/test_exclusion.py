import asyncio
import gc

from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.runtime.exclusion import Exclusion
from azure_vpn_operator.runtime.keys import ObjectKey

A, B, C = (ObjectKey("VpnConnection", "network", name) for name in "abc")


@given(st.lists(st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=3), max_size=8))
def test_each_key_is_with_one_task_at_a_time_and_all_get_their_turn(wishes: list[list[ObjectKey]]):
    held: set[ObjectKey] = set()
    done: list[int] = []

    async def work(number: int, keys: list[ObjectKey], exclusion: Exclusion) -> None:
        async with exclusion.hold(keys):
            assert not held & set(keys), "somebody else has it"
            held.update(keys)
            await asyncio.sleep(0)
            held.difference_update(keys)
            done.append(number)

    async def all_of_them() -> None:
        exclusion = Exclusion()
        await asyncio.wait_for(
            asyncio.gather(*(work(number, keys, exclusion) for number, keys in enumerate(wishes))), timeout=10
        )

    asyncio.run(all_of_them())
    assert sorted(done) == list(range(len(wishes)))


async def test_who_is_cancelled_while_waiting_leaves_nothing_behind():
    exclusion = Exclusion()
    async with exclusion.hold([A]):
        waiting = asyncio.create_task(_hold(exclusion, B, A))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(_hold(exclusion, B), timeout=1)
    await asyncio.wait_for(_hold(exclusion, A, B), timeout=1)


async def test_who_fails_gives_everything_back():
    exclusion = Exclusion()
    try:
        async with exclusion.hold([A, B]):
            raise ValueError
    except ValueError:
        pass
    await asyncio.wait_for(_hold(exclusion, A, B), timeout=1)


async def test_keys_that_nobody_holds_cost_nothing():
    exclusion = Exclusion()
    for number in range(100):
        await _hold(exclusion, ObjectKey("VpnConnection", "network", str(number)))
    gc.collect()
    assert len(exclusion) == 0


async def _hold(exclusion: Exclusion, *keys: ObjectKey) -> None:
    async with exclusion.hold(keys):
        await asyncio.sleep(0)
