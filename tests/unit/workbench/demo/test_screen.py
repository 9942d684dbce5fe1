import io
from typing import Any

from rich.console import Console

from support.fakes.clock import FakeClock
from workbench.demo.live_table import Fleet, Missing
from workbench.demo.screen import Lines, Picture

CONNECTION: dict[str, Any] = {"metadata": {"name": "vnet1-to-site6", "generation": 1}}
FLEET = Fleet.of([CONNECTION], [])
MISSING = FLEET.missing([("VpnConnection", "vnet1-to-site6")])


class _Log:
    def __init__(self) -> None:
        self._out = io.StringIO()
        self.clock = FakeClock()
        self.lines = Lines(Console(file=self._out, width=60), clock=self.clock.monotonic)

    @property
    def text(self) -> list[str]:
        return self._out.getvalue().splitlines()

    async def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            await self.clock.advance(0.5)
            self.lines.tick()


async def test_line_when_something_changes_and_none_when_nothing_does() -> None:
    log = _Log()
    log.lines.stage("Samples: they are applied")
    await log.clock.advance(1)
    log.lines.show(FLEET, MISSING)
    log.lines.show(FLEET, MISSING)

    assert log.text == ["  0.0 s  Samples: they are applied", "  1.0 s    vnet1-to-site6: applied"]


async def test_nobody_waits_longer_than_two_seconds_for_a_first_word() -> None:
    log = _Log()
    log.lines.stage("Kubernetes: a real API server")
    await log.pass_time(2)

    assert log.text[1:] == ["  2.0 s    ... waiting for Kubernetes"]


async def test_long_wait_is_mentioned_ever_more_rarely() -> None:
    log = _Log()
    log.lines.stage("Kubernetes: a real API server")
    await log.pass_time(40)

    assert [line.split()[0] for line in log.text] == ["0.0", "2.0", "6.0", "14.0", "24.0", "34.0"]


async def test_wait_names_the_objects_it_is_for() -> None:
    log = _Log()
    log.lines.show(
        FLEET, [Missing("VpnConnection a", "Ready=False", "why"), Missing("IpsecPolicy b", "Ready=False", "")]
    )
    await log.pass_time(2)

    assert log.text[-1] == "  2.0 s    ... waiting for VpnConnection a, IpsecPolicy b"


async def test_wait_for_many_names_a_few() -> None:
    log = _Log()
    log.lines.show(FLEET, [Missing(name, "", "") for name in "abcdef"])
    await log.pass_time(2)

    assert log.text[-1] == "  2.0 s    ... waiting for a, b, c, d and 2 more"


async def test_silence_once_everything_is_there() -> None:
    log = _Log()
    log.lines.show(FLEET, [])
    await log.pass_time(30)

    assert log.text == ["  0.0 s    vnet1-to-site6: applied"]


def test_terminal_keeps_what_is_done_and_the_last_picture() -> None:
    out = io.StringIO()
    with Picture(Console(file=out, width=100, force_terminal=True)) as picture:
        picture.stage("Kubernetes: a real API server")
        picture.stage("Samples: they are applied")
        picture.show(FLEET, MISSING)
        picture.say("Ctrl-C ends it.")
        picture.show(FLEET, [])

    text = out.getvalue()
    assert text.index("Kubernetes: a real API server") < text.index("Samples: they are applied")
    last = text[text.rindex("VpnConnection") :]
    assert "vnet1-to-site6" in last
    assert "Ctrl-C ends it." in last
