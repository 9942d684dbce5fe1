"""kill -9 of the operator at random moments: everything ends as if nothing had been, with the same writes."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from support.world.tenant import Tenant
from support.world.topology import group_name

LIVES = 10
PATIENCE = 180.0
"""Seconds for each step. On a busy machine the operator gets nowhere while it is killed, and ten starts take minutes."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.exhaustive)])
async def test_killed_again_and_again_it_ends_in_the_same_state_with_the_same_writes(
    spare_tenant: Tenant, group_numbers: Iterator[int], kills: int
):
    """Connections are created, edited, tagged and deleted all the time, each at its own pace, while the operator is killed."""
    tenant, chance = spare_tenant, random.Random(20261123)
    parts = [tenant.in_group(group_name(next(group_numbers))) for _ in range(LIVES)]
    await tenant.control("POST", "/clock", {"scale": 20})
    over = asyncio.Event()

    async def live(number: int) -> int:
        part, name, lives = parts[number], f"c{number}", 0
        await asyncio.sleep(0.2 * number)
        while not over.is_set() or lives == 0:
            await part.apply(part.connection(name))
            await part.until_ready(name, seconds=PATIENCE)
            await part.edit(name, routingWeight=lives + 1)
            await part.until_ready(name, seconds=PATIENCE)
            await part.edit(name, tags={"life": str(lives)})
            await part.until_ready(name, seconds=PATIENCE)
            await part.delete(name)
            await part.until_gone(name, seconds=PATIENCE)
            assert await part.in_azure(name) is None
            lives += 1
        return lives

    async def kill() -> None:
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.0, 1.5))
            tenant.stack.operator.kill()
            await tenant.stack.start_operator()
        over.set()

    try:
        *lives, _ = await asyncio.gather(*(live(number) for number in range(LIVES)), kill())
    finally:
        await tenant.control("POST", "/clock", {"scale": 60})

    for number, part in enumerate(parts):
        writes = Counter(method for method, _ in await part.writes())
        done = lives[number]
        assert writes == {"PUT": 2 * done, "PATCH": done, "DELETE": done}, f"c{number}, {done} lives"
    assert sum(lives) >= LIVES


async def test_restarted_in_the_middle_of_an_operation_it_waits_for_its_end(spare_tenant: Tenant):
    tenant = spare_tenant
    await tenant.control("POST", "/clock", {"scale": 1})
    try:
        await tenant.apply(tenant.connection())

        async def is_updating() -> bool:
            live = await tenant.in_azure()
            return live is not None and live["properties"]["provisioningState"] == "Updating"

        await tenant.eventually(is_updating, what="the operation")
        tenant.stack.operator.kill()
        await tenant.stack.start_operator()
        assert await is_updating(), "the restart must be quicker than the operation for this test to mean anything"
        await tenant.until_reason("UpdatedElsewhere")
    finally:
        await tenant.control("POST", "/clock", {"scale": 60})
    await tenant.until_ready()
    assert await tenant.writes() == [("PUT", "c1")]
