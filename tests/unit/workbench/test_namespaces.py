from pathlib import Path

from workbench.namespaces import in_new_namespaces, overlay


def test_the_command_is_the_child_of_a_first_process_that_dies_with_its_holder() -> None:
    command = in_new_namespaces("python", "-m", "it", "/folder")

    assert command[0] == "unshare"
    assert {"--net", "--mount", "--pid", "--kill-child"} <= set(command)
    assert command[-4:] == ["python", "-m", "it", "/folder"]


def test_what_is_written_over_a_folder_is_kept_elsewhere(tmp_path: Path) -> None:
    command = overlay(Path("/etc"), tmp_path / "etc")

    upper, work = tmp_path / "etc" / "upper", tmp_path / "etc" / "work"
    assert command[:5] == ["mount", "-t", "overlay", "-o", f"lowerdir=/etc,upperdir={upper},workdir={work}"]
    assert command[-1] == "/etc"
    assert upper.is_dir()
    assert work.is_dir()
