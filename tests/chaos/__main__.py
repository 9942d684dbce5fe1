"""Play many histories, as `make chaos` does: `python -m chaos [--seeds N] [--first N] [--seed N]`. Exit code 1 if one fails."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from chaos.pair_histories import run


def play_quietly(seed: int) -> str | None:
    """Play one history in a process of the pool; what the operator logs of faults is no news."""
    logging.disable(logging.CRITICAL)
    return run(seed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 if all histories ended well."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description="Play random histories over pairs.")
    parser.add_argument("--seeds", type=int, default=500, help="how many histories")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone")
    options = parser.parse_args(arguments)
    seeds = range(options.first, options.first + options.seeds) if options.seed is None else (options.seed,)
    begun, failures = time.monotonic(), 0
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(seeds))) as pool:
        for seed, report in zip(seeds, pool.map(play_quietly, seeds), strict=True):
            if report is not None:
                failures += 1
                sys.stdout.write(f"{report}\n\n")
            elif (seed + 1) % 50 == 0:
                sys.stdout.write(f"{seed + 1 - options.first} histories, {failures} failed\n")
            sys.stdout.flush()
    seconds = time.monotonic() - begun
    sys.stdout.write(f"{len(seeds)} histories in {seconds:.0f} s, {failures} failed\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
