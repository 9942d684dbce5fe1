import sys
from pathlib import Path

import pytest

from workbench.steps import StepError, run_step


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_is_printed_goes_into_the_log_and_not_to_the_reader(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "folder" / "log"
    for word in ("one", "two"):
        run_step("Saying a word", python(f"print('{word}')"), log=log)

    assert log.read_text() == "one\ntwo\n"
    shown = capfd.readouterr().err
    assert shown.count("Saying a word: done after 0 s") == 2
    assert "two" not in shown


def test_failure_is_told_with_the_command_its_last_words_and_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run_step("Going well", python("print('earlier step')"), log=log)
    with pytest.raises(StepError) as failed:
        run_step("Going wrong", python("print('no space left'); raise SystemExit(3)"), log=log)

    said = str(failed.value)
    assert said.startswith("Going wrong failed: ")
    assert "ended with 3" in said
    assert "  no space left\n" in said
    assert "earlier step" not in said
    assert str(log) in said


def test_missing_program_is_a_failed_step(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="/no/such/program does not run"):
        run_step("Trying", ["/no/such/program"], log=tmp_path / "log")
