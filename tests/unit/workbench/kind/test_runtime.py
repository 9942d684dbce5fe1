import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.kind import runtime
from workbench.kind.runtime import file_of, humbled, may_raise_limits


@pytest.mark.parametrize(
    ("bounds", "may"),
    [
        pytest.param("000001ffffffffff", True, id="root of a machine"),
        pytest.param("000001fffeffffff", False, id="root of a container that lacks this one"),
        pytest.param("00000000a80425fb", False, id="Docker's own choice for a container"),
    ],
)
def test_the_bounding_set_says_whether_limits_may_be_raised(bounds: str, may: bool) -> None:
    assert may_raise_limits(f"Name:\trunc\nCapInh:\t0000000000000000\nCapBnd:\t{bounds}\n") is may


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(
            "--root r --log l create --bundle /b --pid-file p id", (Path("/b/config.json"), "process"), id="create"
        ),
        pytest.param("run -b /b id", (Path("/b/config.json"), "process"), id="run, short"),
        pytest.param("--root r exec --process /p.json --detach id", (Path("/p.json"), ""), id="exec"),
        pytest.param("--root r exec id true", None, id="exec of what the arguments say"),
        pytest.param("--root r start id", None, id="start of what create was told"),
        pytest.param("--version", None, id="a question"),
    ],
)
def test_only_what_runs_something_has_a_file_that_says_so(arguments: str, told: tuple[Path, str] | None) -> None:
    assert file_of(arguments.split()) == told


@pytest.mark.parametrize(
    ("process", "left"),
    [
        pytest.param(
            {
                "args": ["init"],
                "capabilities": {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"], "effective": ["CAP_SYS_RESOURCE"]},
            },
            {"args": ["init"], "capabilities": {"bounding": ["CAP_CHOWN"], "effective": []}},
            id="privileged: the capability goes from every set, the others stay",
        ),
        pytest.param(
            {
                "args": ["sh"],
                "oomScoreAdj": -500,
                "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1048576, "soft": 1048576}],
            },
            {"args": ["sh"]},
            id="limits go with it",
        ),
        pytest.param(
            {"args": ["sh"], "noNewPrivileges": True}, {"args": ["sh"], "noNewPrivileges": True}, id="nothing to take"
        ),
    ],
)
def test_what_cannot_be_had_is_not_asked_for(process: dict[str, Any], left: dict[str, Any]) -> None:
    assert humbled(process) == left


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
def test_runc_is_called_with_the_same_words_on_a_bundle_that_it_can_run(tmp_path: Path) -> None:
    """As a program of its own, as an engine calls it."""
    wish = {"process": {"args": ["init"], "oomScoreAdj": -500}, "hostname": "node"}
    (tmp_path / "config.json").write_text(json.dumps(wish))
    runc = tmp_path / "runc"
    runc.write_text('#!/bin/sh\necho "$@"\n')
    runc.chmod(0o755)

    command = [sys.executable, "-I", "-S", runtime.__file__, runc, "create", "--bundle", tmp_path, "id"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}).stdout

    assert said == f"create --bundle {tmp_path} id\n"
    left = json.loads((tmp_path / "config.json").read_text())
    expected = (
        wish
        if may_raise_limits(Path("/proc/self/status").read_text())
        else {"process": {"args": ["init"]}, "hostname": "node"}
    )
    assert left == expected
