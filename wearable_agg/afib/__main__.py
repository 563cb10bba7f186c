"""`python -m wearable_agg.afib` compiles all kernels and keeps them on disk, where they are not.

The first compilation takes most of a minute; what is on disk loads in a second.
"""

from __future__ import annotations

import numpy as np

from wearable_agg.afib import beats_only, step
from wearable_agg.afib.spot import classify


def main() -> None:
    """Go through every way in once."""
    step.warm_up()
    beats_only.warm_up()
    classify(np.zeros(2500, np.float32), 250.0)


if __name__ == "__main__":
    main()
