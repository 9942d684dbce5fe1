import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from workbench.processes import Process, ProcessError, is_recorded_running, stop_recorded

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)
POLITE = "import time; print('ready', flush=True); time.sleep(60)"
WITH_CHILD = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print('child', child.pid, flush=True)\n"
    "time.sleep(60)\n"
)


def start(tmp_path: Path, code: str, *, detached: bool = False, env: dict[str, str] | None = None) -> Process:
    command = [sys.executable, "-c", code, str(tmp_path)]
    return Process.start("sleeper", command, log=tmp_path / "logs" / "sleeper.log", detached=detached, env=env)


async def has_said(process: Process, word: str) -> None:
    async def said() -> bool:
        # Only whole lines: without a buffer, Python writes what one print() is given piece by piece.
        return word in process.log.read_text().rpartition("\n")[0]

    await process.wait_until(said, timeout_seconds=10)


async def has_ended(process: Process) -> None:
    while process.exit_code is None:  # noqa: ASYNC110 - the end of a process wakes nobody
        await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        if not Path("/proc/self").exists():
            return True
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def test_stop_ends_a_polite_program_by_sigterm(tmp_path: Path) -> None:
    process = start(tmp_path, POLITE)
    await has_said(process, "ready")

    assert await process.stop() == -signal.SIGTERM
    assert not is_alive(process.pid)


async def test_stop_kills_a_stubborn_program_after_the_grace(tmp_path: Path) -> None:
    process = start(tmp_path, STUBBORN)
    await has_said(process, "ready")
    began = time.monotonic()

    assert await process.stop(grace_seconds=0.2) == -signal.SIGKILL
    assert 0.2 <= time.monotonic() - began < 5


async def test_stop_ends_grandchildren_too(tmp_path: Path) -> None:
    process = start(tmp_path, WITH_CHILD)
    await has_said(process, "child")
    grandchild = int(process.log.read_text().split()[1])

    await process.stop()

    for _ in range(100):
        if not is_alive(grandchild):
            return
        await asyncio.sleep(0.02)
    pytest.fail("the grandchild goes on")


async def test_stop_twice_and_after_the_end_is_harmless(tmp_path: Path) -> None:
    process = start(tmp_path, "raise SystemExit(3)")
    await has_ended(process)

    assert [await process.stop(), await process.stop(), process.kill()] == [3, 3, 3]


async def test_cancelled_stop_still_ends_the_program(tmp_path: Path) -> None:
    process = start(tmp_path, STUBBORN)
    await has_said(process, "ready")
    stopping = asyncio.create_task(process.stop(grace_seconds=60))
    await asyncio.sleep(0.05)
    stopping.cancel()

    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert process.exit_code == -signal.SIGKILL


async def test_early_end_is_told_with_exit_code_and_last_words(tmp_path: Path) -> None:
    process = start(tmp_path, "import sys; print('first', flush=True); sys.exit('no such flag')")

    with pytest.raises(ProcessError, match=r"(?s)sleeper ended with 1 before .*sleeper\.log:\n  first\n  no such flag"):
        await has_said(process, "never")


async def test_program_that_never_gets_ready_is_told_with_its_last_words(tmp_path: Path) -> None:
    process = start(tmp_path, POLITE)
    await has_said(process, "ready")

    async def never() -> bool:
        return False

    try:
        with pytest.raises(ProcessError, match=r"(?s)not ready within 0.1 s.*  ready"):
            await process.wait_until(never, timeout_seconds=0.1)
    finally:
        await process.stop()


async def test_program_that_does_not_exist_ends_with_its_name_in_the_log(tmp_path: Path) -> None:
    missing = tmp_path / "no-such-program"
    process = Process.start("missing", [missing], log=tmp_path / "log")

    with pytest.raises(ProcessError, match=r"(?s)missing ended with 1 .*No such file or directory"):
        await has_said(process, "never")


async def test_log_is_appended_over_restarts(tmp_path: Path) -> None:
    for word in ("one", "two"):
        process = start(tmp_path, f"print({word!r})")
        await has_ended(process)

    assert process.log.read_text() == "one\ntwo\n"


async def test_environment_is_the_given_one(tmp_path: Path) -> None:
    process = start(tmp_path, "import os; print(os.environ['COLOUR'])", env={"COLOUR": "green"})
    await has_ended(process)

    assert process.log.read_text() == "green\n"


class TestRecorded:
    async def test_detached_program_is_found_and_stopped_by_its_pid_file(self, tmp_path: Path) -> None:
        process = start(tmp_path, POLITE, detached=True)
        pid_file = tmp_path / "sleeper.pid"
        process.record(pid_file)
        await has_said(process, "ready")
        assert is_recorded_running(pid_file, marker=str(tmp_path))

        assert await stop_recorded(pid_file, marker=str(tmp_path)) is True

        assert process.kill() == -signal.SIGTERM
        assert not pid_file.exists()

    async def test_stubborn_program_is_killed(self, tmp_path: Path) -> None:
        process = start(tmp_path, STUBBORN, detached=True)
        pid_file = tmp_path / "sleeper.pid"
        process.record(pid_file)
        await has_said(process, "ready")

        assert await stop_recorded(pid_file, marker=str(tmp_path), grace_seconds=0.1) is True

        assert process.kill() == -signal.SIGKILL

    async def test_number_that_is_now_somebody_elses_is_left_alone(self, tmp_path: Path) -> None:
        stranger = start(tmp_path, POLITE)
        pid_file = tmp_path / "sleeper.pid"
        stranger.record(pid_file)
        await has_said(stranger, "ready")

        assert not is_recorded_running(pid_file, marker="--data-dir=/elsewhere")
        assert await stop_recorded(pid_file, marker="--data-dir=/elsewhere") is False

        assert stranger.exit_code is None
        assert not pid_file.exists()
        await stranger.stop()

    @pytest.mark.parametrize("content", [None, "", "not a number"])
    async def test_nothing_recorded_is_nothing_to_stop(self, tmp_path: Path, content: str | None) -> None:
        pid_file = tmp_path / "sleeper.pid"
        if content is not None:
            pid_file.write_text(content)

        assert await stop_recorded(pid_file, marker="anything") is False
        assert not is_recorded_running(pid_file, marker="anything")
