import io
import os
import pty

import pytest

from workbench.progress import Progress


def test_log_gets_a_first_and_a_last_line() -> None:
    log = io.StringIO()
    with Progress("Building", stream=log) as progress:
        progress.update("too soon to be shown")

    assert log.getvalue() == "Building: ...\nBuilding: done after 0 s\n"


def test_log_gets_a_line_per_interval() -> None:
    log = io.StringIO()
    with Progress("Building", stream=log, interval=0.0) as progress:
        progress.update("first")
        progress.update("")

    assert log.getvalue().splitlines()[1:3] == ["Building: 0 s, first", "Building: 0 s"]


def test_failure_is_said() -> None:
    log = io.StringIO()
    with pytest.raises(ValueError, match="broken"), Progress("Building", stream=log):
        raise ValueError("broken")

    assert log.getvalue().endswith("Building: failed after 0 s\n")


def test_terminal_gets_one_live_line_no_wider_than_itself() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        width = os.get_terminal_size(theirs).columns or 80
        with Progress("Building " + "x" * 2 * width, stream=terminal):
            pass
        shown = ""
        while "\n" not in shown:
            # The kernel hands a terminal's output over in pieces, as it comes to it.
            shown += os.read(ours, 65536).decode()
    os.close(ours)

    assert shown.count("\n") == 1
    assert all(len(line) < width for line in shown.strip().replace("\x1b[2K", "").split("\r"))
