"""Play many histories, as `make chaos` does: `python -m chaos [--of KIND] [--seeds N] [--first N] [--seed N]`. Exit code 1 if one fails."""

import argparse
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from chaos import key_histories, line_histories, object_histories, pair_histories, replica_histories, trial_histories
from chaos.playing import TALLY

KINDS: Final[Mapping[str, Callable[[int], str | None]]] = {
    "pairs": pair_histories.run,
    "trials": trial_histories.run,
    "replicas": replica_histories.run,
    "lines": line_histories.run,
    "keys": key_histories.run,
    "objects": object_histories.run,
}


def play_quietly(kind: str, seed: int) -> tuple[str | None, Counter[str]]:
    """Play one history in a process of the pool: the report of a failure, and what it came to. What the operator logs is no news."""
    logging.disable(logging.WARNING)
    logging.getLogger("azure_vpn_operator").propagate = False
    logging.getLogger("azure_vpn_operator").addHandler(logging.NullHandler())
    TALLY.clear()
    return KINDS[kind](seed), Counter(TALLY)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 if all histories ended well."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description="Play random histories.")
    parser.add_argument(
        "--of",
        choices=sorted(KINDS),
        help="only those over pairs, over changes that have to prove themselves (trials), with two replicas, with a line in "
        "front of the gateways, over shared keys, or over everything at once (objects)",
    )
    parser.add_argument("--seeds", type=int, default=500, help="how many histories of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone")
    options = parser.parse_args(arguments)
    seeds = range(options.first, options.first + options.seeds) if options.seed is None else (options.seed,)
    histories = [(kind, seed) for kind in KINDS if options.of in {None, kind} for seed in seeds]
    begun, failures, tally = time.monotonic(), 0, Counter[str]()
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(histories))) as pool:
        reports = pool.map(play_quietly, *zip(*histories, strict=True))
        for number, (report, counted) in enumerate(reports, 1):
            tally += counted
            if report is not None:
                failures += 1
                sys.stdout.write(f"{report}\n\n")
            elif number % 50 == 0:
                sys.stdout.write(f"{number} histories, {failures} failed\n")
            sys.stdout.flush()
    seconds = time.monotonic() - begun
    sys.stdout.write(f"{len(histories)} histories in {seconds:.0f} s, {failures} failed\n")
    if tally:
        sys.stdout.write(", ".join(f"{count:,} {what}" for what, count in tally.items()) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
