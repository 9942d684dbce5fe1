from datetime import UTC, timedelta

from azure_vpn_operator.runtime.clock import SystemClock


async def test_the_system_clock_moves_on_and_knows_its_zone():
    clock = SystemClock()
    before, wall = clock.monotonic(), clock.now()
    await clock.sleep(0.01)
    await clock.sleep(-1)
    assert clock.monotonic() - before >= 0.009
    assert wall.tzinfo is UTC
    assert clock.now() - wall > timedelta(0)
