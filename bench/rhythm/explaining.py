"""What the numbers that explain a decision are in atrial fibrillation, and in other rhythms."""

from __future__ import annotations

import numpy as np

from bench.rhythm.rows import Rows
from wearable_agg.afib.features import ECG

_NUMBERS = {
    "RR alike": "paired_mode_share_4",
    "CoSEn": "paired_cosen",
    "other beat shapes": "other_share",
    "P wave repeats": "atrial_consistency",
    "QRS alike": "likeness",
    "RR entropy": "entropy",
}
"""The features of ECG behind `wearable_agg.afib.types.Evidence`, by their names on the page."""

_ENDS = (0.1, 0.5, 0.9)
_MISSING = -1.0


def explaining(rows: Rows) -> dict[str, dict[str, list[float]]]:
    """Return the 10th, 50th and 90th percentile of each number, over all clean decisions.

    Decisions of mixed rhythm, and values that could not be had, are left out.
    """
    clean = (rows.kind == "clean") & rows.pure
    rhythms = {"AF": rows.fibrillation == 1, "other rhythm": rows.fibrillation == 0}
    return {
        name: {
            rhythm: _spread(rows.features[clean & here, ECG.index(feature)])
            for rhythm, here in rhythms.items()
        }
        for name, feature in _NUMBERS.items()
    }


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    known = values[np.isfinite(values) & (values != _MISSING)]
    return [round(float(value), 3) for value in np.quantile(known, _ENDS)]
