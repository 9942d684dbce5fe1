from pathlib import Path

import pytest

from workbench.kind import __main__ as command_line


def test_without_an_image_nothing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "ROOT", tmp_path)

    assert command_line.main(["run", "true"]) == 1
    assert "`make image` builds it" in capsys.readouterr().err


def test_without_a_command_there_is_nothing_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line.main(["run"])
    assert "which command?" in capsys.readouterr().err


def test_options_of_the_command_are_the_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / command_line.image_name().archive).touch()
    monkeypatch.setattr(command_line, "run", lambda _folder, _image, command: asked.append(command) or 7)

    assert command_line.main(["run", "python", "-m", "pytest", "--durations", "10"]) == 7
    assert asked == [["python", "-m", "pytest", "--durations", "10"]]
