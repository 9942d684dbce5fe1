from pathlib import Path

import pytest

from workbench.image.archive import ImageArchive
from workbench.image.static import write_static_image


@pytest.mark.parametrize(
    ("files", "entries"),
    [
        pytest.param(["/etcd"], {"etcd"}, id="one program"),
        pytest.param(["/usr/sbin/nft", "/lib/ld.so"], {"usr/sbin/nft", "lib/ld.so"}, id="a program and what it loads"),
    ],
)
def test_the_image_has_the_files_and_nothing_else(tmp_path: Path, files: list[str], entries: set[str]) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")

    write_static_image(tmp_path / "image.tar", "name.test/image:1", dict.fromkeys(files, program))

    with ImageArchive(tmp_path / "image.tar") as image:
        assert image.tags == ["name.test/image:1"]
        assert set(image.entries) == entries
        assert {image.read(entry) for entry in image.entries} == {b"\x7fELF"}
        # kubeadm's pods name their program without a path.
        assert "PATH=/usr/local/bin:" in image.config["config"]["Env"][0]
        assert "Entrypoint" not in image.config["config"]
