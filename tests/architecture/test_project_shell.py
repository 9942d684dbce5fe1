import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MAKEFILE = (REPOSITORY / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", MAKEFILE, re.MULTILINE))


def test_help_lists_every_target() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout

    assert {line.split()[0] for line in shown.splitlines()} == TARGETS
    assert all(len(line.split()) > 2 for line in shown.splitlines())


def test_no_target_is_mistaken_for_a_file() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)

    assert phony is not None
    assert set(phony[1].split()) == TARGETS


def test_every_target_but_help_works_from_a_fresh_clone() -> None:
    without = set(re.findall(r"^([a-z][a-z0-9-]*):(?! \$\(READY\))", MAKEFILE, re.MULTILINE))

    assert without == {"help"}


@pytest.mark.parametrize(
    ("python", "advice"),
    [
        pytest.param("exit 1", "needs Python 3.11 or newer", id="too old, or not there"),
        pytest.param(
            'case "$2" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv", id="Debian without venv"
        ),
    ],
)
def test_unfit_python_is_answered_with_advice(tmp_path: Path, python: str, advice: str) -> None:
    unfit = tmp_path / "python"
    unfit.write_text(f"#!/bin/sh\n{python}\n")
    unfit.chmod(0o755)

    made = subprocess.run(
        ["make", "init", f"PYTHON={unfit}", f"VENV={tmp_path / 'venv'}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert made.returncode != 0
    assert advice in made.stderr
    assert not (tmp_path / "venv").exists()


def test_ci_runs_the_targets_of_the_makefile_and_ends_with_the_tests() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text()
    made = re.findall(r"^make ([a-z0-9-]+)", script, re.MULTILINE)

    assert set(made) <= TARGETS
    assert script.rstrip().splitlines()[-1] == "make test"
    assert {"lint", "verify"} <= set(made)
    subprocess.run(["bash", "-n", REPOSITORY / ".ci" / "run"], check=True)
    assert (REPOSITORY / ".ci" / "run").stat().st_mode & 0o111
