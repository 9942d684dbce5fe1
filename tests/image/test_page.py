"""The page about the image: its commands are run on the image that is there."""

import sys
from pathlib import Path

from support.pages import DOCS, ROOT, blocks_of, reader_environment, run_blocks
from workbench.image.archive import ImageArchive
from workbench.image.names import image_name

PAGE = DOCS / "guides" / "verify-the-image.md"


async def test_the_page_does_what_it_says(image: ImageArchive, tmp_path: Path) -> None:
    environment = reader_environment()
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    (tmp_path / "dist").symlink_to(ROOT / "dist")

    await run_blocks(blocks_of(PAGE), tmp_path, environment)


def test_it_names_the_files_that_are_made() -> None:
    text = PAGE.read_text()

    assert f"dist/{image_name().archive}" in text
    assert f"dist/{image_name().bill_of_materials}" in text
    assert text.count(image_name().version) == text.count("0.1.0") > 0
