"""Play all mishaps, and print what came of each kind: `python -m support.mishaps` (`--write` puts the table into its page)."""

import asyncio
import sys
from pathlib import Path

from support.mishaps.scores import page_with, play_all, table_of

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "explain.md"


def main() -> None:
    """Play, and print or write."""
    outcomes, with_log = asyncio.run(play_all()), asyncio.run(play_all(reads_log=True))
    for outcome in (*outcomes, *with_log):
        if outcome.is_wrong:
            sys.stderr.write(f"WRONG {outcome}\n")
    if "--write" in sys.argv:
        PAGE.write_text(page_with(PAGE.read_text(), outcomes, with_log))
    else:
        sys.stdout.write(table_of(outcomes, with_log))


if __name__ == "__main__":
    main()
