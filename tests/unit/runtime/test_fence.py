"""A write is sent only if it is over before anybody else may write."""

import asyncio

import pytest

from azure_vpn_operator.runtime import fence
from azure_vpn_operator.runtime.fence import WRITE_SECONDS, NoFence, NotCoveredError, within


class Left:
    """So many seconds are left."""

    is_open = False

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def covers(self, seconds: float) -> bool:
        return seconds <= self.seconds


class Sent:
    """A write that takes its time."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.count = 0
        self._seconds = seconds

    async def __call__(self) -> str:
        self.count += 1
        await asyncio.sleep(self._seconds)
        return "done"


@pytest.mark.parametrize(
    ("left", "sent"),
    [
        pytest.param(WRITE_SECONDS, 1, id="just enough"),
        pytest.param(WRITE_SECONDS - 0.1, 0, id="not for as long as it may take"),
        pytest.param(-5.0, 0, id="another one leads"),
    ],
)
async def test_a_write_has_to_fit(left: float, sent: int):
    write = Sent()
    if sent:
        assert await within(Left(left), write) == "done"
    else:
        with pytest.raises(NotCoveredError):
            await within(Left(left), write)
    assert write.count == sent


async def test_a_write_that_takes_longer_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fence, "WRITE_SECONDS", 0.01)
    with pytest.raises(TimeoutError):
        await within(Left(60.0), Sent(30.0))


async def test_who_is_alone_waits_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fence, "WRITE_SECONDS", 0.01)
    assert await within(NoFence(), Sent(0.05)) == "done"
