"""Play all mishaps, and print what came of each kind: `python -m support.mishaps` (`--write` puts the table into its page)."""

import asyncio
import sys
from pathlib import Path

from support.mishaps.scores import page_with, play_all, table_of

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "explain.md"


def main() -> None:
    """Play, and print or write."""
    outcomes = asyncio.run(play_all())
    for outcome in outcomes:
        if outcome.is_wrong:
            sys.stderr.write(f"WRONG {outcome}\n")
    if "--write" in sys.argv:
        PAGE.write_text(page_with(PAGE.read_text(), outcomes))
    else:
        sys.stdout.write(table_of(outcomes))


if __name__ == "__main__":
    main()
