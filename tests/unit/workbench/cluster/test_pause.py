from pathlib import Path

from workbench.cluster.pause import PAUSE_IMAGE, write_pause_image
from workbench.image.archive import ImageArchive


def test_the_image_has_one_program_and_runs_it(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"\x7fELF")

    write_pause_image(program, tmp_path / "image.tar")

    with ImageArchive(tmp_path / "image.tar") as image:
        assert image.tags == [PAUSE_IMAGE]
        assert image.config["config"]["Entrypoint"] == ["/pause"]
        assert set(image.entries) == {"pause"}
        assert image.read("pause") == b"\x7fELF"
        assert image.entries["pause"].mode == 0o755
