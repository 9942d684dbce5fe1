"""`python -m azure_vpn_operator.render [--check] [--root FOLDER]`: write the generated files, or name the stale ones."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from azure_vpn_operator.render.generators import COPIES, GENERATORS


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what is stale and return 0; with `--check` write nothing and return 1 if something is stale."""
    parser = argparse.ArgumentParser(prog="python -m azure_vpn_operator.render", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the repository's root (default: here)")
    options = parser.parse_args(arguments)
    stale = list(_find_stale(options.root))
    for path, text in stale:
        if options.check:
            sys.stderr.write(f"stale: {path} (run `make generate`)\n")
        else:
            target = options.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")
    return 1 if options.check and stale else 0


def _find_stale(root: Path) -> Iterator[tuple[str, str]]:
    generated = {path: text for generate in GENERATORS for path, text in generate().items()}
    # An original that is generated itself may be stale, and its copy must not be made from that.
    copied = {
        copy: generated.get(original) or (root / original).read_text(encoding="utf-8")
        for copy, original in COPIES.items()
    }
    for path, text in {**generated, **copied}.items():
        target = root / path
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            yield path, text


if __name__ == "__main__":
    sys.exit(main())
