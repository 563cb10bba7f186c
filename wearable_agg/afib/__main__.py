"""`python -m wearable_agg.afib` compiles all kernels and keeps them on disk, where they are not.

The first compilation takes most of a minute; what is on disk loads in a second.
"""

from __future__ import annotations

import numpy as np

from wearable_agg.afib.beats_only import BeatChunk, step_beats
from wearable_agg.afib.spot import classify
from wearable_agg.afib.state import new_shard
from wearable_agg.afib.step import warm_up


def main() -> None:
    """Go through every way in once."""
    warm_up()
    step_beats(new_shard(), [BeatChunk("", np.arange(3.0), None, 0)])
    classify(np.zeros(2500, np.float32), 250.0)


if __name__ == "__main__":
    main()
