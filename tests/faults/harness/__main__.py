"""`make faults`: the harness from the command line; ends with one line of JSON."""

from __future__ import annotations

import argparse
import sys

from tests.faults.harness.run import PERSONALITIES, run


def main() -> int:
    """Run it; 0 where nothing was lost, doubled or misplaced, and the control doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.harness", description=__doc__)
    parser.add_argument("--findings", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=20260301)
    parser.add_argument("--personality", action="append", choices=PERSONALITIES)
    options = parser.parse_args()
    chosen = tuple(options.personality or PERSONALITIES)
    _, good = run(options.findings, options.kills, chosen, options.seed)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
