"""Archives of `kubectl azvpn` and krew's manifest: `make plugin` is `python -m workbench.plugin`.

Each archive has the compiled libraries for several versions of Python, and runs with whichever the user's python3 is. `--here` makes
one for this machine and this Python from what is installed, without a network.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from workbench.plugin.archive import pack
from workbench.plugin.contents import PROJECT, ROOT, add_installed, add_locked, build_wheel, fill
from workbench.plugin.manifest import FILE, PLACEHOLDER, Packed, manifest_of, render
from workbench.plugin.platforms import PLATFORMS, Platform, this_platform
from workbench.steps import StepError


def build(target: Path, platforms: Sequence[Platform], base: str, *, here: bool = False) -> Path:
    """Write the archives, their sums, and the manifest, which is returned. Raises StepError."""
    target.mkdir(parents=True, exist_ok=True)
    number, packed = version(PROJECT), []
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        wheel = build_wheel(Path(scratch) / "wheel", log)
        for platform in platforms:
            folder = Path(scratch) / f"{platform.os}-{platform.arch}"
            folder.mkdir()
            fill(folder, wheel)
            if here:
                add_installed(folder)
            else:
                add_locked(folder, platform, log)
            file = platform.archive(number)
            packed.append(Packed(platform, file, pack(folder, target / file)))
            print(f"{target / file}: {(target / file).stat().st_size / 1e6:.1f} MB")
    sums = "".join(f"{each.sha256}  {each.file}\n" for each in packed)
    (target / "kubectl-azvpn.sha256").write_text(sums, encoding="utf-8")
    manifest = target / FILE
    manifest.write_text(render(manifest_of(number, packed, base)), encoding="utf-8")
    print(f"{manifest}: for krew, archives at {base}" + (", which is a placeholder" if base == PLACEHOLDER else ""))
    return manifest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 after the reason was printed."""
    parser = argparse.ArgumentParser(prog="python -m workbench.plugin", description="Pack kubectl azvpn for krew.")
    parser.add_argument("--dir", type=Path, default=ROOT / "dist", help="where to (default: dist/)")
    parser.add_argument("--base", default=PLACEHOLDER, help="address of the releases, above the folder of the version")
    parser.add_argument("--here", action="store_true", help="for this machine only, from what is installed")
    options = parser.parse_args(arguments)
    own = this_platform()
    if options.here and own is None:
        sys.stderr.write("there is no archive for this platform\n")
        return 1
    platforms = [own] if options.here and own is not None else PLATFORMS
    try:
        build(options.dir.resolve(), platforms, options.base.rstrip("/"), here=options.here)
    except StepError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
