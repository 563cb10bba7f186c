"""Fit the rhythm models anew and write them to the repository, or check that they come out alike.

    python -m bench.rhythm.train [--check] [ecg] [beats] [spot]

Needs the annotated records (WRISTCHART_SHARED_DATA). Everything is seeded: the same records and
sources give the same arrays. Rows are kept in a temporary folder (WRISTCHART_CACHE). The models for
ECG come first, because a spot recording is looked at with the same eyes.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from bench.rhythm import models
from bench.rhythm.spot_rows import spot_rows
from wearable_agg.afib.trees import Trees, store, stored

KINDS = ("ecg", "beats", "spot")


def fitted(kind: str) -> dict[str, Trees]:
    """Return the models of one kind by the name they are stored under."""
    if kind == "ecg":
        made = models.ecg().final
        return {"ecg": made.rhythm, "quality": made.quality}
    if kind == "beats":
        return {"beats": models.beats().final.rhythm}
    return {"spot": models.spot(spot_rows())}


def same(one: Trees, other: Trees) -> bool:
    """Say whether two models are the same to the last bit."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def main() -> int:
    """Run from the command line; 1 where a check finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("kinds", nargs="*", default=KINDS, help="ecg, beats, spot")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    differing = 0
    for kind in options.kinds:
        for name, trees in fitted(kind).items():
            if options.check:
                alike = same(trees, stored(name))
                differing += not alike
                print(f"{name}: {'as in the repository' if alike else 'DIFFERS'}")
            else:
                store(name, trees)
                print(f"{name}: {len(trees.roots)} trees, {len(trees.feature)} nodes")
    return min(differing, 1)


if __name__ == "__main__":
    sys.exit(main())
