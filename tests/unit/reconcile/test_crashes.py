"""The process is killed at every call of every scenario, and after each that writes: the end is as if nothing had been."""

import pytest

from support.cases.scenarios import SCENARIOS, Scenario, settled_before
from support.sweeps import SHARE
from support.world.core import AZURE_READS, AZURE_WRITES, CoreHarness, Interference

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

READS = AZURE_READS | {"poll", "read", "list_all"}
"""Calls that change nothing: the world is the same whether the process dies before such a call or after it."""
QUIET = 45.0
"""Longer than the time between two looks at anything."""


async def play(scenario: Scenario, before: CoreHarness, crash_at: int = 0, *, carried_out: bool = False) -> CoreHarness:
    world = CoreHarness(drift_interval=20.0, status_interval=40.0)
    world.azure.operation_seconds = 12.0
    world.continue_from(before)
    await world.start()
    await world.advance(1.0)
    world.forget_journals()

    def interfere(number: int, _verb: str, _what: str) -> Interference | None:
        return Interference(crash=True, carried_out=carried_out) if number == crash_at and not world.crashes else None

    world.interfere = interfere
    scenario.act(world)
    await world.settle(quiet=QUIET)
    await world.stop()
    return world


def last_call_that_matters(world: CoreHarness) -> int:
    """What comes after the last write is reading in peace."""
    writing = {*AZURE_WRITES, "write_status", "write_finalizers"}
    return max(number for number, (verb, _) in enumerate(world.calls, 1) if verb in writing) + 1


@pytest.mark.parametrize(
    "share", [0, *(pytest.param(share, marks=pytest.mark.exhaustive) for share in range(1, SHARE))]
)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_a_crash_at_any_call_changes_nothing_of_the_end(scenario: Scenario, share: int):
    before = await settled_before(scenario)
    undisturbed = await play(scenario, before)
    assert dict(undisturbed.accepted()) == scenario.writes

    wrong = []
    for number in range(1 + share, last_call_that_matters(undisturbed) + 1, SHARE):
        verb, about = undisturbed.calls[number - 1]
        for carried_out in (False,) if verb in READS else (False, True):
            world = await play(scenario, before, number, carried_out=carried_out)
            repeats = world.accepted() - undisturbed.accepted()
            allowed = 1 if carried_out and verb in AZURE_WRITES else 0
            if world.outcome() != undisturbed.outcome() or repeats.total() > allowed or world.crashes != 1:
                wrong.append(
                    f"call {number}, {'after' if carried_out else 'before'} {verb} {about}: repeated {dict(repeats)}"
                )
    assert not wrong, "\n".join(wrong)
