"""The image, from the command line: `make image` is `python -m workbench.image build`.

python -m workbench.image build          builds it and writes the archive and its bill of materials
python -m workbench.image sbom ARCHIVE   prints the bill of materials of an archive that is there already
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.image.archive import ImageArchive
from workbench.image.engines import Order, build_secrets, find_engine, revision
from workbench.image.names import ROOT, image_name, inputs_digest
from workbench.image.sbom import bill_of_materials
from workbench.steps import StepError
from workbench.toolchain.building import cache_folder


def build(target: Path) -> Path:
    """Build the image into `target` and return the archive. Raises StepError."""
    target.mkdir(parents=True, exist_ok=True)
    image = image_name()
    engine = find_engine(cache_folder(os.environ, "image"))
    print(f"Building {image} with {engine.description}.", file=sys.stderr, flush=True)
    archive, log, inputs = target / image.archive, target / "image.log", target / image.inputs
    for leftover in (log, inputs):
        leftover.unlink(missing_ok=True)
    digest = inputs_digest()
    engine.build(Order(image, revision(), archive, build_secrets(os.environ), log))
    with ImageArchive(archive) as opened:
        (target / image.bill_of_materials).write_text(bill_of_materials(opened, image), encoding="utf-8")
        megabytes = sum(opened.layer_sizes) / 1e6
        print(f"{archive}: {image}, {megabytes:.0f} MB unpacked, id {opened.image_id}")
        print(f"{target / image.bill_of_materials}: what is in it")
    inputs.write_text(f"{digest}\n", encoding="utf-8")
    return archive


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 after the reason was printed."""
    parser = argparse.ArgumentParser(
        prog="python -m workbench.image", description="Build the image; say what is in it."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    builder = commands.add_parser("build", help="build it, write the archive and its bill of materials")
    builder.add_argument("--dir", type=Path, default=ROOT / "dist", help="where to (default: dist/)")
    bill = commands.add_parser("sbom", help="print the bill of materials of an archive")
    bill.add_argument("archive", type=Path)
    options = parser.parse_args(arguments)
    try:
        if options.command == "build":
            build(options.dir.resolve())
        else:
            with ImageArchive(options.archive) as opened:
                sys.stdout.write(bill_of_materials(opened, image_name()))
    except (StepError, OSError, KeyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
