"""The demo: the whole system on this machine, with the samples, until every tunnel is up.

    python -m workbench.demo run      in the foreground, with a live table; Ctrl-C ends it
    python -m workbench.demo up       in the background; then: source .demo/env
    python -m workbench.demo down     ends either
    python -m workbench.demo run --act rollback
                                      the second act: a fleet, an edit that no device takes, and its undo
    python -m workbench.demo run --act strongswan
                                      the third act: real IKE daemons decide, and the operator reads what they say

Time in the simulated Azure runs ten times as fast as on the wall; the operator looks more often than its defaults say, and gives a
change a tenth of the time, in the second act a thirtieth.
Nothing else is special: it is the shipped program with the shipped rights.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rich.console import Console

from workbench.control_plane import manifests
from workbench.demo import real_ike, rollback
from workbench.demo.acts import Act, Demo, IncompleteError, samples
from workbench.demo.folder import DemoFolder, DemoRunsError
from workbench.demo.rollback import ROLLBACK
from workbench.demo.screen import Lines, Picture, Screen, plain_console, print_tables
from workbench.demo.timeline import draw
from workbench.processes import ProcessError
from workbench.stack import ROOT, Stack
from workbench.toolchain.binaries import find_binaries
from workbench.toolchain.go import ToolchainError

TIME_SCALE = 10.0
OPERATOR_FLAGS = (
    "--recent-interval=1",
    "--status-interval=10",
    "--drift-interval=5",
    "--hold-down-seconds=1",
    "--log-format=text",
)

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run_in_foreground(folder: DemoFolder, limit_seconds: float) -> int:
    """Run until complete, on a terminal until Ctrl-C. Nothing runs any more when this returns the exit code or raises."""
    return await _run(folder, samples(), lambda demo: _begin(demo, limit_seconds))


async def run_second_act(folder: DemoFolder, limit_seconds: float, picture: Path | None) -> int:
    """The same for the second act, with a picture of it if that is wanted; 1 if it did not end as it should."""
    return await _run(folder, ROLLBACK, lambda demo: _begin_and_roll_back(demo, limit_seconds, picture))


async def run_third_act(folder: DemoFolder, limit_seconds: float) -> int:
    """The same for the third act; 1 if the operator did not name a reason, or named another one."""
    return await _run(folder, real_ike.real_ike(), lambda demo: _begin_and_break(demo, limit_seconds))


async def _run(folder: DemoFolder, act: Act, begin: Callable[[Demo], Awaitable[str]]) -> int:
    _cancel_on_signals()
    complete = True
    told = ""
    with _screen() as screen:
        demo = _demo(folder, screen, act, detached=False)
        try:
            try:
                told = await begin(demo)
            except IncompleteError as error:
                if not _is_interactive():
                    raise
                complete = False
                screen.say(f"{error}\nCtrl-C ends the demo.")
            if not _is_interactive():
                print_tables(plain_console(), demo.fleet)
            if told:
                screen.say(told if _is_interactive() else f"{told}\n")
            if not _is_interactive():
                screen.say(act.complete)
                return 0
            if complete:
                screen.say(_next_steps(folder, act, "Ctrl-C ends the demo. In another shell:"))
            with suppress(asyncio.CancelledError):
                await demo.stay()
        finally:
            _ignore_signals()
            screen.stage("Stopping: the demo leaves nothing but its logs")
            await demo.stack.stop()
            folder.clear()
    return 0 if complete else 1


async def _begin(demo: Demo, limit_seconds: float) -> str:
    await demo.bring_up(limit_seconds)
    return ""


async def _begin_and_roll_back(demo: Demo, limit_seconds: float, picture: Path | None) -> str:
    """Returns the story in sentences. Raises IncompleteError if it is not the one that was to be told."""
    await demo.bring_up(limit_seconds)
    story = await rollback.play(demo, limit_seconds)
    if picture is not None:
        await asyncio.to_thread(picture.write_text, draw(story, TIME_SCALE), encoding="utf-8")
    if faults := story.faults():
        raise IncompleteError("\n".join(["This was not to happen:", *(f"  {fault}" for fault in faults)]))
    return "\n".join(story.tell(demo.act.confirm_within_seconds))


async def _begin_and_break(demo: Demo, limit_seconds: float) -> str:
    await demo.bring_up(limit_seconds)
    return "\n".join(real_ike.tell(await real_ike.play(demo, limit_seconds)))


async def run_in_background(folder: DemoFolder, limit_seconds: float) -> int:
    """Start everything, wait until it is complete, and leave it running. Nothing stays of what could not be started.

    What runs but is not complete in time stays, so that one can look; the error says so.
    """
    _cancel_on_signals()
    with _screen() as screen:
        demo = _demo(folder, screen, act := samples(), detached=True)
        try:
            await demo.bring_up(limit_seconds)
        except IncompleteError as error:
            raise IncompleteError(f"{error}\nIt runs on, for you to look. `make demo-down` ends it.") from None
        except BaseException:
            _ignore_signals()
            await demo.stack.stop()
            folder.clear()
            raise
    if not _is_interactive():
        print_tables(plain_console(), demo.fleet)
    print(_next_steps(folder, act, "The demo runs in the background. In any shell:"))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 after the reason was printed, or 130 if a signal ended it."""
    parser = argparse.ArgumentParser(prog="python -m workbench.demo", description="Run the whole system here.")
    parser.add_argument("command", choices=["run", "up", "down"])
    parser.add_argument("--dir", type=Path, default=ROOT / ".demo", help="folder of the demo (default: .demo)")
    parser.add_argument(
        "--limit", type=float, default=180.0, help="seconds until all must be up (default: 180; building not counted)"
    )
    parser.add_argument(
        "--act",
        choices=["samples", "rollback", "strongswan"],
        default="samples",
        help="what `run` plays (default: samples)",
    )
    parser.add_argument("--picture", type=Path, help="of `run --act rollback`: the file that gets the picture (SVG)")
    options = parser.parse_args(arguments)
    if options.act != "samples" and options.command != "run":
        parser.error("only `run` plays the other acts")
    if options.picture is not None and options.act != "rollback":
        parser.error("only the second act makes a picture")
    folder = DemoFolder(options.dir)
    try:
        if options.command == "down":
            stopped = asyncio.run(folder.stop())
            print("The demo has ended; its logs stay." if stopped else "No demo was running.")
            return 0
        if options.command == "up":
            return _start(folder, options.command, lambda: run_in_background(folder, options.limit))
        if options.act == "rollback":
            return _start(folder, options.command, lambda: run_second_act(folder, options.limit, options.picture))
        if options.act == "strongswan":
            return _start(folder, options.command, lambda: run_third_act(folder, options.limit))
        return _start(folder, options.command, lambda: run_in_foreground(folder, options.limit))
    except (ToolchainError, ProcessError, manifests.ManifestError, IncompleteError, DemoRunsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


def _start(folder: DemoFolder, command: str, run: Callable[[], Coroutine[None, None, int]]) -> int:
    with folder.hold():
        if folder.is_running_in_background:
            there = _next_steps(folder, samples(), f"A demo runs in the background already, in {folder.path}:")
            if command == "run":
                raise DemoRunsError(there)
            print(there)
            return 0
        # A build takes minutes; a signal must end the compiler too, and that is what the exception is for.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _raise_interrupt)
        find_binaries()
        return asyncio.run(run())


def _demo(folder: DemoFolder, screen: Screen, act: Act, *, detached: bool) -> Demo:
    flags = (*OPERATOR_FLAGS, f"--confirm-within-seconds={act.confirm_within_seconds}")
    stack = Stack(
        folder.path,
        time_scale=TIME_SCALE,
        dataplane=act.dataplane,
        operator_flags=flags,
        detached=detached,
        say=screen.stage,
    )
    return Demo(folder, stack, screen, act)


def _is_interactive() -> bool:
    """Whether somebody watches and can press Ctrl-C."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def _screen() -> Iterator[Screen]:
    if _is_interactive():
        with Picture(Console()) as picture:
            yield picture
    else:
        yield Lines(plain_console())


def _next_steps(folder: DemoFolder, act: Act, heading: str) -> str:
    here = os.path.relpath(folder.path)
    place = str(folder.path) if here.startswith("..") else here
    steps = [
        (f"source {place}/env", "kubectl and curl talk to the demo now"),
        *act.steps,
        ("make demo-down", "end it"),
    ]
    width = max(len(command) for command, _ in steps)
    lines = [f"  {command:{width}}  # {why}" for command, why in steps]
    if shutil.which("kubectl") is None:
        lines.append("No kubectl here? `PYTHONPATH=hack .venv/bin/python -m workbench.toolchain kubectl` builds one.")
    if page := folder.status_page:
        lines.insert(0, f"  {page:{width}}  # the map, for your browser")
    return "\n".join([heading, "", *lines])


def _cancel_on_signals() -> None:
    task = asyncio.current_task()
    if task is not None:
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _ignore_signals() -> None:
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
